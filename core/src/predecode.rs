//! Header of a record: when, on which host, by which program, and what is
//! left for the decoders.
//!
//! [`clean`] cuts a text and removes control bytes once, [`header`] then names
//! the parts of the text. Headers are told apart by single bytes at fixed
//! places; digits and letters are mostly not looked at, because OSSEC 4.3 and
//! Wazuh 4.14 do not look either and people's rules rely on what they take for
//! a header. Each text
//! falls into one [`Form`], in the worst case into [`Form::None`].
//!
//! Work: one look at the first bytes, then one pass over host and program.
//!
//! | room | what happens there |
//! |---|---|
//! | `rows` | the forms, one row each: conditions and length of the date |
//! | `names` | host and program behind the date |
//! | `asl` | the bracketed groups of macOS |

mod asl;
mod names;
mod rows;
#[cfg(test)]
mod tests;

use crate::event::Event;
use crate::image::Dialect;
use crate::limits::{RECORD_MAX, TEXT_MAX};
use crate::record::Span;

/// The form of a header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// `Dec 29 10:00:01 host program[pid]: …`, RFC 3164.
    Syslog,
    /// `2015-04-16 21:51:02,805 …`
    Millis,
    /// `2007-06-14T15:48:55-04:00 …`
    Iso,
    /// `2007-06-14T15:48:55.3352-04:00 …`
    IsoFraction,
    /// `2015 Dec 29 10:00:01 …`
    Year,
    /// `2019:11:06-00:08:03 …` (OSSEC only).
    Colons,
    /// `2021-04-21 10:16:09.404756-0700 …` (Wazuh only).
    Mac,
    /// `Mon Apr 17 18:27:14 2006 1 …`
    Xferlog,
    /// `01/28-09:13:16.240702  […`
    Snort,
    /// `01/28/1979-09:13:16.240702  […`
    Suricata,
    /// `[Fri Feb 11 18:06:35 2004] …`
    Apache,
    /// `[Time 2006.12.28 15:53:55 UTC] [Facility …`
    Asl,
    /// `1140804070.368  11623 …`
    Squid,
    /// No header that is known: all of the text is the log.
    #[default]
    None,
}

/// The parts of a text, as spans of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Host name; may be empty.
    pub host: Option<Span>,
    /// Program name without the process id; may be empty.
    pub program: Option<Span>,
    /// What decoders and rules look at.
    pub log: Span,
    /// The date as it stands, without brackets; empty if there is none.
    pub stamp: Span,
    /// The form that was recognised.
    pub form: Form,
}

/// Copies a text into `buffer`, up to the first NUL and [`TEXT_MAX`] bytes; in
/// OSSEC's dialect without control bytes (0x01 to 0x1F and 0x7F).
///
/// QUIRK: control bytes are deleted, not replaced, so a tab joins the words
/// beside it (OSSEC 4.3). Decoders and rules are written for that. Only the
/// output of a command keeps its lines: people compare them. Wazuh 4.14 keeps
/// all control bytes.
///
/// A buffer of [`TEXT_MAX`] bytes always suffices; a shorter one cuts.
pub fn clean<'b>(text: &[u8], dialect: Dialect, buffer: &'b mut [u8]) -> &'b [u8] {
    match dialect {
        Dialect::Ossec => without_control(text, buffer),
        Dialect::Wazuh => up_to_nul(text, buffer),
    }
}

/// Bytes looked at together; the compiler tests them as one.
const STEP: usize = 32;

fn up_to_nul<'b>(text: &[u8], buffer: &'b mut [u8]) -> &'b [u8] {
    let text = text.get(..text.len().min(TEXT_MAX).min(buffer.len())).unwrap_or(b"");
    let is_whole = |chunk: &&[u8]| !chunk.iter().fold(false, |found, &byte| found | (byte == 0));
    let whole = text.chunks(STEP).take_while(is_whole).map(<[u8]>::len).sum();
    let rest = text.get(whole..).unwrap_or(b"").iter().take_while(|byte| **byte != 0).count();
    let len = whole + rest;
    if let (Some(room), Some(kept)) = (buffer.get_mut(..len), text.get(..len)) {
        room.copy_from_slice(kept);
    }
    buffer.get(..len).unwrap_or(b"")
}

fn without_control<'b>(text: &[u8], buffer: &'b mut [u8]) -> &'b [u8] {
    let keeps_lines = text.starts_with(COMMAND_OUTPUT);
    let text = text.get(..text.len().min(TEXT_MAX).min(buffer.len()));
    let mut len = 0;
    for chunk in text.unwrap_or(b"").chunks(STEP) {
        let dirty = chunk.iter().fold(false, |dirty, &byte| dirty | is_control(byte));
        match (dirty, buffer.get_mut(len..len + chunk.len())) {
            (false, Some(room)) => {
                room.copy_from_slice(chunk);
                len += chunk.len();
            }
            _ => {
                let end = chunk.iter().position(|&byte| byte == 0);
                let kept = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or(b"");
                let is_kept = |byte: &&u8| !is_control(**byte) || (keeps_lines && **byte == b'\n');
                let kept = kept.iter().filter(is_kept);
                for (&byte, room) in kept.zip(buffer.iter_mut().skip(len)) {
                    *room = byte;
                    len += 1;
                }
                if end.is_some() {
                    break;
                }
            }
        }
    }
    buffer.get(..len).unwrap_or(b"")
}

/// What the output of a command begins with.
const COMMAND_OUTPUT: &[u8] = b"ossec: output: '";

fn is_control(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7f
}

/// Reads the header of an event and notes its parts.
pub fn read(event: &mut Event<'_>, dialect: Dialect) {
    let header = header(event.line(), dialect);
    (event.header_host, event.program, event.log) = (header.host, header.program, header.log);
    if dialect == Dialect::Wazuh {
        event.name_agent();
    }
}

/// Recognises the header of a text that [`clean`] has passed. Only the first
/// [`RECORD_MAX`] bytes count.
pub fn header(text: &[u8], dialect: Dialect) -> Header {
    let text = text.get(..RECORD_MAX).unwrap_or(text);
    let row = rows::recognise(text, dialect);
    let bare = Header {
        log: Span::new(row.advance, text.len()),
        stamp: row.stamp,
        form: row.form,
        ..Header::default()
    };
    match row.form {
        Form::Syslog
        | Form::Millis
        | Form::Iso
        | Form::IsoFraction
        | Form::Year
        | Form::Colons
        | Form::Mac => names::read(text, row.advance, bare, dialect),
        Form::Asl => asl::read(text, row.advance, bare),
        _ => bare,
    }
}
