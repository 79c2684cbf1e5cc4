//! `/etc/hosts.deny`: networks that services with TCP wrappers turn away.
//!
//! An entry is two lines, a comment and what it says: hosts_access(5) has no
//! comments behind an entry, and would read the words of one as names. The
//! comment says whose the entry is, so none of anybody else's is taken away.

use super::network::Network;
use super::text::Text;
use core::net::{IpAddr, Ipv4Addr};

/// The file.
pub const FILE: &str = "/etc/hosts.deny";

/// Bytes of the longest entry.
pub const ENTRY_MAX: usize = 64;

/// The two lines for a network. A range of IPv4 has a mask, which all
/// versions of TCP wrappers know.
pub fn entry<'o>(network: &Network, out: &'o mut [u8; ENTRY_MAX]) -> &'o str {
    let mut text = Text::new(out);
    text.add("# bartizan\nALL: ");
    match network.address() {
        IpAddr::V4(v4) => {
            text.address(v4.into());
            if !network.is_single() {
                let mask = u32::MAX.checked_shl(32 - u32::from(network.length())).unwrap_or(0);
                text.add("/");
                text.address(Ipv4Addr::from(mask).into());
            }
        }
        IpAddr::V6(v6) => {
            text.add("[");
            text.address(v6.into());
            text.add("]");
            if !network.is_single() {
                text.add("/");
                text.number(network.length().into());
            }
        }
    }
    text.add("\n");
    text.into_str()
}

/// The text of the file with the entry or without it, in three pieces, each of
/// which may be empty; `None` if it is so already. What others wrote stays,
/// byte for byte. Work: one pass over the text.
pub fn edited<'t>(text: &'t [u8], entry: &'t [u8], add: bool) -> Option<[&'t [u8]; 3]> {
    match (find(text, entry), add) {
        (Some(_), true) | (None, false) => None,
        (Some((before, behind)), false) => Some([before, behind, b""]),
        (None, true) if text.last().is_some_and(|last| *last != b'\n') => Some([text, b"\n", entry]),
        (None, true) => Some([text, b"", entry]),
    }
}

/// What stands before an entry and behind it. It begins a line.
fn find<'t>(text: &'t [u8], entry: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    core::iter::once(0).chain(ends).find_map(|at| {
        let (before, rest) = text.split_at_checked(at)?;
        Some((before, rest.strip_prefix(entry)?))
    })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn lines(network: &str, out: &mut [u8; ENTRY_MAX]) -> Vec<u8> {
        entry(&Network::parse(network).unwrap(), out).as_bytes().to_vec()
    }

    #[test]
    fn clients_are_written_as_tcp_wrappers_read_them() {
        let long = "2001:db8:1111:2222:3333:4444:5555:6666";
        for (network, client) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/20", "192.0.0.0/255.255.240.0"),
            ("0.0.0.0/0", "0.0.0.0/0.0.0.0"),
            ("2001:db8::1", "[2001:db8::1]"),
            ("2001:db8::/32", "[2001:db8::]/32"),
            (long, &std::format!("[{long}]")),
            ("2001:db8:1111:2222:3333:4444:5555:6666/127", &std::format!("[{long}]/127")),
        ] {
            let expected = std::format!("# bartizan\nALL: {client}\n").into_bytes();
            assert_eq!(lines(network, &mut [0; ENTRY_MAX]), expected);
        }
    }

    #[test]
    fn an_entry_comes_and_goes_once_and_leaves_the_rest_as_it_was() {
        let ours = lines("192.0.2.7", &mut [0; ENTRY_MAX]);
        // Ours would be a part of the first two.
        let others: &[u8] = b"ALL: 192.0.2.77\nx# bartizan\nALL: 192.0.2.7\n\xff sshd: ALL";
        let with = edited(others, &ours, true).unwrap().concat();
        assert_eq!(with, [others, b"\n", &ours].concat());
        assert_eq!(edited(&with, &ours, true), None);
        let other = lines("2001:db8::1", &mut [0; ENTRY_MAX]);
        let both = edited(&with, &other, true).unwrap().concat();
        let without = edited(&both, &ours, false).unwrap().concat();
        assert_eq!(without, [others, b"\n", &other].concat());
        assert_eq!(edited(&without, &ours, false), None);
    }

    #[test]
    fn the_first_entry_needs_no_line_before_it() {
        let ours = lines("192.0.2.7", &mut [0; ENTRY_MAX]);
        let alone = edited(b"", &ours, true).unwrap().concat();
        assert_eq!(alone, ours);
        assert_eq!(edited(&alone, &ours, false).unwrap().concat(), b"");
    }
}
