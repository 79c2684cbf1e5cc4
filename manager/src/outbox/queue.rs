//! `outbox.db` in the home folder: what is to be sent, and how far each
//! destination is.
//!
//! What a call stored is on disk when it comes back. Bounded: a destination
//! makes no parcels while [`PARCELS_MAX`] of it wait; refused ones are kept
//! [`KEPT_S`], and of each destination the last [`REFUSED_MAX`].
//!
//! | room | what happens there |
//! |---|---|
//! | `schema` | the tables |
//! | `parcels` | parcels are made, delivered, refused |
//! | `notices` | texts that go to destinations once |
//! | [`logs`] | logs that are read for destinations |
//! | `replays` | what was sent before is sent again |
//! | `standing` | how destinations stand |

pub mod logs;
mod notices;
mod parcels;
mod replays;
mod schema;
mod standing;
#[cfg(test)]
mod tests;

pub(super) use parcels::Failed;
pub use parcels::{Made, Refused, Waiting};
pub use replays::Replay;
pub use standing::Standing;

use crate::database::{self, DatabaseError};
use rusqlite::{Connection, OptionalExtension, Params, Row};
use schema::STEPS;
use std::path::{Path, PathBuf};

/// Parcels of one destination that may wait.
pub const PARCELS_MAX: usize = 64;

/// Bytes of one parcel; what is longer is refused when it is made.
pub const PARCEL_BYTES_MAX: usize = 16 << 20;

/// Refused parcels of one destination that are kept.
pub const REFUSED_MAX: usize = 1000;

/// Seconds for which is kept what was refused, what notices were sent, and
/// where a destination stood that is no longer configured: 30 days.
pub const KEPT_S: i64 = 30 * 86_400;

/// Bytes of an error's text that are kept.
const ERROR_MAX: usize = 500;

/// One connection to it; belongs to one thread. Others may have theirs, in
/// this process or another one.
#[derive(Debug)]
pub struct Queue {
    connection: Connection,
    path: PathBuf,
    instance: i64,
}

impl Queue {
    /// Opens the queue of a home folder; it is made on first use, for nobody
    /// else to read.
    pub fn open(home: &Path) -> Result<Self, DatabaseError> {
        Self::open_file(home.join("outbox.db"))
    }

    /// Opens one at a path of its own.
    pub fn open_file(path: PathBuf) -> Result<Self, DatabaseError> {
        let connection = database::open(&path, &STEPS)?;
        let instance = connection.query_row("SELECT instance FROM self", [], |row| row.get(0));
        let instance = instance.map_err(|error| DatabaseError::unusable(&path, error))?;
        Ok(Self { connection, path, instance })
    }

    /// Does several things in one step: the disk is waited for once. If it
    /// fails, nothing of it is kept.
    pub(super) fn together<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        self.run("BEGIN IMMEDIATE")?;
        let done = work(self).and_then(|done| self.run("COMMIT").map(|()| done));
        if done.is_err() && !self.connection.is_autocommit() {
            // The first error says more than one of undoing it.
            let _ = self.run("ROLLBACK");
        }
        done
    }

    /// Forgets what is older than [`KEPT_S`].
    pub(super) fn prune(&mut self, now: i64) -> Result<(), DatabaseError> {
        let before = now - KEPT_S;
        self.together(|queue| {
            queue.change("DELETE FROM refused WHERE refused < ?1", [before])?;
            queue.change("DELETE FROM notices WHERE made < ?1", [before])?;
            let gone = "(SELECT name FROM destinations WHERE removed < ?1)";
            queue.change(&format!("DELETE FROM parcels WHERE destination IN {gone}"), [before])?;
            queue.change(&format!("DELETE FROM logs WHERE destination IN {gone}"), [before])?;
            queue.change(&format!("DELETE FROM readings WHERE destination IN {gone}"), [before])?;
            queue.change(&format!("DELETE FROM replays WHERE destination IN {gone}"), [before])?;
            queue.change("DELETE FROM destinations WHERE removed < ?1", [before]).map(drop)
        })
    }

    fn run(&self, sql: &str) -> Result<(), DatabaseError> {
        self.connection.execute_batch(sql).map_err(|error| self.database(error))
    }

    fn change(&self, sql: &str, values: impl Params) -> Result<usize, DatabaseError> {
        let changed = self.connection.prepare_cached(sql).and_then(|mut sql| sql.execute(values));
        changed.map_err(|error| self.database(error))
    }

    fn one<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, DatabaseError> {
        let found =
            self.connection.prepare_cached(sql).and_then(|mut sql| sql.query_row(values, read).optional());
        found.map_err(|error| self.database(error))
    }

    fn all<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, DatabaseError> {
        let found =
            self.connection.prepare_cached(sql).and_then(|mut sql| sql.query_map(values, read)?.collect());
        found.map_err(|error| self.database(error))
    }

    fn database(&self, error: rusqlite::Error) -> DatabaseError {
        DatabaseError::unusable(&self.path, error)
    }
}

/// The beginning of a text, as much as is kept.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(ERROR_MAX)]
}
