//! Agents are added, found, renamed, removed.

use super::agent::{Agent, AgentId};
use super::{Registry, RegistryError};

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
        let _ = (groups, now);
        Err(RegistryError::Name(name.to_owned()))
    }

    /// Adds an agent of an OSSEC installation with its number.
    pub fn import(&mut self, id: AgentId, name: &str, key: &OssecKey, now: i64) -> Result<(), RegistryError> {
        let _ = (id, key, now);
        Err(RegistryError::Name(name.to_owned()))
    }

    /// The agent with a public key.
    pub fn agent_by_key(&self, key: &[u8; 32]) -> Result<Option<Agent>, RegistryError> {
        let _ = key;
        Ok(None)
    }

    /// The agent with a number.
    pub fn agent(&self, id: AgentId) -> Result<Option<Agent>, RegistryError> {
        let _ = id;
        Ok(None)
    }

    /// The agent with a name or a number, as people write it.
    pub fn find(&self, agent: &str) -> Result<Agent, RegistryError> {
        Err(RegistryError::Unknown(agent.to_owned()))
    }

    /// All agents, by number.
    pub fn agents(&self) -> Result<Vec<Agent>, RegistryError> {
        Ok(Vec::new())
    }

    /// Gives an agent another name.
    pub fn rename(&mut self, agent: AgentId, name: &str) -> Result<(), RegistryError> {
        let _ = agent;
        Err(RegistryError::Name(name.to_owned()))
    }

    /// Puts an agent into these groups and no others.
    pub fn set_groups(&mut self, agent: AgentId, groups: &[String]) -> Result<(), RegistryError> {
        let _ = (agent, groups);
        Ok(())
    }

    /// Removes an agent and all that is known of it.
    pub fn remove(&mut self, agent: AgentId) -> Result<(), RegistryError> {
        let _ = agent;
        Ok(())
    }

    /// What agents have from an OSSEC installation, by number.
    pub fn ossec_keys(&self) -> Result<Vec<(AgentId, String, OssecKey)>, RegistryError> {
        Ok(Vec::new())
    }
}
