//! Times as people give them, on the command line and in the address bar.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};
use thiserror::Error;

/// The second since 1970 that a text means: `2h` (ago), `now`, `today`,
/// `yesterday`, `10:00`, `2026-11-21`, `2026-11-21 10:00`, `@1795246190`.
/// What has no zone is a time of this place.
///
/// # Errors
/// What is no time, with what would be one.
pub fn moment(text: &str, now: i64) -> Result<i64, NoMoment> {
    let now = Timestamp::from_second(now).unwrap_or_default().to_zoned(TimeZone::system());
    let read = read(text.trim(), &now).map(|time| time.timestamp().as_second());
    read.ok_or_else(|| NoMoment(text.chars().take(SHOWN).collect()))
}

/// Characters of a wrong text that are shown.
const SHOWN: usize = 80;

/// A text that is no time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no time: write 2h, 3d, today, yesterday, 10:00, 2026-11-21 or \"2026-11-21 10:00\"")]
pub struct NoMoment(String);

/// A time of this place: `2026-11-21 07:29:50`.
pub fn written(at: i64) -> String {
    let time = Timestamp::from_second(at).unwrap_or_default().to_zoned(TimeZone::system());
    time.strftime("%F %T").to_string()
}

fn read(text: &str, now: &Zoned) -> Option<Zoned> {
    let zone = now.time_zone().clone();
    match text {
        "now" => return Some(now.clone()),
        "today" => return now.start_of_day().ok(),
        "yesterday" => return now.yesterday().ok()?.start_of_day().ok(),
        _ => {}
    }
    if let Some(second) = text.strip_prefix('@') {
        return Some(Timestamp::from_second(second.parse().ok()?).ok()?.to_zoned(zone));
    }
    if let Some(span) = span(text) {
        return now.checked_sub(span).ok();
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.to_zoned(zone));
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return time.to_zoned(zone).ok();
    }
    now.date().to_datetime(text.parse::<Time>().ok()?).to_zoned(zone).ok()
}

/// `90s`, `15m`, `2h`, `3d`, `1w`.
fn span(text: &str) -> Option<Span> {
    let unit = text.chars().last()?;
    let number: i64 =
        text.strip_suffix(unit)?.parse().ok().filter(|number| (0..=1_000_000).contains(number))?;
    match unit {
        's' => Some(number.seconds()),
        'm' => Some(number.minutes()),
        'h' => Some(number.hours()),
        'd' => Some((24 * number).hours()),
        'w' => Some((7 * 24 * number).hours()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        // 2026-11-21 08:29:50 there.
        let now = Timestamp::from_second(1_795_246_190).expect("a time").to_zoned(zone);
        let at = |text: &str| read(text, &now).map(|time| time.strftime("%F %T").to_string());
        for (text, expected) in [
            ("now", "2026-11-21 08:29:50"),
            ("today", "2026-11-21 00:00:00"),
            ("yesterday", "2026-11-20 00:00:00"),
            ("2h", "2026-11-21 06:29:50"),
            ("15m", "2026-11-21 08:14:50"),
            ("1w", "2026-11-14 08:29:50"),
            ("06:30", "2026-11-21 06:30:00"),
            ("2026-11-21", "2026-11-21 00:00:00"),
            ("2026-11-21 10:00", "2026-11-21 10:00:00"),
            ("2026-11-21T10:00:01", "2026-11-21 10:00:01"),
            ("2026-11-21T10:00:00Z", "2026-11-21 11:00:00"),
            ("@1795246190", "2026-11-21 08:29:50"),
        ] {
            assert_eq!(at(text).as_deref(), Some(expected), "{text}");
        }
        for wrong in ["", "soon", "2", "h", "-2h", "2026-13-01", "25:00", "@", "99999999999999999999h", "9é"]
        {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
