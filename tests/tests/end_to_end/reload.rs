//! New rules while lines come.

use super::{Watched, door, own_rules};
use bartizan_tests::Folder;
use bartizan_tests::process::{Finished, command, finish};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

fn rules(level: u32) -> String {
    format!(
        "<group name=\"own,\">\n<rule id=\"100\" level=\"{level}\">\n<match>knock</match>\n\
         <description>Knock at level {level}</description>\n</rule>\n</group>\n"
    )
}

/// Writes lines until it is told to stop; gives their number.
fn knock(watched: &Watched, stop: &AtomicBool) -> usize {
    let mut count = 0;
    while !stop.load(Relaxed) {
        for _ in 0..20 {
            watched.append(&door(&format!("knock {count}")));
            count += 1;
        }
        // A pace that the daemon can keep, so that the test ends soon.
        thread::sleep(Duration::from_millis(10));
    }
    count
}

#[test]
fn new_rules_count_from_the_reload_on_and_no_line_is_lost() {
    let watched = Watched::with_own_rules("reload", "");
    watched.folder.write("rules/own.xml", rules(1));
    let mut running = watched.start();
    let stop = AtomicBool::new(false);
    let count = thread::scope(|scope| {
        let knocking = scope.spawn(|| knock(&watched, &stop));
        for level in 2..=6 {
            watched.folder.write("rules/own.xml", rules(level));
            running.signal("HUP");
            let so_often = level as usize - 1;
            running
                .wait_for("reload", |running| running.err().matches("rules read again").count() == so_often);
            watched.append(&door(&format!("knock marker-{level}.")));
            let alert = watched.wait_for_alert(&mut running, &format!("marker-{level}."));
            assert_eq!(alert["rule"]["level"], level);
            assert_eq!(alert["rule"]["comment"], format!("Knock at level {level}"));
        }
        stop.store(true, Relaxed);
        knocking.join().expect("lines can be written")
    });
    running.wait_for("all alerts", |_| watched.alerts().len() >= count + 5);
    assert_eq!(running.stop().code, Some(0));
    let logs = watched.alerts_of(100);
    let mut numbers: Vec<usize> =
        logs.iter().filter_map(|log| log.split("knock ").nth(1)?.parse().ok()).collect();
    assert_eq!(logs.len(), count + 5, "markers and knocks");
    assert_eq!(numbers, (0..count).collect::<Vec<_>>(), "in their order");
    numbers.dedup();
    assert_eq!(numbers.len(), count);
    let levels: Vec<_> =
        watched.alerts().iter().filter_map(|alert| alert["rule"]["level"].as_u64()).collect();
    assert!(levels.is_sorted(), "no old rule after a new one: {levels:?}");
}

#[test]
fn rules_with_errors_are_shown_and_the_old_ones_stay() {
    let watched = Watched::with_own_rules("broken", "");
    watched.folder.write("rules/own.xml", rules(3));
    let mut running = watched.start();
    watched
        .folder
        .write("rules/own.xml", rules(4).replace("<match>", "<mach>").replace("</match>", "</mach>"));
    running.signal("HUP");
    running.wait_for("word on the rules", |running| running.err().contains("the old ones stay in use"));
    let err = running.err();
    assert!(err.contains("own.xml:3:2") && err.contains("^^^^"), "a place and a mark: {err}");
    assert!(err.contains("did you mean <match>?") || err.contains("did you mean `match`?"), "{err}");
    watched.append(&door("knock 1"));
    assert_eq!(watched.wait_for_alert(&mut running, "knock 1")["rule"]["level"], 3);

    // A configuration that is gone is no reason to stop either.
    std::fs::remove_file(watched.folder.join("etc/ossec.conf")).expect("it is there");
    running.signal("HUP");
    let words = "the old ones stay in use";
    running.wait_for("second word", |running| running.err().matches(words).count() == 2);
    watched.append(&door("knock 2"));
    assert_eq!(watched.wait_for_alert(&mut running, "knock 2")["rule"]["level"], 3);
    assert_eq!(running.stop().code, Some(0));
}

/// A rule that looks for what it finds only after more steps than a search may
/// take.
fn slow(level: u32) -> String {
    rules(level).replace("<match>knock</match>", r"<pcre2>(.*)(.*)(.*)\3\2\1x</pcre2>")
}

#[test]
fn searches_that_were_given_up_are_counted_over_a_reload() {
    let watched = Watched::with_own_rules("given-up", "");
    watched.folder.write("rules/own.xml", slow(3));
    let mut running = watched.start();
    let home = watched.folder.join("home").display().to_string();
    let status = |words: &[&str]| finish(&mut command(&[&["status", "--home", &home], words].concat()), b"");
    let given_up = || json(&status(&["--json"]))["status"]["searches_given_up"].as_u64();
    let long = door(&format!("x{}", "a".repeat(2000)));
    running.wait_for("an answer", |_| given_up() == Some(0));
    watched.append(&long);
    running.wait_for("a search that takes too long", |_| given_up() > Some(0));
    let before = given_up();
    watched.folder.write("rules/own.xml", slow(4));
    running.signal("HUP");
    running.wait_for("reload", |running| running.err().contains("read again"));
    assert_eq!(given_up(), before);
    watched.append(&long);
    running.wait_for("another one", |_| given_up() > before);
    let told = status(&[]).out;
    assert!(told.contains("took too long and count as no match\n"), "{told}");
    assert_eq!(running.stop().code, Some(0));
}

/// Asks the daemon about its rules.
fn ask(watched: &Watched, words: &[&str]) -> Finished {
    let home = watched.folder.join("home").display().to_string();
    finish(&mut command(&[&["rules"], words, &["--home", &home]].concat()), b"")
}

fn json(finished: &Finished) -> Value {
    serde_json::from_str(&finished.out).unwrap_or_else(|error| panic!("{error}: {finished:?}"))
}

/// A daemon whose new rules must pass a test.
fn with_a_test(name: &str) -> Watched {
    let folder = Folder::new(name);
    folder.write(
        "tests/own.ini",
        "[knock]\nlog 1 pass = Nov 21 09:00:00 gate door: knock\nrule = 100\nalert = 3\ndecoder = door\n",
    );
    own_rules(&folder, "", "<rule_test_dir>tests</rule_test_dir>", &Watched::options(&folder));
    folder.write("rules/own.xml", rules(3));
    Watched::in_folder(folder)
}

#[test]
fn a_reload_says_what_is_different_and_the_status_what_would_be() {
    let watched = with_a_test("asked");
    let running = watched.start();
    let same = ask(&watched, &["status"]);
    assert_eq!(same.code, Some(0), "{same:?}");
    assert!(same.out.contains("what is on disk is in use"), "{}", same.out);

    let more = rules(3).replace(
        "</group>",
        "<rule id=\"101\" level=\"5\"><if_sid>100</if_sid><match>hard</match><description>Hard</description>\
         </rule></group>",
    );
    watched.folder.write("rules/own.xml", more.replace("Knock at", "A knock at"));
    let status = ask(&watched, &["status", "--json"]);
    assert_eq!(status.code, Some(1));
    let status = json(&status);
    assert!(status["files"]["changed"][0].as_str().expect("a name").ends_with("rules/own.xml"), "{status}");
    assert_eq!(status["change"]["added"], serde_json::json!([101]));
    assert_eq!(status["change"]["changed"], serde_json::json!([100]));
    assert_eq!(status["change"]["forgotten"], serde_json::json!([]));
    assert_eq!(status["disk"]["rules"].as_u64(), status["running"]["rules"].as_u64().map(|rules| rules + 1));

    let done = ask(&watched, &["reload"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    for words in ["1 test passed", "added     1 101", "changed   1 100"] {
        assert!(done.out.contains(words), "{words} in {}", done.out);
    }
    let status = ask(&watched, &["status"]);
    assert_eq!(status.code, Some(0));
    assert!(status.out.contains("reload ") && status.out.contains(": done"), "{}", status.out);
    assert_eq!(running.stop().code, Some(0));
    let nobody = ask(&watched, &["reload"]);
    assert_eq!(nobody.code, Some(2), "{nobody:?}");
}

#[test]
fn rules_that_fail_their_tests_are_refused_with_the_line_of_the_test() {
    let watched = with_a_test("refused");
    let mut running = watched.start();
    watched.folder.write("rules/own.xml", rules(4));
    let refused = ask(&watched, &["reload"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    for words in ["own.ini:2:1", "^^^^", "rule 100, level 4", "rule 100, level 3", "the old ones stay in use"]
    {
        assert!(refused.err.contains(words), "{words} in {}", refused.err);
    }
    let answer = ask(&watched, &["reload", "--json"]);
    assert_eq!((answer.code, &json(&answer)["ok"]), (Some(1), &false.into()));
    let status = ask(&watched, &["status"]);
    assert_eq!(status.code, Some(1));
    assert!(status.out.contains("own.ini:2:1"), "the last reload is told of: {}", status.out);
    watched.append(&door("knock 1"));
    assert_eq!(watched.wait_for_alert(&mut running, "knock 1")["rule"]["level"], 3);
    assert_eq!(running.stop().code, Some(0));
}
