//! Dropping packets by ipset and iptables.
//!
//! The sets are `bartizan4` and `bartizan6` for addresses, `bartizan4n` and
//! `bartizan6n` for ranges. Each line of a script can be repeated
//! (`ipset -exist restore`): it makes sure of the set, sets an address's time
//! anew, or takes it out whether it is there or not.

use super::network::Network;
use super::slot::{ADDING, Batch};
use super::text::Text;
use crate::time::Millis;

/// The rules that make the sets work: each is checked for with `-C` and, if
/// that fails, inserted with `-I`, both in front of these arguments:
/// `iptables -w -C INPUT -m set …`. A program that is not there has nothing
/// to drop.
pub const RULES: [Rule; 8] = [
    Rule::new("iptables", "INPUT", "bartizan4"),
    Rule::new("iptables", "FORWARD", "bartizan4"),
    Rule::new("iptables", "INPUT", "bartizan4n"),
    Rule::new("iptables", "FORWARD", "bartizan4n"),
    Rule::new("ip6tables", "INPUT", "bartizan6"),
    Rule::new("ip6tables", "FORWARD", "bartizan6"),
    Rule::new("ip6tables", "INPUT", "bartizan6n"),
    Rule::new("ip6tables", "FORWARD", "bartizan6n"),
];

/// A rule of iptables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The program.
    pub program: &'static str,
    /// What stands behind `-C` or `-I`.
    pub arguments: [&'static str; 8],
}

impl Rule {
    const fn new(program: &'static str, chain: &'static str, set: &'static str) -> Self {
        Self { program, arguments: [chain, "-m", "set", "--match-set", set, "src", "-j", "DROP"] }
    }
}

fn name(text: &mut Text<'_>, network: &Network) {
    text.add(if network.address().is_ipv4() { "bartizan4" } else { "bartizan6" });
    text.add(if network.is_single() { "" } else { "n" });
}

fn create(text: &mut Text<'_>, network: &Network) {
    text.add("create ");
    name(text, network);
    text.add(if network.is_single() { " hash:ip" } else { " hash:net" });
    text.add(if network.address().is_ipv4() { " family inet" } else { " family inet6" });
    text.add(" timeout 0 maxelem 65536\n");
}

/// Empties the sets of IPv4, or those of IPv6: a machine may have only one of
/// them.
pub(super) fn clear(text: &mut Text<'_>, is_v4: bool) {
    let examples = if is_v4 { ["0.0.0.0", "0.0.0.0/1"] } else { ["::", "::/1"] };
    for network in examples.into_iter().filter_map(Network::parse) {
        create(text, &network);
        text.add("flush ");
        name(text, &network);
        text.add("\n");
    }
}

/// Makes sure of all sets that some networks are in: of these, the [`RULES`]
/// must be there.
pub(super) fn ask(text: &mut Text<'_>, networks: impl Iterator<Item = Network>) {
    let mut has = [false; 4];
    for network in networks {
        let set = usize::from(network.address().is_ipv4()) * 2 + usize::from(network.is_single());
        if has.get_mut(set).is_some_and(|has| !core::mem::replace(has, true)) {
            create(text, &network);
        }
    }
}

/// Writes the script of a job.
pub(super) fn write(text: &mut Text<'_>, batch: Batch<'_>, now: Millis) {
    for (at, (slot, network)) in batch.networks().enumerate() {
        if at == 0 {
            create(text, &network);
        }
        text.add(if slot.has(ADDING) { "add " } else { "del " });
        name(text, &network);
        text.add(" ");
        text.network(&network);
        if slot.has(ADDING) {
            text.add(" timeout ");
            text.number(slot.timeout_s(now).unwrap_or(0));
        }
        text.add("\n");
    }
}
