//! When a destination is told: at once, together with others, or later as
//! counts.
//!
//! A state machine without clock and without alerts: time is an argument, an
//! alert is its number and what is compared. Every alert that is offered comes
//! out once, in a [`Release`], or is counted in one. The state can be written
//! down at any moment and taken up again.
//!
//! ```text
//!  offered ─► storm? ─► quiet hours? ─► seen just now? ─► hour spent? ─► group ─► release
//!               └───────────┴─────────────────┴───────────────┴──► held back ──┘ (counts)
//! ```
//!
//! Each call does a bounded amount of work: as much as the lists below are
//! long, which is a few thousand steps at most.
//!
//! | room | what happens there |
//! |---|---|
//! | `held` | counts of what was held back |
//! | `storm` | too many at once |
//! | `quiet` | hours of the local clock |

mod held;
mod quiet;
mod storm;
#[cfg(test)]
mod tests;

use super::{HeldBack, Notice};
use crate::config::Terms;
use held::Held;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use storm::Weather;

/// Alerts whose repetitions are recognised; the oldest is forgotten first.
const SEEN_MAX: usize = 1024;

/// Bytes of alerts in one release.
pub const BYTES_MAX: usize = 1 << 20;

/// Seconds between two digests of one storm, if nothing is said.
const DIGEST_S: i64 = 600;

const HOUR_S: i64 = 3600;

/// Releases that one call gives at most.
pub const RELEASES_MAX: usize = 2;

/// What is to be known of an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Its number in the store.
    pub seq: u64,
    /// Its length in bytes.
    pub bytes: usize,
    /// The rule.
    pub rule: u32,
    /// The rule's level.
    pub level: u16,
    /// What the rule says.
    pub description: String,
    /// Seconds since 1970.
    pub epoch: i64,
    /// A hash of where it comes from.
    pub source: u64,
    /// A hash of what makes two alerts equal.
    pub same: u64,
    /// It goes at once, with what waits.
    pub at_once: bool,
    /// It goes by itself, behind what waits.
    pub alone: bool,
}

/// What goes into one parcel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Numbers of alerts, in the order of the offers.
    pub alerts: Vec<u64>,
    /// Counts of others, the highest level first.
    pub held_back: Vec<HeldBack>,
    /// What the counts are about; without alerts always there.
    pub notice: Option<Notice>,
}

/// What a budget remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The latest time that was told.
    now: i64,
    /// Number of the hour since 1970, and the releases in it.
    hour: i64,
    sent: u32,
    group: Vec<u64>,
    group_bytes: usize,
    /// When the group goes.
    group_due: i64,
    held: Held,
    /// When what is held goes, if nothing is in its way.
    held_due: i64,
    /// Until when alerts like this one are counted, oldest first.
    seen: VecDeque<(i64, u64)>,
    weather: Weather,
}

/// A budget.
#[derive(Debug)]
pub struct Budget {
    terms: Terms,
    group_max: usize,
    zone: TimeZone,
    /// What it remembers.
    pub state: State,
}

impl Budget {
    /// A budget that goes on where `state` was written down. A release has at
    /// most `group_max` alerts.
    pub fn new(terms: Terms, group_max: usize, zone: TimeZone, state: State) -> Self {
        Self { terms, group_max: group_max.max(1), zone, state }
    }

    /// Tells the time, in seconds since 1970, and how many releases wait to
    /// be delivered: at the turn of an hour they count for the new one, which
    /// is when they will arrive. Says whether the hour has turned.
    ///
    /// A clock that was set back takes all that is planned along. If it went
    /// back over a full hour, the budget is spent until the next one, and the
    /// hours that are shown again count anew: so it can neither flood nor
    /// silence.
    pub fn at(&mut self, now: i64, waiting: usize) -> bool {
        let back = self.state.now - now;
        if back > 0 {
            self.state.set_back(back);
        }
        let hour = now.div_euclid(HOUR_S);
        let has_turned = hour != self.state.hour;
        if has_turned {
            let is_later = hour > self.state.hour;
            self.state.hour = hour;
            self.state.sent = if is_later { u32::try_from(waiting).unwrap_or(u32::MAX) } else { u32::MAX };
        }
        self.state.now = now;
        while self.state.seen.front().is_some_and(|(until, _)| *until <= now) {
            self.state.seen.pop_front();
        }
        has_turned
    }

    /// Offers an alert at the time that was told last. At most
    /// [`RELEASES_MAX`] releases.
    pub fn offer(&mut self, offer: &Offer) -> Vec<Release> {
        let now = self.state.now;
        let mut ready = Vec::new();
        let was_stormy = self.state.weather.is_stormy();
        if self.state.weather.note(&self.storm(), now, offer.rule, offer.source) && !was_stormy {
            // What was not yet a storm goes before it.
            ready.extend(self.release_group());
        }
        match self.held_until(offer) {
            Some(due) => self.hold(offer, due),
            None => self.join(offer, &mut ready),
        }
        ready
    }

    /// What is due at the time that was told last; to be asked behind the
    /// offers, too. At most [`RELEASES_MAX`] releases.
    pub fn due(&mut self) -> Vec<Release> {
        let now = self.state.now;
        let storm = self.storm();
        self.state.weather.calm_down(&storm, now);
        let mut ready = Vec::new();
        if self.state.group_due <= now {
            ready.extend(self.release_group());
        }
        if self.is_digest_due() && self.may_send() {
            ready.push(self.release(Vec::new()));
        }
        ready
    }

    /// Numbers of the alerts that wait for more, oldest first.
    pub fn waiting(&self) -> &[u64] {
        &self.state.group
    }

    /// Alerts that were counted and not yet told.
    pub fn held_back(&self) -> u64 {
        self.state.held.count()
    }

    /// Whether a storm is on.
    pub fn is_stormy(&self) -> bool {
        self.state.weather.is_stormy()
    }

    /// Whether the hour is spent.
    pub fn is_spent(&self) -> bool {
        !self.may_send()
    }

    /// When to send the count, if the alert is not to be sent itself.
    fn held_until(&mut self, offer: &Offer) -> Option<i64> {
        let now = self.state.now;
        if self.state.weather.is_stormy() || self.is_quiet(offer.level) {
            return Some(now);
        }
        let seen_s = i64::from(self.terms.deduplicate_s.unwrap_or(0));
        if seen_s > 0 && self.state.seen.iter().any(|(_, same)| *same == offer.same) {
            return Some(now + seen_s);
        }
        if !self.may_send() {
            return Some(now);
        }
        if seen_s > 0 {
            if self.state.seen.len() >= SEEN_MAX {
                self.state.seen.pop_front();
            }
            self.state.seen.push_back((now + seen_s, offer.same));
        }
        None
    }

    fn hold(&mut self, offer: &Offer, due: i64) {
        let state = &mut self.state;
        state.held_due = if state.held.is_empty() { due } else { state.held_due.min(due) };
        state.held.add(offer);
    }

    /// Puts an alert to those that wait for more, and sends them if they are
    /// to wait no longer.
    fn join(&mut self, offer: &Offer, ready: &mut Vec<Release>) {
        let is_full = self.state.group_bytes.saturating_add(offer.bytes) > BYTES_MAX;
        // The last parcel of the hour takes both.
        if (is_full || offer.alone) && self.left() > 1 {
            ready.extend(self.release_group());
        }
        let state = &mut self.state;
        state.group.push(offer.seq);
        state.group_bytes = state.group_bytes.saturating_add(offer.bytes);
        state.group_due = state.now + i64::from(self.terms.grouping_s.unwrap_or(0));
        if is_full || offer.at_once || offer.alone || state.group.len() >= self.group_max {
            ready.extend(self.release_group());
        }
    }

    fn release_group(&mut self) -> Option<Release> {
        if self.state.group.is_empty() || !self.may_send() {
            return None;
        }
        self.state.group_bytes = 0;
        let alerts = std::mem::take(&mut self.state.group);
        Some(self.release(alerts))
    }

    /// A parcel, with the counts if they are due.
    fn release(&mut self, alerts: Vec<u64>) -> Release {
        let mut release = Release { alerts, ..Release::default() };
        if self.is_digest_due() {
            let now = self.state.now;
            let next = now + self.terms.digest_s.map_or(DIGEST_S, i64::from);
            release.held_back = self.state.held.take();
            release.notice = self.state.weather.tell(now, next);
            if release.notice.is_none() && release.alerts.is_empty() {
                release.notice = Some(held::digest(&release.held_back));
            }
        }
        self.state.sent = self.state.sent.saturating_add(1);
        release
    }

    fn is_digest_due(&self) -> bool {
        let state = &self.state;
        let are_counts_due = !state.held.is_empty() && state.held_due <= state.now;
        (are_counts_due || state.weather.is_over())
            && state.weather.tells_at() <= state.now
            && !self.is_quiet(0)
    }

    /// Releases that may still be made in this hour.
    fn left(&self) -> u32 {
        match self.terms.max_per_hour {
            None | Some(0) => u32::MAX,
            Some(max) => max.saturating_sub(self.state.sent),
        }
    }

    fn may_send(&self) -> bool {
        self.left() > 0
    }

    fn is_quiet(&self, level: u16) -> bool {
        let hours = self.terms.quiet_hours.unwrap_or_default();
        level < hours.level && quiet::is_within(&hours, &self.zone, self.state.now)
    }

    fn storm(&self) -> crate::config::notification::Storm {
        self.terms.storm.unwrap_or_default()
    }
}

impl State {
    /// All that is planned happens so many seconds earlier.
    fn set_back(&mut self, seconds: i64) {
        self.group_due -= seconds;
        self.held_due -= seconds;
        self.seen.iter_mut().for_each(|(until, _)| *until -= seconds);
        self.weather.set_back(seconds);
    }
}
