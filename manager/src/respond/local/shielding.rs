//! Who is never blocked on the manager's own machine, as the system says at
//! the moment.

use bartizan_core::respond::shield::Shield;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Bytes that are read of a file about routes and addresses.
const TABLE_MAX: u64 = 4 << 20;

/// Bytes that are read of the environment of a process.
const ENVIRON_MAX: u64 = 64 << 10;

/// Processes and sessions that are looked at.
const ENTRIES_MAX: usize = 32 << 10;

/// What takes the bytes of a file.
type Parser = fn(&mut Shield, &[u8]);

/// Reads everything anew. Costs a few milliseconds for each hundred processes.
pub(super) fn shield() -> Shield {
    let mut shield = Shield::new();
    let tables: [(&str, Parser); 7] = [
        ("/proc/net/route", Shield::read_routes4),
        ("/proc/net/ipv6_route", Shield::read_routes6),
        ("/proc/net/fib_trie", Shield::read_own4),
        ("/proc/net/if_inet6", Shield::read_own6),
        ("/etc/resolv.conf", Shield::read_resolv_conf),
        // What a resolver on this machine asks in turn.
        ("/run/systemd/resolve/resolv.conf", Shield::read_resolv_conf),
        ("/run/utmp", Shield::read_utmp),
    ];
    for (path, take) in tables {
        match read(Path::new(path), TABLE_MAX) {
            Ok(bytes) => take(&mut shield, &bytes),
            // A system without IPv6, without a resolver, without utmp.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => shield.lacks(),
        }
    }
    for_each(Path::new("/run/systemd/sessions"), |path| {
        read(path, ENVIRON_MAX).iter().for_each(|text| shield.read_logind(text));
    });
    for_each(Path::new("/proc"), |path| {
        let is_process =
            path.file_name().is_some_and(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit));
        if is_process {
            // Of other people's processes an ordinary user is told nothing.
            read(&path.join("environ"), ENVIRON_MAX).iter().for_each(|bytes| shield.read_environ(bytes));
        }
    });
    shield
}

fn for_each(folder: &Path, mut act: impl FnMut(&Path)) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.take(ENTRIES_MAX).for_each(|entry| act(&entry.path()));
}

/// All of a file; one that is longer than `max` is an error.
fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = File::open(path)?.take(max + 1).read_to_end(&mut bytes)?;
    if length as u64 > max { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
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
