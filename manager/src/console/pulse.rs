//! What the daemon counts while it runs, for whoever wants to see it live.
//!
//! Written by the judging thread once a batch, read by anybody; nobody waits.

use crate::pattern::FastTables;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Levels that are told apart; higher ones count as the last.
pub const LEVELS: usize = 17;

/// Seconds over which a rate is taken.
const SECONDS: usize = 10;

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Pulse {
    events: AtomicU64,
    fields_left_out: AtomicU64,
    levels: [AtomicU64; LEVELS],
    searches: Mutex<Searches>,
    /// Events as they were at the last seconds, the newest at the end.
    seconds: Mutex<VecDeque<u64>>,
}

/// Searches that were given up.
#[derive(Debug, Default)]
struct Searches {
    /// With rules that were in use before.
    before: u64,
    /// The rules in use, and how many there were with them when they were
    /// taken: the tests that they had to pass.
    now: Option<(Arc<FastTables>, u64)>,
}

impl Searches {
    fn given_up(&self) -> u64 {
        self.before + self.now.as_ref().map_or(0, |(tables, tests)| tables.given_up() - tests)
    }
}

/// What a mutex holds.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves nothing half done in any of these.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pulse {
    /// So many events have been judged since the start, and so many of their
    /// fields found no room.
    pub fn judged(&self, events: u64, fields_left_out: u64) {
        self.events.store(events, Relaxed);
        self.fields_left_out.store(fields_left_out, Relaxed);
    }

    /// From now on these rules are in use.
    pub(crate) fn rules_are(&self, tables: &Arc<FastTables>) {
        let mut searches = lock(&self.searches);
        let before = searches.given_up();
        *searches = Searches { before, now: Some((Arc::clone(tables), tables.given_up())) };
    }

    /// There was an alert.
    pub fn alert(&self, level: u16) {
        self.levels[usize::from(level).min(LEVELS - 1)].fetch_add(1, Relaxed);
    }

    /// Events since the start.
    pub fn events(&self) -> u64 {
        self.events.load(Relaxed)
    }

    /// Fields since the start that found no room in their event.
    pub fn fields_left_out(&self) -> u64 {
        self.fields_left_out.load(Relaxed)
    }

    /// Searches since the start that took too long and count as no match;
    /// also those in lines that somebody tried in the console.
    pub fn searches_given_up(&self) -> u64 {
        lock(&self.searches).given_up()
    }

    /// Alerts since the start.
    pub fn alerts(&self) -> u64 {
        self.alerts_by_level().iter().sum()
    }

    /// Alerts since the start, by level.
    pub fn alerts_by_level(&self) -> [u64; LEVELS] {
        std::array::from_fn(|level| self.levels[level].load(Relaxed))
    }

    /// Events a second, over the last ten.
    pub fn events_a_second(&self) -> f64 {
        let seconds = lock(&self.seconds);
        match (seconds.front(), seconds.back()) {
            (Some(first), Some(last)) if seconds.len() > 1 => {
                (last - first) as f64 / (seconds.len() - 1) as f64
            }
            _ => 0.0,
        }
    }

    /// A second has passed.
    pub(super) fn tick(&self) {
        let mut seconds = lock(&self.seconds);
        if seconds.len() > SECONDS {
            seconds.pop_front();
        }
        seconds.push_back(self.events());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_that_of_the_last_ten_seconds() {
        let pulse = Pulse::default();
        assert_eq!(pulse.events_a_second(), 0.0);
        for second in 0..100 {
            pulse.judged(if second < 80 { 0 } else { (second - 79) * 50 }, 0);
            pulse.tick();
        }
        assert_eq!(pulse.events_a_second(), 50.0);
    }

    #[test]
    fn an_alert_of_any_level_is_counted() {
        let pulse = Pulse::default();
        [0, 16, 17, u16::MAX].into_iter().for_each(|level| pulse.alert(level));
        assert_eq!((pulse.alerts(), pulse.alerts_by_level()[16]), (4, 3));
    }
}
