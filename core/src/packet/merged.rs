//! Equal packets in one record: the line of the first, and behind it what
//! became of the others.
//!
//! ```text
//! … SRC=192.0.2.7 DST=198.51.100.1 PROTO=TCP SPT=40001 DPT=22 … [merged 6 packets in 9 s from other ports: 22x3 23 80x2]
//! ```
//!
//! The packets are equal in what became of them, protocol, flags, addresses,
//! interfaces, rule and device; how often each port of the target came stands
//! behind the colon. In place of ports ICMP has `TYPE/CODE`, and a protocol
//! that has neither has `-`. `from other ports` means that not all came from
//! the source port of the first.
//!
//! Only a record whose [queue](crate::assemble::Record::queue) has [`MERGED`]
//! ends so because it was merged; any other may have been written so by
//! whoever wrote the line, and is one packet.

use super::Packet;
use super::draft::number;
use core::fmt;

/// Bit of a record's queue: it was merged, and its text ends in what
/// [`Merged::read`] reads. Letters of queues do not have it.
pub const MERGED: u8 = 0x80;

/// What stands before the number of packets.
const MARK: &[u8] = b" [merged ";
/// What stands behind it.
const PACKETS: &[u8] = b" packets in ";
/// What stands behind the seconds.
const SECONDS: &[u8] = b" s";
/// What stands behind that, if it is so.
const OTHER_PORTS: &[u8] = b" from other ports";
/// What stands before the parts.
const PARTS: &[u8] = b": ";

/// What a merged packet went to, in its protocol's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A port.
    Port(u16),
    /// Type and code of ICMP.
    Icmp(u8, u8),
    /// The protocol has no such thing.
    Whole,
}

impl Target {
    /// Where a packet went.
    pub fn of(packet: &Packet<'_>) -> Self {
        let ports = packet.protocol.is_some_and(|protocol| protocol.has_ports());
        match (packet.dport, packet.icmp) {
            (Some(port), _) if ports => Self::Port(port),
            (_, Some((kind, code))) => Self::Icmp(kind, code),
            _ => Self::Whole,
        }
    }

    fn read(text: &[u8]) -> Option<Self> {
        if text == b"-" {
            return Some(Self::Whole);
        }
        match memchr::memchr(b'/', text) {
            None => number(text).map(Self::Port),
            Some(at) => Some(Self::Icmp(number(text.get(..at)?)?, number(text.get(at + 1..)?)?)),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(f, "{port}"),
            Self::Icmp(kind, code) => write!(f, "{kind}/{code}"),
            Self::Whole => f.write_str("-"),
        }
    }
}

/// A merged record, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged<'t> {
    /// The line of the first packet, as it was written.
    pub line: &'t [u8],
    /// How many packets there were.
    pub packets: u32,
    /// Whole seconds between the first and the last.
    pub seconds: u32,
    /// Not all came from the source port of the first.
    pub has_other_ports: bool,
    parts: &'t [u8],
}

impl<'t> Merged<'t> {
    /// Takes a record apart that was merged; `None` if it does not end so.
    ///
    /// Work: linear in the length of the text.
    pub fn read(text: &'t [u8]) -> Option<Self> {
        let at = memchr::memrchr(b'[', text)?.checked_sub(1)?;
        let (line, suffix) = text.split_at_checked(at)?;
        let rest = suffix.strip_prefix(MARK)?.strip_suffix(b"]")?;
        let (packets, rest) = leading(rest)?;
        let (seconds, rest) = leading(rest.strip_prefix(PACKETS)?)?;
        let rest = rest.strip_prefix(SECONDS)?;
        let other = rest.strip_prefix(OTHER_PORTS);
        let parts = other.unwrap_or(rest).strip_prefix(PARTS)?;
        let merged = Self { line, packets, seconds, has_other_ports: other.is_some(), parts };
        let is_sound = parts.split(|byte| *byte == b' ').all(|part| read_part(part).is_some());
        is_sound.then_some(merged)
    }

    /// Where the packets went and how many went there, in the order in which
    /// each came first.
    pub fn parts(&self) -> impl Iterator<Item = (Target, u32)> + use<'t> {
        self.parts.split(|byte| *byte == b' ').filter_map(read_part)
    }

    /// How many different targets there were, at least 1.
    pub fn targets(&self) -> u32 {
        self.parts().count().try_into().unwrap_or(u32::MAX)
    }
}

/// `22`, `22x3`, `8/0x4`, `-x2`.
fn read_part(part: &[u8]) -> Option<(Target, u32)> {
    match memchr::memchr(b'x', part) {
        None => Some((Target::read(part)?, 1)),
        Some(at) => Some((Target::read(part.get(..at)?)?, number(part.get(at + 1..)?)?)),
    }
}

/// A number and what stands behind it.
fn leading(text: &[u8]) -> Option<(u32, &[u8])> {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(len)?;
    Some((number(digits)?, rest))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn a_merged_record_gives_its_line_and_how_often_each_port_came() {
        let text = b"x [y] DPT=22 [merged 6 packets in 9 s from other ports: 22x3 23 80x2]";
        let merged = Merged::read(text).expect("is merged");
        assert_eq!(merged.line, b"x [y] DPT=22");
        assert_eq!((merged.packets, merged.seconds, merged.has_other_ports), (6, 9, true));
        let parts: Vec<_> = merged.parts().collect();
        assert_eq!(parts, [(Target::Port(22), 3), (Target::Port(23), 1), (Target::Port(80), 2)]);
        assert_eq!(merged.targets(), 3);
        let icmp = Merged::read(b" [merged 2 packets in 0 s: 8/0 13/0 -x2]").expect("is merged");
        let parts: Vec<_> = icmp.parts().collect();
        assert_eq!(parts, [(Target::Icmp(8, 0), 1), (Target::Icmp(13, 0), 1), (Target::Whole, 2)]);
        assert!(!icmp.has_other_ports);
    }

    #[test]
    fn what_is_not_written_so_is_not_merged() {
        for text in [
            "",
            "[",
            "x",
            "x [merged 6 packets in 9 s: 22x3 23] y",
            "x [merged 6 packets in 9 s: ]",
            "x [merged 6 packets in 9 s: 22x]",
            "x [merged 6 packets in 9 s: 22x3  23]",
            "x [merged 6 packets in 9 s: 70000]",
            "x [merged -6 packets in 9 s: 22]",
            "x [merged 6 packets in 9 s: 22x+3]",
            "x [merged 99999999999 packets in 9 s: 22]",
            "x[merged 6 packets in 9 s: 22]",
        ] {
            assert_eq!(Merged::read(text.as_bytes()), None, "{text}");
        }
    }
}
