//! pf: `filterlog` of pfSense and OPNsense, values between commas whose columns
//! differ for IPv4 and IPv6; and what tcpdump shows of a pf log.

use super::draft::{Draft, Slot};
use super::{Format, Protocol};

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
    if protocol == Protocol::TCP {
        draft.packet.flags.add_letters(column(behind + 3));
    }
    if protocol == Protocol::ICMP {
        draft.packet.icmp = icmp(column(behind));
    }
}

/// `5/0(match): block in on em0: 192.0.2.7.4500 > 198.51.100.1.23: Flags [S], …`.
/// Reads from the number of the rule on; `None` if it is another line.
pub(super) fn tcpdump<'t>(text: &'t [u8], draft: &mut Draft<'t>) -> Option<()> {
    let at = super::find(text, b"(match)")?;
    let (rule, rest) = text.split_at_checked(at)?;
    let mut words = rest.get(b"(match)".len()..)?.split(|byte| *byte == b' ').filter(|word| *word != b":");
    let action = words.find(|word| !word.is_empty())?;
    let slot = match words.next()? {
        b"in" => Slot::In,
        b"out" => Slot::Out,
        _ => return None,
    };
    draft.packet.format = Format::PfLog;
    draft.set(Slot::Rule, rule);
    draft.set(Slot::Action, action);
    if words.next() == Some(b"on") {
        draft.set(slot, without_colon(words.next()?));
    }
    end(words.next().unwrap_or_default(), Slot::Src, Slot::SrcPort, draft);
    if words.next() != Some(b">") {
        draft.malformed();
        return Some(());
    }
    end(without_colon(words.next().unwrap_or_default()), Slot::Dst, Slot::DstPort, draft);
    let said = words.find(|word| !word.is_empty()).unwrap_or_default();
    let flags = if said == b"Flags" { words.next().unwrap_or_default() } else { said };
    match named(said) {
        Some(protocol) => draft.packet.protocol = Some(protocol),
        None => {
            draft.packet.protocol = Some(Protocol::TCP);
            draft.packet.flags.add_letters(flags);
        }
    }
    Some(())
}

/// The protocol that a word names: `UDP,`, `ICMP6,`, `ESP(spi=0x7)`, `GREv0,`.
/// None is named for TCP, of which the flags are told.
fn named(word: &[u8]) -> Option<Protocol<'_>> {
    let end = word.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(word.len());
    let name = word.get(..end)?;
    let without_version = name.split(|byte| *byte == b'v').next().unwrap_or(name);
    let known = [name, without_version].map(Protocol::new);
    known.into_iter().find(|protocol| matches!(protocol, Protocol::Number(_)))
}

fn without_colon(word: &[u8]) -> &[u8] {
    word.strip_suffix(b":").unwrap_or(word)
}

/// An address, and behind its last dot the port: `192.0.2.7.4500`,
/// `2001:db8::7.4500`.
fn end<'t>(word: &'t [u8], address: Slot, port: Slot, draft: &mut Draft<'t>) {
    let dots = if word.contains(&b':') { 0 } else { 3 };
    let dot = word.iter().enumerate().filter(|(_, byte)| **byte == b'.').nth(dots);
    let (before, behind) = match dot {
        Some((at, _)) => (word.get(..at), word.get(at + 1..)),
        None => (Some(word), None),
    };
    draft.set(address, before.unwrap_or_default());
    draft.set(port, behind.unwrap_or_default());
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
