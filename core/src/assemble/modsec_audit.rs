//! `modsec_audit`: ModSecurity's audit log, transactions of several sections.
//!
//! A line `--ID-X--` begins section X of a transaction, `A` is its first and
//! `Z` its last. All lines are joined with one space, boundaries included
//! (OSSEC 4.3). Transactions may be mixed by sections. OSSEC 4.3 discards
//! those of more than 96 lines; here they are cut like any record.

use super::Line;
use super::desk::Desk;
use crate::record::Span;

/// Longest id (OSSEC 4.3).
const ID_MAX: usize = 63;

/// Stage of the transaction whose section is being written.
const WRITTEN: u8 = 1;

/// The id and the section of a boundary line.
fn boundary(text: &[u8]) -> Option<(Span, u8)> {
    let inner = text.trim_ascii_end().strip_prefix(b"--")?.strip_suffix(b"--")?;
    let (id, [b'-', section]) = inner.split_last_chunk()? else { return None };
    let sound = (1..=ID_MAX).contains(&id.len()) && id.iter().all(u8::is_ascii_alphanumeric);
    (sound && section.is_ascii_uppercase()).then(|| (Span::new(2, 2 + id.len()), *section))
}

/// Takes a line.
pub(super) fn push(desk: &mut Desk<'_>, line: &Line<'_>) {
    let written = desk.pending.iter().position(|record| record.stage == WRITTEN);
    let Some((id, section)) = boundary(line.text) else {
        return match written.and_then(|index| desk.in_time(index)) {
            Some(index) => desk.line(index, b" ", line),
            None => desk.single(line),
        };
    };
    if let Some(record) = written.and_then(|index| desk.get_mut(index)) {
        record.stage = 0;
    }
    let key = id.of(line.text);
    if desk.counts(key, line.at) {
        add_boundary(desk, line, id, section);
    }
}

/// Adds a boundary line to its transaction.
fn add_boundary(desk: &mut Desk<'_>, line: &Line<'_>, id: Span, section: u8) {
    let mut open = desk.find(id.of(line.text));
    if section == b'A' {
        desk.give(open.take().unwrap_or(usize::MAX));
    }
    let index = open.unwrap_or_else(|| desk.begin(line, id));
    desk.line(index, b" ", line);
    if section == b'Z' {
        desk.give(index);
    } else if let Some(record) = desk.get_mut(index) {
        record.stage = WRITTEN;
    }
}
