//! Hours of the local clock.

use crate::config::notification::QuietHours;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Whether the local clock shows a time within the hours: also over midnight,
/// and whatever it jumps over in spring or shows twice in autumn.
pub(super) fn is_within(hours: &QuietHours, zone: &TimeZone, now: i64) -> bool {
    let moment = Timestamp::from_second(now).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = moment.to_zoned(zone.clone());
    let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
    if hours.from <= hours.until {
        (hours.from..hours.until).contains(&minute)
    } else {
        minute >= hours.from || minute < hours.until
    }
}
