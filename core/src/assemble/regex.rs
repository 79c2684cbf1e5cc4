//! `regex` and Wazuh's `multi-line-regex`: records that expressions mark.
//!
//! A line that matches `start` begins a record, one that matches `end` is its
//! last. Without `end` a record ends where the next one starts; without
//! `start` any line begins one. What `start` captured can be used in `end` as
//! `\1` to `\9`. With `key` the lines whose first capture is equal form one
//! record, however they are mixed. What no record takes in is one of its own.
//!
//! `start` is compiled so that groups which take no part keep their numbers,
//! and `end` so that `\1` is a text given to it
//! (`keep_unset` and `given` of the compiler's options).
//!
//! Wazuh 4.14: `match="start"` is `start` alone, `match="end"` is `end` alone,
//! `match="all"` gathers lines until all of them together match.

use super::desk::Desk;
use super::{Context, Join, Line};
use crate::pattern::{Captures, PatternId};
use crate::record::Span;

/// The expressions of a format.
#[derive(Clone, Copy)]
pub(super) struct Marks {
    pub(super) start: Option<PatternId>,
    pub(super) end: Option<PatternId>,
    pub(super) key: Option<PatternId>,
    pub(super) join: Join,
}

/// Takes a line.
pub(super) fn push(desk: &mut Desk<'_>, line: &Line<'_>, marks: Marks, context: &mut Context<'_>) {
    let Some(key) = key(line, marks.key, context) else { return desk.single(line) };
    if marks.key.is_some() && !desk.counts(key.of(line.text), line.at) {
        return;
    }
    let mut captures = Captures::new();
    let start = marks.start.and_then(|start| context.patterns.captures(start, line.text, &mut captures));
    let mut open = desk.find(key.of(line.text));
    if start.is_some() {
        desk.give(open.take().unwrap_or(usize::MAX));
    }
    let begins = start.is_some() || marks.start.is_none() || marks.end.is_none();
    if open.is_none() && (!begins || line.text.is_empty()) {
        return desk.single(line);
    }
    let index = open.unwrap_or_else(|| begin(desk, line, key, &captures));
    desk.line(index, marks.join.bytes(), line);
    let given = desk.given(index);
    if marks.end.is_some_and(|end| context.patterns.is_match_given(end, line.text, &given)) {
        desk.give(index);
    }
}

/// The part of a line that names its record; `None` if it names none. Without
/// an expression all lines are of the same one.
fn key(line: &Line<'_>, key: Option<PatternId>, context: &mut Context<'_>) -> Option<Span> {
    let Some(pattern) = key else { return Some(Span::default()) };
    let mut captures = Captures::new();
    context.patterns.captures(pattern, line.text, &mut captures)?;
    captures.get(0)
}

/// Begins a record and notes what its start captured.
fn begin(desk: &mut Desk<'_>, line: &Line<'_>, key: Span, captures: &Captures) -> usize {
    let index = desk.begin(line, key);
    if let Some(record) = desk.get_mut(index) {
        record.given.iter_mut().zip(captures).for_each(|(given, capture)| *given = *capture);
    }
    index
}

/// Takes a line of a record that ends when all its lines together match.
pub(super) fn push_all(
    desk: &mut Desk<'_>,
    line: &Line<'_>,
    pattern: PatternId,
    join: Join,
    context: &mut Context<'_>,
) {
    let index = desk.current().unwrap_or_else(|| desk.begin(line, Span::default()));
    desk.line(index, join.bytes(), line);
    if context.patterns.is_match(pattern, desk.text(index)) {
        desk.give(index);
    }
}
