//! The file of a spool: it outlives the process, and the power may fail in
//! the midst of a write.

use bartizan_core::limits::BLOCK_SIZE;
use bartizan_core::spool::{BlockBytes, Storage};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

#[derive(Clone)]
pub(crate) struct Blocks {
    blocks: Rc<RefCell<Vec<BlockBytes>>>,
    /// Bytes that can still be written, if the power is about to fail.
    left: Rc<Cell<Option<usize>>>,
}

#[derive(Debug)]
pub(crate) struct NoPower;

impl Blocks {
    pub(crate) fn new(blocks: usize) -> Self {
        let blocks = Rc::new(RefCell::new(vec![[0; BLOCK_SIZE]; blocks]));
        Self { blocks, left: Rc::new(Cell::new(None)) }
    }

    /// The power fails after so many bytes more.
    pub(crate) fn cut_after(&self, bytes: usize) {
        self.left.set(Some(bytes));
    }

    pub(crate) fn power_on(&self) {
        self.left.set(None);
    }

    pub(crate) fn has_power(&self) -> bool {
        self.left.get() != Some(0)
    }
}

impl Storage for Blocks {
    type Error = NoPower;

    fn blocks(&self) -> usize {
        self.blocks.borrow().len()
    }

    fn read(&mut self, block: usize, into: &mut BlockBytes) -> Result<(), NoPower> {
        *into = *self.blocks.borrow().get(block).ok_or(NoPower)?;
        if self.has_power() { Ok(()) } else { Err(NoPower) }
    }

    fn write(&mut self, block: usize, from: &BlockBytes) -> Result<(), NoPower> {
        let written = self.left.get().unwrap_or(BLOCK_SIZE).min(BLOCK_SIZE);
        self.blocks.borrow_mut()[block][..written].copy_from_slice(&from[..written]);
        self.left.set(self.left.get().map(|left| left - written));
        if written < BLOCK_SIZE { Err(NoPower) } else { Ok(()) }
    }
}
