//! `multi-line:N`: so many lines are a record.
//!
//! OSSEC 4.3 joins them with a space. It loses step when a line is too long,
//! after the first record of a poll and when a group is not complete at the
//! end of one; here a group waits for its lines for as long as it takes.

use super::Line;
use super::desk::Desk;
use crate::record::Span;

/// Takes a line.
pub(super) fn push(desk: &mut Desk<'_>, line: &Line<'_>, lines: u16) {
    let index = desk.current().unwrap_or_else(|| desk.begin(line, Span::default()));
    desk.line(index, b" ", line);
    if desk.get(index).is_some_and(|record| record.lines >= lines) {
        desk.give(index);
    }
}
