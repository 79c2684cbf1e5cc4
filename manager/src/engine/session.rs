//! One event from text to verdict, on one thread.
//!
//! [`Understanding`] is the half that needs no memory (header, decoder,
//! fields, the rules whose own conditions hold); [`Court`] is the half that
//! remembers, in the memory of a [`Lent`]. A [`Session`] is both.

use super::Ruleset;
pub use super::lent::Lent;
use super::lent::Parts;
use super::memory::{HostMemory, MemoryOptions};
use crate::pattern::FastMatcher;
use crate::places::Finder;
use bartizan_core::decode::accumulate::{self, Accumulator};
use bartizan_core::decode::decode;
use bartizan_core::decode::plugins::packet;
use bartizan_core::event::{Category, Event, Field};
use bartizan_core::image::rows::RuleRow;
use bartizan_core::image::{Dialect, Image};
use bartizan_core::pattern::Matcher;
use bartizan_core::predecode;
use bartizan_core::rules::history::{EventNumber, History};
use bartizan_core::rules::judge::{Judge, Manner, Previous, Seen, Step, Verdict};
use bartizan_core::rules::walk::{self, Candidates};
use std::io;

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
    finder: Option<Finder<'r>>,
    way: Way,
}

impl<'r> Understanding<'r> {
    /// For one thread.
    pub fn new(ruleset: &'r Ruleset, manner: Manner) -> Self {
        let image = ruleset.image();
        let is_daemon = manner == Manner::Daemon;
        let way = Way {
            is_daemon,
            normalise: is_daemon && image.dialect() == Dialect::Ossec,
            packet_events: ruleset.settings.packet_events,
        };
        let finder = ruleset.atlas.as_ref().map(Finder::new);
        Self { image, matcher: FastMatcher::new(&ruleset.tables, image.patterns), finder, way }
    }

    /// Header, decoder, fields, and places of addresses.
    pub fn decode(&mut self, event: &mut Event<'_>) {
        understand(&self.image, &mut self.matcher, self.way, event);
        locate(&mut self.finder, event);
    }

    /// The same with another matcher, which gives the same answers.
    pub fn decode_with(&mut self, matcher: &mut impl Matcher, event: &mut Event<'_>) {
        understand(&self.image, matcher, self.way, event);
        locate(&mut self.finder, event);
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

/// What is done beside decoding.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// What a packet filter's line says and its decoder leaves out is filled
    /// in: by the daemon.
    is_daemon: bool,
    /// The daemon's words stand for what a packet filter did.
    normalise: bool,
    /// Packets that no decoder knows are read.
    packet_events: bool,
}

fn understand(image: &Image<'_>, matcher: &mut impl Matcher, way: Way, event: &mut Event<'_>) {
    predecode::read(event, image.dialect());
    matcher.begin(event.log());
    decode(image, matcher, event);
    if way.packet_events {
        packet::adopt(image, event);
    }
    if event.category != Category::Firewall {
        return;
    }
    if way.packet_events && way.is_daemon {
        packet::complete(event);
    }
    if way.normalise {
        normalise_action(event);
    }
}

/// Sets the places of an event's addresses, where places are known.
fn locate(finder: &mut Option<Finder<'_>>, event: &mut Event<'_>) {
    if let Some(finder) = finder {
        finder.locate(event);
    }
}

/// The rules of OSSEC 4.3's daemon see its words for what a packet filter did;
/// those of its test program and of Wazuh 4.14 see the log's own.
fn normalise_action(event: &mut Event<'_>) {
    let Some(action) = event.field(Field::Action) else { return };
    let value = event.keep(firewall_word(action));
    event.set(Field::Action, value);
}

/// The word of `firewall.log` for what a packet filter did; the word for such
/// a word is the same.
pub fn firewall_word(action: &[u8]) -> &'static [u8] {
    let contains = |word: &[u8]| action.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word));
    match action.first().map(u8::to_ascii_lowercase) {
        Some(b'd' | b'r' | b'b') => b"DROP",
        Some(b'c' | b't') => b"CLOSED",
        Some(b'a' | b'p' | b'o') => b"ALLOW",
        _ if contains(b"drop") => b"DROP",
        _ if contains(b"accept") => b"ALLOW",
        _ => b"UNKNOWN",
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
    finder: Option<Finder<'r>>,
    memory: HostMemory<'r, 'm>,
}

impl<'r, 'm> Court<'r, 'm> {
    /// Goes on with what the memory, which is for these rules, remembers.
    pub fn resume(ruleset: &'r Ruleset, lent: &'m mut Lent, manner: Manner) -> Self {
        let image = ruleset.image();
        let Parts { history, states, carried, kept } = lent.parts();
        Self {
            image,
            matcher: FastMatcher::new(&ruleset.tables, image.patterns),
            judge: Judge::resume(image, History::resume(image, history), states, manner),
            accumulator: Accumulator::resume(carried),
            finder: ruleset.atlas.as_ref().map(Finder::new),
            memory: HostMemory::new(ruleset, kept),
        }
    }

    /// Forgets everything, so that what comes next is judged as by a new court
    /// without a home folder.
    pub fn forget(&mut self) {
        self.judge.forget();
        self.accumulator.forget();
        self.memory.forget();
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
        self.complete(event);
        self.matcher.begin(event.log());
        self.judge.evaluate(event, &mut self.matcher, &mut self.memory, trace)
    }

    /// The same with another matcher, which gives the same answers.
    pub fn evaluate_with(
        &mut self,
        matcher: &mut impl Matcher,
        event: &mut Event<'_>,
        trace: &mut dyn FnMut(Step<'_>),
    ) -> Verdict {
        self.complete(event);
        matcher.begin(event.log());
        self.judge.evaluate(event, matcher, &mut self.memory, trace)
    }

    /// Gives an event the values that earlier ones carry over to it, and the
    /// places of the addresses among them.
    fn complete(&mut self, event: &mut Event<'_>) {
        if accumulate::applies(&self.image, event) {
            self.accumulator.complete(&self.image, event);
            locate(&mut self.finder, event);
        }
    }

    /// Shows what a rule's search of earlier events would make of each; changes
    /// nothing.
    pub fn look_back(
        &mut self,
        event: &Event<'_>,
        rule: &RuleRow,
        observe: &mut impl FnMut(EventNumber, Seen),
    ) {
        self.judge.look_back(event, &mut self.matcher, rule, observe);
    }

    /// Earlier events.
    pub fn history(&self) -> &History<'r, 'm> {
        &self.judge.history
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
    /// A session without history, with what is kept in the home folder.
    ///
    /// # Errors
    /// A file of the home folder cannot be read or written.
    pub fn new(ruleset: &'r Ruleset, lent: &'m mut Lent, options: &EngineOptions) -> io::Result<Self> {
        lent.begin(&options.memory)?;
        Ok(Self::resume(ruleset, lent, options.manner))
    }

    /// Goes on with what the memory, which is for these rules, remembers.
    pub fn resume(ruleset: &'r Ruleset, lent: &'m mut Lent, manner: Manner) -> Self {
        Self {
            understanding: Understanding::new(ruleset, manner),
            court: Court::resume(ruleset, lent, manner),
            found: Candidates::default(),
        }
    }

    /// Judges what a stage of its own (file integrity, rootcheck) has found:
    /// there is no header and no decoder to look for. A text of rootcheck
    /// counts as never seen before. `trace` hears how.
    pub fn judge_finding(
        &mut self,
        event: &mut Event<'_>,
        stage: &str,
        trace: &mut dyn FnMut(Step<'_>),
    ) -> Verdict {
        event.decoder = self.court.image.stage(stage.as_bytes());
        event.category = Category::Ossec;
        event.is_new = stage == "rootcheck";
        if self.court.image.dialect() == Dialect::Wazuh {
            event.name_agent();
        }
        self.court.evaluate(event, trace)
    }

    /// Decodes an event and judges it.
    pub fn judge(&mut self, event: &mut Event<'_>) -> Verdict {
        self.understanding.decode(event);
        self.understanding.find(event, &mut self.found);
        self.court.settle(event, &self.found)
    }
}
