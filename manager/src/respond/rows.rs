//! Rows of the history as programs see them, with the names of agents; and
//! what people ask of them.

use super::history::{self, Entry, State};
use super::request::{self, ROWS};
use crate::agents::{Agent, AgentId};
use bartizan_core::respond::network::Network;
use serde_json::{Value, json};

/// What the manager's own machine is called.
pub const SERVER: &str = "server";

/// The agents that there are.
#[derive(Debug)]
pub struct Names(Vec<Agent>);

impl Names {
    /// These agents.
    pub fn new(agents: Vec<Agent>) -> Self {
        Self(agents)
    }

    /// The name of an agent; empty for one that was removed.
    pub fn name(&self, id: AgentId) -> &str {
        match id {
            AgentId::MANAGER => SERVER,
            id => self.0.iter().find(|agent| agent.id == id).map_or("", |agent| &agent.name),
        }
    }

    /// The agent of a number or a name; a removed one still has its number.
    pub fn find(&self, agent: &str) -> Option<AgentId> {
        let named = || self.0.iter().find(|known| known.name == agent).map(|known| known.id);
        if agent == SERVER { Some(AgentId::MANAGER) } else { agent.parse().ok().or_else(named) }
    }

    /// A row.
    pub fn row(&self, entry: &Entry) -> Value {
        json!({
            "id": entry.id,
            "time": entry.time,
            "response": entry.response,
            "means": entry.means,
            "agent": entry.agent.0,
            "name": self.name(entry.agent),
            "ip": entry.network.map(|network| network.to_string()),
            "user": some(&entry.user),
            "file": some(&entry.file),
            "for_s": entry.for_s,
            "state": entry.state.word(),
            "since": entry.since,
            "why": entry.why,
            "rule": entry.rule,
            "level": entry.level,
            "alert": some(&entry.alert),
            "location": some(&entry.location),
            "log": some(&entry.excerpt),
            "offence": entry.offence,
            "confirm_by": entry.confirm_by,
            "began": entry.began,
            "ends_at": entry.ends_at,
            "undo_wanted": entry.undo_wanted,
        })
    }

    /// The filter that somebody means; the error says what it cannot be.
    pub fn filter(&self, asked: &request::Filter) -> Result<history::Filter, String> {
        let agent = asked
            .agent
            .as_deref()
            .map(|agent| self.find(agent).ok_or(format!("there is no agent `{agent}`")));
        let ip =
            asked.ip.as_deref().map(|ip| Network::parse(ip).ok_or(format!("`{ip}` is no address or range")));
        let known = || State::ALL.map(State::word).join(", ");
        let state = asked.state.as_deref().map(|word| {
            State::from_word(word).ok_or_else(|| format!("there is no state `{word}`; there are {}", known()))
        });
        Ok(history::Filter {
            since: asked.since,
            agent: agent.transpose()?,
            network: ip.transpose()?,
            state: state.transpose()?,
            response: asked.response.clone(),
            limit: asked.limit.unwrap_or(ROWS),
        })
    }
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
