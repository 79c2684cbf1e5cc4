//! Who is never blocked on the manager's own machine, as the system says at
//! the moment.

use bartizan_core::respond::shield::Shield;
use bartizan_core::respond::shield::sources::{
    ENTRIES_MAX, ENVIRON, FILE_MAX, FILES, PROCESSES, SESSIONS, is_process,
};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Reads everything anew. Costs a few milliseconds for each hundred processes.
pub(super) fn shield() -> Shield {
    let mut shield = Shield::new();
    for file in &FILES {
        match read(Path::new(file.path)) {
            Ok(bytes) => (file.parse)(&mut shield, &bytes),
            // A system without IPv6, without a resolver, without utmp.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => shield.lacks(),
        }
    }
    for_each(Path::new(SESSIONS.path), |path| {
        read(path).iter().for_each(|text| (SESSIONS.parse)(&mut shield, text));
    });
    for_each(Path::new(PROCESSES.path), |path| {
        if path.file_name().is_some_and(|name| is_process(name.as_encoded_bytes())) {
            read(&path.join(ENVIRON)).iter().for_each(|bytes| (PROCESSES.parse)(&mut shield, bytes));
        }
    });
    shield
}

fn for_each(folder: &Path, mut act: impl FnMut(&Path)) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.take(ENTRIES_MAX).for_each(|entry| act(&entry.path()));
}

/// All of a file; one that is too long is an error.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = File::open(path)?.take(FILE_MAX as u64 + 1).read_to_end(&mut bytes)?;
    if length > FILE_MAX { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::respond::network::Network;
    use bartizan_core::respond::shield::Guarded;

    #[test]
    fn this_machine_does_not_block_itself() {
        let shield = shield();
        let refuses = |text: &str| shield.refuses(&Network::parse(text).expect("a network"));
        assert_eq!(refuses("127.0.0.1"), Some(Guarded::Special));
        assert_eq!(refuses("::ffff:127.0.0.1"), Some(Guarded::Special));
        assert_eq!(refuses("192.0.2.77"), None);
    }
}
