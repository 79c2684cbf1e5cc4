//! Agents come and go.

use super::agent::{About, AgentId, ConfigurationState, State};
use super::roll::select_one;
use super::{Registry, RegistryError};
use rusqlite::{Transaction, params};

impl Registry {
    /// Nobody is connected: for the start of the daemon, after which an agent
    /// counts as connected only once it is.
    pub fn nobody_is_connected(&mut self, now: i64) -> Result<(), RegistryError> {
        let sql = "UPDATE agents SET since = iif(duplicated, since, ?1), connected = 0 WHERE connected";
        self.connection.execute(sql, [now]).map(drop).map_err(|error| self.database(error))
    }

    /// An agent has connected. Says how it stands: active, or duplicated.
    ///
    /// An incarnation that comes back after another one proves that two
    /// processes have the agent's key. The agent stays duplicated until one
    /// comes that was not here before: after a restart.
    pub fn connected(&mut self, agent: AgentId, about: &About, now: i64) -> Result<State, RegistryError> {
        self.transaction(|step| connect(step, agent, about, now))?.ok_or_else(|| unknown(agent))
    }

    /// An agent's last session has ended.
    pub fn disconnected(&mut self, agent: AgentId, now: i64) -> Result<(), RegistryError> {
        let sql = "UPDATE agents SET since = iif(connected AND NOT duplicated, ?2, since), connected = 0
            WHERE id = ?1";
        self.connection.execute(sql, params![agent.0, now]).map(drop).map_err(|error| self.database(error))
    }

    /// There is other proof that two agents have this one's key.
    pub fn duplicated(&mut self, agent: AgentId, now: i64) -> Result<(), RegistryError> {
        let sql = "UPDATE agents SET since = iif(duplicated, since, ?2), duplicated = 1 WHERE id = ?1";
        self.connection.execute(sql, params![agent.0, now]).map(drop).map_err(|error| self.database(error))
    }

    /// What became of a configuration that the agent was given.
    pub fn configuration(
        &mut self,
        agent: AgentId,
        hash: u64,
        state: &ConfigurationState,
        now: i64,
    ) -> Result<(), RegistryError> {
        let (word, why) = match state {
            ConfigurationState::Pending => ("pending", None),
            ConfigurationState::Applied => ("applied", None),
            ConfigurationState::Refused(why) => ("refused", Some(why)),
        };
        let sql = "UPDATE agents SET configuration = ?2, configuration_state = ?3, configuration_why = ?4,
            configuration_since = ?5 WHERE id = ?1";
        let values = params![agent.0, hash.cast_signed(), word, why, now];
        self.connection.execute(sql, values).map(drop).map_err(|error| self.database(error))
    }
}

/// `None` if there is no such agent.
fn connect(
    step: &Transaction<'_>,
    agent: AgentId,
    about: &About,
    now: i64,
) -> rusqlite::Result<Option<State>> {
    let Some(known) = select_one(step, "id = ?1", [agent.0])? else {
        return Ok(None);
    };
    let sql = "SELECT incarnation_before FROM agents WHERE id = ?1";
    let before: i64 = step.query_row(sql, [agent.0], |row| row.get(0))?;
    let new = about.incarnation.cast_signed();
    let last = known.about.incarnation.cast_signed();
    let is_back = new != last && new == before && known.first_seen.is_some();
    let stays = new == last && known.state == State::Duplicated;
    let state = if is_back || stays { State::Duplicated } else { State::Active };
    let since = if state == known.state { known.since } else { now };
    let before = if new == last { before } else { last };
    let sql = "UPDATE agents SET since = ?2, connected = 1, duplicated = ?3, last_seen = ?4,
        first_seen = coalesce(first_seen, ?4), incarnation = ?5, incarnation_before = ?6,
        address = ?7, version = ?8, system = ?9, hostname = ?10 WHERE id = ?1";
    let About { address, version, system, hostname, .. } = about;
    let duplicated = state == State::Duplicated;
    step.execute(
        sql,
        params![agent.0, since, duplicated, now, new, before, address, version, system, hostname],
    )?;
    Ok(Some(state))
}

fn unknown(agent: AgentId) -> RegistryError {
    RegistryError::Unknown(agent.to_string())
}
