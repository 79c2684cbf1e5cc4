//! Counting alerts.
//!
//! Memory is bounded, whatever attackers put into names and addresses: so
//! many entries of a subject, so many related values, so many bytes of logs.
//! What does not fit any more is counted in one number, and the report says
//! so.

use super::summary::{Band, Entry, Logged, Related, Section, Summary};
use super::{Query, Subject};
use crate::alert::Alert;
use crate::outputs::clock::LocalTime;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

/// Entries of one subject that are told apart.
pub const ENTRIES_MAX: usize = 200_000;

/// Bytes of an entry that are looked at.
const ENTRY_BYTES: usize = 256;

/// Related values that are kept in all.
pub const RELATED_MAX: usize = 500_000;

/// Bytes of alerts that are shown whole.
pub const LOGS_MAX: usize = 32 << 20;

/// Hours that are told apart: eleven years.
const HOURS_MAX: usize = 100_000;

const HOUR_S: i64 = 3600;

/// Counts what a query asks for.
#[derive(Debug)]
pub struct Tally {
    query: Query,
    processed: u64,
    selected: u64,
    span: Option<(LocalTime, LocalTime)>,
    counts: [Counts; Subject::ALL.len()],
    hours: BTreeMap<i64, [u64; Band::COUNT]>,
    related: Vec<(Subject, Vec<Relations>)>,
    related_room: usize,
    logs: Vec<Logged>,
    logs_room: usize,
    logs_left_out: u64,
}

/// How often each entry of a subject was seen.
#[derive(Debug, Default)]
struct Counts {
    entries: HashMap<Box<[u8]>, u64>,
    others: u64,
}

/// Values, with the order in which they came.
type Values = HashMap<Box<[u8]>, usize>;

/// Values of one subject for each entry of another, with their order.
#[derive(Debug)]
struct Relations {
    to: Subject,
    values: HashMap<Box<[u8]>, Values>,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(query: Query) -> Self {
        let none = |to| Relations { to, values: HashMap::new() };
        let related = query.related().map(|(of, to)| (of, to.into_iter().map(none).collect())).collect();
        Self {
            query,
            processed: 0,
            selected: 0,
            span: None,
            counts: Default::default(),
            hours: BTreeMap::new(),
            related,
            related_room: RELATED_MAX,
            logs: Vec::new(),
            logs_room: LOGS_MAX,
            logs_left_out: 0,
        }
    }

    /// Counts an alert, if it is within the time and all conditions hold.
    pub fn add(&mut self, alert: &Alert<'_>) {
        if !self.query.spans(alert.id.epoch) {
            return;
        }
        self.processed += 1;
        if !self.query.wants(alert) {
            return;
        }
        self.selected += 1;
        self.seen(alert.time);
        self.at_hour(alert.id.epoch, alert.rule.map_or(0, |rule| rule.level), 1);
        for (subject, counts) in Subject::ALL.into_iter().zip(&mut self.counts) {
            subject.entries(alert, |entry| counts.add(entry, 1));
        }
        self.relate(alert);
        if self.query.show_logs {
            self.log(alert);
        }
    }

    /// Counts alerts that others have counted.
    pub(super) fn add_counts(&mut self, processed: u64, selected: u64) {
        self.processed += processed;
        self.selected += selected;
    }

    /// Counts alerts of one entry that others have counted.
    pub(super) fn add_entry(&mut self, subject: Subject, entry: &[u8], count: u64) {
        let position = Subject::ALL.iter().position(|other| *other == subject);
        if let Some(counts) = position.and_then(|position| self.counts.get_mut(position)) {
            counts.add(entry, count);
        }
    }

    /// Counts alerts of the hour that a second since 1970 is in.
    pub(super) fn at_hour(&mut self, epoch: i64, level: u16, count: u64) {
        let hour = epoch.div_euclid(HOUR_S);
        if self.hours.len() < HOURS_MAX || self.hours.contains_key(&hour) {
            self.hours.entry(hour).or_default()[Band::of(level) as usize] += count;
        }
    }

    /// An alert of this time was seen, behind those before.
    pub(super) fn seen(&mut self, time: LocalTime) {
        let (first, _) = self.span.unwrap_or((time, time));
        self.span = Some((first, time));
    }

    fn relate(&mut self, alert: &Alert<'_>) {
        let room = &mut self.related_room;
        for (of, relations) in &mut self.related {
            of.entries(alert, |entry| {
                relations.iter_mut().for_each(|relation| relation.add(entry, alert, room));
            });
        }
    }

    fn log(&mut self, alert: &Alert<'_>) {
        let logged = Logged::new(alert);
        match self.logs_room.checked_sub(logged.bytes()) {
            Some(room) => {
                self.logs_room = room;
                self.logs.push(logged);
            }
            None => self.logs_left_out += 1,
        }
    }

    /// What came of it.
    pub fn finish(mut self) -> Summary {
        let related = std::mem::take(&mut self.related);
        let related = related.into_iter().map(|(of, relations)| self.related_of(of, relations)).collect();
        let sections = Subject::ALL.into_iter().zip(&self.counts).map(|(subject, counts)| Section {
            subject,
            entries: counts.sorted().map(|(entry, count)| Entry { name: lossy(entry), count }).collect(),
            others: counts.others,
        });
        Summary {
            sections: sections.filter(|section| !section.entries.is_empty()).collect(),
            title: self.query.title,
            conditions: self.query.conditions.iter().map(ToString::to_string).collect(),
            processed: self.processed,
            selected: self.selected,
            span: self.span,
            related,
            hours: self.hours,
            logs: self.logs,
            logs_left_out: self.logs_left_out,
        }
    }

    fn related_of(&self, of: Subject, relations: Vec<Relations>) -> Related {
        let position = Subject::ALL.iter().position(|subject| *subject == of).unwrap_or(0);
        let entries = self.counts[position].sorted().map(|(entry, count)| {
            let values = relations.iter().flat_map(|relation| relation.of(entry)).collect();
            (Entry { name: lossy(entry), count }, values)
        });
        Related { subject: of, entries: entries.collect() }
    }
}

impl Counts {
    fn add(&mut self, entry: &[u8], count: u64) {
        let entry = entry.get(..ENTRY_BYTES).unwrap_or(entry);
        if let Some(counted) = self.entries.get_mut(entry) {
            *counted += count;
        } else if self.entries.len() < ENTRIES_MAX {
            self.entries.insert(entry.into(), count);
        } else {
            self.others += count;
        }
    }

    /// The most frequent first, equal ones by their bytes (OSSEC 4.3).
    fn sorted(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let mut entries: Vec<_> = self.entries.iter().map(|(entry, count)| (&**entry, *count)).collect();
        entries.sort_unstable_by_key(|(entry, count)| (Reverse(*count), *entry));
        entries.into_iter()
    }
}

impl Relations {
    fn add(&mut self, entry: &[u8], alert: &Alert<'_>, room: &mut usize) {
        let entry = entry.get(..ENTRY_BYTES).unwrap_or(entry);
        self.to.values(alert, |value| {
            let value = value.get(..ENTRY_BYTES).unwrap_or(value);
            let known = self.values.get(entry).is_some_and(|values| values.contains_key(value));
            if known || *room == 0 {
                return;
            }
            *room -= 1;
            let values = self.values.entry(entry.into()).or_default();
            values.insert(value.into(), values.len());
        });
    }

    /// Values of an entry, in the order in which they came.
    fn of(&self, entry: &[u8]) -> Vec<(Subject, String)> {
        let mut values: Vec<_> = self.values.get(entry).into_iter().flatten().collect();
        values.sort_unstable_by_key(|(_, order)| **order);
        values.into_iter().map(|(value, _)| (self.to, lossy(value))).collect()
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
