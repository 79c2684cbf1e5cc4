//! What a session promises.

use crate::{SOURCE, catch_up, lines, send};
use bartizan_core::wire::message::{ToAgent, Why};
use bartizan_tests::manager::Manager;

#[test]
fn what_is_acknowledged_is_in_the_archive_and_raises_alerts() {
    let (manager, agent) = Manager::start("acknowledged");
    let mut peer = manager.session(&agent);
    assert_eq!(peer.begin(SOURCE).expect("a place"), None, "nothing is known of the source");
    let attack: Vec<_> = (0..10)
        .map(|n| {
            format!("Nov 21 10:00:0{n} gate sshd[7]: Failed password for root from 192.0.2.66 port 4{n} ssh2")
        })
        .collect();
    peer.send(1, &attack, 10).expect("sent");
    peer.acknowledged(1).expect("an acknowledgement");
    let archived = manager.archived(SOURCE);
    assert_eq!(archived, attack);
    let alerts = manager.log("alerts/alerts.log");
    assert!(alerts.contains("(first) 127.0.0.1->/var/log/test"), "{alerts}");
    assert!(alerts.contains("192.0.2.66"), "{alerts}");
    assert!(alerts.contains("Agent started: 'first->127.0.0.1'"), "{alerts}");
}

#[test]
fn the_next_session_goes_on_where_the_last_one_was_acknowledged() {
    let (manager, agent) = Manager::start("goes_on");
    catch_up(&manager, &agent, 250);
    catch_up(&manager, &agent, 1000);
    assert_eq!(manager.archived(SOURCE), lines(0, 1000));
}

#[test]
fn a_session_that_breaks_at_once_loses_and_doubles_nothing() {
    let (manager, agent) = Manager::start("breaks");
    for _ in 0..20 {
        let mut peer = manager.session(&agent);
        let from = peer.begin(SOURCE).expect("a place").unwrap_or(0);
        // Nobody waits for an acknowledgement.
        send(&mut peer, from, 20_000);
    }
    catch_up(&manager, &agent, 20_000);
    assert_eq!(manager.archived(SOURCE), lines(0, 20_000));
}

#[test]
fn a_newer_session_of_the_same_agent_ends_the_older_one() {
    let (manager, agent) = Manager::start("newer");
    let mut older = manager.session(&agent);
    older.begin(SOURCE).expect("a place");
    send(&mut older, 0, 5000);
    catch_up(&manager, &agent, 5000);
    let why = loop {
        match older.hear(|message| match message {
            ToAgent::Closed { why } => Some(why),
            _ => None,
        }) {
            Ok(None) => {}
            Ok(Some(why)) => break Some(why),
            Err(_) => break None,
        }
    };
    assert!(why.is_none_or(|why| why == Why::Replaced), "{why:?}");
    assert_eq!(manager.archived(SOURCE), lines(0, 5000));
}

#[test]
fn two_processes_with_one_key_are_noticed() {
    let (mut manager, agent) = Manager::start("two");
    for incarnation in [1, 2, 1] {
        manager.session(&agent).greet(incarnation).expect("a welcome");
    }
    let said = |manager: &Manager| manager.log("alerts/alerts.log").contains("Agent duplicated: 'first'");
    let log = manager.home.join("logs/alerts/alerts.log");
    manager.process().wait_for("an alert about the copied key", |_| {
        std::fs::read_to_string(&log).is_ok_and(|text| text.contains("Agent duplicated: 'first'"))
    });
    assert!(said(&manager));
}
