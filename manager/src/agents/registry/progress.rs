//! How far each source was heard.
//!
//! What one step of the daemon brings is stored in one transaction: all of it
//! or nothing, and once. That is what makes an event count once.

use super::agent::AgentId;
use super::{Registry, RegistryError};
use rusqlite::{OptionalExtension, Row, ToSql, Transaction, params};
use std::collections::BTreeSet;

pub use bartizan_core::limits::POSITION_MAX;

/// Sources that are known of one agent: as many as it may have at a time, and
/// those of earlier days.
pub const SOURCES_MAX: usize = 4 * bartizan_core::limits::SOURCES_MAX;

/// Sources that stay when there are more: those that have been silent for
/// longest are forgotten.
const SOURCES_KEPT: usize = SOURCES_MAX / 8 * 7;

/// Records of one source that may count as lost; more are as many. An agent
/// can claim any number, and the database's integers must hold the sum over
/// [`SOURCES_MAX`] sources.
const LOST_MAX: u64 = 1 << 48;

/// What is stored in one step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Commit<'a> {
    /// Sources that have moved on.
    pub sources: &'a [Advance<'a>],
    /// Records that agents had to drop.
    pub lost: &'a [Lost<'a>],
    /// Files of this manager, and up to which byte they are valid.
    pub outputs: &'a [(&'a str, u64)],
    /// When something last came from agents.
    pub seen: &'a [(AgentId, i64)],
    /// The last alert in the store that is valid; `None` leaves it.
    pub stored: Option<u64>,
}

/// A source that has moved on.
#[derive(Clone, Copy, Debug)]
pub struct Advance<'a> {
    /// Whose.
    pub agent: AgentId,
    /// Its name; empty for the spool.
    pub source: &'a str,
    /// Where it stands now; `None`, or more than [`POSITION_MAX`] bytes, leaves it.
    pub position: Option<&'a [u8]>,
    /// Records that have come since the step before.
    pub records: u64,
    /// When the last one came; `None` leaves it.
    pub last_event: Option<i64>,
    /// Seconds that usually pass between two records; `None` leaves it.
    pub period: Option<u32>,
}

/// Records that an agent had to drop.
#[derive(Clone, Copy, Debug)]
pub struct Lost<'a> {
    /// Whose.
    pub agent: AgentId,
    /// Of which source.
    pub source: &'a str,
    /// How many; added to what was lost before.
    pub records: u64,
    /// When the first of them was written.
    pub first: i64,
    /// When the last of them was written.
    pub last: i64,
}

/// What is known of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whose.
    pub agent: AgentId,
    /// Its name; empty for the spool.
    pub name: String,
    /// Where it stands.
    pub position: Option<Vec<u8>>,
    /// Records that came from it.
    pub records: u64,
    /// When the last one came.
    pub last_event: Option<i64>,
    /// Seconds that usually pass between two records.
    pub period: Option<u32>,
    /// Records that the agent had to drop.
    pub lost: u64,
}

impl Registry {
    /// Stores all of it, or nothing.
    pub fn commit(&mut self, commit: &Commit<'_>) -> Result<(), RegistryError> {
        self.transaction(|step| store(step, commit))
    }

    /// Where the sources of an agent stand.
    pub fn positions(&self, agent: AgentId) -> Result<Vec<(String, Vec<u8>)>, RegistryError> {
        let placed = |source: Source| Some((source.name, source.position?));
        Ok(self.sources(Some(agent))?.into_iter().filter_map(placed).collect())
    }

    /// Where one source of an agent stands.
    pub fn position(&self, agent: AgentId, source: &str) -> Result<Option<Vec<u8>>, RegistryError> {
        let select = || {
            let sql = "SELECT position FROM sources WHERE agent = ?1 AND name = ?2";
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_row(params![agent.0, source], |row| row.get(0)).optional()
        };
        select().map(Option::flatten).map_err(|error| self.database(error))
    }

    /// The sources of an agent, or of all, by name.
    pub fn sources(&self, agent: Option<AgentId>) -> Result<Vec<Source>, RegistryError> {
        self.select_sources(agent).map_err(|error| self.database(error))
    }

    fn select_sources(&self, agent: Option<AgentId>) -> rusqlite::Result<Vec<Source>> {
        let sql = "SELECT agent, name, position, records, last_event, period, lost
            FROM sources WHERE ?1 IS NULL OR agent = ?1 ORDER BY agent, name";
        let source = |row: &Row<'_>| {
            Ok(Source {
                agent: AgentId(row.get(0)?),
                name: row.get(1)?,
                position: row.get(2)?,
                records: row.get::<_, i64>(3)?.cast_unsigned(),
                last_event: row.get(4)?,
                period: row.get(5)?,
                lost: row.get::<_, i64>(6)?.cast_unsigned(),
            })
        };
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_map([agent.map(|agent| agent.0)], source)?.collect()
    }

    /// Records that an agent had to drop in all.
    pub fn lost(&self, agent: AgentId) -> Result<u64, RegistryError> {
        let sql = "SELECT coalesce(sum(lost), 0) FROM sources WHERE agent = ?1";
        let sum = self.connection.query_row(sql, [agent.0], |row| row.get::<_, i64>(0));
        sum.map(i64::cast_unsigned).map_err(|error| self.database(error))
    }

    /// The files of this manager, and up to which byte they are valid.
    pub fn outputs(&self) -> Result<Vec<(String, u64)>, RegistryError> {
        let select = || {
            let mut statement =
                self.connection.prepare_cached("SELECT path, size FROM outputs ORDER BY path")?;
            let rows =
                statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
            rows.collect::<rusqlite::Result<_>>()
        };
        select().map_err(|error| self.database(error))
    }

    /// The last alert in the store that is valid; `None` before there was a store.
    pub fn stored(&self) -> Result<Option<u64>, RegistryError> {
        let select = || {
            let mut statement = self.connection.prepare_cached("SELECT seq FROM stored")?;
            statement.query_row([], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned())).optional()
        };
        select().map_err(|error| self.database(error))
    }

    /// A file of this manager that is complete and needs no watching.
    pub fn forget_output(&mut self, path: &str) -> Result<(), RegistryError> {
        let deleted = self.connection.execute("DELETE FROM outputs WHERE path = ?1", [path]);
        deleted.map(drop).map_err(|error| self.database(error))
    }
}

fn store(step: &Transaction<'_>, commit: &Commit<'_>) -> rusqlite::Result<()> {
    let mut grown = BTreeSet::new();
    for source in commit.sources {
        if advance(step, source)? {
            grown.insert(source.agent);
        }
    }
    for lost in commit.lost {
        if lose(step, lost)? {
            grown.insert(lost.agent);
        }
    }
    for agent in grown {
        forget_oldest(step, agent)?;
    }
    let mut output = step.prepare_cached("INSERT OR REPLACE INTO outputs (path, size) VALUES (?1, ?2)")?;
    for (path, size) in commit.outputs {
        output.execute(params![path, size.cast_signed()])?;
    }
    let mut seen = step.prepare_cached("UPDATE agents SET last_seen = ?2 WHERE id = ?1")?;
    for (agent, at) in commit.seen {
        seen.execute(params![agent.0, at])?;
    }
    if let Some(seq) = commit.stored {
        let sql = "INSERT OR REPLACE INTO stored (id, seq) VALUES (0, ?1)";
        step.prepare_cached(sql)?.execute([seq.cast_signed()])?;
    }
    Ok(())
}

/// True if the source was not known before.
fn advance(step: &Transaction<'_>, source: &Advance<'_>) -> rusqlite::Result<bool> {
    let sql = "UPDATE sources SET position = coalesce(?3, position), records = records + ?4,
          last_event = coalesce(?5, last_event), period = coalesce(?6, period)
        WHERE agent = ?1 AND name = ?2";
    let position = source.position.filter(|position| position.len() <= POSITION_MAX);
    let Advance { agent, source: name, records, last_event, period, .. } = source;
    update(
        step,
        *agent,
        name,
        sql,
        params![agent.0, name, position, records.cast_signed(), last_event, period],
    )
}

/// True if the source was not known before.
fn lose(step: &Transaction<'_>, lost: &Lost<'_>) -> rusqlite::Result<bool> {
    let sql =
        "UPDATE sources SET lost = min(lost + ?3, ?6), lost_first = coalesce(lost_first, ?4), lost_last = ?5
        WHERE agent = ?1 AND name = ?2";
    let Lost { agent, source, records, first, last } = lost;
    let [records, most] = [(*records).min(LOST_MAX), LOST_MAX].map(u64::cast_signed);
    update(step, *agent, source, sql, params![agent.0, source, records, first, last, most])
}

/// Changes the row of a source, which is made if need be; not for an agent
/// that is no longer there. True if it was made.
fn update(
    step: &Transaction<'_>,
    agent: AgentId,
    name: &str,
    sql: &str,
    values: &[&dyn ToSql],
) -> rusqlite::Result<bool> {
    let mut update = step.prepare_cached(sql)?;
    if update.execute(values)? > 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO sources (agent, name) SELECT id, ?2 FROM agents WHERE id = ?1";
    let made = step.prepare_cached(sql)?.execute(params![agent.0, name])? > 0;
    update.execute(values)?;
    Ok(made)
}

/// Holds the sources of an agent to [`SOURCES_MAX`].
fn forget_oldest(step: &Transaction<'_>, agent: AgentId) -> rusqlite::Result<()> {
    let mut count = step.prepare_cached("SELECT count(*) FROM sources WHERE agent = ?1")?;
    if count.query_row([agent.0], |row| row.get::<_, usize>(0))? <= SOURCES_MAX {
        return Ok(());
    }
    // The spool is not one of those that come and go.
    let sql = "DELETE FROM sources WHERE agent = ?1 AND name IN (
          SELECT name FROM sources WHERE agent = ?1 AND name <> ''
          ORDER BY coalesce(last_event, 0) DESC LIMIT -1 OFFSET ?2)";
    step.prepare_cached(sql)?.execute(params![agent.0, SOURCES_KEPT]).map(drop)
}
