//! The text of a command's output, as OSSEC 4.3 writes it.

use super::{Line, Record};
use crate::limits::RECORD_MAX;

/// Bytes of what stands before the output (OSSEC 4.3).
const PREFIX_MAX: usize = 255;

/// `command`: the record of one line of output, or of an unterminated last
/// one. An empty line gives the bare prefix.
///
/// `alias` is the command's alias, or the command itself. The record is
/// written into `buffer`; it is cut at its end or at [`RECORD_MAX`].
pub fn line<'b>(alias: &[u8], line: Line<'_>, buffer: &'b mut [u8]) -> Record<'b> {
    let mut text = Text::begin(alias, b"': ", buffer);
    let whole = if line.cut == 0 { line.text.strip_suffix(b"\r") } else { None };
    text.add(whole.unwrap_or(line.text));
    text.record(line.at, line.cut)
}

/// `full_command`: the record of a whole output; `cut` is what its reader had
/// to leave out. `None` if there was no output.
///
/// Carriage returns are left out, so are the newline at the end and every
/// second one of two that follow each other. OSSEC 4.3 also loses a last line
/// without a newline. `alias` and `buffer` are as for [`line()`].
pub fn full<'b>(alias: &[u8], output: &[u8], cut: u32, buffer: &'b mut [u8]) -> Option<Record<'b>> {
    if output.is_empty() && cut == 0 {
        return None;
    }
    let mut text = Text::begin(alias, b"':\n", buffer);
    let mut newlines = 0usize;
    for byte in output.iter().filter(|byte| **byte != b'\r') {
        if *byte == b'\n' {
            newlines += 1;
            continue;
        }
        // They wait until something follows: the last one is left out.
        (0..newlines.div_ceil(2)).for_each(|_| text.add(b"\n"));
        newlines = 0;
        text.add(&[*byte]);
    }
    (1..newlines.div_ceil(2)).for_each(|_| text.add(b"\n"));
    Some(text.record(0, cut))
}

/// A text that is being written.
struct Text<'b> {
    buffer: &'b mut [u8],
    len: usize,
    cut: u32,
}

impl<'b> Text<'b> {
    /// Writes what stands before the output.
    fn begin(alias: &[u8], end: &[u8], buffer: &'b mut [u8]) -> Self {
        let size = buffer.len().min(RECORD_MAX);
        let mut text = Self { buffer: buffer.get_mut(..size).unwrap_or_default(), len: 0, cut: 0 };
        let start = b"ossec: output: '";
        text.add(start);
        text.add(alias.get(..PREFIX_MAX - start.len() - end.len()).unwrap_or(alias));
        text.add(end);
        text
    }

    /// Adds bytes, as many as there is room for, and counts the others.
    fn add(&mut self, bytes: &[u8]) {
        let free = self.buffer.get_mut(self.len..).unwrap_or_default();
        let (fit, over) = bytes.split_at(bytes.len().min(free.len()));
        free.iter_mut().zip(fit).for_each(|(to, from)| *to = *from);
        self.len += fit.len();
        self.cut = self.cut.saturating_add(u32::try_from(over.len()).unwrap_or(u32::MAX));
    }

    /// The record.
    fn record(self, at: u64, cut: u32) -> Record<'b> {
        let text = self.buffer.get(..self.len).unwrap_or_default();
        Record { text, queue: b'1', at, cut: self.cut.saturating_add(cut) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate std;
    use std::string::String;
    use std::vec;

    fn text(record: &Record<'_>) -> String {
        String::from_utf8_lossy(record.text).into_owned()
    }

    fn whole(output: &[u8]) -> Option<String> {
        full(b"df", output, 0, &mut [0; RECORD_MAX]).map(|record| text(&record))
    }

    #[test]
    fn each_line_of_a_command_names_the_command() {
        let mut buffer = [0; RECORD_MAX];
        let given = Line { text: b"/ 80%\r", at: 7, cut: 0 };
        let record = line(b"df -h", given, &mut buffer);
        assert_eq!(
            (text(&record).as_str(), record.at, record.queue),
            ("ossec: output: 'df -h': / 80%", 7, b'1')
        );
        let empty = Line { text: b"", at: 0, cut: 0 };
        assert_eq!(text(&line(b"df", empty, &mut buffer)), "ossec: output: 'df': ");
    }

    #[test]
    fn a_whole_output_is_one_record_and_its_last_line_is_there() {
        assert_eq!(whole(b"a\r\nb\n").as_deref(), Some("ossec: output: 'df':\na\nb"));
        assert_eq!(whole(b"a\nb").as_deref(), Some("ossec: output: 'df':\na\nb"), "no newline at the end");
        assert_eq!(whole(b"only").as_deref(), Some("ossec: output: 'df':\nonly"));
        assert_eq!(whole(b"a\n\nb\n\n").as_deref(), Some("ossec: output: 'df':\na\nb"), "pairs are one");
        assert_eq!(whole(b"a\n\n\nb").as_deref(), Some("ossec: output: 'df':\na\n\nb"), "two pairs, two");
        assert_eq!(whole(b"\n").as_deref(), Some("ossec: output: 'df':\n"));
    }

    #[test]
    fn no_output_is_no_record() {
        assert_eq!(whole(b""), None);
    }

    #[test]
    fn what_is_too_long_is_cut_and_counted() {
        let output = vec![b'x'; RECORD_MAX];
        let mut buffer = [0; RECORD_MAX + 9];
        let record = full(b"df", &output, 3, &mut buffer).expect("there is output");
        let before = "ossec: output: 'df':\n".len();
        assert_eq!((record.text.len(), record.cut as usize), (RECORD_MAX, before + 3));
        let record = line(&output, Line { text: b"y", at: 0, cut: 0 }, &mut buffer);
        assert!(record.text.ends_with(b"x': y"));
        assert_eq!(record.text.len(), PREFIX_MAX + 1);
        let mut small = [0; 4];
        assert_eq!(full(b"df", b"abc", 0, &mut small).map(|r| r.text.len()), Some(4));
    }
}
