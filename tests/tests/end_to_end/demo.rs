//! The first thing that a newcomer does.

use bartizan_tests::Folder;
use bartizan_tests::process::{Running, command, finish};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

#[test]
fn the_demo_shows_the_attack_and_writes_it_down() {
    let home = Folder::new("demo");
    let mut demo = command(&["run", "--demo", "--home"]);
    demo.arg(home.path());
    let start = Instant::now();
    let mut running = Running::start(&mut demo);
    running.wait_for("alert on guessed passwords", |running| running.out().contains("Rule: 5720 "));

    // A second one would write to the same files.
    let second = finish(command(&["run", "--demo", "--home"]).arg(home.path()), b"");
    assert_eq!(second.code, Some(2), "{}", second.err);
    assert!(second.err.contains("another bartizan uses"), "{}", second.err);

    running
        .wait_for("alert on the password that was guessed", |running| running.out().contains("Rule: 40112 "));
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    let finished = running.stop();
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    let last = finished.err.lines().next_back().unwrap_or_default();
    assert!(last.starts_with("bartizan: stopped after ") && last.ends_with(" alerts"), "{last}");

    let alerts = home.join("logs/alerts");
    let text = fs::read_to_string(alerts.join("alerts.log")).expect("alerts are written");
    let count = text.lines().filter(|line| line.starts_with("** Alert ")).count();
    let json = fs::read_to_string(alerts.join("alerts.json")).expect("alerts are written");
    let valid = json.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
    assert_eq!((count, json.lines().count()), (valid, valid));
    assert_eq!(finished.out.lines().filter(|line| line.starts_with("** Alert ")).count(), count);
    assert!(last.contains(&format!(" and {count} alerts")), "{last}");
    for name in ["alerts.log", "alerts.json"] {
        let link = fs::metadata(alerts.join(name)).expect("the link is there");
        assert_eq!(link.nlink(), 2, "{name} is a second name of the day's file");
    }
}

#[test]
fn a_home_folder_that_cannot_be_is_named() {
    let finished = finish(&mut command(&["run", "--demo", "--home", "/proc/no/such"]), b"");
    assert_eq!(finished.code, Some(3));
    assert!(finished.err.contains("cannot use /proc/no/such as home folder"), "{}", finished.err);
}
