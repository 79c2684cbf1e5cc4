//! ASA, PIX, FTD and IOS: sentences, with the ends in their order.
//!
//! `Deny tcp src outside:192.0.2.7/40022 dst inside:198.51.100.1/22 by
//! access-group "acl"`; `list 102 denied tcp 192.0.2.7(3067) -> 198.51.100.1(139),
//! 1 packet`; `Built outbound TCP connection 1 for outside:… to inside:…`.

use super::draft::{Draft, Slot, number};
use super::{Action, Format, Protocol, endpoint};

/// Words that say what became of a packet.
const ACTIONS: [(&[u8], Action); 10] = [
    (b"deny", Action::Drop),
    (b"denied", Action::Drop),
    (b"discarded", Action::Drop),
    (b"dropping", Action::Drop),
    (b"dropped", Action::Drop),
    (b"permitted", Action::Allow),
    (b"built", Action::Allow),
    (b"est-allowed", Action::Allow),
    (b"teardown", Action::Closed),
    (b"reset", Action::Reject),
];

/// Words that name a protocol.
const PROTOCOLS: [&[u8]; 8] = [b"tcp", b"udp", b"icmp", b"icmp6", b"gre", b"esp", b"igmp", b"sctp"];

/// Reads from the message's mark on.
pub(super) fn fill<'t>(text: &'t [u8], draft: &mut Draft<'t>) {
    draft.packet.format = Format::Cisco;
    let mut is_outbound = false;
    let mut ends = 0;
    let mut last: &[u8] = b"";
    for word in text.split(u8::is_ascii_whitespace) {
        let bare = word.trim_ascii_end().strip_suffix(b",").unwrap_or(word);
        let same = |known: &[u8]| bare.eq_ignore_ascii_case(known);
        is_outbound |= same(b"outbound");
        if let Some((_, action)) = ACTIONS.iter().find(|(known, _)| same(known)) {
            if draft.packet.action == Action::Unknown {
                draft.packet.action = *action;
            }
        } else if draft.packet.protocol.is_none() && PROTOCOLS.iter().any(|known| same(known)) {
            draft.packet.protocol = Some(Protocol::new(bare));
        } else if same(b"packet") || same(b"packets") {
            draft.packet.count = number(last);
        } else if matches!(last, b"access-group" | b"list") {
            draft.set(Slot::Rule, bare.trim_ascii_start().strip_prefix(b"\"").unwrap_or(bare));
        } else if ends < 2 && is_end(bare) {
            let is_source = ends == 0 && !matches!(last, b"to" | b"dst");
            draft.set(if is_source { Slot::Src } else { Slot::Dst }, bare);
            ends += if is_source { 1 } else { 2 };
        } else if ends >= 2 {
            draft.packet.flags.add_word(bare);
        }
        last = bare;
    }
    if let Some(rule) = draft.packet.rule {
        draft.packet.rule = rule.strip_suffix(b"\"").or(Some(rule));
    }
    // The far end is named first, wherever the connection began.
    if is_outbound && draft.packet.action != Action::Drop {
        let packet = &mut draft.packet;
        core::mem::swap(&mut packet.src, &mut packet.dst);
        core::mem::swap(&mut packet.sport, &mut packet.dport);
        core::mem::swap(&mut packet.in_interface, &mut packet.out_interface);
    }
}

/// Whether a word is an end of the connection; translations stand in
/// parentheses.
fn is_end(word: &[u8]) -> bool {
    !word.starts_with(b"(") && endpoint::read(word).is_some_and(|end| end.address.is_some())
}
