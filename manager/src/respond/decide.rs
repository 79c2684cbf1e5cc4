//! What is done about an alert: to whom, where, for how long, or why not.
//!
//! Nothing is sent here: what is to be done is written down and handed back.
//! A decision costs a handful of look-ups in the history, all by index.

use super::history::{History, HistoryError, State};
use super::occasion::Occasion;
use crate::agents::registry::AgentId;
use crate::config::Global;
use crate::config::responses::{Means, Response};
use bartizan_core::respond::network::Network;
use bartizan_core::respond::order::Begin;
use std::sync::Arc;

/// Who is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom<'a> {
    /// The agent of a name.
    Named(&'a str),
    /// The agent of a number, never 0.
    Number(AgentId),
    /// All agents.
    All,
}

/// An agent, and whether it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number, never 0.
    pub agent: AgentId,
    /// Its name.
    pub name: String,
    /// Whether it has a session.
    pub is_here: bool,
}

/// Finds agents: none if there is no such agent.
pub type Find<'f> = dyn Fn(Whom<'_>) -> Vec<Seen> + 'f;

/// What is done to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The address or range.
    pub network: Option<Network>,
    /// The user; empty for none.
    pub user: String,
    /// The file; empty for none.
    pub file: String,
}

/// Something that is to be done, and is written down as decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Its number in the history.
    pub id: u64,
    /// Where; [`AgentId::MANAGER`] is the manager's own machine.
    pub agent: AgentId,
    /// Which response.
    pub response: Arc<Response>,
    /// What is ordered.
    pub begin: OwnedBegin,
}

/// What becomes of a response to an occasion, in one place.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is to be done.
    Send(Decision),
    /// It is not done (refused, away, a dry run of what the manager does
    /// itself), which is written down.
    Said {
        /// Its number in the history.
        id: u64,
        /// What became of it.
        state: State,
        /// The event that says so: it goes to the manager's own events, from
        /// the place [`bartizan_core::respond::report::PLACE`].
        event: String,
    },
    /// Nothing is done or written down: why.
    Nothing(&'static str),
}

/// Something that somebody asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is to be done, one of those configured or [`Response::built_in`].
    pub response: Arc<Response>,
    /// To whom.
    pub subject: Subject,
    /// Seconds; 0 for until it is ended. Without it the response's own time.
    pub for_s: Option<u32>,
    /// Where.
    pub agents: Vec<Seen>,
    /// On the manager's own machine, too.
    pub here: bool,
    /// Who asks, and why.
    pub why: String,
}

/// A [`Begin`] that owns its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedBegin {
    /// The response's name.
    pub response: String,
    /// How.
    pub means: Means,
    /// To whom.
    pub subject: Subject,
    /// Seconds; 0 for until it is ended.
    pub for_s: u32,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Number of the alert; empty if somebody asked for it.
    pub alert: String,
    /// Number of the rule; 0 if somebody asked for it.
    pub rule: u32,
    /// Where the event came from.
    pub location: String,
    /// Name of the manager's machine.
    pub node: String,
    /// `extra_args` as JSON.
    pub extra: String,
    /// The alert as JSON; empty if it is not wanted.
    pub alert_json: String,
}

impl OwnedBegin {
    /// The order; `None` for a webhook, which the manager calls itself.
    pub fn lend(&self) -> Option<Begin<'_>> {
        None
    }
}

/// Decides.
#[derive(Debug, Default)]
pub struct Decider {}

impl Decider {
    /// A decider with the list of addresses that are never blocked.
    pub fn new(_global: &Global) -> Self {
        Self {}
    }

    /// What is done about an occasion. All is written down when it comes
    /// back; wrap several calls in [`History::together`] to wait for the disk
    /// once.
    pub fn decide(
        &self,
        _occasion: &Occasion,
        _agents: &Find<'_>,
        _history: &mut History,
        _now: i64,
    ) -> Result<Vec<Outcome>, HistoryError> {
        Ok(Vec::new())
    }

    /// What is done because somebody asks for it: without cap and without
    /// longer times for repetition; the list of addresses that are never
    /// blocked holds.
    pub fn request(
        &self,
        _request: &Request,
        _history: &mut History,
        _now: i64,
    ) -> Result<Vec<Outcome>, HistoryError> {
        Ok(Vec::new())
    }
}
