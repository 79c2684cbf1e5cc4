//! `mssql_log`: Microsoft SQL Server's log.
//!
//! OSSEC 4.3: a line that begins with `YYYY-MM-DD HH:MM:SS` begins a record,
//! others follow after one space.

use super::Line;
use super::date::begins;
use super::desk::Desk;
use crate::record::Span;

/// Takes a line.
pub(super) fn push(desk: &mut Desk<'_>, line: &Line<'_>) {
    let open = desk.current().filter(|_| !begins(line.text, b"9999-99-99 99:99:99"));
    if !line.text.is_empty() {
        let index = open.unwrap_or_else(|| desk.begin(line, Span::default()));
        desk.line(index, b" ", line);
    }
}
