//! What was decided shortly before the program ended, and may come again.
//!
//! An event that was answered and not yet committed when the program was
//! killed is analysed once more. Its response stands in the history, and is
//! carried out from there; it is not decided, and the offence not counted, a
//! second time.
//!
//! No number of an event outlives the program. It is known by the place it
//! came from, its text and its rule: so a line that is written anew to the
//! letter, with the same time in it, is once taken for the old one.

use super::{Entry, History, HistoryError};

/// Seconds before the last decision in which events may not have been
/// committed.
const SPAN_S: i64 = 60;

/// Rows that are remembered: as many as occasions may wait.
const ROWS_MAX: usize = super::super::desk::OCCASIONS_MAX;

impl History {
    /// Remembers what was decided last. To be called once by whoever decides,
    /// before the first event comes.
    pub(in crate::respond) fn recall(&mut self) -> Result<(), HistoryError> {
        let condition = format!(
            "time >= (SELECT max(time) FROM responses) - {SPAN_S} AND rule > 0
            AND state NOT IN ('refused', 'away') ORDER BY id DESC LIMIT {ROWS_MAX}"
        );
        self.earlier = self.select(&condition, [])?;
        Ok(())
    }

    /// Whether an entry is about an event that was answered before the program
    /// was started. Says so once for each row.
    pub(in crate::respond) fn came_again(&mut self, entry: &Entry) -> bool {
        let known = |entry: &Entry| (entry.rule, entry.agent);
        let is_same = |old: &Entry| {
            known(old) == known(entry)
                && old.response == entry.response
                && old.location == entry.location
                && old.excerpt == entry.excerpt
        };
        let found = self.earlier.iter().position(is_same);
        found.map(|index| self.earlier.swap_remove(index)).is_some()
    }
}
