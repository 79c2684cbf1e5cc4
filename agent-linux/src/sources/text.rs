//! The text of one record while it is put together, and the header that a
//! syslog daemon of this machine would write.

use crate::sys::{LocalTime, local_time};
use bartizan_core::limits::TEXT_MAX;
use std::io::Write;
use std::time::SystemTime;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A text of at most [`TEXT_MAX`] bytes, in memory that is taken once.
#[derive(Debug)]
pub(super) struct Text {
    bytes: Vec<u8>,
    cut: u32,
}

impl Text {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::with_capacity(TEXT_MAX), cut: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.cut = 0;
    }

    /// Adds bytes; those beyond the end are counted.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let (fit, over) = bytes.split_at(bytes.len().min(TEXT_MAX - self.bytes.len()));
        self.bytes.extend_from_slice(fit);
        self.cut = self.cut.saturating_add(u32::try_from(over.len()).unwrap_or(u32::MAX));
    }

    /// Begins a text with `Mmm dd HH:MM:SS HOST `.
    pub(super) fn begin(&mut self, host: &str) {
        self.clear();
        self.push(&stamp(now()));
        [b" ", host.as_bytes(), b" "].iter().for_each(|part| self.push(part));
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn cut(&self) -> u32 {
        self.cut
    }
}

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The local time of this moment.
pub(super) fn now() -> LocalTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    local_time(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// `Mmm dd HH:MM:SS` (RFC 3164 §4.1.2).
pub(super) fn stamp(time: LocalTime) -> [u8; 15] {
    let mut stamp = [b' '; 15];
    let month = MONTHS.get(usize::from(time.month.wrapping_sub(1))).unwrap_or(&"Jan");
    let LocalTime { day, hour, minute, second, .. } = time;
    // As long as the array, whatever the numbers are.
    let _ = write!(&mut stamp[..], "{month} {day:2} {hour:02}:{minute:02}:{second:02}");
    stamp
}

/// `YYYY-MM-DDTHH:MM:SS+HH:MM` (RFC 3339).
pub(super) fn iso_stamp(time: LocalTime) -> [u8; 25] {
    let mut stamp = [b' '; 25];
    let LocalTime { year, month, day, hour, minute, second, ahead_s, .. } = time;
    let sign = if ahead_s < 0 { '-' } else { '+' };
    let (hours, minutes) = (ahead_s.abs() / 3600, ahead_s.abs() / 60 % 60);
    // As long as the array, whatever the numbers are.
    let _ = write!(
        &mut stamp[..],
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{hours:02}:{minutes:02}"
    );
    stamp
}

/// The name of this host up to the first dot, one word.
pub(super) fn host() -> String {
    let name = nix::unistd::gethostname().unwrap_or_default();
    let name = name.to_string_lossy();
    let short = name.split('.').next().unwrap_or_default().replace(char::is_whitespace, "_");
    if short.is_empty() { "localhost".to_string() } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_those_of_syslog_and_of_rfc_3339() {
        let time =
            LocalTime { year: 2026, month: 3, day: 7, hour: 8, minute: 1, second: 9, ahead_s: -12_600 };
        assert_eq!(&stamp(time), b"Mar  7 08:01:09");
        assert_eq!(&iso_stamp(time), b"2026-03-07T08:01:09-03:30");
        let wild = LocalTime { year: i32::MAX, month: 0, day: 255, ahead_s: i32::MAX, ..time };
        assert_eq!((stamp(wild).len(), iso_stamp(wild).len()), (15, 25));
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_and_counted() {
        let mut text = Text::new();
        text.push(&[b'a'; TEXT_MAX - 1]);
        text.push(b"bcd");
        assert_eq!((text.bytes().len(), text.cut(), text.bytes().last()), (TEXT_MAX, 2, Some(&b'b')));
    }
}
