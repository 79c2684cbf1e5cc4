//! New rules while lines come.

use super::{Watched, door};
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
