//! Questions to a name server, and its answers (RFC 1035, RFC 3596).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes of an answer over UDP (RFC 1035 §4.2.1). What a server cuts off
/// because of it is not asked for: one address is enough.
pub(super) const ANSWER_MAX: usize = 512;

/// Bytes of the header in front of question and answer.
const HEADER: usize = 12;

/// Bytes of a name, and of a part of it (RFC 1035 §2.3.4).
const NAME_MAX: usize = 255;
const LABEL_MAX: usize = 63;

/// Which addresses are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    V4 = 1,
    V6 = 28,
}

/// What a server says to a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It could not find out.
    Failed,
    /// All addresses; none if there is no such name.
    Addresses(Vec<IpAddr>),
}

/// A question; `None` if no name can be like that.
pub(super) fn question(id: u16, name: &str, kind: Kind) -> Option<Vec<u8>> {
    let [high, low] = id.to_be_bytes();
    // One question, and the server may ask others.
    let mut out = vec![high, low, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.strip_suffix('.').unwrap_or(name).split('.') {
        out.push(u8::try_from(label.len()).ok().filter(|len| (1..=LABEL_MAX).contains(&usize::from(*len)))?);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    // Of the Internet's class.
    out.extend_from_slice(&[0, kind as u8, 0, 1]);
    (out.len() <= HEADER + NAME_MAX + 4).then_some(out)
}

/// What a message says to a question; `None` if it is no answer to it. Takes
/// time linear in the message.
pub(super) fn answer(question: &[u8], message: &[u8]) -> Option<Answer> {
    let [id_high, id_low, flags, code, _, _, count_high, count_low, ..] = *message else { return None };
    let asked = question.get(HEADER..)?;
    let is_answer = flags & 0x80 != 0 && question.starts_with(&[id_high, id_low]);
    if !is_answer || !message.get(HEADER..question.len())?.eq_ignore_ascii_case(asked) {
        return None;
    }
    match code & 0x0F {
        0 => {}
        // There is no such name.
        3 => return Some(Answer::Addresses(Vec::new())),
        _ => return Some(Answer::Failed),
    }
    let mut rest = message.get(question.len()..)?;
    let mut addresses = Vec::new();
    for _ in 0..u16::from_be_bytes([count_high, count_low]) {
        // What was cut off is not there.
        let Some((kind, data, behind)) = record(rest) else { break };
        addresses.extend(address(kind, data));
        rest = behind;
    }
    Some(Answer::Addresses(addresses))
}

/// Kind and data of a record, and what stands behind it.
fn record(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (fixed, rest) = behind_name(bytes)?.split_first_chunk::<10>()?;
    let [kind_high, kind_low, _, _, _, _, _, _, len_high, len_low] = *fixed;
    let (data, behind) = rest.split_at_checked(u16::from_be_bytes([len_high, len_low]).into())?;
    Some((u16::from_be_bytes([kind_high, kind_low]), data, behind))
}

/// What stands behind a name, which may end in a reference to another one.
fn behind_name(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        bytes = match bytes.split_first()? {
            (0, rest) => return Some(rest),
            (0xC0.., rest) => return rest.get(1..),
            (len, rest) => rest.get(usize::from(*len)..)?,
        };
    }
}

/// The address in a record; other records say that the name is another's.
fn address(kind: u16, data: &[u8]) -> Option<IpAddr> {
    if kind == Kind::V4 as u16 {
        return <[u8; 4]>::try_from(data).ok().map(|bytes| Ipv4Addr::from(bytes).into());
    }
    let bytes = <[u8; 16]>::try_from(data).ok().filter(|_| kind == Kind::V6 as u16)?;
    Some(Ipv6Addr::from(bytes).into())
}
