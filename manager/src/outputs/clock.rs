//! Local dates and times of events.
//!
//! Asking for the local time of every event would cost more than matching it;
//! so the offset of a quarter of an hour is asked for once (offsets change at
//! such moments only) and the rest is arithmetic.

use bartizan_core::event::Moment;
use serde::{Deserialize, Serialize};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Names of months as OSSEC writes them.
pub const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const QUARTER_S: i64 = 900;
const DAY_S: i64 = 86_400;

/// A local date and time of day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalTime {
    /// Year.
    pub year: i32,
    /// Month, January = 1.
    pub month: u8,
    /// Day of the month.
    pub day: u8,
    /// Second of the day.
    pub second: u32,
    /// Day of the week, Sunday = 0.
    pub weekday: u8,
}

impl LocalTime {
    /// Three letters of the month.
    pub fn month_name(&self) -> &'static str {
        MONTHS.get(usize::from(self.month).wrapping_sub(1)).copied().unwrap_or("Jan")
    }

    /// `2026 Nov 21 07:29:50`, as OSSEC writes it.
    pub fn write(&self, out: &mut Vec<u8>) {
        let year = u32::try_from(self.year.clamp(0, 9999)).unwrap_or(0);
        write_digits(out, year, 4);
        out.push(b' ');
        out.extend_from_slice(self.month_name().as_bytes());
        out.push(b' ');
        write_digits(out, self.day.into(), 2);
        out.push(b' ');
        self.write_time(out);
    }

    /// Reads `2026 Nov 21 07:29:50`, as [`Self::write`] writes it.
    pub fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let year: i16 = words.next()?.parse().ok()?;
        let month = words.next()?;
        let month = 1 + MONTHS.iter().position(|name| *name == month)? as u8;
        let day: u8 = words.next()?.parse().ok()?;
        let mut clock = words.next()?.split(':').map(|number| number.parse::<u32>().ok());
        let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
        let valid = hour < 24 && minute < 60 && second < 60 && words.next().is_none();
        let date = jiff::civil::Date::new(year, month as i8, i8::try_from(day).ok()?).ok()?;
        let weekday = date.weekday().to_sunday_zero_offset() as u8;
        let second = hour * 3600 + minute * 60 + second;
        valid.then_some(Self { year: year.into(), month, day, second, weekday })
    }

    /// `Nov 21 07:29:50`, days before the tenth with a space (RFC 3164).
    pub fn write_syslog(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.month_name().as_bytes());
        out.push(b' ');
        out.extend_from_slice(format!("{:2} ", self.day).as_bytes());
        self.write_time(out);
    }

    /// `07:29:50`.
    pub fn write_time(&self, out: &mut Vec<u8>) {
        write_digits(out, self.second / 3600, 2);
        out.push(b':');
        write_digits(out, self.second / 60 % 60, 2);
        out.push(b':');
        write_digits(out, self.second % 60, 2);
    }
}

fn write_digits(out: &mut Vec<u8>, number: u32, digits: u32) {
    out.extend((0..digits).rev().map(|place| b'0' + (number / 10_u32.pow(place) % 10) as u8));
}

/// Local times with the last offset remembered.
#[derive(Clone, Debug)]
pub struct LocalClock {
    zone: TimeZone,
    quarter: i64,
    offset_s: i64,
    day: i64,
    date: LocalTime,
}

impl Default for LocalClock {
    fn default() -> Self {
        Self::new(TimeZone::system())
    }
}

impl LocalClock {
    /// A clock of a time zone.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, quarter: i64::MIN, offset_s: 0, day: i64::MIN, date: LocalTime::default() }
    }

    /// The local time of a moment; moments beyond the calendar are cut to it.
    pub fn local(&mut self, epoch: i64) -> LocalTime {
        let epoch = epoch.clamp(-60_000_000_000, 250_000_000_000);
        let quarter = epoch.div_euclid(QUARTER_S);
        if quarter != self.quarter {
            let moment = Timestamp::from_second(epoch).unwrap_or(Timestamp::UNIX_EPOCH);
            self.offset_s = self.zone.to_offset(moment).seconds().into();
            self.quarter = quarter;
        }
        let local = epoch + self.offset_s;
        let day = local.div_euclid(DAY_S);
        if day != self.day {
            self.day = day;
            self.date = date_of(day);
        }
        LocalTime { second: local.rem_euclid(DAY_S) as u32, ..self.date }
    }

    /// The moment as rules need it.
    pub fn moment(&mut self, epoch: i64) -> Moment {
        let local = self.local(epoch);
        Moment { epoch, minute: (local.second / 60) as u16, weekday: local.weekday }
    }
}

/// The date of a day since 1970.
fn date_of(day: i64) -> LocalTime {
    let weekday = (day + 4).rem_euclid(7) as u8;
    let seconds = day * DAY_S;
    let date = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC);
    LocalTime {
        year: date.year().into(),
        month: date.month() as u8,
        day: date.day() as u8,
        second: 0,
        weekday,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let time = LocalTime { year: 2024, month: 2, day: 29, second: 86_399, weekday: 4 };
        let mut text = Vec::new();
        time.write(&mut text);
        assert_eq!(LocalTime::read(std::str::from_utf8(&text).unwrap()), Some(time));
        for wrong in ["", "2026 Nov 31 07:29:50", "2026 Nov 21 24:00:00", "2026 Nov 21 07:29", "2026 nov 21 07:29:50"] {
            assert_eq!(LocalTime::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn local_times_follow_the_zone_over_its_changes() {
        let mut clock = LocalClock::new(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        let mut text = |epoch| {
            let mut out = Vec::new();
            clock.local(epoch).write(&mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(1_774_745_999), "2026 Mar 29 01:59:59");
        assert_eq!(text(1_774_746_000), "2026 Mar 29 03:00:00");
        assert_eq!(text(1_795_246_190), "2026 Nov 21 08:29:50");
        assert_eq!(clock.local(1_795_246_190).weekday, 6);
    }
}
