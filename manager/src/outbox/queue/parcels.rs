//! Parcels: made, delivered, refused.

use super::{PARCEL_BYTES_MAX, PARCELS_MAX, Queue, REFUSED_MAX, cut};
use crate::database::DatabaseError;
use crate::outbox::Parcel;
use rusqlite::Row;

/// What becomes a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made<'m> {
    /// What it is about, for people.
    pub about: &'m str,
    /// Whether it counts for the limit of an hour.
    pub counts: bool,
    /// When.
    pub now: i64,
}

/// A parcel that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its number in the queue.
    pub number: i64,
    /// Itself.
    pub parcel: Parcel,
    /// When it was made.
    pub made: i64,
    /// Attempts to deliver it.
    pub attempts: u32,
}

/// A parcel that was not taken for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its number.
    pub id: String,
    /// Who refused it.
    pub destination: String,
    /// What it is about.
    pub about: String,
    /// When it was made.
    pub made: i64,
    /// When it was refused.
    pub refused: i64,
    /// Why.
    pub reason: String,
}

impl Queue {
    /// Puts a parcel behind those of a destination; `render` is given its
    /// number. One of more than [`PARCEL_BYTES_MAX`] counts as refused. To be called within [`Queue::together`].
    pub(in crate::outbox) fn make(
        &mut self,
        destination: &str,
        made: &Made<'_>,
        render: impl FnOnce(&str) -> Vec<u8>,
    ) -> Result<(), DatabaseError> {
        self.change(
            "INSERT INTO parcels (destination, payload, about, counts, made) VALUES (?1, x'', ?2, ?3, ?4)",
            (destination, made.about, made.counts, made.now),
        )?;
        let number = self.connection.last_insert_rowid();
        let payload = render(&self.id(number));
        if payload.len() > PARCEL_BYTES_MAX {
            let reason = format!("{} bytes are more than {PARCEL_BYTES_MAX}", payload.len());
            return self.set_aside(destination, number, &reason, made.now);
        }
        self.change("UPDATE parcels SET payload = ?2 WHERE number = ?1", (number, payload)).map(drop)
    }

    /// How many parcels of a destination wait, and how many of them count for
    /// the limit of an hour.
    pub(in crate::outbox) fn waiting(&self, destination: &str) -> Result<(usize, usize), DatabaseError> {
        let sql = "SELECT count(*), coalesce(sum(counts), 0) FROM parcels WHERE destination = ?1";
        let counts = self.one(sql, [destination], |row| Ok((size(row, 0)?, size(row, 1)?)))?;
        Ok(counts.unwrap_or((PARCELS_MAX, PARCELS_MAX)))
    }

    /// The parcel that is next.
    pub(in crate::outbox) fn next(&self, destination: &str) -> Result<Option<Waiting>, DatabaseError> {
        let sql = "SELECT number, payload, made, attempts FROM parcels WHERE destination = ?1
                   ORDER BY number LIMIT 1";
        self.one(sql, [destination], |row| {
            let number = row.get(0)?;
            let parcel = Parcel { id: self.id(number), payload: row.get(1)? };
            Ok(Waiting { number, parcel, made: row.get(2)?, attempts: row.get(3)? })
        })
    }

    /// A destination has taken a parcel: it never goes again.
    pub(in crate::outbox) fn taken(
        &mut self,
        destination: &str,
        number: i64,
        now: i64,
    ) -> Result<(), DatabaseError> {
        self.together(|queue| {
            queue.change("DELETE FROM parcels WHERE number = ?1", [number])?;
            let sql = "UPDATE destinations SET failures = 0, broken_since = NULL, next_attempt = NULL,
                       delivered = delivered + 1, delivered_at = ?2 WHERE name = ?1";
            queue.change(sql, (destination, now)).map(drop)
        })
    }

    /// A destination will never take a parcel.
    pub(in crate::outbox) fn refuse(
        &mut self,
        destination: &str,
        number: i64,
        reason: &str,
        now: i64,
    ) -> Result<(), DatabaseError> {
        self.together(|queue| queue.set_aside(destination, number, reason, now))
    }

    fn set_aside(
        &mut self,
        destination: &str,
        number: i64,
        reason: &str,
        now: i64,
    ) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO refused SELECT number, destination, payload, about, made, ?2, ?3
                   FROM parcels WHERE number = ?1";
        self.change(sql, (number, now, cut(reason)))?;
        self.change("DELETE FROM parcels WHERE number = ?1", [number])?;
        let sql = "DELETE FROM refused WHERE destination = ?1 AND number NOT IN
                   (SELECT number FROM refused WHERE destination = ?1 ORDER BY number DESC LIMIT ?2)";
        self.change(sql, (destination, REFUSED_MAX as i64))?;
        let sql = "UPDATE destinations SET error = ?2, error_at = ?3, next_attempt = NULL WHERE name = ?1";
        self.change(sql, (destination, cut(reason), now)).map(drop)
    }

    /// A destination has not taken a parcel this time.
    pub(in crate::outbox) fn failed(
        &mut self,
        destination: &str,
        number: i64,
        failed: &Failed<'_>,
    ) -> Result<(), DatabaseError> {
        let Failed { why, failures, is_broken, next, now } = *failed;
        self.together(|queue| {
            queue.change("UPDATE parcels SET attempts = attempts + 1 WHERE number = ?1", [number])?;
            let sql = "UPDATE destinations SET error = ?2, error_at = ?3, failures = ?4, next_attempt = ?5,
                       broken_since = CASE WHEN ?6 THEN coalesce(broken_since, ?3) END WHERE name = ?1";
            queue.change(sql, (destination, cut(why), now, failures, next, is_broken)).map(drop)
        })
    }

    /// Parcels that were refused, the last first; of one destination, or of all.
    pub fn refused(&self, destination: Option<&str>) -> Result<Vec<Refused>, DatabaseError> {
        let sql = "SELECT number, destination, about, made, refused, reason FROM refused
                   WHERE ?1 IS NULL OR destination = ?1 ORDER BY number DESC";
        self.all(sql, [destination], |row| {
            Ok(Refused {
                id: self.id(row.get(0)?),
                destination: row.get(1)?,
                about: row.get(2)?,
                made: row.get(3)?,
                refused: row.get(4)?,
                reason: row.get(5)?,
            })
        })
    }

    fn id(&self, number: i64) -> String {
        format!("{:016x}-{number}", self.instance)
    }
}

/// What is noted of an attempt that failed.
#[derive(Clone, Copy, Debug)]
pub(in crate::outbox) struct Failed<'f> {
    pub(in crate::outbox) why: &'f str,
    /// Attempts that failed one after another.
    pub(in crate::outbox) failures: u32,
    /// Whether the destination counts as out of order.
    pub(in crate::outbox) is_broken: bool,
    /// When it is tried again.
    pub(in crate::outbox) next: i64,
    pub(in crate::outbox) now: i64,
}

pub(super) fn size(row: &Row<'_>, column: usize) -> rusqlite::Result<usize> {
    Ok(usize::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}
