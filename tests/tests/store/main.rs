//! The store of alerts, from the outside: what `bartizan alerts` shows of what
//! a manager has raised.

use bartizan_core::limits::FLIGHTS_MAX;
use bartizan_tests::manager::{Enrolled, Manager};
use bartizan_tests::peer::Peer;
use bartizan_tests::process::{Running, command, finish};
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::Write;

/// The source of the agent.
const SOURCE: &str = "/var/log/test";

/// Lines `from..to` of an endless log; each of them is an alert.
fn lines(from: u64, to: u64) -> Vec<String> {
    let line =
        |n| format!("Nov 21 10:00:00 gate sshd[7]: Accepted password for eve from 192.0.2.7 port {n} ssh2");
    (from..to).map(line).collect()
}

/// Sends lines in batches of 100 until the session ends; gives the number of
/// the last batch.
fn send(peer: &mut Peer, from: u64, to: u64) -> u32 {
    let (mut number, mut at) = (0_u32, from);
    while at < to {
        let next = (at + 100).min(to);
        number += 1;
        let settled = number.saturating_sub(FLIGHTS_MAX as u32 - 1);
        let sent = peer.send(number, &lines(at, next), next).is_ok();
        if !sent || (settled > 0 && peer.acknowledged(settled).is_err()) {
            break;
        }
        at = next;
    }
    number
}

fn catch_up(manager: &Manager, agent: &Enrolled, to: u64) {
    let mut peer = manager.session(agent);
    let from = peer.begin(SOURCE).expect("a position").unwrap_or(0);
    let last = send(&mut peer, from, to);
    peer.acknowledged(last).expect("an acknowledgement");
}

/// What `bartizan alerts --json` shows.
fn alerts(manager: &Manager, arguments: &[&str]) -> Vec<Value> {
    let home = manager.home.path().display().to_string();
    let all = [&["alerts", "--json", "--home", &home], arguments].concat();
    let shown = finish(&mut command(&all), b"");
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    shown.out.lines().map(|line| serde_json::from_str(line).expect("an alert")).collect()
}

fn logs(alerts: &[Value]) -> Vec<&str> {
    alerts.iter().filter_map(|alert| alert["full_log"].as_str()).collect()
}

#[test]
fn killed_again_and_again_the_store_misses_and_doubles_nothing() {
    const ALL: u64 = 24_000;
    let (mut manager, agent) = Manager::start("store_killed");
    for round in 0..6 {
        let mut peer = manager.session(&agent);
        let from = peer.begin(SOURCE).expect("a place").unwrap_or(0);
        let sender = std::thread::spawn(move || send(&mut peer, from, from + 4000));
        let file = manager.home.join("logs/alerts/alerts.log");
        let size = || std::fs::metadata(&file).map_or(0, |file| file.len());
        let before = size();
        manager.process().wait_for("alerts", |_| size() > before + 20_000 * round);
        manager.kill();
        sender.join().expect("the sender ends");
        manager.run();
    }
    catch_up(&manager, &agent, ALL);
    let shown = alerts(&manager, &["--agent", "first"]);
    assert!(logs(&shown) == lines(0, ALL), "missing or doubled");
    let seqs: Vec<_> = shown.iter().filter_map(|alert| alert["seq"].as_u64()).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "numbers grow");
    let found = alerts(&manager, &["--text", "eve 192.0.2.7 port 17"]);
    assert!(found.len() == 1 && logs(&found) == lines(17, 18), "{found:?}");
}

#[test]
fn what_happens_now_is_followed_and_found() {
    let (manager, _agent) = Manager::start("store_followed");
    let home = manager.home.path().display().to_string();
    let mut following = Running::start(&mut command(&["alerts", "-f", "--home", &home]));
    following.wait_for("a friendly word", |shown| shown.err().contains("there are no alerts yet"));
    let mut log = OpenOptions::new().append(true).open(manager.home.join("quiet.log")).expect("a log");
    for n in 0..3 {
        writeln!(log, "{}", lines(n, n + 1)[0]).expect("written");
        let end = format!("port {n} ssh2\n");
        following.wait_for("the alert", |shown| shown.out().ends_with(&end));
    }
    assert_eq!(following.out().matches("level").count(), 3, "{}", following.out());
    assert_eq!(logs(&alerts(&manager, &["-n", "2"])), lines(1, 3));
    assert_eq!(alerts(&manager, &["--srcip", "192.0.2.7", "--user", "eve", "--since", "1h"]).len(), 3);
    assert!(alerts(&manager, &["--until", "yesterday"]).is_empty());
    let table = finish(&mut command(&["alerts", "--csv", "--home", &home]), b"");
    assert_eq!(table.out.lines().count(), 4, "{}", table.out);
}

#[test]
fn a_wrong_time_is_said() {
    let shown = finish(&mut command(&["alerts", "--since", "soon", "--home", "."]), b"");
    assert_eq!(shown.code, Some(2));
    assert!(shown.err.contains("`soon` is no time"), "{}", shown.err);
}
