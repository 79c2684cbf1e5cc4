//! A real manager process, and agents that say and hear every message
//! themselves.

mod control;
mod enrolment;
mod hostile;
mod kills;
mod sessions;
mod together;

use bartizan_core::limits::FLIGHTS_MAX;
use bartizan_tests::manager::{Enrolled, Manager};
use bartizan_tests::peer::Peer;

/// The source of these agents.
const SOURCE: &str = "/var/log/test";

/// Lines `from..to` of an endless log.
fn lines(from: u64, to: u64) -> Vec<String> {
    (from..to).map(|n| format!("Nov 21 10:00:00 gate app[1]: line {n}")).collect()
}

/// Sends what is missing up to line `to`, in batches of 100, and waits until
/// all of it is acknowledged.
fn catch_up(manager: &Manager, agent: &Enrolled, to: u64) {
    let mut peer = manager.session(agent);
    let from = peer.begin(SOURCE).expect("a position").unwrap_or(0);
    let last = send(&mut peer, from, to);
    peer.acknowledged(last).expect("an acknowledgement");
}

/// Sends lines in batches of 100; gives the number of the last batch.
fn send(peer: &mut Peer, from: u64, to: u64) -> u32 {
    let mut number = 0;
    let mut at = from;
    while at < to {
        let next = (at + 100).min(to);
        number += 1;
        if peer.send(number, &lines(at, next), next).is_err() {
            break;
        }
        // As many as a manager allows may be on their way.
        let settled = number.saturating_sub(FLIGHTS_MAX as u32 - 1);
        if settled > 0 && peer.acknowledged(settled).is_err() {
            break;
        }
        at = next;
    }
    number
}
