//! What is written to a file arrives once, whatever happens.

mod keeper;

use keeper::{Home, Keeper, append, lines};
use std::fs;
use std::sync::atomic::Ordering::SeqCst;

#[test]
fn all_lines_of_a_file_arrive_once_and_in_order() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let log = home.path("log");
    append(&log, &lines("a", 0..5_000));
    home.follow(&[&log]);
    let _agent = home.run();
    keeper.wait("what was there", |ledger| ledger.of(&log).len() >= 5_000);
    append(&log, &lines("a", 5_000..6_000));
    keeper.wait("what came later", |ledger| ledger.of(&log).len() >= 6_000);
    assert_eq!(keeper.ledger().of(&log), lines("a", 0..6_000));
}

#[test]
fn connections_that_break_amid_batches_cost_nothing_and_double_nothing() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let log = home.path("log");
    append(&log, &lines("a", 0..20_000));
    home.follow(&[&log]);
    keeper.ways.breaks_after.store(7, SeqCst);
    let _agent = home.run();
    keeper.wait("three sessions", |ledger| ledger.sessions >= 4);
    keeper.ways.breaks_after.store(0, SeqCst);
    keeper.wait("all", |ledger| ledger.of(&log).len() >= 20_000);
    assert_eq!(keeper.ledger().of(&log), lines("a", 0..20_000));
}

#[test]
fn an_agent_that_is_killed_goes_on_where_the_manager_stands() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let log = home.path("log");
    append(&log, &lines("a", 0..100));
    home.follow(&[&log]);
    let agent = home.run();
    keeper.wait("the first", |ledger| ledger.of(&log).len() >= 100);
    keeper.ways.acknowledges.store(false, SeqCst);
    append(&log, &lines("a", 100..10_000));
    keeper::wait("batches on their way", || keeper.ways.unacknowledged.load(SeqCst) > 100_000);
    agent.kill();
    keeper.ways.acknowledges.store(true, SeqCst);
    let _agent = home.run();
    keeper.wait("all", |ledger| ledger.of(&log).len() >= 10_000);
    assert_eq!(keeper.ledger().of(&log), lines("a", 0..10_000));
}

#[test]
fn a_manager_that_acknowledges_nothing_gets_no_more_than_its_window() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let log = home.path("log");
    append(&log, &lines("a", 0..20_000));
    home.follow(&[&log]);
    let window = 128 * 1024;
    keeper.ways.window.store(window, SeqCst);
    keeper.ways.acknowledges.store(false, SeqCst);
    let _agent = home.run();
    keeper::wait("a full window", || keeper.ways.unacknowledged.load(SeqCst) > u64::from(window) * 3 / 4);
    assert!(keeper.ways.unacknowledged.load(SeqCst) <= u64::from(window));
    assert!(keeper.ledger().records.is_empty());
    keeper.ways.acknowledges.store(true, SeqCst);
    keeper.wait("all", |ledger| ledger.of(&log).len() >= 20_000);
    assert_eq!(keeper.ledger().of(&log), lines("a", 0..20_000));
}

#[test]
fn rotations_during_an_outage_lose_and_double_nothing() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let (renamed, truncated) = (home.path("renamed"), home.path("truncated"));
    for (log, name) in [(&renamed, "r"), (&truncated, "t")] {
        append(log, &lines(name, 0..1_000));
    }
    home.follow(&[&renamed, &truncated]);
    let agent = home.run();
    keeper.wait("the first", |ledger| {
        ledger.of(&renamed).len() >= 1_000 && ledger.of(&truncated).len() >= 1_000
    });
    keeper.ways.listens.store(false, SeqCst);
    append(&renamed, &lines("r", 1_000..2_000));
    fs::rename(&renamed, home.path("renamed.1")).unwrap();
    append(&renamed, &lines("r", 2_000..3_000));
    append(&truncated, &lines("t", 1_000..2_000));
    fs::copy(&truncated, home.path("truncated.1")).unwrap();
    fs::write(&truncated, "").unwrap();
    append(&truncated, &lines("t", 2_000..2_500));
    agent.kill();
    keeper.ways.listens.store(true, SeqCst);
    let _agent = home.run();
    keeper.wait("all", |ledger| ledger.of(&renamed).len() >= 3_000 && ledger.of(&truncated).len() >= 2_500);
    assert_eq!(keeper.ledger().of(&renamed), lines("r", 0..3_000));
    assert_eq!(keeper.ledger().of(&truncated), lines("t", 0..2_500));
}

#[test]
fn lines_from_before_the_agent_are_left_alone_and_those_from_an_outage_are_not() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let log = home.path("log");
    append(&log, &lines("old", 0..100));
    home.configure(&format!(
        "<localfile><log_format>syslog</log_format><location>{}</location></localfile>",
        log.display()
    ));
    let agent = home.run();
    let name = log.to_string_lossy().into_owned();
    keeper.wait("its place", |ledger| ledger.positions.contains_key(&name));
    agent.kill();
    append(&log, &lines("new", 0..100));
    let _agent = home.run();
    keeper.wait("the new ones", |ledger| ledger.of(&log).len() >= 100);
    assert_eq!(keeper.ledger().of(&log), lines("new", 0..100));
}

#[test]
fn two_thousand_files_are_followed() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let folder = home.path("logs");
    fs::create_dir(&folder).unwrap();
    let path = |n: usize| folder.join(format!("{n}.log"));
    for n in 0..2_000 {
        append(&path(n), &lines(&n.to_string(), 0..3));
    }
    home.follow(&[&folder.join("*.log")]);
    let _agent = home.run();
    keeper.wait("all", |ledger| ledger.records.len() >= 6_000);
    append(&path(1_999), &lines("1999", 3..4));
    append(&path(2_000), &lines("2000", 0..3));
    keeper.wait("one more line, one more file", |ledger| {
        ledger.of(&path(1_999)).len() >= 4 && ledger.of(&path(2_000)).len() >= 3
    });
    let ledger = keeper.ledger();
    for n in 0..=2_000 {
        let count = if n == 1_999 { 4 } else { 3 };
        assert_eq!(ledger.of(&path(n)), lines(&n.to_string(), 0..count), "{n}");
    }
}
