//! What must be confirmed, and what history says of it.

use crate::town::{Town, Watch, address, wait_for, wait_within};
use serde_json::Value;
use std::time::{Duration, Instant};

const CONFIGURATION: &str = "<active-response><command>block</command><location>local</location>\
    <rules_id>5716</rules_id><timeout>600</timeout><confirm>1</confirm></active-response>";

/// A minute is the least that can be configured.
const MINUTE: Duration = Duration::from_secs(60);

/// The row about an attacker.
fn row(watch: &Watch, attacker: u8) -> Value {
    let ask = format!(r#"{{"ask":"history","ip":"{}"}}"#, address(attacker));
    watch.rows(&ask).first().cloned().unwrap_or_default()
}

#[test]
fn who_is_not_confirmed_is_let_in_and_who_is_stays_out() {
    let Some(town) = Town::enter() else { return };
    let watch = Watch::start("confirm", CONFIGURATION);
    let begun = Instant::now();
    for attacker in [0, 1] {
        watch.attack(address(attacker));
        wait_for("block", || row(&watch, attacker)["state"] == "done");
        assert!(!town.answers(attacker), "it is blocked before anybody has said so");
    }
    assert_eq!(watch.respond("list").out.matches("confirm by").count(), 2);
    let [left, confirmed] = [0, 1].map(|attacker| row(&watch, attacker));
    let said = watch.respond(&format!("confirm {}", confirmed["id"]));
    assert_eq!((said.code, said.out), (Some(0), format!("response {} stays\n", confirmed["id"])));
    let again = watch.respond(&format!("confirm {}", confirmed["id"]));
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("waits for no confirmation: it is done"), "{}", again.err);
    wait_within(2 * MINUTE, "end of the minute", || row(&watch, 0)["state"] == "expired");
    assert!(begun.elapsed() >= MINUTE, "not before its time: {:?}", begun.elapsed());
    assert!(town.answers(0), "nobody has confirmed it");
    assert!(!town.answers(1), "it was confirmed");
    assert_eq!(row(&watch, 1)["state"], "done");
    let late = watch.respond(&format!("confirm {}", left["id"]));
    assert_eq!(late.code, Some(1));
    assert!(late.err.contains("waits for no confirmation: it is expired"), "{}", late.err);
    assert_eq!(watch.respond("list").out.matches("confirm by").count(), 0);
}

#[test]
fn history_is_asked_by_state_address_agent_time_and_number() {
    let Some(_town) = Town::enter() else { return };
    let mut watch = Watch::start("history", "");
    for (words, state) in [
        ("run block --agent gate --ip 10.77.0.10 --for 2s", "expired"),
        ("run block --agent gate --ip 10.77.0.11", "done"),
        ("run null-route --agent server --ip 10.77.0.12", "done"),
        ("run block --agent gate --ip 10.77.0.1", "refused"),
    ] {
        watch.respond(words);
        watch.wait_for_state(state);
    }
    let found = |words: &str| -> Vec<String> {
        let answer = watch.respond(&format!("history --json {words}"));
        assert_eq!(answer.code, Some(0), "{words}: {}", answer.err);
        let row = |line: &str| serde_json::from_str::<Value>(line).expect("a row is JSON")["ip"].clone();
        let of =
            |lines: &str| lines.lines().map(|line| row(line).as_str().unwrap_or("-").to_owned()).collect();
        if answer.out.starts_with("the history has nothing") { Vec::new() } else { of(&answer.out) }
    };
    let [first, second, third, own] = ["10.77.0.10", "10.77.0.11", "10.77.0.12", "10.77.0.1"];
    for (words, expected) in [
        ("", &[own, third, second, first][..]),
        ("--state done", &[third, second]),
        ("--state refused", &[own]),
        ("--state expired", &[first]),
        ("--state dry-run", &[]),
        ("--agent server", &[third]),
        ("--agent gate --state done", &[second]),
        ("--agent 2 --state done", &[second]),
        ("--ip 10.77.0.12", &[third]),
        ("--ip ::ffff:10.77.0.12", &[third]),
        ("--ip 10.77.0.8/29", &[third, second, first]),
        ("--response null-route", &[third]),
        ("--since 1h -n 2", &[own, third]),
    ] {
        assert_eq!(found(words), expected, "{words}");
    }
    for (words, why) in [
        ("--state blocked", "there is no state `blocked`; there are"),
        ("--ip nobody", "`nobody` is no address or range"),
        ("--agent moon", "there is no agent `moon`"),
    ] {
        let refused = watch.respond(&format!("history {words}"));
        assert_eq!(refused.code, Some(2), "{words}: {}", refused.out);
        assert!(refused.err.contains(why), "{words}: {}", refused.err);
    }
}
