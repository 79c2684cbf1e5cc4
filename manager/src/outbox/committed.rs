//! How far alerts are committed: told by the committer, waited for by the
//! threads of destinations, and watched by whoever looks on live.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// The number of the last alert that is committed. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Committed(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// There are alerts, or somebody calls.
    more: Condvar,
    /// Somebody calls. Whoever waits for that alone is not woken for alerts.
    called: Condvar,
    /// The same number, for tasks.
    watched: watch::Sender<u64>,
}

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
        self.0.more.notify_all();
        self.0.watched.send_replace(last);
    }

    /// The number that was told last; 0 before that.
    pub fn last(&self) -> u64 {
        self.state().last
    }

    /// The number that was told last, and when there is another one. Any
    /// number may watch; nobody waits for them.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.watched.subscribe()
    }

    /// Wakes all who wait.
    pub(super) fn call(&self) {
        self.state().calls += 1;
        self.0.more.notify_all();
        self.0.called.notify_all();
    }

    /// Waits until there is an alert behind `seen`, or somebody calls, or the
    /// time is over.
    pub(super) fn wait(&self, seen: u64, patience: Duration) {
        self.wait_while(&self.0.more, patience, |state| state.last <= seen);
    }

    /// Waits until somebody calls, or the time is over.
    pub(super) fn rest(&self, patience: Duration) {
        self.wait_while(&self.0.called, patience, |_| true);
    }

    fn wait_while(&self, on: &Condvar, patience: Duration, holds: impl Fn(&State) -> bool) {
        let state = self.state();
        let calls = state.calls;
        // A panic elsewhere leaves nothing half done in here.
        let _ = on.wait_timeout_while(state, patience, |state| state.calls == calls && holds(state));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
