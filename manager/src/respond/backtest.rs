//! What responses would have done to old logs, and whom that would have hit.
//!
//! A [`Backtest`] takes the place of the outputs behind the engine. It decides
//! as the running manager does, with a history of its own in memory and by
//! the clock of the events; whatever is decided counts as done at once.

use super::binding::Binding;
use super::decide::{Decider, Outcome, Seen, Whom};
use super::history::{Entry, Filter, History, State, wide};
use super::occasion::Occasion;
use crate::agents::registry::AgentId;
use crate::alert::{Alert, AlertId};
use crate::config::Config;
use crate::config::responses::{Location, REPEATED_MIN, Response, Responses};
use crate::database::DatabaseError;
use crate::engine::pipeline::Sink;
use crate::engine::session::Court;
use crate::outputs::clock::LocalClock;
use bartizan_core::event::{Category, Event, Field};
use bartizan_core::image::Image;
use bartizan_core::respond::network::Network;
use bartizan_core::rules::judge::{Fate, Verdict};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

/// Addresses whose ordinary traffic is counted.
const ADDRESSES_MAX: usize = 1_000_000;

/// Rules of this level and above do not speak of welcome visitors.
const SUSPECT_LEVEL: u16 = 5;

/// What tells of accepted mail: the decoder, and what stands in the log.
const MAIL: [(&[u8], &str); 3] = [(b"postfix", ": client="), (b"exim", " <= "), (b"sendmail", "stat=Sent")];

/// What an address did that is no attack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ordinary {
    /// Events before it was blocked first.
    pub before: u64,
    /// Events while it was blocked.
    pub during: u64,
    /// The last of these logs, of those while it was blocked if there are any.
    pub example: String,
}

/// Decides about old events.
#[derive(Debug)]
pub struct Backtest {
    binding: Binding,
    decider: Decider,
    history: History,
    since: i64,
    clock: LocalClock,
    tickets: u64,
    ordinary: HashMap<IpAddr, Ordinary>,
    /// Until when a target is blocked, and whether it ever was.
    blocked: HashMap<Network, i64>,
    failed: Option<DatabaseError>,
    /// Events that were looked at.
    pub events: u64,
}

/// What would have been done.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// What would have been done or refused, oldest first.
    pub entries: Vec<Entry>,
    /// Those blocked that also had ordinary traffic, the most first.
    pub hit: Vec<(IpAddr, Ordinary)>,
}

/// The responses to test: those that are configured, else `block` for ten
/// minutes at level 10 and above and for failures of authentication.
pub fn responses(config: &Config) -> Responses {
    let tested = |response: &Arc<Response>| {
        // Nobody confirms here, and all is but a test.
        Arc::new(Response { dry_run: false, confirm_s: 0, ..(**response).clone() })
    };
    let mut list: Vec<_> = config.responses.list.iter().map(tested).collect();
    if list.is_empty() {
        list.extend(Response::built_in("block").map(usual).map(Arc::new));
    }
    Responses { list }
}

fn usual(block: Response) -> Response {
    Response {
        name: "block600".to_owned(),
        timeout_s: 600,
        repeated_s: REPEATED_MIN.map(|minutes| minutes * 60).to_vec(),
        level: Some(10),
        rules_group: Some("authentication_failures".to_owned()),
        location: Location { local: true, ..Location::default() },
        ..block
    }
}

impl Backtest {
    /// A test of these responses; what happened before `since` is judged, but
    /// leads to nothing.
    pub fn new(
        config: &Config,
        responses: &Responses,
        image: &Image<'_>,
        since: i64,
    ) -> Result<Self, DatabaseError> {
        Ok(Self {
            binding: Binding::new(responses, image),
            decider: Decider::new(&config.global),
            history: History::in_memory()?,
            since,
            clock: LocalClock::default(),
            tickets: 0,
            ordinary: HashMap::new(),
            blocked: HashMap::new(),
            failed: None,
            events: 0,
        })
    }

    /// What was found.
    pub fn finish(self) -> Result<Findings, DatabaseError> {
        let mut entries = self.history.find(&Filter::default())?;
        entries.reverse();
        let was_blocked =
            |address: &IpAddr| around(*address).any(|network| self.blocked.contains_key(&network));
        let mut hit: Vec<_> = self.ordinary.into_iter().filter(|(address, _)| was_blocked(address)).collect();
        hit.sort_by_key(|(address, ordinary)| {
            (std::cmp::Reverse((ordinary.during, ordinary.before)), *address)
        });
        Ok(Findings { entries, hit })
    }

    /// Counts an event that is no attack.
    fn count(&mut self, event: &Event<'_>, address: IpAddr) {
        let until = around(address).filter_map(|network| self.blocked.get(&network)).max().copied();
        if self.ordinary.len() >= ADDRESSES_MAX && !self.ordinary.contains_key(&address) {
            return;
        }
        let ordinary = self.ordinary.entry(address).or_default();
        match until {
            None => ordinary.before += 1,
            Some(until) if until > event.now.epoch => ordinary.during += 1,
            // It was free again.
            Some(_) => return,
        }
        let text = String::from_utf8_lossy(event.full_log());
        ordinary.example = text.chars().filter(|c| !c.is_control()).take(200).collect();
    }

    fn decide(&mut self, occasion: &Occasion) -> Result<(), DatabaseError> {
        let now = occasion.time;
        for outcome in self.decider.decide(occasion, &everybody_is_here, &mut self.history, now)? {
            let Outcome::Send(decision) = outcome else { continue };
            let done = self.history.note(decision.id, State::Done, "", now)?;
            if let (Some(network), Some(entry)) = (decision.begin.subject.network, done) {
                let until = self.blocked.entry(network).or_default();
                *until = entry.ends_at.unwrap_or(i64::MAX).max(*until);
            }
        }
        Ok(())
    }
}

impl Sink for Backtest {
    fn judged(&mut self, event: &Event<'_>, verdict: &Verdict, court: &Court<'_, '_>) {
        if event.now.epoch < self.since {
            return;
        }
        self.events += 1;
        let image = &court.image;
        if let Some(address) = address(event).filter(|_| is_ordinary(event, verdict, image)) {
            self.count(event, address);
        }
        let row = verdict.rule.filter(|_| verdict.fate == Fate::Fired);
        let Some(responses) = row.and_then(|row| self.binding.of(row)) else {
            return;
        };
        self.tickets += 1;
        let id = AlertId { epoch: event.now.epoch, ticket: self.tickets };
        let time = self.clock.local(event.now.epoch);
        let alert = Alert::new(image, event, verdict, Vec::new(), id, time);
        let occasion = Occasion::new(responses, event, &alert);
        if let Err(error) = self.decide(&occasion) {
            self.failed.get_or_insert(error);
        }
    }

    fn batch_done(&mut self, _ticket: Option<u64>) -> io::Result<()> {
        self.failed.take().map_or(Ok(()), |error| Err(io::Error::other(error)))
    }
}

/// There is one of each agent, and all that there are is one.
fn everybody_is_here(whom: Whom<'_>) -> Vec<Seen> {
    let (agent, name) = match whom {
        Whom::Named(name) => (AgentId(1), name),
        Whom::Number(agent) => (agent, ""),
        Whom::All => (AgentId(1), ""),
    };
    vec![Seen { agent, name: name.to_owned(), is_here: true }]
}

/// An address, and the range that may take its place.
fn around(address: IpAddr) -> impl Iterator<Item = Network> {
    let single = Network::from(address);
    [Some(single), wide(single)].into_iter().flatten()
}

fn address(event: &Event<'_>) -> Option<IpAddr> {
    let text = std::str::from_utf8(event.field(Field::SrcIp)?).ok()?;
    Some(text.parse::<IpAddr>().ok()?.to_canonical())
}

/// Whether an event is what a welcome visitor does: somebody has logged in, a
/// page was given out, mail was taken, and no rule is against it. A log-in
/// counts even after failures: people mistype.
fn is_ordinary(event: &Event<'_>, verdict: &Verdict, image: &Image<'_>) -> bool {
    let groups =
        verdict.rule.and_then(|row| image.rule(row)).map_or(&b""[..], |rule| image.text(rule.groups));
    if groups.split(|byte| *byte == b',').any(|group| group.trim_ascii() == b"authentication_success") {
        return true;
    }
    if verdict.rule.and_then(|row| image.rule(row)).is_some_and(|rule| rule.level >= SUSPECT_LEVEL) {
        return false;
    }
    let status = event.field(Field::Id).or_else(|| event.field(Field::Status));
    let is_given_out = status.is_some_and(|status| status.len() == 3 && matches!(status[0], b'2' | b'3'));
    if event.category == Category::WebLog && is_given_out {
        return true;
    }
    let decoder = image.decoder_name(event.decoder).unwrap_or_default();
    let has = |word: &str| memchr::memmem::find(event.log(), word.as_bytes()).is_some();
    MAIL.iter().any(|(name, word)| *name == decoder && has(word))
}

#[cfg(test)]
mod tests;
