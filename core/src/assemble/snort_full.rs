//! `snort-full`: Snort's alerts in full.
//!
//! OSSEC 4.3 joins three lines without separators: `[**] […`, its
//! classification or priority, and what follows the date of the third. Where
//! the second is missing, or is only a priority, it puts in the class
//! `Preprocessor`. The other lines of an alert are not used. OSSEC stops
//! reading at an alert that does not fit; here it is given out as it is.

use super::Line;
use super::desk::Desk;
use crate::record::Span;

/// Stages of a record.
const FIRST: u8 = 0;
const CLASSIFIED: u8 = 1;

/// The class of an alert that has none, and its priority.
const CLASS: &[u8] = b"[Classification: Preprocessor] ";
const PRIORITY: &[u8] = b"[Priority: 3] ";

/// What follows the date of a line `MM/DD-…`.
fn behind_date(text: &[u8]) -> Option<&[u8]> {
    let dated = text.get(2) == Some(&b'/') && text.get(5) == Some(&b'-');
    let space = text.iter().position(|byte| *byte == b' ').filter(|_| dated)?;
    text.get(space + 1..)
}

/// Takes a line.
pub(super) fn push(desk: &mut Desk<'_>, line: &Line<'_>) {
    if line.text.starts_with(b"[**] [") {
        let index = desk.begin(line, Span::default());
        return desk.line(index, b"", line);
    }
    let Some(index) = desk.current() else { return };
    let first = desk.get(index).is_some_and(|record| record.stage == FIRST);
    if let Some(rest) = behind_date(line.text) {
        if first {
            desk.append(index, CLASS);
            desk.append(index, PRIORITY);
        }
        desk.append(index, rest);
        desk.seen(index, line);
        desk.give(index);
    } else if first && line.text.starts_with(b"[Classification: ") {
        classify(desk, index, b"", line);
    } else if first && line.text.starts_with(b"[Priority: ") {
        classify(desk, index, CLASS, line);
    } else {
        desk.give(index);
    }
}

/// Adds the second line.
fn classify(desk: &mut Desk<'_>, index: usize, class: &[u8], line: &Line<'_>) {
    desk.append(index, class);
    desk.line(index, b"", line);
    if let Some(record) = desk.get_mut(index) {
        record.stage = CLASSIFIED;
    }
}
