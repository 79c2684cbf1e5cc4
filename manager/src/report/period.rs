//! Hours, days, weeks and months of the local calendar.
//!
//! Each begins where the one before ends, also where clocks are changed: a day
//! has 23, 24 or 25 hours then, and none of them is in two days or in none.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

const HOUR_S: i64 = 3600;

/// How often there is a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Frequency {
    /// Each full hour.
    Hourly,
    /// At midnight.
    #[default]
    Daily,
    /// On Monday.
    Weekly,
    /// On the first of the month.
    Monthly,
}

/// A time: from its first second (since 1970) up to, not including, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first second.
    pub from: i64,
    /// The second behind the last.
    pub until: i64,
}

impl Frequency {
    /// All, with their words in a configuration.
    pub const WORDS: [(&str, Self); 4] = [
        ("hourly", Self::Hourly),
        ("daily", Self::Daily),
        ("weekly", Self::Weekly),
        ("monthly", Self::Monthly),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, frequency)| *frequency == self).map_or("daily", |(word, _)| word)
    }

    /// When the period began that a moment is in.
    pub fn begin(self, at: i64, zone: &TimeZone) -> i64 {
        let time = zoned(at, zone);
        match self {
            Self::Hourly => {
                let offset = i64::from(time.offset().seconds());
                at - (at + offset).rem_euclid(HOUR_S)
            }
            _ => midnight(self.first_day(time.date()), zone).min(at),
        }
    }

    /// The period that begins at a moment, or the rest of one.
    pub fn period(self, from: i64, zone: &TimeZone) -> Period {
        let until = match self {
            Self::Hourly => self.begin(from, zone) + HOUR_S,
            _ => {
                let day = self.first_day(zoned(from, zone).date());
                midnight(self.day_behind(day), zone)
            }
        };
        Period { from, until: until.max(from + 1) }
    }

    /// The period that a moment is in, or the last one that was over then.
    pub fn latest(self, is_current: bool, at: i64, zone: &TimeZone) -> Period {
        let running = self.begin(at, zone);
        self.period(if is_current { running } else { self.begin(running - 1, zone) }, zone)
    }

    /// The first day of the period that a day is in.
    fn first_day(self, day: Date) -> Date {
        match self {
            Self::Hourly | Self::Daily => day,
            Self::Weekly => {
                let behind = i64::from(day.weekday().to_monday_zero_offset());
                day.saturating_sub(behind.days())
            }
            Self::Monthly => day.first_of_month(),
        }
    }

    /// The first day of the next period.
    fn day_behind(self, first: Date) -> Date {
        first.saturating_add(match self {
            Self::Hourly | Self::Daily => 1.day(),
            Self::Weekly => 1.week(),
            Self::Monthly => 1.month(),
        })
    }
}

impl Period {
    /// `2026-11-21 00:00 - 2026-11-22 00:00`, local times.
    pub fn describe(&self, zone: &TimeZone) -> String {
        let text = |at| zoned(at, zone).strftime("%F %H:%M").to_string();
        format!("{} - {}", text(self.from), text(self.until))
    }
}

fn zoned(at: i64, zone: &TimeZone) -> Zoned {
    Timestamp::from_second(at).unwrap_or_default().to_zoned(zone.clone())
}

/// The first second of a day, which need not be that of 00:00.
fn midnight(day: Date, zone: &TimeZone) -> i64 {
    day.to_zoned(zone.clone()).map_or(i64::MAX, |first| first.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone")
    }

    fn epoch(text: &str) -> i64 {
        text.parse::<jiff::civil::DateTime>()
            .and_then(|time| time.to_zoned(berlin()))
            .map(|time| time.timestamp().as_second())
            .expect("a time")
    }

    #[test]
    fn periods_begin_and_end_by_the_local_calendar() {
        let cases = [
            (Frequency::Hourly, "2026-11-21 07:29:50", "2026-11-21 07:00", "2026-11-21 08:00"),
            (Frequency::Daily, "2026-11-21 07:29:50", "2026-11-21 00:00", "2026-11-22 00:00"),
            (Frequency::Daily, "2026-03-29 12:00", "2026-03-29 00:00", "2026-03-30 00:00"),
            (Frequency::Weekly, "2026-11-22 23:59:59", "2026-11-16 00:00", "2026-11-23 00:00"),
            (Frequency::Weekly, "2026-11-23 00:00", "2026-11-23 00:00", "2026-11-30 00:00"),
            (Frequency::Monthly, "2026-02-28 23:00", "2026-02-01 00:00", "2026-03-01 00:00"),
            (Frequency::Monthly, "2026-12-01 00:00", "2026-12-01 00:00", "2027-01-01 00:00"),
        ];
        for (frequency, at, from, until) in cases {
            let begin = frequency.begin(epoch(at), &berlin());
            assert_eq!(begin, epoch(from), "{frequency:?} {at}");
            assert_eq!(frequency.period(begin, &berlin()).until, epoch(until), "{frequency:?} {at}");
        }
    }

    #[test]
    fn a_day_on_which_clocks_are_changed_is_shorter_or_longer() {
        let hours = |at| {
            let period = Frequency::Daily.period(epoch(at), &berlin());
            (period.until - period.from) / HOUR_S
        };
        assert_eq!((hours("2026-03-29 00:00"), hours("2026-10-25 00:00")), (23, 25));
    }

    #[test]
    fn periods_follow_one_another_without_a_gap_in_every_zone() {
        let zones = ["CET-1CEST,M3.5.0,M10.5.0/3", "LHST-10:30LHDT-11,M10.1.0,M4.1.0", "IST-5:30", "<-03>3"];
        for zone in zones {
            let zone = TimeZone::posix(zone).expect("a zone");
            for (_, frequency) in Frequency::WORDS {
                let mut from = frequency.begin(1_774_000_000, &zone);
                for _ in 0..500 {
                    let period = frequency.period(from, &zone);
                    assert!(period.until > from);
                    // Any moment in it belongs to it and to no other.
                    let begin = frequency.begin(period.until - 1, &zone);
                    assert!((from - HOUR_S..period.until).contains(&begin), "{frequency:?}");
                    from = period.until;
                }
            }
        }
    }

    #[test]
    fn a_period_that_is_over_ends_where_the_running_one_begins() {
        let (now, zone) = (1_795_246_190, TimeZone::system());
        for (_, frequency) in Frequency::WORDS {
            let (over, running) = (frequency.latest(false, now, &zone), frequency.latest(true, now, &zone));
            assert!(over.until == running.from && (running.from..running.until).contains(&now));
        }
    }
}
