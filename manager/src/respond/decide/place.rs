//! What is done in one place: for how long, or why not.

use super::super::history::{Entry, History, State, wide};
use super::super::occasion::Occasion;
use super::{Decider, Outcome, OwnedBegin, SAID_S, Spot, Subject, entry, extra, say, write};
use crate::agents::registry::AgentId;
use crate::config::responses::Response;
use crate::database::DatabaseError;
use bartizan_core::respond::network::Network;
use std::sync::Arc;

/// Seconds within which further alerts about a target are the same offence:
/// lines that were written before the response came into force.
const BURST_S: i64 = 60;

/// Seconds for which offences are remembered: 30 days.
const MEMORY_S: i64 = 30 * 86_400;

/// Seconds over which a cap counts.
const CAP_S: i64 = 3600;

/// Addresses of one range, the new one included, that become the range.
const AGGREGATE: u32 = 8;

/// An occasion and one of its responses.
pub(super) struct Case<'c> {
    pub(super) decider: &'c Decider,
    pub(super) occasion: &'c Occasion,
    pub(super) response: &'c Arc<Response>,
    pub(super) now: i64,
}

impl Case<'_> {
    /// It is not done: said once an hour for each target.
    pub(super) fn refuse(
        &self,
        agent: AgentId,
        subject: Subject,
        why: String,
        history: &mut History,
    ) -> Result<Outcome, DatabaseError> {
        self.say_once(
            Entry { state: State::Refused, why, ..self.entry(agent, &self.begin(subject)) },
            history,
        )
    }

    fn say_once(&self, entry: Entry, history: &mut History) -> Result<Outcome, DatabaseError> {
        if history.was_said(&entry, self.now - SAID_S)? {
            return Ok(Outcome::Nothing("it is not done, as was said lately"));
        }
        say(entry, history)
    }

    /// What is done on one machine.
    pub(super) fn decide(
        &self,
        spot: &Spot,
        subject: Subject,
        history: &mut History,
    ) -> Result<Outcome, DatabaseError> {
        let mut begin = self.begin(subject);
        let mut entry = self.entry(spot.agent, &begin);
        let before = history.came_again(&entry)?;
        if before.as_ref().is_some_and(|before| before.state != State::Failed || before.began.is_some()) {
            return Ok(Outcome::Nothing("it was decided before the program was started"));
        }
        let alive = if self.response.is_lasting() { history.alive(&entry, self.now)? } else { None };
        if let Some(range) = self.range(&entry, alive.as_ref(), history)? {
            begin.subject.network = Some(range);
            entry = self.entry(spot.agent, &begin);
        }
        let is_repeated = self.count_offence(&mut entry, before.is_some(), history)?;
        self.lasts(&mut entry, &mut begin);
        if alive.is_some_and(|alive| covers(&alive, &entry, is_repeated)) {
            return Ok(Outcome::Nothing("it is in force already"));
        }
        if let Some(why) = &spot.absent {
            return self.say_once(Entry { state: State::Away, why: why.clone(), ..entry }, history);
        }
        if history.told(&entry.response, entry.agent, self.now - CAP_S)? >= self.response.cap {
            let why = format!("the cap of {} an hour is reached", self.response.cap);
            return self.cap(Entry { state: State::Refused, why, ..entry }, history);
        }
        write(entry, begin, self.response, history)
    }

    /// The cap is reached: said once an hour for each machine.
    fn cap(&self, entry: Entry, history: &mut History) -> Result<Outcome, DatabaseError> {
        if history.was_refused(&entry, self.now - CAP_S)? {
            return Ok(Outcome::Nothing("the cap is reached"));
        }
        say(entry, history)
    }

    /// The range that takes the place of an address: one that is in force
    /// around it, or one in which so many are blocked.
    fn range(
        &self,
        entry: &Entry,
        alive: Option<&Entry>,
        history: &History,
    ) -> Result<Option<Network>, DatabaseError> {
        let Some(range) = entry.network.filter(|_| self.response.aggregate).and_then(wide) else {
            return Ok(None);
        };
        if alive.is_some_and(|alive| alive.network == Some(range)) {
            return Ok(Some(range));
        }
        let subject = Subject { network: Some(range), ..Subject::default() };
        let is_due = history.neighbours(entry, range, self.now)? + 1 >= AGGREGATE;
        Ok(Some(range).filter(|_| is_due && self.decider.protects(&subject).is_none()))
    }

    /// Counts the offence, and says whether it is another one than the last.
    fn count_offence(
        &self,
        entry: &mut Entry,
        is_counted: bool,
        history: &History,
    ) -> Result<bool, DatabaseError> {
        if !self.response.is_lasting() || self.response.timeout_s == 0 {
            return Ok(false);
        }
        let agent = self.response.per_agent.then_some(entry.agent);
        let since = self.now - MEMORY_S;
        let past = history.offences(&entry.response, &entry.target(), agent, since)?;
        let is_new = !is_counted && past.last.is_none_or(|last| self.now - last > BURST_S);
        entry.offence = (past.count + u32::from(is_new)).max(1);
        Ok(is_new)
    }

    /// Sets the time that fits the offence, or that until somebody confirms.
    fn lasts(&self, entry: &mut Entry, begin: &mut OwnedBegin) {
        let response = self.response;
        let later = (entry.offence as usize).checked_sub(2).and_then(|repeated| {
            let last = response.repeated_s.len().checked_sub(1)?;
            response.repeated_s.get(repeated.min(last)).copied()
        });
        entry.full_s = if response.means.is_lasting() { later.unwrap_or(response.timeout_s) } else { 0 };
        let is_shorter = entry.full_s == 0 || response.confirm_s < entry.full_s;
        let confirm_s = Some(response.confirm_s)
            .filter(|seconds| *seconds > 0 && is_shorter && self.response.is_lasting());
        entry.for_s = confirm_s.unwrap_or(entry.full_s);
        entry.confirm_by = confirm_s.map(|seconds| self.now + i64::from(seconds));
        if entry.for_s > 0 {
            entry.ends_at = Some(self.now + i64::from(entry.for_s));
        }
        begin.for_s = entry.for_s;
    }

    fn begin(&self, subject: Subject) -> OwnedBegin {
        let Self { decider, occasion, response, .. } = self;
        OwnedBegin {
            response: response.name.clone(),
            means: response.means.clone(),
            subject,
            for_s: response.timeout_s,
            dry_run: response.dry_run,
            alert: occasion.alert.clone(),
            rule: occasion.rule,
            location: occasion.location.clone(),
            node: decider.node.clone(),
            extra: extra(&response.means),
            alert_json: occasion
                .alert_json
                .clone()
                .filter(|_| response.means.wants_json())
                .unwrap_or_default(),
        }
    }

    fn entry(&self, agent: AgentId, begin: &OwnedBegin) -> Entry {
        let Occasion { level, excerpt, rule, .. } = self.occasion;
        let why = format!("rule {rule}, level {level}");
        Entry { level: *level, excerpt: excerpt.clone(), why, ..entry(begin, agent, self.now) }
    }
}

/// Whether what is in force makes it needless: it waits to be confirmed, was
/// done for the same offence, or lasts as long.
fn covers(alive: &Entry, entry: &Entry, is_repeated: bool) -> bool {
    let end = |entry: &Entry| entry.ends_at.unwrap_or(i64::MAX);
    alive.confirm_by.is_some() || !is_repeated || end(alive) >= end(entry)
}
