//! What is said of destinations that do not take what is sent to them: events
//! of the manager, which rules look at as at all others.
//!
//! An alert about a destination may go to that same destination. So what
//! happens with each parcel is said at most once in [`GAP_S`], with a count.

use std::fmt::{self, Formatter};
use std::sync::Arc;

/// Where events about destinations come from.
pub const PLACE: &str = "destinations";

/// Seconds between two events that are alike.
const GAP_S: i64 = 600;

/// Bytes of a reason that are said.
const WHY_MAX: usize = 300;

const HOUR_S: i64 = 3600;

/// Takes an event.
pub type Say = Arc<dyn Fn(String) + Send + Sync>;

/// Says what is wrong with one destination.
pub(super) struct Trouble {
    say: Say,
    /// Refused parcels that were not yet spoken of, and when that was done last.
    refused: u64,
    refused_at: Option<i64>,
    /// The hour of which was said that it is spent.
    spent: Option<i64>,
}

impl Trouble {
    pub(super) fn new(say: Say) -> Self {
        Self { say, refused: 0, refused_at: None, spent: None }
    }

    /// Several attempts have failed.
    pub(super) fn failed(&self, name: &str, failures: u32, why: &str) {
        self.say(name, format_args!("failed: {failures} attempts: {}", plain(why)));
    }

    /// It was said that it failed, and now it does not.
    pub(super) fn works_again(&self, name: &str, failures: u32) {
        self.say(name, format_args!("works again: after {failures} attempts that failed"));
    }

    /// A parcel will never be taken.
    pub(super) fn refused(&mut self, name: &str, id: &str, why: &str, now: i64) {
        self.refused += 1;
        if self.refused_at.is_some_and(|at| (at..at + GAP_S).contains(&now)) {
            return;
        }
        let count = std::mem::take(&mut self.refused);
        self.refused_at = Some(now);
        self.say(name, format_args!("refused: {count} parcels, the last is {id}: {}", plain(why)));
    }

    /// Alerts have gone from the store before they were sent.
    pub(super) fn lost(&self, name: &str, count: u64) {
        if count > 0 {
            self.say(
                name,
                format_args!("lost: {count} alerts were gone from the store before they were sent"),
            );
        }
    }

    /// What an hour may bring is spent, and there is more.
    pub(super) fn spent(&mut self, name: &str, now: i64) {
        let hour = now.div_euclid(HOUR_S);
        if self.spent.replace(hour) != Some(hour) {
            self.say(name, format_args!("held back: the limit of this hour is reached; the rest is counted"));
        }
    }

    fn say(&self, name: &str, what: fmt::Arguments<'_>) {
        (self.say)(format!("bartizan: destination {name} {what}"));
    }
}

impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trouble").finish_non_exhaustive()
    }
}

/// A text of somebody else in one line.
fn plain(text: &str) -> String {
    let text = &text[..text.floor_char_boundary(WHY_MAX)];
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
