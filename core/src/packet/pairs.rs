//! Keys and values, as most makers write them: `srcip=192.0.2.7`,
//! `source-address="192.0.2.7"`, `src: 192.0.2.7;`.
//!
//! One table serves all makers: what a key means does not depend on who writes
//! it. The first value of a slot counts.

use super::draft::{Draft, Slot};
use super::{Format, endpoint};
use nom::bytes::complete::take_while1;
use nom::{IResult, Parser};

/// Keys in small letters without `-` and `_`.
const KEYS: [(&[u8], Slot); 52] = [
    (b"src", Slot::Src),
    (b"srcip", Slot::Src),
    (b"srcv6", Slot::Src),
    (b"source", Slot::Src),
    (b"sourceip", Slot::Src),
    (b"sourceaddress", Slot::Src),
    (b"c6a2", Slot::Src),
    (b"dst", Slot::Dst),
    (b"dstip", Slot::Dst),
    (b"dstv6", Slot::Dst),
    (b"destination", Slot::Dst),
    (b"destinationip", Slot::Dst),
    (b"destinationaddress", Slot::Dst),
    (b"c6a3", Slot::Dst),
    (b"srcport", Slot::SrcPort),
    (b"sourceport", Slot::SrcPort),
    (b"sport", Slot::SrcPort),
    (b"spt", Slot::SrcPort),
    (b"dstport", Slot::DstPort),
    (b"destinationport", Slot::DstPort),
    (b"dport", Slot::DstPort),
    (b"dpt", Slot::DstPort),
    (b"proto", Slot::Protocol),
    (b"protocol", Slot::Protocol),
    (b"protocolid", Slot::Protocol),
    (b"protocolname", Slot::Protocol),
    (b"ipproto", Slot::Protocol),
    (b"action", Slot::Action),
    (b"act", Slot::Action),
    (b"ruleaction", Slot::Action),
    (b"status", Slot::Action),
    (b"logsubtype", Slot::Action),
    (b"fwaction", Slot::Action),
    (b"srcintf", Slot::In),
    (b"ininterface", Slot::In),
    (b"inif", Slot::In),
    (b"deviceinboundinterface", Slot::In),
    (b"sourcezonename", Slot::In),
    (b"sourcezone", Slot::In),
    (b"initf", Slot::In),
    (b"dstintf", Slot::Out),
    (b"outinterface", Slot::Out),
    (b"outif", Slot::Out),
    (b"deviceoutboundinterface", Slot::Out),
    (b"destinationzonename", Slot::Out),
    (b"destinationzone", Slot::Out),
    (b"outitf", Slot::Out),
    (b"policyid", Slot::Rule),
    (b"policyname", Slot::Rule),
    (b"rulename", Slot::Rule),
    (b"fwruleid", Slot::Rule),
    (b"rule", Slot::Rule),
];

/// Bytes of the longest key.
const KEY_MAX: usize = 24;

/// Reads a line, header and all.
pub(super) fn fill<'t>(text: &'t [u8], draft: &mut Draft<'t>) {
    let mut rest = text;
    while let Some((key, value, behind)) = next(rest) {
        rest = behind;
        let mut room = [0; KEY_MAX];
        match slot(key, &mut room) {
            Some(slot) => draft.set(slot, value),
            // With others it is a name.
            None if key == b"service" && draft.packet.format == Format::CheckPoint => {
                draft.set(Slot::DstPort, value);
            }
            None => {}
        }
    }
    match draft.packet.format {
        Format::SonicWall => said(b"msg=\"", text, draft),
        Format::Junos | Format::Huawei | Format::Leef => said(b"", text, draft),
        _ => {}
    }
    if draft.packet.src.is_none()
        && let Some((from, to)) = endpoint::arrow(text)
    {
        (draft.packet.src, draft.packet.sport) = (from.address, from.port);
        (draft.packet.dst, draft.packet.dport) = (to.address, to.port);
    }
}

/// What became of the packet, where no key says so: the words behind a mark,
/// the first two hundred bytes of them.
fn said<'t>(mark: &[u8], text: &'t [u8], draft: &mut Draft<'t>) {
    let Some(at) = super::find(text, mark) else { return };
    let words = text.get(at + mark.len()..).unwrap_or_default();
    let end = if mark.is_empty() { 200 } else { memchr::memchr(b'"', words).unwrap_or(200) };
    draft.set(Slot::Action, words.get(..end.min(words.len())).unwrap_or_default());
}

fn slot(key: &[u8], room: &mut [u8; KEY_MAX]) -> Option<Slot> {
    let plain = key.iter().filter(|byte| !matches!(byte, b'-' | b'_'));
    let mut length = 0;
    for byte in plain {
        *room.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    let key = room.get(..length)?;
    KEYS.iter().find(|(known, _)| *known == key).map(|(_, slot)| *slot)
}

/// The next key with its value, and what stands behind both. A key stands
/// right before `=`, or before `:` and a quote or a blank.
fn next(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|byte| matches!(byte, b'=' | b':'))?;
        let (before, behind) = (text.get(..at)?, text.get(at + 1..)?);
        let start = before.iter().rposition(|byte| !is_key(*byte)).map_or(0, |at| at + 1);
        let key = before.get(start..)?;
        let is_assigned = text.get(at) == Some(&b'=') || matches!(behind.first(), Some(b'"' | b' '));
        if is_assigned && !key.is_empty() && key.len() <= 2 * KEY_MAX {
            let (rest, value) = value(behind).unwrap_or((behind, b""));
            return Some((key, value, rest));
        }
        from = at + 1;
    }
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// A value: in quotes, or up to what separates it from the next key.
fn value(text: &[u8]) -> IResult<&[u8], &[u8]> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    if let Some(rest) = text.strip_prefix(b"\"") {
        let end = memchr::memchr(b'"', rest).unwrap_or(rest.len());
        let (inside, behind) = rest.split_at_checked(end).unwrap_or((rest, b""));
        return Ok((behind.get(1..).unwrap_or_default(), inside));
    }
    let plain = |byte: u8| !matches!(byte, b' ' | b'\t' | b',' | b';' | b'|' | b'^' | b')' | b'"');
    take_while1(plain).parse(text)
}
