//! Which reports have been made: `reports.db` in the home folder.

use crate::database::{self, DatabaseError};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;

/// What changes a database from one version to the next.
///
/// `until` is the second since 1970 up to which a report has been made.
const STEPS: [&str; 1] = ["
CREATE TABLE made (
  title TEXT NOT NULL,
  frequency TEXT NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (title, frequency)
) WITHOUT ROWID;
"];

/// One connection to it. What has been stored when a call comes back is on
/// disk.
#[derive(Debug)]
pub(super) struct Made {
    connection: Connection,
}

impl Made {
    pub(super) fn open(home: &Path) -> Result<Self, DatabaseError> {
        Ok(Self { connection: database::open(&home.join("reports.db"), &STEPS)? })
    }

    /// Up to when a report has been made.
    pub(super) fn until(&self, title: &str, frequency: &str) -> rusqlite::Result<Option<i64>> {
        let sql = "SELECT until FROM made WHERE title = ?1 AND frequency = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_row([title, frequency], |row| row.get(0)).optional()
    }

    /// It has been made up to then.
    pub(super) fn note(&self, title: &str, frequency: &str, until: i64) -> rusqlite::Result<()> {
        let sql = "INSERT OR REPLACE INTO made (title, frequency, until) VALUES (?1, ?2, ?3)";
        self.connection.prepare_cached(sql)?.execute(params![title, frequency, until]).map(|_| ())
    }
}
