//! Every alert, to be found again: SQLite, one file a day.
//!
//! The committer appends what a batch of events gave, before the events are
//! acknowledged; everybody else reads. Numbers ([`Entry::seq`]) grow by one
//! from alert to alert, over days and restarts, so that whoever sends alerts
//! on only needs to remember the last number that is done.

use crate::alert::Entry;
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

/// Which alerts are asked for; what is not set asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// From this second on (since 1970).
    pub since: Option<i64>,
    /// Before this second.
    pub until: Option<i64>,
    /// This level and higher.
    pub level: Option<u16>,
    /// One of these rules.
    pub rules: Vec<u32>,
    /// One of these groups.
    pub groups: Vec<String>,
    /// Of this agent, by its name, or of this host.
    pub agent: Option<String>,
    /// From a place with this in it.
    pub location: Option<String>,
    /// From this address.
    pub srcip: Option<String>,
    /// About this user, or by it.
    pub user: Option<String>,
    /// With all of these words in the log.
    pub text: Option<String>,
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
}
