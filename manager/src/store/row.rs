//! The rows of one day, read.

use super::day::Day;
use super::dictionary::Entries;
use super::packed::{self, Head, Known, Unpacked};
use crate::alert::{Alert, Entry};
use rusqlite::{Connection, OptionalExtension, params};
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::Arc;

/// Numbers of alerts, both ends included.
pub(super) type Seqs = RangeInclusive<u64>;

/// In which order rows are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    OldestFirst,
    NewestFirst,
}

impl Order {
    /// The number that is shown last.
    pub(super) fn last_of(self, seqs: &Seqs) -> u64 {
        if self == Self::NewestFirst { *seqs.start() } else { *seqs.end() }
    }

    /// The numbers that are shown up to one of them.
    pub(super) fn up_to(self, seqs: &Seqs, at: u64) -> Seqs {
        if self == Self::NewestFirst { at..=*seqs.end() } else { *seqs.start()..=at }
    }

    /// Puts alerts in this order.
    pub(super) fn sort(self, alerts: &mut [Entry]) {
        alerts.sort_by_key(|alert| if self == Self::NewestFirst { u64::MAX - alert.seq } else { alert.seq });
    }
}

/// What reading the rows of a day needs.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) day: Day,
    entries: Entries,
    room: Unpacked,
}

/// One row.
pub(super) struct Row<'a> {
    pub(super) seq: u64,
    pub(super) head: Head,
    body: &'a [u8],
    connection: &'a Connection,
    rows: &'a mut Rows,
}

impl Row<'_> {
    /// Second since 1970 of the event.
    pub(super) fn epoch(&self) -> i64 {
        self.head.epoch(self.rows.day)
    }

    /// Shows the alert; `None` if the row is damaged.
    pub(super) fn alert<T>(&mut self, show: impl FnOnce(&Alert<'_>) -> T) -> rusqlite::Result<Option<T>> {
        let mut entry = |id| self.rows.entries.get(self.connection, id);
        let rule = Some(self.head.rule).filter(|rule| *rule != 0).map(&mut entry).transpose()?;
        let [place, shape]: [Arc<[u8]>; 2] = [entry(self.head.place)?, entry(self.head.shape())?];
        let known = Known { rule: rule.as_deref(), place: &place, shape: &shape };
        let alert = packed::unpack(&self.head, self.body, self.rows.day, known, &mut self.rows.room);
        Ok(alert.map(|alert| show(&alert)))
    }
}

impl Rows {
    pub(super) fn new(day: Day) -> Self {
        Self { day, entries: Entries::default(), room: Unpacked::default() }
    }

    /// An entry of the dictionary; empty if there is none.
    pub(super) fn entry(&mut self, connection: &Connection, id: u32) -> rusqlite::Result<Arc<[u8]>> {
        self.entries.get(connection, id)
    }

    /// Shows rows until it is told to stop. Damaged ones are left out.
    pub(super) fn scan<B>(
        &mut self,
        connection: &Connection,
        seqs: Seqs,
        order: Order,
        mut show: impl FnMut(&mut Row<'_>) -> rusqlite::Result<ControlFlow<B>>,
    ) -> rusqlite::Result<ControlFlow<B>> {
        let sql = match order {
            Order::OldestFirst => "SELECT seq, alert FROM alerts WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
            Order::NewestFirst => {
                "SELECT seq, alert FROM alerts WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq DESC"
            }
        };
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![seqs.start(), seqs.end()])?;
        while let Some(row) = rows.next()? {
            let Some((head, body)) = packed::head(row.get_ref(1)?.as_blob()?) else { continue };
            let flow = show(&mut Row { seq: row.get(0)?, head, body, connection, rows: self })?;
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Shows one row, if it is there and whole.
    pub(super) fn one<T>(
        &mut self,
        connection: &Connection,
        seq: u64,
        show: impl FnOnce(&mut Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        let mut statement = connection.prepare_cached("SELECT alert FROM alerts WHERE seq = ?1")?;
        let mut rows = statement.query([seq])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let Some((head, body)) = packed::head(row.get_ref(0)?.as_blob()?) else { return Ok(None) };
        show(&mut Row { seq, head, body, connection, rows: self }).map(Some)
    }
}

/// The numbers of the first and the last row of a day.
pub(super) fn span(connection: &Connection) -> rusqlite::Result<Option<(u64, u64)>> {
    let ends = ["SELECT min(seq) FROM alerts", "SELECT max(seq) FROM alerts"].map(|sql| {
        let end = connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, Option<u64>>(0));
        end.optional().map(Option::flatten)
    });
    let [first, last] = ends;
    Ok(first?.zip(last?))
}
