//! `ossecalert`: the alerts of another OSSEC, from its `alerts.log`.
//!
//! A block begins with `** Alert`; its second line has date and location,
//! then come `Rule: `, fields, the log, and an empty line. OSSEC 4.3 makes
//! `ossec: Alert Level: L; Rule: ID - DESC; Location: LOC; srcip: X; user: Y;  LOG`
//! of it, where several lines of log each end with a newline. It takes one
//! alert per round, cuts logs to 1594 bytes, loses a last block without an
//! empty line and takes lines of the log for fields; none of that is copied.

use super::desk::Desk;
use super::{Line, find};
use crate::record::Span;

/// Stages of a record: what its next line may be.
const LOCATION: u8 = 0;
const RULE: u8 = 1;
const FIELDS: u8 = 2;
const LOG: u8 = 3;
const MORE_LOG: u8 = 4;

/// Fields that have no place in the record.
const UNUSED: [&[u8]; 3] = [b"Src Port: ", b"Dst IP: ", b"Dst Port: "];

/// Takes a line.
pub(super) fn push(desk: &mut Desk<'_>, line: &Line<'_>) {
    if line.text.starts_with(b"** Alert") {
        let index = desk.begin(line, Span::default());
        return desk.seen(index, line);
    }
    let Some(index) = desk.current() else { return };
    let stage = desk.get(index).map_or(LOCATION, |record| record.stage);
    if line.text.is_empty() && line.cut == 0 {
        if stage >= LOG {
            desk.give(index);
        }
        return;
    }
    desk.seen(index, line);
    let next = match stage {
        LOCATION => location(desk, index, line.text),
        RULE => rule(desk, index, line.text).unwrap_or_else(|| log(desk, index, line.text, FIELDS)),
        stage => field(desk, index, line.text, stage).unwrap_or_else(|| log(desk, index, line.text, stage)),
    };
    if let Some(record) = desk.get_mut(index) {
        record.stage = next;
    }
}

/// The part of a text behind the first `piece`.
fn behind<'t>(text: &'t [u8], piece: &[u8]) -> Option<&'t [u8]> {
    text.get(find(text, piece)? + piece.len()..)
}

/// Adds the location: what follows the first space behind the first colon.
fn location(desk: &mut Desk<'_>, index: usize, text: &[u8]) -> u8 {
    let location = behind(text, b":").and_then(|rest| behind(rest, b" "));
    desk.append(index, location.unwrap_or(text));
    RULE
}

/// Adds `Rule: ID (level L) -> 'DESC'`, before the location.
fn rule(desk: &mut Desk<'_>, index: usize, text: &[u8]) -> Option<u8> {
    let (id, rest) = split(text.strip_prefix(b"Rule: ")?, b" (level ")?;
    let (level, rest) = split(rest, b")")?;
    let description = behind(rest, b"'")?;
    let end = description.iter().rposition(|byte| *byte == b'\'').unwrap_or(description.len());
    let description = description.get(..end).unwrap_or_default();
    let len = desk.text(index).len();
    let pieces: [&[u8]; 7] =
        [b"ossec: Alert Level: ", level, b"; Rule: ", id, b" - ", description, b"; Location: "];
    pieces.into_iter().for_each(|piece| desk.append(index, piece));
    desk.bring_forward(index, len);
    desk.append(index, b";");
    Some(FIELDS)
}

/// The parts of a text before and behind the first `piece`.
fn split<'t>(text: &'t [u8], piece: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let at = find(text, piece)?;
    Some((text.get(..at)?, text.get(at + piece.len()..)?))
}

/// Adds a field that stands before the log.
fn field(desk: &mut Desk<'_>, index: usize, text: &[u8], stage: u8) -> Option<u8> {
    if stage != FIELDS {
        return None;
    }
    if UNUSED.iter().any(|label| text.starts_with(label)) {
        return Some(FIELDS);
    }
    let (name, value): (&[u8], _) = match text.strip_prefix(b"Src IP: ") {
        Some(value) => (b" srcip: ", value),
        None => (b" user: ", text.strip_prefix(b"User: ")?),
    };
    [name, value, b";"].into_iter().for_each(|piece| desk.append(index, piece));
    Some(FIELDS)
}

/// Adds a line of the log.
fn log(desk: &mut Desk<'_>, index: usize, text: &[u8], stage: u8) -> u8 {
    let (before, after, next): (&[u8], &[u8], u8) = match stage {
        LOG => (b"\n", b"\n", MORE_LOG),
        MORE_LOG => (b"", b"\n", MORE_LOG),
        _ => (b"  ", b"", LOG),
    };
    [before, text, after].into_iter().for_each(|piece| desk.append(index, piece));
    next
}
