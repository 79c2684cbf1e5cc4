//! The promises of this room.

use super::*;
use crate::alert::{Alert, AlertId, Entry, Rule};
use crate::outputs::clock::LocalClock;
use crate::report::{Condition, text};
use crate::store::Appender;
use bartizan_core::event::Field;
use jiff::tz::TimeZone;
use tempfile::TempDir;

/// Midnight of 2026-11-21 in UTC.
const MIDNIGHT: i64 = 1_795_219_200;

/// An alert every 20 minutes, of several rules, places and people.
fn alert(n: u32) -> Entry {
    let epoch = MIDNIGHT + 1200 * i64::from(n);
    let (user, address) = (format!("user{}", n % 7), format!("192.0.2.{}", n % 11));
    let rule = Rule {
        id: 5700 + n % 3,
        level: (n % 16) as u16,
        description: Some(b"A description"),
        groups: [&b"syslog,sshd,"[..], b"syslog, pam", b""][n as usize % 3],
        ..Rule::default()
    };
    let mut alert = Alert {
        id: AlertId { epoch, ticket: n.into() },
        time: LocalClock::new(TimeZone::UTC).local(epoch),
        rule: Some(rule),
        hostname: [&b"web"[..], b"mail"][n as usize % 2],
        location: b"/var/log/auth.log",
        log: b"what happened",
        ..Alert::default()
    };
    alert.fields[Field::SrcIp as usize] = (!n.is_multiple_of(5)).then_some(address.as_bytes());
    alert.fields[Field::DstUser as usize] =
        Some(if n.is_multiple_of(4) { b"(none)" } else { user.as_bytes() });
    Entry::new(&alert)
}

fn filled(count: u32) -> TempDir {
    let home = TempDir::new().expect("a folder");
    let mut alerts: Vec<_> = (0..count).map(alert).collect();
    Appender::open(home.path()).and_then(|mut store| store.append(&mut alerts)).expect("a store");
    home
}

fn counted(home: &TempDir, query: Query) -> Result<Summary, StoreError> {
    summary(&mut Reader::open(home.path())?, query)
}

#[test]
fn hourly_totals_and_the_alerts_themselves_give_the_same_report() {
    let home = filled(300);
    let times =
        [(None, None), (Some(MIDNIGHT + 3600), Some(MIDNIGHT + 90_000)), (Some(MIDNIGHT + 1234), None)];
    for (since, until) in times {
        let query = Query { since, until, ..Query::default() };
        let all = Query { conditions: vec![Condition::Level(0)], ..query.clone() };
        let by_totals = counted(&home, query).expect("totals");
        let by_alerts = counted(&home, all).expect("alerts");
        assert!(by_totals.selected > 70);
        assert_eq!(text::write(&by_totals), text::write(&by_alerts), "{since:?}");
        assert_eq!(by_totals.hours, by_alerts.hours);
    }
}

#[test]
fn conditions_are_asked_of_every_alert() {
    let home = filled(300);
    let query = Query { conditions: vec![Condition::User("user3".to_owned())], ..Query::default() };
    let summary = counted(&home, query).expect("alerts");
    let wanted = (0..300).filter(|n| n % 7 == 3 && n % 4 > 0).count() as u64;
    assert_eq!((summary.processed, summary.selected), (300, wanted));
}

#[test]
fn a_store_that_is_not_there_is_an_empty_report() {
    let home = TempDir::new().expect("a folder");
    let summary = counted(&home, Query::default()).expect("nothing");
    assert_eq!((summary.processed, summary.sections.len()), (0, 0));
}
