//! Dropping packets by nftables.
//!
//! Everything is in the table `inet bartizan`, which nothing else touches.
//! For each length of prefix there is a set, and a chain that looks up so many
//! bits of the source's address in it. So ranges that overlap do not disturb
//! each other: in one set of intervals the second of them would be an error,
//! and undoing it would open the first.
//!
//! A chain sees packets before anything else does (`prerouting`, priority of
//! `raw`), whether they are for this machine or pass through it.
//!
//! The chain `whole` is empty and called by nobody. It is made when the first
//! address is: while it is there, nobody has emptied the table.
//!
//! Each script is one transaction. It makes sure of table, set and chain; and it adds, deletes and
//! adds each address, which sets its time anew and works whether it was there
//! or not.

use super::network::Network;
use super::slot::{ADDING, Batch};
use super::text::Text;
use crate::time::Millis;
use core::net::IpAddr;

/// The bits of an address that count.
fn mask(network: &Network) -> Option<IpAddr> {
    let ones = match network.address() {
        IpAddr::V4(_) => IpAddr::from([255; 4]),
        IpAddr::V6(_) => IpAddr::from([255; 16]),
    };
    Network::new(ones, network.length()).map(|mask| mask.address())
}

/// Empties the whole table.
pub(super) fn clear(text: &mut Text<'_>) {
    text.add("add table inet bartizan\ndelete table inet bartizan\n");
}

/// The name of set and chain for networks like this one.
fn name(text: &mut Text<'_>, network: &Network) {
    let is_v4 = network.address().is_ipv4();
    if network.is_single() {
        text.add(if is_v4 { "address4" } else { "address6" });
    } else {
        text.add(if is_v4 { "network4_" } else { "network6_" });
        text.number(network.length().into());
    }
}

/// What sees to it that a set is there and works.
fn head(text: &mut Text<'_>, network: &Network) {
    let (family, kind) = if network.address().is_ipv4() { ("ip", "ipv4_addr") } else { ("ip6", "ipv6_addr") };
    text.add("add table inet bartizan\nadd set inet bartizan ");
    name(text, network);
    text.add(" { type ");
    text.add(kind);
    text.add("; flags timeout; }\nadd chain inet bartizan ");
    name(text, network);
    text.add(" { type filter hook prerouting priority -300; policy accept; }\nflush chain inet bartizan ");
    name(text, network);
    text.add("\nadd rule inet bartizan ");
    name(text, network);
    text.add(" ");
    text.add(family);
    text.add(" saddr ");
    if let Some(mask) = mask(network).filter(|_| !network.is_single()) {
        text.add("& ");
        text.address(mask);
        text.add(" ");
    }
    text.add("@");
    name(text, network);
    text.add(" drop\n");
}

/// Adds a command about all addresses of a job.
fn elements(text: &mut Text<'_>, command: &str, network: &Network, batch: Batch<'_>, time: Option<Millis>) {
    text.add(command);
    text.add(" element inet bartizan ");
    name(text, network);
    let mut before = " { ";
    for (slot, network) in batch.networks() {
        if time.is_none() || slot.has(ADDING) {
            text.add(before);
            text.address(network.address());
            before = ", ";
            if let Some(timeout) = time.and_then(|now| slot.timeout_s(now)) {
                text.add(" timeout ");
                text.number(timeout);
                text.add("s");
            }
        }
    }
    text.add(" }\n");
}

/// Fails if anybody has emptied the packet filter since the table was begun.
/// It costs the same, however much stands there.
pub(super) fn ask(text: &mut Text<'_>) {
    text.add("flush chain inet bartizan whole\n");
}

/// Writes the script of a job. `begins`: nothing of the table is in force yet.
pub(super) fn write(text: &mut Text<'_>, batch: Batch<'_>, now: Millis, begins: bool) {
    let Some((_, first)) = batch.networks().next() else { return };
    head(text, &first);
    if begins {
        text.add("add chain inet bartizan whole\n");
    }
    elements(text, "add", &first, batch, None);
    elements(text, "delete", &first, batch, None);
    if batch.networks().any(|(slot, _)| slot.has(ADDING)) {
        elements(text, "add", &first, batch, Some(now));
    }
}
