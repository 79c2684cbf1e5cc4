//! What charts show: numbers over time, in as many bars as there is room for.

use super::summary::Band;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// Hours that a bar may stand for; longer ones are whole years.
const WIDTHS: [i64; 9] = [1, 2, 3, 6, 12, 24, 168, 672, 8760];

/// Numbers over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bars {
    /// Hours that one stands for.
    pub(crate) hours: i64,
    /// All of them, also those without alerts.
    pub(crate) bars: Vec<Bar>,
}

/// Alerts of some hours, by how bad they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// When it begins, in local time: `Nov 21 07:00`, or the day alone.
    pub(crate) label: String,
    pub(crate) bands: [u64; Band::COUNT],
}

impl Bar {
    pub(crate) fn total(&self) -> u64 {
        self.bands.iter().sum()
    }
}

impl Bars {
    /// At most so many bars, which are as long as they must be for that.
    pub(crate) fn new(counted: &BTreeMap<i64, [u64; Band::COUNT]>, max: i64, zone: &TimeZone) -> Self {
        let Some(((&first, _), (&last, _))) = counted.first_key_value().zip(counted.last_key_value()) else {
            return Self::default();
        };
        let hours = width(last.saturating_sub(first), max.max(2));
        let first = first - (first + offset_h(first, zone)).rem_euclid(hours);
        let empty = |n| Bar { label: label(first + n * hours, hours, zone), bands: Default::default() };
        let mut bars: Vec<_> = (0..=(last - first) / hours).map(empty).collect();
        for (hour, bands) in counted {
            let bar = usize::try_from((hour - first) / hours).ok().and_then(|bar| bars.get_mut(bar));
            for (sum, count) in bar.into_iter().flat_map(|bar| &mut bar.bands).zip(bands) {
                *sum += count;
            }
        }
        Self { hours, bars }
    }

    /// The highest of them, at least 1.
    pub(crate) fn highest(&self) -> u64 {
        self.bars.iter().map(Bar::total).max().unwrap_or(0).max(1)
    }

    /// What one stands for.
    pub(crate) fn unit(&self) -> String {
        match self.hours {
            1 => "hour".to_owned(),
            24 => "day".to_owned(),
            168 => "week".to_owned(),
            8760 => "year".to_owned(),
            hours if hours % 8760 == 0 => format!("{} years", hours / 8760),
            hours if hours % 24 == 0 => format!("{} days", hours / 24),
            hours => format!("{hours} hours"),
        }
    }
}

/// The least width with which so many hours need at most so many bars. One is
/// left for a first bar that begins earlier.
fn width(hours: i64, max: i64) -> i64 {
    let fits = |width: &i64| hours / width + 2 <= max;
    let longest = WIDTHS[WIDTHS.len() - 1];
    let years = || longest.saturating_mul(hours / longest / (max - 1) + 1);
    WIDTHS.into_iter().find(fits).unwrap_or_else(years)
}

/// Hours by which local clocks are ahead.
fn offset_h(hour: i64, zone: &TimeZone) -> i64 {
    let moment = Timestamp::from_second(hour.saturating_mul(3600)).unwrap_or_default();
    i64::from(zone.to_offset(moment).seconds()).div_euclid(3600)
}

fn label(hour: i64, hours: i64, zone: &TimeZone) -> String {
    let moment = Timestamp::from_second(hour.saturating_mul(3600)).unwrap_or_default();
    let form = match hours {
        0..24 => "%b %d %H:%M",
        24..672 => "%b %d",
        _ => "%b %Y",
    };
    moment.to_zoned(zone.clone()).strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_many_as_there_is_room_for_and_hold_every_alert() {
        for span in [0, 1, 22, 23, 24, 100, 5000, 100_000, 10_i64.pow(12)] {
            let counted = BTreeMap::from([(500_000, [1, 0, 0, 2]), (500_000 + span, [1, 1, 0, 0])]);
            let bars = Bars::new(&counted, 24, &TimeZone::UTC);
            assert!(bars.bars.len() <= 25, "{span}: {}", bars.bars.len());
            assert_eq!(bars.bars.iter().map(Bar::total).sum::<u64>(), if span == 0 { 2 } else { 5 });
        }
        assert_eq!(Bars::new(&BTreeMap::new(), 24, &TimeZone::UTC), Bars::default());
    }

    #[test]
    fn bars_of_days_begin_at_midnight_here() {
        let zone = TimeZone::posix("EST5").expect("a zone");
        // 2026-11-20 23:00 in New York, and ten days later.
        let counted = BTreeMap::from([(498_676, [1; 4]), (498_676 + 240, [1; 4])]);
        let bars = Bars::new(&counted, 15, &zone);
        assert_eq!((bars.hours, bars.bars[0].label.as_str(), bars.bars.len()), (24, "Nov 20", 11));
        assert_eq!(bars.unit(), "day");
        let unit = |hours| Bars { hours, bars: Vec::new() }.unit();
        assert_eq!([2, 672, 8760, 17_520].map(unit), ["2 hours", "28 days", "year", "2 years"]);
    }
}
