//! Writing the journal.

use super::super::note::{self, NOTE_MAX, Note, SHORT_MAX, Stamp, UNIT};
use super::super::slot::{LASTING, Slot};
use super::{Begin, Failed, Journal, Moment, Responder};
use crate::time::Millis;

/// How often the clocks are noted at least.
pub(super) const EVERY_MS: u64 = 3_600_000;

/// How far the wall clock may differ from the boot's before it is noted.
pub(super) const DRIFT_MS: u64 = 5000;

/// Bytes that the journal may have that nobody needs, beside as many as are
/// needed.
const WASTE_MAX: u32 = 64 * 1024;

impl<S: AsRef<[u64]> + AsMut<[u64]>, J: Journal> Responder<S, J> {
    /// Notes the clocks if it is time, or if the wall clock was set.
    pub(super) fn note_clocks(&mut self, at: Moment) {
        let ahead = |now: Millis, wall_ms: u64| wall_ms.wrapping_sub(now.0) as i64;
        let drift = ahead(at.now, at.wall_ms).wrapping_sub(ahead(self.noted.now, self.noted.wall_ms));
        let is_due = at.now.since(self.noted.now) >= EVERY_MS || drift.unsigned_abs() > DRIFT_MS;
        if self.count > 0 && is_due {
            let stamp = self.stamp(at);
            let result = self.note(&Note::Clock(stamp)).and_then(|()| self.journal.sync());
            // Where this fails, the journal still believes the old wall clock.
            let wall_ms = self.noted.wall_ms.saturating_add(at.now.since(self.noted.now));
            self.noted = if result.is_ok() { stamp } else { Stamp { wall_ms, ..stamp } };
            self.is_unsynced = result.is_err();
        }
    }

    /// Writes a note that is not the beginning of a response.
    pub(super) fn note(&mut self, note: &Note<'_>) -> Result<(), Failed> {
        let mut bytes = [0; SHORT_MAX];
        let len = note.write(&mut bytes).ok_or(Failed)?;
        self.append(bytes.get(..len).unwrap_or_default()).map(|_| ())
    }

    /// Writes down that a response begins; its slot knows then where.
    pub(super) fn note_begin(
        &mut self,
        slot: &mut Slot,
        begin: &Begin<'_>,
        at: Moment,
    ) -> Result<(), Failed> {
        let (id, stamp, left, flags) = (slot.id, self.stamp(at), slot.left(at.now), slot.flags & LASTING);
        let mut bytes = [0; NOTE_MAX];
        let note = Note::Begin { id, stamp, left, flags, begin: *begin };
        let len = note.write(&mut bytes).ok_or(Failed)?;
        slot.at = self.append(bytes.get(..len).unwrap_or_default())?;
        slot.units = (len / UNIT) as u16;
        self.needed = self.needed.saturating_add(slot.bytes());
        self.noted = stamp;
        Ok(())
    }

    /// Adds a note; where it stands.
    fn append(&mut self, note: &[u8]) -> Result<u32, Failed> {
        if self.has_waste() {
            let _ = self.write_anew(self.noted);
        }
        self.try_append(note).or_else(|_| {
            self.write_anew(self.noted)?;
            self.try_append(note)
        })
    }

    fn try_append(&mut self, note: &[u8]) -> Result<u32, Failed> {
        let torn = self.journal.len() as usize % UNIT;
        if torn > 0 {
            let fill = [0; UNIT];
            self.journal.append(fill.get(torn..).unwrap_or_default())?;
        }
        let at = self.journal.len();
        self.is_unsynced = true;
        self.journal.append(note)?;
        Ok(at)
    }

    pub(super) fn has_waste(&self) -> bool {
        self.journal.len() > self.needed.saturating_mul(2).saturating_add(WASTE_MAX)
    }

    /// Writes a journal of what is needed and puts it in the place of the
    /// old one. Work: reads and writes each order once.
    pub(super) fn write_anew(&mut self, stamp: Stamp) -> Result<(), Failed> {
        if self.unread > 0 {
            return Err(Failed);
        }
        self.journal.begin_second()?;
        let mut bytes = [0; NOTE_MAX];
        let mut at = 0;
        for index in 0..self.seen.len() {
            let id = self.seen.iter().nth(index).copied().unwrap_or_default();
            let len = Note::Ended(id).write(&mut bytes).ok_or(Failed)?;
            self.journal.append_second(bytes.get(..len).unwrap_or_default())?;
            at += len as u32;
        }
        let first = at;
        for index in 0..self.count {
            let slot = *self.slots().get(index).ok_or(Failed)?;
            let note = bytes.get_mut(..slot.bytes() as usize).ok_or(Failed)?;
            // What fills up the last note may be missing.
            note.fill(0);
            self.read_some(slot.at, note)?;
            let is_whole = matches!(Note::read(note), Some(Note::Begin { id, .. }) if id == slot.id);
            if !is_whole {
                return Err(Failed);
            }
            note::set_time(note, stamp, slot.left(stamp.now), slot.flags & LASTING).ok_or(Failed)?;
            self.journal.append_second(note)?;
        }
        self.journal.replace()?;
        self.place_all(first);
        self.noted = stamp;
        Ok(())
    }

    /// The orders stand one behind the other now.
    fn place_all(&mut self, first: u32) {
        let mut at = first;
        for slot in self.slots_mut() {
            slot.at = at;
            at = at.saturating_add(slot.bytes());
        }
    }
}
