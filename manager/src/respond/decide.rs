//! What is done about an alert: to whom, where, for how long, or why not.
//!
//! Nothing is sent here: what is to be done is written down and handed back.
//! A decision costs a handful of look-ups in the history, all by index.
//!
//! | room | what happens there |
//! |---|---|
//! | `subject` | to whom: what of the event a response is about |
//! | `place` | in one place: for how long, or why not |

mod place;
mod subject;
#[cfg(test)]
mod tests;

use super::allow::AllowList;
use super::history::{Entry, History, State};
use super::occasion::Occasion;
use crate::agents::registry::AgentId;
use crate::config::Global;
use crate::config::responses::{Means, Response, Talk};
use crate::database::DatabaseError;
use crate::sources::local_host;
use bartizan_core::respond::network::Network;
use bartizan_core::respond::order::{self, Begin, is_label};
use bartizan_core::respond::shield::Shield;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use subject::Lack;

/// Seconds within which the same is not said again.
const SAID_S: i64 = 3600;

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
#[expect(clippy::large_enum_variant, reason = "lists of them are short, and most of them are orders")]
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
        Some(Begin {
            response: &self.response,
            means: self.means()?,
            network: self.subject.network,
            user: &self.subject.user,
            file: &self.subject.file,
            for_s: self.for_s,
            dry_run: self.dry_run,
            alert: &self.alert,
            rule: self.rule,
            location: &self.location,
        })
    }

    fn means(&self) -> Option<order::Means<'_>> {
        Some(match &self.means {
            Means::Block => order::Means::Block,
            Means::Nftables => order::Means::Nftables,
            Means::Ipset => order::Means::Ipset,
            Means::NullRoute => order::Means::NullRoute,
            Means::HostsDeny => order::Means::HostsDeny,
            Means::LockAccount => order::Means::LockAccount,
            Means::Webhook { .. } => return None,
            Means::Script { file, talk: Talk::Arguments, .. } => {
                order::Means::Script { file, talk: order::Talk::Arguments }
            }
            Means::Script { file, talk: Talk::Json, .. } => {
                let Self { node, extra, alert_json: alert, .. } = self;
                order::Means::Script { file, talk: order::Talk::Json { node, extra, alert } }
            }
        })
    }
}

/// Decides.
#[derive(Debug)]
pub struct Decider {
    allowed: AllowList,
    /// Addresses that are nobody's.
    special: Shield,
    node: String,
}

impl Default for Decider {
    /// Without a list of addresses that are never blocked.
    fn default() -> Self {
        Self::new(&Global::default())
    }
}

/// Where a response is to be carried out.
struct Spot {
    agent: AgentId,
    /// Why not, if the agent is not here.
    absent: Option<String>,
}

impl Spot {
    const HERE: Self = Self { agent: AgentId::MANAGER, absent: None };

    fn of(seen: &Seen) -> Self {
        let absent = || format!("agent {} ({}) is not connected", seen.agent, seen.name);
        Self { agent: seen.agent, absent: (!seen.is_here).then(absent) }
    }
}

impl Decider {
    /// A decider with the list of addresses that are never blocked.
    pub fn new(global: &Global) -> Self {
        let node = Some(local_host()).filter(|name| is_label(name)).unwrap_or_else(|| "manager".to_owned());
        Self { allowed: AllowList::new(&global.allow_list), special: Shield::new(), node }
    }

    /// What is done about an occasion. All is written down when it comes
    /// back; wrap several calls in [`History::together`] to wait for the disk
    /// once.
    pub fn decide(
        &self,
        occasion: &Occasion,
        agents: &Find<'_>,
        history: &mut History,
        now: i64,
    ) -> Result<Vec<Outcome>, DatabaseError> {
        history.together(|history| {
            let mut outcomes = Vec::new();
            for response in occasion.responses.iter() {
                let case = place::Case { decider: self, occasion, response, now };
                let subject = match subject::of(response, occasion) {
                    Ok(subject) => subject,
                    Err(Lack::Missing(why)) => {
                        outcomes.push(Outcome::Nothing(why));
                        continue;
                    }
                    Err(Lack::Unsound(why)) => {
                        let nobody = Subject::default();
                        outcomes.push(case.refuse(AgentId::MANAGER, nobody, why.to_owned(), history)?);
                        continue;
                    }
                };
                if let Some(why) = self.protects(&subject) {
                    outcomes.push(case.refuse(AgentId::MANAGER, subject, why, history)?);
                    continue;
                }
                for spot in spots(response, occasion, agents) {
                    outcomes.push(match spot {
                        Ok(spot) => case.decide(&spot, subject.clone(), history)?,
                        Err(why) => case.refuse(AgentId::MANAGER, subject.clone(), why, history)?,
                    });
                }
            }
            Ok(outcomes)
        })
    }

    /// What is done because somebody asks for it: without cap and without
    /// longer times for repetition; the list of addresses that are never
    /// blocked holds.
    pub fn request(
        &self,
        request: &Request,
        history: &mut History,
        now: i64,
    ) -> Result<Vec<Outcome>, DatabaseError> {
        let Request { response, subject, agents, here, why, .. } = request;
        let for_s = request.for_s.unwrap_or(response.timeout_s);
        let begin = OwnedBegin {
            response: response.name.clone(),
            means: response.means.clone(),
            subject: subject.clone(),
            for_s,
            dry_run: response.dry_run,
            alert: String::new(),
            rule: 0,
            location: String::new(),
            node: self.node.clone(),
            extra: extra(&response.means),
            alert_json: "{}".to_owned(),
        };
        let spots = agents.iter().map(Spot::of).chain(here.then_some(Spot::HERE));
        history.together(|history| {
            let one = |spot: Spot| {
                let entry = Entry { full_s: for_s, why: why.clone(), ..entry(&begin, spot.agent, now) };
                match (self.protects(subject), spot.absent) {
                    (Some(why), _) => say(Entry { state: State::Refused, why, ..entry }, history),
                    (None, Some(why)) => say(Entry { state: State::Away, why, ..entry }, history),
                    (None, None) => write(entry, begin.clone(), response, history),
                }
            };
            spots.map(one).collect()
        })
    }

    /// Why nothing must be done to somebody, if so.
    fn protects(&self, subject: &Subject) -> Option<String> {
        let network = subject.network?;
        let special = self.special.refuses(&network).map(|guarded| guarded.why());
        let why = special.or_else(|| self.allowed.has(&network).then_some("it is on the allow list"));
        why.map(|why| format!("{network} is protected: {why}"))
    }
}

/// The places where a response is to be carried out, each once; or why one is
/// none. Of all agents those that are here count (Wazuh 4.14).
fn spots(response: &Response, occasion: &Occasion, agents: &Find<'_>) -> Vec<Result<Spot, String>> {
    if !response.means.is_lasting() {
        return vec![Ok(Spot::HERE)];
    }
    let one = |whom: Whom<'_>, name: String| {
        agents(whom).first().map(Spot::of).ok_or_else(|| format!("there is no agent {name}"))
    };
    let location = response.location;
    let mut spots = Vec::new();
    if location.local {
        let name = occasion.agent();
        spots.push(name.map_or(Ok(Spot::HERE), |name| one(Whom::Named(name), format!("`{name}`"))));
    }
    spots.extend(location.server.then_some(Ok(Spot::HERE)));
    spots.extend(location.agent.map(|agent| one(Whom::Number(agent), agent.to_string())));
    if location.all {
        spots.extend(agents(Whom::All).iter().filter(|seen| seen.is_here).map(|seen| Ok(Spot::of(seen))));
    }
    let mut seen = BTreeSet::new();
    spots.retain(|spot| spot.as_ref().map_or(true, |spot| seen.insert(spot.agent)));
    spots
}

/// `extra_args` as JSON.
fn extra(means: &Means) -> String {
    match means {
        Means::Script { extra, .. } => json!(extra).to_string(),
        _ => "[]".to_owned(),
    }
}

/// The entry of an order: decided now, and about nothing that offends.
fn entry(begin: &OwnedBegin, agent: AgentId, now: i64) -> Entry {
    let Subject { network, user, file } = begin.subject.clone();
    let for_s = if begin.means.is_lasting() { begin.for_s } else { 0 };
    // What is done once and leaves nothing behind is over as soon as it is done.
    let is_once = for_s == 0 && matches!(begin.means, Means::Script { .. } | Means::Webhook { .. });
    Entry {
        id: 0,
        time: now,
        response: begin.response.clone(),
        means: begin.means.word().to_owned(),
        agent,
        network,
        user,
        file,
        for_s,
        state: State::Decided,
        since: now,
        why: String::new(),
        rule: begin.rule,
        level: 0,
        alert: begin.alert.clone(),
        location: begin.location.clone(),
        excerpt: String::new(),
        offence: 0,
        confirm_by: None,
        full_s: for_s,
        began: None,
        ends_at: if is_once { Some(now) } else { (for_s > 0).then(|| now + i64::from(for_s)) },
        undo_wanted: false,
        dry_run: begin.dry_run,
    }
}

/// Writes down what is not done.
fn say(entry: Entry, history: &mut History) -> Result<Outcome, DatabaseError> {
    let entry = history.add(entry)?;
    Ok(Outcome::Said { id: entry.id, state: entry.state, event: entry.event() })
}

/// Writes down what is to be done, if it can be ordered.
fn write(
    entry: Entry,
    begin: OwnedBegin,
    response: &Arc<Response>,
    history: &mut History,
) -> Result<Outcome, DatabaseError> {
    if let Some(Err(error)) = begin.lend().map(|begin| begin.check()) {
        return say(Entry { state: State::Refused, why: error.why().to_owned(), ..entry }, history);
    }
    if begin.dry_run && !begin.means.is_lasting() {
        return say(Entry { state: State::DryRun, ..entry }, history);
    }
    let Entry { id, agent, .. } = history.add(entry)?;
    Ok(Outcome::Send(Decision { id, agent, response: Arc::clone(response), begin }))
}
