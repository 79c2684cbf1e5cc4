//! `multi-line_indented`: what does not start in column 1 belongs to the line
//! before.
//!
//! OSSEC 4.3: such a line follows after one space, with its indentation; an
//! empty line ends the record.

use super::Line;
use super::desk::Desk;
use crate::record::Span;

/// Takes a line.
pub(super) fn push(desk: &mut Desk<'_>, line: &Line<'_>) {
    let open = desk.current();
    let index = match (line.text.first(), open) {
        (None, open) => return desk.give(open.unwrap_or(usize::MAX)),
        (Some(b' ' | b'\t'), Some(index)) => index,
        _ => desk.begin(line, Span::default()),
    };
    desk.line(index, b" ", line);
}
