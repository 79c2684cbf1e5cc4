//! Any text as files that responses read: nothing panics, an entry of
//! `/etc/hosts.deny` comes and goes and leaves the rest, nobody of the system
//! is locked out, and what a script is told stays one line.
//!
//! Input: a line for the user, then the file.
#![no_main]

use bartizan_core::respond::account::{Files, Step};
use bartizan_core::respond::hosts_deny::{ENTRY_MAX, edited, entry};
use bartizan_core::respond::network::Network;
use bartizan_core::respond::script::Line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut out = [0; ENTRY_MAX];
    let entry = entry(&Network::parse("192.0.2.0/24").unwrap(), &mut out).as_bytes();
    match edited(data, entry, true) {
        None => assert!(edited(data, entry, false).is_some()),
        Some(with) => {
            let with = with.concat();
            assert_eq!(edited(&with, entry, true), None);
            let without = edited(&with, entry, false).unwrap().concat();
            assert!(without == data || without.strip_suffix(b"\n") == Some(data));
        }
    }
    let text = String::from_utf8_lossy(data);
    let (user, file) = text.split_once('\n').unwrap_or((&text, ""));
    let files = Files { passwd: file, shadow: file, login_defs: file };
    if files.lock(user, false) == Ok(Step::Run) {
        let of_root =
            |line: &str| line.starts_with(&format!("{user}:")) && line.split(':').nth(2) == Some("0");
        assert_ne!(file.lines().find(|line| line.split(':').next() == Some(user)).map(of_root), Some(true));
    }
    let mut line = String::new();
    Line { node: user, extra: "", alert: "", program: file }.write("add", &mut |piece| line.push_str(piece));
    assert!(!line.contains(char::is_control) && line.starts_with('{') && line.ends_with("\"}}"));
});
