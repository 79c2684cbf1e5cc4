//! What the agent costs: memory, processor time a line, lines a second.
//!
//! `cargo test --release … --test figures -- --ignored --nocapture`, with
//! `BARTIZAN_AGENT` naming the binary to be measured.

mod keeper;

use keeper::{Home, Keeper, append, wait};
use std::fs;
use std::time::{Duration, Instant};

const LINES: usize = 1_000_000;

/// Lines of 120 bytes with their ends.
fn burst(name: &str) -> Vec<String> {
    let head = format!("Dec 29 10:00:01 host {name}[17]: ");
    (0..LINES).map(|n| format!("{head}{n:0>width$}", width = 119 - head.len())).collect()
}

/// Ticks of a hundredth of a second, as seconds.
fn processor(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let numbers: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: f64 = numbers[11].parse::<f64>().unwrap() + numbers[12].parse::<f64>().unwrap();
    ticks / 100.0
}

fn resident_kib(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[ignore = "measures; run by hand on a quiet machine"]
fn a_burst_from_one_file() {
    let keeper = Keeper::start();
    keeper.forget();
    let home = Home::new(&keeper);
    let log = home.path("log");
    append(&log, &[]);
    home.follow(&[&log]);
    let agent = home.run();
    let name = log.to_string_lossy().into_owned();
    keeper.wait("its place", |ledger| ledger.positions.contains_key(&name));
    println!("idle: {} KiB resident", resident_kib(agent.id()));
    let before = processor(agent.id());
    let lines = burst("burst");
    let other = home.path("other");
    append(&other, &lines);
    drop(lines);
    let start = Instant::now();
    fs::rename(&other, &log).unwrap();
    let mut most = 0;
    keeper.wait("the burst", |ledger| {
        most = most.max(resident_kib(agent.id()));
        ledger.count >= LINES as u64
    });
    let wall = start.elapsed().as_secs_f64();
    let used = processor(agent.id()) - before;
    println!("burst: {most} KiB resident at most");
    println!(
        "{:.2} µs a line, {:.0} lines a second of processor, {:.0} by the clock",
        used * 1e6 / LINES as f64,
        LINES as f64 / used,
        LINES as f64 / wall
    );
}

#[test]
#[ignore = "measures; run by hand on a quiet machine"]
fn thousands_of_quiet_files() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let folder = home.path("logs");
    fs::create_dir(&folder).unwrap();
    for n in 0..4_000 {
        append(&folder.join(format!("{n}.log")), &["one".to_owned()]);
    }
    home.follow(&[&folder.join("*.log")]);
    let agent = home.run();
    keeper.wait("all", |ledger| ledger.records.len() >= 4_000);
    let (start, before) = (Instant::now(), processor(agent.id()));
    wait("half a minute", || start.elapsed() >= Duration::from_secs(30));
    let used = (processor(agent.id()) - before) / start.elapsed().as_secs_f64();
    println!(
        "4000 quiet files: {:.2} % of a processor, {} KiB resident",
        used * 100.0,
        resident_kib(agent.id())
    );
}
