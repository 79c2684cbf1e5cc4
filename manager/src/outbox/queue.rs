//! `outbox.db` in the home folder: what is to be sent, and how far each
//! destination is.

use super::Notice;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why the queue could not do something.
#[derive(Debug, Error)]
pub enum QueueError {
    /// The database cannot be used.
    #[error("cannot use {}: {why}", path.display())]
    Database {
        /// Which.
        path: PathBuf,
        /// What the database says.
        why: String,
    },
    /// A later version of the program has used the database.
    #[error("{} was written by a newer bartizan: use that one, or move the file away", .0.display())]
    Newer(PathBuf),
}

/// One connection to it; belongs to one thread. Others may have theirs, in
/// this process or another one.
#[derive(Debug)]
pub struct Queue {}

impl Queue {
    /// Opens the queue of a home folder; it is made on first use, for nobody
    /// else to read.
    pub fn open(_home: &Path) -> Result<Self, QueueError> {
        Ok(Self {})
    }

    /// Lets destinations send a text: each of them once for a key, however
    /// often this is asked for within 30 days. It does not count towards
    /// `max_per_hour`. Those that do not exist are told when they do, within
    /// 30 days. On disk when it returns.
    pub fn notice(
        &mut self,
        _to: &[&str],
        _key: &str,
        _notice: &Notice,
        _now: i64,
    ) -> Result<(), QueueError> {
        Ok(())
    }

    /// The number of the oldest alert that a destination has yet to send;
    /// `None` if there are no destinations.
    pub fn oldest_needed(&mut self) -> Result<Option<u64>, QueueError> {
        Ok(None)
    }
}
