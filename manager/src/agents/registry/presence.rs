//! Agents come and go.

use super::agent::{About, AgentId, ConfigurationState, State};
use super::{Registry, RegistryError};
use rusqlite::{OptionalExtension, params};

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
        self.connect(agent, about, now).map_err(|error| self.database(error))?.ok_or_else(|| unknown(agent))
    }

    fn connect(&self, agent: AgentId, about: &About, now: i64) -> rusqlite::Result<Option<State>> {
        let sql = "UPDATE agents SET
              since = iif(connected AND NOT duplicated, since, ?2),
              connected = 1,
              duplicated = (?7 = incarnation_before AND ?7 <> incarnation AND first_seen IS NOT NULL)
                OR (duplicated AND ?7 = incarnation),
              incarnation_before = iif(?7 = incarnation, incarnation_before, incarnation),
              first_seen = coalesce(first_seen, ?2), last_seen = ?2,
              address = ?3, version = ?4, system = ?5, hostname = ?6, incarnation = ?7
            WHERE id = ?1 RETURNING duplicated";
        let About { address, version, system, hostname, incarnation } = about;
        let values = params![agent.0, now, address, version, system, hostname, incarnation.cast_signed()];
        let state = |duplicated| if duplicated { State::Duplicated } else { State::Active };
        self.connection
            .prepare_cached(sql)?
            .query_row(values, |row| row.get(0))
            .optional()
            .map(|found| found.map(state))
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

fn unknown(agent: AgentId) -> RegistryError {
    RegistryError::Unknown(agent.to_string())
}
