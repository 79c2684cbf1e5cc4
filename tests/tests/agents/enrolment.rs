//! Tokens and keys.

use bartizan_core::wire::message::{ToAgent, ToManager, Why};
use bartizan_core::wire::token::{TOKEN_BYTES_MAX, Token};
use bartizan_tests::manager::Manager;
use bartizan_tests::peer::{Peer, hello, keys};

#[test]
fn a_token_is_good_for_one_agent() {
    let (manager, first) = Manager::start("token");
    let text = manager.add("second");
    let second = manager.enrol(&text);
    // The same agent may not have heard the answer.
    let mut memory = [0; TOKEN_BYTES_MAX];
    let token = Token::read(&text, &mut memory).expect("a token");
    assert_eq!(token.key, first.manager);
    let enrol = |own| {
        let mut peer = Peer::enrolment(manager.address, &token.key, own).expect("a connection");
        peer.say(&ToManager::Enrol { secret: token.secret, name: "", system: "" }).expect("said");
        peer.hear(|answer| matches!(answer, ToAgent::Enrolled { .. })).expect("an answer")
    };
    assert!(enrol(&second.own), "the agent that has it may ask again");
    assert!(!enrol(&keys()), "another one may not");
}

#[test]
fn a_key_that_nobody_has_added_is_told_so() {
    let (manager, first) = Manager::start("unknown");
    let mut peer = Peer::session(manager.address, &first.manager, &keys()).expect("a handshake");
    let _ = peer.say(&ToManager::Hello(hello(1)));
    peer.hear(|answer| assert_eq!(answer, ToAgent::Closed { why: Why::NotKnown })).expect("an answer");
}

#[test]
fn somebody_who_does_not_know_the_managers_key_hears_nothing() {
    let (manager, first) = Manager::start("stranger");
    let other = keys();
    assert!(Peer::session(manager.address, &other.public, &first.own).is_err());
}
