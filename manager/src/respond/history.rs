//! What was decided, and what became of it: `responses.db` in the home folder.
//!
//! A [`History`] is one connection and belongs to one thread; what has been
//! stored when a call comes back is on disk. All times are seconds since 1970.
//! Numbers are never given again, not even if the file is deleted: they begin
//! at the time in milliseconds at which it was made, and agents remember some.
//! Rows that are older than [`KEPT_S`] go, and
//! the oldest of more than [`ROWS_MAX`]; what is in force stays.
//!
//! | room | what happens there |
//! |---|---|
//! | `schema` | the table, and how an older one becomes one of today |
//! | `rows` | a row is written and read |
//! | `course` | how a response stands, and what may come next |
//! | `questions` | what is asked by those who look, and by those who decide |
//! | `again` | what was decided before, and may come again |

mod again;
mod course;
mod questions;
mod rows;
mod schema;
#[cfg(test)]
mod tests;

pub(in crate::respond) use course::cut;
pub(in crate::respond) use rows::wide;

use crate::agents::registry::AgentId;
use crate::database::{self, DatabaseError, IN_MEMORY};
use bartizan_core::respond::network::Network;
pub use bartizan_core::respond::report::State;
use rusqlite::Connection;
use schema::STEPS;
use std::path::{Path, PathBuf};

/// Seconds that a row is kept: 90 days.
pub const KEPT_S: i64 = 90 * 86_400;

/// Rows that are kept.
pub const ROWS_MAX: u64 = 1_000_000;

/// Rows that one question gives at most.
pub const LIMIT_MAX: u32 = 100_000;

/// One response in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, never 0.
    pub id: u64,
    /// When it was decided.
    pub time: i64,
    /// The response's name.
    pub response: String,
    /// How: [`crate::config::responses::Means::word`].
    pub means: String,
    /// Where; [`AgentId::MANAGER`] is the manager's own machine.
    pub agent: AgentId,
    /// The address or range.
    pub network: Option<Network>,
    /// The user; empty for none.
    pub user: String,
    /// The file; empty for none.
    pub file: String,
    /// Seconds; 0 for until it is ended.
    pub for_s: u32,
    /// How it stands.
    pub state: State,
    /// Since when.
    pub since: i64,
    /// What was said of that last.
    pub why: String,
    /// Number of the rule; 0 if somebody asked for it.
    pub rule: u32,
    /// Its level.
    pub level: u16,
    /// Number of the alert.
    pub alert: String,
    /// Where the event came from.
    pub location: String,
    /// The beginning of the log.
    pub excerpt: String,
    /// How often the target has offended, this time included; 0 if that does
    /// not count.
    pub offence: u32,
    /// Until when it must be confirmed.
    pub confirm_by: Option<i64>,
    /// Seconds that it lasts once it is confirmed; 0 for until it is ended.
    pub full_s: u32,
    /// Since when it is in force.
    pub began: Option<i64>,
    /// When it ends; `None` for when it is ended.
    pub ends_at: Option<i64>,
    /// Somebody wants it undone.
    pub undo_wanted: bool,
    /// Only what would be done was asked for.
    pub dry_run: bool,
}

/// Which rows are asked for; the default is all, newest first.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Decided at this time or later.
    pub since: Option<i64>,
    /// On this agent.
    pub agent: Option<AgentId>,
    /// About this address, or a range that has something in common with it.
    pub network: Option<Network>,
    /// In this state.
    pub state: Option<State>,
    /// Of this response, by name.
    pub response: Option<String>,
    /// At most so many, and never more than [`LIMIT_MAX`]; 0 for that.
    pub limit: u32,
}

/// What was decided, and what became of it.
#[derive(Debug)]
pub struct History {
    connection: Connection,
    path: PathBuf,
    /// What was decided shortly before the program was started.
    earlier: Vec<Entry>,
}

impl History {
    /// Opens `responses.db` of a home folder; it is made on first use, for
    /// nobody else to read.
    pub fn open(home: &Path) -> Result<Self, DatabaseError> {
        let path = home.join("responses.db");
        Ok(Self { connection: database::open(&path, &STEPS)?, path, earlier: Vec::new() })
    }

    /// A history that is forgotten with the value.
    pub fn in_memory() -> Result<Self, DatabaseError> {
        let connection = database::open_in_memory(&STEPS)?;
        let history = Self { connection, path: IN_MEMORY.into(), earlier: Vec::new() };
        // No agent remembers any of its numbers.
        history.run("DELETE FROM sqlite_sequence")?;
        Ok(history)
    }

    /// Does several things in one step: the disk is waited for once. If it
    /// fails, nothing of it is kept.
    pub fn together<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        if !self.connection.is_autocommit() {
            return work(self);
        }
        self.run("BEGIN IMMEDIATE")?;
        let done = work(self).and_then(|done| self.run("COMMIT").map(|()| done));
        if done.is_err() && !self.connection.is_autocommit() {
            // The first error says more than one of undoing it.
            let _ = self.run("ROLLBACK");
        }
        done
    }

    fn run(&self, sql: &str) -> Result<(), DatabaseError> {
        self.connection.execute_batch(sql).map_err(|error| self.database(error))
    }

    fn database(&self, error: rusqlite::Error) -> DatabaseError {
        DatabaseError::unusable(&self.path, error)
    }
}

impl Entry {
    /// What it is about, as one text: the address or range, else the user,
    /// else the file.
    pub fn target(&self) -> String {
        target(self.network, &self.user, &self.file)
    }

    /// The text of the manager's own event about it, that rules see:
    /// `bartizan: response 17 failed: block600 192.0.2.7: …`.
    pub fn event(&self) -> String {
        let Self { id, response, why, .. } = self;
        let target = self.target();
        let about = [response.as_str(), &target].join(" ");
        format!("bartizan: response {id} {}: {}: {why}", self.state.word(), about.trim_end())
    }
}

/// What something is about, as one text.
pub(super) fn target(network: Option<Network>, user: &str, file: &str) -> String {
    match network {
        Some(network) => network.to_string(),
        None if user.is_empty() => file.to_owned(),
        None => user.to_owned(),
    }
}
