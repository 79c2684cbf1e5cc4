extern crate std;

use std::vec;
use std::vec::Vec;

use super::*;
use crate::limits::BATCH_MAX;
use crate::wire::batch::{Batch, Room};
use crate::wire::message::TO_AGENT_MAX;

type Manager = Downlink<Vec<Slot>>;

const HELLO: Hello<'_> =
    Hello { protocol: 1, incarnation: 3, version: "1", system: "s", hostname: "h", config: 0, wall_ms: 0 };

fn bytes(message: &ToManager<'_>) -> Vec<u8> {
    let mut out = vec![0; BATCH_MAX];
    let len = message.write(&mut out).unwrap();
    out[..len].to_vec()
}

fn receive(manager: &mut Manager, message: &ToManager<'_>) -> Result<(), Fault> {
    manager.receive(&bytes(message), Millis(0)).map(drop)
}

fn connect(manager: &mut Manager) {
    manager.connected(Millis(0));
    receive(manager, &ToManager::Hello(HELLO)).unwrap();
    manager.welcome("n", WINDOW_MIN as u32, 0, Millis(0), &mut [0; 100]).unwrap();
}

/// A session with source 1 placed.
fn placed() -> Manager {
    let mut manager = Downlink::new(vec![Slot::Free; 4]);
    connect(&mut manager);
    place(&mut manager, 1);
    manager
}

fn place(manager: &mut Manager, index: u16) {
    receive(manager, &ToManager::Source { index, name: "a" }).unwrap();
    assert_eq!(manager.wanted(), Some(index));
    manager.place(index, Some(b"p"), Millis(0), &mut [0; 100]).unwrap();
    assert_eq!(manager.wanted(), None);
}

fn body(source: u16, len: usize) -> Vec<u8> {
    let mut memory = vec![0; BATCH_MAX];
    let mut batch = Batch::new(&mut memory, Room { body: BATCH_MAX, positions: 1000 });
    batch.record(&Record { source, queue: b'1', age_ms: 0, cut: 0, text: &vec![b'x'; len] }).unwrap();
    batch.body().to_vec()
}

fn batch(manager: &mut Manager, number: u32, source: u16, len: usize) -> Result<Ticket, Fault> {
    let message = bytes(&ToManager::Batch { number, body: &body(source, len) });
    match manager.receive(&message, Millis(0))? {
        Received::Batch { ticket, .. } => Ok(ticket),
        other => panic!("{other:?}"),
    }
}

fn said(manager: &mut Manager, now: u64, configuration: &[u8]) -> Vec<Vec<u8>> {
    let mut said = Vec::new();
    let mut out = [0; TO_AGENT_MAX];
    while let Some(len) = manager.send(Millis(now), configuration, &mut out).unwrap() {
        said.push(out[..len].to_vec());
    }
    said
}

#[test]
fn nothing_is_acknowledged_before_it_is_committed() {
    let mut manager = placed();
    let tickets: Vec<_> = (1..=3).map(|number| batch(&mut manager, number, 1, 10).unwrap()).collect();
    assert!(said(&mut manager, 0, b"").is_empty());
    manager.settled(tickets[0], Outcome::Committed);
    manager.settled(tickets[1], Outcome::Committed);
    let acknowledged = said(&mut manager, 0, b"");
    assert_eq!(acknowledged.len(), 1);
    assert_eq!(ToAgent::read(&acknowledged[0]), Ok(ToAgent::Ack { number: 2 }));
    assert_eq!(manager.unsettled(), 1);
}

#[test]
fn after_a_break_no_position_is_told_before_earlier_batches_are_settled() {
    let mut manager = placed();
    let first = batch(&mut manager, 1, 1, 10).unwrap();
    let second = batch(&mut manager, 2, 1, 10).unwrap();
    connect(&mut manager);
    receive(&mut manager, &ToManager::Source { index: 1, name: "a" }).unwrap();
    assert_eq!(manager.wanted(), None);
    manager.settled(first, Outcome::Committed);
    assert_eq!(manager.wanted(), None);
    manager.settled(second, Outcome::Dropped);
    assert_eq!(manager.wanted(), Some(1));
    assert!(said(&mut manager, 0, b"").is_empty(), "numbers of the earlier connection mean nothing");
}

#[test]
fn a_source_that_comes_again_waits_for_its_own_batches() {
    let mut manager = placed();
    let ticket = batch(&mut manager, 1, 1, 10).unwrap();
    receive(&mut manager, &ToManager::Gone { index: 1 }).unwrap();
    receive(&mut manager, &ToManager::Source { index: 2, name: "a" }).unwrap();
    assert_eq!(manager.wanted(), None);
    manager.settled(ticket, Outcome::Committed);
    assert_eq!(manager.wanted(), Some(2));
}

#[test]
fn a_dropped_batch_ends_the_connection_and_is_never_acknowledged() {
    let mut manager = placed();
    let first = batch(&mut manager, 1, 1, 10).unwrap();
    let second = batch(&mut manager, 2, 1, 10).unwrap();
    manager.settled(first, Outcome::Dropped);
    assert_eq!(manager.step(Millis(0)), Step::Disconnect);
    manager.settled(second, Outcome::Dropped);
    assert!(said(&mut manager, 0, b"").is_empty());
    manager.disconnected();
    assert_eq!(manager.unsettled(), 0);
}

#[test]
fn batches_settled_out_of_order_are_not_acknowledged() {
    let mut manager = placed();
    batch(&mut manager, 1, 1, 10).unwrap();
    let second = batch(&mut manager, 2, 1, 10).unwrap();
    manager.settled(second, Outcome::Committed);
    assert!(said(&mut manager, 0, b"").is_empty());
    assert_eq!(manager.step(Millis(0)), Step::Disconnect);
}

#[test]
fn an_agent_that_breaks_the_protocol_is_found_out() {
    let cases: [(ToManager<'_>, Fault); 9] = [
        (ToManager::Hello(HELLO), Fault::Unexpected),
        (ToManager::Enrol { secret: [0; 16], name: "", system: "" }, Fault::Unexpected),
        (ToManager::Batch { number: 2, body: &body(1, 1) }, Fault::Number),
        (ToManager::Batch { number: 1, body: &body(2, 1) }, Fault::Source),
        (ToManager::Batch { number: 1, body: b"" }, Fault::Window),
        (ToManager::Batch { number: 1, body: b"\xFF" }, Fault::Message(MessageError::Malformed)),
        (ToManager::Source { index: 1, name: "b" }, Fault::Source),
        (ToManager::Source { index: 4, name: "b" }, Fault::Source),
        (ToManager::Gone { index: 3 }, Fault::Source),
    ];
    for (message, fault) in cases {
        let mut manager = placed();
        assert_eq!(receive(&mut manager, &message), Err(fault));
        assert_eq!(manager.step(Millis(0)), Step::Disconnect);
        assert_eq!(receive(&mut manager, &ToManager::Alive), Err(Fault::Unexpected));
    }
    let mut manager = Downlink::new(vec![Slot::Free; 4]);
    manager.connected(Millis(0));
    let later = ToManager::Hello(Hello { protocol: 2, ..HELLO });
    assert_eq!(receive(&mut manager, &later), Err(Fault::Version(2)));
}

#[test]
fn a_source_is_not_taken_before_it_was_placed() {
    let mut manager = placed();
    receive(&mut manager, &ToManager::Source { index: 2, name: "b" }).unwrap();
    assert_eq!(batch(&mut manager, 1, 2, 10), Err(Fault::Source));
}

#[test]
fn the_window_holds_for_a_hostile_agent() {
    let mut manager = placed();
    for number in 1..=10 {
        let ticket = batch(&mut manager, number, 1, 6000).unwrap();
        manager.settled(ticket, Outcome::Committed);
    }
    assert_eq!(batch(&mut manager, 11, 1, 6000), Err(Fault::Window), "it was not told that there is room");

    let mut manager = placed();
    for number in 1..=FLIGHTS_MAX as u32 {
        batch(&mut manager, number, 1, 0).unwrap();
    }
    assert_eq!(batch(&mut manager, FLIGHTS_MAX as u32 + 1, 1, 0), Err(Fault::Window));
}

#[test]
fn a_silent_agent_is_given_up_and_a_quiet_one_kept() {
    let mut manager = placed();
    assert_eq!(manager.step(Millis(0)), Step::Wait(Millis(ALIVE_MS)));
    assert_eq!(said(&mut manager, ALIVE_MS, b"").len(), 1);
    assert_eq!(manager.step(Millis(SILENT_MS)), Step::Disconnect);
}

#[test]
fn a_configuration_is_pushed_in_parts() {
    let text: Vec<u8> = (0..20_000u32).map(|at| at as u8).collect();
    for len in [0, 1, CONFIGURATION_PART_MAX, CONFIGURATION_PART_MAX + 1, 20_000] {
        let mut manager = placed();
        manager.configure(9);
        let (mut whole, mut is_last) = (Vec::new(), false);
        for message in said(&mut manager, 0, &text[..len]) {
            let ToAgent::Configure { config: 9, more, text } = ToAgent::read(&message).unwrap() else {
                panic!()
            };
            assert!(!is_last);
            whole.extend_from_slice(text);
            is_last = !more;
        }
        assert!(is_last && whole == text[..len], "{len} bytes");
    }
}
