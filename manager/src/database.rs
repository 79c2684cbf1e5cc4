//! SQLite databases in the home folder: for their owner alone, used by several
//! processes at once, and brought to the version of today when they are opened.

use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::fmt::Display;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use thiserror::Error;

/// How long a writer waits for another one.
pub const WAIT: Duration = Duration::from_secs(10);

/// What a database without a file is called.
pub(crate) const IN_MEMORY: &str = ":memory:";

/// Why a database could not do something.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// It cannot be used.
    #[error("cannot use {}: {why}", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// What the database or the system says.
        why: String,
    },
    /// A later version of the program has used it.
    #[error("{} was written by a newer bartizan: use that one, or move the file away", .0.display())]
    Newer(PathBuf),
}

impl DatabaseError {
    /// This database cannot be used, for this reason.
    pub(crate) fn unusable(path: &Path, why: impl Display) -> Self {
        Self::Unusable { path: path.to_owned(), why: why.to_string() }
    }
}

/// Opens a database of several processes, brought to the version of today:
/// each of `steps` changes it from one version to the next. It is made on
/// first use, for nobody else to read.
pub(crate) fn open(path: &Path, steps: &[&str]) -> Result<Connection, DatabaseError> {
    create(path).map_err(|error| DatabaseError::unusable(path, error))?;
    let connection = Connection::open(path).map_err(|error| DatabaseError::unusable(path, error))?;
    ready(connection, path, steps)
}

/// The same, forgotten with the connection.
pub(crate) fn open_in_memory(steps: &[&str]) -> Result<Connection, DatabaseError> {
    let path = Path::new(IN_MEMORY);
    let connection = Connection::open_in_memory().map_err(|error| DatabaseError::unusable(path, error))?;
    ready(connection, path, steps)
}

fn ready(mut connection: Connection, path: &Path, steps: &[&str]) -> Result<Connection, DatabaseError> {
    let found = prepare(&mut connection, steps).map_err(|error| DatabaseError::unusable(path, error))?;
    if found > steps.len() { Err(DatabaseError::Newer(path.to_owned())) } else { Ok(connection) }
}

/// Makes the file, if it is not there: SQLite would make it readable for
/// everybody.
///
/// A file that exists must not be opened beside SQLite: closing it gives up
/// the locks that this process has on it (POSIX), and another process would
/// take it for unused.
fn create(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Makes a connection ready, with a write-ahead log, so that readers never
/// wait, and brings the database to the version of today. Says which it had; a
/// newer one than of today is left as it is.
fn prepare(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<usize> {
    connection.busy_timeout(WAIT)?;
    connection.set_prepared_statement_cache_capacity(64);
    let found = version(connection)?;
    if found > steps.len() {
        return Ok(found);
    }
    write_ahead(connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    if found == steps.len() { Ok(found) } else { migrate(connection, steps) }
}

/// The change to a write-ahead log does not wait for others as all else does.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let begin = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if is_busy(&error) && begin.elapsed() < WAIT => {
                thread::sleep(Duration::from_millis(5))
            }
            changed => return changed,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

fn migrate(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<usize> {
    // Another process may do the same just now: the one that comes second
    // finds it done.
    let step = Transaction::new(connection, TransactionBehavior::Immediate)?;
    let found = version(&step)?;
    for sql in steps.iter().skip(found) {
        step.execute_batch(sql)?;
    }
    if found < steps.len() {
        step.pragma_update(None, "user_version", steps.len() as i64)?;
    }
    step.commit()?;
    Ok(found)
}

pub(crate) fn version(connection: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}
