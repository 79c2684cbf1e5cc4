//! Rules are replaced again and again in a storm of lines.

use super::{Watched, door};
use bartizan_tests::manager::ask_at;
use bartizan_tests::process::{DEADLINE, command, finish};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// Times that rules are read again: every second time they are broken.
const RELOADS: usize = 20;

/// Lines between two reloads.
const LINES: usize = 3_000;

/// Lines that are written at once, fifty thousand a second.
const BLOCK: usize = 500;
const BLOCK_TIME: Duration = Duration::from_millis(10);

/// Decoders of an edition, by which only its own rules hold.
fn decoders(edition: usize) -> String {
    format!("<decoder name=\"door-{edition}\"><program_name>^door$</program_name></decoder>\n")
}

/// Rules of an edition. What a decoder of another edition has decoded is the
/// business of rule 199.
fn rules(edition: usize) -> String {
    let frequency = RELOADS - 2;
    format!(
        "<group name=\"own,\">
<rule id=\"100\" level=\"0\"><decoded_as>door-{edition}</decoded_as><description>Doors</description></rule>
<rule id=\"101\" level=\"3\"><if_sid>100</if_sid><match>marker</match><description>Edition {edition}</description></rule>
<rule id=\"110\" level=\"3\"><if_sid>100</if_sid><match>count</match><description>Counted</description></rule>
<rule id=\"111\" level=\"10\" frequency=\"{frequency}\" timeframe=\"90000\"><if_matched_sid>110</if_matched_sid>
  <description>All were counted</description></rule>
<rule id=\"199\" level=\"12\"><match>knock|marker|count</match><description>Half a rule set</description></rule>
</group>\n"
    )
}

/// Rules that cannot be used, each time for another reason.
fn broken(edition: usize) -> String {
    let rules = rules(edition);
    match edition / 2 % 4 {
        0 => rules.replace("</group>", ""),
        1 => rules.replace("<match>", "<mach>").replace("</match>", "</mach>"),
        2 => rules.replace("<if_sid>100", "<if_sid>98"),
        _ => rules.replace(" level=\"12\"", ""),
    }
}

/// Writes lines, in blocks, until so many reloads are done; gives their number.
fn write_lines(log: &Path, written: &AtomicUsize, done: &AtomicUsize) -> usize {
    let mut file = OpenOptions::new().append(true).open(log).expect("a log");
    let start = Instant::now();
    let mut number = 0;
    for block in 1.. {
        let mut text = String::new();
        for _ in 0..BLOCK {
            let word = if number % BLOCK == 0 { "marker" } else { "knock" };
            text += &door(&format!("{word} {number}\n"));
            number += 1;
        }
        file.write_all(text.as_bytes()).expect("lines can be written");
        written.store(number, Relaxed);
        let is_done = done.load(Relaxed) == RELOADS && number > RELOADS * LINES;
        if is_done || start.elapsed() > DEADLINE {
            break;
        }
        thread::sleep((BLOCK_TIME * block).saturating_sub(start.elapsed()));
    }
    eprintln!("{number} lines, {:.0} a second", number as f64 / start.elapsed().as_secs_f64());
    number
}

/// Reads rules again, good ones and broken ones in turn, and counts a line
/// before each time.
fn reload_all(watched: &Watched, written: &AtomicUsize, done: &AtomicUsize) {
    let home = watched.folder.join("home");
    for edition in 1..=RELOADS {
        let until = Instant::now() + DEADLINE;
        while written.load(Relaxed) < edition * LINES {
            assert!(Instant::now() < until, "lines stopped");
            thread::sleep(Duration::from_millis(1));
        }
        watched.append(&door(&format!("count {edition}")));
        watched.folder.write("etc/decoders.xml", decoders(edition));
        if edition % 2 == 0 {
            watched.folder.write("rules/own.xml", rules(edition));
            let answer = ask_at(&home.join("control.sock"), r#"{"ask":"reload"}"#).expect("an answer");
            assert_eq!(answer["ok"], true, "{answer}");
            eprintln!("edition {edition}: events waited {} us", answer["waited_us"]);
        } else {
            watched.folder.write("rules/own.xml", broken(edition));
            let home = home.display().to_string();
            let refused = finish(&mut command(&["rules", "reload", "--home", &home]), b"");
            assert_eq!(refused.code, Some(1), "{refused:?}");
            assert!(refused.err.contains("the old ones stay in use"), "{}", refused.err);
        }
        done.store(edition, Relaxed);
    }
}

#[test]
fn no_line_is_lost_or_judged_by_half_a_rule_set_and_a_count_spans_all_reloads() {
    let watched = Watched::with_own_rules("storm", "");
    watched.folder.write("etc/decoders.xml", decoders(0));
    watched.folder.write("rules/own.xml", rules(0));
    let mut running = watched.start();
    let (written, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let lines = thread::scope(|scope| {
        let writing = scope.spawn(|| write_lines(&watched.log, &written, &done));
        reload_all(&watched, &written, &done);
        writing.join().expect("lines can be written")
    });
    watched.append(&door("marker last."));
    let last = watched.wait_for_alert(&mut running, "marker last.");
    assert_eq!(last["rule"]["comment"], format!("Edition {RELOADS}"));
    assert_eq!(running.stop().code, Some(0));

    let archive = watched.logs("archives/archives.log");
    let numbers = |word: &str| -> Vec<usize> {
        let of = |line: &str| line.split_once(word)?.1.parse().ok();
        archive.lines().filter_map(of).collect()
    };
    let mut all = [numbers("door: knock "), numbers("door: marker ")].concat();
    all.sort_unstable();
    assert_eq!(all, (0..lines).collect::<Vec<_>>(), "every line is judged once");
    assert_eq!(numbers("door: count "), (1..=RELOADS).collect::<Vec<_>>());

    assert_eq!(watched.alerts_of(199), Vec::<String>::new(), "judged by half a rule set");
    let mut editions = Vec::new();
    for alert in watched.alerts().iter().filter(|alert| alert["rule"]["sidid"] == 101) {
        let edition: usize = alert["rule"]["comment"]
            .as_str()
            .and_then(|text| text.strip_prefix("Edition ")?.parse().ok())
            .expect("an edition");
        assert_eq!(alert["decoder"], format!("door-{edition}"), "{alert}");
        editions.push(edition);
    }
    assert!(editions.is_sorted(), "no edition comes back: {editions:?}");
    assert!(editions.iter().all(|edition| edition % 2 == 0), "none that was broken: {editions:?}");
    let counted = watched.alerts_of(111);
    assert_eq!(counted.len(), 1, "the count over all reloads: {counted:?}");
    assert!(counted[0].ends_with(&format!("count {RELOADS}")), "{counted:?}");
}
