//! Alerts to counted triples.

use super::Role;
use crate::alert::Alert;
use crate::outputs::text::write_origin;
use bartizan_core::event::Field;
use std::collections::HashMap;
use std::rc::Rc;

/// Names of one role that are told apart; further ones are one.
const NAMES_MAX: usize = 200_000;

/// Triples that are told apart; further ones are counted as one.
const TRIPLES_MAX: usize = 1_000_000;

/// What is called so that has no name of its own.
const NOBODY: &[u8] = b"unknown";

/// Counts alerts. Takes memory for each different name and triple, up to
/// `NAMES_MAX` and `TRIPLES_MAX`.
#[derive(Debug, Default)]
pub struct Gatherer {
    names: [Names; 3],
    counts: HashMap<[u32; 3], Count>,
    groups: Names,
    room: Vec<u8>,
    alerts: u64,
}

#[derive(Debug, Default)]
struct Names {
    numbers: HashMap<Rc<[u8]>, u32>,
    list: Vec<Rc<[u8]>>,
}

/// How often something came, and how bad it was.
#[derive(Clone, Copy, Debug)]
struct Count {
    alerts: u64,
    level: u16,
    /// The number of the first group of its worst rule.
    group: u32,
}

impl Names {
    /// The number of a name; that of all others if there are too many.
    fn number(&mut self, name: &[u8]) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.list.len() as u32;
        if number as usize >= NAMES_MAX {
            return OTHERS;
        }
        let name: Rc<[u8]> = name.into();
        self.list.push(Rc::clone(&name));
        self.numbers.insert(name, number);
        number
    }

    /// The name of a number; `None` for all others.
    fn name(&self, number: u32) -> Option<&[u8]> {
        self.list.get(number as usize).map(|name| &**name)
    }

    /// The same, as it is shown.
    fn shown(&self, number: u32) -> Option<String> {
        self.name(number).map(|name| String::from_utf8_lossy(name).into_owned())
    }
}

/// The number of all names that were too many.
const OTHERS: u32 = u32::MAX;

impl Gatherer {
    /// Counts an alert.
    pub fn add(&mut self, alert: &Alert<'_>) {
        self.alerts += 1;
        let rule = alert.rule.unwrap_or_default();
        let source = [Field::SrcIp, Field::SrcUser, Field::DstUser]
            .into_iter()
            .find_map(|field| alert.field(field).filter(|value| !value.is_empty()));
        self.room.clear();
        write_origin(&mut self.room, alert);
        let mut key = [
            self.names[0].number(source.unwrap_or(NOBODY)),
            self.names[1].number(rule.description()),
            self.names[2].number(&self.room),
        ];
        if self.counts.len() >= TRIPLES_MAX && !self.counts.contains_key(&key) {
            key = [OTHERS; 3];
        }
        let group = self.groups.number(rule.groups().next().unwrap_or_default());
        let first = Count { alerts: 0, level: rule.level, group };
        let count = self.counts.entry(key).or_insert(first);
        // Of equal levels the name decides, so that order does not.
        let groups = &self.groups;
        let rank = |level, group| (level, std::cmp::Reverse(groups.name(group)));
        if rank(rule.level, group) > rank(count.level, count.group) {
            (count.level, count.group) = (rule.level, group);
        }
        count.alerts += 1;
    }

    /// What was counted, sorted by names.
    pub fn finish(self) -> Triples {
        let name = |role: usize, number| self.names[role].shown(number);
        let triple = |(key, count): (&[u32; 3], &Count)| Triple {
            names: [name(0, key[0]), name(1, key[1]), name(2, key[2])],
            alerts: count.alerts,
            level: count.level,
            group: self.groups.shown(count.group).unwrap_or_default(),
        };
        let mut list: Vec<Triple> = self.counts.iter().map(triple).collect();
        list.sort_unstable_by(|a, b| a.names.cmp(&b.names));
        Triples { list, alerts: self.alerts }
    }
}

/// Alerts that are about the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Triple {
    /// Source, event and target; `None` for what was too much to be told apart.
    pub names: [Option<String>; 3],
    /// How many alerts.
    pub alerts: u64,
    /// The highest level of them.
    pub level: u16,
    /// The first group of a rule of that level.
    pub group: String,
}

impl Triple {
    /// The name of a role; empty for what was not told apart.
    pub fn name(&self, role: Role) -> &str {
        self.names[role as usize].as_deref().unwrap_or_default()
    }
}

/// All that was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Triples {
    /// Each different one, by names.
    pub list: Vec<Triple>,
    /// Alerts in all.
    pub alerts: u64,
}
