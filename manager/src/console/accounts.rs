//! Users and tokens: `console.db` in the home folder, used by the daemon and
//! by `bartizan console` at the same time.
//!
//! A password is kept as a digest that takes time, a token as a plain one: it
//! is random. All times are seconds since 1970.

use super::secret::{self, Key};
use super::viewer::Role;
use crate::agents::registry::is_name;
use crate::database::{self, DatabaseError};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Users, and tokens, that there may be.
const ACCOUNTS_MAX: i64 = 1000;

/// Seconds after which it is written down again that a token is used.
const USED_AGAIN: i64 = 60;

/// What a token begins with, so that it is known for one where it turns up.
const TOKEN: &str = "bartizan_";

const STEPS: [&str; 1] = ["
CREATE TABLE users (
    name TEXT PRIMARY KEY,
    password TEXT NOT NULL,
    role TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
    name TEXT PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL,
    created INTEGER NOT NULL,
    used INTEGER
) STRICT, WITHOUT ROWID;
"];

/// Why an account could not be made, found or changed.
#[derive(Debug, Error)]
pub enum AccountError {
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// There is nothing to make a secret of.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] io::Error),
    /// This cannot be a name.
    #[error("`{0}` cannot be a name: names have 2 to 128 characters of A-Z a-z 0-9 - _ .")]
    Name(String),
    /// Somebody has the name.
    #[error("there is already a {0} `{1}`")]
    Taken(&'static str, String),
    /// There are too many.
    #[error("there are {ACCOUNTS_MAX} of them: remove some")]
    Full,
    /// There is no such one.
    #[error("there is no {0} `{1}`")]
    Unknown(&'static str, String),
    /// There is a first user already.
    #[error("there is a user already: log in, or use `bartizan console user add`")]
    NotFirst,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// The name.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// When it was added.
    pub created: i64,
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Token {
    /// The name.
    pub name: String,
    /// What its owner may do.
    pub role: Role,
    /// When it was added.
    pub created: i64,
    /// When it was used last, within a minute.
    pub used: Option<i64>,
}

/// One connection to the database of accounts.
#[derive(Debug)]
pub struct Accounts {
    connection: Connection,
    path: PathBuf,
}

impl Accounts {
    /// Opens the database of a home folder; it is made on first use.
    pub fn open(home: &Path) -> Result<Self, AccountError> {
        std::fs::create_dir_all(home)
            .map_err(|error| DatabaseError::Unusable { path: home.to_owned(), why: error.to_string() })?;
        let path = home.join("console.db");
        Ok(Self { connection: database::open(&path, &STEPS)?, path })
    }

    #[cfg(test)]
    pub(super) fn in_memory() -> Self {
        let connection = database::open_in_memory(&STEPS).expect("a database");
        Self { connection, path: PathBuf::from(":memory:") }
    }

    /// Whether there is any user.
    pub fn has_users(&self) -> Result<bool, AccountError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM users)";
        self.connection.query_row(sql, (), |row| row.get(0)).map_err(|error| self.unusable(error))
    }

    /// Adds a user with the digest of a password.
    pub fn add_user(&mut self, name: &str, password: &str, role: Role, now: i64) -> Result<(), AccountError> {
        self.insert(name, "user", "users", |step| insert_user(step, name, password, role, now))
    }

    /// Adds an administrator if there is no user at all.
    pub(super) fn add_first(&mut self, name: &str, password: &str, now: i64) -> Result<(), AccountError> {
        let mut is_first = false;
        self.insert(name, "user", "users", |step| {
            is_first = !step.query_row("SELECT EXISTS (SELECT 1 FROM users)", (), |row| row.get(0))?;
            match is_first {
                true => insert_user(step, name, password, Role::Administrator, now),
                false => Ok(0),
            }
        })?;
        if is_first { Ok(()) } else { Err(AccountError::NotFirst) }
    }

    /// All users, by name.
    pub fn users(&self) -> Result<Vec<User>, AccountError> {
        self.all("SELECT name, role, created FROM users ORDER BY name", |row| {
            Ok(User { name: row.get(0)?, role: role(row, 1)?, created: row.get(2)? })
        })
    }

    /// The role of a user and the digest of its password.
    pub(super) fn user(&self, name: &str) -> Result<Option<(Role, String)>, AccountError> {
        let sql = "SELECT role, password FROM users WHERE name = ?1";
        let found = self.connection.prepare_cached(sql).and_then(|mut statement| {
            statement.query_row((name,), |row| Ok((role(row, 0)?, row.get(1)?))).optional()
        });
        found.map_err(|error| self.unusable(error))
    }

    /// Gives a user another password; all its sessions end.
    pub fn set_password(&mut self, name: &str, password: &str) -> Result<(), AccountError> {
        let sql = "UPDATE users SET password = ?2 WHERE name = ?1";
        let changed = self.connection.execute(sql, (name, password)).map_err(|error| self.unusable(error))?;
        if changed == 1 { Ok(()) } else { Err(AccountError::Unknown("user", name.to_owned())) }
    }

    /// Removes a user; all its sessions end.
    pub fn remove_user(&mut self, name: &str) -> Result<(), AccountError> {
        self.remove("DELETE FROM users WHERE name = ?1", "user", name)
    }

    /// Adds a token and gives its secret, which is not kept.
    pub fn add_token(&mut self, name: &str, role: Role, now: i64) -> Result<String, AccountError> {
        let secret = format!("{TOKEN}{}", secret::random()?);
        let digest = secret::key(&secret);
        self.insert(name, "token", "tokens", |step| {
            let sql = "INSERT INTO tokens (name, digest, role, created) VALUES (?1, ?2, ?3, ?4)";
            step.execute(sql, (name, digest, role.word(), now))
        })?;
        Ok(secret)
    }

    /// All tokens, by name.
    pub fn tokens(&self) -> Result<Vec<Token>, AccountError> {
        self.all("SELECT name, role, created, used FROM tokens ORDER BY name", |row| {
            Ok(Token { name: row.get(0)?, role: role(row, 1)?, created: row.get(2)?, used: row.get(3)? })
        })
    }

    /// Removes a token; it is void from then on.
    pub fn remove_token(&mut self, name: &str) -> Result<(), AccountError> {
        self.remove("DELETE FROM tokens WHERE name = ?1", "token", name)
    }

    /// Name and role of a token, which is used now.
    pub(super) fn token(&mut self, key: &Key, now: i64) -> Result<Option<(String, Role)>, AccountError> {
        let sql = "SELECT name, role, used FROM tokens WHERE digest = ?1";
        let found: rusqlite::Result<Option<(String, Role, Option<i64>)>> =
            self.connection.prepare_cached(sql).and_then(|mut statement| {
                statement.query_row((key,), |row| Ok((row.get(0)?, role(row, 1)?, row.get(2)?))).optional()
            });
        let Some((name, role, used)) = found.map_err(|error| self.unusable(error))? else { return Ok(None) };
        if used.is_none_or(|used| now - used >= USED_AGAIN) {
            // A full disk keeps nobody out.
            let _ = self.connection.execute("UPDATE tokens SET used = ?2 WHERE name = ?1", (&name, now));
        }
        Ok(Some((name, role)))
    }

    /// The role of a token that was shown before, by its name.
    pub(super) fn token_role(&self, name: &str) -> Result<Option<Role>, AccountError> {
        let sql = "SELECT role FROM tokens WHERE name = ?1";
        let found = self.connection.query_row(sql, (name,), |row| role(row, 0)).optional();
        found.map_err(|error| self.unusable(error))
    }

    /// Inserts a row under a name that is to be new.
    fn insert(
        &mut self,
        name: &str,
        kind: &'static str,
        table: &str,
        insert: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<usize>,
    ) -> Result<(), AccountError> {
        if !is_name(name) {
            return Err(AccountError::Name(name.to_owned()));
        }
        let path = &self.path;
        let step = |connection: &mut Connection| {
            let step = Transaction::new(connection, TransactionBehavior::Immediate)?;
            let there: i64 =
                step.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0))?;
            if there >= ACCOUNTS_MAX {
                return Ok(Err(AccountError::Full));
            }
            let taken = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE name = ?1)");
            if step.query_row(&taken, (name,), |row| row.get(0))? {
                return Ok(Err(AccountError::Taken(kind, name.to_owned())));
            }
            insert(&step)?;
            step.commit().map(Ok)
        };
        step(&mut self.connection).map_err(|error| DatabaseError::unusable(path, error))?
    }

    fn remove(&mut self, sql: &str, kind: &'static str, name: &str) -> Result<(), AccountError> {
        let removed = self.connection.execute(sql, (name,)).map_err(|error| self.unusable(error))?;
        if removed == 1 { Ok(()) } else { Err(AccountError::Unknown(kind, name.to_owned())) }
    }

    fn all<T>(
        &self,
        sql: &str,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, AccountError> {
        let rows =
            self.connection.prepare(sql).and_then(|mut statement| statement.query_map((), read)?.collect());
        rows.map_err(|error| self.unusable(error))
    }

    fn unusable(&self, error: rusqlite::Error) -> AccountError {
        DatabaseError::unusable(&self.path, error).into()
    }
}

fn insert_user(
    step: &Transaction<'_>,
    name: &str,
    password: &str,
    role: Role,
    now: i64,
) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO users (name, password, role, created) VALUES (?1, ?2, ?3, ?4)";
    step.execute(sql, (name, password, role.word(), now))
}

/// A role that this version does not know may only read.
fn role(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Role> {
    Ok(row.get::<_, String>(column)?.parse().unwrap_or(Role::Reader))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_added_once_changed_and_removed() {
        let mut accounts = Accounts::in_memory();
        assert!(!accounts.has_users().expect("answered"));
        accounts.add_user("ada", "digest", Role::Reader, 7).expect("added");
        assert!(matches!(accounts.add_user("ada", "other", Role::Reader, 8), Err(AccountError::Taken(..))));
        assert!(matches!(accounts.add_user("a b", "other", Role::Reader, 8), Err(AccountError::Name(_))));
        accounts.set_password("ada", "other").expect("changed");
        assert_eq!(accounts.user("ada").expect("found"), Some((Role::Reader, "other".to_owned())));
        let ada = User { name: "ada".to_owned(), role: Role::Reader, created: 7 };
        assert_eq!(accounts.users().expect("listed"), [ada]);
        accounts.remove_user("ada").expect("removed");
        assert!(matches!(accounts.remove_user("ada"), Err(AccountError::Unknown(..))));
        assert_eq!(accounts.user("ada").expect("answered"), None);
    }

    #[test]
    fn there_is_one_first_user() {
        let mut accounts = Accounts::in_memory();
        accounts.add_first("ada", "digest", 7).expect("added");
        assert!(matches!(accounts.add_first("eve", "digest", 7), Err(AccountError::NotFirst)));
        assert_eq!(accounts.users().expect("listed").len(), 1);
    }

    #[test]
    fn a_token_is_known_by_its_secret_until_it_is_removed() {
        let mut accounts = Accounts::in_memory();
        let secret = accounts.add_token("grafana", Role::Reader, 7).expect("added");
        let key = secret::key(&secret);
        assert_eq!(accounts.token(&key, 9).expect("found"), Some(("grafana".to_owned(), Role::Reader)));
        accounts.token(&key, 10).expect("found");
        assert_eq!(accounts.tokens().expect("listed")[0].used, Some(9), "not written at each use");
        assert_eq!(accounts.token(&secret::key("bartizan_guess"), 9).expect("answered"), None);
        assert!(matches!(accounts.add_token("grafana", Role::Reader, 8), Err(AccountError::Taken(..))));
        accounts.remove_token("grafana").expect("removed");
        assert_eq!(accounts.token(&key, 9).expect("answered"), None);
    }

    #[test]
    fn the_file_is_for_its_owner_alone_and_holds_no_secret() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().expect("a folder");
        let mut accounts = Accounts::open(home.path()).expect("opened");
        let secret = accounts.add_token("grafana", Role::Reader, 7).expect("added");
        drop(accounts);
        let path = home.path().join("console.db");
        assert_eq!(path.metadata().expect("it is there").permissions().mode() & 0o777, 0o600);
        let bytes = std::fs::read(path).expect("it is ours");
        assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none());
    }
}
