//! The side that writes.

use super::day::{self, Day, FOLDER};
use super::dictionary::Numbers;
use super::packed;
use super::rollup::{self, Rollup};
use super::row::{self, Order, Rows};
use super::{StoreError, words};
use crate::alert::{Alert, Entry};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::DirBuilder;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Days that are kept open: today, and the one before around midnight.
const OPEN_MAX: usize = 3;

/// Rows that one step of indexing takes.
const INDEXED_AT_ONCE: usize = 1000;

/// The side that appends: one a manager.
#[derive(Debug)]
pub struct Appender {
    folder: PathBuf,
    /// The last number that was given.
    last: u64,
    /// Days that are open, the one used last at the end.
    open: Vec<Open>,
    /// Days with rows that are not in the index.
    behind: BTreeSet<Day>,
}

/// What was done with rows that were not committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Rows that were removed: their events come again.
    pub removed: u64,
    /// Rows that stay.
    pub kept: u64,
}

impl Appender {
    /// Opens the store below a home folder, and makes it if it is not there.
    pub fn open(home: &Path) -> Result<Self, StoreError> {
        let folder = home.join(FOLDER);
        std::fs::create_dir_all(home)?;
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
        let mut appender = Self { folder, last: 0, open: Vec::new(), behind: BTreeSet::new() };
        for day in day::days(&appender.folder)? {
            let connection = day::open(&appender.folder, day)?;
            let Some((_, last)) = row::span(&connection)? else { continue };
            appender.last = appender.last.max(last);
            if words::indexed(&connection)? < last {
                appender.behind.insert(day);
            }
        }
        Ok(appender)
    }

    /// The last number that was given.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Writes alerts, each to the file of its day, and gives them their
    /// numbers. On disk when it returns. After an error it may be called again
    /// with the same alerts: what was written is not written twice.
    pub fn append(&mut self, entries: &mut [Entry]) -> Result<(), StoreError> {
        for entry in entries.iter_mut().filter(|entry| entry.seq == 0) {
            self.last += 1;
            entry.seq = self.last;
        }
        let mut days: BTreeMap<Day, Vec<(u64, Alert<'_>)>> = BTreeMap::new();
        for entry in entries.iter() {
            let alert = entry.alert();
            days.entry(Day::of(&alert.time)).or_default().push((entry.seq, alert));
        }
        for (day, alerts) in days {
            let open = self.day(day)?;
            if let Err(error) = open.append(day, &alerts) {
                // What it remembers of the file may not be there.
                self.open.retain(|open| open.rows.day != day);
                return Err(error.into());
            }
            self.behind.insert(day);
        }
        Ok(())
    }

    /// After a kill: removes rows behind the last that is committed of which
    /// `comes_again` says so. New numbers begin behind both.
    pub fn settle(
        &mut self,
        committed: u64,
        comes_again: impl Fn(&Alert<'_>) -> bool,
    ) -> Result<Settled, StoreError> {
        let mut settled = Settled::default();
        let mut last = committed;
        for day in day::days(&self.folder)? {
            let open = self.day(day)?;
            if row::span(&open.connection)?.is_some_and(|(_, last)| last > committed) {
                open.settle(committed, &comes_again, &mut settled)?;
            }
            last = last.max(row::span(&open.connection)?.map_or(0, |(_, last)| last));
        }
        self.last = last;
        Ok(settled)
    }

    /// Whether there are committed rows that are not in the index.
    pub fn has_to_index(&self) -> bool {
        !self.behind.is_empty()
    }

    /// Adds some committed rows to the index, for a moment without work. A
    /// power cut may take them out again: they are indexed later then.
    pub fn index(&mut self, committed: u64) -> Result<(), StoreError> {
        let Some(day) = self.behind.last().copied() else { return Ok(()) };
        let indexed = self.day(day)?.index(committed);
        if indexed.is_err() {
            // It may have been left less careful than rows need.
            self.open.retain(|open| open.rows.day != day);
        }
        if indexed? {
            self.behind.remove(&day);
        }
        Ok(())
    }

    /// Leaves what is not in the index until the next alerts.
    pub fn put_index_off(&mut self) {
        self.open.clear();
        self.behind.clear();
    }

    /// The days that have files, and how large these are, in order.
    pub(super) fn sizes(&self) -> io::Result<Vec<(Day, u64)>> {
        let days = day::days(&self.folder)?;
        Ok(days.into_iter().map(|day| (day, day::size(&self.folder, day))).collect())
    }

    /// The last number of a day.
    pub(super) fn last_of(&mut self, day: Day) -> Result<u64, StoreError> {
        let connection = &self.day(day)?.connection;
        Ok(row::span(connection)?.map_or(0, |(_, last)| last))
    }

    /// Removes a day.
    pub(super) fn remove(&mut self, day: Day) -> io::Result<()> {
        self.open.retain(|open| open.rows.day != day);
        self.behind.remove(&day);
        day::remove(&self.folder, day)
    }

    fn day(&mut self, day: Day) -> Result<&mut Open, StoreError> {
        if let Some(at) = self.open.iter().position(|open| open.rows.day == day) {
            self.open[at..].rotate_left(1);
        } else {
            let open = Open::new(&self.folder, day)?;
            if self.open.len() >= OPEN_MAX {
                self.open.remove(0);
            }
            self.open.push(open);
        }
        match self.open.last_mut() {
            Some(open) => Ok(open),
            None => unreachable!("it was pushed just now"),
        }
    }
}

/// A day that is open.
#[derive(Debug)]
struct Open {
    connection: Connection,
    numbers: Numbers,
    rows: Rows,
}

impl Open {
    fn new(folder: &Path, day: Day) -> Result<Self, StoreError> {
        let connection = day::open(folder, day)?;
        let numbers = Numbers::new(&connection)?;
        Ok(Self { connection, numbers, rows: Rows::new(day) })
    }

    fn append(&mut self, day: Day, alerts: &[(u64, Alert<'_>)]) -> rusqlite::Result<()> {
        let Some((first, _)) = alerts.first() else { return Ok(()) };
        let step = Transaction::new(&mut self.connection, TransactionBehavior::Immediate)?;
        // A transaction that was told to have failed may have been written.
        if self.rows.one(&step, *first, |_| Ok(()))?.is_some() {
            return Ok(());
        }
        let mut rollup = Rollup::default();
        let mut insert = step.prepare_cached("INSERT INTO alerts (seq, alert) VALUES (?1, ?2)")?;
        for (seq, alert) in alerts {
            let (head, row) =
                packed::pack(alert, day, |kind, entry| self.numbers.number(&step, kind, entry))?;
            insert.execute((seq, row))?;
            rollup.add(*seq, &head, alert);
        }
        drop(insert);
        rollup.write(&step)?;
        step.commit()
    }

    fn settle(
        &mut self,
        committed: u64,
        comes_again: &impl Fn(&Alert<'_>) -> bool,
        settled: &mut Settled,
    ) -> rusqlite::Result<()> {
        let step = Transaction::new(&mut self.connection, TransactionBehavior::Immediate)?;
        let (mut hours, mut removed) = (BTreeSet::new(), Vec::new());
        let behind = committed + 1..=i64::MAX as u64;
        let _ = self.rows.scan(&step, behind, Order::OldestFirst, |row| {
            if row.alert(comes_again)?.unwrap_or(false) {
                hours.insert(rollup::hour_of(row.epoch()));
                removed.push(row.seq);
            } else {
                settled.kept += 1;
            }
            Ok(ControlFlow::<()>::Continue(()))
        })?;
        settled.removed += removed.len() as u64;
        for seq in &removed {
            step.prepare_cached("DELETE FROM alerts WHERE seq = ?1")?.execute([seq])?;
        }
        for hour in hours {
            rollup::recount(&step, &mut self.rows, hour)?;
        }
        step.commit()
    }

    /// True if all committed rows are in the index.
    fn index(&mut self, committed: u64) -> rusqlite::Result<bool> {
        let from = words::indexed(&self.connection)? + 1;
        // No writer waits for the disk here; the rows themselves are on it.
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        let step = Transaction::new(&mut self.connection, TransactionBehavior::Immediate)?;
        let (mut count, mut last, mut document) = (0, from - 1, String::new());
        if from <= committed {
            let _ = self.rows.scan(&step, from..=committed, Order::OldestFirst, |row| {
                let (seq, head) = (row.seq, row.head);
                row.alert(|alert| words::write_document(&mut document, &head, alert))?;
                words::insert(&step, seq, &document)?;
                (count, last) = (count + 1, seq);
                Ok(if count < INDEXED_AT_ONCE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            })?;
        }
        if count > 0 {
            words::set_indexed(&step, last)?;
        }
        step.commit()?;
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(count < INDEXED_AT_ONCE)
    }
}
