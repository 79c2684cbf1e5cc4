//! Which of the system's files say who must not be blocked.

use super::Shield;

/// Bytes of one file. Of a larger one the rest is not known.
pub const FILE_MAX: usize = 4 << 20;

/// Sessions, and processes, that are looked at.
pub const ENTRIES_MAX: usize = 32_768;

/// Bytes that are enough for a piece of any file: whole records of utmp of
/// either size, 50 of 384 bytes or 48 of 400.
pub const PIECE: usize = 19_200;

/// A file, and what reads it.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Where it is.
    pub path: &'static str,
    /// Takes the bytes of the file, or of a piece of it.
    pub parse: fn(&mut Shield, &[u8]),
    /// What each thing in it begins with, or ends with: a piece is cut there.
    /// Empty where it is cut anywhere.
    mark: &'static [u8],
}

impl Source {
    const fn new(path: &'static str, parse: fn(&mut Shield, &[u8]), mark: &'static [u8]) -> Self {
        Self { path, parse, mark }
    }

    /// How many bytes of a piece go to the parser before more of the file
    /// does; the rest belongs to the next piece.
    pub fn cut(&self, piece: &[u8]) -> usize {
        let at = piece.windows(self.mark.len().max(1)).rposition(|part| part == self.mark);
        at.filter(|at| *at > 0).unwrap_or(piece.len())
    }
}

/// The files. One that is not there says nothing; where one is there and
/// cannot be read to its end, the shield [lacks](Shield::lacks) something.
pub const FILES: [Source; 8] = [
    Source::new("/proc/net/route", Shield::read_routes4, b"\n"),
    Source::new("/proc/net/ipv6_route", Shield::read_routes6, b"\n"),
    Source::new("/proc/net/fib_trie", Shield::read_own4, b"|--"),
    Source::new("/proc/net/if_inet6", Shield::read_own6, b"\n"),
    Source::new("/etc/resolv.conf", Shield::read_resolv_conf, b"\n"),
    // Where that names a server on this machine, which asks these.
    Source::new("/run/systemd/resolve/resolv.conf", Shield::read_resolv_conf, b"\n"),
    Source::new("/var/resolv.conf.d/resolv.conf.auto", Shield::read_resolv_conf, b"\n"),
    Source::new("/var/run/utmp", Shield::read_utmp, b""),
];

/// Each file of this folder is a session. One that cannot be read has just
/// ended.
pub const SESSIONS: Source = Source::new("/run/systemd/sessions", Shield::read_logind, b"");

/// Each folder of this one with the [name of a process](is_process) has a file
/// [`ENVIRON`]. That of another user's process can be read by root alone.
pub const PROCESSES: Source = Source::new("/proc", Shield::read_environ, b"\0");

/// The environment of a process.
pub const ENVIRON: &str = "environ";

/// Whether an entry of `/proc` is a process.
pub fn is_process(name: &[u8]) -> bool {
    name.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_cut_where_something_begins() {
        let [routes, .., utmp] = FILES;
        assert_eq!(routes.cut(b"one\ntwo\nthr"), 7);
        assert_eq!(FILES[2].cut(b"  |-- 10.0.0.0\n  |-- 10.0.0.1\n /32"), 17);
        // Where nothing begins, or only at the start, all of it goes.
        assert_eq!((routes.cut(b"\none"), routes.cut(b"one"), routes.cut(b"")), (4, 3, 0));
        assert_eq!(utmp.cut(&[0; PIECE]), PIECE);
        assert!(PIECE.is_multiple_of(384) && PIECE.is_multiple_of(400));
    }
}
