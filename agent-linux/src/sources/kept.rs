//! A program that is kept running: started again when it ends, read no faster
//! than allowed.

use crate::child::{Child, Got};
use bartizan_core::time::Millis;
use mio::{Registry, Token};
use std::io;

/// The wait before the first restart; it doubles.
const WAIT_MS: u64 = 1_000;

/// The longest wait; a program that ran this long begins with the first again.
const WAIT_MAX_MS: u64 = 60_000;

/// Milliseconds between two looks at whether a program is gone.
const LOOK_MS: u64 = 250;

/// A program that is kept running.
#[derive(Debug)]
pub(super) struct Kept {
    registered: Option<(Registry, Token)>,
    child: Option<Child>,
    /// Its output has ended and it is still there.
    leaves: bool,
    began: Millis,
    due: Millis,
    wait_ms: u64,
    rate: Rate,
    /// Output waits for its turn: nobody says again that it can be read.
    held: bool,
}

impl Kept {
    /// Reads so many records a second at most.
    pub(super) fn new(per_second: Option<u32>) -> Self {
        Self {
            registered: None,
            child: None,
            leaves: false,
            began: Millis::default(),
            due: Millis::default(),
            wait_ms: WAIT_MS,
            rate: Rate::new(per_second),
            held: false,
        }
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.registered = Some((registry.try_clone()?, token));
        Ok(())
    }

    /// Starts the program that these words name if it is due; true if it was.
    pub(super) fn start(&mut self, now: Millis, words: impl FnOnce() -> Vec<String>) -> bool {
        if self.leaves && self.child.as_mut().is_none_or(Child::reap) {
            (self.leaves, self.child) = (false, None);
        }
        let Some((registry, token)) = &self.registered else { return false };
        if self.child.is_some() || now < self.due {
            return false;
        }
        // The wait counts from the start if there is nothing to start.
        (self.began, self.due) = (now, now.plus(self.wait_ms));
        self.child = Child::start(&words(), registry, *token).ok();
        if self.child.is_none() {
            self.wait_ms = (self.wait_ms * 2).min(WAIT_MAX_MS);
        }
        self.child.is_some()
    }

    /// Reads a piece of the output. [`Got::Ended`] comes once for each start.
    pub(super) fn read(&mut self, now: Millis, buffer: &mut [u8]) -> Got {
        let Some(child) = self.child.as_mut().filter(|_| !self.leaves) else { return Got::Dry };
        self.held = !self.rate.allows(now);
        if self.held {
            return Got::Dry;
        }
        let got = child.read(buffer);
        if matches!(got, Got::Ended) {
            child.kill();
            self.leaves = true;
            if now.since(self.began) >= WAIT_MAX_MS {
                self.wait_ms = WAIT_MS;
            }
            self.due = now.plus(self.wait_ms);
            self.wait_ms = (self.wait_ms * 2).min(WAIT_MAX_MS);
        }
        got
    }

    /// A record was made of what was read.
    pub(super) fn spend(&mut self) {
        self.rate.spend();
    }

    /// Whether output waits for its turn.
    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    pub(super) fn next_deadline(&self, now: Millis) -> Option<Millis> {
        match &self.child {
            // What was never registered is never started.
            None => self.registered.as_ref().map(|_| self.due),
            Some(_) if self.leaves => Some(now.plus(LOOK_MS)),
            Some(_) => self.held.then(|| self.rate.next()),
        }
    }
}

/// So many records a second; what one read brings beyond it is owed.
#[derive(Debug)]
struct Rate {
    per_second: Option<u32>,
    left: i64,
    since: Millis,
}

impl Rate {
    fn new(per_second: Option<u32>) -> Self {
        Self { per_second, left: i64::from(per_second.unwrap_or(0)), since: Millis::default() }
    }

    fn allows(&mut self, now: Millis) -> bool {
        let Some(per_second) = self.per_second else { return true };
        let seconds = now.since(self.since) / 1000;
        if seconds > 0 {
            let more = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(per_second.into());
            self.left = self.left.saturating_add(more).min(per_second.into());
            self.since = now;
        }
        self.left > 0
    }

    fn spend(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    fn next(&self) -> Millis {
        self.since.plus(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_is_waited_for() {
        let mut rate = Rate::new(Some(10));
        assert!(rate.allows(Millis(5_000)));
        (0..25).for_each(|_| rate.spend());
        assert!(!rate.allows(Millis(5_500)));
        assert_eq!(rate.next(), Millis(6_000));
        assert!(!rate.allows(Millis(6_000)));
        assert!(rate.allows(Millis(7_000)));
        assert!(Rate::new(None).allows(Millis(0)));
    }
}
