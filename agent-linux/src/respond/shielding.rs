//! Who is never blocked, as the system's files say it at the moment.
//!
//! An agent that is not root cannot read the environments of other users'
//! processes; it knows sessions by utmp and logind alone.

use bartizan_core::respond::network::Network;
use bartizan_core::respond::shield::{Guarded, Shield};
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::net::IpAddr;
use std::path::Path;

/// Bytes that a parser is given at a time: whole records of utmp of either
/// size, 50 of 384 bytes or 48 of 400.
const PIECE: usize = 19_200;

/// Bytes of one file. Of a larger one the rest is not known.
const FILE_MAX: usize = 4 << 20;

/// Processes and sessions that are looked at.
const ENTRIES_MAX: usize = 32_768;

/// A parser, and what stands in front of each thing that it reads. A file is
/// cut there.
type Parser = (fn(&mut Shield, &[u8]), &'static [u8]);

const FILES: [(&str, Parser); 8] = [
    ("/proc/net/route", (Shield::read_routes4, b"\n")),
    ("/proc/net/ipv6_route", (Shield::read_routes6, b"\n")),
    ("/proc/net/fib_trie", (Shield::read_own4, b"|--")),
    ("/proc/net/if_inet6", (Shield::read_own6, b"\n")),
    ("/etc/resolv.conf", (Shield::read_resolv_conf, b"\n")),
    // Where that names a server on this machine, which asks these.
    ("/run/systemd/resolve/resolv.conf", (Shield::read_resolv_conf, b"\n")),
    ("/var/resolv.conf.d/resolv.conf.auto", (Shield::read_resolv_conf, b"\n")),
    ("/var/run/utmp", (Shield::read_utmp, b"")),
];

/// Reads everything anew. `managers` are the managers' addresses.
pub(super) fn shield(managers: &[IpAddr]) -> Box<Shield> {
    let mut shield = Box::new(Shield::new());
    managers.iter().for_each(|manager| shield.add(Network::from(*manager), Guarded::Manager));
    let mut piece = vec![0; PIECE];
    for (path, parser) in FILES {
        if !read(&mut shield, Path::new(path), parser, &mut piece) {
            shield.lacks();
        }
    }
    for entry in entries("/run/systemd/sessions") {
        // One that cannot be read has just ended.
        read(&mut shield, &entry.path(), (Shield::read_logind, b""), &mut piece);
    }
    let is_process =
        |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit);
    for entry in entries("/proc").filter(is_process) {
        read(&mut shield, &entry.path().join("environ"), (Shield::read_environ, b"\0"), &mut piece);
    }
    shield
}

fn entries(folder: &str) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(folder).into_iter().flatten().flatten().take(ENTRIES_MAX)
}

/// Gives a file to a parser piece by piece. `false` if it is there and could
/// not be read to its end.
fn read(shield: &mut Shield, path: &Path, (parse, before): Parser, piece: &mut [u8]) -> bool {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return error.kind() == ErrorKind::NotFound,
    };
    let (mut filled, mut total) = (0, 0);
    while total <= FILE_MAX {
        match file.read(piece.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => {
                parse(shield, piece.get(..filled).unwrap_or_default());
                return true;
            }
            Ok(count) => (filled, total) = (filled + count, total + count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
        if filled == piece.len() {
            let cut = last(piece, before);
            parse(shield, piece.get(..cut).unwrap_or_default());
            piece.copy_within(cut.., 0);
            filled -= cut;
        }
    }
    false
}

/// Where the last `before` begins; the end if there is none but at the start.
fn last(piece: &[u8], before: &[u8]) -> usize {
    let at = piece.windows(before.len().max(1)).rposition(|part| part == before);
    at.filter(|at| *at > 0).unwrap_or(piece.len())
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
            let parser: Parser = (Shield::read_resolv_conf, b"\n");
            assert!(read(&mut shield, &path, parser, &mut vec![0; size]));
            for server in ["192.0.2.53", "192.0.2.54"] {
                assert_eq!(refuses(&shield, server), Some(Guarded::Dns), "{size}");
            }
        }
    }

    #[test]
    fn a_file_that_is_not_there_says_nothing_and_one_that_is_none_is_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let read = |path: &Path| read(&mut Shield::new(), path, (Shield::read_own6, b"\n"), &mut [0; 64]);
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
