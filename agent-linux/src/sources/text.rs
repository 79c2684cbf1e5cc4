//! The text of one record while it is put together, and the header that a
//! syslog daemon of this machine would write.

use crate::host;
use crate::sys::local_time;
use bartizan_core::follow::dated::LocalTime;
use bartizan_core::limits::TEXT_MAX;
use std::io::Write;

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
        self.push(&stamp(local_time(epoch_s())));
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

/// Seconds since 1970.
pub(super) fn epoch_s() -> u64 {
    host::wall_ns() / 1_000_000_000
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

/// `YYYY-MM-DDTHH:MM:SS+HH:MM` (RFC 3339) of seconds since 1970 and the local
/// time that they are.
pub(super) fn iso_stamp(epoch_s: u64, time: LocalTime) -> [u8; 25] {
    let mut stamp = [b' '; 25];
    let ahead = ahead_minutes(epoch_s, time);
    let sign = if ahead < 0 { '-' } else { '+' };
    let (hours, minutes) = (ahead.abs() / 60 % 100, ahead.abs() % 60);
    let LocalTime { year, month, day, hour, minute, second, .. } = time;
    // As long as the array, whatever the numbers are.
    let _ = write!(
        &mut stamp[..],
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{hours:02}:{minutes:02}"
    );
    stamp
}

/// Minutes that a local time is ahead of UTC.
fn ahead_minutes(epoch_s: u64, time: LocalTime) -> i64 {
    let before = i64::from(time.year) - 1;
    let leap_days = |year: i64| year / 4 - year / 100 + year / 400;
    let years = (before - 1969) * 365 + leap_days(before) - leap_days(1969);
    let days = years + i64::from(time.day_of_year);
    let minutes = days * 1440 + i64::from(time.hour) * 60 + i64::from(time.minute);
    minutes - (epoch_s / 60) as i64
}

/// The name of this host up to the first dot, one word.
pub(super) fn host() -> String {
    let name = host::name();
    name.split('.').next().unwrap_or_default().replace(char::is_whitespace, "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_those_of_syslog_and_of_rfc_3339() {
        let (hour, minute, second) = (8, 1, 9);
        let time =
            LocalTime { year: 2024, month: 3, day: 7, hour, minute, second, weekday: 4, day_of_year: 66 };
        assert_eq!(&stamp(time), b"Mar  7 08:01:09");
        // 11:31:09 UTC.
        assert_eq!(&iso_stamp(1_709_811_069, time), b"2024-03-07T08:01:09-03:30");
        assert_eq!(&iso_stamp(1_709_798_469, time), b"2024-03-07T08:01:09+00:00");
        let now = epoch_s();
        assert!(ahead_minutes(now, local_time(now)).abs() <= 14 * 60);
        let wild = LocalTime { year: u16::MAX, month: 0, day: 255, ..time };
        assert_eq!((stamp(wild).len(), iso_stamp(u64::MAX, wild).len()), (15, 25));
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_and_counted() {
        let mut text = Text::new();
        text.push(&[b'a'; TEXT_MAX - 1]);
        text.push(b"bcd");
        assert_eq!((text.bytes().len(), text.cut(), text.bytes().last()), (TEXT_MAX, 2, Some(&b'b')));
    }
}
