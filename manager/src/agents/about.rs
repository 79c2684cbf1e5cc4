//! What the manager says about agents, as events of its own: rules read them
//! like any log.

use std::fmt::Display;
use std::net::SocketAddr;

/// How alerts show where something of an agent comes from (OSSEC 4.3).
pub fn location(name: &str, address: impl Display, source: &str) -> String {
    format!("({name}) {address}->{source}")
}

pub(super) fn started(name: &str, address: SocketAddr) -> String {
    // OSSEC 4.3 writes it so.
    format!("ossec: Agent started: '{name}->{}'.", address.ip())
}

pub(super) fn disconnected(name: &str, address: &str) -> String {
    // OSSEC 4.3 writes it so.
    format!("ossec: Agent disconnected: '{name}-{address}'.")
}

pub(super) fn connected_again(name: &str, address: SocketAddr, away_s: i64) -> String {
    format!("ossec: Agent connected again: '{name}->{}', after {away_s} s.", address.ip())
}

pub(super) fn duplicated(name: &str, address: SocketAddr) -> String {
    format!("ossec: Agent duplicated: '{name}': another one with its key came from {}.", address.ip())
}

/// `ahead_s` seconds ahead of the manager, or behind if negative.
pub(super) fn clock_differs(name: &str, ahead_s: i64) -> String {
    let (seconds, way) = (ahead_s.unsigned_abs(), if ahead_s < 0 { "behind" } else { "ahead" });
    format!("ossec: Agent clock differs: '{name}' is {seconds} s {way}.")
}

pub(super) fn source_silent(source: &str, silent_s: i64) -> String {
    format!("ossec: Source silent: '{source}' for {silent_s} s.")
}

pub(super) fn source_heard(source: &str, silent_s: i64) -> String {
    format!("ossec: Source heard again: '{source}' after {silent_s} s.")
}

pub(super) fn refused_configuration(name: &str, why: &str) -> String {
    format!("ossec: Agent refused its configuration: '{name}': {why}")
}
