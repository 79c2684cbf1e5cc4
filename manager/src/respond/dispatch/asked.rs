//! What people ask for. Nothing is passed over in silence: whatever cannot be
//! is an answer with the reason.

use super::Office;
use crate::agents::AgentId;
use crate::config::responses::Response;
use crate::database::DatabaseError;
use crate::respond::OwnedOrder;
use crate::respond::decide::{self, Seen, Subject, Whom};
use crate::respond::history::State;
use crate::respond::request::{ByHand, Filter, ROWS_MAX, Request, Undo};
use crate::respond::rows::{Names, SERVER};
use crate::sources::epoch_now;
use bartizan_core::respond::network::Network;
use bartizan_core::respond::order::is_user;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Why something cannot be, for whoever asked.
struct Refusal(String);

impl From<DatabaseError> for Refusal {
    fn from(error: DatabaseError) -> Self {
        Self(error.to_string())
    }
}

type Answer = Result<Value, Refusal>;

fn refuse<T>(why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(why.into()))
}

impl Office {
    /// Does what is asked, and says what became of it.
    pub(super) fn asked(&mut self, request: Request) -> Value {
        let answer = match request {
            Request::Configured => Ok(self.configured()),
            Request::InForce => self.in_force(),
            Request::History(filter) => self.find(&filter),
            Request::Respond(wish) => self.respond(&wish),
            Request::Undo(Undo { id: Some(id), all: false }) => self.undo(id),
            Request::Undo(Undo { id: None, all: true }) => self.undo_all(),
            Request::Undo(_) => refuse("say which response, or that all are meant"),
            Request::Confirm { id } => self.confirm(id),
            Request::Restart { agent } => self.restart(&agent),
        };
        answer.unwrap_or_else(|Refusal(why)| json!({ "ok": false, "error": why }))
    }

    fn configured(&self) -> Value {
        let row = |response: &Arc<Response>| {
            json!({ "response": response.name, "command": response.means.word(), "for_s": response.timeout_s,
                "dry_run": response.dry_run })
        };
        json!({ "ok": true, "responses": self.responses.list.iter().map(row).collect::<Vec<_>>() })
    }

    fn names(&self) -> Names {
        Names::new(self.hub.agents())
    }

    fn in_force(&self) -> Answer {
        let names = self.names();
        let rows: Vec<_> = self.history.in_force(epoch_now())?.iter().map(|entry| names.row(entry)).collect();
        Ok(json!({ "ok": true, "responses": rows }))
    }

    fn find(&self, asked: &Filter) -> Answer {
        let names = self.names();
        let mut filter = names.filter(asked).map_err(Refusal)?;
        filter.limit = filter.limit.clamp(1, ROWS_MAX);
        let rows: Vec<_> = self.history.find(&filter)?.iter().map(|entry| names.row(entry)).collect();
        Ok(json!({ "ok": true, "responses": rows }))
    }

    fn respond(&mut self, wish: &ByHand) -> Answer {
        let response = self.response(&wish.response)?;
        let network = match wish.ip.as_deref() {
            None => None,
            Some(text) => match Network::parse(text) {
                None => {
                    return refuse(format!(
                        "`{text}` is no address or range: write 192.0.2.9 or 2001:db8::/64"
                    ));
                }
                some => some,
            },
        };
        let user = wish.user.clone().unwrap_or_default();
        if !user.is_empty() && !is_user(&user) {
            return refuse(format!("`{user}` cannot be the name of a user"));
        }
        let (agents, here) = match wish.agent.as_str() {
            SERVER => (Vec::new(), true),
            agent => (self.present(agent)?, false),
        };
        let subject = Subject { network, user, file: String::new() };
        let why = "by hand".to_owned();
        let request = decide::Request { response, subject, for_s: wish.for_s, agents, here, why };
        let outcomes = self.decider.request(&request, &mut self.history, epoch_now())?;
        let states = self.carry_out(outcomes)?;
        self.sent(&states)
    }

    /// What became of what somebody asked for. It is refused if nobody was
    /// told to do it.
    fn sent(&self, states: &[(u64, State)]) -> Answer {
        let names = self.names();
        let mut rows = Vec::new();
        for (id, _) in states {
            rows.extend(self.history.get(*id)?.map(|entry| names.row(&entry)));
        }
        let is_sent = states.iter().any(|(_, state)| matches!(state, State::Sent | State::DryRun));
        let why =
            rows.iter().find_map(|row| row["why"].as_str()).unwrap_or("there is nobody to do it").to_owned();
        match is_sent {
            true => Ok(json!({ "ok": true, "sent": rows })),
            false => Ok(json!({ "ok": false, "error": why, "sent": rows })),
        }
    }

    /// The response of a name: configured, or built in.
    fn response(&self, name: &str) -> Result<Arc<Response>, Refusal> {
        let configured = self.responses.list.iter();
        let found = configured.clone().find(|response| response.name == name);
        let found = found.or_else(|| configured.clone().find(|response| response.command == name));
        if let Some(response) = found {
            return Ok(Arc::clone(response));
        }
        if let Some(response) = Response::built_in(name) {
            return Ok(Arc::new(response));
        }
        let mut known: BTreeSet<_> = configured.map(|response| response.name.as_str()).collect();
        known.extend(["block", "nftables", "ipset", "null-route", "hosts-deny", "lock-account"]);
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        refuse(format!("there is no response `{name}`; there are {known}"))
    }

    /// The agents of a word that are here; an error if there are none.
    fn present(&self, agent: &str) -> Result<Vec<Seen>, Refusal> {
        if agent == "all" {
            let mut all = self.hub.seen(Whom::All);
            all.retain(|seen| seen.is_here);
            return if all.is_empty() { refuse("no agent is connected") } else { Ok(all) };
        }
        let seen = match agent.parse() {
            Ok(id) => self.hub.seen(Whom::Number(id)),
            Err(()) => self.hub.seen(Whom::Named(agent)),
        };
        match seen.first() {
            None => refuse(format!("there is no agent `{agent}`: `bartizan agents list` shows all")),
            Some(seen) if !seen.is_here => {
                refuse(format!("agent {} {} is away: it is not connected", seen.agent, seen.name))
            }
            Some(_) => Ok(seen),
        }
    }

    fn undo(&mut self, id: u64) -> Answer {
        let Some(entry) = self.history.want_undo(id)? else {
            return match self.history.get(id)? {
                None => {
                    refuse(format!("there is no response {id}: `bartizan respond list` shows those in force"))
                }
                Some(entry) => {
                    refuse(format!("response {id} is {}: there is nothing to undo", entry.state.word()))
                }
            };
        };
        let here = self.order(entry.agent, OwnedOrder::end(id));
        let mut row = self.names().row(&entry);
        row["here"] = here.into();
        Ok(json!({ "ok": true, "sent": [row] }))
    }

    /// Agents that are here undo all they know of, which may be more than the
    /// history knows of; those that are away are told as soon as they are.
    fn undo_all(&mut self) -> Answer {
        let in_force = self.history.in_force(epoch_now())?;
        self.history.together(|history| {
            in_force.iter().try_for_each(|entry| history.want_undo(entry.id).map(drop))
        })?;
        let mut told: BTreeSet<AgentId> = [AgentId::MANAGER].into();
        self.local.order(OwnedOrder::end_all());
        let here = self.hub.seen(Whom::All).into_iter().filter(|seen| seen.is_here);
        told.extend(
            here.map(|seen| seen.agent).filter(|agent| self.hub.order(*agent, OwnedOrder::end_all())),
        );
        let names = self.names();
        let row = |entry| {
            let mut row = names.row(entry);
            row["here"] = told.contains(&entry.agent).into();
            row
        };
        let rows: Vec<_> = in_force.iter().map(row).collect();
        Ok(json!({ "ok": true, "sent": rows, "agents": told.len() - 1 }))
    }

    fn confirm(&mut self, id: u64) -> Answer {
        let Some(entry) = self.history.get(id)? else {
            return refuse(format!("there is no response {id}"));
        };
        if entry.agent != AgentId::MANAGER {
            self.present(&entry.agent.to_string())?;
        }
        match self.history.confirm(id, epoch_now())? {
            None => refuse(format!("response {id} waits for no confirmation: it is {}", entry.state.word())),
            Some(entry) => {
                self.order(entry.agent, OwnedOrder::renew(id, entry.for_s));
                Ok(json!({ "ok": true, "response": self.names().row(&entry) }))
            }
        }
    }

    fn restart(&mut self, agent: &str) -> Answer {
        if agent == SERVER || agent.parse() == Ok(AgentId::MANAGER) {
            self.hub.reload();
            return Ok(json!({ "ok": true }));
        }
        for seen in self.present(agent)? {
            if !self.hub.order(seen.agent, OwnedOrder::reload()) {
                return refuse(format!("agent {} {} is away: it is not connected", seen.agent, seen.name));
            }
        }
        Ok(json!({ "ok": true }))
    }
}
