//! The thread that carries responses out: decides, writes down, sends.
//!
//! It takes what waits at the [`Desk`]. Everything that is to be done stands
//! in the history before anybody is told to do it. Orders go to the sessions
//! of agents, to the manager's own machine, or to a web server. What an agent
//! was told and did not answer is told again when it comes back, if it is not
//! too old by then; what somebody wants undone is told always.

mod asked;

use super::binding::Binding;
use super::decide::{Decider, Decision, Outcome, OwnedBegin, Subject};
use super::desk::{Desk, Errand, Said, Taken};
use super::history::{Entry, Filter, History, State};
use super::local::{Local, Webhooks};
use super::occasion::Occasion;
use super::order::OwnedOrder;
use crate::agents::AgentId;
use crate::agents::hub::Hub;
use crate::config::Config;
use crate::config::responses::{Means, Responses};
use crate::database::DatabaseError;
use crate::news;
use crate::ruleset::Loaded;
use crate::sources::{epoch_now, local_host};
use bartizan_core::respond::report::{PLACE, Report};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Seconds for which an order that was not answered is sent again, at least.
const AGAIN_S: i64 = 600;

/// Orders whose scripts and alerts are kept, so that they can be sent again.
const KEPT_MAX: usize = 4096;

/// How often old rows go.
const PRUNE: Duration = Duration::from_secs(3600);

/// The thread.
#[derive(Debug)]
pub struct Dispatcher {
    desk: Desk,
    thread: JoinHandle<()>,
}

impl Dispatcher {
    /// Starts it; `desk` is the one that the hub has, too.
    pub fn start(home: &Path, desk: &Desk, hub: Arc<Hub>, config: &Config) -> io::Result<Self> {
        let mut history = History::open(home).map_err(io::Error::other)?;
        history.recall().map_err(io::Error::other)?;
        let office = Office {
            local: Local::start(home, desk.clone())?,
            webhooks: Webhooks::start(desk.clone())?,
            decider: Decider::new(&config.global),
            responses: config.responses.clone(),
            kept: BTreeMap::new(),
            pruned: None,
            hub,
            history,
        };
        let from = desk.clone();
        let thread = thread::Builder::new().name("responses".to_owned()).spawn(move || office.run(&from))?;
        Ok(Self { desk: desk.clone(), thread })
    }

    /// Decides what has waited, and ends.
    pub fn finish(self) {
        self.desk.errand(Errand::Stop);
        if self.thread.join().is_err() {
            news::tell("the thread that carries responses out broke down");
        }
    }
}

/// What the thread owns.
struct Office {
    hub: Arc<Hub>,
    history: History,
    decider: Decider,
    responses: Responses,
    local: Local,
    webhooks: Webhooks,
    kept: BTreeMap<u64, Arc<OwnedBegin>>,
    pruned: Option<Instant>,
}

impl Office {
    fn run(mut self, desk: &Desk) {
        // What the own machine did not answer before a kill.
        self.errand(Errand::Arrived(AgentId::MANAGER));
        loop {
            let Taken { errands, occasions, missed } = desk.take(PRUNE);
            let is_over = errands.iter().any(|errand| matches!(errand, Errand::Stop));
            self.own(&errands);
            errands.into_iter().for_each(|errand| self.errand(errand));
            if let Err(error) = self.missed(missed) {
                news::tell(format_args!("responses: {missed} alerts were not answered: {error}"));
            }
            self.occasions(&occasions);
            if is_over {
                return self.local.finish();
            }
            self.prune();
        }
    }

    fn errand(&mut self, errand: Errand) {
        let done = match errand {
            Errand::Asked(request, answer) => {
                // Who asked may have gone.
                let _ = answer.send(self.asked(request));
                Ok(())
            }
            Errand::Arrived(agent) => self.arrived(agent),
            Errand::Configured(decider, responses) => {
                (self.decider, self.responses) = (*decider, responses);
                Ok(())
            }
            Errand::Own(_) | Errand::Stop => Ok(()),
        };
        if let Err(error) = done {
            news::tell(format_args!("responses: {error}"));
        }
    }

    /// What found no room on the desk is one row of the history and one event.
    fn missed(&mut self, missed: u64) -> Result<(), DatabaseError> {
        if missed == 0 {
            return Ok(());
        }
        let now = epoch_now();
        let why = format!("too many at once: {missed} alerts that have responses were not answered");
        let refused = Entry { time: now, since: now, why, ..refused("several") };
        let refused = self.history.add(refused)?;
        self.say(refused.event());
        Ok(())
    }

    /// Decides all that waits, in one step for the disk.
    fn occasions(&mut self, occasions: &VecDeque<Occasion>) {
        if occasions.is_empty() {
            return;
        }
        let Self { hub, history, decider, .. } = self;
        let now = epoch_now();
        let decided = history.together(|history| {
            let mut all = Vec::new();
            for occasion in occasions {
                all.extend(decider.decide(occasion, &|whom| hub.seen(whom), history, now)?);
            }
            Ok(all)
        });
        match decided.and_then(|outcomes| self.carry_out(outcomes)) {
            Ok(_) => {}
            Err(error) => self.say(format!(
                "bartizan: responses failed: {} alerts that have responses were not answered: {error}",
                occasions.len()
            )),
        }
    }

    /// Sends what is to be sent and says what is to be said. Gives the rows.
    fn carry_out(&mut self, outcomes: Vec<Outcome>) -> Result<Vec<(u64, State)>, DatabaseError> {
        let mut states = Vec::new();
        for outcome in outcomes {
            match outcome {
                Outcome::Send(decision) => states.push((decision.id, self.send(decision))),
                Outcome::Said { id, state, event } => {
                    self.say(event);
                    states.push((id, state));
                }
                Outcome::Nothing(_) => {}
            }
        }
        let now = epoch_now();
        let sent = states.iter().filter(|(_, state)| *state == State::Sent);
        self.history.together(|history| {
            sent.map(|(id, _)| history.note(*id, State::Sent, "", now)).collect::<Result<Vec<_>, _>>()
        })?;
        Ok(states)
    }

    /// Sends an order to whom it is for.
    fn send(&mut self, decision: Decision) -> State {
        let Decision { id, agent, begin, .. } = decision;
        if let Means::Webhook { url } = &begin.means {
            self.webhooks.call(id, url, webhook_body(id, &begin).to_string());
            return State::Sent;
        }
        let begin = Arc::new(begin);
        if self.order(agent, OwnedOrder::begin(id, &begin)) {
            self.keep(id, begin);
            return State::Sent;
        }
        // It has left since it was looked for.
        match self.history.note(id, State::Away, "the agent is not connected", epoch_now()) {
            Ok(Some(entry)) => self.say(entry.event()),
            Ok(None) => {}
            Err(error) => news::tell(format_args!("response {id}: {error}")),
        }
        State::Away
    }

    /// Hands an order to an agent or to the own machine; false if the agent
    /// is not here.
    fn order(&self, agent: AgentId, order: OwnedOrder) -> bool {
        if agent == AgentId::MANAGER {
            self.local.order(order);
            return true;
        }
        self.hub.order(agent, order)
    }

    fn keep(&mut self, id: u64, begin: Arc<OwnedBegin>) {
        self.kept.insert(id, begin);
        if self.kept.len() > KEPT_MAX {
            self.kept.pop_first();
        }
    }

    /// An agent is here: what it was not told, or did not answer, is told again.
    fn arrived(&mut self, agent: AgentId) -> Result<(), DatabaseError> {
        for id in self.history.wanted_undos(agent)? {
            self.order(agent, OwnedOrder::end(id));
        }
        let now = epoch_now();
        let unanswered = |state| Filter { agent: Some(agent), state: Some(state), ..Filter::default() };
        let mut entries = self.history.find(&unanswered(State::Decided))?;
        entries.extend(self.history.find(&unanswered(State::Sent))?);
        for entry in entries.iter().rev().filter(|entry| !entry.undo_wanted) {
            let age = now - entry.since;
            let begin = self.kept.get(&entry.id).cloned().or_else(|| begin_again(entry).map(Arc::new));
            match begin.filter(|_| age < AGAIN_S.max(i64::from(entry.for_s))) {
                Some(begin) => drop(self.order(agent, OwnedOrder::begin(entry.id, &begin))),
                None => self.give_up(entry.id)?,
            }
        }
        Ok(())
    }

    fn give_up(&mut self, id: u64) -> Result<(), DatabaseError> {
        let why =
            "it was not known to be done before the connection or the program ended; now it is too late";
        if let Some(entry) = self.history.note(id, State::Failed, why, epoch_now())? {
            self.say(entry.event());
        }
        Ok(())
    }

    /// The own machine has done something: all of it is one step for the disk.
    fn own(&mut self, errands: &[Errand]) {
        let said = || {
            errands.iter().filter_map(|errand| if let Errand::Own(said) = errand { Some(said) } else { None })
        };
        for Said { id, state, text } in said() {
            self.say(Report { id: *id, state: *state, text }.to_string());
        }
        if said().next().is_none() {
            return;
        }
        let now = epoch_now();
        let noted = self.history.together(|history| {
            said().try_for_each(|said| history.note(said.id, said.state, &said.text, now).map(drop))
        });
        if let Err(error) = noted {
            news::tell(format_args!("responses: {error}"));
        }
    }

    /// An event of the manager.
    fn say(&self, text: String) {
        self.hub.note(PLACE.as_bytes(), text);
    }

    fn prune(&mut self) {
        if self.pruned.is_some_and(|at| at.elapsed() < PRUNE) {
            return;
        }
        self.pruned = Some(Instant::now());
        if let Err(error) = self.history.prune(epoch_now()) {
            news::tell(format_args!("old responses cannot be forgotten: {error}"));
        }
    }
}

/// A row about nobody.
fn refused(response: &str) -> Entry {
    Entry {
        id: 0,
        time: 0,
        response: response.to_owned(),
        means: String::new(),
        agent: AgentId::MANAGER,
        network: None,
        user: String::new(),
        file: String::new(),
        for_s: 0,
        dry_run: false,
        state: State::Refused,
        since: 0,
        why: String::new(),
        rule: 0,
        level: 0,
        alert: String::new(),
        location: String::new(),
        excerpt: String::new(),
        offence: 0,
        confirm_by: None,
        full_s: 0,
        began: None,
        ends_at: None,
        undo_wanted: false,
    }
}

/// The order of a row whose texts are no longer kept; `None` if it needs more
/// than the row has.
fn begin_again(entry: &Entry) -> Option<OwnedBegin> {
    let plain =
        [Means::Block, Means::Nftables, Means::Ipset, Means::NullRoute, Means::HostsDeny, Means::LockAccount];
    let means = plain.into_iter().find(|means| means.word() == entry.means)?;
    Some(OwnedBegin {
        response: entry.response.clone(),
        means,
        subject: Subject { network: entry.network, user: entry.user.clone(), file: entry.file.clone() },
        for_s: entry.for_s,
        dry_run: entry.dry_run,
        alert: entry.alert.clone(),
        rule: entry.rule,
        location: entry.location.clone(),
        node: local_host(),
        extra: String::new(),
        alert_json: String::new(),
    })
}

/// What a web server is told.
fn webhook_body(id: u64, begin: &OwnedBegin) -> Value {
    json!({
        "version": 1,
        "origin": { "name": begin.node, "module": "bartizan" },
        "id": id,
        "response": begin.response,
        "ip": begin.subject.network.map(|network| network.to_string()),
        "user": begin.subject.user,
        "file": begin.subject.file,
        "for_s": begin.for_s,
        "rule": begin.rule,
        "alert_id": begin.alert,
        "location": begin.location,
        "alert": serde_json::from_str::<Value>(&begin.alert_json).unwrap_or(Value::Null),
    })
}

/// What the analysis has of responses: asked for each event that a rule counts.
#[derive(Debug)]
pub struct Bell {
    /// Where occasions go.
    pub desk: Desk,
    /// Which rules have responses.
    pub binding: Binding,
}

impl Bell {
    /// What is configured, bound to the rules.
    pub fn new(desk: &Desk, loaded: &Loaded) -> Self {
        let binding = Binding::new(&loaded.config.responses, &loaded.ruleset.image());
        Self { desk: desk.clone(), binding }
    }
}
