//! The promises of this room.

use super::*;
use crate::alert::{Alert, AlertId, Rule};
use crate::outputs::clock::LocalTime;
use bartizan_core::event::Field;

/// What attackers put into names and logs.
const HOSTILE: [&[u8]; 7] = [
    b"root\r\nBcc: all@example.org",
    b"\x1b[2J\x1b]0;title\x07\x9b31m",
    b"</td><script>alert(1)</script>\" onload='x'",
    b"=cmd|' /C calc'!A0",
    b"a\",\"b\nc",
    "\u{202e}gpj.exe\u{9b}31m".as_bytes(),
    b"\xff\xfe\x00",
];

fn with<'a>(user: &'a [u8], log: &'a [u8]) -> Alert<'a> {
    let rule = Rule { id: 5716, level: 10, groups: b"syslog, sshd,,", ..Rule::default() };
    let time = LocalTime { year: 2026, month: 11, day: 21, second: 60, weekday: 6 };
    let mut alert = Alert {
        id: AlertId { epoch: 1_795_262_400, ticket: 1 },
        time,
        rule: Some(rule),
        hostname: user,
        location: b"/var/log/auth.log",
        log,
        ..Alert::default()
    };
    alert.fields[Field::DstUser as usize] = Some(user);
    alert.fields[Field::SrcIp as usize] = Some(b"(none)");
    alert
}

fn counted<'a>(query: Query, alerts: impl IntoIterator<Item = Alert<'a>>) -> Summary {
    let mut tally = Tally::new(query);
    alerts.into_iter().for_each(|alert| tally.add(&alert));
    tally.finish()
}

/// A report of everything that attackers wrote, with all that can be shown.
fn hostile() -> Summary {
    let relations = vec![Relation { of: Subject::Rule, to: Subject::User }];
    let query =
        Query { title: Some("</title>\x1b[1m".to_owned()), relations, show_logs: true, ..Query::default() };
    counted(query, HOSTILE.map(|text| with(text, text)))
}

#[test]
fn a_terminal_obeys_nothing_in_the_text_and_a_name_has_one_line() {
    let text = text::write(&hostile());
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text}");
    assert!(!text.contains('\u{202e}'));
    assert_eq!(text.lines().filter(|line| line.starts_with("Bcc")).count(), 0);
    assert!(text.contains("5716 - (null) "), "{text}");
}

#[test]
fn no_cell_of_the_csv_is_a_formula_and_every_row_has_all_cells() {
    let csv = csv::write(&hostile());
    assert!(csv.contains("user,\"'=cmd|' /C calc'!A0\",1,,\r\n"), "{csv}");
    assert!(csv.contains("\"a\"\",\"\"b\u{fffd}c\""), "{csv}");
    for row in csv.lines() {
        // Commas outside of quotes.
        let plain: String = row.split('"').step_by(2).collect();
        assert_eq!(plain.matches(',').count(), 4, "{row}");
    }
}

#[test]
fn no_tag_of_others_is_in_a_page_or_a_mail() {
    let summary = hostile();
    for page in [html::write(&summary), mail::write(&summary, "<b>now</b>", true)] {
        assert!(!page.contains("<script") && !page.contains("</title>\u{fffd}") && !page.contains("<b>now"));
        assert!(!page.contains("onload='"));
        assert!(page.contains("&lt;script&gt;"));
    }
}

#[test]
fn a_page_is_whole_in_itself_and_draws_every_hour() {
    let page = html::write(&hostile());
    assert!(page.contains("default-src 'none'") && !page.contains("http:") && !page.contains("https:"));
    assert!(page.contains("class=\"medium\"") && page.contains("Alerts by hour and level"));
    let open = |tag: &str| page.matches(&format!("<{tag}")).count();
    for tag in ["svg", "section", "table", "tr", "g>", "pre"] {
        let closed = format!("</{}>", tag.trim_end_matches('>'));
        assert_eq!(open(tag), page.matches(&closed).count(), "{tag}");
    }
}

#[test]
fn json_holds_what_was_written() {
    let json = json::value(&hostile()).to_string();
    let value: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!((&value["processed"], &value["selected"]), (&7.into(), &7.into()));
    assert_eq!(value["top"]["rule"][0]["name"], "5716 - (null)");
    assert_eq!(value["related"]["rule"][0]["user"][0], "root\r\nBcc: all@example.org");
    assert_eq!(value["hours"][0]["medium"], 7);
    assert!(value["top"].get("srcip").is_none(), "(none) is no address");
}

#[test]
fn entries_are_counted_and_ordered_as_the_reference_does() {
    let alerts = [&b"b"[..], b"a", b"c", b"c"].map(|user| with(user, b"log"));
    let summary = counted(Query::default(), alerts);
    let names = |subject| {
        let entries = summary.section(subject).map(|section| section.entries.clone()).unwrap_or_default();
        entries.into_iter().map(|entry| (entry.name, entry.count)).collect::<Vec<_>>()
    };
    let users = [("c", 2), ("a", 1), ("b", 1)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(names(Subject::User), users);
    assert_eq!(names(Subject::Group), [("sshd".to_owned(), 4), ("syslog".to_owned(), 4)]);
    assert_eq!(names(Subject::Level), [("Severity 10".to_owned(), 4)]);
}

#[test]
fn only_the_time_and_the_conditions_that_are_asked_for_count() {
    let conditions = vec![Condition::User("c".to_owned()), Condition::Level(10)];
    let query = Query { conditions, since: Some(1_795_262_400), ..Query::default() };
    let mut early = with(b"c", b"log");
    early.id.epoch -= 1;
    let summary = counted(query, [early, with(b"abc", b"log"), with(b"x", b"log")]);
    assert_eq!((summary.processed, summary.selected), (2, 1));
}

#[test]
fn more_entries_than_there_is_room_for_are_counted_together() {
    let users: Vec<String> = (0..tally::ENTRIES_MAX + 5).map(|n| n.to_string()).collect();
    let mut summary = counted(Query::default(), users.iter().map(|user| with(user.as_bytes(), b"")));
    let of = |summary: &Summary| {
        let section = summary.section(Subject::User).expect("there are users");
        (section.entries.len(), section.others)
    };
    assert_eq!(of(&summary), (tally::ENTRIES_MAX, 5));
    summary.shorten(10, 0);
    assert_eq!(of(&summary), (10, (tally::ENTRIES_MAX - 10 + 5) as u64));
    assert!(text::write(&summary).contains("(others) "));
}

#[test]
fn alerts_that_would_be_too_many_to_show_are_counted() {
    let log = vec![b'x'; 1256];
    let query = Query { show_logs: true, ..Query::default() };
    let alerts = std::iter::repeat_with(|| with(b"root", &log)).take(30_000);
    let summary = counted(query, alerts);
    assert!(summary.logs_left_out > 0);
    assert_eq!(summary.logs.len() as u64 + summary.logs_left_out, 30_000);
    assert!(summary.logs.iter().map(|logged| logged.bytes()).sum::<usize>() <= tally::LOGS_MAX);
}
