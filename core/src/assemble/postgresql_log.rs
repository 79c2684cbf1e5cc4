//! `postgresql_log`: PostgreSQL's log.
//!
//! OSSEC 4.3: a line that begins with `[YYYY-MM-DD HH:MM:SS` begins a record;
//! those that begin with a tab follow after one space. Other lines are not
//! used.

use super::Line;
use super::date::begins;
use super::desk::Desk;
use crate::record::Span;

/// Takes a line.
pub(super) fn push(desk: &mut Desk<'_>, line: &Line<'_>) {
    let index = if begins(line.text, b"[9999-99-99 99:99:99") {
        desk.begin(line, Span::default())
    } else if line.text.starts_with(b"\t") {
        desk.current().unwrap_or_else(|| desk.begin(line, Span::default()))
    } else {
        return;
    };
    desk.line(index, b" ", line);
}
