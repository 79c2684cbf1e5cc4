//! The promises of this room.

use super::*;
use crate::agents::registry::AgentId;
use bartizan_core::respond::report::Report;

const NOW: i64 = 1_764_000_000;

fn history() -> History {
    History::in_memory().expect("a history")
}

/// Something decided for ten minutes.
fn decided(network: &str, agent: u32) -> Entry {
    Entry {
        id: 0,
        time: NOW,
        response: "block600".to_owned(),
        means: "block".to_owned(),
        agent: AgentId(agent),
        network: Network::parse(network),
        user: String::new(),
        file: String::new(),
        for_s: 600,
        state: State::Decided,
        since: NOW,
        why: String::new(),
        rule: 5712,
        level: 10,
        alert: "1764000000.42".to_owned(),
        location: "(web1) 192.0.2.1->/var/log/auth.log".to_owned(),
        excerpt: "Failed password".to_owned(),
        offence: 1,
        confirm_by: None,
        full_s: 600,
        began: None,
        ends_at: Some(NOW + 600),
        undo_wanted: false,
        dry_run: false,
    }
}

fn add(history: &mut History, entry: Entry) -> u64 {
    history.add(entry).expect("a row").id
}

fn state(history: &History, id: u64) -> State {
    history.get(id).expect("a history").expect("a row").state
}

#[test]
fn what_is_written_down_is_read_again_also_after_a_restart() {
    let home = tempfile::tempdir().expect("a folder");
    let mut written = Entry {
        user: "anna".to_owned(),
        file: "/etc/x".to_owned(),
        why: "\u{e4}".to_owned(),
        confirm_by: Some(NOW + 5),
        dry_run: true,
        ..decided("2001:db8::/32", 7)
    };
    {
        let mut history = History::open(home.path()).expect("a history");
        written.id = add(&mut history, written.clone());
    }
    let mut history = History::open(home.path()).expect("the same");
    assert_eq!(history.get(written.id).expect("a history"), Some(written.clone()));
    assert!(add(&mut history, written.clone()) > written.id, "numbers are not given again");
}

#[test]
fn numbers_are_not_given_again_though_the_history_was_deleted() {
    let home = tempfile::tempdir().expect("a folder");
    let first = || {
        let mut history = History::open(home.path()).expect("a history");
        let first = add(&mut history, decided("192.0.2.1", 7));
        assert_eq!(add(&mut history, decided("192.0.2.2", 7)), first + 1);
        first
    };
    let before = first();
    let made = std::time::Instant::now();
    for name in ["responses.db", "responses.db-wal", "responses.db-shm"] {
        let _ = std::fs::remove_file(home.path().join(name));
    }
    // Two a millisecond are more than any manager decides.
    while made.elapsed().as_millis() < 3 {
        std::thread::yield_now();
    }
    assert!(before > 1_700_000_000_000 && first() > before + 1);
}

#[test]
fn the_database_is_for_nobody_else_and_of_no_newer_version() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().expect("a folder");
    let history = History::open(home.path()).expect("a history");
    let mode = std::fs::metadata(home.path().join("responses.db")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    history.run("PRAGMA user_version = 99").expect("a version");
    drop(history);
    assert!(matches!(History::open(home.path()), Err(DatabaseError::Newer(_))));
}

#[test]
fn a_state_never_goes_back_and_may_be_said_twice() {
    let course = |states: &[State]| {
        let mut history = history();
        let id = add(&mut history, decided("192.0.2.7", 1));
        for (n, state) in states.iter().enumerate() {
            history.note(id, *state, "said", NOW + n as i64).expect("a note");
        }
        state(&history, id)
    };
    use State::{Away, Decided, Done, DryRun, Expired, Failed, Refused, Sent, Undone};
    for (states, last) in [
        (&[Sent, Done, Done, Sent, Decided][..], Done),
        (&[Sent, Undone, Done], Undone),
        (&[Done, Expired, Done, Failed, Undone, Sent], Expired),
        (&[Done, Failed, Done], Failed),
        (&[Done, Failed, Undone], Undone),
        (&[Sent, Failed, Done, Expired], Expired),
        (&[Sent, Away, Sent], Sent),
        (&[Away, Done], Done),
        (&[Refused, Done, Undone], Refused),
        (&[DryRun, Done], DryRun),
        (&[Done, Refused], Done),
    ] {
        assert_eq!(course(states), last, "{states:?}");
    }
}

#[test]
fn noting_says_whether_anything_changed() {
    let mut history = history();
    let id = add(&mut history, decided("192.0.2.7", 1));
    let entry = history.note(id, State::Done, "ok", NOW + 3).expect("a note").expect("a change");
    assert_eq!((entry.began, entry.ends_at, entry.since), (Some(NOW + 3), Some(NOW + 603), NOW + 3));
    assert_eq!(history.note(id, State::Done, "ok", NOW + 9).expect("a note"), None);
    let entry = history.note(id, State::Failed, "", NOW).expect("a note").expect("a change");
    assert_eq!(entry.why, "ok", "what was said before stays");
    let id = add(&mut history, decided("192.0.2.8", 1));
    assert_eq!(history.note(id + 1, State::Done, "ok", NOW).expect("a note"), None);
    let long = "\u{e4}".repeat(5000);
    let entry = history.note(id, State::Failed, &long, NOW).expect("a note").expect("a change");
    assert!(entry.why.len() <= 1024 && long.starts_with(&entry.why));
}

#[test]
fn what_takes_the_place_of_another_ends_it() {
    let mut history = history();
    let old = add(&mut history, decided("192.0.2.7", 1));
    let elsewhere = add(&mut history, decided("192.0.2.7", 2));
    let user = add(&mut history, Entry { means: "null-route".to_owned(), ..decided("192.0.2.7", 1) });
    for id in [old, elsewhere, user] {
        history.note(id, State::Done, "", NOW).expect("a note");
    }
    let new = add(&mut history, Entry { response: "again".to_owned(), ..decided("::ffff:192.0.2.7", 1) });
    history.note(new, State::Done, "", NOW + 1).expect("a note");
    assert_eq!(
        history.get(old).expect("a history").expect("a row").why,
        format!("response {new} took its place")
    );
    assert_eq!(state(&history, old), State::Undone);
    let rest: Vec<_> = history.in_force(NOW + 2).expect("a list").into_iter().map(|entry| entry.id).collect();
    assert_eq!(rest, [new, user, elsewhere]);
}

#[test]
fn what_is_in_force_is_listed_until_its_time_is_over() {
    let mut history = history();
    let passing = add(&mut history, decided("192.0.2.1", 1));
    let forever = add(&mut history, Entry { for_s: 0, ends_at: None, ..decided("192.0.2.2", 1) });
    let stuck = add(&mut history, decided("192.0.2.3", 1));
    let failed = add(&mut history, decided("192.0.2.4", 1));
    let dry = add(&mut history, Entry { dry_run: true, ..decided("192.0.2.5", 1) });
    for id in [passing, forever, stuck] {
        history.note(id, State::Done, "", NOW).expect("a note");
    }
    for id in [stuck, failed] {
        history.note(id, State::Failed, "", NOW).expect("a note");
    }
    history.note(dry, State::DryRun, "", NOW).expect("a note");
    let ids =
        |now| -> Vec<u64> { history.in_force(now).expect("a list").iter().map(|entry| entry.id).collect() };
    assert_eq!(ids(NOW + 599), [stuck, forever, passing]);
    assert_eq!(ids(NOW + 601), [stuck, forever], "what could not be undone is still in force");
}

#[test]
fn rows_are_found_by_what_is_asked() {
    let mut history = history();
    let single = add(&mut history, decided("192.0.2.7", 1));
    let range = add(&mut history, Entry { time: NOW + 9, ..decided("192.0.2.0/24", 2) });
    let v6 = add(&mut history, Entry { response: "other".to_owned(), ..decided("2001:db8::1", 2) });
    history.note(v6, State::Done, "", NOW).expect("a note");
    let find = |filter: Filter| -> Vec<u64> {
        history.find(&filter).expect("rows").iter().map(|entry| entry.id).collect()
    };
    let of = |text: &str| Filter { network: Network::parse(text), ..Filter::default() };
    assert_eq!(find(Filter::default()), [v6, range, single]);
    assert_eq!(find(of("192.0.2.7")), [range, single]);
    assert_eq!(find(of("::ffff:192.0.2.8")), [range]);
    assert_eq!(find(of("192.0.0.0/16")), [range, single]);
    assert_eq!(find(of("2001:db8::/32")), [v6]);
    assert_eq!(find(of("0.0.0.0/0")), [range, single]);
    assert_eq!(find(Filter { agent: Some(AgentId(1)), ..Filter::default() }), [single]);
    assert_eq!(find(Filter { since: Some(NOW + 1), ..Filter::default() }), [range]);
    assert_eq!(find(Filter { state: Some(State::Done), ..Filter::default() }), [v6]);
    assert_eq!(find(Filter { response: Some("other".to_owned()), ..Filter::default() }), [v6]);
    assert_eq!(find(Filter { limit: 1, ..Filter::default() }), [v6]);
}

#[test]
fn a_confirmation_in_time_gives_the_full_time() {
    let mut history = history();
    let waiting =
        Entry { for_s: 60, ends_at: Some(NOW + 60), confirm_by: Some(NOW + 60), ..decided("192.0.2.7", 1) };
    let id = add(&mut history, waiting.clone());
    history.note(id, State::Done, "", NOW).expect("a note");
    let entry = history.confirm(id, NOW + 30).expect("an answer").expect("in time");
    assert_eq!((entry.for_s, entry.ends_at, entry.confirm_by), (600, Some(NOW + 630), None));
    assert_eq!(history.confirm(id, NOW + 31).expect("an answer"), None);
    let late = add(&mut history, waiting);
    assert_eq!(history.confirm(late, NOW + 61).expect("an answer"), None);
}

#[test]
fn a_wanted_undo_is_kept_until_it_is_done() {
    let mut history = history();
    let id = add(&mut history, decided("192.0.2.7", 1));
    history.note(id, State::Done, "", NOW).expect("a note");
    assert!(history.want_undo(id).expect("an answer").expect("a row").undo_wanted);
    assert_eq!(history.wanted_undos(AgentId(1)).expect("a list"), [id]);
    assert!(history.wanted_undos(AgentId(2)).expect("a list").is_empty());
    history.note(id, State::Undone, "", NOW).expect("a note");
    assert!(history.wanted_undos(AgentId(1)).expect("a list").is_empty());
    assert_eq!(history.want_undo(id).expect("an answer"), None);
}

#[test]
fn old_rows_go_and_what_is_in_force_stays() {
    let mut history = history();
    let old = NOW - KEPT_S - 1;
    let gone = add(&mut history, Entry { time: old, ends_at: Some(old + 600), ..decided("192.0.2.1", 1) });
    let forever = add(&mut history, Entry { time: old, ends_at: None, ..decided("192.0.2.2", 1) });
    let news: Vec<_> =
        (0..10).map(|_| add(&mut history, Entry { ends_at: Some(NOW), ..decided("192.0.2.3", 1) })).collect();
    assert_eq!(history.prune(NOW).expect("pruned"), 1);
    assert_eq!(history.get(gone).expect("a history"), None);
    assert_eq!(history.prune_to(NOW, 4).expect("pruned"), 6);
    let left: Vec<_> =
        history.find(&Filter::default()).expect("rows").iter().map(|entry| entry.id).rev().collect();
    assert_eq!(left, [&[forever], &news[6..]].concat());
}

#[test]
fn what_is_done_together_is_kept_together_or_not_at_all() {
    let mut history = history();
    let failed: Result<(), _> = history.together(|history| {
        add(history, decided("192.0.2.1", 1));
        history.together(|history| Ok(add(history, decided("192.0.2.2", 1))))?;
        Err(DatabaseError::Newer(PathBuf::new()))
    });
    assert!(failed.is_err());
    assert_eq!(history.find(&Filter::default()).expect("rows"), []);
    history.together(|history| Ok(add(history, decided("192.0.2.1", 1)))).expect("a row");
    assert_eq!(history.find(&Filter::default()).expect("rows").len(), 1);
}

#[test]
fn the_event_of_an_entry_is_a_report_that_rules_can_read() {
    let entry = Entry { id: 17, state: State::Failed, why: "nft: no".to_owned(), ..decided("192.0.2.7", 1) };
    assert_eq!(entry.event(), "bartizan: response 17 failed: block600 192.0.2.7: nft: no");
    let report = Report::read("bartizan: response 17 failed: block600 192.0.2.7: nft: no").expect("a report");
    assert_eq!((report.id, report.state), (17, State::Failed));
    let entry = Entry { network: None, ..entry };
    assert_eq!(entry.event(), "bartizan: response 17 failed: block600: nft: no");
}

#[test]
fn questions_of_a_decision_go_by_index() {
    let history = history();
    for sql in [
        "SELECT max(offence), max(time) FROM responses WHERE response = ?1 AND target = ?2 AND time > ?3 AND offence > 0",
        "SELECT count(*) FROM responses WHERE agent = ?2 AND response = ?1 AND time > ?3 AND state NOT IN ('refused', 'away')",
        "SELECT * FROM responses WHERE agent = ?2 AND means = ?3 AND target IN (?4, ?5)
            AND state IN ('decided', 'sent', 'done', 'failed', 'dry-run') ORDER BY id DESC LIMIT 1",
        "SELECT count(DISTINCT target) FROM responses WHERE response = ?1 AND agent = ?2 AND wide = ?3",
    ] {
        let mut statement =
            history.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a statement");
        for number in 1..=statement.parameter_count() {
            statement.raw_bind_parameter(number, "1").expect("a value");
        }
        let mut rows = statement.raw_query();
        let plan: String = rows.next().expect("a plan").expect("a row").get(3).expect("words");
        assert!(plan.starts_with("SEARCH responses USING"), "{sql}: {plan}");
    }
}
