//! Lines of words in a fixed order: ipfw of the BSDs, and the firewall of
//! Windows (`pfirewall.log`).

use super::draft::{Draft, Slot, number};
use super::{Action, Format};

/// `100 Deny TCP 192.0.2.1:4500 10.1.0.1:23 in via fxp0`; ICMP as
/// `ICMP:8.0`. Reads from behind the program's name.
pub(super) fn ipfw<'t>(text: &'t [u8], draft: &mut Draft<'t>) {
    draft.packet.format = Format::Ipfw;
    let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for slot in [Slot::Rule, Slot::Action] {
        draft.set(slot, words.next().unwrap_or_default());
    }
    if matches!(draft.packet.action, Action::Unknown) {
        draft.malformed();
    }
    let mut protocol = words.next().unwrap_or_default().split(|byte| *byte == b':');
    draft.set(Slot::Protocol, protocol.next().unwrap_or_default());
    if let Some((kind, code)) = protocol.next().and_then(|icmp| {
        let at = icmp.iter().position(|byte| *byte == b'.')?;
        Some((number(icmp.get(..at)?)?, number(icmp.get(at + 1..)?)?))
    }) {
        draft.packet.icmp = Some((kind, code));
    }
    draft.set(Slot::Src, words.next().unwrap_or_default());
    draft.set(Slot::Dst, words.next().unwrap_or_default());
    let slot = if words.next() == Some(b"out") { Slot::Out } else { Slot::In };
    if words.next() == Some(b"via") {
        draft.set(slot, words.next().unwrap_or_default());
    }
}

/// The columns of `pfirewall.log` behind date and time.
const COLUMNS: [Slot; 7] =
    [Slot::Action, Slot::Protocol, Slot::Src, Slot::Dst, Slot::SrcPort, Slot::DstPort, Slot::Length];

/// `2024-03-03 10:08:00 DROP TCP 192.0.2.1 10.1.0.1 4000 135 48 S 1 0 16384 - - -`;
/// `None` if it is another line.
pub(super) fn windows<'t>(line: &'t [u8], draft: &mut Draft<'t>) -> Option<()> {
    let digit = |at: usize| line.get(at).is_some_and(u8::is_ascii_digit);
    let has = |at: usize, byte: u8| line.get(at) == Some(&byte);
    let is_dated = digit(0) && has(4, b'-') && has(10, b' ') && has(13, b':') && has(19, b' ');
    let mut words = line.get(20..).filter(|_| is_dated)?.split(|byte| *byte == b' ');
    let action = words.clone().next()?;
    if !matches!(action, b"DROP" | b"ALLOW" | b"OPEN" | b"CLOSE" | b"OPEN-INBOUND") {
        return None;
    }
    draft.packet.format = Format::Windows;
    for slot in COLUMNS {
        draft.set(slot, words.next().unwrap_or_default());
    }
    draft.packet.flags.add_letters(words.next().unwrap_or_default());
    Some(())
}
