//! `djb-multilog`: a log of `multilog`, lines with a TAI64N label.
//!
//! OSSEC 4.3 replaces the label by a syslog header with the current time,
//! which the host gives. A text that has a syslog header of its own keeps it;
//! OSSEC loses its date. So does a line without label.

use super::Line;
use super::date::{begins, behind_blanks};
use super::desk::Desk;
use crate::record::Span;

/// Bytes of a label: `@` and 24 digits.
const LABEL: usize = 25;

/// The program of a log's path, `…/PROG/current`.
pub fn program(path: &[u8]) -> Option<&[u8]> {
    let folder = path.strip_suffix(b"/current")?;
    folder.rsplit(|byte| *byte == b'/').next().filter(|program| !program.is_empty())
}

/// The text behind the label.
fn behind_label(text: &[u8]) -> &[u8] {
    let label = text.strip_prefix(b"@").and_then(|rest| rest.get(..LABEL - 1));
    match label {
        Some(label) if label.iter().all(u8::is_ascii_alphanumeric) && text.get(LABEL) == Some(&b' ') => {
            behind_blanks(text.get(LABEL..).unwrap_or_default())
        }
        _ => text,
    }
}

/// Takes a line; `header` ends with a space.
pub(super) fn push(desk: &mut Desk<'_>, line: &Line<'_>, header: &[u8]) {
    let text = behind_label(line.text);
    if text.is_empty() && line.cut == 0 {
        return;
    }
    let dated = begins(text, b"??? ?? ??:??:?? ");
    let index = desk.begin(line, Span::default());
    desk.append(index, if dated { b"" } else { header });
    desk.append(index, text);
    desk.seen(index, line);
    desk.give(index);
}
