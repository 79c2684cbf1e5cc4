//! Addresses that are nobody's on the Internet: nothing is told about them.
//!
//! IANA's registries of special-purpose addresses (RFC 6890), but for the
//! ranges in them that are routed, and multicast.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ranges of IPv4: first address and leading bits.
const V4: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    ([255, 255, 255, 255], 32),
];

/// Ranges of IPv6. What embeds an address of IPv4 counts as that one: see
/// [`inner`].
const V6: [([u16; 8], u32); 12] = [
    ([0, 0, 0, 0, 0, 0, 0, 0], 96),
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48),
    ([0x100, 0, 0, 0, 0, 0, 0, 0], 64),
    ([0x100, 0, 0, 1, 0, 0, 0, 0], 64),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
    ([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
];

/// Whether nobody on the Internet has this address.
pub fn is_special(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_special_v4(v4),
        IpAddr::V6(v6) => {
            inner(v6).is_some_and(is_special_v4)
                || V6.iter().any(|(first, bits)| {
                    let apart = v6.to_bits() ^ Ipv6Addr::from(*first).to_bits();
                    apart.leading_zeros() >= *bits
                })
        }
    }
}

fn is_special_v4(address: Ipv4Addr) -> bool {
    V4.iter().any(|(first, bits)| {
        let apart = address.to_bits() ^ Ipv4Addr::from(*first).to_bits();
        apart.leading_zeros() >= *bits
    })
}

/// The address of IPv4 in one of 6to4 (RFC 3056) or NAT64 (RFC 6052).
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, .., y, z] = address.segments();
    match (a, b, c) {
        (0x2002, high, low) => Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))),
        (0x64, 0xff9b, 0) => Some(Ipv4Addr::from(u32::from(y) << 16 | u32::from(z))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nobodys_is_special_and_its_neighbours_are_not() {
        let special = [
            "0.0.0.0",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.9.9",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.255",
            "224.0.0.1",
            "239.1.2.3",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.1.1.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::7",
            "2002:0a00:0001::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ];
        for text in special {
            assert!(is_special(text.parse().expect("an address")), "{text}");
        }
        let usual = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:33.44.55.66",
            "2001:4860:4860::8888",
            "2001:200::1",
            "2002:2121:2121::1",
            "2a00::1",
            "64:ff9b::33.44.55.66",
            "3ffe::1",
        ];
        for text in usual {
            assert!(!is_special(text.parse().expect("an address")), "{text}");
        }
    }
}
