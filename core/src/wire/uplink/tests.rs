extern crate std;

use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::limits::{POSITION_MAX, WINDOW_MIN};
use crate::wire::batch::Record;
use crate::wire::message::CONTROL_MAX;

const HELLO: Hello<'_> =
    Hello { protocol: 1, incarnation: 3, version: "1", system: "s", hostname: "h", config: 0, wall_ms: 0 };

type Agent = Uplink<Vec<Slot>, Vec<u8>>;

fn agent() -> Agent {
    Uplink::new(vec![Slot::Free; 8], vec![0; 2048], vec![0; 100], 1, 5)
}

/// What a message to the agent told, as text.
fn tell(agent: &mut Agent, message: &ToAgent<'_>, now: u64) -> Vec<String> {
    let mut out = [0; 9000];
    let len = message.write(&mut out).unwrap();
    let mut told = Vec::new();
    agent.receive(&out[..len], Millis(now), &mut |event| told.push(format!("{event:?}")));
    told
}

/// What the agent says at this time, as text.
fn said(agent: &mut Agent, now: u64) -> Vec<String> {
    let mut said = Vec::new();
    let mut out = [0; CONTROL_MAX];
    while let Some(len) = agent.send(Millis(now), &|_| "name", &mut out).unwrap() {
        said.push(format!("{:?}", ToManager::read(&out[..len]).unwrap()));
    }
    said
}

fn connect(agent: &mut Agent, now: u64) {
    assert_eq!(agent.step(Millis(now)), Step::Connect(0));
    let mut out = [0; CONTROL_MAX];
    let len = agent.connected(&HELLO, Millis(now), &mut out).unwrap();
    assert_eq!(ToManager::read(&out[..len]), Ok(ToManager::Hello(HELLO)));
    tell(agent, &ToAgent::Welcome { name: "n", window: WINDOW_MIN as u32, wall_ms: 0 }, now);
}

/// An agent with source 1 placed.
fn placed(now: u64) -> Agent {
    let mut agent = agent();
    assert!(agent.open(1));
    connect(&mut agent, now);
    said(&mut agent, now);
    tell(&mut agent, &ToAgent::Place { index: 1, position: None }, now);
    agent
}

fn send(agent: &mut Agent, text: &[u8], position: &[u8], now: u64) -> Option<u32> {
    let mut memory = vec![0; 10_000];
    let mut batch = Batch::new(&mut memory, agent.room());
    batch.record(&Record { source: 1, queue: b'1', age_ms: 0, cut: 0, text }).ok()?;
    batch.position(1, position).ok()?;
    match ToManager::read(agent.seal(batch, Millis(now))?).unwrap() {
        ToManager::Batch { number, .. } => Some(number),
        _ => None,
    }
}

#[test]
fn a_source_is_named_and_sent_only_after_it_was_placed() {
    let mut agent = agent();
    assert!(agent.open(1) && !agent.open(1));
    assert!(agent.room() == Room::default() && said(&mut agent, 0).is_empty());
    connect(&mut agent, 0);
    assert_eq!(said(&mut agent, 0), ["Source { index: 1, name: \"name\" }"]);
    assert_eq!(send(&mut agent, b"x", b"p", 0), None, "the source is not placed");
    let told = tell(&mut agent, &ToAgent::Place { index: 1, position: Some(b"q") }, 0);
    assert_eq!(told, ["Place { index: 1, position: Some([113]) }"]);
    assert!(agent.is_placed(1) && said(&mut agent, 0).is_empty());
    assert_eq!(send(&mut agent, b"x", b"p", 0), Some(1));
    assert_eq!(send(&mut agent, b"x", b"p", 0), Some(2));
}

#[test]
fn an_acknowledgement_tells_the_positions_of_all_batches_up_to_it() {
    let mut agent = placed(0);
    for position in [b"a", b"b", b"c"] {
        send(&mut agent, b"x", position, 0).unwrap();
    }
    let told = tell(&mut agent, &ToAgent::Ack { number: 2 }, 0);
    assert_eq!(
        told,
        ["Acknowledged { index: 1, position: [97] }", "Acknowledged { index: 1, position: [98] }"]
    );
    assert!(tell(&mut agent, &ToAgent::Ack { number: 2 }, 0).is_empty());
    assert_eq!(tell(&mut agent, &ToAgent::Ack { number: 3 }, 0).len(), 1);
    assert_eq!(agent.unacknowledged(), 0);
}

#[test]
fn the_window_the_flights_and_the_memory_for_positions_are_never_exceeded() {
    let mut agent = placed(0);
    let room = agent.room();
    while let Some(number) = send(&mut agent, &[b'x'; 900], &[1; POSITION_MAX], 0) {
        assert!(number < 8, "2 KiB hold the positions of seven batches");
    }
    assert!(agent.unacknowledged() > 0);
    let last = agent.unacknowledged() as u32;
    tell(&mut agent, &ToAgent::Ack { number: last }, 0);
    assert_eq!(agent.room(), room);

    let mut agent = placed(0);
    let mut bodies = 0;
    while send(&mut agent, &[b'x'; 3000], b"", 0).is_some() {
        bodies += 3000;
    }
    assert!((5000..WINDOW_MIN).contains(&bodies));

    let mut agent = placed(0);
    while send(&mut agent, b"", b"", 0).is_some() {}
    assert_eq!(agent.unacknowledged(), FLIGHTS_MAX);
}

#[test]
fn an_index_gets_another_meaning_only_when_the_manager_knows() {
    let mut agent = agent();
    agent.open(1);
    connect(&mut agent, 0);
    said(&mut agent, 0);
    agent.close(1);
    assert!(!agent.open(1) && said(&mut agent, 0).is_empty(), "an answer is on its way");
    let told = tell(&mut agent, &ToAgent::Place { index: 1, position: None }, 0);
    assert!(told.is_empty() && !agent.open(1));
    assert_eq!(said(&mut agent, 0), ["Gone { index: 1 }"]);
    assert!(agent.open(1));
}

#[test]
fn positions_of_a_source_that_is_no_more_are_told_to_nobody() {
    let mut agent = placed(0);
    send(&mut agent, b"x", b"p", 0).unwrap();
    agent.close(1);
    assert_eq!(said(&mut agent, 0), ["Gone { index: 1 }"]);
    assert!(agent.open(1));
    assert!(tell(&mut agent, &ToAgent::Ack { number: 1 }, 0).is_empty());
}

#[test]
fn a_quiet_session_is_kept_alive() {
    let mut agent = placed(0);
    assert_eq!(agent.step(Millis(1)), Step::Wait(Millis(ALIVE_MS)));
    assert!(said(&mut agent, ALIVE_MS - 1).is_empty());
    assert_eq!(said(&mut agent, ALIVE_MS), ["Alive"]);
    assert!(said(&mut agent, ALIVE_MS).is_empty());
}

#[test]
fn a_silent_manager_is_left() {
    let mut agent = placed(1000);
    tell(&mut agent, &ToAgent::Alive, 2000);
    assert!(matches!(agent.step(Millis(1999 + SILENT_MS)), Step::Wait(_)));
    assert_eq!(agent.step(Millis(2000 + SILENT_MS)), Step::Disconnect(Reason::Silent));
    assert!(!agent.is_up() && matches!(agent.step(Millis(2000 + SILENT_MS)), Step::Wait(_)));
}

/// Speaks each ten seconds, answers nothing.
#[test]
fn a_manager_that_owes_an_answer_is_left() {
    let mut agent = placed(0);
    send(&mut agent, b"x", b"p", 0).unwrap();
    for second in (0..60).step_by(10) {
        tell(&mut agent, &ToAgent::Alive, second * 1000);
        assert!(matches!(agent.step(Millis(second * 1000)), Step::Wait(_)));
    }
    assert_eq!(agent.step(Millis(OWED_MS)), Step::Disconnect(Reason::Owing));

    let mut agent = placed(0);
    tell(&mut agent, &ToAgent::Alive, OWED_MS);
    assert!(matches!(agent.step(Millis(OWED_MS)), Step::Wait(_)), "nothing is owed");
}

#[test]
fn each_session_begins_with_number_one_and_asks_again() {
    let mut agent = placed(0);
    send(&mut agent, b"x", b"p", 0).unwrap();
    tell(&mut agent, &ToAgent::Ack { number: 1 }, 0);
    send(&mut agent, b"x", b"p", 0).unwrap();
    agent.lost(Millis(0));
    assert_eq!(agent.unacknowledged(), 0);
    connect(&mut agent, 60_000);
    assert!(!agent.is_placed(1));
    assert_eq!(said(&mut agent, 60_000), ["Source { index: 1, name: \"name\" }"]);
    tell(&mut agent, &ToAgent::Place { index: 1, position: None }, 60_000);
    assert_eq!(send(&mut agent, b"x", b"p", 60_000), Some(1));
}

#[test]
fn what_has_no_place_ends_the_session() {
    let wrong = [
        ToAgent::Ack { number: 1 },
        ToAgent::Place { index: 2, position: None },
        ToAgent::Place { index: 1, position: None },
        ToAgent::Place { index: 4000, position: None },
        ToAgent::Welcome { name: "n", window: 1 << 20, wall_ms: 0 },
        ToAgent::Enrolled { id: 1, name: "n" },
    ];
    for message in wrong {
        let mut agent = placed(0);
        assert!(tell(&mut agent, &message, 0).is_empty());
        assert_eq!(agent.step(Millis(0)), Step::Disconnect(Reason::Protocol), "{message:?}");
    }
    let mut agent = placed(0);
    agent.receive(b"\xFF", Millis(0), &mut |_| panic!("nothing is to be told"));
    assert_eq!(agent.step(Millis(0)), Step::Disconnect(Reason::Protocol));
}

#[test]
fn a_manager_that_grants_too_little_is_left() {
    let mut agent = agent();
    let _ = agent.step(Millis(0));
    agent.connected(&HELLO, Millis(0), &mut [0; CONTROL_MAX]).unwrap();
    tell(&mut agent, &ToAgent::Welcome { name: "n", window: WINDOW_MIN as u32 - 1, wall_ms: 0 }, 0);
    assert_eq!(agent.step(Millis(0)), Step::Disconnect(Reason::Protocol));
}

#[test]
fn a_session_that_is_ended_says_why() {
    let mut agent = placed(0);
    tell(&mut agent, &ToAgent::Closed { why: Why::Removed }, 0);
    assert_eq!(agent.step(Millis(0)), Step::Disconnect(Reason::Closed(Why::Removed)));
}

#[test]
fn a_configuration_is_put_together_and_answered() {
    let mut agent = placed(0);
    let part = |config, more, text| ToAgent::Configure { config, more, text };
    assert!(tell(&mut agent, &part(7, true, b"stale"), 0).is_empty());
    assert!(tell(&mut agent, &part(8, true, b"on"), 0).is_empty());
    let told = tell(&mut agent, &part(8, false, b"e"), 0);
    assert_eq!(told, ["Configuration { config: 8, text: [111, 110, 101] }"]);
    agent.applied(8);
    assert_eq!(said(&mut agent, 0), ["Applied { config: 8 }"]);
    agent.refused(9, &"ä".repeat(WHY_MAX));
    let said = said(&mut agent, 0);
    assert_eq!(said[0].matches('ä').count(), WHY_MAX / 2);
}

#[test]
fn a_configuration_that_is_too_long_is_refused() {
    let mut agent = placed(0);
    for more in [true, true, false] {
        let part = ToAgent::Configure { config: 7, more, text: &[b'x'; 40] };
        assert!(tell(&mut agent, &part, 0).is_empty());
    }
    assert!(said(&mut agent, 0)[0].starts_with("Refused { config: 7"));
    let whole = ToAgent::Configure { config: 7, more: false, text: b"short" };
    assert_eq!(tell(&mut agent, &whole, 0).len(), 1);
}

#[test]
fn a_connection_that_is_never_made_is_given_up() {
    let mut agent = agent();
    assert_eq!(agent.step(Millis(0)), Step::Connect(0));
    assert_eq!(agent.step(Millis(5)), Step::Wait(Millis(SILENT_MS)));
    assert_eq!(agent.step(Millis(SILENT_MS)), Step::Disconnect(Reason::Silent));
}
