//! Who is never blocked, whatever a manager orders: whoever is needed to
//! reach this machine, and to set it right again.
//!
//! The host builds a shield anew from what the system says at the moment: its
//! own addresses, gateways and DNS servers, the managers, where
//! administrators are logged in from, and what the configuration allows.
//! A range that holds one of these is refused, too. Where not everything is
//! known, because something cannot be read or there is too much of it,
//! nothing is blocked.
//!
//! The parsers of system files take any bytes; one pass over them is the work
//! they do.

use super::network::Network;
use crate::limits::SHIELD_MAX;

mod files;
pub mod sources;

/// Why an address is never blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarded {
    /// It is this machine's.
    Own,
    /// It is a gateway's.
    Gateway,
    /// It is a DNS server's.
    Dns,
    /// It is a manager's.
    Manager,
    /// An administrator is logged in from there.
    Session,
    /// It is on the allow list.
    AllowList,
    /// It is no address of another machine: loopback, multicast, broadcast.
    Special,
    /// Nobody can say: not all addresses that matter are known.
    Unknown,
}

impl Guarded {
    /// Whether it is known, and not only feared.
    pub fn is_certain(self) -> bool {
        self != Self::Unknown
    }

    /// The reason, for people.
    pub fn why(self) -> &'static str {
        match self {
            Self::Own => "it is this machine's own address",
            Self::Gateway => "it is the gateway",
            Self::Dns => "it is the DNS server",
            Self::Manager => "it is the manager",
            Self::Session => "an administrator is logged in from there",
            Self::AllowList => "it is on the allow list",
            Self::Special => "it is a loopback, unspecified, multicast or broadcast address",
            Self::Unknown => "not all addresses that must never be blocked are known",
        }
    }
}

/// What no address of another machine lies in, address and length.
const SPECIAL: [&str; 7] =
    ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255", "::", "::1", "ff00::/8"];

/// Who is never blocked.
#[derive(Clone, Debug)]
pub struct Shield {
    entries: heapless::Vec<(Network, Guarded), SHIELD_MAX>,
    is_whole: bool,
}

impl Default for Shield {
    fn default() -> Self {
        Self::new()
    }
}

impl Shield {
    /// A shield of what is special everywhere.
    pub fn new() -> Self {
        let mut shield = Self { entries: heapless::Vec::new(), is_whole: true };
        for special in SPECIAL {
            if let Some(network) = Network::parse(special) {
                shield.add(network, Guarded::Special);
            }
        }
        shield
    }

    /// Guards an address or a range. Where there is no room for it,
    /// everything is refused from now on.
    pub fn add(&mut self, network: Network, guarded: Guarded) {
        let is_there = |(known, _): &(Network, Guarded)| {
            known.length() <= network.length() && known.contains(network.address())
        };
        if !self.entries.iter().any(is_there) && self.entries.push((network, guarded)).is_err() {
            self.is_whole = false;
        }
    }

    /// Something could not be read: everything is refused from now on.
    pub fn lacks(&mut self) {
        self.is_whole = false;
    }

    /// Why a network must not be blocked, if so: it has an address in common
    /// with one that is guarded.
    pub fn refuses(&self, network: &Network) -> Option<Guarded> {
        let found = self.entries.iter().find(|(guarded, _)| guarded.overlaps(network));
        found.map(|(_, why)| *why).or((!self.is_whole).then_some(Guarded::Unknown))
    }
}

#[cfg(test)]
mod tests;
