//! A journal in memory whose power can fail after any byte.

use super::std::cell::RefCell;
use super::std::rc::Rc;
use super::std::vec::Vec;
use crate::respond::journal::{Failed, Journal};

/// What is on disk, and what will be.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) bytes: Vec<u8>,
    /// Bytes that outlive a power cut.
    pub(super) synced: usize,
    second: Vec<u8>,
    /// How many times the second file took the place of the first.
    pub(super) replaced: usize,
    /// Bytes until the power fails.
    pub(super) budget: Option<usize>,
    pub(super) is_dead: bool,
    /// Nothing can be written, for now.
    pub(super) is_full: bool,
    /// Nothing can be brought to disk, for now.
    pub(super) is_stuck: bool,
    /// What stands from this byte on cannot be read, for now.
    pub(super) unreadable: Option<usize>,
    pub(super) syncs: usize,
}

impl State {
    /// How many of these bytes are written; the power may fail.
    fn spend(&mut self, len: usize) -> usize {
        let Some(budget) = self.budget.as_mut() else { return len };
        let spent = len.min(*budget);
        *budget -= spent;
        self.is_dead |= spent < len;
        spent
    }

    fn works(&self) -> Result<(), Failed> {
        if self.is_dead { Err(Failed) } else { Ok(()) }
    }

    /// The power is back: this many of the bytes that were not brought to
    /// disk are there.
    pub(super) fn power_up(&mut self, unsynced: usize) {
        let len = (self.synced + unsynced).min(self.bytes.len());
        self.bytes.truncate(len);
        self.synced = len;
        (self.budget, self.is_dead, self.second) = (None, false, Vec::new());
        self.unreadable = None;
    }
}

/// The journal; the test keeps another handle.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(pub(super) Rc<RefCell<State>>);

impl Disk {
    pub(super) fn len_in_mib(&self) -> usize {
        self.0.borrow().bytes.len() >> 20
    }
}

impl Journal for Disk {
    fn open(&mut self) -> Result<(), Failed> {
        if self.0.borrow().unreadable == Some(0) { Err(Failed) } else { Ok(()) }
    }

    fn len(&self) -> u32 {
        self.0.borrow().bytes.len() as u32
    }

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), Failed> {
        let state = self.0.borrow();
        let end = at as usize + into.len();
        if state.unreadable.is_some_and(|bad| end > bad) {
            return Err(Failed);
        }
        into.copy_from_slice(&state.bytes[at as usize..end]);
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let mut state = self.0.borrow_mut();
        let room = if state.is_full { bytes.len().min(3) } else { bytes.len() };
        let spent = state.spend(room);
        state.bytes.extend_from_slice(&bytes[..spent]);
        if spent < bytes.len() { Err(Failed) } else { state.works() }
    }

    fn sync(&mut self) -> Result<(), Failed> {
        let mut state = self.0.borrow_mut();
        state.spend(1);
        state.works()?;
        if state.is_stuck {
            return Err(Failed);
        }
        state.syncs += 1;
        state.synced = state.bytes.len();
        Ok(())
    }

    fn begin_second(&mut self) -> Result<(), Failed> {
        let mut state = self.0.borrow_mut();
        state.spend(1);
        state.second.clear();
        if state.is_full { Err(Failed) } else { state.works() }
    }

    fn append_second(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let mut state = self.0.borrow_mut();
        let spent = state.spend(bytes.len());
        state.second.extend_from_slice(&bytes[..spent]);
        state.works()
    }

    fn replace(&mut self) -> Result<(), Failed> {
        let mut state = self.0.borrow_mut();
        state.spend(1);
        state.works()?;
        if state.is_stuck {
            return Err(Failed);
        }
        state.bytes = core::mem::take(&mut state.second);
        state.synced = state.bytes.len();
        state.replaced += 1;
        // Somebody may have to learn that it was replaced when it was.
        state.spend(1);
        state.works()
    }
}
