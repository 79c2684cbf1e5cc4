//! What the system's files say about addresses.

use super::{Guarded, Shield};
use crate::respond::network::Network;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Flag of a route that goes through another machine.
const RTF_GATEWAY: u32 = 2;

/// Bytes of a record of utmp(5): of 32-bit time, and of 64-bit time; where
/// the address stands in it.
const UTMP_LAYOUTS: [(usize, usize); 2] = [(384, 348), (400, 360)];

/// The type of a record of utmp(5) that stands for somebody who is there.
const USER_PROCESS: i16 = 7;

impl Shield {
    /// Guards the gateways of `/proc/net/route`.
    pub fn read_routes4(&mut self, text: &[u8]) {
        for line in lines(text) {
            let mut words = words(line).skip(2);
            let (gateway, flags) = (words.next().and_then(hex32), words.next().and_then(hex32));
            if let (Some(gateway), Some(flags)) = (gateway, flags)
                && flags & RTF_GATEWAY != 0
            {
                // The kernel prints the address as the number it is in memory.
                self.guard(Ipv4Addr::from(gateway.to_ne_bytes()).into(), Guarded::Gateway);
            }
        }
    }

    /// Guards the gateways of `/proc/net/ipv6_route`.
    pub fn read_routes6(&mut self, text: &[u8]) {
        for line in lines(text) {
            if let Some(gateway) = words(line).nth(4).and_then(hex128) {
                self.guard(Ipv6Addr::from(gateway).into(), Guarded::Gateway);
            }
        }
    }

    /// Guards this machine's addresses and broadcast addresses, as
    /// `/proc/net/fib_trie` has them.
    pub fn read_own4(&mut self, text: &[u8]) {
        let mut last = None;
        for line in lines(text) {
            let mut words = words(line);
            match (words.next(), words.next(), words.next()) {
                (Some(b"|--"), Some(leaf), _) => last = address(leaf),
                (Some(b"/32"), _, Some(b"LOCAL")) => self.guard_some(last, Guarded::Own),
                (Some(b"/32"), _, Some(b"BROADCAST")) => self.guard_some(last, Guarded::Special),
                _ => {}
            }
        }
    }

    /// Guards this machine's addresses, as `/proc/net/if_inet6` has them.
    pub fn read_own6(&mut self, text: &[u8]) {
        for line in lines(text) {
            if let Some(own) = words(line).next().and_then(hex128) {
                self.guard(Ipv6Addr::from(own).into(), Guarded::Own);
            }
        }
    }

    /// Guards the name servers of resolv.conf(5).
    pub fn read_resolv_conf(&mut self, text: &[u8]) {
        for line in lines(text) {
            let mut words = words(line);
            if words.next() == Some(b"nameserver") {
                self.guard_some(words.next().and_then(address), Guarded::Dns);
            }
        }
    }

    /// Guards where people are logged in from, as utmp(5) has it. Machines
    /// have records of 384 or of 400 bytes; where the size fits both, both
    /// are tried.
    pub fn read_utmp(&mut self, bytes: &[u8]) {
        for (size, at) in UTMP_LAYOUTS {
            if bytes.len().is_multiple_of(size) {
                bytes.chunks_exact(size).for_each(|record| self.read_login(record, at));
            }
        }
    }

    fn read_login(&mut self, record: &[u8], at: usize) {
        let kind = record.first_chunk().map(|kind| i16::from_ne_bytes(*kind));
        if kind != Some(USER_PROCESS) {
            return;
        }
        // ut_addr_v6: in the order of the network, IPv4 in the first four.
        if let Some(bytes) = record.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
            let v4 = bytes.first_chunk::<4>().filter(|_| bytes.iter().skip(4).all(|byte| *byte == 0));
            let from = v4.map_or(IpAddr::from(*bytes), |v4| IpAddr::from(*v4));
            self.guard(from, Guarded::Session);
        }
        // ut_host: an address, a name, or something like `192.0.2.1 via mosh`.
        let host = record.get(76..332).unwrap_or_default();
        let host = host.split(|byte| *byte == 0).next().and_then(|host| words(host).next());
        self.guard_some(host.and_then(address), Guarded::Session);
    }

    /// Guards where somebody is logged in from, as a file of
    /// `/run/systemd/sessions` has it.
    pub fn read_logind(&mut self, text: &[u8]) {
        let value = |key: &[u8]| lines(text).find_map(|line| line.strip_prefix(key));
        if matches!(value(b"STATE="), Some(b"active" | b"online")) {
            self.guard_some(value(b"REMOTE_HOST=").and_then(address), Guarded::Session);
        }
    }

    /// Guards where somebody is logged in from, as the environment of a
    /// process in `/proc/PID/environ` has it.
    pub fn read_environ(&mut self, bytes: &[u8]) {
        for variable in bytes.split(|byte| *byte == 0) {
            let names: [&[u8]; 2] = [b"SSH_CONNECTION=", b"SSH_CLIENT="];
            let value = names.iter().find_map(|name| variable.strip_prefix(*name)).unwrap_or_default();
            // Ports follow; an address without one was cut off.
            let mut words = words(value);
            if let (Some(from), Some(_)) = (words.next(), words.next()) {
                self.guard_some(address(from), Guarded::Session);
            }
        }
    }

    fn guard(&mut self, address: IpAddr, guarded: Guarded) {
        if !address.to_canonical().is_unspecified() {
            self.add(Network::from(address), guarded);
        }
    }

    fn guard_some(&mut self, address: Option<IpAddr>, guarded: Guarded) {
        if let Some(address) = address {
            self.guard(address, guarded);
        }
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// An address, with or without a zone.
fn address(word: &[u8]) -> Option<IpAddr> {
    let word = word.split(|byte| *byte == b'%').next()?;
    core::str::from_utf8(word).ok()?.parse().ok()
}

fn hex32(word: &[u8]) -> Option<u32> {
    u32::try_from(hex(word)?).ok()
}

fn hex128(word: &[u8]) -> Option<u128> {
    hex(word).filter(|_| word.len() == 32)
}

/// A number of hexadecimal digits alone.
fn hex(word: &[u8]) -> Option<u128> {
    let is_hex = (1..=32).contains(&word.len()) && word.iter().all(u8::is_ascii_hexdigit);
    u128::from_str_radix(core::str::from_utf8(word).ok()?, 16).ok().filter(|_| is_hex)
}
