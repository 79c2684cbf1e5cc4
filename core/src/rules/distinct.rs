//! Earlier events that must differ from each other, not only from this one:
//! a scan is many ports, not one port many times.
//!
//! OSSEC 4.3 can compare this event with each earlier one and no more; rules
//! with `<distinct_dst_port />` and its like count an earlier event only if its
//! value is neither this event's nor that of one already counted.

use crate::event::Event;
use crate::image::rows::RuleRow;
use crate::limits::DISTINCT_MAX;
use crate::rules::history::{History, Key, Slot};
use heapless::Vec;

/// The values of what a search has counted, by their hashes: that two values
/// have one hash, and the later is not counted, is no more likely than any
/// number of 64 bits.
///
/// Work: an event is compared with [`DISTINCT_MAX`] numbers for each key.
#[derive(Default)]
pub(super) struct Distinct {
    seen: Vec<u64, DISTINCT_MAX>,
}

impl Distinct {
    /// Counts an earlier event of a search, if its values are new. A value
    /// that is missing is never new, and nothing is once there are
    /// [`DISTINCT_MAX`] values; no rule asks for so many.
    pub(super) fn is_new(
        &mut self,
        history: &History<'_, '_>,
        event: &Event<'_>,
        rule: &RuleRow,
        slot: &Slot,
    ) -> bool {
        let asked = rule.distinct.get();
        let keys = || Key::ALL.into_iter().filter(|key| asked & key.bit() != 0);
        let value = |key: Key| {
            history.key(slot, key).filter(|earlier| key.of(event).is_some_and(|now| now != *earlier))
        };
        let is_new = keys().all(|key| value(key).is_some_and(|value| !self.seen.contains(&hash(key, value))));
        is_new && keys().all(|key| value(key).is_some_and(|value| self.seen.push(hash(key, value)).is_ok()))
    }
}

/// FNV-1a.
fn hash(key: Key, value: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    value.iter().fold(step(0xcbf2_9ce4_8422_2325, &(key as u8)), step)
}
