//! What was counted, ready to be written. Texts are as they stood in the
//! alerts, but UTF-8: each layout makes them harmless in its own way.

use super::Subject;
use super::subject::origin;
use crate::alert::Alert;
use crate::outputs::clock::LocalTime;
use std::collections::BTreeMap;

/// Bytes of a log that are shown, as in `alerts.log`.
const LOG_SHOWN: usize = 1256;

/// What is known of a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Its name.
    pub title: Option<String>,
    /// What had to hold of an alert, in words.
    pub conditions: Vec<String>,
    /// Alerts that were looked at.
    pub processed: u64,
    /// Alerts of which all conditions held.
    pub selected: u64,
    /// The times of the first and the last of them.
    pub span: Option<(LocalTime, LocalTime)>,
    /// The entries of each subject that has some.
    pub sections: Vec<Section>,
    /// What was asked to be shown beside what.
    pub related: Vec<Related>,
    /// Alerts by hour (since 1970) and how bad they are.
    pub hours: BTreeMap<i64, [u64; Band::COUNT]>,
    /// The alerts themselves, if they were asked for.
    pub logs: Vec<Logged>,
    /// Alerts that would have been too many to show.
    pub logs_left_out: u64,
}

/// All entries of a subject, the most frequent first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What they are.
    pub subject: Subject,
    /// The entries.
    pub entries: Vec<Entry>,
    /// Alerts of entries that would have been too many.
    pub others: u64,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub name: String,
    /// Its alerts.
    pub count: u64,
}

/// Entries of a subject, with values of others that came with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// What they are.
    pub subject: Subject,
    /// Each with its values.
    pub entries: Vec<(Entry, Vec<(Subject, String)>)>,
}

/// How bad an alert is, in four steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// Levels up to 6.
    Low,
    /// Levels 7 to 11.
    Medium,
    /// Levels 12 to 14.
    High,
    /// Level 15 and more.
    Critical,
}

impl Band {
    /// How many there are.
    pub const COUNT: usize = 4;

    /// All, the least first.
    pub const ALL: [Self; Self::COUNT] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// That of a level.
    pub fn of(level: u16) -> Self {
        match level {
            0..=6 => Self::Low,
            7..=11 => Self::Medium,
            12..=14 => Self::High,
            15.. => Self::Critical,
        }
    }

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Low => "low (0-6)",
            Self::Medium => "medium (7-11)",
            Self::High => "high (12-14)",
            Self::Critical => "critical (15-16)",
        }
    }
}

/// An alert that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its time.
    pub time: LocalTime,
    /// Where it came from.
    pub location: String,
    /// Its rule.
    pub rule: u32,
    /// The level of that.
    pub level: u16,
    /// What the rule says.
    pub description: String,
    /// The first line of the log.
    pub log: String,
}

impl Logged {
    pub(super) fn new(alert: &Alert<'_>) -> Self {
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let rule = alert.rule.unwrap_or_default();
        let line = alert.log.split(|byte| *byte == b'\n').next().unwrap_or_default();
        Self {
            time: alert.time,
            location: lossy(&origin(alert)),
            rule: rule.id,
            level: rule.level,
            description: lossy(rule.description()),
            log: lossy(line.get(..LOG_SHOWN).unwrap_or(line)),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.location.len() + self.description.len() + self.log.len()
    }
}

impl Summary {
    /// What it is called where something must stand.
    pub fn name(&self) -> &str {
        self.title.as_deref().unwrap_or("Alerts")
    }

    /// Leaves out what is too much to be read: entries of each subject, values
    /// beside each, alerts. They stay counted.
    pub fn shorten(&mut self, entries: usize, logs: usize) {
        for section in &mut self.sections {
            let left_out = section.entries.drain(entries.min(section.entries.len())..);
            section.others += left_out.map(|entry| entry.count).sum::<u64>();
        }
        for related in &mut self.related {
            related.entries.truncate(entries);
            related.entries.iter_mut().for_each(|(_, values)| values.truncate(entries));
        }
        self.logs_left_out += self.logs.len().saturating_sub(logs) as u64;
        self.logs.truncate(logs);
    }

    /// The entries of a subject; none if there was nothing of it.
    pub fn section(&self, subject: Subject) -> Option<&Section> {
        self.sections.iter().find(|section| section.subject == subject)
    }
}

/// `2026 Nov 21 07:29:49`.
pub(super) fn written(time: LocalTime) -> String {
    let mut out = Vec::new();
    time.write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}
