//! The control socket.

use crate::SOURCE;
use bartizan_core::wire::message::{ToAgent, Why};
use bartizan_tests::manager::Manager;
use bartizan_tests::process::{command, finish};

#[test]
fn says_who_is_connected() {
    let (manager, agent) = Manager::start("connected");
    let mut peer = manager.session(&agent);
    peer.begin(SOURCE).expect("a place");
    let agents = manager.ask(r#"{"ask":"agents"}"#);
    assert_eq!(agents["agents"][0]["name"], "first", "{agents}");
    let status = manager.ask(r#"{"ask":"status"}"#);
    assert_eq!(status["agents"]["connected"], 1, "{status}");
    let wrong = manager.ask(r#"{"ask":"everything"}"#);
    assert_eq!(wrong["ok"], false);
    assert!(wrong["error"].as_str().is_some_and(|why| why.contains("everything")), "{wrong}");
}

#[test]
fn a_removed_agent_is_sent_away_at_once() {
    let (manager, agent) = Manager::start("removed");
    let mut peer = manager.session(&agent);
    peer.begin(SOURCE).expect("a place");
    let home = manager.home.path().display().to_string();
    let removed = finish(&mut command(&["agents", "--home", &home, "remove", "first"]), b"");
    assert_eq!(removed.code, Some(0), "{}", removed.err);
    peer.hear(|answer| assert_eq!(answer, ToAgent::Closed { why: Why::Removed })).expect("an answer");
}
