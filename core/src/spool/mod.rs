//! Records that wait until a manager has them, in a fixed size.
//!
//! Only what cannot wait where it is comes here: what was received on a
//! socket, the output of a command, the kernel's log. Records are collected
//! in a block of 8 KiB; a full block goes to a [`Storage`]. They are sent in
//! order, and freed when they are acknowledged. A new record is always taken:
//! when there is no free block, the oldest one goes, and the manager learns
//! exactly how many records that were, as [`Lost`](crate::wire::batch::Lost).
//!
//! **Exactly once.** The manager keeps the spool's position: {id, opening,
//! sequence number}. After each break of the connection the spool goes back
//! to it ([`Spool::rewind`]). What is missing between it and the first record
//! that is left was lost: the numbers prove it, so the count is right
//! whatever else was forgotten, also through eight restarts in which no
//! manager was reached. The division among sources is in memory: it is right
//! unless the process was restarted, or a manager stands in the midst of a
//! batch's worth of dropped records that had been sent; then the rest is
//! counted under the spool itself.
//!
//! **Power cuts.** A block that is not full is written by [`Spool::flush`],
//! never over its own earlier state: a torn write costs what was not yet
//! flushed. What was in memory only is lost without a count when the power
//! fails: nobody knows it was there.
//!
//! **Time.** A record keeps the time of the host's monotonic clock, and its
//! age is computed when it is sent. A clock has a name (on Linux: the boot's
//! id); records of another clock have the age 0, which means unknown.
//!
//! **Cost.** The spool has two blocks in itself (17 KiB in all) and lends a
//! [`Slot`] for each block of its storage.

use crate::limits::{BLOCK_SIZE, SOURCE_NAME_MAX};
use crate::time::Millis;
use crate::wire::SPOOL;
use crate::wire::batch::Record;

mod block;
mod loss;
mod open;
mod position;
mod send;
mod storage;

use block::Header;
use block::{Block, Item, Kept};
use loss::{Account, Losses};
use position::Key;
pub use position::POSITION_SIZE;
pub use storage::{BlockBytes, NoSuchBlock, Ram, Storage};

/// Sources whose names the block that is being filled surely has.
const NAMED_MAX: usize = 64;

/// What the spool remembers of one block of its storage; made by `default`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slot {
    /// What the block said when it was written or found.
    block: Option<Header>,
}

/// How a record that was kept names its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose<'a> {
    /// By the index that the host gave with it, in this life of the spool.
    Index(u16),
    /// By its name, for an earlier life, in which indexes meant other names.
    Name(&'a str),
}

/// Where sending stands.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    /// The next record.
    key: Key,
    /// The number of its block and its place there, if they are known.
    place: Option<(u64, usize)>,
}

/// A spool. `S` keeps its blocks, `T` is lent memory: one [`Slot`] for each
/// block; blocks without one are not used. At least three are needed for it
/// to be of use.
#[derive(Debug)]
pub struct Spool<S: Storage, T> {
    storage: S,
    slots: T,
    /// The block that is being filled.
    head: Block,
    /// Sources that were named in it.
    named: heapless::Vec<u16, NAMED_MAX>,
    /// How many of its records are in the storage.
    flushed: u16,
    /// The block that was read last.
    loaded: Block,
    cursor: Cursor,
    /// The oldest record that was there when it was opened.
    opened: Key,
    /// All before it is committed, as far as this life knows.
    settled: Option<Key>,
    losses: Losses,
    /// The place of the block that was written last.
    last_slot: Option<usize>,
    /// Whether a block of this opening was written.
    has_begun: bool,
    damaged: u64,
}

impl<S: Storage, T: AsRef<[Slot]> + AsMut<[Slot]>> Spool<S, T> {
    /// Adds a record, whose `age_ms` says how old it is already. `name` is
    /// its source's; it is kept too. A text above
    /// [`crate::limits::RECORD_MAX`] bytes and a name above
    /// [`SOURCE_NAME_MAX`] are cut. Work: at most one block read and one
    /// written, and one step for each slot.
    pub fn push(&mut self, record: &Record<'_>, name: &str, now: Millis) {
        if !self.add(record, name, now) {
            self.finish_head();
            // An empty block has room for any record and name.
            let _ = self.add(record, name, now);
        }
    }

    /// Adds a record to the head, if there is room.
    fn add(&mut self, record: &Record<'_>, name: &str, now: Millis) -> bool {
        let before = self.head.header;
        let time = Millis(now.0.saturating_sub(record.age_ms.into()));
        if before.count == 0 {
            self.head.header.base = time;
        }
        let is_named = self.named.contains(&record.source);
        let is_added = (is_named || self.add_name(record.source, name)) && self.add_record(record, time);
        if !is_added {
            self.head.restore(before);
        } else if !is_named {
            // Where there is no room to remember, the name is written again.
            let _ = self.named.push(record.source);
        }
        is_added
    }

    fn add_name(&mut self, source: u16, name: &str) -> bool {
        // A character is not cut in two.
        let end = (0..=name.len().min(SOURCE_NAME_MAX)).rev().find(|end| name.is_char_boundary(*end));
        let name = end.and_then(|end| name.get(..end)).unwrap_or_default();
        self.head.add(&Item::Name { source, name })
    }

    fn add_record(&mut self, record: &Record<'_>, time: Millis) -> bool {
        let Record { source, queue, cut, text, .. } = *record;
        let (text, rest) = text.split_at_checked(crate::limits::RECORD_MAX).unwrap_or((text, &[]));
        let cut = cut.saturating_add(rest.len() as u32);
        let after_ms = time.since(self.head.header.base);
        self.head.add(&Item::Record(Kept { source, queue, after_ms, cut, text }))
    }

    /// Writes what is only in memory. Costs one written block where there is
    /// something; for a storage that does not outlive the process, do not
    /// call it.
    pub fn flush(&mut self) {
        if self.head.header.count > self.flushed {
            self.save_head();
        }
    }

    fn save_head(&mut self) {
        if self.write_head() {
            self.flushed = self.head.header.count;
        }
    }

    /// Writes the full head and begins a new one.
    fn finish_head(&mut self) {
        if self.head.header.count > self.flushed {
            self.write_head();
        }
        self.begin_head();
    }

    fn begin_head(&mut self) {
        let old = self.head.header;
        self.head.begin(Header { number: old.number + 1, first: old.to().sequence, ..old });
        self.named.clear();
        self.flushed = 0;
    }

    /// Writes the head to a free block; its earlier state is free then.
    fn write_head(&mut self) -> bool {
        let number = self.head.header.number;
        let earlier = self.slot_of(number);
        let Some(at) = self.free_slot() else { return false };
        self.head.header.settled = self.settled.unwrap_or_default();
        if self.storage.write(at, self.head.seal()).is_err() {
            return false;
        }
        self.last_slot = Some(at);
        self.has_begun = true;
        self.set_slot(at, Some(self.head.header));
        if let Some(earlier) = earlier {
            self.set_slot(earlier, None);
        }
        true
    }

    fn slot_of(&self, number: u64) -> Option<usize> {
        self.slots.as_ref().iter().position(|slot| slot.block.is_some_and(|block| block.number == number))
    }

    fn set_slot(&mut self, at: usize, block: Option<Header>) {
        if let Some(slot) = self.slots.as_mut().get_mut(at) {
            slot.block = block;
        }
    }

    /// A free block: the next one behind the last that was written, so that
    /// all wear evenly. If there is none, the oldest is dropped. The last
    /// that was written stays, even if it is free: it proves which numbers
    /// were given.
    fn free_slot(&mut self) -> Option<usize> {
        let usable = self.usable();
        let slots = || self.slots.as_ref().iter().enumerate().take(usable);
        let found = slots()
            .skip(self.last_slot.map_or(0, |at| at + 1))
            .chain(slots())
            .find(|(at, slot)| slot.block.is_none() && Some(*at) != self.last_slot);
        found.map(|(at, _)| at).or_else(|| self.drop_oldest())
    }

    /// The oldest block that is not an earlier state of the head.
    fn oldest(&self) -> Option<(usize, Header)> {
        self.first_block(|block| block.number != self.head.header.number)
    }

    fn first_block(&self, is_meant: impl Fn(&Header) -> bool) -> Option<(usize, Header)> {
        let blocks = self.slots.as_ref().iter().enumerate().filter_map(|(at, slot)| Some((at, slot.block?)));
        blocks.filter(|(_, block)| is_meant(block)).min_by_key(|(_, block)| block.number)
    }

    /// Drops the oldest block and notes whose records go; its place.
    fn drop_oldest(&mut self) -> Option<usize> {
        let (at, block) = self.oldest()?;
        // What cannot be read is counted all the same: by the gap.
        if self.load(at, &block) {
            self.note_losses(&block);
        }
        self.set_slot(at, None);
        Some(at)
    }

    /// Notes whose records the loaded block has, beyond those that are
    /// committed.
    fn note_losses(&mut self, block: &Header) {
        let head = &self.head.header;
        let settled = self.settled.unwrap_or_default();
        let mut from = block.from();
        for record in self.loaded.records() {
            let to = Key { sequence: from.sequence + 1, ..from };
            let time = Millis(block.base.0.saturating_add(record.after_ms));
            let times = (block.clock == head.clock).then_some((time, time));
            // Indexes of an earlier life mean nothing any more.
            let source = if block.opening == head.opening { record.source } else { SPOOL };
            if from >= settled {
                self.losses.dropped(from, to, self.cursor.key, Account { source, records: 1, times });
            }
            from = to;
        }
    }

    /// Has this block in memory. If it cannot be read it is no more.
    fn load(&mut self, at: usize, block: &Header) -> bool {
        if self.loaded.header == *block {
            return true;
        }
        let is_read = self.storage.read(at, &mut self.loaded.bytes).is_ok();
        if !(is_read && self.loaded.check() && self.loaded.header == *block) {
            self.loaded.header = Header::NONE;
            self.set_slot(at, None);
            self.damaged += 1;
            return false;
        }
        true
    }

    /// The position of the next record to be sent.
    pub fn position(&self) -> [u8; POSITION_SIZE] {
        position::write(self.head.header.id, self.cursor.key)
    }

    /// All before this position is committed: its blocks are free. Work: one
    /// step for each slot.
    pub fn acknowledged(&mut self, position: &[u8]) {
        if let Some(key) = position::read(self.head.header.id, position) {
            self.settle(key);
        }
    }

    fn settle(&mut self, key: Key) {
        let head = self.head.header;
        let key = key.min(head.to()).max(self.settled.unwrap_or_default());
        self.settled = Some(key);
        if self.cursor.key < key {
            self.cursor = Cursor { key, place: None };
        }
        self.losses.settled(key);
        for slot in self.slots.as_mut() {
            slot.block = slot.block.filter(|block| block.to() > key || block.number == head.number);
        }
        if key == head.to() && head.count > 0 {
            if let Some(at) = self.slot_of(head.number) {
                self.set_slot(at, None);
            }
            self.begin_head();
        }
    }

    /// A session begins: the manager has said where the spool stands, or that
    /// it does not know it. Goes back to there, or to what was acknowledged
    /// if that is further.
    pub fn rewind(&mut self, position: Option<&[u8]>) {
        let said = position.and_then(|position| position::read(self.head.header.id, position));
        if let Some(key) = said {
            self.settle(key);
        }
        self.cursor = Cursor { key: self.settled.unwrap_or(self.opened), place: None };
    }

    /// Whether there is nothing that was not sent. Work: one step for each
    /// slot.
    pub fn is_sent(&self) -> bool {
        let (key, head) = (self.cursor.key, &self.head.header);
        let is_head_sent = key >= head.to() || head.count == 0 && head.missing_since(key) == 0;
        is_head_sent && self.first_block(|block| block.number != head.number && block.to() > key).is_none()
    }

    /// Blocks of the storage that hold records, and all of them.
    pub fn usage(&self) -> (usize, usize) {
        let slots = self.slots.as_ref();
        (slots.iter().filter(|slot| slot.block.is_some()).count(), slots.len())
    }

    /// Blocks that were found torn or damaged since the spool was opened.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }
}

const _: () = assert!(BLOCK_SIZE <= u16::MAX as usize);

#[cfg(test)]
mod tests;
