//! `<database_output>`: alerts into a database of PostgreSQL or MySQL.

use super::Place;
use super::reading::Reading;
use super::secret::Secret;
use crate::xml::Element;
use std::path::PathBuf;

/// Kinds of databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// PostgreSQL.
    PostgreSql,
    /// MySQL and MariaDB.
    MySql,
}

impl DatabaseKind {
    /// Its name in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::PostgreSql => "postgresql",
            Self::MySql => "mysql",
        }
    }

    /// The port that it listens to, unless told otherwise.
    pub fn port(self) -> u16 {
        match self {
            Self::PostgreSql => 5432,
            Self::MySql => 3306,
        }
    }
}

/// One `<database_output>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseOutput {
    /// `type`.
    pub kind: DatabaseKind,
    /// `hostname`: name or address.
    pub host: String,
    /// `port`, or the usual one.
    pub port: u16,
    /// `socket`: for MySQL the socket, for PostgreSQL the folder it is in.
    pub socket: Option<PathBuf>,
    /// `username`.
    pub user: String,
    /// `password`.
    pub password: Secret,
    /// `database`.
    pub database: String,
    /// Where it is configured.
    pub place: Place,
}

const OPTIONS: [&str; 7] = ["hostname", "username", "password", "database", "type", "port", "socket"];

impl DatabaseOutput {
    /// Reads one section; `None`, after saying why, if it cannot be used.
    pub(super) fn read(reading: &mut Reading<'_>, section: &Element) -> Option<Self> {
        let (mut host, mut user, mut password, mut database) = (None, None, None, None);
        let (mut kind, mut port, mut socket) = (None, None, None);
        for option in &section.children {
            let known: &[&str] = if option.name == "password" { &["file"] } else { &[] };
            reading.only_attributes(option, known);
            match option.name.as_str() {
                "hostname" => host = reading.text(option),
                "username" => user = reading.text(option),
                "password" => password = Secret::read(reading, option),
                "database" => database = reading.text(option),
                "type" => kind = kind_of(reading, option),
                "port" => port = reading.number(option, 1..=65535).and_then(|port| u16::try_from(port).ok()),
                "socket" => socket = reading.text(option).map(PathBuf::from),
                _ => reading.other_option(section, option, &OPTIONS, &[]),
            }
        }
        for name in OPTIONS.iter().take(5) {
            if !section.children.iter().any(|option| option.name == *name) {
                let help = format!("add <{name}>; all of {} are needed", OPTIONS[..5].join(", "));
                reading.error(section.name_span, format!("<database_output> has no <{name}>"), help);
            }
        }
        let kind = kind?;
        Some(Self {
            kind,
            host: host?,
            port: port.unwrap_or(kind.port()),
            socket,
            user: user?,
            password: password?,
            database: database?,
            place: reading.place(section.name_span),
        })
    }

    /// What commands and events call it; no secret is in it.
    pub fn name(&self) -> String {
        format!("{}:{}/{}", self.kind.word(), self.host, self.database)
    }
}

fn kind_of(reading: &mut Reading<'_>, option: &Element) -> Option<DatabaseKind> {
    let all = [DatabaseKind::PostgreSql, DatabaseKind::MySql];
    let found = all.into_iter().find(|kind| kind.word().as_bytes() == option.text.trim_ascii());
    if found.is_none() {
        let message = "there is no such type of database";
        reading.error(
            super::reading::value_span(option),
            message,
            "write postgresql, or mysql (MariaDB, too)",
        );
    }
    found
}
