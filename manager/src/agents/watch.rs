//! Agents that are away and sources that have stopped.

use super::about;
use super::registry::{Agent, AgentId, Source, State};
use super::silence::Rhythm;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// Seconds that an agent may be away before it is reported: a router that
/// starts anew, a line that drops for a moment.
const AWAY_S: i64 = 60;

/// Sources of one agent whose rhythm is watched.
const SOURCES_MAX: usize = 1024;

/// Something that is to be said, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) location: String,
    pub(super) text: String,
}

#[derive(Debug)]
struct Watched {
    name: String,
    address: String,
    /// Since when it is away.
    away: Option<i64>,
    reported: bool,
    sources: HashMap<Arc<str>, Rhythm>,
}

impl Watched {
    fn new(agent: &Agent, away: Option<i64>) -> Self {
        let (name, address) = (agent.name.clone(), host(&agent.about.address));
        Self { name, address, away, reported: false, sources: HashMap::new() }
    }

    fn remark(&self, source: &str, text: String) -> Remark {
        Remark { location: about::location(&self.name, &self.address, source), text }
    }
}

/// Who is watched.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    agents: HashMap<AgentId, Watched>,
}

impl Watchers {
    /// Everybody who was ever here counts as away from now on.
    pub(super) fn new(agents: &[Agent], sources: &[Source], now: i64) -> Self {
        let seen = agents.iter().filter(|agent| agent.first_seen.is_some());
        let mut all: HashMap<_, _> = seen
            .map(|agent| {
                // Who was away before is not reported again.
                let reported = agent.state == State::Disconnected && agent.since < now - AWAY_S;
                (agent.id, Watched { reported, ..Watched::new(agent, Some(now)) })
            })
            .collect();
        for source in sources {
            if let (Some(watched), Some(pause)) = (all.get_mut(&source.agent), source.period) {
                watched.sources.insert(Arc::from(&*source.name), Rhythm::known(pause, now));
            }
        }
        Self { agents: all }
    }

    /// A session has begun. Gives the seconds that the agent was away, if that
    /// was reported.
    pub(super) fn arrived(&mut self, agent: &Agent, address: SocketAddr, now: i64) -> Option<i64> {
        let watched = self.agents.entry(agent.id).or_insert_with(|| Watched::new(agent, None));
        watched.name.clone_from(&agent.name);
        watched.address = address.ip().to_string();
        let away = watched.away.take().map(|since| now - since);
        watched.sources.values_mut().for_each(|rhythm| rhythm.back(now));
        away.filter(|_| std::mem::take(&mut watched.reported))
    }

    /// A session has ended and no other one has begun.
    pub(super) fn left(&mut self, agent: AgentId, now: i64) {
        if let Some(watched) = self.agents.get_mut(&agent) {
            watched.away.get_or_insert(now);
        }
    }

    /// The agent is no longer one of ours.
    pub(super) fn removed(&mut self, agent: AgentId) {
        self.agents.remove(&agent);
    }

    /// Records have come from a source.
    pub(super) fn heard(
        &mut self,
        agent: AgentId,
        source: &Arc<str>,
        records: u64,
        now: i64,
    ) -> Option<Remark> {
        let watched = self.agents.get_mut(&agent)?;
        if let Some(rhythm) = watched.sources.get_mut(source) {
            let silent = rhythm.heard(records, now)?;
            return Some(watched.remark(source, about::source_heard(source, silent)));
        }
        if watched.sources.len() < SOURCES_MAX {
            let mut rhythm = Rhythm::new(now);
            rhythm.heard(records, now);
            watched.sources.insert(Arc::clone(source), rhythm);
        }
        None
    }

    /// The usual pause of a source in seconds, to be kept over restarts.
    pub(super) fn pauses(&self) -> impl Iterator<Item = (AgentId, &str, u32)> {
        self.agents.iter().flat_map(|(agent, watched)| {
            let sources = watched.sources.iter();
            sources.filter_map(|(source, rhythm)| Some((*agent, &**source, rhythm.pause_s()?)))
        })
    }

    /// What there is to say of all: agents away for too long, sources silent
    /// for too long. Each is said once.
    pub(super) fn check(&mut self, now: i64) -> Vec<Remark> {
        let mut remarks = Vec::new();
        for watched in self.agents.values_mut() {
            match watched.away {
                Some(since) if !watched.reported && now - since >= AWAY_S => {
                    watched.reported = true;
                    let text = about::disconnected(&watched.name, &watched.address);
                    // OSSEC 4.3: the place of what its monitor says.
                    let location = format!("{}-{}->ossec-monitord", watched.name, watched.address);
                    remarks.push(Remark { location, text });
                }
                Some(_) => {}
                None => remarks.extend(silent_sources(watched, now)),
            }
        }
        remarks
    }
}

fn silent_sources(watched: &mut Watched, now: i64) -> Vec<Remark> {
    let sources = watched.sources.iter_mut();
    let silent: Vec<_> =
        sources.filter_map(|(source, rhythm)| Some((Arc::clone(source), rhythm.check(now)?))).collect();
    silent
        .into_iter()
        .map(|(source, silent_s)| watched.remark(&source, about::source_silent(&source, silent_s)))
        .collect()
}

/// The address without its port.
fn host(address: &str) -> String {
    address.parse::<SocketAddr>().map_or_else(|_| address.to_owned(), |address| address.ip().to_string())
}
