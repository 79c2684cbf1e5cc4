//! How a response stands, and what may come next.
//!
//! ```text
//! decided ──► sent ⇄ away ──► done ──► undone, expired
//!                        │      └──► failed (to undo it) ──► undone, expired
//!                        ├──► failed (to do it) ──► done, undone, expired
//!                        └──► refused, dry-run
//! ```
//! Any of the first three may be passed over: a report says what is, whether
//! or not it was known that the order had arrived.

use super::{Entry, History, State};
use crate::database::DatabaseError;
use rusqlite::params;

/// Bytes of what is said of a response.
const WHY_MAX: usize = 1024;

/// Whether a state may become `next`; `began` tells whether it was ever done.
fn leads_to(state: State, next: State, began: bool) -> bool {
    use State::{Away, Decided, Done, DryRun, Expired, Failed, Refused, Sent, Undone};
    match (state, next) {
        (_, Decided) => false,
        (Decided | Sent | Away, next) => state != next,
        (Done, next) => matches!(next, Failed | Undone | Expired),
        (Failed, Done) => !began,
        (Failed, next) => matches!(next, Undone | Expired),
        (Refused | DryRun | Undone | Expired, _) => false,
    }
}

impl History {
    /// Notes how a response stands: what a report said, or that its order was
    /// sent; an empty `why` leaves what was said before. Never goes back (a late `done` does not overwrite `undone`) and
    /// may be said twice. `None` if it changed nothing, else the row as it is
    /// now. A `done` ends an older entry about the same target, which the
    /// machine that did it has given up for the new one. `now` is when it came
    /// to pass.
    pub fn note(
        &mut self,
        id: u64,
        state: State,
        why: &str,
        now: i64,
    ) -> Result<Option<Entry>, DatabaseError> {
        self.together(|history| {
            let Some(mut entry) = history.get(id)? else { return Ok(None) };
            if !leads_to(entry.state, state, entry.began.is_some()) {
                return Ok(None);
            }
            entry.advance(state, why, now);
            let sql = "UPDATE responses SET state = ?2, since = ?3, why = ?4, began = ?5, ends_at = ?6 WHERE id = ?1";
            let Entry { since, why, began, ends_at, .. } = &entry;
            history.execute(sql, params![id.cast_signed(), state.word(), since, why, began, ends_at])?;
            if state == State::Done {
                history.succeed(&entry)?;
            }
            Ok(Some(entry))
        })
    }

    /// Older entries about the same target are over; what is done once is not.
    fn succeed(&self, entry: &Entry) -> Result<(), DatabaseError> {
        let sql = "UPDATE responses SET since = ?5, state = iif(ends_at <= ?5, 'expired', 'undone'),
              why = iif(ends_at <= ?5, 'its time was over', ?6)
            WHERE agent = ?1 AND means = ?2 AND target = ?3 AND id < ?4 AND (for_s > 0 OR ends_at IS NULL)
              AND (state = 'done' OR state = 'failed' AND began IS NOT NULL)";
        let Entry { id, agent, means, since, .. } = entry;
        let why = format!("response {id} took its place");
        self.execute(sql, params![agent.0, means, entry.target(), id.cast_signed(), since, why]).map(drop)
    }

    /// Somebody confirms a response: it lasts its full time from now on.
    /// `None` if it waits for no confirmation (any more); else the row as it
    /// is now: its `for_s` is what is to be sent as `Renew`.
    pub fn confirm(&mut self, id: u64, now: i64) -> Result<Option<Entry>, DatabaseError> {
        let sql = "UPDATE responses SET for_s = full_s, confirm_by = NULL,
              ends_at = iif(full_s = 0, NULL, ?2 + full_s)
            WHERE id = ?1 AND confirm_by > ?2 AND state IN ('decided', 'sent', 'done')";
        match self.execute(sql, params![id.cast_signed(), now])? {
            0 => Ok(None),
            _ => self.get(id),
        }
    }

    /// Somebody wants a response undone. `None` if there is nothing to undo:
    /// what is done once is over when it is done.
    pub fn want_undo(&mut self, id: u64) -> Result<Option<Entry>, DatabaseError> {
        let sql = "UPDATE responses SET undo = 1
            WHERE id = ?1 AND state IN ('decided', 'sent', 'done', 'failed')
              AND NOT (state = 'done' AND for_s = 0 AND ends_at IS NOT NULL)";
        match self.execute(sql, [id.cast_signed()])? {
            0 => Ok(None),
            _ => self.get(id),
        }
    }
}

impl Entry {
    fn advance(&mut self, state: State, why: &str, now: i64) {
        (self.state, self.since) = (state, now);
        if !why.is_empty() {
            self.why = cut(why, WHY_MAX).to_owned();
        }
        if state == State::Done && self.began.is_none() {
            self.began = Some(now);
            // What has no time ends when it is ended, or ended at once.
            if self.for_s > 0 {
                self.ends_at = Some(now + i64::from(self.for_s));
            }
        }
    }
}

/// The beginning of a text: at most so many bytes, whole characters.
pub(in crate::respond) fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}
