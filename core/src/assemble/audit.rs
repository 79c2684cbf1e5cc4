//! `audit`: consecutive lines of one event of the Linux audit log.
//!
//! OSSEC 4.3, Wazuh 4.14: lines with the same text in `msg=audit(…):` are
//! joined with one space. Both drop lines beyond 16 or 64 and stop at what is
//! not an audit line; here such a line is a record of its own.

use super::desk::Desk;
use super::{Line, find};
use crate::record::Span;

/// What stands before the event's id.
const BEFORE: &[u8] = b"msg=audit(";

/// The event's id: time and serial number.
pub(super) fn id(text: &[u8]) -> Option<Span> {
    let start = find(text, BEFORE)? + BEFORE.len();
    let len = find(text.get(start..)?, b"):")?;
    (len > 0).then(|| Span::new(start, start + len))
}

/// Takes a line.
pub(super) fn push(desk: &mut Desk<'_>, line: &Line<'_>) {
    let Some(id) = id(line.text) else {
        desk.give(0);
        return desk.single(line);
    };
    let index = desk.find(id.of(line.text)).unwrap_or_else(|| desk.begin(line, id));
    desk.line(index, b" ", line);
}
