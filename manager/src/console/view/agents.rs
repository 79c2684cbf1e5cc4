//! Who reports: agents with their sources.

use crate::agents::AgentId;
use crate::agents::registry::{Agent, ConfigurationState, Given, Registry, RegistryError, Source};
use schemars::JsonSchema;
use serde::Serialize;

/// An agent. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AgentLine {
    /// Its number: the same wherever it connects from.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// How it stands: `active`, `disconnected`, `never connected`,
    /// `duplicated`.
    pub state: &'static str,
    /// Since when.
    pub since: i64,
    /// Its groups.
    pub groups: Vec<String>,
    /// Where it last connected from, without the port; empty before.
    pub address: String,
    /// Its version; empty before it connected.
    pub version: String,
    /// When something last came from it.
    pub last_seen: Option<i64>,
    /// Records that came from it.
    pub records: u64,
    /// Records that it had to drop.
    pub lost: u64,
    /// What became of the configuration that it was given.
    pub configuration: Option<Configuration>,
}

/// What became of a configuration that an agent was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Configuration {
    /// Which.
    pub hash: String,
    /// `pending`, `applied` or `refused`.
    pub state: &'static str,
    /// Why it was refused.
    pub why: Option<String>,
    /// Since when.
    pub since: i64,
}

/// One agent, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AgentWhole {
    /// What lists show of it.
    pub agent: AgentLine,
    /// The name of its host.
    pub hostname: String,
    /// The system it runs on.
    pub system: String,
    /// When it was added.
    pub created: i64,
    /// When it last enrolled.
    pub enrolled: Option<i64>,
    /// When it first connected.
    pub first_seen: Option<i64>,
    /// Where its records come from.
    pub sources: Vec<SourceLine>,
}

/// Where records come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SourceLine {
    /// Its name; empty for what could not wait while the manager was away.
    pub source: String,
    /// Records that came from it.
    pub records: u64,
    /// When the last one came.
    pub last_event: Option<i64>,
    /// Seconds that usually pass between two of them.
    pub period: Option<u32>,
    /// Records that had to be dropped.
    pub lost: u64,
}

/// All agents, by number.
pub fn list(registry: &Registry) -> Result<Vec<AgentLine>, RegistryError> {
    let sources = registry.sources(None)?;
    let of = |agent: &Agent| line(agent, sources.iter().filter(|source| source.agent == agent.id));
    Ok(registry.agents()?.iter().map(of).collect())
}

/// All of one agent; none if there is no such one.
pub fn whole(registry: &Registry, id: u32) -> Result<Option<AgentWhole>, RegistryError> {
    let Some(agent) = registry.agent(AgentId(id))? else { return Ok(None) };
    let sources = registry.sources(Some(agent.id))?;
    Ok(Some(AgentWhole {
        agent: line(&agent, sources.iter()),
        hostname: agent.about.hostname.clone(),
        system: agent.about.system.clone(),
        created: agent.created,
        enrolled: agent.enrolled,
        first_seen: agent.first_seen,
        sources: sources.iter().map(SourceLine::new).collect(),
    }))
}

/// The sources of the manager's own machine.
pub fn own_sources(registry: &Registry) -> Result<Vec<SourceLine>, RegistryError> {
    Ok(registry.sources(Some(AgentId::MANAGER))?.iter().map(SourceLine::new).collect())
}

fn line<'s>(agent: &Agent, sources: impl Iterator<Item = &'s Source> + Clone) -> AgentLine {
    AgentLine {
        id: agent.id.0,
        name: agent.name.clone(),
        state: agent.state.words(),
        since: agent.since,
        groups: agent.groups.clone(),
        address: agent.about.address_alone().unwrap_or_default().to_owned(),
        version: agent.about.version.clone(),
        last_seen: agent.last_seen,
        records: sources.clone().map(|source| source.records).fold(0, u64::saturating_add),
        lost: sources.map(|source| source.lost).fold(0, u64::saturating_add),
        configuration: agent.configuration.as_ref().map(Configuration::new),
    }
}

impl Configuration {
    /// What became of one.
    pub fn new(given: &Given) -> Self {
        let (state, why) = match &given.state {
            ConfigurationState::Pending => ("pending", None),
            ConfigurationState::Applied => ("applied", None),
            ConfigurationState::Refused(why) => ("refused", Some(why.clone())),
        };
        Self { hash: format!("{:016x}", given.hash), state, why, since: given.since }
    }
}

impl SourceLine {
    /// What is told of a source.
    pub fn new(source: &Source) -> Self {
        Self {
            source: source.name.clone(),
            records: source.records,
            last_event: source.last_event,
            period: source.period,
            lost: source.lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::registry::{About, Advance, Commit, Lost};

    #[test]
    fn a_moved_agent_is_the_same_and_its_sources_are_summed() {
        let home = tempfile::tempdir().expect("a folder");
        let mut registry = Registry::open(home.path()).expect("a registry");
        let id = registry.add("gate", &["routers".to_owned()], 5).expect("it is added").id;
        for (at, address) in [(10, "192.0.2.1:7000"), (20, "[2001:db8::7]:7001")] {
            let about =
                About { address: address.to_owned(), version: "0.1.0".to_owned(), ..About::default() };
            registry.connected(id, &about, at).expect("it is there");
        }
        let source = |source, records| Advance {
            agent: id,
            source,
            position: None,
            records,
            last_event: Some(30),
            period: Some(2),
        };
        let sources = [source("/var/log/a", 3), source("/var/log/b", 4)];
        let lost = [Lost { agent: id, source: "", records: 9, first: 1, last: 2 }];
        registry.commit(&Commit { sources: &sources, lost: &lost, ..Commit::default() }).expect("done");
        let all = list(&registry).expect("a list");
        assert_eq!(all.len(), 1);
        let AgentLine { records, lost, address, state, .. } = &all[0];
        assert_eq!((*records, *lost, address.as_str(), *state), (7, 9, "[2001:db8::7]", "active"));
        let whole = whole(&registry, id.0).expect("asked").expect("it is there");
        assert_eq!((whole.agent.clone(), whole.sources.len()), (all[0].clone(), 3));
        assert_eq!(super::whole(&registry, 77).expect("asked"), None);
    }
}
