//! Earlier events that must differ from each other, not only from this one:
//! a scan is many ports, not one port many times.
//!
//! OSSEC 4.3 can compare this event with each earlier one and no more; rules
//! with `<distinct_dst_port />` and its like count an earlier event only if its
//! value is neither this event's nor that of one already counted. An event of
//! several packets brings all ports that they went to.

use crate::event::Event;
use crate::image::rows::RuleRow;
use crate::limits::DISTINCT_MAX;
use crate::packet::merged::{Merged, Target};
use crate::rules::history::{EventNumber, History, Key};
use core::fmt::Write;
use heapless::{String, Vec};

/// The values of what a search has counted, by their hashes: that two values
/// have one hash, and the later is not counted, is no more likely than any
/// number of 64 bits.
///
/// Work: each value of an event is compared with [`DISTINCT_MAX`] numbers.
#[derive(Default)]
pub(super) struct Distinct {
    seen: Vec<u64, DISTINCT_MAX>,
}

impl Distinct {
    /// Notes the values of the event that is judged: how many there are.
    pub(super) fn begin(&mut self, event: &Event<'_>, rule: &RuleRow) -> u32 {
        self.note(rule, event.merged(), |key| key.of(event))
    }

    /// Counts an earlier event of a search: how many new values it brings. A
    /// value that is missing on either side is never new, and nothing is once
    /// there are [`DISTINCT_MAX`] values; no rule asks for so many.
    pub(super) fn count(&mut self, history: &History<'_, '_>, rule: &RuleRow, number: EventNumber) -> u32 {
        if rule.distinct.get() != 0 && self.seen.is_empty() {
            return 0;
        }
        let Some(slot) = history.get(number) else { return 0 };
        let is_merged = slot.copies.packets > 1;
        let merged = history.text(number).filter(|_| is_merged).and_then(Merged::read);
        self.note(rule, merged, |key| history.key(slot, key))
    }

    /// Notes values that are new: how many. A rule that does not ask takes any
    /// number.
    fn note<'v>(
        &mut self,
        rule: &RuleRow,
        merged: Option<Merged<'_>>,
        value: impl Fn(Key) -> Option<&'v [u8]>,
    ) -> u32 {
        let asked = rule.distinct.get();
        if asked == 0 {
            return u32::MAX;
        }
        if let (Some(merged), true) = (merged, asked == Key::DstPort.bit()) {
            return merged.parts().map(|(target, _)| u32::from(self.port(target))).sum();
        }
        let keys = || Key::ALL.into_iter().filter(|key| asked & key.bit() != 0);
        let is_new = keys().all(|key| value(key).is_some_and(|value| !self.seen.contains(&hash(key, value))));
        let is_noted =
            is_new && keys().all(|key| value(key).is_some_and(|v| self.seen.push(hash(key, v)).is_ok()));
        u32::from(is_noted)
    }

    /// Notes a port; whether it is new.
    fn port(&mut self, target: Target) -> bool {
        let Target::Port(port) = target else { return false };
        let mut digits = String::<5>::new();
        // Has room for the largest.
        let _ = write!(digits, "{port}");
        let hash = hash(Key::DstPort, digits.as_bytes());
        !self.seen.contains(&hash) && self.seen.push(hash).is_ok()
    }
}

/// FNV-1a.
fn hash(key: Key, value: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    value.iter().fold(step(0xcbf2_9ce4_8422_2325, &(key as u8)), step)
}
