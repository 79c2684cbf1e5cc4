//! `bartizan analyze`: what happened in old logs.

use bartizan_tests::Folder;
use bartizan_tests::process::{Finished, command, finish};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::io::Write;
use std::path::Path;

/// A refused log-in from one address, so many seconds after nine o'clock.
fn refused(second: u32, port: u32) -> String {
    let (hour, minute, second) = (9 + second / 3600, second / 60 % 60, second % 60);
    format!(
        "2026-11-20T{hour:02}:{minute:02}:{second:02}+00:00 gate sshd[7]: Failed password for root \
         from 192.0.2.1 port {port} ssh2\n"
    )
}

fn analyze(arguments: &[&str], files: &[&Path], input: &str) -> Finished {
    let mut command = command(&["analyze"]);
    let finished = finish(command.args(arguments).args(files).env("TZ", "UTC0"), input.as_bytes());
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    finished
}

fn json(finished: &Finished) -> Vec<Value> {
    finished
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("an alert is one JSON object"))
        .collect()
}

fn has_brute_force(alerts: &[Value]) -> bool {
    alerts.iter().any(|alert| alert["rule"]["sidid"] == 5720)
}

#[test]
fn the_time_of_the_events_decides_what_belongs_together() {
    let folder = Folder::new("event-time");
    let log = |name: &str, step: u32| {
        folder.write(name, (0..10).map(|n| refused(n * step, 1000 + n)).collect::<String>())
    };
    let (quick, slow) = (log("quick", 5), log("slow", 1800));
    assert!(has_brute_force(&json(&analyze(&["--json"], &[&quick], ""))), "ten in a minute");
    assert!(!has_brute_force(&json(&analyze(&["--json"], &[&slow], ""))), "ten in five hours");
    // By the clock on the wall they come all at once.
    assert!(has_brute_force(&json(&analyze(&["--json", "--time", "now"], &[&slow], ""))));
}

#[test]
fn files_plain_and_compressed_and_standard_input_are_merged_by_time() {
    let folder = Folder::new("merge");
    let part = |start: usize| -> String {
        (start..15).step_by(3).map(|n| refused(n as u32 * 4, 1000 + n as u32)).collect()
    };
    let plain = folder.write("plain.log", part(0));
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(part(1).as_bytes()).expect("memory can be written");
    let packed = folder.write("packed.log.gz", gz.finish().expect("memory can be written"));
    for alone in [plain.as_path(), packed.as_path()] {
        assert!(!has_brute_force(&json(&analyze(&["--json"], &[alone], ""))), "five are no brute force");
    }
    let all = analyze(&["--json"], &[&plain, Path::new("-"), &packed], &part(2));
    let alerts = json(&all);
    assert!(has_brute_force(&alerts), "together they are");
    let port = |alert: &Value| alert["srcport"].as_str()?.parse::<u32>().ok();
    assert_eq!(alerts.iter().filter_map(port).collect::<Vec<_>>(), (1000..1015).collect::<Vec<_>>());
    let mut places: Vec<_> = alerts.iter().filter_map(|alert| alert["location"].as_str()).collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 3, "{places:?}");
    assert!(all.err.starts_with("15 events, 15 alerts in "), "{}", all.err);
    assert!(all.err.contains("from 2026 Nov 20 09:00:00 to 2026 Nov 20 09:00:56"), "{}", all.err);
    assert!(all.err.contains("level 10    5720  Brute force on sshd"), "{}", all.err);
}

#[test]
fn the_number_of_workers_changes_nothing_and_files_hold_what_is_printed() {
    let folder = Folder::new("write");
    let log = folder.write("log", (0..3000).map(|n| refused(n / 20, 1000 + n)).collect::<String>());
    let printed = |workers: &str| analyze(&["--quiet", "--workers", workers], &[&log], "");
    let (one, many) = (printed("1"), printed("4"));
    assert!(one.out == many.out && one.err.is_empty());
    let to = folder.join("out").display().to_string();
    assert_eq!(analyze(&["--quiet", "--write", &to], &[&log], "").out, "");
    let written = std::fs::read_to_string(folder.join("out/alerts/alerts.log")).expect("it is written");
    assert!(written == one.out);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let finished = finish(&mut command(&["analyze", "no/such.log"]), b"");
    assert_eq!((finished.code, finished.out.as_str()), (Some(2), ""));
    assert!(finished.err.contains("cannot open no/such.log"), "{}", finished.err);
}
