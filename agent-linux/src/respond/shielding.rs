//! Who is never blocked, as the system's files say it at the moment.
//!
//! An agent that is not root cannot read the environments of other users'
//! processes; it knows sessions by utmp and logind alone.

use crate::file::open_to_read;
use bartizan_core::respond::network::Network;
use bartizan_core::respond::shield::sources::{
    ENTRIES_MAX, ENVIRON, FILE_MAX, FILES, PIECE, PROCESSES, SESSIONS, Source, is_process,
};
use bartizan_core::respond::shield::{Guarded, Shield};
use std::fs;
use std::io::{ErrorKind, Read};
use std::net::IpAddr;
use std::path::Path;

/// Reads everything anew. `managers` are the managers' addresses.
pub(super) fn shield(managers: &[IpAddr]) -> Box<Shield> {
    let mut shield = Box::new(Shield::new());
    managers.iter().for_each(|manager| shield.add(Network::from(*manager), Guarded::Manager));
    let mut piece = vec![0; PIECE];
    for file in &FILES {
        if !read(&mut shield, Path::new(file.path), file, &mut piece) {
            shield.lacks();
        }
    }
    for entry in entries(SESSIONS.path) {
        read(&mut shield, &entry.path(), &SESSIONS, &mut piece);
    }
    for entry in entries(PROCESSES.path).filter(|entry| is_process(entry.file_name().as_encoded_bytes())) {
        read(&mut shield, &entry.path().join(ENVIRON), &PROCESSES, &mut piece);
    }
    shield
}

fn entries(folder: &str) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(folder).into_iter().flatten().flatten().take(ENTRIES_MAX)
}

/// Gives a file to a parser piece by piece. `false` if it is there and could
/// not be read to its end.
fn read(shield: &mut Shield, path: &Path, source: &Source, piece: &mut [u8]) -> bool {
    let mut file = match open_to_read(path) {
        Ok(file) => file,
        Err(error) => return error.kind() == ErrorKind::NotFound,
    };
    let (mut filled, mut total) = (0, 0);
    while total <= FILE_MAX {
        match file.read(piece.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => {
                (source.parse)(shield, piece.get(..filled).unwrap_or_default());
                return true;
            }
            Ok(count) => (filled, total) = (filled + count, total + count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
        if filled == piece.len() {
            let cut = source.cut(piece);
            (source.parse)(shield, piece.get(..cut).unwrap_or_default());
            piece.copy_within(cut.., 0);
            filled -= cut;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses(shield: &Shield, address: &str) -> Option<Guarded> {
        shield.refuses(&Network::parse(address).unwrap())
    }

    #[test]
    fn what_is_read_in_pieces_is_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("resolv.conf");
        let comments = "# a comment that fills the file\n".repeat(2_000);
        fs::write(&path, format!("{comments}nameserver 192.0.2.53\n{comments}nameserver 192.0.2.54"))
            .unwrap();
        // Every way to cut it.
        for size in [64, 65, 71, 100, PIECE] {
            let mut shield = Shield::new();
            assert!(read(&mut shield, &path, &FILES[4], &mut vec![0; size]));
            for server in ["192.0.2.53", "192.0.2.54"] {
                assert_eq!(refuses(&shield, server), Some(Guarded::Dns), "{size}");
            }
        }
    }

    #[test]
    fn a_file_that_is_not_there_says_nothing_and_one_that_is_none_is_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let read = |path: &Path| read(&mut Shield::new(), path, &FILES[3], &mut [0; 64]);
        assert!(read(&folder.path().join("nothing")));
        assert!(!read(folder.path()));
    }

    #[test]
    fn this_machine_is_guarded() {
        let shield = shield(&["::ffff:198.51.100.9".parse().unwrap()]);
        assert_eq!(refuses(&shield, "127.0.0.1"), Some(Guarded::Special));
        assert_eq!(refuses(&shield, "198.51.100.9"), Some(Guarded::Manager));
    }
}
