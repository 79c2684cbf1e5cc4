//! What all connections of agents share: who is here, who may come in, and
//! how much may be on its way.
//!
//! **One session an agent.** A newer session of the same agent ends the older
//! one, waits until that has left, and then until everything that was received
//! from the agent is on disk. Only then is it told where its sources stand; so
//! nothing is received twice.

use super::about;
use super::delivery::{Outstanding, Session};
use super::identity::Identity;
use super::registry::{
    About, Advance, Agent, AgentId, Commit, EnrolError, Registry, RegistryError, Secret, State,
};
use super::watch::Watchers;
use crate::console::Pulse;
use crate::news;
use crate::respond::OwnedOrder;
use crate::respond::decide::{Seen, Whom};
use crate::respond::desk::{Desk, Errand};
use crate::ruleset::reload::Reloads;
use crate::sources::epoch_now;
use crate::sources::intake::{Door, Raw};
use bartizan_core::limits::RESPONSES_MAX;
use bartizan_core::wire::downlink::Ticket;
use bartizan_core::wire::message::Why;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedMutexGuard, Semaphore, mpsc, watch};

/// Bytes of all deliveries that may be on their way from the network to disk.
pub(super) const BUDGET: usize = 64 << 20;

/// Bytes that one agent may have on its way.
pub(super) const WINDOW: u32 = 1 << 20;

/// Orders that may wait for one agent. One that does not take them in time is
/// told the rest when it connects again.
const ORDERS_MAX: usize = RESPONSES_MAX;

/// What is known of the sessions of one agent.
#[derive(Debug)]
pub(super) struct Lane {
    /// Held by the session that is in.
    gate: Arc<tokio::sync::Mutex<()>>,
    /// What is on its way from any session.
    pub(super) outstanding: Arc<Outstanding>,
    /// Sessions up to this one are to end, and why.
    end: watch::Sender<(u64, Why)>,
}

/// A session that is in.
pub(super) struct Entered {
    /// What it shares with its deliveries.
    pub(super) session: Arc<Session>,
    /// Batches that are on disk.
    pub(super) committed: mpsc::UnboundedReceiver<Ticket>,
    /// Orders for the agent.
    pub(super) orders: mpsc::Receiver<OwnedOrder>,
    /// When to leave.
    pub(super) end: watch::Receiver<(u64, Why)>,
    /// Its number.
    pub(super) number: u64,
    _gate: OwnedMutexGuard<()>,
}

impl Entered {
    /// Why the session is to end, if it is.
    pub(super) fn must_end(&self) -> Option<Why> {
        let (up_to, why) = *self.end.borrow();
        (self.number <= up_to).then_some(why)
    }
}

/// A session as the control socket shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Present {
    /// Number of the agent.
    pub agent: u32,
    /// Its name.
    pub name: String,
    /// Where it connects from.
    pub address: SocketAddr,
    /// Since when, seconds since 1970.
    pub since: i64,
    /// Records received in this session.
    pub records: u64,
    #[serde(skip)]
    number: u64,
    #[serde(skip)]
    session: Arc<Session>,
}

/// What all connections share.
#[derive(Debug)]
pub struct Hub {
    pub(super) home: PathBuf,
    pub(super) identity: Identity,
    pub(super) door: Door,
    pub(super) budget: Arc<Semaphore>,
    registry: Mutex<Registry>,
    lanes: Mutex<HashMap<AgentId, Arc<Lane>>>,
    present: Mutex<HashMap<AgentId, Present>>,
    pub(super) watchers: Mutex<Watchers>,
    sessions: AtomicU64,
    /// Where rules are read again.
    pub(super) reloads: Reloads,
    /// Changes when shared configuration is to be read again.
    pub(super) shared: watch::Sender<u64>,
    /// Who carries responses out is told who has come.
    pub(super) desk: Desk,
    /// What the analysis counts.
    pulse: Arc<Pulse>,
    started: i64,
    pub(super) listening: Mutex<Vec<SocketAddr>>,
}

/// What a mutex holds.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves nothing half done in any of these.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    /// A hub for the agents of a home folder.
    pub fn new(
        home: PathBuf,
        mut registry: Registry,
        door: Door,
        desk: Desk,
        reloads: Reloads,
        pulse: Arc<Pulse>,
    ) -> Result<Self, RegistryError> {
        let now = epoch_now();
        let watchers = Watchers::new(&registry.agents()?, &registry.sources(None)?, now);
        registry.nobody_is_connected(now)?;
        Ok(Self {
            identity: Identity::open(&home)?,
            home,
            door,
            budget: Arc::new(Semaphore::new(BUDGET)),
            registry: Mutex::new(registry),
            lanes: Mutex::default(),
            present: Mutex::default(),
            watchers: Mutex::new(watchers),
            sessions: AtomicU64::new(1),
            reloads,
            shared: watch::Sender::new(0),
            desk,
            pulse,
            started: now,
            listening: Mutex::default(),
        })
    }

    /// Does something with the database. Its statements are short; the lock
    /// is never held over a wait for the network.
    pub(super) fn registry<T>(
        &self,
        act: impl FnOnce(&mut Registry) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        act(&mut lock(&self.registry))
    }

    fn lane(&self, agent: AgentId) -> Arc<Lane> {
        let new = || {
            Arc::new(Lane {
                gate: Arc::default(),
                outstanding: Arc::default(),
                end: watch::Sender::new((0, Why::Replaced)),
            })
        };
        Arc::clone(lock(&self.lanes).entry(agent).or_insert_with(new))
    }

    /// Ends older sessions of the agent and waits until it is the only one
    /// and nothing of the older ones is on its way; `None` if a still newer
    /// one has come meanwhile.
    pub(super) async fn enter(&self, agent: AgentId) -> Option<Entered> {
        let number = self.sessions.fetch_add(1, Relaxed);
        let lane = self.lane(agent);
        let end = lane.end.subscribe();
        end_up_to(&lane, number - 1, Why::Replaced);
        let gate = Arc::clone(&lane.gate).lock_owned().await;
        if end.borrow().0 >= number {
            return None;
        }
        lane.outstanding.settled().await;
        let (to, committed) = mpsc::unbounded_channel();
        let (give, orders) = mpsc::channel(ORDERS_MAX);
        let session = Arc::new(Session {
            agent,
            committed: to,
            orders: give,
            outstanding: Arc::clone(&lane.outstanding),
            records: AtomicU64::new(0),
        });
        Some(Entered { session, committed, orders, end, number, _gate: gate })
    }

    /// A session has begun: writes it down and says so.
    pub(super) fn arrived(
        &self,
        agent: &Agent,
        about: &About,
        address: SocketAddr,
        entered: &Entered,
    ) -> Result<(), RegistryError> {
        let now = epoch_now();
        let state = self.registry(|registry| registry.connected(agent.id, about, now))?;
        let present = Present {
            agent: agent.id.0,
            name: agent.name.clone(),
            address,
            since: now,
            records: 0,
            number: entered.number,
            session: Arc::clone(&entered.session),
        };
        lock(&self.present).insert(agent.id, present);
        self.desk.errand(Errand::Arrived(agent.id));
        let away = lock(&self.watchers).arrived(agent, address, now);
        if state == State::Duplicated && agent.state != State::Duplicated {
            self.say(agent, address, about::duplicated(&agent.name, address));
        } else if agent.about.incarnation != about.incarnation || agent.first_seen.is_none() {
            self.say(agent, address, about::started(&agent.name, address));
        } else if let Some(away) = away {
            self.say(agent, address, about::connected_again(&agent.name, address, away));
        }
        Ok(())
    }

    /// A session has ended.
    pub(super) fn left(&self, agent: &Agent, number: u64) {
        let now = epoch_now();
        let mut present = lock(&self.present);
        if present.get(&agent.id).is_some_and(|present| present.number == number) {
            present.remove(&agent.id);
            drop(present);
            lock(&self.watchers).left(agent.id, now);
            if let Err(error) = self.registry(|registry| registry.disconnected(agent.id, now)) {
                news::tell(format_args!("agent {}: {error}", agent.name));
            }
        }
    }

    /// Records have come from sources of an agent.
    pub(super) fn heard<'s>(
        &self,
        agent: AgentId,
        sources: impl Iterator<Item = (&'s Arc<str>, u64)>,
        now: i64,
    ) {
        let mut watchers = lock(&self.watchers);
        let remarks: Vec<_> =
            sources.filter_map(|(source, records)| watchers.heard(agent, source, records, now)).collect();
        drop(watchers);
        for remark in remarks {
            self.note(remark.location.as_bytes(), remark.text);
        }
    }

    /// An agent comes with a token's secret and its key.
    pub(super) fn enrol(&self, secret: &Secret, key: &[u8; 32]) -> Result<Agent, EnrolError> {
        let agent = lock(&self.registry).enrol(secret, key, epoch_now())?;
        // A session with an earlier key of the agent has lost its right.
        self.disconnect(agent.id.0);
        Ok(agent)
    }

    /// Writes an event of the manager about an agent.
    pub(super) fn say(&self, agent: &Agent, address: SocketAddr, text: String) {
        let location = about::location(&agent.name, address.ip(), "bartizan");
        self.note(location.as_bytes(), text);
    }

    /// Writes an event of the manager.
    pub(crate) fn note(&self, location: &[u8], text: String) {
        let (location, bytes) = (Arc::from(location), text.into_bytes());
        self.door.note(Raw { location, bytes, is_merged: false, time: epoch_now() });
    }

    /// The sessions, by agent.
    pub fn present(&self) -> Vec<Present> {
        let mut all: Vec<_> = lock(&self.present).values().cloned().collect();
        all.iter_mut().for_each(|present| present.records = present.session.records.load(Relaxed));
        all.sort_by_key(|present| present.agent);
        all
    }

    /// The agents that there are.
    pub fn agents(&self) -> Vec<Agent> {
        self.registry(|registry| registry.agents()).unwrap_or_default()
    }

    /// Finds agents, and whether they are here: none if there is no such one.
    pub fn seen(&self, whom: Whom<'_>) -> Vec<Seen> {
        let found = match whom {
            Whom::All => Ok(self.agents()),
            Whom::Named(name) => self.registry(|registry| registry.agent_by_name(name)).map(Vec::from_iter),
            Whom::Number(id) => self.registry(|registry| registry.agent(id)).map(Vec::from_iter),
        };
        let present = lock(&self.present);
        let seen = |agent: Agent| Seen {
            is_here: present.contains_key(&agent.id),
            agent: agent.id,
            name: agent.name,
        };
        found.unwrap_or_default().into_iter().filter(|agent| agent.id != AgentId::MANAGER).map(seen).collect()
    }

    /// Hands an order to an agent; false if it is not here, or takes no more
    /// at the moment.
    pub fn order(&self, agent: AgentId, order: OwnedOrder) -> bool {
        let present = lock(&self.present);
        present.get(&agent).is_some_and(|present| present.session.orders.try_send(order).is_ok())
    }

    /// Whether any agent was ever added.
    pub(super) fn has_agents(&self) -> bool {
        self.registry(|registry| Ok(!registry.agents()?.is_empty())).unwrap_or_default()
    }

    /// Writes down what was learned of the rhythm of sources.
    pub(super) fn keep_rhythms(&self) {
        let watchers = lock(&self.watchers);
        let advances: Vec<_> = watchers
            .pauses()
            .map(|(agent, source, pause)| Advance {
                agent,
                source,
                position: None,
                records: 0,
                last_event: None,
                period: Some(pause),
            })
            .collect();
        let commit = Commit { sources: &advances, ..Commit::default() };
        if let Err(error) = self.registry(|registry| registry.commit(&commit)) {
            news::tell(format_args!("cannot write down how often sources are heard: {error}"));
        }
    }

    /// How the daemon is.
    pub fn status(&self) -> Value {
        let known = self.registry(|registry| Ok(registry.agents()?.len())).unwrap_or_default();
        json!({
            "ok": true,
            "version": env!("CARGO_PKG_VERSION"),
            "started": self.started,
            "events": self.pulse.events(),
            "alerts": self.pulse.alerts(),
            "searches_given_up": self.pulse.searches_given_up(),
            "fields_left_out": self.pulse.fields_left_out(),
            "listening": *lock(&self.listening),
            "agents": { "known": known, "connected": lock(&self.present).len() },
            "waiting": self.door.waiting(),
            "bytes_on_their_way": BUDGET - self.budget.available_permits(),
        })
    }

    /// Rules and shared configuration are to be read again; nobody waits.
    pub fn reload(&self) {
        self.reloads.soon();
        self.share();
    }

    /// The same for somebody who waits: what has become of the rules.
    pub async fn reloaded(&self) -> Value {
        self.share();
        self.reloads.reload().await
    }

    /// Agents are given their shared configuration if it has changed.
    pub fn share(&self) {
        self.shared.send_modify(|count| *count += 1);
    }

    /// Ends the session of an agent; false if there is none.
    pub fn disconnect(&self, agent: u32) -> bool {
        let agent = AgentId(agent);
        let gone = matches!(self.registry(|registry| registry.agent(agent)), Ok(None));
        let present = lock(&self.present).get(&agent).map(|present| present.number);
        if let Some(number) = present {
            end_up_to(&self.lane(agent), number, if gone { Why::Removed } else { Why::Replaced });
        }
        if gone {
            lock(&self.watchers).removed(agent);
        }
        present.is_some()
    }
}

fn end_up_to(lane: &Lane, number: u64, why: Why) {
    lane.end.send_if_modified(|end| {
        let is_more = number > end.0;
        if is_more {
            *end = (number, why);
        }
        is_more
    });
}
