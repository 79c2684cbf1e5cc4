//! An address, or a range of them, that a response is about.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use serde::{Deserialize, Serialize};

/// An IPv4 or IPv6 address and how many of its leading bits count.
///
/// There is one form of each range: bits that do not count are zero, and an
/// IPv4 address in its IPv6 form (`::ffff:192.0.2.1`) is the IPv4 address. So
/// two that are equal mean the same, and nobody hides behind another spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "(IpAddr, u8)", into = "(IpAddr, u8)")]
pub struct Network {
    address: IpAddr,
    length: u8,
}

/// There is no such length of a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LengthError;

impl fmt::Display for LengthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a prefix has at most 32 bits, or 128 for IPv6")
    }
}

impl TryFrom<(IpAddr, u8)> for Network {
    type Error = LengthError;

    fn try_from((address, length): (IpAddr, u8)) -> Result<Self, LengthError> {
        Self::new(address, length).ok_or(LengthError)
    }
}

impl From<Network> for (IpAddr, u8) {
    fn from(network: Network) -> Self {
        (network.address, network.length)
    }
}

impl From<IpAddr> for Network {
    /// The range of this address alone.
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { length: bits(address), address }
    }
}

impl Network {
    /// The range that shares the first `length` bits with an address. `None`
    /// if the address has fewer bits; the length of an IPv4 address in its
    /// IPv6 form counts from its IPv6 form, too.
    pub fn new(address: IpAddr, length: u8) -> Option<Self> {
        let (address, length) = match address.to_canonical() {
            v4 @ IpAddr::V4(_) if address.is_ipv6() => (v4, length.checked_sub(96)?),
            same => (same, length),
        };
        let spare = bits(address).checked_sub(length)?;
        Some(Self { address: masked(address, spare.into()), length })
    }

    /// Reads `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`: strict forms, with
    /// nothing around them, no zone and no sign.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once('/') {
            None => text.parse::<IpAddr>().ok().map(Self::from),
            Some((address, length)) => {
                let is_plain = (1..=3).contains(&length.len()) && length.bytes().all(|b| b.is_ascii_digit());
                let length = length.parse().ok().filter(|_| is_plain)?;
                Self::new(address.parse().ok()?, length)
            }
        }
    }

    /// The first address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// How many leading bits count.
    pub fn length(&self) -> u8 {
        self.length
    }

    /// Whether it is one address.
    pub fn is_single(&self) -> bool {
        self.length == bits(self.address)
    }

    /// Whether an address lies in it, in whatever form it is written.
    pub fn contains(&self, address: IpAddr) -> bool {
        Self::from(address).within(self)
    }

    /// Whether the two have an address in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.within(other) || other.within(self)
    }

    /// The range of `length` bits around it; itself if it is larger already.
    #[must_use]
    pub fn widened(&self, length: u8) -> Self {
        Self::new(self.address, length.min(self.length)).unwrap_or(*self)
    }

    /// Whether all of it lies in `other`.
    fn within(&self, other: &Self) -> bool {
        self.length >= other.length
            && self.address.is_ipv4() == other.address.is_ipv4()
            && Self::new(self.address, other.length).as_ref() == Some(other)
    }
}

impl fmt::Display for Network {
    /// `192.0.2.1` for one address, `192.0.2.0/24` for a range.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_single() {
            true => write!(f, "{}", self.address),
            false => write!(f, "{}/{}", self.address, self.length),
        }
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address with its last `spare` bits zero.
fn masked(address: IpAddr, spare: u32) -> IpAddr {
    match address {
        IpAddr::V4(v4) => Ipv4Addr::from(v4.to_bits() & u32::MAX.checked_shl(spare).unwrap_or(0)).into(),
        IpAddr::V6(v6) => Ipv6Addr::from(v6.to_bits() & u128::MAX.checked_shl(spare).unwrap_or(0)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn a_range_has_one_form() {
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_eq!(network("::ffff:192.0.2.9/120"), network("192.0.2.0/24"));
        assert_eq!(network("192.0.2.9/24"), network("192.0.2.0/24"));
        assert_eq!(network("2001:DB8:0:0:0:0:0:1/32"), network("2001:db8::/32"));
    }

    #[test]
    fn what_is_not_exactly_an_address_is_none() {
        let long = "1".repeat(6000);
        for text in [
            "",
            " 192.0.2.1",
            "192.0.2.1 ",
            "192.0.2.1\n",
            "192.0.2",
            "0192.0.2.1",
            "192.0.2.1/33",
            "192.0.2.1/",
            "192.0.2.1/+4",
            "192.0.2.1/-1",
            "192.0.2.1/024x",
            "fe80::1%eth0",
            "::/129",
            "-f",
            "$(id)",
            "::ffff:1.2.3.4/95",
            "0x7f.1",
            "2130706433",
            &long,
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ranges_overlap_where_one_holds_the_other() {
        let (all, range, one) = (network("0.0.0.0/0"), network("192.0.2.0/24"), network("192.0.2.7"));
        assert!(all.overlaps(&one) && one.overlaps(&range) && range.overlaps(&one) && one.overlaps(&one));
        assert!(!network("192.0.3.0/24").overlaps(&one) && !network("::/0").overlaps(&one));
        assert!(range.contains("::ffff:192.0.2.200".parse().unwrap()));
        assert_eq!((one.widened(24), range.widened(32)), (range, range));
    }

    #[test]
    fn what_arrives_is_brought_into_its_form_or_refused() {
        let mut bytes = [0; 32];
        let address: IpAddr = "::ffff:192.0.2.9".parse().unwrap();
        let sent = postcard::to_slice(&(address, 120_u8), &mut bytes).unwrap();
        assert_eq!(postcard::from_bytes::<Network>(sent), Ok(network("192.0.2.0/24")));
        let sent = postcard::to_slice(&(address, 3_u8), &mut bytes).unwrap();
        assert!(postcard::from_bytes::<Network>(sent).is_err());
    }
}
