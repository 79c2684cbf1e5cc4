//! Where records lie while they are put together.
//!
//! The lent memory is a row of slots of one record each; a list beside it
//! says what is in them, the oldest record first. Formats only talk to the
//! [`Desk`]: it cuts what is too long, counts what it cut, knows when a record
//! has waited long enough, and keeps quiet about lines that were seen before.

use super::{Line, Record, Wait};
use crate::limits::{GIVEN_MAX, OPEN_RECORDS_MAX, RECORD_MAX};
use crate::pattern::Given;
use crate::record::Span;
use crate::time::Millis;
use core::ops::Range;
use heapless::Vec;

/// A record that is not complete.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    /// Where its text is.
    slot: usize,
    /// Bytes of its text.
    len: usize,
    /// Offset of its first line.
    pub(super) at: u64,
    /// [`Record::queue`] that it is given out with.
    pub(super) queue: u8,
    /// Bytes left out so far.
    cut: u32,
    /// Lines so far.
    pub(super) lines: u16,
    /// What its format needs to know of how far it is.
    pub(super) stage: u8,
    /// When it is given out as it is.
    pub(super) due: Millis,
    /// What makes lines belong to it: where it stands in the slot.
    key: Span,
    /// Parts of its first line that its end is compared with.
    pub(super) given: [Span; GIVEN_MAX],
}

/// The records that are not complete, the oldest first.
pub(super) type Pendings = Vec<Pending, OPEN_RECORDS_MAX>;

/// A record that was open when its source was left: the hash of its key, and
/// where it began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resumed {
    pub(super) hash: u32,
    pub(super) from: u64,
}

impl Resumed {
    /// Of a record that is open.
    pub(super) fn of(slots: &[u8], record: &Pending) -> Self {
        Self { hash: hash(key(slots, record)), from: record.at }
    }

    /// In eight bytes: the hash, and how far before `high` the record began.
    /// Where that is 4 GiB or more it is taken to have begun at any time.
    pub(super) fn encoded(self, high: u64) -> u64 {
        let back = u32::try_from(high.saturating_sub(self.from)).unwrap_or(u32::MAX);
        u64::from(self.hash) << 32 | u64::from(back)
    }

    /// From eight bytes.
    pub(super) fn decoded(key: u64, high: u64) -> Self {
        let back = key & u64::from(u32::MAX);
        let from = if back == u64::from(u32::MAX) { 0 } else { high.saturating_sub(back) };
        Self { hash: (key >> 32) as u32, from }
    }
}

/// The desk, for the time of one call.
pub(super) struct Desk<'a> {
    /// The time.
    pub(super) now: Millis,
    /// How long records wait; `None` is for ever.
    pub(super) wait: Option<Wait>,
    /// Records that may be open at once.
    pub(super) room: usize,
    /// [`Record::queue`] of what is given out.
    pub(super) queue: u8,
    /// Set while a line is looked at for the second time: what was open then.
    pub(super) replayed: Option<&'a [Resumed]>,
    pub(super) slots: &'a mut [u8],
    pub(super) pending: &'a mut Pendings,
    pub(super) out: &'a mut dyn FnMut(Record<'_>),
}

/// FNV-1a.
fn hash(key: &[u8]) -> u32 {
    key.iter().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// The memory of one slot.
fn slot(slots: &[u8], number: usize) -> &[u8] {
    slots.get(number * RECORD_MAX..(number + 1) * RECORD_MAX).unwrap_or_default()
}

/// The text of a record.
fn text<'s>(slots: &'s [u8], record: &Pending) -> &'s [u8] {
    slot(slots, record.slot).get(..record.len).unwrap_or_default()
}

/// What makes lines belong to a record: a part of its text, or of the room
/// behind it.
fn key<'s>(slots: &'s [u8], record: &Pending) -> &'s [u8] {
    record.key.of(slot(slots, record.slot))
}

impl Desk<'_> {
    /// Whether a line of a mixed format counts: it is new, or part of what
    /// was open when the source was left.
    pub(super) fn counts(&self, key: &[u8], at: u64) -> bool {
        let open_then = |open: &[Resumed]| open.iter().any(|r| r.hash == hash(key) && at >= r.from);
        self.replayed.is_none_or(open_then)
    }

    /// The open record of a key. One that has waited long enough is given out
    /// instead.
    pub(super) fn find(&mut self, wanted: &[u8]) -> Option<usize> {
        let index = self.pending.iter().position(|record| key(self.slots, record) == wanted)?;
        self.in_time(index)
    }

    /// The open record of a format that has one at a time.
    pub(super) fn current(&mut self) -> Option<usize> {
        self.in_time(0)
    }

    /// A record that has not waited long enough; another one is given out.
    pub(super) fn in_time(&mut self, index: usize) -> Option<usize> {
        let due = self.get(index)?.due;
        let over = self.replayed.is_none() && due <= self.now;
        if over {
            self.give(index);
        }
        (!over).then_some(index)
    }

    /// Begins a record at this line, of which `key` is a part, without its
    /// text; where there is no room the oldest record is given out.
    pub(super) fn begin(&mut self, line: &Line<'_>, key: Span) -> usize {
        if self.pending.len() >= self.room.min(OPEN_RECORDS_MAX) {
            self.give(0);
        }
        let used = |slot: &usize| self.pending.iter().any(|record| record.slot == *slot);
        let slot = (0..OPEN_RECORDS_MAX).find(|slot| !used(slot)).unwrap_or_default();
        let due = match self.wait {
            None => Millis::NEVER,
            Some(Wait::Timeout(ms) | Wait::Window(ms)) => self.now.plus(u64::from(ms)),
        };
        let given = [Span::default(); GIVEN_MAX];
        let record = Pending {
            slot,
            len: 0,
            at: line.at,
            queue: self.queue,
            cut: 0,
            lines: 0,
            stage: 0,
            due,
            key,
            given,
        };
        // Cannot be full: there was room, or room was made.
        let _ = self.pending.push(record);
        self.pending.len() - 1
    }

    /// A record.
    pub(super) fn get(&self, index: usize) -> Option<&Pending> {
        self.pending.get(index)
    }

    /// A record, to be changed.
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Pending> {
        self.pending.get_mut(index)
    }

    /// The text of a record so far.
    pub(super) fn text(&self, index: usize) -> &[u8] {
        self.pending.get(index).map_or(b"", |record| text(self.slots, record))
    }

    /// The texts that a record's end is compared with.
    pub(super) fn given(&self, index: usize) -> Given<'_> {
        let Some(record) = self.pending.get(index) else { return [b""; GIVEN_MAX] };
        record.given.map(|span| span.of(text(self.slots, record)))
    }

    /// Adds a line, behind `separator` if it is not the first.
    pub(super) fn line(&mut self, index: usize, separator: &[u8], line: &Line<'_>) {
        if self.pending.get(index).is_some_and(|record| record.lines > 0) {
            self.append(index, separator);
        }
        self.append(index, line.text);
        self.seen(index, line);
    }

    /// Counts a line whose text was added in another way.
    pub(super) fn seen(&mut self, index: usize, line: &Line<'_>) {
        let Some(record) = self.pending.get_mut(index) else { return };
        record.cut = record.cut.saturating_add(line.cut);
        record.lines = record.lines.saturating_add(1);
        if let Some(Wait::Timeout(ms)) = self.wait {
            record.due = self.now.plus(u64::from(ms));
        }
    }

    /// Adds bytes, as many as there is room for, and counts the others.
    pub(super) fn append(&mut self, index: usize, bytes: &[u8]) {
        let Some(record) = self.pending.get_mut(index) else { return };
        let start = record.slot * RECORD_MAX;
        let free = self.slots.get_mut(start + record.len..start + RECORD_MAX).unwrap_or_default();
        let (fit, over) = bytes.split_at(bytes.len().min(free.len()));
        free.iter_mut().zip(fit).for_each(|(to, from)| *to = *from);
        record.len += fit.len();
        record.cut = record.cut.saturating_add(u32::try_from(over.len()).unwrap_or(u32::MAX));
    }

    /// Forgets the text of a record from `len` bytes on, and what was cut.
    pub(super) fn truncate(&mut self, index: usize, len: usize) {
        if let Some(record) = self.pending.get_mut(index) {
            record.len = record.len.min(len);
            record.cut = 0;
        }
    }

    /// Puts the bytes that were added last, from `from` on, before the others.
    pub(super) fn bring_forward(&mut self, index: usize, from: usize) {
        let Some(record) = self.pending.get(index) else { return };
        let (start, added) = (record.slot * RECORD_MAX, record.len.saturating_sub(from));
        if let Some(text) = self.slots.get_mut(start..start + record.len) {
            text.rotate_right(added);
        }
    }

    /// Puts bytes in the place of a part of a record's text. They must fit.
    pub(super) fn replace(&mut self, index: usize, part: Range<usize>, bytes: &[u8]) {
        let Some(record) = self.pending.get_mut(index) else { return };
        let (start, end) = (record.slot * RECORD_MAX, part.start + bytes.len());
        let len = (record.len + bytes.len()).saturating_sub(part.len());
        let Some(slot) = self.slots.get_mut(start..start + RECORD_MAX) else { return };
        if part.end <= record.len && len <= slot.len() {
            slot.copy_within(part.end..record.len, end);
            slot.iter_mut().skip(part.start).zip(bytes).for_each(|(to, from)| *to = *from);
            record.len = len;
        }
    }

    /// Keeps bytes at the end of a record's slot, behind its text, of which
    /// the first `key` make lines belong to it. They must fit.
    pub(super) fn keep(&mut self, index: usize, bytes: &[u8], key: usize) {
        let Some(record) = self.pending.get_mut(index) else { return };
        let from = RECORD_MAX - bytes.len().min(RECORD_MAX);
        record.key = Span::new(from, from + key);
        let start = record.slot * RECORD_MAX;
        let room = self.slots.get_mut(start + from..start + RECORD_MAX).unwrap_or_default();
        room.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    }

    /// What is kept behind the key of a record.
    pub(super) fn kept(&self, index: usize) -> &[u8] {
        let slot = self.pending.get(index).map(|record| (slot(self.slots, record.slot), record.key.end()));
        slot.and_then(|(slot, end)| slot.get(end..)).unwrap_or_default()
    }

    /// Bytes that a record's text may have without touching what is kept.
    pub(super) fn room(&self, index: usize) -> usize {
        self.pending.get(index).map_or(0, |record| usize::from(record.key.start))
    }

    /// Makes a record the youngest: the last one to make room for another.
    pub(super) fn renew(&mut self, index: usize) {
        if let Some(behind) = self.pending.get_mut(index..).filter(|behind| !behind.is_empty()) {
            behind.rotate_left(1);
        }
    }

    /// Gives a record out and forgets it.
    pub(super) fn give(&mut self, index: usize) {
        if let Some(record) = self.pending.get(index) {
            self.show(index, record.at);
            self.forget(index);
        }
    }

    /// Forgets a record.
    pub(super) fn forget(&mut self, index: usize) {
        if index < self.pending.len() {
            self.pending.remove(index);
        }
    }

    /// Gives a record out, as one that begins at `at`, and keeps it.
    pub(super) fn show(&mut self, index: usize, at: u64) {
        let Some(record) = self.pending.get(index) else { return };
        let (text, queue, cut) = (text(self.slots, record), record.queue, record.cut);
        if self.replayed.is_none() && (!text.is_empty() || cut > 0) {
            (self.out)(Record { text, queue, at, cut });
        }
    }

    /// Gives out a line as a record of its own. An empty one is none.
    pub(super) fn single(&mut self, line: &Line<'_>) {
        if self.replayed.is_some() || (line.text.is_empty() && line.cut == 0) {
            return;
        }
        let (text, over) = line.text.split_at(line.text.len().min(RECORD_MAX));
        let cut = line.cut.saturating_add(u32::try_from(over.len()).unwrap_or(u32::MAX));
        (self.out)(Record { text, queue: self.queue, at: line.at, cut });
    }
}
