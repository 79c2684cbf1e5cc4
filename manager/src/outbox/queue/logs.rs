//! Logs that are read for destinations: how far each was read, and when that
//! was done last. A part of a log becomes parcels in one step with the place
//! behind it, so each line is in exactly one parcel.

use super::Queue;
use super::parcels::Made;
use crate::database::DatabaseError;

/// Makes the bytes of a parcel of its number.
pub type Render<'p> = Box<dyn FnOnce(&str) -> Vec<u8> + 'p>;

/// What a part of some logs becomes.
pub struct Part<'p> {
    /// Each log with the place behind the part.
    pub places: &'p [(String, Vec<u8>)],
    /// What each parcel is about, and what makes it.
    pub parcels: Vec<(String, Render<'p>)>,
    /// When.
    pub now: i64,
}

impl Queue {
    /// A destination that no daemon serves. What it wants of the store is nothing.
    pub fn join(&mut self, destination: &str, kind: &str) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO destinations (name, kind, cursor, budget, held) VALUES (?1, ?2, ?3, x'', 0)
                   ON CONFLICT (name) DO UPDATE SET kind = ?2, cursor = ?3, removed = NULL";
        self.change(sql, (destination, kind, i64::MAX)).map(drop)
    }

    /// Where reading of a log goes on for a destination.
    pub fn place_in(&self, destination: &str, log: &str) -> Result<Option<Vec<u8>>, DatabaseError> {
        let sql = "SELECT place FROM logs WHERE destination = ?1 AND log = ?2";
        self.one(sql, [destination, log], |row| row.get(0))
    }

    /// Second since 1970 before which lines are of no interest, and when logs
    /// were read last.
    pub fn readings(&self, destination: &str) -> Result<(Option<i64>, Option<i64>), DatabaseError> {
        let sql = "SELECT since, read FROM readings WHERE destination = ?1";
        let found = self.one(sql, [destination], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.unwrap_or_default())
    }

    /// Lines of before this second are of no interest to a destination.
    pub fn begin_at(&mut self, destination: &str, since: i64) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO readings (destination, since) VALUES (?1, ?2)
                   ON CONFLICT (destination) DO UPDATE SET since = ?2";
        self.change(sql, (destination, since)).map(drop)
    }

    /// A part of logs becomes parcels; all of it or nothing. On disk when it
    /// returns.
    pub fn read_on(&mut self, destination: &str, part: Part<'_>) -> Result<(), DatabaseError> {
        let Part { places, parcels, now } = part;
        self.together(|queue| {
            for (log, place) in places {
                let sql = "INSERT INTO logs VALUES (?1, ?2, ?3)
                           ON CONFLICT (destination, log) DO UPDATE SET place = ?3";
                queue.change(sql, (destination, log, place))?;
            }
            for (about, render) in parcels {
                queue.make(destination, &Made { about: &about, counts: false, now }, render)?;
            }
            let sql = "INSERT INTO readings (destination, read) VALUES (?1, ?2)
                       ON CONFLICT (destination) DO UPDATE SET read = ?2";
            queue.change(sql, (destination, now)).map(drop)
        })
    }

    /// How many parcels of a destination wait.
    pub fn waits(&self, destination: &str) -> Result<usize, DatabaseError> {
        Ok(self.waiting(destination)?.0)
    }
}
