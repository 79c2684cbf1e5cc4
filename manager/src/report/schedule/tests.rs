//! The promises of this room.

use super::*;
use crate::config::Place;
use crate::diagnose::{Sources, Span};
use crate::report::period::Frequency;
use tempfile::TempDir;

/// 2026-11-21 12:00 UTC, a Saturday.
const NOON: i64 = 1_795_262_400;
const DAY: i64 = 86_400;

fn desk(home: &TempDir) -> Desk {
    let mut desk = Desk::open(home.path()).expect("a home folder");
    desk.zone = TimeZone::UTC;
    desk
}

fn report(frequency: Frequency) -> ScheduledReport {
    let place = Place { source: Sources::new().add("etc/ossec.conf", ""), span: Span::default() };
    let query = Query { title: Some("Logins".to_owned()), ..Query::default() };
    ScheduledReport { query, frequency, send_empty: false, email_to: vec!["a@example.org".to_owned()], place }
}

/// The ends of what is due, in days since midnight.
fn due(desk: &Desk, report: &ScheduledReport, now: i64) -> Vec<i64> {
    let due = desk.due(report, now).expect("the database can be read");
    due.iter().map(|period| (period.until - (NOON - DAY / 2)) / DAY).collect()
}

#[test]
fn a_new_report_begins_with_the_period_that_runs() {
    let home = TempDir::new().expect("a folder");
    let (mut desk, report) = (desk(&home), report(Frequency::Daily));
    assert!(due(&desk, &report, NOON).is_empty());
    assert!(due(&desk, &report, NOON + DAY / 2).is_empty(), "the last alerts may be on their way");
    let over = NOON + DAY / 2 + GRACE_S;
    assert_eq!(due(&desk, &report, over), [1]);
    desk.make(&report, over).expect("it can be made");
    assert!(due(&desk, &report, over).is_empty());
}

#[test]
fn what_ended_while_nothing_ran_is_made_up_for_once() {
    let home = TempDir::new().expect("a folder");
    let report = report(Frequency::Daily);
    desk(&home).make(&report, NOON).expect("it can be made");
    let late = NOON + 3 * DAY;
    assert_eq!(due(&desk(&home), &report, late), [1, 2, 3]);
    desk(&home).make(&report, late).expect("it can be made");
    assert!(due(&desk(&home), &report, late).is_empty());
    assert_eq!(due(&desk(&home), &report, late + 400 * DAY).len(), MISSED_MAX);
    assert_eq!(due(&desk(&home), &report, late + 400 * DAY).last(), Some(&403));
}

#[test]
fn another_frequency_is_another_report() {
    let home = TempDir::new().expect("a folder");
    let desk = desk(&home);
    due(&desk, &report(Frequency::Daily), NOON);
    assert!(due(&desk, &report(Frequency::Weekly), NOON + 10 * DAY).is_empty());
    assert_eq!(due(&desk, &report(Frequency::Daily), NOON + DAY), [1]);
}

#[test]
fn a_clock_that_was_wrong_does_not_stop_reports() {
    let home = TempDir::new().expect("a folder");
    let (desk, report) = (desk(&home), report(Frequency::Daily));
    due(&desk, &report, NOON + 4000 * DAY);
    assert!(due(&desk, &report, NOON).is_empty());
    assert_eq!(due(&desk, &report, NOON + DAY), [1]);
    // Set back by an hour over midnight: that day is not told of again.
    desk.made.note(report.title(), "daily", NOON + DAY + DAY / 2).expect("it can be written");
    assert!(due(&desk, &report, NOON + DAY + DAY / 2 - 3600).is_empty());
    assert_eq!(due(&desk, &report, NOON + 3 * DAY), [3]);
}
