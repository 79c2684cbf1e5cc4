//! `mysql_log`: MySQL's log, in which a time stands only before the first
//! line of the same second.
//!
//! OSSEC 4.3: `YYMMDD HH:MM:SS` and text becomes `MySQL log: `, the time, a
//! space and the text; a line that begins with two tabs has the time of the
//! line before. Other lines (banners, titles) are not used. The last time is
//! kept as a record that is never given out; OSSEC has one for all files.

use super::Line;
use super::date::{begins, behind_blanks};
use super::desk::Desk;
use crate::record::Span;

const NAME: &[u8] = b"MySQL log: ";
const TIME: &[u8] = b"999999 _9:99:99";

/// Takes a line.
pub(super) fn push(desk: &mut Desk<'_>, line: &Line<'_>) {
    if begins(line.text, TIME) {
        let (time, text) = line.text.split_at(TIME.len());
        desk.forget(0);
        let index = desk.begin(line, Span::default());
        desk.append(index, NAME);
        desk.append(index, time);
        desk.append(index, b" ");
        give(desk, index, line, text);
    } else if line.text.starts_with(b"\t\t") {
        give_again(desk, line);
    }
}

/// Gives out a line that has no time of its own.
fn give_again(desk: &mut Desk<'_>, line: &Line<'_>) {
    if desk.get(0).is_some() {
        return give(desk, 0, line, line.text);
    }
    let index = desk.begin(line, Span::default());
    desk.append(index, NAME);
    give(desk, index, line, line.text);
    desk.forget(index);
}

/// Gives out a text behind what the record holds, and keeps the record.
fn give(desk: &mut Desk<'_>, index: usize, line: &Line<'_>, text: &[u8]) {
    let text = behind_blanks(text);
    if text.is_empty() && line.cut == 0 {
        return;
    }
    let kept = desk.text(index).len();
    desk.append(index, text);
    desk.seen(index, line);
    desk.show(index, line.at);
    desk.truncate(index, kept);
}
