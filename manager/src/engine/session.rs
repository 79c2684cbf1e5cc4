//! One event from text to verdict, on one thread.
//!
//! [`Understanding`] is the half that needs no memory (header, decoder,
//! fields, the rules whose own conditions hold); [`Court`] is the half that
//! remembers. A [`Session`] is both. All memory is taken once, at the start.

use super::Ruleset;
use super::memory::{HostMemory, MemoryOptions};
use crate::pattern::FastMatcher;
use bartizan_core::decode::accumulate::{self, Accumulator, Carried};
use bartizan_core::decode::decode;
use bartizan_core::decode::plugins::packet;
use bartizan_core::event::{Category, Event, Field};
use bartizan_core::image::Image;
use bartizan_core::pattern::Matcher;
use bartizan_core::predecode;
use bartizan_core::rules::history::{EventNumber, History, Link, Memory, Queue, Slot};
use bartizan_core::rules::judge::{Judge, Manner, Previous, RuleState, Step, Verdict};
use bartizan_core::rules::walk::{self, Candidates};
use std::io;

/// Bytes for the texts of remembered events: 1 KiB each on average, with the
/// default number of them.
const HISTORY_BYTES: usize = 8 << 20;
const CARRIED_MAX: usize = 256;

/// How an engine behaves.
#[derive(Clone, Debug, Default)]
pub struct EngineOptions {
    /// Daemon or test program.
    pub manner: Manner,
    /// Where what outlives the process is kept.
    pub memory: MemoryOptions,
}

/// The half that needs no memory of earlier events.
#[derive(Debug)]
pub struct Understanding<'r> {
    image: Image<'r>,
    matcher: FastMatcher<'r>,
    /// Packets are completed and their actions normalised: by the daemon.
    normalise: bool,
    packet_events: bool,
}

impl<'r> Understanding<'r> {
    /// For one thread.
    pub fn new(ruleset: &'r Ruleset, manner: Manner) -> Self {
        let image = ruleset.image();
        Self {
            image,
            matcher: FastMatcher::new(&ruleset.tables, image.patterns),
            normalise: manner == Manner::Daemon,
            packet_events: ruleset.settings.packet_events,
        }
    }

    /// Header, decoder and fields.
    pub fn decode(&mut self, event: &mut Event<'_>) {
        let header = predecode::header(event.text);
        event.header_host = header.host;
        event.program = header.program;
        event.log = header.log;
        self.matcher.begin(event.log());
        decode(&self.image, &mut self.matcher, event);
        if self.packet_events {
            packet::adopt(&self.image, event);
        }
        if self.normalise && event.category == Category::Firewall {
            if self.packet_events {
                packet::complete(event);
            }
            normalise_action(event);
        }
    }

    /// The rules whose own conditions hold. The event must be the one decoded
    /// last. Events that carry values over from earlier ones are left to the
    /// half that remembers: their candidates are "walk the tree yourself".
    pub fn find(&mut self, event: &Event<'_>, found: &mut Candidates) {
        if accumulate::applies(&self.image, event) {
            found.set_unknown();
        } else {
            walk::find(&self.image, &mut self.matcher, event, found);
        }
    }
}

/// OSSEC 4.3's words for what a packet filter did; the daemon's rules see
/// these, the test program's do not.
fn normalise_action(event: &mut Event<'_>) {
    let Some(action) = event.field(Field::Action) else { return };
    let contains = |word: &[u8]| action.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word));
    let word: &[u8] = match action.first().map(u8::to_ascii_lowercase) {
        Some(b'd' | b'r' | b'b') => b"DROP",
        Some(b'c' | b't') => b"CLOSED",
        Some(b'a' | b'p' | b'o') => b"ALLOW",
        _ if contains(b"drop") => b"DROP",
        _ if contains(b"accept") => b"ALLOW",
        _ => b"UNKNOWN",
    };
    let value = event.keep(word);
    event.set(Field::Action, value);
}

/// Memory that a [`Court`] works in.
#[derive(Debug)]
pub struct Lent {
    slots: Vec<Slot>,
    links: Vec<Link>,
    queues: Vec<Queue>,
    bytes: Vec<u8>,
    states: Vec<RuleState>,
    carried: Vec<Carried>,
}

impl Lent {
    /// As much as a ruleset needs.
    pub fn new(ruleset: &Ruleset) -> Self {
        let image = ruleset.image();
        let slots = ruleset.settings.memory_size;
        Self {
            slots: vec![Slot::default(); slots],
            links: vec![Link::default(); slots * 2],
            queues: vec![Queue::default(); usize::from(image.header.settings.lists.get())],
            bytes: vec![0; HISTORY_BYTES],
            states: vec![RuleState::default(); image.rules.len()],
            carried: vec![Carried::default(); CARRIED_MAX],
        }
    }
}

/// The half that remembers; sees events in their order.
#[derive(Debug)]
pub struct Court<'r, 'm> {
    /// The rules.
    pub image: Image<'r>,
    matcher: FastMatcher<'r>,
    judge: Judge<'r, 'm>,
    accumulator: Accumulator<'m>,
    memory: HostMemory<'r>,
}

impl<'r, 'm> Court<'r, 'm> {
    /// Opens the memory and starts without history.
    pub fn new(ruleset: &'r Ruleset, lent: &'m mut Lent, options: &EngineOptions) -> io::Result<Self> {
        let image = ruleset.image();
        let memory = Memory {
            slots: &mut lent.slots,
            links: &mut lent.links,
            queues: &mut lent.queues,
            bytes: &mut lent.bytes,
        };
        let history = History::new(image, memory);
        Ok(Self {
            image,
            matcher: FastMatcher::new(&ruleset.tables, image.patterns),
            judge: Judge::new(image, history, &mut lent.states, options.manner),
            accumulator: Accumulator::new(&mut lent.carried),
            memory: HostMemory::open(ruleset, &options.memory)?,
        })
    }

    /// The verdict on an event whose candidates are known.
    pub fn settle(&mut self, event: &mut Event<'_>, found: &Candidates) -> Verdict {
        if found.list().is_none() {
            return self.evaluate(event, &mut |_| {});
        }
        self.judge.settle(event, found, &mut self.matcher, &mut self.memory)
    }

    /// The verdict on a decoded event, walking the tree; `trace` hears how.
    pub fn evaluate(&mut self, event: &mut Event<'_>, trace: &mut dyn FnMut(Step<'_>)) -> Verdict {
        if accumulate::applies(&self.image, event) {
            self.accumulator.complete(&self.image, event);
        }
        self.matcher.begin(event.log());
        self.judge.evaluate(event, &mut self.matcher, &mut self.memory, trace)
    }

    /// Remembers an event, once its alert has been written.
    pub fn remember(&mut self, event: &Event<'_>, verdict: &Verdict) {
        self.judge.remember(event, verdict);
    }

    /// The texts that a verdict refers to, newest first.
    pub fn previous<'s>(&'s self, verdict: &'s Verdict) -> Vec<&'s [u8]> {
        match &verdict.previous {
            Previous::None => Vec::new(),
            Previous::Output => vec![b"Previous output:", self.memory.previous_output()],
            Previous::Events(numbers) => {
                let text = |number: &EventNumber| self.judge.history.text(*number);
                numbers.iter().filter_map(text).collect()
            }
        }
    }
}

/// Both halves on one thread.
#[derive(Debug)]
pub struct Session<'r, 'm> {
    /// The half that needs no memory.
    pub understanding: Understanding<'r>,
    /// The half that remembers.
    pub court: Court<'r, 'm>,
    found: Candidates,
}

impl<'r, 'm> Session<'r, 'm> {
    /// A session without history.
    pub fn new(ruleset: &'r Ruleset, lent: &'m mut Lent, options: &EngineOptions) -> io::Result<Self> {
        Ok(Self {
            understanding: Understanding::new(ruleset, options.manner),
            court: Court::new(ruleset, lent, options)?,
            found: Candidates::default(),
        })
    }

    /// Judges what a stage of its own (file integrity, rootcheck) has found:
    /// there is no header and no decoder to look for. A text of rootcheck
    /// counts as never seen before.
    pub fn judge_finding(&mut self, event: &mut Event<'_>, stage: &str) -> Verdict {
        event.decoder = self.court.image.stage(stage.as_bytes());
        event.category = Category::Ossec;
        event.is_new = stage == "rootcheck";
        self.court.evaluate(event, &mut |_| {})
    }

    /// Decodes an event and judges it.
    pub fn judge(&mut self, event: &mut Event<'_>) -> Verdict {
        self.understanding.decode(event);
        self.understanding.find(event, &mut self.found);
        self.court.settle(event, &self.found)
    }
}
