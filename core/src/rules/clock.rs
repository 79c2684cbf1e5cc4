//! Times of day and days of the week that rules ask for.
//!
//! Both are read once by the compiler and tested by a comparison or two on the
//! [`Moment`] at which an event is judged.

use crate::event::Moment;
use crate::image::Dialect;
use crate::image::rows::ConditionRow;

/// A part of the day: `6 pm - 8:30 am`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSpan {
    /// First minute of the day, 0 to 1439.
    pub from: u16,
    /// Last minute of the day; before `from` if the span passes midnight.
    pub to: u16,
    /// A `!` stood in front.
    pub not: bool,
}

impl TimeSpan {
    /// Reads `[!] T - T`, where T is `h`, `hh` or `h:mm`, with `am` or `pm`
    /// and blanks wherever wanted (OSSEC 4.3). `None` for anything else.
    ///
    /// QUIRK: to OSSEC 4.3 `am` says nothing, so 12 am is noon; to Wazuh it is
    /// midnight.
    pub fn parse(dialect: Dialect, text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        let (not, text) = match text {
            [b'!', rest @ ..] => (true, rest),
            _ => (false, text),
        };
        let dash = text.iter().position(|&byte| byte == b'-')?;
        let (from, to) = text.split_at_checked(dash)?;
        Some(Self { from: minute(dialect, from)?, to: minute(dialect, to.get(1..)?)?, not })
    }

    /// The span that a condition of an image asks for.
    pub fn from_row(row: &ConditionRow) -> Self {
        Self { from: row.a.get(), to: row.c.get().unsigned_abs(), not: row.option & 1 != 0 }
    }

    /// Whether a moment lies in the span, both ends included.
    ///
    /// QUIRK: a span that passes midnight does not include its ends, and a `!`
    /// in front of it has no effect (OSSEC 4.3).
    pub fn contains(&self, moment: &Moment) -> bool {
        if self.from > self.to {
            return !(self.to..=self.from).contains(&moment.minute);
        }
        (self.from..=self.to).contains(&moment.minute) != self.not
    }
}

/// The minute of the day that one time names.
fn minute(dialect: Dialect, text: &[u8]) -> Option<u16> {
    let text = text.trim_ascii();
    let (hour, rest) = digits(text)?;
    let (minute, rest) = match rest {
        [b':', rest @ ..] => match rest.split_at_checked(2)? {
            (two, rest) if two.iter().all(u8::is_ascii_digit) => (digits(two)?.0, rest),
            _ => return None,
        },
        _ => (0, rest),
    };
    let rest = rest.trim_ascii();
    let (am, pm) = (rest.eq_ignore_ascii_case(b"am"), rest.eq_ignore_ascii_case(b"pm"));
    if !pm && !am && !rest.is_empty() {
        return None;
    }
    let hour = match hour {
        12 if am && dialect == Dialect::Wazuh => 0,
        hour if pm && hour != 12 => hour + 12,
        hour => hour,
    };
    (hour <= 23 && minute <= 59).then_some(hour * 60 + minute)
}

/// The number of one or two digits at the start.
fn digits(text: &[u8]) -> Option<(u16, &[u8])> {
    let len = text.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(len).filter(|_| (1..=2).contains(&len))?;
    Some((digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')), rest))
}

/// Days of the week, one bit each; Sunday is bit 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weekdays(pub u8);

impl Weekdays {
    /// Words with the days they stand for.
    const WORDS: [(&'static [u8], u8); 16] = [
        (b"weekdays", 0b011_1110),
        (b"weekends", 0b100_0001),
        (b"sunday", 1),
        (b"sun", 1),
        (b"monday", 1 << 1),
        (b"mon", 1 << 1),
        (b"tuesday", 1 << 2),
        (b"tue", 1 << 2),
        (b"wednesday", 1 << 3),
        (b"wed", 1 << 3),
        (b"thursday", 1 << 4),
        (b"thu", 1 << 4),
        (b"friday", 1 << 5),
        (b"fri", 1 << 5),
        (b"saturday", 1 << 6),
        (b"sat", 1 << 6),
    ];

    /// Reads English names of days, whole or of three letters, `weekdays` and
    /// `weekends`, with commas or blanks between. `None` for anything else,
    /// nothing at all, and a `!`, which OSSEC 4.3 describes but refuses.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let words = text.split(|&byte| byte == b',' || byte == b' ').filter(|word| !word.is_empty());
        let mut days = words.map(|word| {
            let found = Self::WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
            found.map(|(_, days)| *days)
        });
        let days = days.try_fold(0, |all, days| Some(all | days?))?;
        (days != 0).then_some(Self(days))
    }

    /// Whether a moment falls on one of the days.
    pub fn contains(&self, moment: &Moment) -> bool {
        u32::from(self.0).checked_shr(moment.weekday.into()).is_some_and(|days| days & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str) -> Option<(u16, u16, bool)> {
        TimeSpan::parse(Dialect::Ossec, text.as_bytes()).map(|span| (span.from, span.to, span.not))
    }

    /// Whether the span contains each of the times, in minutes.
    fn contains<const N: usize>(text: &str, minutes: [u16; N]) -> [bool; N] {
        let span = TimeSpan::parse(Dialect::Ossec, text.as_bytes()).expect("a span");
        minutes.map(|minute| span.contains(&Moment { minute, ..Moment::default() }))
    }

    #[test]
    fn times_have_blanks_minutes_and_halves_of_the_day() {
        assert_eq!(span("8-17"), Some((480, 1020, false)));
        assert_eq!(span(" 6 pm - 8:30 am "), Some((1080, 510, false)));
        assert_eq!(span("! 08:05-17:59"), Some((485, 1079, true)));
        assert_eq!(span("12 am-12:30PM"), Some((720, 750, false)));
        assert_eq!(span("0:00 - 23:59"), Some((0, 1439, false)));
    }

    #[test]
    fn what_is_no_span_of_time_is_refused() {
        for text in [
            "",
            "-",
            "8",
            "8-",
            "-17",
            "24-1",
            "1-24",
            "8:5-9",
            "8:60-9",
            "8:-9",
            "13pm-14",
            "8xm-9",
            "8 am pm-9",
            "8-9-10",
            "123-1",
            "!!8-9",
            "8:000-9",
            "a-b",
        ] {
            assert_eq!(span(text), None, "{text}");
        }
    }

    #[test]
    fn a_span_within_a_day_includes_its_ends() {
        assert_eq!(contains("8-17", [479, 480, 800, 1020, 1021]), [false, true, true, true, false]);
        assert_eq!(contains("!8-17", [479, 480, 800, 1020, 1021]), [true, false, false, false, true]);
        assert_eq!(contains("8-8", [479, 480, 481]), [false, true, false]);
    }

    #[test]
    fn a_span_past_midnight_excludes_its_ends_and_ignores_a_not() {
        for text in ["18-8", "!18-8"] {
            let found = contains(text, [479, 480, 800, 1080, 1081, 0, 1439]);
            assert_eq!(found, [true, false, false, false, true, true, true]);
        }
    }

    #[test]
    fn days_are_named_whole_short_or_together() {
        let days = |text: &str| Weekdays::parse(text.as_bytes()).map(|days| days.0);
        assert_eq!(days("sunday"), Some(1));
        assert_eq!(days("Mon,TUESDAY wed"), Some(0b1110));
        assert_eq!(days(" , fri,  sat "), Some(0b110_0000));
        assert_eq!(days("weekends"), Some(0b100_0001));
        assert_eq!(days("weekdays,sat"), Some(0b111_1110));
        for text in ["", " ", "!mon", "mo", "mond", "sunmon", "mon;tue", "mon,x", "weekday"] {
            assert_eq!(days(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_in_the_set_or_not() {
        let weekends = Weekdays::parse(b"weekends").expect("days");
        let on = |weekday| weekends.contains(&Moment { weekday, ..Moment::default() });
        assert_eq!([0, 1, 5, 6, 7, 255].map(on), [true, false, false, true, false, false]);
    }
}
