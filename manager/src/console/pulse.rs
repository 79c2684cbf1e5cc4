//! What the daemon counts while it runs, for whoever wants to see it live.
//!
//! Written by the judging thread once a batch, read by anybody; nobody waits.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Levels that are told apart; higher ones count as the last.
pub const LEVELS: usize = 17;

/// Seconds over which a rate is taken.
const SECONDS: usize = 10;

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Pulse {
    events: AtomicU64,
    levels: [AtomicU64; LEVELS],
    /// Events as they were at the last seconds, the newest at the end.
    seconds: Mutex<VecDeque<u64>>,
}

impl Pulse {
    /// So many events have been judged since the start.
    pub fn events_are(&self, events: u64) {
        self.events.store(events, Relaxed);
    }

    /// There was an alert.
    pub fn alert(&self, level: u16) {
        self.levels[usize::from(level).min(LEVELS - 1)].fetch_add(1, Relaxed);
    }

    /// Events since the start.
    pub fn events(&self) -> u64 {
        self.events.load(Relaxed)
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
        let seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        match (seconds.front(), seconds.back()) {
            (Some(first), Some(last)) if seconds.len() > 1 => {
                (last - first) as f64 / (seconds.len() - 1) as f64
            }
            _ => 0.0,
        }
    }

    /// A second has passed.
    pub(super) fn tick(&self) {
        let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
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
            pulse.events_are(if second < 80 { 0 } else { (second - 79) * 50 });
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
