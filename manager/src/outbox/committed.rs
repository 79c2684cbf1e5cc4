//! How far alerts are committed: told by the committer, waited for by the
//! threads of destinations.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The number of the last alert that is committed. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Committed(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    last: u64,
    /// Counts what is to be looked at that is no alert.
    calls: u64,
}

impl Committed {
    /// Alerts up to this number are committed. Never waits.
    pub fn tell(&self, last: u64) {
        self.state().last = last;
        self.0.1.notify_all();
    }

    /// The number that was told last; 0 before that.
    pub fn last(&self) -> u64 {
        self.state().last
    }

    /// Wakes all who wait.
    pub(super) fn call(&self) {
        self.state().calls += 1;
        self.0.1.notify_all();
    }

    /// Waits until there is an alert behind `seen`, or somebody calls, or the
    /// time is over. Gives the last number.
    pub(super) fn wait(&self, seen: u64, patience: Duration) -> u64 {
        let until = Instant::now() + patience;
        let mut state = self.state();
        let calls = state.calls;
        while state.last <= seen && state.calls == calls {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.0.1.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.last
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
