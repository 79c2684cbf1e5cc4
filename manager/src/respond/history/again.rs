//! What was decided shortly before the program ended, and may come again.
//!
//! An event that was answered and not yet committed when the program was
//! killed is analysed once more. Its response stands in the history, and is
//! carried out from there; it is not decided a second time, unless nothing came
//! of it, and the offence is not counted a second time.
//!
//! No number of an event outlives the program. It is known by the place it
//! came from, its text and its rule: so a line that is written anew to the
//! letter, with the same time in it, is once taken for the old one.

use super::{Entry, History};
use crate::database::DatabaseError;

/// Seconds before the last decision in which events may not have been
/// committed.
const SPAN_S: i64 = 60;

/// Rows that are remembered: as many as occasions may wait.
const ROWS_MAX: usize = super::super::desk::OCCASIONS_MAX;

impl History {
    /// Remembers what was decided last. To be called once by whoever decides,
    /// before the first event comes.
    pub(in crate::respond) fn recall(&mut self) -> Result<(), DatabaseError> {
        let condition = format!(
            "time >= (SELECT max(time) FROM responses) - {SPAN_S} AND rule > 0
            AND state NOT IN ('refused', 'away') ORDER BY id DESC LIMIT {ROWS_MAX}"
        );
        self.earlier = self.select(&condition, [])?;
        Ok(())
    }

    /// What an earlier life of the program has decided about the event of an
    /// entry, as it stands now. Each row is given once.
    pub(in crate::respond) fn came_again(&mut self, entry: &Entry) -> Result<Option<Entry>, DatabaseError> {
        let is_same = |old: &Entry| {
            (old.rule, old.agent) == (entry.rule, entry.agent)
                && old.response == entry.response
                && old.location == entry.location
                && old.excerpt == entry.excerpt
        };
        let Some(index) = self.earlier.iter().position(is_same) else { return Ok(None) };
        let id = self.earlier.swap_remove(index).id;
        self.get(id)
    }
}
