//! A connection to a server of either kind, with what both need in the same
//! words: statements with `?` for values.

use crate::config::{DatabaseKind, DatabaseOutput};
use mysql::prelude::Queryable;
use std::fmt;
use std::time::Duration;

/// How long a server may take to answer.
const WAIT: Duration = Duration::from_secs(20);

/// Why a parcel was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It may work later: the server is away, a table is missing.
    Passing(String),
    /// It never will.
    Refused(String),
}

/// A value of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Number(i64),
    Text(String),
    /// An address for a column of addresses.
    Address(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// A connection.
pub(super) enum Session {
    PostgreSql(Box<postgres::Client>),
    MySql(Box<mysql::Conn>),
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PostgreSql(_) => "PostgreSql",
            Self::MySql(_) => "MySql",
        })
    }
}

impl Session {
    /// Connects, within a bounded time.
    pub(super) fn open(options: &DatabaseOutput) -> Result<Self, Trouble> {
        match options.kind {
            DatabaseKind::PostgreSql => open_postgresql(options).map(Box::new).map(Self::PostgreSql),
            DatabaseKind::MySql => open_mysql(options).map(Box::new).map(Self::MySql),
        }
    }

    /// Which kind of server it is.
    pub(super) fn kind(&self) -> DatabaseKind {
        match self {
            Self::PostgreSql(_) => DatabaseKind::PostgreSql,
            Self::MySql(_) => DatabaseKind::MySql,
        }
    }

    /// Carries out a statement; says how many rows it changed.
    pub(super) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Trouble> {
        match self {
            Self::PostgreSql(client) => {
                let (sql, values) = for_postgresql(sql, values);
                client.execute(&sql, &by_reference(&values)).map_err(of_postgresql)
            }
            Self::MySql(connection) => {
                connection.exec_drop(sql, for_mysql(values)).map_err(of_mysql)?;
                Ok(connection.affected_rows())
            }
        }
    }

    /// The first column of the first row that is found, a number.
    pub(super) fn number(&mut self, sql: &str, values: &[Value]) -> Result<Option<i64>, Trouble> {
        match self {
            Self::PostgreSql(client) => {
                let (sql, values) = for_postgresql(sql, values);
                // Numbers of every size as one.
                let sql = format!("SELECT CAST(n AS bigint) FROM ({sql}) AS found(n)");
                let row = client.query_opt(&sql, &by_reference(&values)).map_err(of_postgresql)?;
                row.map(|row| row.try_get(0).map_err(of_postgresql)).transpose()
            }
            Self::MySql(connection) => connection.exec_first(sql, for_mysql(values)).map_err(of_mysql),
        }
    }

    /// Three texts of each row that is found.
    pub(super) fn texts(&mut self, sql: &str) -> Result<Vec<[String; 3]>, Trouble> {
        match self {
            Self::PostgreSql(client) => {
                let rows = client.query(sql, &[]).map_err(of_postgresql)?;
                let texts = |row: &postgres::Row| Ok([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?]);
                rows.iter().map(texts).collect::<Result<_, _>>().map_err(of_postgresql)
            }
            Self::MySql(connection) => {
                connection.query_map(sql, |(one, two, three)| [one, two, three]).map_err(of_mysql)
            }
        }
    }

    /// A statement without values.
    pub(super) fn simple(&mut self, sql: &str) -> Result<(), Trouble> {
        match self {
            Self::PostgreSql(client) => client.batch_execute(sql).map_err(of_postgresql),
            Self::MySql(connection) => connection.query_drop(sql).map_err(of_mysql),
        }
    }
}

fn open_postgresql(options: &DatabaseOutput) -> Result<postgres::Client, Trouble> {
    let mut config = postgres::Config::new();
    config.user(&options.user).password(options.password.reveal()).dbname(&options.database);
    config.port(options.port).application_name("bartizan").connect_timeout(WAIT).tcp_user_timeout(WAIT);
    match &options.socket {
        Some(folder) => config.host_path(folder),
        None => config.host(&options.host),
    };
    let mut client = config.connect(postgres::NoTls).map_err(of_postgresql)?;
    let limit = format!("SET statement_timeout = {}", WAIT.as_millis());
    client.batch_execute(&limit).map_err(of_postgresql)?;
    Ok(client)
}

fn open_mysql(options: &DatabaseOutput) -> Result<mysql::Conn, Trouble> {
    let opts = mysql::OptsBuilder::new()
        .user(Some(&options.user))
        .pass(Some(options.password.reveal()))
        .db_name(Some(&options.database))
        .ip_or_hostname(Some(&options.host))
        .tcp_port(options.port)
        .socket(options.socket.as_ref().map(|path| path.to_string_lossy().into_owned()))
        .prefer_socket(options.socket.is_some())
        .tcp_connect_timeout(Some(WAIT))
        .read_timeout(Some(WAIT))
        .write_timeout(Some(WAIT));
    let mut connection = mysql::Conn::new(opts).map_err(of_mysql)?;
    connection.query_drop("SET NAMES utf8mb4").map_err(of_mysql)?;
    Ok(connection)
}

/// Statements of PostgreSQL number their values and want to know their types.
fn for_postgresql(sql: &str, values: &[Value]) -> (String, Vec<Box<dyn postgres::types::ToSql + Sync>>) {
    let mut given: Vec<Box<dyn postgres::types::ToSql + Sync>> = Vec::new();
    let mut parts = sql.split('?');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for (part, value) in parts.zip(values) {
        let number = given.len() + 1;
        match value {
            Value::Null => out.push_str("NULL"),
            Value::Number(value) => {
                given.push(Box::new(*value));
                out.push_str(&format!("${number}::bigint"));
            }
            Value::Text(text) => {
                given.push(Box::new(text.clone()));
                out.push_str(&format!("${number}::text"));
            }
            Value::Address(address) => {
                given.push(Box::new(address.clone()));
                out.push_str(&format!("${number}::text::inet"));
            }
        }
        out.push_str(part);
    }
    (out, given)
}

fn by_reference(
    values: &[Box<dyn postgres::types::ToSql + Sync>],
) -> Vec<&(dyn postgres::types::ToSql + Sync)> {
    values.iter().map(|value| &**value).collect()
}

fn for_mysql(values: &[Value]) -> mysql::Params {
    let value = |value: &Value| match value {
        Value::Null => mysql::Value::NULL,
        Value::Number(number) => (*number).into(),
        Value::Text(text) | Value::Address(text) => text.as_str().into(),
    };
    match values {
        [] => mysql::Params::Empty,
        values => mysql::Params::Positional(values.iter().map(value).collect()),
    }
}

/// Data that the server will not take is refused for good; all else passes:
/// somebody starts the server, makes room, grants a right.
fn of_postgresql(error: postgres::Error) -> Trouble {
    match error.as_db_error() {
        Some(told) if told.code().code().starts_with("22") => Trouble::Refused(told.message().to_owned()),
        Some(told) => Trouble::Passing(told.message().to_owned()),
        None => Trouble::Passing(with_cause(&error)),
    }
}

/// The same by the states of MySQL: 22 is wrong data.
fn of_mysql(error: mysql::Error) -> Trouble {
    match error {
        mysql::Error::MySqlError(told) if told.state.starts_with("22") => Trouble::Refused(told.message),
        mysql::Error::MySqlError(told) => Trouble::Passing(told.message),
        error => Trouble::Passing(with_cause(&error)),
    }
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_postgresql_are_numbered_with_their_types() {
        let values = [1.into(), Value::Null, "a?b".into(), Value::Address("192.0.2.7".to_owned())];
        let (sql, given) = for_postgresql("INSERT INTO t VALUES (?, ?, ?, ?)", &values);
        assert_eq!(sql, "INSERT INTO t VALUES ($1::bigint, NULL, $2::text, $3::text::inet)");
        assert_eq!(given.len(), 3);
    }
}
