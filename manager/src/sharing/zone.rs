//! Time zones as people write them, and offsets as DShield wants them.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// Reads `Europe/Berlin`, `UTC`, `Z`, `+01:00`, `-0530`, `+2`; `None` for
/// anything else.
pub fn read(text: &str) -> Option<TimeZone> {
    match text.bytes().next()? {
        b'+' | b'-' => fixed(text),
        _ if matches!(text, "Z" | "UTC" | "GMT") => Some(TimeZone::UTC),
        byte if byte.is_ascii_alphabetic() && text.len() <= 64 => TimeZone::get(text).ok(),
        _ => None,
    }
}

fn fixed(text: &str) -> Option<TimeZone> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text.get(1..)?;
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some(pair), _) => pair,
        (None, 1 | 2) => (digits, "0"),
        (None, 4) => digits.split_at_checked(2)?,
        _ => return None,
    };
    let number = |text: &str, most: i32| {
        let is_plain = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i32>().ok().filter(|number| is_plain && *number <= most)
    };
    let seconds = sign * (number(hours, 14)? * 3600 + number(minutes, 59)? * 60);
    Some(TimeZone::fixed(Offset::from_seconds(seconds).ok()?))
}

/// The offset of a zone at a time: `+01:00`.
pub fn offset(zone: &TimeZone, at: i64) -> String {
    let seconds = zone.to_offset(Timestamp::from_second(at).unwrap_or_default()).seconds();
    let minutes = seconds.abs() / 60;
    let sign = if seconds < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The local time there: `2026-11-21 07:29:50 +01:00`.
pub fn written(zone: &TimeZone, at: i64) -> String {
    let local = Timestamp::from_second(at).unwrap_or_default().to_zoned(zone.clone());
    format!("{} {}", local.strftime("%Y-%m-%d %H:%M:%S"), offset(zone, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_read_as_people_write_them() {
        for (text, expected) in [
            ("UTC", "+00:00"),
            ("Z", "+00:00"),
            ("+01:00", "+01:00"),
            ("-0530", "-05:30"),
            ("+2", "+02:00"),
            ("-03", "-03:00"),
            ("+5:45", "+05:45"),
        ] {
            assert_eq!(read(text).map(|zone| offset(&zone, 0)).as_deref(), Some(expected), "{text}");
        }
        for wrong in
            ["", "+", "+1:", "25:00", "+15:00", "+00:60", "++1", "../x", "+123", "Mars/Olympus", "+1é"]
        {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_time_is_written_with_the_offset_that_held_then() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        assert_eq!(written(&zone, 1_795_246_190), "2026-11-21 08:29:50 +01:00");
        assert_eq!(written(&zone, 1_782_000_000), "2026-06-21 02:00:00 +02:00");
    }
}
