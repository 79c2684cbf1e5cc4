//! Finding what an earlier life has left.

use super::super::note::{self, NOTE_MAX, Note, Stamp, UNIT};
use super::super::slot::{self, ENDING, Fact, HELD, LASTING, OVER, Slot, TOLD, patience};
use super::keep::DRIFT_MS;
use super::{Failed, Journal, Moment, Order, Report, Responder, State, Tool, UNREADABLE, What};
use crate::time::Millis;

/// Bytes that most notes have.
const MOST: usize = 128;

/// The longest time between two boots that a wall clock is believed.
const DOWN_MAX_MS: u64 = 30 * 24 * 3600 * 1000;

impl<S: AsRef<[u64]> + AsMut<[u64]>, J: Journal> Responder<S, J> {
    /// Reads the journal. What is in force is made true again by the next
    /// jobs; what is overdue is undone by them. Notes that are torn or
    /// damaged are left out. Where reading fails, it is tried again by
    /// [`Responder::next_job`], which tells so.
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
            unread: 0,
            looks: [Millis(0); 2],
            looking: 0,
            seen: heapless::Deque::new(),
        };
        responder.read_journal(stamp);
        responder
    }

    /// Reads the journal, or finds out that it cannot be read.
    fn read_journal(&mut self, stamp: Stamp) {
        self.noted = stamp;
        let read = self.journal.open().and_then(|()| self.read_all());
        let Ok(is_damaged) = read else {
            (self.count, self.needed, self.noted) = (0, 0, stamp);
            self.seen.clear();
            self.wake = stamp.now.plus(self.unread.checked_sub(1).map_or(0, patience));
            self.unread = self.unread.saturating_add(1);
            return;
        };
        self.unread = 0;
        let is_moved = self.noted.clock != stamp.clock;
        if is_moved {
            self.move_to(stamp);
        }
        self.doubt(stamp.now, is_moved);
        if is_damaged || is_moved || self.has_waste() {
            // If it cannot be written anew, it is read the same way again.
            let _ = self.write_anew(stamp);
        }
    }

    /// Tries again to read the journal: at once, and then after 1 second,
    /// after twice as long each time, and at last every 5 minutes. Whether it
    /// was read.
    pub(super) fn read_again(&mut self, at: Moment, tell: &mut dyn FnMut(Report<'_>)) -> bool {
        if at.now < self.wake {
            return false;
        }
        let before = self.unread;
        self.read_journal(self.stamp(at));
        if self.unread.is_power_of_two() {
            tell(Report { id: 0, state: State::Failed, text: UNREADABLE });
        } else if self.unread == 0 && before > 1 {
            tell(Report { id: 0, state: State::Done, text: "the journal can be read again" });
        }
        self.unread == 0
    }

    /// Answers an order while nobody knows what is in force. What is to be
    /// undone is noted down, if that is possible, for when it is known.
    pub(super) fn take_unread(&mut self, order: &Order<'_>, tell: &mut dyn FnMut(Report<'_>)) {
        let note = match order.what {
            What::End => Some(Note::Ending(order.id)),
            What::EndAll => Some(Note::AllEnding),
            What::Begin(_) | What::Renew { .. } | What::Reload => None,
        };
        let _ = note.map(|note| self.note(&note));
        tell(Report { id: order.id, state: State::Failed, text: UNREADABLE });
    }

    /// Whether anything was damaged.
    fn read_all(&mut self) -> Result<bool, Failed> {
        let mut bytes = [0; NOTE_MAX];
        let (mut at, mut is_damaged) = (0, false);
        while at < self.journal.len() {
            let len = self.read_note(at, &mut bytes)?;
            match bytes.get(..len).and_then(Note::read) {
                Some(note) => {
                    let units = len.div_ceil(UNIT);
                    self.apply(&note, at, units as u16)?;
                    at = at.saturating_add((units * UNIT) as u32);
                }
                None => {
                    is_damaged = true;
                    at = at.saturating_add(UNIT as u32);
                }
            }
        }
        Ok(is_damaged)
    }

    /// Reads the note at this place; how long it is if it is whole.
    pub(super) fn read_note(&mut self, at: u32, bytes: &mut [u8]) -> Result<usize, Failed> {
        let most = bytes.len().min(MOST);
        let read = self.read_some(at, bytes.get_mut(..most).unwrap_or_default())?;
        let len = bytes.get(..read).and_then(note::len).unwrap_or(0);
        if len <= read {
            return Ok(len);
        }
        self.read_some(at, bytes.get_mut(..len).unwrap_or_default())
    }

    /// Reads as many bytes as there are; how many.
    pub(super) fn read_some(&mut self, at: u32, into: &mut [u8]) -> Result<usize, Failed> {
        let there = self.journal.len().saturating_sub(at) as usize;
        let len = into.len().min(there);
        self.journal.read(at, into.get_mut(..len).unwrap_or_default())?;
        Ok(len)
    }

    fn apply(&mut self, note: &Note<'_>, at: u32, units: u16) -> Result<(), Failed> {
        match *note {
            Note::Begin { id, stamp, left, flags, begin } => {
                self.move_to(stamp);
                let mut slot = Slot::new(id, &begin);
                (slot.at, slot.units, slot.flags) = (at, units, flags & LASTING);
                slot.set_due(stamp.now.plus(left));
                self.apply_begin(slot, &begin)?;
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
            Note::Done(id) => self.apply_to(id, |slot| slot.flags |= TOLD | HELD),
            Note::Ending(id) => self.apply_to(id, |slot| slot.flags |= ENDING),
            Note::Ended(id) => match self.find(id) {
                Some((index, _)) => self.remove(index),
                None => self.remember(id),
            },
            Note::AllEnding => self.slots_mut().iter_mut().for_each(|slot| slot.flags |= ENDING),
        }
        Ok(())
    }

    fn apply_begin(&mut self, slot: Slot, begin: &super::Begin<'_>) -> Result<(), Failed> {
        let old = self.equal(&slot, begin)?;
        let old_slot = old.and_then(|old| self.slots().get(old)).copied();
        match old.zip(old_slot) {
            Some((index, old)) => {
                self.needed = self.needed.saturating_sub(old.bytes());
                self.remember(old.id);
                self.set(index, slot);
            }
            None if self.count < self.capacity() => self.push(slot),
            None => return Ok(()),
        }
        self.needed = self.needed.saturating_add(slot.bytes());
        Ok(())
    }

    fn apply_to(&mut self, id: u64, change: impl FnOnce(&mut Slot)) {
        if let Some(slot) = self.slots_mut().iter_mut().find(|slot| slot.id == id) {
            change(slot);
        }
    }

    /// From now on, times are those of this stamp's clock. The wall clock may
    /// have been set a little when nobody noted it: that much less of the time
    /// between is believed.
    fn move_to(&mut self, stamp: Stamp) {
        let last = self.noted;
        self.noted = stamp;
        if last.clock == stamp.clock || self.count == 0 {
            return;
        }
        let down = stamp.wall_ms.checked_sub(last.wall_ms).filter(|down| *down <= DOWN_MAX_MS);
        let down = down.unwrap_or(0).saturating_sub(DRIFT_MS);
        for slot in self.slots_mut() {
            if slot.due() != Millis::NEVER {
                let left = slot.left(last.now).saturating_sub(down);
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
    pub(super) fn equal(&mut self, slot: &Slot, begin: &super::Begin<'_>) -> Result<Option<usize>, Failed> {
        let mut from = 0;
        loop {
            let mut rest = self.slots().iter().enumerate().skip(from);
            let Some((index, at)) = rest.find(|(_, old)| old.is_about(slot)).map(|(at, old)| (at, old.at))
            else {
                return Ok(None);
            };
            if !slot.has_texts() || self.is_same(at, begin)? {
                return Ok(Some(index));
            }
            from = index + 1;
        }
    }

    /// Whether the texts of an order are those of the note at this place.
    fn is_same(&mut self, at: u32, begin: &super::Begin<'_>) -> Result<bool, Failed> {
        let mut bytes = [0; NOTE_MAX];
        let len = self.read_note(at, &mut bytes)?;
        Ok(match bytes.get(..len).and_then(Note::read) {
            Some(Note::Begin { begin: old, .. }) => slot::is_same(&old, begin),
            _ => false,
        })
    }
}
