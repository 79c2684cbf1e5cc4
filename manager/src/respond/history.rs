//! What was decided, and what became of it: `responses.db` in the home folder.
//!
//! A [`History`] is one connection and belongs to one thread; what has been
//! stored when a call comes back is on disk. All times are seconds since 1970.
//! Numbers are never given again. Rows that are older than [`KEPT_S`] go, and
//! the oldest of more than [`ROWS_MAX`].

use crate::agents::registry::AgentId;
use bartizan_core::respond::network::Network;
use bartizan_core::respond::report;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Seconds that a row is kept: 90 days.
pub const KEPT_S: i64 = 90 * 86_400;

/// Rows that are kept.
pub const ROWS_MAX: u64 = 1_000_000;

/// Rows that one question gives at most.
pub const LIMIT_MAX: u32 = 100_000;

/// How a response stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It is to be done.
    Decided,
    /// The order is on its way.
    Sent,
    /// The agent is not here; nothing was done.
    Away,
    /// It is in force.
    Done,
    /// It could not be done, or not undone.
    Failed,
    /// It was not done, for a reason.
    Refused,
    /// It would have been done.
    DryRun,
    /// It was undone before its time was over.
    Undone,
    /// Its time was over.
    Expired,
}

/// One response in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1.
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
}

/// What is to be written down.
pub type New = Entry;

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

/// Why the history could not do something.
#[derive(Debug, Error)]
pub enum HistoryError {
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

/// What was decided, and what became of it.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
}

#[expect(unused_variables, reason = "bodies follow")]
impl History {
    /// Opens `responses.db` of a home folder; it is made on first use.
    pub fn open(home: &Path) -> Result<Self, HistoryError> {
        Ok(Self { path: home.join("responses.db") })
    }

    /// A history that is forgotten with the value.
    pub fn in_memory() -> Result<Self, HistoryError> {
        Ok(Self { path: PathBuf::from(":memory:") })
    }

    /// Does several things in one step: the disk is waited for once. If it
    /// fails, nothing of it is kept.
    pub fn together<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, HistoryError>,
    ) -> Result<T, HistoryError> {
        work(self)
    }

    /// The row of a number.
    pub fn get(&self, id: u64) -> Result<Option<Entry>, HistoryError> {
        Ok(None)
    }

    /// What is in force or on its way, newest first, at most [`LIMIT_MAX`].
    pub fn in_force(&self, now: i64) -> Result<Vec<Entry>, HistoryError> {
        Ok(Vec::new())
    }

    /// The rows that a filter lets through, newest first.
    pub fn find(&self, filter: &Filter) -> Result<Vec<Entry>, HistoryError> {
        Ok(Vec::new())
    }

    /// Notes how a response stands: what a report said, or that its order was
    /// sent. Never goes back (a late `done` does not overwrite `undone`) and
    /// may be said twice. `None` if it changed nothing, else the row as it is
    /// now. A `done` ends an older entry about the same target, which the
    /// machine that did it has given up for the new one.
    pub fn note(
        &mut self,
        id: u64,
        state: State,
        why: &str,
        now: i64,
    ) -> Result<Option<Entry>, HistoryError> {
        Ok(None)
    }

    /// Somebody confirms a response: it lasts its full time from now on.
    /// `None` if it waits for no confirmation (any more); else the row as it
    /// is now: its `for_s` is what is to be sent as `Renew`.
    pub fn confirm(&mut self, id: u64, now: i64) -> Result<Option<Entry>, HistoryError> {
        Ok(None)
    }

    /// Somebody wants a response undone. `None` if there is nothing to undo.
    pub fn want_undo(&mut self, id: u64) -> Result<Option<Entry>, HistoryError> {
        Ok(None)
    }

    /// What is to be undone on an agent, oldest first: for when it comes back.
    pub fn wanted_undos(&self, agent: AgentId) -> Result<Vec<u64>, HistoryError> {
        Ok(Vec::new())
    }

    /// Removes what is kept no longer; call it once an hour. Says how many
    /// rows.
    pub fn prune(&mut self, now: i64) -> Result<u64, HistoryError> {
        Ok(0)
    }
}

impl Entry {
    /// The text of the manager's own event about it, that rules see:
    /// `bartizan: response 17 failed: block600 192.0.2.7: …`.
    pub fn event(&self) -> String {
        String::new()
    }
}

impl From<report::State> for State {
    fn from(state: report::State) -> Self {
        match state {
            report::State::Done => Self::Done,
            report::State::Failed => Self::Failed,
            report::State::Refused => Self::Refused,
            report::State::DryRun => Self::DryRun,
            report::State::Undone => Self::Undone,
            report::State::Expired => Self::Expired,
        }
    }
}

impl State {
    /// All states.
    pub const ALL: [Self; 9] = [
        Self::Decided,
        Self::Sent,
        Self::Away,
        Self::Done,
        Self::Failed,
        Self::Refused,
        Self::DryRun,
        Self::Undone,
        Self::Expired,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Sent => "sent",
            Self::Away => "away",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::DryRun => "dry-run",
            Self::Undone => "undone",
            Self::Expired => "expired",
        }
    }

    /// The state of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}
