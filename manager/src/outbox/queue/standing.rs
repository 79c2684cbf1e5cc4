//! How destinations stand.

use super::Queue;
use super::parcels::size;
use crate::database::DatabaseError;

/// How one destination stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// The last alert that is done with.
    pub cursor: u64,
    /// Alerts that were counted and are not yet told.
    pub held: u64,
    /// Parcels that wait.
    pub waiting: usize,
    /// Parcels that were refused, of those that are kept.
    pub refused: usize,
    /// Parcels that were taken, and when the last one was.
    pub delivered: u64,
    /// When the last one was taken.
    pub delivered_at: Option<i64>,
    /// Attempts that failed since.
    pub failures: u32,
    /// What went wrong last; empty if nothing ever did.
    pub error: String,
    /// When that was.
    pub error_at: i64,
    /// Since when it counts as out of order.
    pub broken_since: Option<i64>,
    /// When it is tried again.
    pub next_attempt: Option<i64>,
    /// A replay that is on: the last alert that is done, the last wanted.
    pub replay: Option<(u64, u64)>,
    /// Since when it is no longer configured.
    pub removed: Option<i64>,
}

impl Standing {
    /// How it stands, in a word.
    pub fn word(&self) -> &'static str {
        match (self.removed, self.broken_since) {
            (Some(_), _) => "removed",
            (_, Some(_)) => "broken",
            _ if self.failures > 0 => "failing",
            _ => "good",
        }
    }

    /// Alerts of the store, the last of which is `committed`, that it has not
    /// looked at; of one that is no longer configured none is waited for.
    pub fn lag(&self, committed: u64) -> u64 {
        if self.removed.is_some() { 0 } else { committed.saturating_sub(self.cursor) }
    }
}

impl Queue {
    /// The destinations that are configured, with their kinds. New ones begin
    /// behind `committed`; what is not among them any more is kept for
    /// [`super::KEPT_S`].
    pub(in crate::outbox) fn configure(
        &mut self,
        all: &[(&str, &str)],
        committed: u64,
        now: i64,
    ) -> Result<(), DatabaseError> {
        self.together(|queue| {
            queue.change("UPDATE destinations SET removed = ?1 WHERE removed IS NULL", [now])?;
            // Of a store that somebody has removed the numbers begin anew.
            queue.change("UPDATE destinations SET cursor = min(cursor, ?1)", [committed as i64])?;
            let sql =
                "INSERT INTO destinations (name, kind, cursor, budget, held) VALUES (?1, ?2, ?3, x'', 0)
                       ON CONFLICT (name) DO UPDATE SET kind = ?2, removed = NULL";
            all.iter()
                .try_for_each(|(name, kind)| queue.change(sql, (name, kind, committed as i64)).map(drop))
        })
    }

    /// The last alert that a destination is done with, and its budget.
    pub(in crate::outbox) fn place(
        &self,
        destination: &str,
    ) -> Result<Option<(u64, Vec<u8>)>, DatabaseError> {
        let sql = "SELECT cursor, budget FROM destinations WHERE name = ?1";
        self.one(sql, [destination], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)))
    }

    /// Attempts of a destination that failed one after another, and whether it
    /// counts as out of order.
    pub(in crate::outbox) fn failures(&self, destination: &str) -> Result<(u32, bool), DatabaseError> {
        let sql = "SELECT failures, broken_since IS NOT NULL FROM destinations WHERE name = ?1";
        Ok(self.one(sql, [destination], |row| Ok((row.get(0)?, row.get(1)?)))?.unwrap_or_default())
    }

    /// Notes how far a destination is. To be called within
    /// [`Queue::together`], with the parcels that are made of it.
    pub(in crate::outbox) fn set_place(
        &mut self,
        destination: &str,
        cursor: u64,
        budget: &[u8],
        held: u64,
    ) -> Result<(), DatabaseError> {
        let sql = "UPDATE destinations SET cursor = ?2, budget = ?3, held = ?4 WHERE name = ?1";
        self.change(sql, (destination, cursor as i64, budget, held as i64)).map(drop)
    }

    /// How all destinations stand, by name.
    pub fn standings(&self) -> Result<Vec<Standing>, DatabaseError> {
        let sql = "SELECT name, kind, d.cursor, held,
                   (SELECT count(*) FROM parcels WHERE destination = name),
                   (SELECT count(*) FROM refused WHERE destination = name),
                   delivered, delivered_at, failures, error, error_at, broken_since, next_attempt, removed,
                   r.cursor, r.until
                   FROM destinations d LEFT JOIN replays r ON r.destination = name ORDER BY name";
        self.all(sql, [], |row| {
            let number = |column| row.get::<_, i64>(column).map(|number| number as u64);
            let replay = row.get::<_, Option<i64>>(14)?.zip(row.get::<_, Option<i64>>(15)?);
            Ok(Standing {
                name: row.get(0)?,
                kind: row.get(1)?,
                cursor: number(2)?,
                held: number(3)?,
                waiting: size(row, 4)?,
                refused: size(row, 5)?,
                delivered: number(6)?,
                delivered_at: row.get(7)?,
                failures: row.get(8)?,
                error: row.get(9)?,
                error_at: row.get(10)?,
                broken_since: row.get(11)?,
                next_attempt: row.get(12)?,
                removed: row.get(13)?,
                replay: replay.map(|(cursor, until)| (cursor as u64, until as u64)),
            })
        })
    }

    /// Alerts behind this number have yet to be sent to a destination;
    /// `u64::MAX` if there are no destinations.
    pub(in crate::outbox) fn needed_behind(&self) -> Result<u64, DatabaseError> {
        let sql = "SELECT min(cursor) FROM destinations WHERE removed IS NULL";
        let behind = self.one(sql, [], |row| row.get::<_, Option<i64>>(0))?;
        Ok(behind.flatten().map_or(u64::MAX, |seq| seq as u64))
    }
}
