//! The kernel's own lines: `PREFIX IN=eth0 OUT= MAC=… SRC=… DST=… …`.
//!
//! The prefix is free text and is all that says what became of the packet.
//! EdgeOS and UniFi write `[WAN_LOCAL-D-2147483647]`, with A, D or R between
//! the name and the number of the rule.

use super::draft::{Draft, Slot, action};
use super::{Action, Format};
use nom::bytes::complete::{tag, take_till, take_while1};
use nom::sequence::separated_pair;
use nom::{IResult, Parser};

const KEYS: [(&[u8], Slot); 11] = [
    (b"SRC", Slot::Src),
    (b"DST", Slot::Dst),
    (b"SPT", Slot::SrcPort),
    (b"DPT", Slot::DstPort),
    (b"PROTO", Slot::Protocol),
    (b"IN", Slot::In),
    (b"OUT", Slot::Out),
    (b"LEN", Slot::Length),
    (b"TTL", Slot::Ttl),
    (b"TYPE", Slot::IcmpType),
    (b"CODE", Slot::IcmpCode),
];

/// Longer keys say the same of IPv6.
const HOP_LIMIT: &[u8] = b"HOPLIMIT";

pub(super) fn fill<'t>(line: &'t [u8], draft: &mut Draft<'t>) {
    draft.packet.format = Format::Netfilter;
    let start = start(line);
    let (head, body) = line.split_at_checked(start).unwrap_or((line, b""));
    prefix(head, draft);
    let mut words = body.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    for word in &mut words {
        // An error of ICMP carries the packet that it is about.
        if word.first() == Some(&b'[') {
            return;
        }
        match pair(word) {
            Ok((_, (key, value))) => take(key, value, draft),
            Err(_) => {
                draft.packet.flags.add_word(word);
            }
        }
    }
}

/// `KEY=VALUE`.
fn pair(word: &[u8]) -> IResult<&[u8], (&[u8], &[u8])> {
    let key = take_while1(|byte: u8| byte.is_ascii_uppercase());
    separated_pair(key, tag(&b"="[..]), take_till(|byte| byte == b']')).parse(word)
}

fn take<'t>(key: &[u8], value: &'t [u8], draft: &mut Draft<'t>) {
    let slot = KEYS.iter().find(|(known, _)| *known == key).map(|(_, slot)| *slot);
    match slot {
        Some(slot) => draft.set(slot, value),
        None if key == HOP_LIMIT => draft.set(Slot::Ttl, value),
        None => {}
    }
}

/// Where the keys begin: at `IN=`, which may be glued to the prefix, or at
/// the first key that is known.
fn start(line: &[u8]) -> usize {
    let begins = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| line.get(at));
        before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
    };
    let first = |key: &[u8]| super::places(line, key).find(|at| begins(*at));
    first(b"IN=").or_else(|| first(b"OUT=")).or_else(|| first(b"SRC=")).unwrap_or(line.len())
}

/// What stands before the keys, without the kernel's name and its uptime.
fn prefix<'t>(head: &'t [u8], draft: &mut Draft<'t>) {
    let behind =
        |mark: &[u8]| super::places(head, mark).next_back().and_then(|at| head.get(at + mark.len()..));
    let text = behind(b"kernel:").unwrap_or(head).trim_ascii();
    let text = without_uptime(text);
    let Some(rule) = bracketed(text) else {
        draft.packet.action = action(text);
        // Without a mark of the kernel, the head is the envelope.
        if behind(b"kernel:").is_some() {
            draft.set(Slot::Rule, text.strip_suffix(b":").unwrap_or(text));
        }
        return;
    };
    draft.set(Slot::Rule, rule);
    draft.packet.action = match letter(rule) {
        Some(b'A') => Action::Allow,
        Some(b'D') => Action::Drop,
        Some(b'R') => Action::Reject,
        _ => action(text),
    };
}

/// `[50028442.088484]`.
fn without_uptime(text: &[u8]) -> &[u8] {
    let inner = text.strip_prefix(b"[").and_then(|rest| {
        let end = rest.iter().position(|byte| *byte == b']')?;
        let is_number =
            rest.get(..end)?.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b' '));
        is_number.then(|| rest.get(end + 1..)).flatten()
    });
    inner.unwrap_or(text).trim_ascii()
}

/// What stands in the first brackets.
fn bracketed(text: &[u8]) -> Option<&[u8]> {
    let start = text.iter().position(|byte| *byte == b'[')?;
    let rest = text.get(start + 1..)?;
    rest.get(..rest.iter().position(|byte| *byte == b']')?)
}

/// The letter in `WAN_LOCAL-D-2147483647` or `WAN_LOCAL-default-D`.
fn letter(rule: &[u8]) -> Option<u8> {
    let mut parts = rule.rsplit(|byte| *byte == b'-');
    let last = parts.next()?;
    match (last, parts.next()) {
        ([letter @ (b'A' | b'D' | b'R')], _) | (_, Some([letter])) => Some(*letter),
        _ => None,
    }
}
