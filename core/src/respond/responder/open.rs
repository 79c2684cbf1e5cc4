//! Finding what an earlier life has left.

use super::super::note::{self, NOTE_MAX, Note, Stamp, UNIT};
use super::super::slot::{self, ENDING, Fact, HELD, LASTING, OVER, Slot, TOLD};
use super::{Journal, Moment, Responder, Tool};
use crate::time::Millis;

/// Bytes that most notes have.
const MOST: usize = 128;

/// The longest time between two boots that a wall clock is believed.
const DOWN_MAX_MS: u64 = 30 * 24 * 3600 * 1000;

impl<S: AsRef<[u64]> + AsMut<[u64]>, J: Journal> Responder<S, J> {
    /// Reads the journal. What is in force is made true again by the next
    /// jobs; what is overdue is undone by them. Notes that are torn or
    /// damaged are left out.
    ///
    /// `block` is what this machine has to drop packets; `clock` names the
    /// boot, and with it the clock that `at` was read from. Work: each note
    /// is read once, and looks at each slot.
    pub fn open(words: S, journal: J, block: Tool, clock: u64, at: Moment) -> Self {
        let stamp = Stamp { clock, now: at.now, wall_ms: at.wall_ms };
        let mut responder = Self {
            words,
            journal,
            block,
            count: 0,
            noted: stamp,
            needed: 0,
            // What was written before a kill may not be on disk.
            is_unsynced: true,
            clear: [false; 3],
            wake: Millis(0),
            cursor: 0,
            ticket: 0,
            gathered: None,
            singles: 0,
            seen: heapless::Deque::new(),
        };
        let is_damaged = responder.read_all();
        let is_moved = responder.noted.clock != clock;
        if is_moved {
            responder.move_to(stamp);
        }
        responder.doubt(at.now, is_moved);
        if is_damaged || is_moved || responder.has_waste() {
            // If it cannot be written anew, it is read the same way again.
            let _ = responder.write_anew(stamp);
        }
        responder
    }

    /// Whether anything was damaged.
    fn read_all(&mut self) -> bool {
        let mut bytes = [0; NOTE_MAX];
        let (mut at, mut is_damaged) = (0, false);
        while at < self.journal.len() {
            let len = self.read_note(at, &mut bytes);
            match bytes.get(..len).and_then(Note::read) {
                Some(note) => {
                    let units = len.div_ceil(UNIT);
                    self.apply(&note, at, units as u16);
                    at = at.saturating_add((units * UNIT) as u32);
                }
                None => {
                    is_damaged = true;
                    at = at.saturating_add(UNIT as u32);
                }
            }
        }
        is_damaged
    }

    /// Reads the note at this place; how long it is if it is whole.
    pub(super) fn read_note(&mut self, at: u32, bytes: &mut [u8]) -> usize {
        let most = bytes.len().min(MOST);
        let read = self.journal.read(at, bytes.get_mut(..most).unwrap_or_default());
        let len = bytes.get(..read).and_then(note::len).unwrap_or(0);
        if len <= read {
            return len;
        }
        self.journal.read(at, bytes.get_mut(..len).unwrap_or_default()).min(len)
    }

    fn apply(&mut self, note: &Note<'_>, at: u32, units: u16) {
        match *note {
            Note::Begin { id, stamp, left, flags, begin } => {
                self.move_to(stamp);
                let mut slot = Slot::new(id, &begin);
                (slot.at, slot.units, slot.flags) = (at, units, flags & LASTING);
                slot.set_due(stamp.now.plus(left));
                self.apply_begin(slot, &begin);
            }
            Note::Renewed { id, stamp, left } => {
                self.move_to(stamp);
                self.apply_to(id, |slot| {
                    // Undoing it may have begun before.
                    let lasts = if slot.is_wanted(stamp.now) { !OVER } else { !(OVER | TOLD) };
                    slot.flags &= lasts;
                    slot.set_due(stamp.now.plus(left));
                });
            }
            Note::Clock(stamp) => self.move_to(stamp),
            Note::Done(id) => match self.find(id) {
                Some((index, slot)) if slot.is_once() => self.remove(index),
                _ => self.apply_to(id, |slot| slot.flags |= TOLD | HELD),
            },
            Note::Ending(id) => self.apply_to(id, |slot| slot.flags |= ENDING),
            Note::Ended(id) => match self.find(id) {
                Some((index, _)) => self.remove(index),
                None => self.remember(id),
            },
            Note::AllEnding => self.slots_mut().iter_mut().for_each(|slot| slot.flags |= ENDING),
        }
    }

    fn apply_begin(&mut self, slot: Slot, begin: &super::Begin<'_>) {
        let old = self.equal(&slot, begin);
        let old_slot = old.and_then(|old| self.slots().get(old)).copied();
        match old.zip(old_slot) {
            Some((index, old)) => {
                self.needed = self.needed.saturating_sub(old.bytes());
                self.remember(old.id);
                self.set(index, slot);
            }
            None if self.count < self.capacity() => self.push(slot),
            None => return,
        }
        self.needed = self.needed.saturating_add(slot.bytes());
    }

    fn apply_to(&mut self, id: u64, change: impl FnOnce(&mut Slot)) {
        if let Some(slot) = self.slots_mut().iter_mut().find(|slot| slot.id == id) {
            change(slot);
        }
    }

    /// From now on, times are those of this stamp's clock.
    fn move_to(&mut self, stamp: Stamp) {
        let last = self.noted;
        self.noted = stamp;
        if last.clock == stamp.clock || self.count == 0 {
            return;
        }
        let down = stamp.wall_ms.checked_sub(last.wall_ms).filter(|down| *down <= DOWN_MAX_MS);
        for slot in self.slots_mut() {
            if slot.due() != Millis::NEVER {
                let left = slot.left(last.now).saturating_sub(down.unwrap_or(0));
                slot.set_due(stamp.now.plus(left));
            }
        }
    }

    /// Nobody knows what is true of what was in force, nor how far undoing
    /// had come; after another boot, of nothing.
    fn doubt(&mut self, now: Millis, is_moved: bool) {
        for slot in self.slots_mut() {
            if is_moved && !slot.kind().is_gathered() {
                // It is done, and told, once more; also if this life is short.
                slot.flags &= !TOLD;
            }
            let is_surely = !is_moved && slot.has(TOLD) && !slot.kind().is_gathered() && slot.is_wanted(now);
            slot.set_fact(if is_surely { Fact::In } else { Fact::Unsure });
        }
        self.clear_filters();
    }

    /// The slot that is about the same as a new one.
    pub(super) fn equal(&mut self, slot: &Slot, begin: &super::Begin<'_>) -> Option<usize> {
        let mut from = 0;
        loop {
            let index = from + self.slots().get(from..)?.iter().position(|old| old.is_about(slot))?;
            if slot.has_texts() && !self.is_same(index, begin) {
                from = index + 1;
                continue;
            }
            return Some(index);
        }
    }

    /// Whether the texts of an order are those of a slot.
    fn is_same(&mut self, index: usize, begin: &super::Begin<'_>) -> bool {
        let mut bytes = [0; NOTE_MAX];
        let Some(at) = self.slots().get(index).map(|slot| slot.at) else { return false };
        let len = self.read_note(at, &mut bytes);
        match bytes.get(..len).and_then(Note::read) {
            Some(Note::Begin { begin: old, .. }) => slot::is_same(&old, begin),
            _ => false,
        }
    }
}
