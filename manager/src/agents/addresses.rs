//! Where agents can reach this machine: the addresses of its interfaces, as
//! the kernel tells them in `/proc/net`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// Where the way out is asked for (RFC 5737, RFC 3849). Nothing is sent there.
const ELSEWHERE: [(&str, &str); 2] = [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")];

/// The addresses of this machine that others may reach, the one that it
/// speaks to the world from first. Without those that hold for one cable only.
pub fn of_this_machine() -> Vec<IpAddr> {
    let mut addresses: Vec<_> = ELSEWHERE.iter().filter_map(way_out).collect();
    let v4 = fs::read_to_string("/proc/net/fib_trie").unwrap_or_default();
    let v6 = fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    for address in of_fib_trie(&v4).chain(of_if_inet6(&v6)) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses.retain(|address| is_reachable(*address));
    addresses
}

fn way_out((from, to): &(&str, &str)) -> Option<IpAddr> {
    let socket = UdpSocket::bind(from).ok()?;
    socket.connect(to).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// A line `|-- ADDRESS`, followed by one with `/32 host LOCAL`, for each.
fn of_fib_trie(text: &str) -> impl Iterator<Item = IpAddr> {
    let pairs = text.lines().zip(text.lines().skip(1));
    pairs.filter_map(|(line, next)| {
        let address: Ipv4Addr = line.trim_start().strip_prefix("|-- ")?.trim().parse().ok()?;
        next.contains("/32 host LOCAL").then_some(address.into())
    })
}

/// A line for each: 32 digits, index, length, scope (00: global), …
fn of_if_inet6(text: &str) -> impl Iterator<Item = IpAddr> {
    text.lines().filter_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let address = u128::from_str_radix(fields.next()?, 16).ok()?;
        (fields.nth(2)? == "00").then(|| Ipv6Addr::from(address).into())
    })
}

fn is_reachable(address: IpAddr) -> bool {
    let of_one_cable = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !address.is_loopback() && !address.is_unspecified() && !of_one_cable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_what_the_kernel_tells() {
        let v4 = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     |-- 127.0.0.1\n        \
            /32 host LOCAL\n     |-- 198.51.100.7\n        /32 host LOCAL\n     |-- 198.51.100.255\n        \
            /32 link BROADCAST\n";
        let found: Vec<_> = of_fib_trie(v4).filter(|address| is_reachable(*address)).collect();
        assert_eq!(found, ["198.51.100.7".parse::<IpAddr>().expect("an address")]);
        let v6 = "00000000000000000000000000000001 01 80 10 80       lo\n\
            20010db8000000000000000000000007 02 40 00 80     eth0\nfe800000000000000000000000000007 02 40 20 80 eth0\n";
        let found: Vec<_> = of_if_inet6(v6).collect();
        assert_eq!(found, ["2001:db8::7".parse::<IpAddr>().expect("an address")]);
    }

    #[test]
    fn no_address_of_this_machine_comes_twice_or_is_its_own() {
        let found = of_this_machine();
        let once: std::collections::BTreeSet<_> = found.iter().collect();
        assert_eq!(once.len(), found.len());
        assert!(found.iter().all(|address| is_reachable(*address)));
    }
}
