//! The bracketed groups of the Apple system log:
//! `[Time … UTC] [Facility auth] [Sender sshd] [Message text] [Host mac1]`.

use super::Header;
use crate::record::Span;

/// Completes a header whose date ends at `from`.
///
/// Every `[` may open a group, also inside other text. The first `Sender` and
/// the first `Message` count, and `Host` ends the search. A value ends at the
/// next `]`.
///
/// QUIRK: the `]` of a value also ends the log, so without a `Message` the log
/// ends within the header (OSSEC 4.3).
pub(super) fn read(text: &[u8], from: usize, bare: Header) -> Header {
    let mut found = bare;
    let mut has_message = false;
    let mut log_end = None;
    let mut place = from;
    while let Some(open) = position(text, place, b'[') {
        place = open + 1;
        let group = text.get(place..).unwrap_or(b"");
        if group.starts_with(b"Sender ") && found.program.is_none() {
            let Some((value, next)) = value(text, place + 7) else {
                break;
            };
            found.program = Some(value);
            log_end = log_end.or(Some(value.end()));
            place = next;
        } else if group.starts_with(b"Message ") && !has_message {
            has_message = true;
            found.log = Span::new(place + 8, text.len());
            log_end = None;
            let Some((value, next)) = value(text, place + 8) else {
                break;
            };
            log_end = Some(value.end());
            place = next;
        } else if group.starts_with(b"Host ") {
            if let Some((value, _)) = value(text, place + 5) {
                found.host = Some(value);
                log_end = log_end.or(Some(value.end()));
            }
            break;
        }
    }
    let end = log_end.unwrap_or(text.len());
    Header { log: Span::new(usize::from(found.log.start), end), ..found }
}

/// The value that starts at `from`, and where the search goes on.
fn value(text: &[u8], from: usize) -> Option<(Span, usize)> {
    let close = position(text, from, b']')?;
    Some((Span::new(from, close), close + 1))
}

fn position(text: &[u8], from: usize, byte: u8) -> Option<usize> {
    let rest = text.get(from..)?;
    Some(from + rest.iter().position(|&b| b == byte)?)
}
