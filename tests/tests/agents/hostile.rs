//! Agents, and others, that mean ill.

use crate::{SOURCE, catch_up, lines};
use bartizan_core::wire::message::{ToAgent, Why};
use bartizan_tests::manager::Manager;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

#[test]
fn rubbish_before_the_handshake_disturbs_nobody() {
    let (manager, agent) = Manager::start("rubbish");
    let mut others: Vec<_> =
        (0..200).map(|_| TcpStream::connect(manager.address).expect("a connection")).collect();
    for (n, other) in others.iter_mut().enumerate() {
        let rubbish: Vec<u8> = (0..n * 331).map(|at| (at * 7 + n) as u8).collect();
        let _ = other.write_all(&rubbish);
    }
    catch_up(&manager, &agent, 500);
    assert_eq!(manager.archived(SOURCE), lines(0, 500));
    let mut last = TcpStream::connect(manager.address).expect("a connection");
    last.write_all(&[0, 48, 1, 2]).expect("sent");
    last.write_all(&[7; 46]).expect("sent");
    last.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
    assert_eq!(last.read(&mut [0; 16]).unwrap_or(0), 0, "nothing is answered");
}

#[test]
fn a_session_that_breaks_the_protocol_is_closed_and_can_come_again() {
    let (manager, agent) = Manager::start("breaks_protocol");
    let batches: [&[u8]; 4] = [b"", b"\xff\xff\xff", b"\x03\x05\x01\x00", b"\x03\x01\x04\x00\x09\x31\x00"];
    for bytes in batches {
        let mut peer = manager.session(&agent);
        peer.begin(SOURCE).expect("a place");
        peer.say_bytes(bytes).expect("sent");
        let answer = peer.hear(|answer| matches!(answer, ToAgent::Closed { why: Why::Protocol }));
        assert!(answer.is_ok_and(|closed| closed), "{bytes:?} is no message");
    }
    catch_up(&manager, &agent, 100);
    assert_eq!(manager.archived(SOURCE), lines(0, 100));
}

#[test]
fn a_batch_of_thousands_of_tiny_records_is_taken_in_steps() {
    let (mut manager, agent) = Manager::start("tiny");
    let mut peer = manager.session(&agent);
    peer.begin(SOURCE).expect("a place");
    for number in 1..=30 {
        peer.send(number, &vec!["x".to_owned(); 6000], u64::from(number)).expect("sent");
        peer.acknowledged(number.saturating_sub(10)).expect("acknowledged");
    }
    peer.acknowledged(30).expect("acknowledged");
    assert_eq!(manager.archived(SOURCE).len(), 30 * 6000);
    let memory = manager.process().peak_memory_mib();
    assert!(memory < 100, "{memory} MiB");
}
