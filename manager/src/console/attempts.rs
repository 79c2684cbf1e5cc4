//! Who has tried too often to log in.
//!
//! After a few failures the next attempt has to wait, twice as long each time:
//! for an address up to a quarter of an hour, for a name up to a minute only,
//! or strangers could keep its owner out. Times are seconds of a clock that
//! nobody sets. The table is bounded; when it is full, who may try again
//! soonest is forgotten.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// Failures that cost nothing.
const FREE: u32 = 4;

/// Seconds that an address, and a name, waits at most.
const ADDRESS_MAX: u64 = 15 * 60;
const NAME_MAX: u64 = 60;

/// Seconds without a failure after which all is forgotten.
const FORGOTTEN: u64 = 3600;

/// Addresses and names that are remembered.
const WHO_MAX: usize = 4096;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Address(IpAddr),
    Name(String),
}

impl Who {
    fn longest(&self) -> u64 {
        match self {
            Self::Address(_) => ADDRESS_MAX,
            Self::Name(_) => NAME_MAX,
        }
    }
}

#[derive(Debug)]
struct Failed {
    times: u32,
    /// The last time.
    at: u64,
    /// Until when nothing is tried.
    until: u64,
}

/// Failures of addresses and names.
#[derive(Debug, Default)]
pub(super) struct Attempts(HashMap<Who, Failed>);

impl Attempts {
    /// Seconds until an attempt is looked at; 0 for now.
    pub(super) fn wait(&self, address: IpAddr, name: &str, now: u64) -> u64 {
        let until =
            who(address, name).into_iter().filter_map(|who| self.0.get(&who)).map(|failed| failed.until);
        until.max().unwrap_or(0).saturating_sub(now)
    }

    /// An attempt has failed.
    pub(super) fn failed(&mut self, address: IpAddr, name: &str, now: u64) {
        for who in who(address, name) {
            self.make_room(now);
            let longest = who.longest();
            let failed = self.0.entry(who).or_insert(Failed { times: 0, at: now, until: 0 });
            if now.saturating_sub(failed.at) >= FORGOTTEN {
                failed.times = 0;
            }
            failed.times = failed.times.saturating_add(1);
            failed.at = now;
            let wait = match failed.times.checked_sub(FREE) {
                None | Some(0) => 0,
                Some(more) => 1u64.checked_shl(more).unwrap_or(u64::MAX).min(longest),
            };
            failed.until = now + wait;
        }
    }

    /// Somebody has logged in.
    pub(super) fn succeeded(&mut self, address: IpAddr, name: &str) {
        for who in who(address, name) {
            self.0.remove(&who);
        }
    }

    fn make_room(&mut self, now: u64) {
        if self.0.len() < WHO_MAX {
            return;
        }
        self.0.retain(|_, failed| now.saturating_sub(failed.at) < FORGOTTEN);
        if self.0.len() >= WHO_MAX
            && let Some(who) =
                self.0.iter().min_by_key(|(_, failed)| failed.until).map(|(who, _)| who.clone())
        {
            self.0.remove(&who);
        }
    }
}

/// An address and a name. Who has one address of IPv6 has a network of them.
fn who(address: IpAddr, name: &str) -> [Who; 2] {
    let address = match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from(u128::from(six) & !u128::from(u64::MAX))),
        four => four,
    };
    [Who::Address(address), Who::Name(name.chars().take(128).collect())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u32) -> IpAddr {
        IpAddr::from((0xc633_6400 + last).to_be_bytes())
    }

    #[test]
    fn who_fails_again_and_again_waits_ever_longer_and_not_for_ever() {
        let mut attempts = Attempts::default();
        let waits: Vec<_> = (0..16)
            .map(|_| {
                attempts.failed(address(1), "ada", 100);
                attempts.wait(address(1), "other", 100)
            })
            .collect();
        assert_eq!(waits[..7], [0, 0, 0, 0, 2, 4, 8]);
        assert_eq!(waits[15], ADDRESS_MAX);
        assert_eq!(attempts.wait(address(1), "other", 100 + ADDRESS_MAX), 0);
        assert_eq!(attempts.wait(address(2), "ada", 100), NAME_MAX, "from another address it is the name");
    }

    #[test]
    fn success_and_an_hour_of_rest_forgive() {
        let mut attempts = Attempts::default();
        (0..9).for_each(|_| attempts.failed(address(1), "ada", 0));
        attempts.succeeded(address(1), "ada");
        assert_eq!(attempts.wait(address(1), "ada", 0), 0);
        (0..9).for_each(|_| attempts.failed(address(1), "ada", 0));
        attempts.failed(address(1), "ada", FORGOTTEN);
        assert_eq!(attempts.wait(address(1), "ada", FORGOTTEN), 0);
    }

    #[test]
    fn neighbours_in_a_network_of_ipv6_are_one() {
        let mut attempts = Attempts::default();
        let neighbour = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        (0..9).for_each(|last| attempts.failed(neighbour(last), &last.to_string(), 0));
        assert!(attempts.wait(neighbour(99), "ada", 0) > 0);
    }

    #[test]
    fn a_flood_of_names_and_addresses_does_not_grow_and_does_not_free_who_waits() {
        let mut attempts = Attempts::default();
        (0..9).for_each(|_| attempts.failed(address(1), "ada", 0));
        for number in 2..3 * WHO_MAX as u32 {
            attempts.failed(address(number), &number.to_string(), 1);
        }
        assert!(attempts.0.len() <= WHO_MAX + 1);
        assert!(attempts.wait(address(1), "ada", 1) > 0);
    }
}
