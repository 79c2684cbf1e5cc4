//! Alerts that the tests of this room send.

use crate::alert::{Alert, AlertId, Decoder, Entry, Rule};
use crate::outputs::clock::LocalTime;
use bartizan_core::event::Field;

fn alert<'a>() -> Alert<'a> {
    let mut alert = Alert {
        id: AlertId { epoch: 1_795_246_190, ticket: 7 },
        time: LocalTime { year: 2026, month: 11, day: 21, second: 30_590, weekday: 6 },
        rule: Some(Rule {
            id: 5712,
            level: 10,
            description: Some(b"sshd: brute force"),
            groups: b"syslog,sshd,",
            ..Rule::default()
        }),
        fired: 1,
        decoder: Some(Decoder { name: b"sshd", ..Decoder::default() }),
        location: b"(web1) 192.0.2.1->/var/log/auth.log",
        hostname: b"web1",
        program_name: Some(b"sshd"),
        message: b"Failed password for root from 192.0.2.7",
        log: b"Failed password for root from 192.0.2.7",
        ..Alert::default()
    };
    alert.fields[Field::SrcIp as usize] = Some(b"192.0.2.7");
    alert.fields[Field::DstUser as usize] = Some(b"root");
    alert
}

/// An alert as there are many.
pub(super) fn entry() -> Entry {
    numbered(42)
}

/// The same with a number in the store.
pub(super) fn numbered(seq: u64) -> Entry {
    let mut entry = Entry::new(&alert());
    entry.seq = seq;
    entry
}

/// Alerts that nobody would send who means well.
pub(super) fn hostile() -> Vec<(&'static str, Entry)> {
    let long = vec![b'x'; 6144];
    let quotes = "\"\\'<>&`*_[](){}|".repeat(300).into_bytes();
    let mut all = vec![
        ("no description", Entry::new(&Alert { rule: Some(Rule { id: 1, ..Rule::default() }), ..alert() })),
        ("nothing at all", Entry::new(&Alert::default())),
    ];
    for (name, bytes) in [
        ("6 KB fields", &long[..]),
        ("control characters", b"a\0b\x01c\x07d\x1b[2Je\x7ff\xc2\x85g\tx"),
        ("line ends", b"root\r\nBcc: everybody@example.org\r\n\r\n.\r\n"),
        ("quotes", &quotes[..]),
        ("line separators", "a\u{2028}b\u{2029}c\u{202e}d".as_bytes()),
        ("not UTF-8", b"\xff\xfe\xe2\x80 \xc0\xaf \xed\xa0\x80"),
        ("orders", b"<!channel> <https://evil.example|click> @everyone {{rule.id}} ${jndi:x} %s%n $(id)"),
    ] {
        let mut alert = Alert {
            rule: Some(Rule { description: Some(bytes), groups: bytes, ..alert().rule.unwrap_or_default() }),
            location: bytes,
            hostname: bytes,
            program_name: Some(bytes),
            log: bytes,
            previous: vec![bytes, bytes],
            dynamic: vec![(b"name", bytes)],
            ..alert()
        };
        alert.fields = [Some(bytes); Field::COUNT];
        all.push((name, Entry::new(&alert)));
    }
    all
}
