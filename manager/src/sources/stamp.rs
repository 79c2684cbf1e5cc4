//! A line's own time, read from its text.
//!
//! Analysis of what happens now uses the time at which a line arrives; old
//! logs are merged and correlated by the time that stands in them. The forms
//! are those whose headers the engine knows (OSSEC 4.3: header recognition)
//! and those that other programs write: RFC 5424, ISO 8601 with or without
//! zone, web access logs, nginx, Linux audit. Digits and ranges are checked:
//! what only looks like a time is none.
//!
//! A time without zone is local time. A time without year gets the latest
//! year in which its date begins at most a day later than the reference time
//! (the file's last change, or now); a January that follows a December is the
//! next year's even if the reference is a little old.
//!
//! Costs: no allocation, some 20 ns for the common forms. The time zone is
//! asked once per date, not per line, except on the two days a year on which
//! the clocks change.

use jiff::civil::Date;
use jiff::tz::TimeZone;

const DAY: i64 = 86_400;

/// How much later than the reference a time may be if only a turn of the year
/// explains it.
const TURN_MAX: i64 = 62 * DAY;

/// Bytes of a line in which an access log's time is looked for.
const SEARCH_MAX: usize = 1024;

/// A time as it is written, ranges checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    /// Seconds since 1970.
    Epoch(i64),
    /// Date and second of the day at this offset from UTC in seconds.
    At(Day, i64, i64),
    /// Local date and second of the day.
    Local(Day, i64),
    /// Local month, day and second of the day.
    Yearless(u8, u8, i64),
}

/// A date of the calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Day {
    year: i64,
    month: u8,
    day: u8,
}

/// Where a local date begins.
#[derive(Clone, Copy, Debug)]
struct Midnight {
    day: Day,
    epoch: i64,
    /// Whether the date has 24 hours.
    even: bool,
}

/// Reads the times of one file's lines. Each file has its own: it remembers
/// the last date.
#[derive(Clone, Debug)]
pub struct Stamper {
    zone: TimeZone,
    reference: i64,
    midnight: Option<Midnight>,
    /// The last date without year and the year it got.
    yearless: Option<Day>,
}

impl Stamper {
    /// Reads in this machine's time zone (`TZ`, else `/etc/localtime`, else
    /// UTC). `reference`: seconds since 1970 at which the lines had been
    /// written, for times without year.
    pub fn new(reference: i64) -> Self {
        Self::in_zone(TimeZone::system(), reference)
    }

    pub(crate) fn in_zone(zone: TimeZone, reference: i64) -> Self {
        Self { zone, reference, midnight: None, yearless: None }
    }

    /// Moves the reference; for files that are still written.
    pub fn set_reference(&mut self, reference: i64) {
        self.reference = reference;
        self.yearless = None;
    }

    /// Seconds since 1970 of the time in this line, `None` if it has none that
    /// is understood. Fractions of a second are dropped.
    pub fn time_of(&mut self, line: &[u8]) -> Option<i64> {
        match written(line)? {
            Written::Epoch(epoch) => Some(epoch),
            Written::At(day, second, offset) => Some(days(day) * DAY + second - offset),
            Written::Local(day, second) => Some(self.local(day, second)),
            Written::Yearless(month, day, second) => {
                let day = self.with_year(month, day)?;
                Some(self.local(day, second))
            }
        }
    }

    fn local(&mut self, day: Day, second: i64) -> i64 {
        let midnight = self.midnight(day);
        if midnight.even { midnight.epoch + second } else { self.ask(day, second) }
    }

    fn midnight(&mut self, day: Day) -> Midnight {
        if let Some(known) = self.midnight.filter(|m| m.day == day) {
            return known;
        }
        let epoch = self.ask(day, 0);
        // The next date's midnight, by the second of the day beyond the last.
        let even = self.ask(day, DAY) - epoch == DAY;
        let found = Midnight { day, epoch, even };
        self.midnight = Some(found);
        found
    }

    /// Asks the time zone. A local time that the clock skips or shows twice is
    /// the one that a clock without the change would show (RFC 5545).
    fn ask(&self, day: Day, second: i64) -> i64 {
        let plain = days(day) * DAY + second;
        let whole = date_of(plain.div_euclid(DAY));
        let civil = i16::try_from(whole.year)
            .and_then(|y| Ok((y, i8::try_from(whole.month)?, i8::try_from(whole.day)?)))
            .ok()
            .and_then(|(y, m, d)| Date::new(y, m, d).ok());
        let second = plain.rem_euclid(DAY);
        let clock = |n: i64| i8::try_from(n).unwrap_or(0);
        civil
            .map(|d| d.at(clock(second / 3600), clock(second / 60 % 60), clock(second % 60), 0))
            .and_then(|at| self.zone.to_timestamp(at).ok())
            .map_or(plain, jiff::Timestamp::as_second)
    }

    fn with_year(&mut self, month: u8, day: u8) -> Option<Day> {
        if let Some(last) = self.yearless.filter(|d| d.month == month && d.day == day) {
            return Some(last);
        }
        let newest = date_of((self.reference + DAY).div_euclid(DAY)).year + 1;
        let mut found = (newest - 9..=newest)
            .rev()
            .map(|year| Day { year, month, day })
            .find(|d| is_date(*d) && self.ask(*d, 0) <= self.reference + DAY)?;
        let turned = |last: Day| last.month >= 11 && month <= 2 && found.year == last.year;
        if self.yearless.is_some_and(turned) {
            let next = Day { year: found.year + 1, ..found };
            if is_date(next) && self.ask(next, 0) <= self.reference + TURN_MAX {
                found = next;
            }
        }
        self.yearless = Some(found);
        Some(found)
    }
}

/// `Mmm dd HH:MM:SS`, the local time that stands in front of syslog lines.
pub fn syslog_time(epoch: i64) -> String {
    jiff::Timestamp::from_second(epoch)
        .map(|at| at.to_zoned(TimeZone::system()).strftime("%b %e %H:%M:%S").to_string())
        // Only for times beyond the calendar: year 9999.
        .unwrap_or_else(|_| "Jan  1 00:00:00".to_owned())
}

/// `dd/Mmm/yyyy:HH:MM:SS +zzzz`, the local time of web access logs.
pub fn access_time(epoch: i64) -> String {
    jiff::Timestamp::from_second(epoch)
        .map(|at| at.to_zoned(TimeZone::system()).strftime("%d/%b/%Y:%H:%M:%S %z").to_string())
        .unwrap_or_else(|_| "01/Jan/1970:00:00:00 +0000".to_owned())
}

/// The time of a line. Forms are told apart by their first byte, so that a
/// line is tried against a few only.
fn written(line: &[u8]) -> Option<Written> {
    let text = without_priority(line);
    let found = match text.first()? {
        b'0'..=b'9' => digits_first(text),
        b'A'..=b'Z' => syslog(text).or_else(|| with_weekday(text)),
        b'[' => bracketed(text),
        b't' => audit(text),
        _ => None,
    };
    found.or_else(|| access(text))
}

/// RFC 3164 and 5424: `<134>` in front.
fn without_priority(line: &[u8]) -> &[u8] {
    if line.first() != Some(&b'<') {
        return line;
    }
    let end = line.iter().take(5).position(|&b| b == b'>').unwrap_or(0);
    let is_number = end > 1 && line.get(1..end).is_some_and(|n| n.iter().all(u8::is_ascii_digit));
    if is_number { line.get(end + 1..).unwrap_or(b"") } else { line }
}

fn digits_first(text: &[u8]) -> Option<Written> {
    let at = |k: usize| text.get(k).copied();
    match (at(2)?, at(4)?) {
        (_, b'-') => iso(text, b'-', b"T "),
        (_, b'/') => iso(text, b'/', b" "),
        (_, b':') => iso(text, b':', b"-"),
        // `2015 Dec 29 10:00:01`
        (_, b' ') if at(8)? == b' ' => {
            let day = Day { year: number(text, 0, 4)?, month: month(text, 5)?, day: day(text, 9)? };
            dated(day, clock(text, 12)?)
        }
        (b'/', _) => snort(text),
        _ => squid(text).or_else(|| rfc5424(text)),
    }
}

/// `Dec 29 10:00:01`, also with a year between (Cisco: `Dec 29 2015 10:00:01`).
fn syslog(text: &[u8]) -> Option<Written> {
    let (month, day) = (month(text, 0)?, day(text, 4)?);
    if text.get(3) != Some(&b' ') || text.get(6) != Some(&b' ') {
        return None;
    }
    if let Some(second) = clock(text, 7) {
        // 29 February has to be possible: which year it was is seen later.
        let possible = is_date(Day { year: 2000, month, day });
        return possible.then_some(Written::Yearless(month, day, second));
    }
    let year = number(text, 7, 4)?;
    if text.get(11) != Some(&b' ') {
        return None;
    }
    dated(Day { year, month, day }, clock(text, 12)?)
}

/// `Mon Apr 17 18:27:14 2006` and `Fri Feb 11 18:06:35.123456 2004`.
fn with_weekday(text: &[u8]) -> Option<Written> {
    if [3, 7, 10].iter().any(|&k| text.get(k) != Some(&b' ')) {
        return None;
    }
    let (month, day, second) = (month(text, 4)?, day(text, 8)?, clock(text, 11)?);
    let year = behind_fraction(text, 19);
    if text.get(year) != Some(&b' ') {
        return None;
    }
    dated(Day { year: number(text, year + 1, 4)?, month, day }, second)
}

fn bracketed(text: &[u8]) -> Option<Written> {
    let inner = text.get(1..)?;
    match inner.get(..5)? {
        b"Time " => {
            // macOS ASL `[Time 2006.12.28 15:53:55 UTC]`
            match iso(inner.get(5..)?, b'.', b" ")? {
                Written::Local(day, second) => Some(Written::At(day, second, 0)),
                other => Some(other),
            }
        }
        [b'0'..=b'9', _, _, _, b'-'] => iso(inner, b'-', b"T "),
        [_, _, _, b' ', _] => with_weekday(inner),
        _ => None,
    }
}

/// `YYYY-MM-DD HH:MM:SS` with the given separators, fraction and zone if any.
fn iso(text: &[u8], separator: u8, between: &[u8]) -> Option<Written> {
    if text.get(4) != Some(&separator) || text.get(7) != Some(&separator) {
        return None;
    }
    if !between.contains(text.get(10)?) {
        return None;
    }
    let day = Day {
        year: number(text, 0, 4)?,
        month: u8::try_from(number(text, 5, 2)?).ok()?,
        day: u8::try_from(number(text, 8, 2)?).ok()?,
    };
    let second = clock(text, 11)?;
    match zone(text.get(behind_fraction(text, 19)..).unwrap_or(b"")) {
        Some(offset) if is_date(day) => Some(Written::At(day, second, offset)),
        _ => dated(day, second),
    }
}

/// `1 2020-01-01T00:00:00.123Z`: version in front.
fn rfc5424(text: &[u8]) -> Option<Written> {
    let space = text.iter().take(4).position(|&b| b == b' ')?;
    number(text, 0, space)?;
    iso(text.get(space + 1..)?, b'-', b"T")
}

/// `01/28-09:13:16.240702` and `01/28/1979-09:13:16.240702`.
fn snort(text: &[u8]) -> Option<Written> {
    let month = u8::try_from(number(text, 0, 2)?).ok()?;
    let day = u8::try_from(number(text, 3, 2)?).ok()?;
    match text.get(5)? {
        b'-' => {
            let possible = is_date(Day { year: 2000, month, day });
            let second = clock(text, 6)?;
            (possible && text.get(14) == Some(&b'.')).then_some(Written::Yearless(month, day, second))
        }
        b'/' if text.get(10) == Some(&b'-') => {
            dated(Day { year: number(text, 6, 4)?, month, day }, clock(text, 11)?)
        }
        _ => None,
    }
}

/// `1140804070.368  11623 …`
fn squid(text: &[u8]) -> Option<Written> {
    let whole = text.first() == Some(&b'1') && text.get(10) == Some(&b'.');
    if !whole || !text.get(11).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    number(text, 0, 10).map(Written::Epoch)
}

/// `type=SYSCALL msg=audit(1364481363.243:24287): …`
fn audit(text: &[u8]) -> Option<Written> {
    if !text.starts_with(b"type=") {
        return None;
    }
    let head = text.get(..text.len().min(96))?;
    let at = memchr::memmem::find(head, b"msg=audit(")? + 10;
    (text.get(at + 10) == Some(&b'.')).then_some(())?;
    number(text, at, 10).map(Written::Epoch)
}

/// `[29/Dec/2015:10:00:01 +0100]` inside the line.
fn access(text: &[u8]) -> Option<Written> {
    let head = text.get(..text.len().min(SEARCH_MAX))?;
    memchr::memchr_iter(b'[', head).take(8).find_map(|at| {
        let inner = text.get(at + 1..)?;
        if [2, 6].iter().any(|&k| inner.get(k) != Some(&b'/')) || inner.get(11) != Some(&b':') {
            return None;
        }
        let day = Day { year: number(inner, 7, 4)?, month: month(inner, 3)?, day: day(inner, 0)? };
        let second = clock(inner, 12)?;
        match zone(inner.get(20..).unwrap_or(b"")) {
            Some(offset) if is_date(day) => Some(Written::At(day, second, offset)),
            _ => dated(day, second),
        }
    })
}

fn dated(day: Day, second: i64) -> Option<Written> {
    is_date(day).then_some(Written::Local(day, second))
}

/// The number in `count` digits at `at`.
fn number(text: &[u8], at: usize, count: usize) -> Option<i64> {
    text.get(at..at.checked_add(count)?)?
        .iter()
        .try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
}

/// A day of two characters, the first of which may be a space.
fn day(text: &[u8], at: usize) -> Option<u8> {
    let day = if text.get(at) == Some(&b' ') { number(text, at + 1, 1) } else { number(text, at, 2) };
    u8::try_from(day?).ok()
}

/// The second of the day in `HH:MM:SS`; 60 is a leap second.
fn clock(text: &[u8], at: usize) -> Option<i64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = *text.get(at..at + 8)? else { return None };
    let pair = |a: u8, b: u8| {
        (a.is_ascii_digit() && b.is_ascii_digit()).then(|| i64::from(a - b'0') * 10 + i64::from(b - b'0'))
    };
    let (hour, minute, second) = (pair(h1, h2)?, pair(m1, m2)?, pair(s1, s2)?);
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

/// Position behind a fraction `.123` or `,123` at `at`, if one is there.
fn behind_fraction(text: &[u8], at: usize) -> usize {
    match text.get(at) {
        Some(b'.' | b',') => {
            let rest = text.get(at + 1..).unwrap_or(b"");
            at + 1 + rest.iter().take_while(|b| b.is_ascii_digit()).count()
        }
        _ => at,
    }
}

/// Offset from UTC in seconds: `Z`, `+01:00`, `+0100`, `+01`, ` -0500`, ` UTC`.
fn zone(rest: &[u8]) -> Option<i64> {
    let spaced = rest.first() == Some(&b' ');
    let word = if spaced { rest.get(1..)? } else { rest };
    let sign = match word.first()? {
        b'Z' if !spaced => return Some(0),
        b'U' | b'G' => {
            let ends = !word.get(3).is_some_and(u8::is_ascii_alphanumeric);
            return (ends && (word.starts_with(b"UTC") || word.starts_with(b"GMT"))).then_some(0);
        }
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = number(word, 1, 2)?;
    let colon = usize::from(word.get(3) == Some(&b':'));
    let minutes = match number(word, 3 + colon, 2) {
        Some(minutes) => minutes,
        // ` -12 …` is a number of the message, `10:00:00-12` is a zone.
        None if !spaced && colon == 0 => 0,
        None => return None,
    };
    let ends = !word.get(5 + colon).is_some_and(u8::is_ascii_digit);
    (hours <= 15 && minutes < 60 && ends).then_some(sign * (hours * 3600 + minutes * 60))
}

fn month(text: &[u8], at: usize) -> Option<u8> {
    Some(match text.get(at..at + 3)? {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    })
}

fn is_date(day: Day) -> bool {
    let leap = day.year % 4 == 0 && (day.year % 100 != 0 || day.year % 400 == 0);
    let length = match day.month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1970..=9998).contains(&day.year) && (1..=length).contains(&day.day)
}

/// Days since 1970-01-01 of a date, by years that begin in March.
fn days(day: Day) -> i64 {
    let month = i64::from(day.month);
    let year = day.year - i64::from(month <= 2);
    let (era, in_era) = (year.div_euclid(400), year.rem_euclid(400));
    let in_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(day.day) - 1;
    era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468
}

/// The date of a number of days since 1970-01-01.
fn date_of(days: i64) -> Day {
    let shifted = days + 719_468;
    let (era, in_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * of_era + of_era / 4 - of_era / 100);
    let month = (5 * in_year + 2) / 153;
    let (m, d) = ((month + 2) % 12 + 1, in_year - (153 * month + 2) / 5 + 1);
    let small = |n: i64| u8::try_from(n).unwrap_or(1);
    Day { year: era * 400 + of_era + i64::from(m <= 2), month: small(m), day: small(d) }
}

#[cfg(test)]
mod tests;
