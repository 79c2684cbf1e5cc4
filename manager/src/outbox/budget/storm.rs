//! Too many alerts at once are one: an alert storm.
//!
//! It begins with the alert that is one too many within the window, and is
//! over when half as many, or fewer, have come within a window.

use crate::config::notification::Storm;
use crate::outbox::Notice;
use crate::plural::counted;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};

/// Rules and sources that are told apart in one storm.
const DIFFERENT_MAX: usize = 1024;

/// How thick alerts fall.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Weather {
    /// The last alerts: when, which rule, from where. One more than make no
    /// storm.
    last: VecDeque<(i64, u32, u64)>,
    storm: Option<Stormy>,
}

/// A storm that is on, or whose end is not yet told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Stormy {
    alerts: u64,
    rules: BTreeSet<u32>,
    sources: BTreeSet<u64>,
    /// The first and the last of the alerts.
    since: i64,
    until: i64,
    /// When it is told next.
    tells_at: i64,
    is_told: bool,
    is_over: bool,
}

impl Weather {
    pub(super) fn is_stormy(&self) -> bool {
        self.storm.as_ref().is_some_and(|storm| !storm.is_over)
    }

    /// Whether the end of a storm is to be told.
    pub(super) fn is_over(&self) -> bool {
        self.storm.as_ref().is_some_and(|storm| storm.is_over)
    }

    /// When the storm is told next; long ago without one.
    pub(super) fn tells_at(&self) -> i64 {
        self.storm.as_ref().map_or(i64::MIN, |storm| storm.tells_at)
    }

    /// Counts an alert; says whether there is a storm.
    pub(super) fn note(&mut self, limit: &Storm, now: i64, rule: u32, source: u64) -> bool {
        if limit.alerts == 0 {
            *self = Self::default();
            return false;
        }
        self.forget(limit, now);
        self.last.push_back((now, rule, source));
        let is_storm = self.last.len() > limit.alerts as usize;
        match &mut self.storm {
            Some(storm) if is_storm || !storm.is_over => {
                storm.is_over = false;
                storm.add((now, rule, source));
            }
            None if is_storm => {
                let mut storm = Stormy { since: now, tells_at: now, ..Stormy::default() };
                self.last.iter().for_each(|alert| storm.add(*alert));
                self.storm = Some(storm);
            }
            _ => {}
        }
        self.is_stormy()
    }

    /// A storm in which little has come of late is over.
    pub(super) fn calm_down(&mut self, limit: &Storm, now: i64) {
        self.forget(limit, now);
        let is_calm = self.last.len() <= limit.alerts as usize / 2;
        if let Some(storm) = self.storm.as_mut().filter(|storm| is_calm && !storm.is_over) {
            storm.is_over = true;
            storm.tells_at = now;
        }
    }

    /// What is to be said of the storm; it is said again at `next`.
    pub(super) fn tell(&mut self, now: i64, next: i64) -> Option<Notice> {
        let storm = self.storm.as_mut()?;
        let (title, text) = match (storm.is_told, storm.is_over) {
            (false, false) => (
                storm.figures(now),
                format!(
                    "From now on they are counted; a digest follows every {} s until it calms.",
                    next - now
                ),
            ),
            (true, false) => (storm.figures(now), "It has not calmed yet.".to_owned()),
            (_, true) => (storm.figures(storm.until), "It is over.".to_owned()),
        };
        storm.is_told = true;
        storm.tells_at = next;
        if storm.is_over {
            self.storm = None;
        }
        Some(Notice { title, text, html: None })
    }

    pub(super) fn set_back(&mut self, seconds: i64) {
        self.last.iter_mut().for_each(|(at, ..)| *at -= seconds);
        if let Some(storm) = &mut self.storm {
            storm.since -= seconds;
            storm.until -= seconds;
            storm.tells_at -= seconds;
        }
    }

    /// Only the alerts of the window are of interest, and of them no more than
    /// make a storm.
    fn forget(&mut self, limit: &Storm, now: i64) {
        let begin = now - i64::from(limit.within_s);
        while self.last.front().is_some_and(|(at, ..)| *at <= begin)
            || self.last.len() > limit.alerts as usize
        {
            self.last.pop_front();
        }
    }
}

impl Stormy {
    fn add(&mut self, (at, rule, source): (i64, u32, u64)) {
        self.alerts += 1;
        self.since = self.since.min(at);
        self.until = at;
        if self.rules.len() < DIFFERENT_MAX {
            self.rules.insert(rule);
        }
        if self.sources.len() < DIFFERENT_MAX {
            self.sources.insert(source);
        }
    }

    /// `alert storm: 101 alerts of 3 rules from 7 sources in 12 s`.
    fn figures(&self, now: i64) -> String {
        let several = |count: usize, one: &str, many: &str| match count {
            DIFFERENT_MAX => format!("{DIFFERENT_MAX} or more {many}"),
            _ => counted(count, one, many),
        };
        let rules = several(self.rules.len(), "rule", "rules");
        let sources = several(self.sources.len(), "source", "sources");
        format!("alert storm: {} alerts of {rules} from {sources} in {} s", self.alerts, now - self.since)
    }
}
