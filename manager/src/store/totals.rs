//! How many alerts there are of what: what reports are made of.

use crate::outputs::clock::LocalTime;
use std::collections::BTreeMap;

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
