//! IP addresses and lists of them, as rules and the list of addresses that are
//! never blocked use them.
//!
//! An entry is a row of 20 bytes that is compared where it lies in an image.
//! IPv4 is kept in its IPv6 form (`::ffff:192.0.2.1`), so that one comparison
//! of 128 bits serves both families; OSSEC 4.3 unwraps such addresses before
//! it compares, which comes to the same.
//!
//! Work: one parse per value, one masked comparison per entry.

use core::net::{Ipv4Addr, Ipv6Addr};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The entry accepts what it does not match.
const NEGATED: u8 = 1;
/// The entry was written `any`.
const ANY: u8 = 2;
/// An IPv4 address, in its IPv6 form.
const V4: u8 = 4;

/// Longest text that can be an address: IPv6 with an IPv4 tail.
const TEXT_MAX: usize = 45;

/// One address of a list: `192.0.2.1`, `192.0.2.0/24`, `!2001:db8::/32`,
/// `any`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct AddressRow {
    /// The address, most significant byte first; IPv4 as `::ffff:a.b.c.d`.
    address: [u8; 16],
    /// Leading bits that count; of 32 for IPv4, of 128 for IPv6.
    prefix: u8,
    /// Bits of `NEGATED`, `ANY`, `V4`.
    flags: u8,
    reserved: [u8; 2],
}

impl AddressRow {
    /// Reads an address as rule files and logs write it (OSSEC 4.3: forms of
    /// C's `inet_aton` and numeric IPv6; a leading `!`; `any`; `/length`).
    /// `None` if it is not one.
    ///
    /// QUIRK: a length that is no number counts as 0, and length 0 matches
    /// every address (OSSEC 4.3).
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (negated, text) = match text {
            [b'!', rest @ ..] => (NEGATED, rest),
            _ => (0, text),
        };
        if text == b"any" {
            return Some(Self::new([0; 16], 0, negated | ANY));
        }
        let slash = text.iter().position(|&byte| byte == b'/');
        let (address, length) = match slash.and_then(|at| text.split_at_checked(at)) {
            Some((address, rest)) => (address, Some(prefix_length(rest.get(1..)?)?)),
            None => (text, None),
        };
        let (address, family, longest) = match v4(address) {
            Some(number) => (mapped(number), V4, 32),
            None => {
                let address = v6(address)?;
                (address.octets(), address.to_ipv4_mapped().map_or(0, |_| V4), 128)
            }
        };
        let prefix = length.unwrap_or(longest);
        (0..=longest).contains(&prefix).then(|| Self::new(address, prefix as u8, negated | family))
    }

    /// Reads an address as Wazuh's rules write it: dotted quads and numeric
    /// IPv6 only, a length in bits or, for IPv4, as a netmask; `any`. A leading
    /// `!` says nothing.
    pub fn parse_strict(text: &[u8]) -> Option<Self> {
        let text = text.strip_prefix(b"!").unwrap_or(text);
        if text == b"any" {
            return Some(Self::new([0; 16], 0, ANY));
        }
        let slash = text.iter().position(|&byte| byte == b'/');
        let (address, length) = match slash.and_then(|at| text.split_at_checked(at)) {
            Some((address, rest)) => (address, Some(rest.get(1..)?)),
            None => (text, None),
        };
        if let Some(v4) = strict_v4(address.strip_prefix(b"::ffff:").unwrap_or(address)) {
            let prefix = length.map_or(Some(32), |text| bits(text, 32).or_else(|| netmask(text)))?;
            return Some(Self::new(mapped(v4), prefix, V4));
        }
        let v6 = v6(address)?;
        Some(Self::new(v6.octets(), length.map_or(Some(128), |text| bits(text, 128))?, 0))
    }

    fn new(address: [u8; 16], prefix: u8, flags: u8) -> Self {
        Self { address, prefix, flags, reserved: [0; 2] }
    }

    fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Whether `value` lies in this entry's range; its own length and a `!` of
    /// either side do not count.
    pub fn matches(&self, value: &Self) -> bool {
        if self.prefix == 0 {
            return true;
        }
        if self.is(V4) != value.is(V4) {
            return false;
        }
        // QUIRK: a mapped address with a length counts bits of its IPv4 part,
        // and all 32 from there on: `::ffff:192.0.2.0/120` is one address.
        let ignored = if self.is(V4) { 32_u8 } else { 128 }.saturating_sub(self.prefix);
        let differs = u128::from_be_bytes(self.address) ^ u128::from_be_bytes(value.address);
        differs.checked_shr(ignored.into()).unwrap_or(0) == 0
    }

    /// Whether a single entry accepts the text of a value. What is no address
    /// is accepted by a negated entry and by `any`.
    pub fn accepts(&self, value: &[u8]) -> bool {
        let found = self.is(ANY) || Self::parse(value).is_some_and(|value| self.matches(&value));
        found != self.is(NEGATED)
    }
}

/// Whether a list accepts the text of a value: the first entry that matches
/// decides.
///
/// QUIRK: if none matches, the last entry decides: a list that ends with a
/// negated entry accepts the value. What is no address is never accepted, not
/// even by `any` (both OSSEC 4.3).
pub fn list_matches(list: &[AddressRow], value: &[u8]) -> bool {
    let Some(value) = AddressRow::parse(value) else {
        return false;
    };
    match list.iter().find(|entry| entry.matches(&value)) {
        Some(entry) => !entry.is(NEGATED),
        None => list.last().is_some_and(|entry| entry.is(NEGATED)),
    }
}

/// Whether one entry of a list of Wazuh's accepts the text of a value: one of
/// its own family, or `any`. What is no address is accepted by none.
pub fn any_matches(list: &[AddressRow], value: &[u8]) -> bool {
    let Some(value) = AddressRow::parse_strict(value) else {
        return false;
    };
    list.iter().any(|entry| entry.is(ANY) || (entry.is(V4) == value.is(V4) && entry.matches(&value)))
}

/// A dotted quad of plain decimal numbers.
fn strict_v4(text: &[u8]) -> Option<u32> {
    let text = str::from_utf8(text.get(..text.len().min(TEXT_MAX + 1))?).ok()?;
    text.parse::<Ipv4Addr>().ok().map(u32::from)
}

/// A number of bits, at most `most`.
fn bits(text: &[u8], most: u8) -> Option<u8> {
    let digits = (1..=3).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    let number = str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()?;
    (number <= most).then_some(number)
}

/// The length of a netmask without gaps.
fn netmask(text: &[u8]) -> Option<u8> {
    let mask = strict_v4(text)?;
    (mask.leading_ones() + mask.trailing_zeros() >= 32).then_some(mask.leading_ones() as u8)
}

/// The length behind a slash, by the rules of C's `atoi`, of at most three
/// bytes.
fn prefix_length(text: &[u8]) -> Option<i16> {
    if text.len() > 3 {
        return None;
    }
    let text = text.trim_ascii_start();
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    Some(sign * digits.fold(0, |number, digit| number * 10 + i16::from(digit - b'0')))
}

fn mapped(v4: u32) -> [u8; 16] {
    (0xffff_0000_0000_u128 | u128::from(v4)).to_be_bytes()
}

fn v6(text: &[u8]) -> Option<Ipv6Addr> {
    let text = text.get(..text.len().min(TEXT_MAX + 1))?;
    str::from_utf8(text).ok()?.parse().ok()
}

/// IPv4 by the rules of C's `inet_aton`: one to four parts, decimal, octal
/// (`010`) or hexadecimal (`0x10`), of which the last fills what is left.
fn v4(text: &[u8]) -> Option<u32> {
    let mut high = 0_u32;
    let mut parts = 0;
    let mut rest = text;
    while let Some(dot) = rest.iter().position(|&byte| byte == b'.') {
        let (part, behind) = rest.split_at_checked(dot)?;
        parts += 1;
        if parts > 3 {
            return None;
        }
        high = high << 8 | u32::from(u8::try_from(number(part)?).ok()?);
        rest = behind.get(1..)?;
    }
    let low = number(rest)?;
    let bits = 32 - 8 * parts;
    let fits = low.checked_shr(bits).unwrap_or(0) == 0;
    fits.then_some(high.checked_shl(bits).unwrap_or(0) | low)
}

/// One part of an IPv4 address. It starts with a digit, so there is no sign.
fn number(text: &[u8]) -> Option<u32> {
    let (radix, digits) = match text {
        [b'0', b'x' | b'X', digits @ ..] => (16, digits),
        [b'0', digits @ ..] if !digits.is_empty() => (8, digits),
        _ => (10, text),
    };
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, &byte| {
        let digit = char::from(byte).to_digit(radix)?;
        number.checked_mul(radix)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    fn row(text: &str) -> AddressRow {
        AddressRow::parse(text.as_bytes()).expect("an address")
    }

    fn same(left: &str, right: &str) -> bool {
        row(left).matches(&row(right))
    }

    fn list_accepts<const N: usize>(list: [&str; N], value: &str) -> bool {
        list_matches(&list.map(row), value.as_bytes())
    }

    #[test]
    fn ipv4_is_read_as_c_reads_it() {
        for (text, same_as) in [
            ("10.1", "10.0.0.1"),
            ("10.1.2", "10.1.0.2"),
            ("167837953", "10.1.1.1"),
            ("0x0a.0X1.1.1", "10.1.1.1"),
            ("012.1.1.010", "10.1.1.8"),
            ("0", "0.0.0.0"),
            ("255.16777215", "255.255.255.255"),
            ("4294967295", "255.255.255.255"),
        ] {
            assert_eq!(row(text), row(same_as), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".1",
            "1..2",
            "1.2.3.4.",
            "1.2.3.4.5",
            "256.1.1.1",
            "1.2.3.256",
            "1.2.65536",
            "1.16777216",
            "4294967296",
            "99999999999999999999",
            "08.1.1.1",
            "0x.1",
            "0x",
            "0xg",
            "-1",
            "+1.2.3.4",
            "1.2.3.4 ",
            " 1.2.3.4",
            "1.2.3.a",
            "web1",
        ] {
            assert_eq!(AddressRow::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn ipv6_is_numeric() {
        assert!(same("2001:db8::1", "2001:0DB8:0:0::0001"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(same("192.0.2.1", "::ffff:c000:201"));
        assert!(!same("::192.0.2.1", "192.0.2.1"));
        for text in [":", ":::", "1::2::3", "::g", "12345::", "1:2:3:4:5:6:7", "::1%eth0", "[::1]"] {
            assert_eq!(AddressRow::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(AddressRow::parse(&[b'1'; 4000]), None);
    }

    #[test]
    fn a_length_is_read_as_c_reads_numbers() {
        for (text, prefix) in [
            ("10.0.0.0/8", 8),
            ("10.0.0.0/ 8", 8),
            ("10.0.0.0/+8", 8),
            ("10.0.0.0/8/1", 8),
            ("10.0.0.0/08x", 8),
            ("10.0.0.0/", 0),
            ("10.0.0.0/abc", 0),
            ("10.0.0.0/-0", 0),
            ("10.0.0.0", 32),
            ("::1", 128),
            ("::1/128", 128),
            ("::ffff:1.2.3.4/128", 128),
        ] {
            assert_eq!(row(text).prefix, prefix, "{text}");
        }
        for text in ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/0008", "::1/129", "1.0.0.0/255.0.0.0", "/8"] {
            assert_eq!(AddressRow::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_leading_bits_decide() {
        assert!(same("192.0.2.128/25", "192.0.2.255"));
        assert!(!same("192.0.2.128/25", "192.0.2.127"));
        assert!(same("192.0.2.1", "192.0.2.1/8"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
        assert!(same("128.0.0.0/1", "255.1.1.1"));
        assert!(same("2001:db8::/33", "2001:db8:7fff::1"));
        assert!(!same("2001:db8::/33", "2001:db8:8000::1"));
        assert!(!same("::/1", "0.0.0.0"));
        assert!(!same("0.0.0.0/1", "::"));
        assert!(same("::/0", "192.0.2.1"));
        assert!(same("192.0.2.1/x", "2001:db8::1"));
        assert!(same("::ffff:10.0.0.0/8", "10.9.9.9"));
        assert!(!same("::ffff:10.0.0.0/104", "10.9.9.9"));
    }

    #[test]
    fn a_single_entry_flips_when_negated() {
        assert!(row("192.0.2.0/24").accepts(b"192.0.2.7"));
        assert!(!row("192.0.2.0/24").accepts(b"web1"));
        assert!(!row("!192.0.2.0/24").accepts(b"192.0.2.7"));
        assert!(row("!192.0.2.0/24").accepts(b"198.51.100.7"));
        assert!(row("!192.0.2.0/24").accepts(b"web1"));
        assert!(row("any").accepts(b"web1"));
        assert!(!row("!any").accepts(b"192.0.2.7"));
        assert!(!row("::/0").accepts(b"web1"));
    }

    #[test]
    fn the_first_match_of_a_list_decides_and_else_its_last_entry() {
        assert!(list_accepts(["!10.0.0.0/8", "any"], "192.0.2.1"));
        assert!(!list_accepts(["!10.0.0.0/8", "any"], "10.1.1.1"));
        assert!(list_accepts(["10.1.1.1", "!10.0.0.0/8"], "10.1.1.1"));
        assert!(!list_accepts(["10.1.1.1", "!10.0.0.0/8"], "10.1.1.2"));
        assert!(list_accepts(["192.168.0.0/16", "!10.0.0.0/8"], "8.8.8.8"));
        assert!(!list_accepts(["!10.0.0.0/8", "192.168.0.0/16"], "8.8.8.8"));
        assert!(!list_accepts([], "8.8.8.8"));
    }

    #[test]
    fn a_list_never_accepts_what_is_no_address() {
        assert!(!list_accepts(["!10.0.0.1"], "web1"));
        assert!(!list_accepts(["any"], "web1"));
        assert!(!list_accepts(["any"], ""));
        assert!(list_accepts(["any"], "::1"));
        assert!(list_accepts(["192.0.2.1"], "192.0.2.1/24"));
        assert!(!list_accepts(["192.0.2.1"], "192.0.2.1/99"));
    }

    #[test]
    fn wazuh_reads_addresses_strictly_and_takes_any_of_a_list() {
        let accepts = |list: &[&str], value: &str| {
            let rows: std::vec::Vec<_> = list
                .iter()
                .map(|text| AddressRow::parse_strict(text.as_bytes()).expect("an address"))
                .collect();
            any_matches(&rows, value.as_bytes())
        };
        for text in
            ["10.1", "0x0a.1.1.1", "10.0.0.0/33", "10.0.0.0/255.0.255.0", "10.0.0.0/", "::1/129", "web1"]
        {
            assert_eq!(AddressRow::parse_strict(text.as_bytes()), None, "{text}");
        }
        assert!(accepts(&["10.0.0.0/255.0.0.0"], "10.9.9.9"));
        assert!(accepts(&["!10.0.0.1"], "10.0.0.1"), "a `!` is forgotten");
        assert!(accepts(&["192.0.2.1", "10.0.0.0/8"], "10.9.9.9"));
        assert!(accepts(&["::ffff:10.0.0.0/8"], "10.9.9.9"));
        assert!(accepts(&["any"], "2001:db8::1") && accepts(&["any"], "192.0.2.1"));
        assert!(!accepts(&["0.0.0.0/0"], "::1") && !accepts(&["::/0"], "192.0.2.1"));
        assert!(!accepts(&["any"], "web1"));
    }

    #[test]
    fn any_bytes_are_a_row_that_can_be_asked() {
        assert_eq!(size_of::<AddressRow>(), 20);
        for fill in 0..=255 {
            let row = AddressRow::read_from_bytes(&[fill; 20]).expect("20 bytes");
            let _ = (row.matches(&row), row.accepts(b"192.0.2.1"), row.accepts(b"::1"));
            assert!(row.matches(&row));
        }
    }
}
