//! `filterlog` of pfSense and OPNsense: values between commas, whose columns
//! differ for IPv4 and IPv6.

use super::Format;
use super::draft::{Draft, Slot};

/// Columns of all lines.
const RULE: usize = 3;
const INTERFACE: usize = 4;
const ACTION: usize = 6;
const DIRECTION: usize = 7;
const VERSION: usize = 8;

/// Hops, protocol, length, and the two addresses; the ports follow.
const IPV4: [usize; 5] = [11, 16, 17, 18, 19];
const IPV6: [usize; 5] = [11, 12, 14, 15, 16];

/// Reads from the program's name on. The values hold no blank, so they are
/// the last word, whatever header the line has.
pub(super) fn fill<'t>(text: &'t [u8], draft: &mut Draft<'t>) {
    draft.packet.format = Format::Pf;
    let values = text.trim_ascii_end().rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    let column = |number: usize| values.split(|byte| *byte == b',').nth(number).unwrap_or_default();
    draft.set(Slot::Rule, column(RULE));
    draft.set(Slot::Action, column(ACTION));
    let slot = if column(DIRECTION) == b"out" { Slot::Out } else { Slot::In };
    draft.set(slot, column(INTERFACE));
    let columns = match column(VERSION) {
        b"4" => IPV4,
        b"6" => IPV6,
        _ => return draft.malformed(),
    };
    let slots = [Slot::Ttl, Slot::Protocol, Slot::Length, Slot::Src, Slot::Dst];
    for (slot, number) in slots.into_iter().zip(columns) {
        draft.set(slot, column(number));
    }
    let behind = columns[4] + 1;
    let Some(protocol) = draft.packet.protocol else { return };
    if protocol.has_ports() {
        draft.set(Slot::SrcPort, column(behind));
        draft.set(Slot::DstPort, column(behind + 1));
    }
    if protocol == super::Protocol::TCP {
        draft.packet.flags.add_letters(column(behind + 3));
    }
    if protocol == super::Protocol::ICMP {
        draft.packet.icmp = icmp(column(behind));
    }
}

/// The types that `filterlog` names.
fn icmp(word: &[u8]) -> Option<(u8, u8)> {
    match word {
        b"request" => Some((8, 0)),
        b"reply" => Some((0, 0)),
        b"unreachproto" => Some((3, 2)),
        b"unreachport" => Some((3, 3)),
        b"unreach" => Some((3, 1)),
        b"timexceed" => Some((11, 0)),
        b"paramprob" => Some((12, 0)),
        b"redirect" => Some((5, 0)),
        b"needfrag" => Some((3, 4)),
        b"tstamp" => Some((13, 0)),
        b"tstampreply" => Some((14, 0)),
        _ => None,
    }
}
