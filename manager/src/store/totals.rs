//! How many alerts there are of what: what reports are made of.

use super::StoreError;
use super::filter::Filter;
use super::packed::{self, Place};
use super::patience::Patience;
use super::reader::{Part, Reader};
use super::rollup::{HOUR_S, Kind, TEXTS, counted, hour_of};
use super::search::Search;
use crate::alert::{Alert, Rule};
use crate::outputs::clock::LocalTime;
use crate::outputs::text::write_origin;
use rusqlite::params;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Counts of the alerts that a filter lets through. All lists are in falling
/// order of counts, then in order of their keys' bytes, and without an end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Alerts of that time, whatever else the filter asks for.
    pub processed: u64,
    /// Alerts that the filter lets through.
    pub selected: u64,
    /// The first and the last of them by number: second since 1970, local time.
    pub span: Option<[(i64, LocalTime); 2]>,
    /// Source addresses.
    pub srcips: Vec<Count>,
    /// Users that something was done to (`dstuser`, as `alerts.log` shows).
    pub users: Vec<Count>,
    /// Levels.
    pub levels: Vec<(u16, u64)>,
    /// Groups, each by itself.
    pub groups: Vec<Count>,
    /// Places, as `alerts.log` shows them: `host->/var/log/auth.log`.
    pub locations: Vec<Count>,
    /// Agents by name, and hosts.
    pub agents: Vec<Count>,
    /// Rules.
    pub rules: Vec<RuleCount>,
    /// Names of files.
    pub filenames: Vec<Count>,
    /// By hour (its first second since 1970) and level.
    pub hours: BTreeMap<i64, BTreeMap<u16, u64>>,
}

/// A text and how many alerts have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The text, any bytes.
    pub key: Vec<u8>,
    /// How many.
    pub count: u64,
}

/// A rule and how many alerts it gave. One that was changed in between is
/// there more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleCount {
    /// Its number.
    pub id: u32,
    /// Its level.
    pub level: u16,
    /// What it says; `(null)` if it says nothing.
    pub description: Vec<u8>,
    /// How many.
    pub count: u64,
}

/// Counts on their way to be [`Totals`].
#[derive(Debug, Default)]
struct Sums {
    selected: u64,
    /// The first and the last alert: number, second since 1970, local time.
    ends: Option<[(u64, i64, LocalTime); 2]>,
    /// By the counted texts of [`TEXTS`].
    texts: [HashMap<Box<[u8]>, u64>; TEXTS.len()],
    levels: HashMap<u16, u64>,
    groups: HashMap<Box<[u8]>, u64>,
    locations: HashMap<Box<[u8]>, u64>,
    agents: HashMap<Box<[u8]>, u64>,
    rules: HashMap<(u32, u16, Box<[u8]>), u64>,
    hours: BTreeMap<i64, BTreeMap<u16, u64>>,
}

impl Sums {
    fn alert(&mut self, seq: u64, alert: &Alert<'_>) {
        self.selected += 1;
        self.end((seq, alert.id.epoch, alert.time));
        if let Some(rule) = &alert.rule {
            self.rule(hour_of(alert.id.epoch), rule, 1);
        }
        self.place(alert, 1);
        for ((_, field), sums) in TEXTS.into_iter().zip(&mut self.texts) {
            if let Some(text) = alert.field(field) {
                add(sums, counted(text), 1);
            }
        }
    }

    fn end(&mut self, new: (u64, i64, LocalTime)) {
        let [first, last] = self.ends.get_or_insert([new; 2]);
        if new.0 < first.0 {
            *first = new;
        }
        if new.0 > last.0 {
            *last = new;
        }
    }

    fn rule(&mut self, hour: i64, rule: &Rule<'_>, count: u64) {
        let key = (rule.id, rule.level, rule.description().into());
        *self.rules.entry(key).or_default() += count;
        *self.levels.entry(rule.level).or_default() += count;
        *self.hours.entry(hour * HOUR_S).or_default().entry(rule.level).or_default() += count;
        for group in rule.groups().map(<[u8]>::trim_ascii_start).filter(|group| !group.is_empty()) {
            add(&mut self.groups, group, count);
        }
    }

    fn place(&mut self, alert: &Alert<'_>, count: u64) {
        let mut origin = Vec::new();
        write_origin(&mut origin, alert);
        add(&mut self.locations, &origin, count);
        add(&mut self.agents, alert.agent_name(), count);
    }

    fn finish(self, processed: u64) -> Totals {
        let [srcips, users, filenames] = self.texts.map(sorted);
        let mut levels: Vec<_> = self.levels.into_iter().collect();
        levels.sort_unstable_by_key(|(level, count)| (Reverse(*count), *level));
        let rule = |((id, level, description), count): ((_, _, Box<[u8]>), _)| RuleCount {
            id,
            level,
            description: description.into(),
            count,
        };
        let mut rules: Vec<_> = self.rules.into_iter().map(rule).collect();
        rules.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name().cmp(&b.name())));
        Totals {
            processed,
            selected: self.selected,
            span: self.ends.map(|ends| ends.map(|(_, epoch, time)| (epoch, time))),
            srcips,
            users,
            levels,
            groups: sorted(self.groups),
            locations: sorted(self.locations),
            agents: sorted(self.agents),
            rules,
            filenames,
            hours: self.hours,
        }
    }
}

impl RuleCount {
    /// As reports name it, for the order of equal counts.
    fn name(&self) -> (String, &[u8], u16) {
        (self.id.to_string(), &self.description, self.level)
    }
}

fn add(sums: &mut HashMap<Box<[u8]>, u64>, key: &[u8], count: u64) {
    match sums.get_mut(key) {
        Some(sum) => *sum += count,
        None => drop(sums.insert(key.into(), count)),
    }
}

fn sorted(sums: HashMap<Box<[u8]>, u64>) -> Vec<Count> {
    let mut counts: Vec<_> = sums.into_iter().map(|(key, count)| Count { key: key.into(), count }).collect();
    counts.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.key.cmp(&b.key)));
    counts
}

/// A time as roll-ups know it: whole hours since 1970, and what is left at
/// its ends, in seconds.
#[derive(Debug, PartialEq, Eq)]
struct Hours {
    whole: Range<i64>,
    rest: Vec<Range<i64>>,
}

impl Hours {
    fn new(filter: &Filter) -> Self {
        let since = filter.since.unwrap_or(i64::MIN / 2);
        let until = filter.until.unwrap_or(i64::MAX / 2).max(since);
        let whole = (since + HOUR_S - 1).div_euclid(HOUR_S)..hour_of(until);
        let (before, behind) = match whole.start > whole.end {
            true => (since..until, until..until),
            false => (since..whole.start * HOUR_S, whole.end * HOUR_S..until),
        };
        let mut rest = vec![before, behind];
        rest.retain(|rest| !rest.is_empty());
        Self { whole, rest }
    }
}

impl Reader {
    /// Counts committed alerts. A filter by time alone is answered from
    /// roll-ups, in less than a second for ten million alerts; for any other
    /// all alerts of that time are looked at. What was written in the last
    /// moment may be counted before it is committed. Texts of more than 512
    /// bytes are counted by their beginning.
    pub fn totals(&mut self, filter: &Filter) -> Result<Totals, StoreError> {
        let mut sums = Sums::default();
        if filter.is_by_time_alone() {
            let (hours, mut patience) = (Hours::new(filter), self.patience());
            for part in self.parts(filter)? {
                let Some(search) = self.search(part.day)? else { continue };
                search.sum(&hours, &mut sums, &mut patience)?;
            }
            let processed = sums.selected;
            return Ok(sums.finish(processed));
        }
        self.each(filter, |seq, alert| sums.alert(seq, alert))?;
        let processed = self.count(filter)?;
        Ok(sums.finish(processed))
    }

    /// How many alerts there are of the time that a filter asks for.
    fn count(&mut self, filter: &Filter) -> Result<u64, StoreError> {
        let (hours, mut patience) = (Hours::new(filter), self.patience());
        let mut count = 0;
        for Part { day, .. } in self.parts(filter)? {
            let Some(search) = self.search(day)? else { continue };
            let sql = "SELECT coalesce(sum(count), 0) FROM hours WHERE hour >= ?1 AND hour < ?2";
            let Range { start, end } = hours.whole;
            let mut statement = search.connection.prepare_cached(sql)?;
            count += statement.query_row([start, end], |row| row.get::<_, u64>(0))?;
            drop(statement);
            search.rest(&hours, &mut patience, |_, _| count += 1)?;
        }
        Ok(count)
    }
}

impl Search {
    /// Adds the counts of some hours of the day.
    fn sum(&mut self, hours: &Hours, sums: &mut Sums, patience: &mut Patience) -> Result<(), StoreError> {
        self.sum_hours(&hours.whole, sums)?;
        self.sum_rules(&hours.whole, sums)?;
        self.sum_places(&hours.whole, sums)?;
        self.sum_texts(&hours.whole, sums, patience)?;
        self.rest(hours, patience, |seq, alert| sums.alert(seq, alert))
    }

    /// Shows the alerts of what is no whole hour.
    fn rest(
        &mut self,
        hours: &Hours,
        patience: &mut Patience,
        mut show: impl FnMut(u64, &Alert<'_>),
    ) -> Result<(), StoreError> {
        for rest in &hours.rest {
            let filter = Filter { since: Some(rest.start), until: Some(rest.end), ..Filter::default() };
            self.each(&filter, 0..=i64::MAX as u64, patience, &mut show)?;
        }
        Ok(())
    }

    fn sum_hours(&mut self, hours: &Range<i64>, sums: &mut Sums) -> rusqlite::Result<()> {
        let sql = "SELECT coalesce(sum(count), 0), min(first), max(last) FROM hours
            WHERE hour >= ?1 AND hour < ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let (count, first, last): (u64, Option<u64>, Option<u64>) = statement
            .query_row([hours.start, hours.end], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        sums.selected += count;
        for seq in first.into_iter().chain(last) {
            self.rows.one(&self.connection, seq, |row| {
                row.alert(|alert| sums.end((seq, alert.id.epoch, alert.time)))
            })?;
        }
        Ok(())
    }

    fn sum_rules(&mut self, hours: &Range<i64>, sums: &mut Sums) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(COUNTS)?;
        let mut counts = statement.query(params![hours.start, hours.end, Kind::Rule as u32])?;
        while let Some(row) = counts.next()? {
            let rule = self.rows.entry(&self.connection, row.get(1)?)?;
            if let Some(rule) = packed::read(&rule) {
                sums.rule(row.get(0)?, &rule, row.get(2)?);
            }
        }
        Ok(())
    }

    fn sum_places(&mut self, hours: &Range<i64>, sums: &mut Sums) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(COUNTS)?;
        let mut counts = statement.query(params![hours.start, hours.end, Kind::Place as u32])?;
        while let Some(row) = counts.next()? {
            let place = self.rows.entry(&self.connection, row.get(1)?)?;
            let Some(Place { location, hostname, .. }) = packed::read(&place) else { continue };
            sums.place(&Alert { location, hostname, ..Alert::default() }, row.get(2)?);
        }
        Ok(())
    }

    /// Attackers can make many different texts, rules and places are few.
    fn sum_texts(
        &mut self,
        hours: &Range<i64>,
        sums: &mut Sums,
        patience: &mut Patience,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(COUNTS)?;
        for ((kind, _), sums) in TEXTS.into_iter().zip(&mut sums.texts) {
            let mut counts = statement.query(params![hours.start, hours.end, kind as u32])?;
            while let Some(row) = counts.next()? {
                add(sums, row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?, row.get(2)?);
                if patience.ends_with_row() {
                    return Err(StoreError::Late);
                }
            }
        }
        Ok(())
    }
}

/// Counts of a kind in some hours: hour, key, count.
const COUNTS: &str = "SELECT hour, key, counts.count FROM hours CROSS JOIN counts USING (hour)
    WHERE hour >= ?1 AND hour < ?2 AND kind = ?3";

#[cfg(test)]
mod tests {
    use super::*;

    type Bounds = (i64, i64);

    fn hours(since: i64, until: i64) -> (Bounds, Vec<Bounds>) {
        let filter = Filter { since: Some(since), until: Some(until), ..Filter::default() };
        let Hours { whole, rest } = Hours::new(&filter);
        let bounds = |range: Range<i64>| (range.start, range.end);
        (bounds(whole), rest.into_iter().map(bounds).collect())
    }

    #[test]
    fn a_time_is_whole_hours_and_what_is_left() {
        assert_eq!(hours(3600, 7200), ((1, 2), vec![]));
        assert_eq!(hours(3599, 7201), ((1, 2), vec![(3599, 3600), (7200, 7201)]));
        assert_eq!(hours(10, 20), ((1, 0), vec![(10, 20)]));
        assert_eq!(hours(10, 3600), ((1, 1), vec![(10, 3600)]));
        assert_eq!(hours(20, 10).1, vec![]);
    }
}
