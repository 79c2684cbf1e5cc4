//! What alerts are counted and chosen by.

use crate::alert::{Alert, Rule};
use crate::outputs::text;
use bartizan_core::event::Field;
use std::io::Write;

/// Bytes of the entry of a rule (OSSEC 4.3).
const RULE_ENTRY: usize = 75;

/// One thing that alerts have in common or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The source address.
    SrcIp,
    /// The user that it is about.
    User,
    /// The level.
    Level,
    /// The groups of the rule, each for itself.
    Group,
    /// Host and file, or agent and file.
    Location,
    /// The rule.
    Rule,
    /// The file that has changed.
    Filename,
}

impl Subject {
    /// All, in the order of a report (OSSEC 4.3).
    pub const ALL: [Self; 7] =
        [Self::SrcIp, Self::User, Self::Level, Self::Group, Self::Location, Self::Rule, Self::Filename];

    /// All, in the order in which related values are printed (OSSEC 4.3).
    pub const RELATED: [Self; 7] =
        [Self::Location, Self::SrcIp, Self::User, Self::Rule, Self::Group, Self::Level, Self::Filename];

    /// Its word on the command line and in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::SrcIp => "srcip",
            Self::User => "user",
            Self::Level => "level",
            Self::Group => "group",
            Self::Location => "location",
            Self::Rule => "rule",
            Self::Filename => "filename",
        }
    }

    /// What a report calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::SrcIp => "Source ip",
            Self::User => "Username",
            Self::Level => "Level",
            Self::Group => "Group",
            Self::Location => "Location",
            Self::Rule => "Rule",
            Self::Filename => "Filenames",
        }
    }

    /// The subject of a word.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.name() == name)
    }

    /// Gives each value that an alert has, as related ones are shown.
    pub fn values(self, alert: &Alert<'_>, mut each: impl FnMut(&[u8])) {
        let rule = alert.rule.unwrap_or_default();
        match self {
            Self::SrcIp => known(alert.field(Field::SrcIp)).into_iter().for_each(each),
            Self::User => known(alert.field(Field::DstUser)).into_iter().for_each(each),
            Self::Filename => alert.field(Field::Filename).into_iter().for_each(each),
            Self::Group => groups(&rule).for_each(each),
            Self::Level => each(rule.level.to_string().as_bytes()),
            Self::Rule => each(rule.id.to_string().as_bytes()),
            Self::Location => each(&origin(alert)),
        }
    }

    /// Gives each entry under which an alert is counted.
    pub fn entries(self, alert: &Alert<'_>, mut each: impl FnMut(&[u8])) {
        match (self, alert.rule) {
            (Self::Level, Some(rule)) => each(level_entry(rule.level).as_bytes()),
            (Self::Rule, Some(rule)) => each(&rule_entry(rule.id, rule.description())),
            (Self::Level | Self::Rule, None) => {}
            _ => self.values(alert, each),
        }
    }
}

/// The entry of a level.
pub(super) fn level_entry(level: u16) -> String {
    format!("Severity {level}")
}

/// The entry of a rule: `5716 - SSHD authentication failed.`
pub(super) fn rule_entry(id: u32, description: &[u8]) -> Vec<u8> {
    let mut entry = Vec::new();
    // Writing to memory does not fail.
    let _ = write!(entry, "{id} - ");
    entry.extend_from_slice(description);
    entry.truncate(RULE_ENTRY);
    entry
}

/// Groups without the blanks before them.
fn groups<'a>(rule: &Rule<'a>) -> impl Iterator<Item = &'a [u8]> {
    rule.groups().map(|group| group.trim_ascii_start()).filter(|group| !group.is_empty())
}

/// Where an alert comes from, as its second line says.
pub(super) fn origin(alert: &Alert<'_>) -> Vec<u8> {
    let mut origin = Vec::new();
    match alert.hostname {
        b"" => origin.extend_from_slice(alert.location),
        _ => text::write_origin(&mut origin, alert),
    }
    origin
}

/// A value that is one.
pub(crate) fn known(value: Option<&[u8]>) -> Option<&[u8]> {
    value.filter(|value| *value != b"(none)" && !value.is_empty())
}
