//! `linux_auditd`: the Linux audit log, with the lines of several events
//! mixed.
//!
//! The kernel writes the lines of an event one by one, and other events in
//! between. Lines of one id are joined with a space; the format's
//! [`Wait`](super::Wait) says when an event is complete.

use super::Line;
use super::audit::id;
use super::desk::Desk;

/// Takes a line.
pub(super) fn push(desk: &mut Desk<'_>, line: &Line<'_>) {
    let Some(id) = id(line.text) else { return desk.single(line) };
    let key = id.of(line.text);
    if !desk.counts(key, line.at) {
        return;
    }
    let index = desk.find(key).unwrap_or_else(|| desk.begin(line, id));
    desk.line(index, b" ", line);
}
