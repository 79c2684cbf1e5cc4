//! Host and program behind a date.
//!
//! `host program: `, `host program[pid]: `, `host program[pid] `, the AIX form
//! `host facility|security:info program: `, and `program: ` without a host,
//! as Solaris writes. What does not fit stays in the log.

use super::Header;
use crate::image::Dialect;
use crate::record::Span;

/// Bytes of host and program names, by their number.
const NAME: [bool; 256] = {
    let mut set = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        set[byte] = matches!(byte as u8, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'(' | b')' | b'-' | b'.' | b'/' | b'@' | b'_');
        byte += 1;
    }
    set
};

/// Where the first byte from `from` on is that is not in a set.
fn skip(text: &[u8], from: usize, inside: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(from..).unwrap_or(b"");
    from + rest.iter().position(|&byte| !inside(byte)).unwrap_or(rest.len())
}

fn name_end(text: &[u8], from: usize) -> usize {
    skip(text, from, |byte| NAME.get(usize::from(byte)).copied().unwrap_or(false))
}

fn follows(text: &[u8], from: usize, what: &[u8]) -> bool {
    text.get(from..).is_some_and(|rest| rest.starts_with(what))
}

/// Completes a header whose date ends at `from`.
pub(super) fn read(text: &[u8], from: usize, bare: Header, dialect: Dialect) -> Header {
    let start = from + usize::from(follows(text, from, b" "));
    let end = name_end(text, start);
    let rest = |from| Span::new(from, text.len());
    let run = Some(Span::new(start, end));
    if follows(text, end, b": ") {
        let log = rest(without_id(text, end + 2, dialect));
        return Header { program: run, log, ..bare };
    }
    if !follows(text, end, b" ") {
        return Header { log: rest(start), ..bare };
    }
    let start = end + 1;
    match program(text, start, dialect) {
        None => Header { host: run, log: rest(start), ..bare },
        Some(Program { name, log }) => {
            let log = Span::new(without_id(text, usize::from(log.start), dialect), log.end());
            Header { host: run, program: Some(name), log, ..bare }
        }
    }
}

/// A program name and the log behind it.
struct Program {
    name: Span,
    log: Span,
}

/// The program name that starts at `start`. The process id is not kept; it has
/// to be a number, else there is no program name. OSSEC 4.3 wants a blank
/// behind the colon, Wazuh 4.14 does not.
fn program(text: &[u8], start: usize, dialect: Dialect) -> Option<Program> {
    let end = name_end(text, start);
    let behind_colon = |colon| match follows(text, colon, b": ") {
        true => Some(colon + 2),
        false => (dialect == Dialect::Wazuh).then_some(colon + 1),
    };
    let after = match text.get(end)? {
        b':' => behind_colon(end)?,
        b'[' => {
            let close = pid_end(text, end)?;
            if follows(text, close, b"]:") {
                behind_colon(close + 1)?
            } else if follows(text, close, b"] ") {
                close + 2
            } else {
                return None;
            }
        }
        b'|' if text.get(end + 1)?.is_ascii_lowercase() => {
            return behind_facility(text, start, end);
        }
        _ => return None,
    };
    Some(Program { name: Span::new(start, end), log: Span::new(after, text.len()) })
}

/// Where the digits of `[12345` end; `None` without any.
fn pid_end(text: &[u8], bracket: usize) -> Option<usize> {
    let end = skip(text, bracket + 1, |byte| byte.is_ascii_digit());
    (end > bracket + 1).then_some(end)
}

/// AIX: `start` is the facility, `bar` the `|` in `auth|security:info prog: `.
fn behind_facility(text: &[u8], start: usize, bar: usize) -> Option<Program> {
    let word_end = |from| skip(text, from, |byte: u8| byte.is_ascii_alphanumeric());
    let colon = word_end(bar + 1);
    if text.get(colon) != Some(&b':') {
        return None;
    }
    let blank = word_end(colon + 1);
    if text.get(blank) != Some(&b' ') {
        return None;
    }
    let from = blank + 1;
    let end = name_end(text, from);
    let name = Span::new(from, end);
    let rest = |from| Span::new(from, text.len());
    if follows(text, end, b": ") {
        return Some(Program { name, log: rest(end + 2) });
    }
    Some(match text.get(end).filter(|byte| **byte == b'[').and_then(|_| pid_end(text, end)) {
        Some(close) if follows(text, close, b"]: ") => Program { name, log: rest(close + 3) },
        // QUIRK: the log is the header itself and what follows is lost
        // (OSSEC 4.3).
        Some(_) => Program { name, log: Span::new(start, end) },
        // QUIRK: the name reaches to the end of the line, and the log is the
        // part of it behind the first word (OSSEC 4.3).
        None => Program { name: rest(from), log: rest(end) },
    })
}

/// Behind the message id of Solaris, `[ID 702911 auth.notice] `, if one starts
/// at `from`. Wazuh 4.14 does not ask what the byte behind the bracket is.
fn without_id(text: &[u8], from: usize, dialect: Dialect) -> usize {
    if !follows(text, from, b"[ID ") {
        return from;
    }
    let id = text.get(from + 4..).unwrap_or(b"");
    let end = match dialect {
        Dialect::Ossec => id.windows(2).position(|pair| pair == b"] "),
        Dialect::Wazuh => id.iter().position(|byte| *byte == b']'),
    };
    end.map_or(from, |end| (from + 4 + end + 2).min(text.len()))
}
