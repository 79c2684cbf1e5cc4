//! RouterOS: `firewall,info TAG CHAIN: in:X out:Y, connection-state:S src-mac M,
//! proto TCP (SYN), A:P->B:P, NAT …, len N`.

use super::Format;
use super::draft::{Draft, Slot, action, number};
use super::endpoint;

/// Reads from the topics on.
pub(super) fn fill<'t>(text: &'t [u8], draft: &mut Draft<'t>) {
    draft.packet.format = Format::MikroTik;
    let behind = |mark: &[u8]| super::find(text, mark).and_then(|at| text.get(at + mark.len()..));
    let topics = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
    if let Some(end) = super::find(text, b": in:") {
        let rule = text.get(topics..end).unwrap_or_default();
        draft.set(Slot::Rule, rule);
        draft.packet.action = action(rule);
    }
    for (mark, slot) in [(&b" in:"[..], Slot::In), (b" out:", Slot::Out)] {
        let value = behind(mark).map(|rest| until(rest, b" ,"));
        // `(unknown 0)` is none.
        draft.set(slot, value.filter(|value| !value.starts_with(b"(")).unwrap_or_default());
    }
    let Some(rest) = behind(b"proto ") else { return };
    let protocol = until(rest, b" ,(");
    draft.set(Slot::Protocol, protocol);
    if let Some(inside) = rest.get(protocol.len()..).and_then(|rest| rest.strip_prefix(b" (")) {
        until(inside, b")").split(|byte| *byte == b',').for_each(|word| {
            draft.packet.flags.add_word(word.trim_ascii());
        });
    }
    // `(type 8, code 0)` has a comma in it.
    if let (Some(kind), Some(code)) = (behind(b"(type "), behind(b"code ")) {
        draft.packet.icmp = number(until(kind, b",)")).zip(number(until(code, b",)")));
    }
    match endpoint::arrow(rest) {
        Some((from, to)) => {
            (draft.packet.src, draft.packet.sport) = (from.address, from.port);
            (draft.packet.dst, draft.packet.dport) = (to.address, to.port);
        }
        None => draft.malformed(),
    }
    draft.set(Slot::Length, behind(b" len ").map(|rest| until(rest, b" ,")).unwrap_or_default());
}

/// What stands before the first of some bytes.
fn until<'t>(text: &'t [u8], ends: &[u8]) -> &'t [u8] {
    text.split(|byte| ends.contains(byte)).next().unwrap_or_default()
}
