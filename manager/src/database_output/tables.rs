//! The tables: their names and columns are OSSEC 4.3's, which tools read.

use super::session::{Session, Trouble, Value};
use crate::config::DatabaseKind;
use std::collections::BTreeMap;

/// What the columns of the tables take: found out once a connection, because
/// tables that others made have other lengths and, for addresses, other types.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// By `table.column`: type, and the number of characters if it has one.
    known: BTreeMap<String, (String, Option<usize>)>,
}

/// Our own beside them: the last parcel of each manager.
const LAST_PARCEL: &str = "CREATE TABLE IF NOT EXISTS bartizan_outbox
    (server_id integer NOT NULL PRIMARY KEY, parcel varchar(64) NOT NULL)";

impl Columns {
    /// Looks at the tables, and makes those that are not there.
    pub(super) fn prepare(session: &mut Session) -> Result<Self, Trouble> {
        session.simple(LAST_PARCEL)?;
        let mut columns = Self::look(session)?;
        if !columns.known.contains_key("alert.full_log") {
            make(session)?;
            columns = Self::look(session)?;
        }
        Ok(columns)
    }

    fn look(session: &mut Session) -> Result<Self, Trouble> {
        // PostgreSQL has types of its own for these columns.
        let sql = match session.kind() {
            DatabaseKind::PostgreSql => {
                "SELECT table_name || '.' || column_name, CAST(data_type AS text),
                 COALESCE(CAST(character_maximum_length AS text), '')
                 FROM information_schema.columns WHERE table_schema = current_schema()"
            }
            DatabaseKind::MySql => {
                "SELECT CONCAT(table_name, '.', column_name), data_type,
                 COALESCE(CAST(character_maximum_length AS char), '')
                 FROM information_schema.columns WHERE table_schema = DATABASE()"
            }
        };
        let rows = session.texts(sql)?;
        let known =
            rows.into_iter().map(|[name, kind, length]| (name, (kind, length.parse().ok()))).collect();
        Ok(Self { known })
    }

    /// A text that fits into a column.
    pub(super) fn text(&self, column: &str, text: &str) -> Value {
        let length = self.known.get(column).and_then(|(_, length)| *length);
        Value::Text(text.chars().take(length.unwrap_or(usize::MAX)).collect())
    }

    /// An address for a column, which may be a text, an address, or the number
    /// that old tables have for IPv4.
    pub(super) fn address(&self, column: &str, address: Option<&str>) -> Value {
        let Some(address) = address else { return Value::Null };
        let parsed = address.parse::<std::net::IpAddr>().ok();
        match self.known.get(column).map(|(kind, _)| kind.as_str()) {
            Some("inet") => parsed.map_or(Value::Null, |address| Value::Address(address.to_string())),
            Some(kind) if kind.contains("int") || kind == "numeric" => match parsed {
                Some(std::net::IpAddr::V4(address)) => Value::Number(u32::from(address).into()),
                _ => Value::Null,
            },
            _ => self.text(column, address),
        }
    }
}

/// Makes the tables that nobody has made.
fn make(session: &mut Session) -> Result<(), Trouble> {
    let (number, user, end) = match session.kind() {
        DatabaseKind::PostgreSql => ("serial", "\"user\"", ""),
        DatabaseKind::MySql => ("integer NOT NULL AUTO_INCREMENT", "user", " DEFAULT CHARSET=utf8mb4"),
    };
    let tables = [
        format!(
            "server (id {number} PRIMARY KEY, last_contact bigint NOT NULL, version varchar(32) NOT NULL,
             hostname varchar(64) NOT NULL UNIQUE, information text NOT NULL)"
        ),
        format!("category (cat_id {number} PRIMARY KEY, cat_name varchar(128) NOT NULL UNIQUE)"),
        format!(
            "signature (id {number} PRIMARY KEY, rule_id integer NOT NULL UNIQUE, level integer,
             description varchar(255) NOT NULL)"
        ),
        format!(
            "signature_category_mapping (id {number} PRIMARY KEY, rule_id integer NOT NULL,
             cat_id integer NOT NULL)"
        ),
        format!(
            "location (id {number} PRIMARY KEY, server_id integer NOT NULL, name varchar(255) NOT NULL)"
        ),
        format!(
            "alert (id {number} PRIMARY KEY, server_id integer NOT NULL, rule_id integer NOT NULL, level integer,
             timestamp bigint NOT NULL, location_id integer NOT NULL, src_ip varchar(46), dst_ip varchar(46),
             src_port integer, dst_port integer, alertid varchar(40), {user} text, full_log text NOT NULL,
             is_hidden smallint NOT NULL DEFAULT 0)"
        ),
        format!(
            "agent (id {number} PRIMARY KEY, server_id integer NOT NULL, last_contact bigint NOT NULL,
             ip_address varchar(46) NOT NULL, version varchar(32) NOT NULL, name varchar(64) NOT NULL,
             information varchar(128) NOT NULL)"
        ),
    ];
    for table in tables {
        session.simple(&format!("CREATE TABLE IF NOT EXISTS {table}{end}"))?;
    }
    let indexes = [
        ("alert_timestamp", "alert (timestamp)"),
        ("alert_rule_id", "alert (rule_id)"),
        ("location_name", "location (server_id, name)"),
    ];
    for (name, columns) in indexes {
        session.simple(&format!("CREATE INDEX {name} ON {columns}"))?;
    }
    Ok(())
}
