//! Finding what an earlier life has left.

use super::block::{Block, Header};
use super::loss::Losses;
use super::position::Key;
use super::{Cursor, Slot, Spool, Storage};
use crate::time::Millis;

impl<S: Storage, T: AsRef<[Slot]> + AsMut<[Slot]>> Spool<S, T> {
    /// Opens a spool: what its storage holds waits to be sent again. Blocks
    /// that are torn, damaged or of another spool than the newest are free.
    ///
    /// `id` is a random number, which a new spool takes; `clock` names the
    /// clock of the times that the host gives. Work: each block is read
    /// twice.
    pub fn open(storage: S, slots: T, id: u64, clock: u64) -> Self {
        let none = Key::default();
        let mut spool = Self {
            storage,
            slots,
            head: Block::none(),
            named: heapless::Vec::new(),
            flushed: 0,
            loaded: Block::none(),
            cursor: Cursor { key: none, place: None },
            opened: none,
            settled: None,
            losses: Losses::default(),
            last_slot: None,
            has_begun: false,
            damaged: 0,
        };
        let newest = spool.newest();
        spool.find_blocks(newest.map_or(id, |block| block.id));
        spool.begin(newest, id, clock);
        spool
    }

    /// The block that was begun last, in its latest state.
    fn newest(&mut self) -> Option<Header> {
        (0..self.usable())
            .filter_map(|at| self.look(at))
            .max_by_key(|block| (block.opening, block.number, block.count))
    }

    /// Blocks that have both a place and a slot.
    pub(super) fn usable(&self) -> usize {
        self.slots.as_ref().len().min(self.storage.blocks())
    }

    /// What a block says of itself.
    fn look(&mut self, at: usize) -> Option<Header> {
        self.storage.read(at, &mut self.loaded.bytes).ok()?;
        self.loaded.check().then_some(self.loaded.header)
    }

    fn find_blocks(&mut self, id: u64) {
        self.slots.as_mut().fill(Slot::default());
        for at in 0..self.usable() {
            let found = self.look(at).filter(|block| block.id == id);
            // A block that was never written is not damaged.
            self.damaged += u64::from(found.is_none() && self.loaded.bytes.iter().any(|byte| *byte != 0));
            let Some(block) = found else { continue };
            match self.slot_of(block.number) {
                Some(other) if self.header_at(other).is_some_and(|other| other.count >= block.count) => {}
                other => {
                    other.into_iter().for_each(|other| self.set_slot(other, None));
                    self.set_slot(at, Some(block));
                }
            }
        }
    }

    fn header_at(&self, at: usize) -> Option<Header> {
        self.slots.as_ref().get(at)?.block
    }

    /// Begins an opening behind the newest block.
    fn begin(&mut self, newest: Option<Header>, id: u64, clock: u64) {
        let end = newest.map_or(Key::default(), |block| block.to());
        let mut starts = newest.map_or(Header::NONE.starts, |block| block.starts);
        starts.rotate_right(1);
        starts[0] = end.sequence;
        let header = Header {
            id: newest.map_or(id, |block| block.id),
            number: newest.map_or(1, |block| block.number + 1),
            opening: end.opening + 1,
            starts,
            first: end.sequence,
            clock,
            base: Millis(0),
            ..Header::NONE
        };
        self.head.begin(header);
        self.last_slot = newest.and_then(|block| self.slot_of(block.number));
        self.loaded = Block::none();
        let settled = self.slots.as_ref().iter().filter_map(|slot| Some(slot.block?.settled)).max();
        // A new spool is sent from its beginning. In an old one, what no
        // block knows to be committed may be so all the same.
        let known =
            settled.filter(|settled| *settled > Key::default()).map(|settled| settled.min(header.from()));
        self.settled = if newest.is_none() { Some(header.from()) } else { known };
        for slot in self.slots.as_mut() {
            slot.block = slot.block.filter(|block| self.settled.is_none_or(|settled| block.to() > settled));
        }
        self.opened = self.oldest().map_or(header.from(), |(_, block)| block.from());
        self.cursor = Cursor { key: self.settled.unwrap_or(self.opened), place: None };
    }
}
