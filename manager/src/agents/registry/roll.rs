//! Agents are added, found, renamed, removed.

use super::agent::{About, Agent, AgentId, ConfigurationState, GROUPS_MAX, Given, State, is_name};
use super::{Registry, RegistryError, is_conflict};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

/// What an agent has from an OSSEC installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OssecKey {
    /// The address it must come from: an address, a network, or `any`.
    pub address: String,
    /// The text of its key.
    pub key: String,
}

impl Registry {
    /// Adds an agent.
    pub fn add(&mut self, name: &str, groups: &[String], now: i64) -> Result<Agent, RegistryError> {
        let (name, groups) = (named(name)?, joined(groups)?);
        let sql = "INSERT INTO agents (name, groups, created, since) VALUES (?1, ?2, ?3, ?3) RETURNING id";
        let added = self.connection.query_row(sql, params![name, groups, now], |row| row.get(0));
        let id = added.map_err(|error| self.name_taken(error, name))?;
        self.agent(AgentId(id))?.ok_or_else(|| RegistryError::Unknown(name.to_owned()))
    }

    /// Adds an agent of an OSSEC installation with its number.
    pub fn import(&mut self, id: AgentId, name: &str, key: &OssecKey, now: i64) -> Result<(), RegistryError> {
        named(name)?;
        if id == AgentId::MANAGER || self.agent(id)?.is_some() {
            return Err(RegistryError::IdTaken(id));
        }
        if self.agent_by_name(name)?.is_some() {
            return Err(RegistryError::NameTaken(name.to_owned()));
        }
        self.transaction(|step| {
            let sql = "INSERT INTO agents (id, name, created, since) VALUES (?1, ?2, ?3, ?3)";
            step.execute(sql, params![id.0, name, now])?;
            let sql = "INSERT INTO ossec_keys (agent, address, key) VALUES (?1, ?2, ?3)";
            step.execute(sql, params![id.0, key.address, key.key]).map(drop)
        })
    }

    /// The agent with a public key.
    pub fn agent_by_key(&self, key: &[u8; 32]) -> Result<Option<Agent>, RegistryError> {
        select_one(&self.connection, "key = ?1", [key]).map_err(|error| self.database(error))
    }

    /// The agent with a number.
    pub fn agent(&self, id: AgentId) -> Result<Option<Agent>, RegistryError> {
        select_one(&self.connection, "id = ?1", [id.0]).map_err(|error| self.database(error))
    }

    /// The agent with a name.
    pub fn agent_by_name(&self, name: &str) -> Result<Option<Agent>, RegistryError> {
        select_one(&self.connection, "name = ?1", [name]).map_err(|error| self.database(error))
    }

    /// The agent with a number or a name, as people write it.
    pub fn find(&self, agent: &str) -> Result<Agent, RegistryError> {
        let by_number = agent.parse().ok().map(|id| self.agent(id)).transpose()?.flatten();
        match by_number {
            Some(found) => Ok(found),
            None => self.agent_by_name(agent)?.ok_or_else(|| RegistryError::Unknown(format!("`{agent}`"))),
        }
    }

    /// All agents, by number.
    pub fn agents(&self) -> Result<Vec<Agent>, RegistryError> {
        select(&self.connection, "true", []).map_err(|error| self.database(error))
    }

    /// Gives an agent another name.
    pub fn rename(&mut self, agent: AgentId, name: &str) -> Result<(), RegistryError> {
        let sql = "UPDATE agents SET name = ?2 WHERE id = ?1 AND id > 0";
        let renamed = self.connection.execute(sql, params![agent.0, named(name)?]);
        existed(agent, renamed.map_err(|error| self.name_taken(error, name))?)
    }

    /// Puts an agent into these groups and no others.
    pub fn set_groups(&mut self, agent: AgentId, groups: &[String]) -> Result<(), RegistryError> {
        let sql = "UPDATE agents SET groups = ?2 WHERE id = ?1 AND id > 0";
        let set = self.connection.execute(sql, params![agent.0, joined(groups)?]);
        existed(agent, set.map_err(|error| self.database(error))?)
    }

    /// Removes an agent and all that is known of it.
    pub fn remove(&mut self, agent: AgentId) -> Result<(), RegistryError> {
        let removed = self.connection.execute("DELETE FROM agents WHERE id = ?1 AND id > 0", [agent.0]);
        existed(agent, removed.map_err(|error| self.database(error))?)
    }

    /// What agents have from an OSSEC installation, by number.
    pub fn ossec_keys(&self) -> Result<Vec<(AgentId, String, OssecKey)>, RegistryError> {
        let select = || {
            let sql = "SELECT id, name, ossec_keys.address, ossec_keys.key FROM ossec_keys
                JOIN agents ON id = agent ORDER BY id";
            let mut statement = self.connection.prepare(sql)?;
            let entry = |row: &Row<'_>| {
                Ok((AgentId(row.get(0)?), row.get(1)?, OssecKey { address: row.get(2)?, key: row.get(3)? }))
            };
            statement.query_map([], entry)?.collect::<rusqlite::Result<_>>()
        };
        select().map_err(|error| self.database(error))
    }

    fn name_taken(&self, error: rusqlite::Error, name: &str) -> RegistryError {
        if is_conflict(&error) { RegistryError::NameTaken(name.to_owned()) } else { self.database(error) }
    }
}

fn named(name: &str) -> Result<&str, RegistryError> {
    if is_name(name) { Ok(name) } else { Err(RegistryError::Name(name.to_owned())) }
}

/// Groups as they are kept: each once, with commas.
fn joined(groups: &[String]) -> Result<String, RegistryError> {
    let mut once: Vec<&str> = Vec::new();
    for group in groups {
        if !once.contains(&named(group)?) {
            once.push(group);
        }
    }
    if once.len() > GROUPS_MAX { Err(RegistryError::Groups) } else { Ok(once.join(",")) }
}

fn existed(agent: AgentId, changed: usize) -> Result<(), RegistryError> {
    if changed > 0 { Ok(()) } else { Err(RegistryError::Unknown(agent.to_string())) }
}

/// The agent of which a condition holds.
pub(super) fn select_one(
    connection: &Connection,
    condition: &str,
    values: impl Params,
) -> rusqlite::Result<Option<Agent>> {
    connection.prepare_cached(&selection(condition))?.query_row(values, agent).optional()
}

fn select(connection: &Connection, condition: &str, values: impl Params) -> rusqlite::Result<Vec<Agent>> {
    connection.prepare_cached(&selection(condition))?.query_map(values, agent)?.collect()
}

fn selection(condition: &str) -> String {
    format!("SELECT * FROM agents WHERE id > 0 AND {condition} ORDER BY id")
}

fn agent(row: &Row<'_>) -> rusqlite::Result<Agent> {
    let groups: String = row.get("groups")?;
    let first_seen: Option<i64> = row.get("first_seen")?;
    let state = match (row.get("duplicated")?, row.get("connected")?) {
        (true, _) => State::Duplicated,
        (false, true) => State::Active,
        (false, false) if first_seen.is_none() => State::NeverConnected,
        (false, false) => State::Disconnected,
    };
    Ok(Agent {
        id: AgentId(row.get("id")?),
        name: row.get("name")?,
        key: row.get("key")?,
        groups: groups.split(',').filter(|group| !group.is_empty()).map(str::to_owned).collect(),
        created: row.get("created")?,
        enrolled: row.get("enrolled")?,
        first_seen,
        last_seen: row.get("last_seen")?,
        state,
        since: row.get("since")?,
        about: About {
            address: row.get("address")?,
            version: row.get("version")?,
            system: row.get("system")?,
            hostname: row.get("hostname")?,
            incarnation: row.get::<_, i64>("incarnation")?.cast_unsigned(),
        },
        configuration: given(row)?,
    })
}

fn given(row: &Row<'_>) -> rusqlite::Result<Option<Given>> {
    let Some(hash) = row.get::<_, Option<i64>>("configuration")? else {
        return Ok(None);
    };
    let state = match row.get::<_, String>("configuration_state")?.as_str() {
        "applied" => ConfigurationState::Applied,
        "refused" => ConfigurationState::Refused(row.get("configuration_why")?),
        _ => ConfigurationState::Pending,
    };
    Ok(Some(Given { hash: hash.cast_unsigned(), state, since: row.get("configuration_since")? }))
}
