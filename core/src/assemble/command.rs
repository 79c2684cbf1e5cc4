//! The text of a command's output, as OSSEC 4.3 writes it.

use super::{Line, Record};

/// `command`: the record of one line of output (or of an unterminated last
/// one), written into `buffer`, of which [`RECORD_MAX`](crate::limits::RECORD_MAX)
/// bytes are used at most. An empty line gives the bare prefix.
///
/// `alias` is the command's alias, or the command itself.
pub fn line<'b>(alias: &[u8], line: Line<'_>, buffer: &'b mut [u8]) -> Record<'b> {
    let _ = (alias, line);
    Record { text: buffer, queue: b'1', at: 0, cut: 0 }
}

/// `full_command`: the record of a whole output; `cut` is what the reader of
/// the output had to leave out. `None` if there was no output.
pub fn full<'b>(alias: &[u8], output: &[u8], cut: u32, buffer: &'b mut [u8]) -> Option<Record<'b>> {
    let _ = (alias, output);
    Some(Record { text: buffer, queue: b'1', at: 0, cut })
}
