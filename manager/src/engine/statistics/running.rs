//! Counters of the day and the hour that are running.
//!
//! They are kept in one file beside the averages, which OSSEC does not have:
//! there, a restart forgets the day so far, learns from what is left of it,
//! and the averages sink.

use super::{Hour, read_state, replace};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

const FILE: &str = "running.json";
const FILE_MAX: u64 = 8 << 20;

/// Rules that are counted one by one within an hour; more than any ruleset
/// has.
const RULES_MAX: usize = 65_536;

/// What a rule did within the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Fired {
    level: u16,
    count: u64,
}

/// Counters of the running day and hour.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Running {
    /// The hour that is running; none before the first event.
    pub(super) hour: Option<Hour>,
    /// Events of the day, by hour.
    pub(super) day: [u32; 24],
    /// Events of the day, by weekday and hour. Only one weekday has any,
    /// unless time jumped.
    pub(super) week: [[u32; 24]; 7],
    /// Alerts of the day about too many events.
    pub(super) alerts_today: u32,
    /// The hour of the last of them.
    pub(super) alerted: Option<Hour>,
    /// Events of the hour.
    events: u64,
    /// Rules fired within the hour, whatever their level.
    alerts: u64,
    /// Events of file integrity within the hour.
    pub(super) syscheck: u64,
    /// Events of packet filters within the hour.
    pub(super) firewall: u64,
    rules: BTreeMap<u32, Fired>,
    /// An hour before the running one in which events have come.
    behind: Option<Hour>,
}

impl Running {
    /// What the last run left behind; nothing if that is not understood.
    pub(super) fn load(folder: &Path) -> io::Result<Self> {
        let bytes = read_state(&folder.join(FILE), FILE_MAX)?;
        let running: Self = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(if running.is_sound() { running } else { Self::default() })
    }

    fn is_sound(&self) -> bool {
        let sound = |hour: &Hour| {
            hour.hour < 24
                && hour.weekday < 7
                && (1..=12).contains(&hour.month)
                && (1..=31).contains(&hour.day)
        };
        [self.hour, self.alerted, self.behind].iter().flatten().all(sound)
    }

    /// Writes all counters, if there was an event.
    pub(super) fn save(&self, folder: &Path) -> io::Result<()> {
        if self.hour.is_none() {
            return Ok(());
        }
        replace(&folder.join(FILE), &serde_json::to_vec(self)?)
    }

    /// Turns to the hour of an event. Gives the hour that has ended thereby.
    ///
    /// A time that steps back a little (a clock that is set, logs of two
    /// machines) ends nothing: its events count for the running hour. Only a
    /// time that stays behind and moves on from there is believed, so that a
    /// clock that was wrong by years does not stop the statistics for as long.
    pub(super) fn turn_to(&mut self, at: Hour) -> Option<Hour> {
        let now = *self.hour.get_or_insert(at);
        let turns = match at.cmp(&now) {
            Ordering::Equal => false,
            Ordering::Greater => true,
            Ordering::Less => self.behind.is_some_and(|behind| at > behind),
        };
        self.behind = (at < now && !turns).then_some(at);
        if !turns {
            return None;
        }
        self.hour = Some(at);
        Some(now)
    }

    /// Counts an event for the running hour.
    pub(super) fn count_event(&mut self) {
        let Some(now) = self.hour else { return };
        self.events = self.events.saturating_add(1);
        for counter in [&mut self.day[now.number()], &mut self.week[now.weekday()][now.number()]] {
            *counter = counter.saturating_add(1);
        }
    }

    /// Counts a rule that fired.
    pub(super) fn count_rule(&mut self, id: u32, level: u16) {
        self.alerts = self.alerts.saturating_add(1);
        if let Some(fired) = self.rules.get_mut(&id) {
            *fired = Fired { level, count: fired.count.saturating_add(1) };
        } else if self.rules.len() < RULES_MAX {
            self.rules.insert(id, Fired { level, count: 1 });
        }
    }

    /// Appends the totals of the hour that has ended and begins another.
    /// Rules stand in the order of their ids, each once.
    pub(super) fn end_hour(&mut self, ended: &Hour, out: &mut String) {
        let hour = ended.hour;
        for (id, fired) in std::mem::take(&mut self.rules) {
            let Fired { level, count } = fired;
            *out += &format!("{hour}-{id}-{level}-{count}\n");
        }
        let Self { alerts, events, syscheck, firewall, .. } = self;
        *out += &format!("{hour}--{alerts}--{events}--{syscheck}--{firewall}\n\n");
        (self.alerts, self.events, self.syscheck, self.firewall) = (0, 0, 0, 0);
    }

    /// Appends the totals of the day that has ended and begins another.
    pub(super) fn end_day(&mut self, out: &mut String) {
        for (hour, count) in self.day.iter().enumerate() {
            *out += &format!("Hour totals - {hour}:{count}\n");
        }
        let total: u64 = self.day.iter().copied().map(u64::from).sum();
        *out += &format!("Total events for day:{total}\n");
        self.day = [0; 24];
        self.week = [[0; 24]; 7];
        self.alerts_today = 0;
    }
}
