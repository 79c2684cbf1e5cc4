//! What stands before a message: priority, time, and the name of the device.

use super::Packet;

/// Reads RFC 3164, RFC 5424, ISO stamps, `YYYY/MM/DD`, and the absence of any
/// of them. A name that does not look like one is left out.
pub(super) fn fill<'t>(line: &'t [u8], packet: &mut Packet<'t>) {
    let rest = without_weekday(without_priority(line));
    let Some(length) = stamp(rest) else { return };
    let (time, behind) = rest.split_at_checked(length).unwrap_or((rest, b""));
    packet.time = packet.time.or(Some(time));
    let name = behind.trim_ascii_start().split(u8::is_ascii_whitespace).next().unwrap_or_default();
    if packet.device.is_none() && is_name(name) {
        packet.device = Some(name);
    }
}

/// `<134>` and the version of RFC 5424.
fn without_priority(line: &[u8]) -> &[u8] {
    let behind = line.strip_prefix(b"<").and_then(|rest| {
        let end = rest.iter().take(4).position(|byte| *byte == b'>')?;
        rest.get(end + 1..)
    });
    let rest = behind.unwrap_or(line);
    rest.strip_prefix(b"1 ").filter(|_| behind.is_some()).unwrap_or(rest)
}

/// `logread` of OpenWrt begins with the day of the week.
fn without_weekday(line: &[u8]) -> &[u8] {
    let names = [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "];
    names.iter().find_map(|name| line.strip_prefix(*name)).unwrap_or(line)
}

/// Bytes of the time stamp that a text begins with.
fn stamp(text: &[u8]) -> Option<usize> {
    let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    let has = |at: usize, bytes: &[u8]| text.get(at).is_some_and(|byte| bytes.contains(byte));
    // `2026-05-31T00:04:27.696749+02:00`, `2018/10/05 09:52:14`.
    if digit(0) && digit(3) && has(4, b"-/") && has(7, b"-/") && has(10, b"T ") && has(13, b":") && digit(18)
    {
        let rest = text.get(19..)?;
        let more = rest.iter().position(|byte| byte.is_ascii_whitespace()).unwrap_or(rest.len());
        let is_zone = rest.iter().take(more).all(|byte| byte.is_ascii_digit() || b".,+-:Z".contains(byte));
        return Some(19 + if is_zone { more } else { 0 });
    }
    // `Jun  8 14:34:33`; a year stands before or behind the time, or nowhere.
    let is_month = text.get(..3)?.iter().all(u8::is_ascii_alphabetic) && has(3, b" ");
    let time = |at: usize| has(at + 2, b":") && has(at + 5, b":") && digit(at) && digit(at + 7);
    match is_month && digit(5) {
        true if time(7) => {
            let is_year = has(15, b" ") && (16..20).all(digit) && has(20, b" ");
            // Also `Mar 30 15:54:22.171929`.
            let fraction = if has(15, b".") {
                text.iter().skip(16).take_while(|byte| byte.is_ascii_digit()).count() + 1
            } else {
                0
            };
            Some(if is_year { 20 } else { 15 + fraction })
        }
        true if (7..11).all(digit) && time(12) => Some(20),
        _ => None,
    }
}

/// Whether a word may be the name or the address of a device: not a program
/// with its colon, a facility with its level, or the beginning of a message.
fn is_name(word: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    let is_topic = [&b"kern."[..], b"user.", b"daemon."].iter().any(|topic| word.starts_with(topic));
    !is_topic
        && !word.is_empty()
        && word.len() <= 255
        && word.last() != Some(&b':')
        && word.iter().all(is_plain)
}
