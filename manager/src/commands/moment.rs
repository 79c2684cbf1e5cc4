//! Times as people write them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// `90s`, `10m`, `2h` or `7d` ago, or `2026-11-21`, or `2026-11-21 07:29`, by
/// the clock of this place: seconds since 1970.
pub(super) fn moment(text: &str, now: i64, zone: &TimeZone) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no time: write 10m, 2h or 7d for so long ago, or 2026-11-21 07:29");
    if let Some(seconds) = ago(text) {
        return Ok(now.saturating_sub(seconds));
    }
    let text = text.replace('T', " ");
    let local = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0)));
    let local = local.or_else(|_| DateTime::strptime("%Y-%m-%d %H:%M", &text)).map_err(|_| wrong())?;
    let zoned = zone.to_ambiguous_zoned(local).compatible().map_err(|_| wrong())?;
    Ok(zoned.timestamp().as_second())
}

fn ago(text: &str) -> Option<i64> {
    let unit = text.strip_suffix(['s', 'm', 'h', 'd']).map(|_| text.as_bytes()[text.len() - 1])?;
    let factor = match unit {
        b'm' => 60,
        b'h' => 3600,
        b'd' => 86_400,
        _ => 1,
    };
    let digits = &text[..text.len() - 1];
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_plain).and_then(|number: i64| number.checked_mul(factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_taken_as_people_write_them() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let at = |text| moment(text, 1_795_246_190, &zone);
        assert_eq!(at("90s"), Ok(1_795_246_100));
        assert_eq!(at("1d"), Ok(1_795_159_790));
        assert_eq!(at("2026-11-21"), Ok(1_795_215_600));
        assert_eq!(at("2026-11-21 08:29"), Ok(1_795_246_140));
        assert_eq!(at("2026-11-21 08:29:50"), Ok(1_795_246_190));
        assert_eq!(at("2026-11-21T08:29:50"), Ok(1_795_246_190));
        for wrong in ["", "h", "-1h", "yesterday", "2026-13-01", "9999999999999999d"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
