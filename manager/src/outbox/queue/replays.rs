//! What was sent before and is to be sent again.

use super::Queue;
use crate::database::DatabaseError;

/// A part of the store that a destination sends again, without any limit but
/// its own speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The last alert that is done with.
    pub cursor: u64,
    /// The last one that is wanted.
    pub until: u64,
}

impl Queue {
    /// Asks for a replay; one that is on already is replaced.
    pub fn ask_replay(&mut self, destination: &str, replay: &Replay) -> Result<(), DatabaseError> {
        let sql = "INSERT OR REPLACE INTO replays VALUES (?1, ?2, ?3)";
        self.change(sql, (destination, replay.cursor as i64, replay.until as i64)).map(drop)
    }

    /// The replay that is on.
    pub fn replay(&self, destination: &str) -> Result<Option<Replay>, DatabaseError> {
        let sql = "SELECT cursor, until FROM replays WHERE destination = ?1";
        self.one(sql, [destination], |row| {
            Ok(Replay { cursor: row.get::<_, i64>(0)? as u64, until: row.get::<_, i64>(1)? as u64 })
        })
    }

    /// How far the replay is; it is over when all that is wanted is done with.
    /// To be called within [`Queue::together`].
    pub(in crate::outbox) fn replayed(
        &mut self,
        destination: &str,
        replay: &Replay,
    ) -> Result<(), DatabaseError> {
        let sql = "UPDATE replays SET cursor = ?2 WHERE destination = ?1 AND until = ?3";
        self.change(sql, (destination, replay.cursor as i64, replay.until as i64))?;
        self.change("DELETE FROM replays WHERE destination = ?1 AND cursor >= until", [destination]).map(drop)
    }
}
