//! The database of agents: `agents/agents.db` in the home folder.
//!
//! The daemon and the command line use it at the same time: SQLite with a
//! write-ahead log, so that readers never wait, and writers wait for each
//! other for [`database::WAIT`] at most. A [`Registry`] is one connection to it and
//! belongs to one thread; open another for another thread.
//!
//! All times are seconds since 1970. What has been stored when a call comes
//! back is on disk. A removed agent leaves nothing behind, and what still
//! comes for it is dropped.
//!
//! | room | what happens there |
//! |---|---|
//! | `agent` | one agent |
//! | `schema` | the tables |
//! | `roll` | agents are added, found, renamed, removed |
//! | `enrolment` | one-time tokens, and the key that comes for one |
//! | `presence` | agents come and go |
//! | `progress` | how far each source was heard |

mod agent;
mod enrolment;
mod presence;
mod progress;
mod roll;
mod schema;
#[cfg(test)]
mod tests;

pub use agent::{About, Agent, AgentId, ConfigurationState, GROUPS_MAX, Given, NAME_LENGTH, State, is_name};
pub use enrolment::{EnrolError, Secret};
pub use progress::{Advance, Commit, Lost, POSITION_MAX, SOURCES_MAX, Source};
pub use roll::OssecKey;

use crate::database::{self, DatabaseError};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use schema::STEPS;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The folder of the agents in the home folder.
pub(crate) const FOLDER: &str = "agents";

/// One connection to the database of agents.
#[derive(Debug)]
pub struct Registry {
    connection: Connection,
    path: PathBuf,
}

/// Why the registry could not do something.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// A folder or file of the agents cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The name cannot be one of an agent or a group.
    #[error("`{0}` cannot be a name: names have 2 to 128 characters of A-Z a-z 0-9 - _ .")]
    Name(String),
    /// The agent would be in too many groups.
    #[error("an agent can be in {GROUPS_MAX} groups at most")]
    Groups,
    /// Another agent has the name.
    #[error("there is already an agent `{0}`: choose another name, or remove that one")]
    NameTaken(String),
    /// Another agent has the number.
    #[error("there is already an agent {0}")]
    IdTaken(AgentId),
    /// There is nothing to make a secret of.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    /// There is no such agent.
    #[error("there is no agent {0}: `bartizan agents list` shows all")]
    Unknown(String),
}

impl Registry {
    /// Opens the database of a home folder; it is made on first use.
    pub fn open(home: &Path) -> Result<Self, RegistryError> {
        let path = folder(home)?.join("agents.db");
        let connection = database::open(&path, &STEPS)?;
        connection
            .pragma_update(None, "foreign_keys", true)
            .map_err(|error| DatabaseError::unusable(&path, error))?;
        Ok(Self { connection, path })
    }

    /// Whether a home folder has one.
    pub fn exists(home: &Path) -> bool {
        home.join(FOLDER).join("agents.db").exists()
    }

    /// Does something in one transaction.
    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, RegistryError> {
        let path = &self.path;
        let whole = |connection: &mut Connection| {
            let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit().map(|()| done)
        };
        whole(&mut self.connection).map_err(|error| DatabaseError::unusable(path, error).into())
    }

    fn database(&self, error: rusqlite::Error) -> RegistryError {
        DatabaseError::unusable(&self.path, error).into()
    }
}

/// The folder of the agents, made if need be, for nobody else to read.
pub(crate) fn folder(home: &Path) -> Result<PathBuf, RegistryError> {
    let path = home.join(FOLDER);
    let file = |source| RegistryError::File { path: path.clone(), source };
    fs::create_dir_all(home).map_err(file)?;
    match DirBuilder::new().mode(0o700).create(&path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(file(error)),
        _ => Ok(path),
    }
}

/// Whether a row could not be written because of what other rows hold.
fn is_conflict(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}
