//! The promises of this room.

use super::*;
use crate::alert::{AlertId, Rule};
use crate::outputs::clock::LocalTime;
use crate::outputs::{json as json_layout, text};
use bartizan_core::event::Field;

fn read(bytes: &[u8]) -> (Vec<Entry>, u64) {
    let mut reader = AlertReader::new(bytes);
    let mut entries = Vec::new();
    while let Some(alert) = reader.next_alert().expect("a slice can be read") {
        entries.push(Entry::new(&alert));
    }
    (entries, reader.skipped())
}

/// An alert with all that `alerts.log` can tell.
fn whole() -> Alert<'static> {
    let rule = Rule {
        id: 5716,
        level: 5,
        description: Some(b"It's 'quoted'."),
        groups: b"syslog,sshd,",
        mail: true,
        ..Rule::default()
    };
    let mut alert = Alert {
        id: AlertId { epoch: 1_764_000_000, ticket: 7 },
        time: LocalTime { year: 2025, month: 11, day: 24, second: 58_320, weekday: 1 },
        rule: Some(rule),
        hostname: b"web",
        location: b"/var/log/auth.log",
        log: b"User: is what this log begins with",
        previous: vec![b"Src IP: 203.0.113.9", b"", b"last \xff"],
        ..Alert::default()
    };
    for (field, value) in [
        (Field::SrcIp, &b"192.0.2.7"[..]),
        (Field::SrcGeo, b"ES / Madrid"),
        (Field::SrcPort, b"22"),
        (Field::DstUser, b"root"),
    ] {
        alert.fields[field as usize] = Some(value);
    }
    alert
}

#[test]
fn what_is_written_to_alerts_log_comes_back() {
    let agent = Alert { hostname: b"", location: b"(gate) 192.0.2.1->/var/log/messages", ..whole() };
    let bare = Alert { rule: Some(Rule { id: 1, ..Rule::default() }), log: b"{}", ..Alert::default() };
    let mut bare = Alert { previous: Vec::new(), hostname: b"h", location: b"stdin", ..bare };
    bare.time = LocalTime { year: 1970, month: 1, day: 1, second: 0, weekday: 4 };
    let alerts = [whole(), agent, bare];
    let mut log = Vec::new();
    alerts.iter().for_each(|alert| text::write_alert(&mut log, alert));
    let (entries, skipped) = read(&log);
    let read: Vec<_> = entries.iter().map(Entry::alert).collect();
    assert_eq!((&read[..], skipped), (&alerts[..], 0));
}

#[test]
fn what_is_written_to_alerts_json_comes_back() {
    let mut alert = whole();
    alert.rule = alert.rule.map(|rule| Rule { mail: false, frequency: 3, ..rule });
    alert.previous = Vec::new();
    alert.dynamic = vec![(b"door", b"left\x1b[2J")];
    alert.fields[Field::Filename as usize] = Some(b"/etc/passwd");
    let mut line = Vec::new();
    json_layout::write_alert(&mut line, &alert);
    let (entries, skipped) = read(&[&line[..], b"\n{\"no\": \"alert\"}\n{\n", &line[..]].concat());
    assert_eq!(skipped, 2);
    assert_eq!(entries.iter().map(Entry::alert).collect::<Vec<_>>(), [alert.clone(), alert]);
}

#[test]
fn what_is_written_in_the_layout_of_wazuh_comes_back() {
    let mut alert = whole();
    alert.rule = alert.rule.map(|rule| Rule { groups: b"syslog,pci_dss_10.2.5,", wazuh: true, ..rule });
    alert.location = b"(web) 192.0.2.1->/var/log/a";
    alert.dynamic = vec![(b"win.name", b"x"), (b"id", b"5")];
    let mut line = Vec::new();
    crate::outputs::wazuh::write_alert(&mut line, &alert);
    let (entries, skipped) = read(&line);
    let read = entries[0].alert();
    let (was, is) = (alert.rule.unwrap_or_default(), read.rule.unwrap_or_default());
    assert_eq!(
        (is.id, is.level, is.description, is.groups),
        (was.id, was.level, was.description, was.groups)
    );
    assert_eq!((read.id, read.log, read.location, skipped), (alert.id, alert.log, alert.location, 0));
    assert_eq!(read.field(Field::SrcIp), alert.field(Field::SrcIp));
    assert!(read.dynamic.contains(&(b"win.name", b"x")), "{:?}", read.dynamic);
}

#[test]
fn an_alert_without_its_end_and_a_long_one_are_read_whole() {
    let long = "x".repeat(6000);
    let lines: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let log = format!(
        "noise\n** Alert 5.1: - a,\n2025 Nov 24 16:12:00 h->f\nRule: 1 (level 2) -> 'd'\n{long}\n{}\n\n\
         ** Alert 6.2: - a,\n2025 Nov 24 16:12:00 h->f\nRule: 1 (level 2) -> 'd'\nshort",
        lines.join("\n")
    );
    let (entries, skipped) = read(log.as_bytes());
    assert_eq!((entries.len(), skipped), (2, 1));
    assert_eq!(entries[0].alert().log.len(), 6000);
    assert_eq!(entries[0].alert().previous.len(), 50);
    assert_eq!(entries[1].alert().log, b"short");
}

#[test]
fn a_line_that_looks_like_the_beginning_of_an_alert_is_a_line_inside_of_one() {
    let log = "** Alert 5.1: - a,\n2025 Nov 24 16:12:00 h->f\nRule: 1 (level 2) -> 'd'\nlog\n** Alert 9.9: - b,\n\n";
    let (entries, _) = read(log.as_bytes());
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].alert().previous, [b"** Alert 9.9: - b,"]);
}

#[test]
fn the_file_of_an_integrity_alert_is_known() {
    let log = "** Alert 5.1: mail  - ossec,syscheck,\n2025 Nov 24 16:12:00 h->syscheck\n\
               Rule: 550 (level 7) -> 'Integrity checksum changed.'\n\
               Integrity checksum changed for: '/etc/it's'\nOld md5sum was: 'x'\n";
    let (entries, _) = read(log.as_bytes());
    let alert = entries[0].alert();
    assert_eq!(alert.field(Field::Filename), Some(&b"/etc/it's"[..]));
    assert!(alert.rule.is_some_and(|rule| rule.mail));
}

#[test]
fn a_time_that_cannot_be_read_is_that_of_the_number() {
    let log = "** Alert 1764000000.1: - a,\nsome day 1:2 h->f\nRule: 1 (level 2) -> '(null)'\nlog\n";
    let (entries, _) = read(log.as_bytes());
    let alert = entries[0].alert();
    assert_eq!(alert.time, LocalClock::default().local(1_764_000_000));
    assert_eq!((alert.hostname, alert.location), (&b"h"[..], &b"f"[..]));
    assert_eq!(alert.rule.and_then(|rule| rule.description), None);
}

#[test]
fn an_endless_block_is_cut_and_hostile_bytes_do_no_harm() {
    let mut log = b"** Alert 5.1: - a,\n2025 Nov 24 16:12:00 h->f\nRule: 1 (level 2) -> 'd'\nlog\n".to_vec();
    for _ in 0..5 {
        log.extend_from_slice(&vec![b'x'; BLOCK_MAX / 2]);
        log.push(b'\n');
    }
    let (entries, _) = read(&log);
    assert!(entries[0].as_bytes().len() <= BLOCK_MAX);
    let never =
        b"** Alert 9223372036854775807.1: - a,\n2025 Nov 24 16:12:00 h->f\nRule: 1 (level 2) -> 'd'\nlog\n";
    for bytes in [&never[..], b"** Alert 1", b"** Alert 1.1: -\n\n\n", b"{\"rule\":[],\"id\":1}", b"\0{\xff"]
    {
        assert!(read(bytes).0.is_empty());
        exercise(bytes);
    }
}
