//! What is asked by those who look, and by those who decide.

use super::rows::{ends, wide};
use super::{Entry, Filter, History, KEPT_S, LIMIT_MAX, ROWS_MAX, State};
use crate::agents::registry::AgentId;
use crate::database::DatabaseError;
use bartizan_core::respond::network::Network;
use rusqlite::{named_params, params};

/// Of a row: that it is in force, could be, or will be, at `?1`.
const IN_FORCE: &str = "(state = 'failed' AND began IS NOT NULL
    OR NOT dry AND state IN ('decided', 'sent', 'done') AND (ends_at IS NULL OR ends_at > ?1))";

/// How often somebody has offended, and when last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::respond) struct Offences {
    pub(in crate::respond) count: u32,
    pub(in crate::respond) last: Option<i64>,
}

impl History {
    /// The row of a number.
    pub fn get(&self, id: u64) -> Result<Option<Entry>, DatabaseError> {
        self.select_one("id = ?1", [id.cast_signed()])
    }

    /// What is in force or on its way, newest first, at most [`LIMIT_MAX`].
    pub fn in_force(&self, now: i64) -> Result<Vec<Entry>, DatabaseError> {
        self.select(&format!("{IN_FORCE} ORDER BY id DESC LIMIT {LIMIT_MAX}"), [now])
    }

    /// The rows that a filter lets through, newest first.
    pub fn find(&self, filter: &Filter) -> Result<Vec<Entry>, DatabaseError> {
        let sql = "(:since IS NULL OR time >= :since) AND (:agent IS NULL OR agent = :agent)
            AND (:state IS NULL OR state = :state) AND (:response IS NULL OR response = :response)
            AND (:first IS NULL OR first <= :last AND last >= :first)
            ORDER BY id DESC LIMIT :limit";
        let ends = filter.network.map(ends);
        let limit = if filter.limit == 0 { LIMIT_MAX } else { filter.limit.min(LIMIT_MAX) };
        self.select(
            sql,
            named_params! {
                ":since": filter.since,
                ":agent": filter.agent.map(|agent| agent.0),
                ":state": filter.state.map(State::word),
                ":response": filter.response,
                ":first": ends.map(|(first, _)| first),
                ":last": ends.map(|(_, last)| last),
                ":limit": limit,
            },
        )
    }

    /// What is to be undone on an agent, oldest first: for when it comes back.
    pub fn wanted_undos(&self, agent: AgentId) -> Result<Vec<u64>, DatabaseError> {
        let condition =
            "agent = ?1 AND undo = 1 AND state IN ('decided', 'sent', 'done', 'failed') ORDER BY id";
        Ok(self.select(condition, [agent.0])?.into_iter().map(|entry| entry.id).collect())
    }

    /// Removes what is kept no longer; call it once an hour. Says how many
    /// rows.
    pub fn prune(&mut self, now: i64) -> Result<u64, DatabaseError> {
        self.prune_to(now, ROWS_MAX)
    }

    pub(super) fn prune_to(&self, now: i64, rows: u64) -> Result<u64, DatabaseError> {
        let old = format!("DELETE FROM responses WHERE time < ?2 AND NOT {IN_FORCE}");
        let many = format!(
            "DELETE FROM responses WHERE id <= (SELECT id FROM responses ORDER BY id DESC LIMIT 1 OFFSET ?2)
               AND NOT {IN_FORCE}"
        );
        let gone = self.execute(&old, params![now, now - KEPT_S])?;
        let more = self.execute(&many, params![now, rows.cast_signed()])?;
        Ok((gone + more) as u64)
    }

    /// What is in force about a target as an entry would be, or about the range
    /// around it: the newest. For a dry run also what another one stands for.
    pub(in crate::respond) fn alive(
        &self,
        as_entry: &Entry,
        now: i64,
    ) -> Result<Option<Entry>, DatabaseError> {
        let target = as_entry.target();
        let around =
            as_entry.network.and_then(wide).map_or_else(|| target.clone(), |range| range.to_string());
        // The states are written out, so that the index of what is alive is used.
        let condition = "agent = ?2 AND means = ?3 AND target IN (?4, ?5)
            AND state IN ('decided', 'sent', 'done', 'failed', 'dry-run') AND (?6 OR NOT dry)
            AND (ends_at IS NULL OR ends_at > ?1) AND (state <> 'failed' OR began IS NOT NULL) ORDER BY id DESC";
        let Entry { agent, means, dry_run, .. } = as_entry;
        self.select_one(condition, params![now, agent.0, means, target, around, dry_run])
    }

    /// The offences of a target since a time; on one agent, or on all.
    pub(in crate::respond) fn offences(
        &self,
        response: &str,
        target: &str,
        agent: Option<AgentId>,
        since: i64,
    ) -> Result<Offences, DatabaseError> {
        let sql = "SELECT max(offence), max(time) FROM responses WHERE response = ?1 AND target = ?2
            AND time > ?3 AND offence > 0 AND (?4 IS NULL OR agent = ?4)";
        let values = params![response, target, since, agent.map(|agent| agent.0)];
        let ask = || {
            self.connection.prepare_cached(sql)?.query_row(values, |row| {
                Ok(Offences { count: row.get::<_, Option<u32>>(0)?.unwrap_or(0), last: row.get(1)? })
            })
        };
        ask().map_err(|error| self.database(error))
    }

    /// How many of a response an agent was told, or would have been, since a
    /// time.
    pub(in crate::respond) fn told(
        &self,
        response: &str,
        agent: AgentId,
        since: i64,
    ) -> Result<u32, DatabaseError> {
        let sql = "SELECT count(*) FROM responses WHERE agent = ?2 AND response = ?1 AND time > ?3
            AND state NOT IN ('refused', 'away')";
        self.value(sql, params![response, agent.0, since])
    }

    /// Whether the same was said of a target on an agent since a time.
    pub(in crate::respond) fn was_said(&self, entry: &Entry, since: i64) -> Result<bool, DatabaseError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM responses WHERE response = ?1 AND target = ?2 AND time > ?3
            AND agent = ?4 AND state = ?5 AND why = ?6)";
        let Entry { response, agent, state, why, .. } = entry;
        self.value(sql, params![response, entry.target(), since, agent.0, state.word(), why])
    }

    /// Whether an agent was refused a response for a reason since a time.
    pub(in crate::respond) fn was_refused(&self, entry: &Entry, since: i64) -> Result<bool, DatabaseError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM responses WHERE agent = ?2 AND response = ?1 AND time > ?4
            AND state = 'refused' AND why = ?3)";
        self.value(sql, params![entry.response, entry.agent.0, entry.why, since])
    }

    /// How many single addresses of a range are blocked by a response on an
    /// agent as an entry would be; for a dry run also those that would be.
    pub(in crate::respond) fn neighbours(
        &self,
        entry: &Entry,
        range: Network,
        now: i64,
    ) -> Result<u32, DatabaseError> {
        let sql =
            "SELECT count(DISTINCT target) FROM responses WHERE response = ?1 AND agent = ?2 AND wide = ?3
            AND target <> ?5 AND (ends_at IS NULL OR ends_at > ?4)
            AND state IN ('decided', 'sent', 'done', 'dry-run') AND (?6 OR NOT dry)";
        let Entry { response, agent, dry_run, .. } = entry;
        self.value(sql, params![response, agent.0, range.to_string(), now, entry.target(), dry_run])
    }
}
