//! Which manager is tried next, and when.

use super::Reason;
use crate::time::Millis;
use crate::wire::BACK_OFF_MS;
use crate::wire::message::Why;

#[derive(Debug)]
pub(super) struct BackOff {
    managers: usize,
    manager: usize,
    wait_ms: u64,
    has_succeeded: bool,
    random: u64,
}

impl BackOff {
    pub(super) fn new(managers: usize, seed: u64) -> Self {
        Self { managers, manager: 0, wait_ms: BACK_OFF_MS.0, has_succeeded: false, random: seed }
    }

    /// The manager to try.
    pub(super) fn manager(&self) -> usize {
        self.manager
    }

    /// A batch of this session was acknowledged.
    pub(super) fn succeeded(&mut self) {
        self.has_succeeded = true;
    }

    /// A session, or the attempt at one, is over: the time of the next.
    pub(super) fn after(&mut self, reason: Reason, now: Millis) -> Millis {
        let has_succeeded = core::mem::take(&mut self.has_succeeded);
        if has_succeeded {
            self.wait_ms = BACK_OFF_MS.0;
        }
        // Coming back at once would only drive the newer session out, or be
        // refused again.
        if matches!(reason, Reason::Closed(Why::Replaced | Why::Removed | Why::NotKnown)) {
            self.wait_ms = BACK_OFF_MS.1;
        }
        let begins_anew = has_succeeded && matches!(reason, Reason::Lost | Reason::Silent | Reason::Numbers);
        self.manager = if begins_anew { 0 } else { (self.manager + 1) % self.managers };
        if self.manager != 0 {
            return now;
        }
        let wait = self.jittered(self.wait_ms);
        self.wait_ms = (self.wait_ms * 2).min(BACK_OFF_MS.1);
        now.plus(wait)
    }

    /// Between half of the time and all of it.
    fn jittered(&mut self, ms: u64) -> u64 {
        // Steele and others' SplitMix64.
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ms / 2 + (mixed ^ (mixed >> 31)) % (ms / 2 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_a_minute_and_are_never_equal_for_all() {
        let mut back_off = BackOff::new(1, 7);
        for wait in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            let next = back_off.after(Reason::Lost, Millis(0));
            assert!((wait * 500..=wait * 1000).contains(&next.0), "{next:?} of {wait} s");
        }
        let first = |seed| BackOff::new(1, seed).after(Reason::Lost, Millis(0));
        assert!((0..20).any(|seed| first(seed) != first(0)));
    }

    #[test]
    fn managers_are_tried_in_order_and_only_the_last_is_waited_behind() {
        let mut back_off = BackOff::new(3, 7);
        let mut tried = [(0, false); 7];
        for slot in &mut tried {
            let manager = back_off.manager();
            *slot = (manager, back_off.after(Reason::Silent, Millis(9)) > Millis(9));
        }
        let expected = [(0, false), (1, false), (2, true), (0, false), (1, false), (2, true), (0, false)];
        assert_eq!(tried, expected);
    }

    #[test]
    fn a_manager_that_worked_and_broke_is_followed_by_the_first() {
        let mut back_off = BackOff::new(3, 7);
        let _ = back_off.after(Reason::Lost, Millis(0));
        back_off.succeeded();
        assert!(back_off.after(Reason::Lost, Millis(0)) <= Millis(1000));
        assert_eq!(back_off.manager(), 0);
    }

    #[test]
    fn a_manager_that_owes_answers_is_followed_by_the_next() {
        let mut back_off = BackOff::new(2, 7);
        back_off.succeeded();
        assert_eq!(back_off.after(Reason::Owing, Millis(3)), Millis(3));
        assert_eq!(back_off.manager(), 1);
    }

    #[test]
    fn who_was_replaced_waits_long() {
        let mut back_off = BackOff::new(1, 7);
        back_off.succeeded();
        assert!(back_off.after(Reason::Closed(Why::Replaced), Millis(0)) >= Millis(30_000));
    }
}
