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
    ScheduledReport {
        query,
        frequency,
        send_empty: false,
        graph: false,
        email_to: vec!["a@example.org".to_owned()],
        place,
    }
}

/// The ends of what is due, in days since midnight.
fn due(desk: &Desk, report: &ScheduledReport, now: i64) -> Vec<i64> {
    let due = desk.due(report, now).expect("the database can be read");
    due.iter().map(|period| (period.until - (NOON - DAY / 2)) / DAY).collect()
}

fn make_all(desk: &mut Desk, report: &ScheduledReport, now: i64) {
    while desk.make(report, now).expect("it can be made") {}
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
    make_all(&mut desk(&home), &report, late);
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

#[test]
fn a_report_is_handed_over_once_though_it_is_made_again_after_a_kill() {
    let home = TempDir::new().expect("a folder");
    let report = ScheduledReport { send_empty: true, ..report(Frequency::Daily) };
    desk(&home).make(&report, NOON).expect("it can be made");
    let waiting = || {
        let outbox = rusqlite::Connection::open(home.path().join("outbox.db")).expect("a database");
        outbox.query_row("SELECT count(*) FROM notices", [], |row| row.get::<_, i64>(0)).expect("a number")
    };
    for _ in 0..2 {
        let mut desk = desk(&home);
        make_all(&mut desk, &report, NOON + 2 * DAY);
        assert_eq!(waiting(), 2);
        // As if what was made had not been written down.
        desk.made.note("Logins", "daily", NOON - DAY / 2).expect("it can be written");
    }
}

#[test]
fn a_clock_that_is_set_back_by_hours_sends_no_report_twice() {
    let home = TempDir::new().expect("a folder");
    let (mut desk, mut report) = (desk(&home), report(Frequency::Hourly));
    report.send_empty = true;
    let mut hours = |from: i64, to: i64| {
        for hour in from..=to {
            make_all(&mut desk, &report, NOON + hour * 3600 + GRACE_S);
        }
    };
    hours(0, 5);
    let sent = || {
        let path = home.path().join("outbox.db");
        let database = rusqlite::Connection::open(path).expect("a database");
        let count = database.query_row("SELECT count(*) FROM notices", [], |row| row.get::<_, i64>(0));
        count.expect("a count")
    };
    assert_eq!(sent(), 5);
    hours(2, 5);
    assert_eq!(sent(), 5);
    hours(6, 7);
    assert_eq!(sent(), 7);
}

#[test]
fn nothing_to_tell_is_not_sent_unless_it_is_asked_for() {
    let home = TempDir::new().expect("a folder");
    let (quiet, period) = (report(Frequency::Daily), Frequency::Daily.period(NOON, &TimeZone::UTC));
    assert_eq!(notice(home.path(), &quiet, period).expect("a store"), None);
    let told = ScheduledReport { send_empty: true, ..quiet };
    let notice = notice(home.path(), &told, period).expect("a store").expect("a report");
    assert!(notice.text.contains("Report 'Logins' completed."), "{}", notice.text);
    assert!(notice.html.is_some_and(|html| html.markup.contains("<h2>Logins</h2>")));
}
