//! How things stand: alerts over time, and who and what they are about.

use super::text;
use crate::report::chart::Bars;
use crate::report::{Band, known};
use crate::store::{Count, Filter, Reader, StoreError, Totals};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Entries of each list.
const TOP: usize = 10;

/// Bars of the chart at most.
const BARS_MAX: i64 = 62;

const HOUR_S: i64 = 3600;

/// Times that an overview may be of: word, hours, name.
pub const SPANS: [(&str, i64, &str); 4] =
    [("24h", 24, "24 hours"), ("7d", 168, "7 days"), ("30d", 720, "30 days"), ("90d", 2160, "90 days")];

/// Alerts of some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Overview {
    /// From this full hour on, seconds since 1970.
    pub since: i64,
    /// Alerts since then.
    pub alerts: u64,
    /// Alerts by how bad they are.
    pub bands: [u64; Band::COUNT],
    /// What one bar stands for: `hour`, `6 hours`, `day`.
    pub unit: String,
    /// Alerts over time, oldest first.
    pub bars: Vec<Column>,
    /// Source addresses with most alerts.
    pub sources: Vec<Frequent>,
    /// Users with most alerts.
    pub users: Vec<Frequent>,
    /// Agents and hosts with most alerts.
    pub agents: Vec<Frequent>,
    /// Rules that fired most.
    pub rules: Vec<FrequentRule>,
}

/// Alerts of one bar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Column {
    /// When it begins, in local time.
    pub label: String,
    /// Alerts of levels 0 to 6, 7 to 11, 12 to 14, 15 and more.
    pub bands: [u64; Band::COUNT],
}

/// What comes often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Frequent {
    /// What it is.
    pub name: String,
    /// Its alerts.
    pub alerts: u64,
}

/// A rule that fires often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FrequentRule {
    /// Its number.
    pub rule: u32,
    /// Its level.
    pub level: u16,
    /// What it says.
    pub description: String,
    /// Its alerts.
    pub alerts: u64,
}

impl Column {
    /// All its alerts.
    pub fn alerts(&self) -> u64 {
        self.bands.iter().sum()
    }
}

/// The full hour that a span of hours begins with. Counts are kept by the
/// hour, so that no alert has to be looked at.
pub fn beginning_of(hours: i64, now: i64) -> i64 {
    now.saturating_sub((hours - 1).saturating_mul(HOUR_S)).div_euclid(HOUR_S) * HOUR_S
}

/// Alerts of the last hours, the running one included. Costs as much as there
/// are different sources, users, places and rules in each of these hours.
pub fn overview(reader: &mut Reader, hours: i64, now: i64) -> Result<Overview, StoreError> {
    let since = beginning_of(hours, now);
    let totals = reader.totals(&Filter { since: Some(since), ..Filter::default() })?;
    Ok(Overview::new(&totals, since, now))
}

impl Overview {
    fn new(totals: &Totals, since: i64, now: i64) -> Self {
        let counted = by_hour(totals, since, now);
        let chart = Bars::new(&counted, BARS_MAX, &TimeZone::system());
        let mut bands = [0; Band::COUNT];
        for (sum, count) in counted.values().flat_map(bands_of) {
            bands[sum] += count;
        }
        let bars = chart.bars.iter();
        Self {
            since,
            alerts: totals.selected,
            bands,
            unit: chart.unit(),
            bars: bars.map(|bar| Column { label: bar.label.clone(), bands: bar.bands }).collect(),
            sources: frequent(&totals.srcips),
            users: frequent(&totals.users),
            agents: frequent(&totals.agents),
            rules: rules(totals),
        }
    }
}

fn bands_of(hour: &[u64; Band::COUNT]) -> impl Iterator<Item = (usize, u64)> {
    hour.iter().copied().enumerate()
}

/// Counts by hours since 1970; the first and the running hour are there, so
/// that the chart shows the whole time.
fn by_hour(totals: &Totals, since: i64, now: i64) -> BTreeMap<i64, [u64; Band::COUNT]> {
    let ends = [since.div_euclid(HOUR_S), now.div_euclid(HOUR_S)];
    let mut counted: BTreeMap<_, _> = ends.into_iter().map(|hour| (hour, [0; Band::COUNT])).collect();
    for (at, levels) in &totals.hours {
        let hour = counted.entry(at.div_euclid(HOUR_S)).or_default();
        for (level, count) in levels {
            hour[Band::of(*level) as usize] += count;
        }
    }
    counted
}

fn frequent(counts: &[Count]) -> Vec<Frequent> {
    let known = counts.iter().filter(|count| known(Some(&count.key)).is_some()).take(TOP);
    known.map(|count| Frequent { name: text(&count.key), alerts: count.count }).collect()
}

/// A rule that was changed in between counts once, as it is said last.
fn rules(totals: &Totals) -> Vec<FrequentRule> {
    let mut all: Vec<FrequentRule> = Vec::new();
    for rule in &totals.rules {
        match all.iter_mut().find(|known| known.rule == rule.id) {
            Some(known) => known.alerts += rule.count,
            None => all.push(FrequentRule {
                rule: rule.id,
                level: rule.level,
                description: text(&rule.description),
                alerts: rule.count,
            }),
        }
    }
    all.sort_by_key(|rule| std::cmp::Reverse(rule.alerts));
    all.truncate(TOP);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Appender;
    use crate::store::sample::{MIDNIGHT, sshd_at};

    #[test]
    fn it_counts_whole_hours_and_shows_those_without_alerts() {
        let home = tempfile::tempdir().expect("a folder");
        let now = MIDNIGHT + 30 * HOUR_S + 100;
        let mut alerts: Vec<_> = (0..300).map(|n| sshd_at(n, MIDNIGHT + n as i64 * 360)).collect();
        Appender::open(home.path()).expect("a store").append(&mut alerts).expect("appended");
        let mut reader = Reader::open(home.path()).expect("a reader");
        let overview = overview(&mut reader, 24, now).expect("an overview");
        assert_eq!(overview.since, MIDNIGHT + 7 * HOUR_S);
        // From 07:00 to 05:54 of the next day, ten an hour.
        assert_eq!(overview.alerts, 230);
        assert_eq!(overview.bars.iter().map(Column::alerts).sum::<u64>(), 230);
        assert_eq!(overview.bands.iter().sum::<u64>(), 230);
        assert_eq!((overview.unit.as_str(), overview.bars.len()), ("hour", 24));
        assert_eq!(overview.bars.last().map(Column::alerts), Some(0), "the running hour");
        assert!(overview.sources.len() == TOP && overview.rules.len() == 4);
        let longer = super::overview(&mut reader, 720, now).expect("an overview");
        assert!(longer.alerts == 300 && longer.bars.len() as i64 <= BARS_MAX);
    }

    #[test]
    fn a_store_without_alerts_has_an_overview() {
        let home = tempfile::tempdir().expect("a folder");
        let mut reader = Reader::open(home.path()).expect("a reader");
        let overview = overview(&mut reader, 24, MIDNIGHT).expect("an overview");
        assert_eq!((overview.alerts, overview.bars.len()), (0, 24));
    }
}
