//! Counts by the hour, kept while alerts are written: what reports of a long
//! time are made of.

use super::packed::Head;
use super::row::{Order, Rows};
use crate::alert::Alert;
use bartizan_core::event::Field;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ToSql, params};
use std::collections::HashMap;
use std::ops::ControlFlow;

pub(super) const HOUR_S: i64 = 3600;

/// Bytes of a text that is counted; longer ones count by their beginning.
const KEY_MAX: usize = 512;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// By the rule's entry in the dictionary.
    Rule = 1,
    /// By the place's entry in the dictionary.
    Place = 2,
    /// By the source address.
    SrcIp = 3,
    /// By the user that something was done to.
    User = 4,
    /// By the name of the file.
    Filename = 5,
}

/// The texts that are counted of an alert.
pub(super) const TEXTS: [(Kind, Field); 3] =
    [(Kind::SrcIp, Field::SrcIp), (Kind::User, Field::DstUser), (Kind::Filename, Field::Filename)];

/// What is counted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Entry(u32),
    Text(Box<[u8]>),
}

impl ToSql for Key {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Entry(id) => ToSqlOutput::Owned(Value::Integer(i64::from(*id))),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Blob(text)),
        })
    }
}

/// The text that counts of a value.
pub(super) fn counted(text: &[u8]) -> &[u8] {
    text.get(..KEY_MAX).unwrap_or(text)
}

/// The hour of a second, in hours since 1970.
pub(super) fn hour_of(epoch: i64) -> i64 {
    epoch.div_euclid(HOUR_S)
}

/// Alerts of an hour.
#[derive(Clone, Copy, Debug)]
struct Hour {
    count: u64,
    /// Numbers of the first and the last.
    span: (u64, u64),
}

/// Counts of some alerts, to be added to those of a file.
#[derive(Debug, Default)]
pub(super) struct Rollup {
    hours: HashMap<i64, Hour>,
    counts: HashMap<(i64, Kind, Key), u64>,
}

impl Rollup {
    pub(super) fn add(&mut self, seq: u64, head: &Head, alert: &Alert<'_>) {
        let hour = hour_of(alert.id.epoch);
        let of_hour = self.hours.entry(hour).or_insert(Hour { count: 0, span: (seq, seq) });
        of_hour.count += 1;
        of_hour.span = (of_hour.span.0.min(seq), of_hour.span.1.max(seq));
        let mut count = |kind, key| *self.counts.entry((hour, kind, key)).or_default() += 1;
        count(Kind::Rule, Key::Entry(head.rule));
        count(Kind::Place, Key::Entry(head.place));
        for (kind, field) in TEXTS {
            if let Some(text) = alert.field(field) {
                count(kind, Key::Text(counted(text).into()));
            }
        }
    }

    /// Adds the counts to those of a file.
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT INTO hours (hour, count, first, last) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (hour) DO UPDATE SET count = count + excluded.count,
              first = min(first, excluded.first), last = max(last, excluded.last)";
        let mut statement = connection.prepare_cached(sql)?;
        for (hour, Hour { count, span: (first, last) }) in &self.hours {
            statement.execute(params![hour, count, first, last])?;
        }
        let sql = "INSERT INTO counts (hour, kind, key, count) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (hour, kind, key) DO UPDATE SET count = count + excluded.count";
        let mut statement = connection.prepare_cached(sql)?;
        for ((hour, kind, key), count) in &self.counts {
            statement.execute(params![hour, *kind as u32, key, count])?;
        }
        Ok(())
    }
}

/// Counts the alerts of an hour of a file anew, after rows were removed.
pub(super) fn recount(connection: &Connection, rows: &mut Rows, hour: i64) -> rusqlite::Result<()> {
    let mut rollup = Rollup::default();
    let sql = "SELECT first, last FROM hours WHERE hour = ?1";
    let (first, last) = connection.query_row(sql, [hour], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let _ = rows.scan(connection, first..=last, Order::OldestFirst, |row| {
        let (seq, head) = (row.seq, row.head);
        if hour_of(row.epoch()) == hour {
            row.alert(|alert| rollup.add(seq, &head, alert))?;
        }
        Ok(ControlFlow::<()>::Continue(()))
    })?;
    connection.execute("DELETE FROM counts WHERE hour = ?1", [hour])?;
    connection.execute("DELETE FROM hours WHERE hour = ?1", [hour])?;
    rollup.write(connection)
}
