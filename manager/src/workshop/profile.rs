//! What rules and patterns cost on given logs.
//!
//! A profile is a run of the engine of its own, with a matcher that looks at
//! the clock before and after each search; nothing of it is in the engine that
//! serves. Counts are exact. Times are processor time, less what looking at
//! the clock takes and what a pattern's first search prepares, so they are
//! good for comparing, not for adding up.

use super::catalog::Catalog;
use crate::engine::memory::MemoryOptions;
use crate::engine::session::{EngineOptions, Lent, Session};
use crate::pattern::FastMatcher;
use crate::ruleset::Loaded;
use bartizan_core::event::Event;
use bartizan_core::image::rows::{ConditionRow, NONE, condition, search};
use bartizan_core::pattern::{Captures, Given, Matcher, PatternId};
use bartizan_core::rules::judge::{Manner, Step, Verdict};
use nix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

/// What a rule or a pattern has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// How often it was tried. A pattern that the gate rules out is not tried.
    pub tried: u64,
    /// How often it held.
    pub held: u64,
    /// The time that this took.
    pub time: Duration,
}

/// Counts and times of one run.
#[derive(Debug)]
pub struct Profile {
    /// Events judged.
    pub events: u64,
    /// The time that judging took.
    pub time: Duration,
    /// By row of the image's rules. A rule's time is that from trying it to
    /// trying the next one.
    pub rules: Vec<Cost>,
    /// By number of the pattern.
    pub patterns: Vec<Cost>,
}

/// Judges events and measures.
#[derive(Debug)]
pub struct Profiler<'c, 'r, 'm> {
    catalog: &'c Catalog<'r>,
    session: Session<'r, 'm>,
    matcher: Metered<'r>,
    profile: Profile,
    clock: Rc<Clock>,
}

/// The processor time of this thread, so that what else the machine does is
/// not counted.
#[derive(Debug)]
struct Clock {
    /// What a look at the clock costs.
    look: Duration,
    /// What is not to be counted, up to now.
    apart: Cell<Duration>,
}

/// A moment, with what was not to be counted until then.
#[derive(Clone, Copy, Debug)]
struct Mark(Duration, Duration);

impl Clock {
    fn new() -> Self {
        const LOOKS: u32 = 10_000;
        let started = processor_time();
        for _ in 0..LOOKS {
            std::hint::black_box(processor_time());
        }
        Self { look: (processor_time() - started) / LOOKS, apart: Cell::default() }
    }

    fn mark(&self) -> Mark {
        self.apart.set(self.apart.get() + self.look);
        Mark(processor_time(), self.apart.get())
    }

    /// The time since a mark.
    fn since(&self, Mark(then, apart): Mark) -> Duration {
        let now = self.mark();
        (now.0 - then).saturating_sub(now.1 - apart)
    }

    /// Does something whose time is not to be counted.
    fn apart(&self, work: impl FnOnce()) {
        let mark = self.mark();
        work();
        let time = self.since(mark);
        self.apart.set(self.apart.get() + time);
    }
}

fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

impl<'c, 'r, 'm> Profiler<'c, 'r, 'm> {
    /// A profiler that has seen nothing.
    ///
    /// # Errors
    /// The engine cannot be made; without files to read that does not happen.
    pub fn new(loaded: &'r Loaded, catalog: &'c Catalog<'r>, lent: &'m mut Lent) -> io::Result<Self> {
        let options = EngineOptions { manner: Manner::Daemon, memory: MemoryOptions::default() };
        let ruleset = &loaded.ruleset;
        let image = ruleset.image();
        let clock = Rc::new(Clock::new());
        let matcher = Metered {
            inner: FastMatcher::new(&ruleset.tables, image.patterns),
            costs: vec![Cost::default(); image.patterns.rows.len()],
            clock: Rc::clone(&clock),
        };
        let rules = vec![Cost::default(); image.rules.len()];
        let profile = Profile { events: 0, time: Duration::ZERO, rules, patterns: Vec::new() };
        Ok(Self { catalog, session: Session::new(ruleset, lent, &options)?, matcher, profile, clock })
    }

    /// Judges an event.
    pub fn judge(&mut self, event: &mut Event<'_>) -> Verdict {
        let started = self.clock.mark();
        self.session.understanding.decode_with(&mut self.matcher, event);
        let mut last: Option<(usize, Mark)> = None;
        let (catalog, clock, rules) = (self.catalog, &self.clock, &mut self.profile.rules);
        let mut trace = |step: Step<'_>| match step {
            Step::Trying(rule) => {
                if let Some((row, mark)) = last {
                    rules[row].time += clock.since(mark);
                }
                last = catalog.row(rule.id.get()).map(|row| (usize::from(row), clock.mark()));
                if let Some((row, _)) = last {
                    rules[row].tried += 1;
                }
            }
            Step::Matched(_) => last.iter().for_each(|(row, _)| rules[*row].held += 1),
            Step::Children(_) | Step::Refused(..) => {}
        };
        let verdict = self.session.court.evaluate_with(&mut self.matcher, event, &mut trace);
        if let Some((row, mark)) = last {
            self.profile.rules[row].time += self.clock.since(mark);
        }
        self.session.court.remember(event, &verdict);
        self.profile.time += self.clock.since(started);
        self.profile.events += 1;
        verdict
    }

    /// What was measured.
    pub fn finish(self) -> Profile {
        Profile { patterns: self.matcher.costs, ..self.profile }
    }
}

/// A matcher that counts and measures its searches.
#[derive(Debug)]
struct Metered<'r> {
    inner: FastMatcher<'r>,
    costs: Vec<Cost>,
    clock: Rc<Clock>,
}

impl<'r> Metered<'r> {
    fn measure<T>(
        &mut self,
        pattern: PatternId,
        mut search: impl FnMut(&mut FastMatcher<'r>) -> T,
        holds: impl FnOnce(&T) -> bool,
    ) -> T {
        if self.costs.get(usize::from(pattern.0)).is_some_and(|cost| cost.tried == 0) {
            let inner = &mut self.inner;
            self.clock.apart(|| drop(search(inner)));
        }
        let mark = self.clock.mark();
        let found = search(&mut self.inner);
        let time = self.clock.since(mark);
        if let Some(cost) = self.costs.get_mut(usize::from(pattern.0)) {
            cost.tried += 1;
            cost.held += u64::from(holds(&found));
            cost.time += time;
        }
        found
    }
}

impl Matcher for Metered<'_> {
    fn begin(&mut self, log: &[u8]) {
        self.inner.begin(log);
    }

    fn possible(&self, pattern: PatternId) -> bool {
        self.inner.possible(pattern)
    }

    fn is_match(&mut self, pattern: PatternId, text: &[u8]) -> bool {
        self.measure(pattern, |inner| inner.is_match(pattern, text), |found| *found)
    }

    fn matches_name(&mut self, pattern: PatternId, name: &[u8]) -> bool {
        self.measure(pattern, |inner| inner.matches_name(pattern, name), |found| *found)
    }

    fn is_match_given(&mut self, pattern: PatternId, text: &[u8], given: &Given<'_>) -> bool {
        self.measure(pattern, |inner| inner.is_match_given(pattern, text, given), |found| *found)
    }

    fn find(&mut self, pattern: PatternId, text: &[u8]) -> Option<usize> {
        self.measure(pattern, |inner| inner.find(pattern, text), Option::is_some)
    }

    fn captures(&mut self, pattern: PatternId, text: &[u8], captures: &mut Captures) -> Option<usize> {
        self.measure(pattern, |inner| inner.captures(pattern, text, captures), Option::is_some)
    }
}

/// Who asks for each pattern: names of decoders and numbers of rules, by
/// number of the pattern.
pub fn users(catalog: &Catalog<'_>) -> Vec<Vec<String>> {
    let image = &catalog.image;
    let mut users = vec![Vec::new(); image.patterns.rows.len()];
    let mut add = |pattern: u16, user: &str| {
        if let Some(users) = users.get_mut(usize::from(pattern)).filter(|_| pattern != NONE)
            && users.last().is_none_or(|last: &String| last != user)
        {
            users.push(user.to_owned());
        }
    };
    for decoder in image.decoders {
        let name = format!("decoder {}", String::from_utf8_lossy(image.text(decoder.own_name)));
        [decoder.program, decoder.prematch, decoder.regex].iter().for_each(|id| add(id.get(), &name));
    }
    for rule in image.rules {
        let name = format!("rule {}", rule.id);
        let of_condition = |row: &ConditionRow| match row.kind {
            condition::PATTERN | condition::FIELD => Some(row.a.get()),
            condition::LIST => u16::try_from(row.b.get()).ok(),
            _ => None,
        };
        let own = image.range(image.conditions, rule.conditions);
        let memory = image.range(image.conditions, rule.memory);
        own.iter().chain(memory).filter_map(of_condition).for_each(|id| add(id, &name));
        if rule.search == search::HISTORY {
            add(rule.search_in.get(), &name);
        }
    }
    users
}
