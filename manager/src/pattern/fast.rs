//! The manager's matcher: a gate before the patterns, automata beside the
//! core's machine.
//!
//! It gives the machine's answers. Measured over the patterns and logs of
//! OSSEC 4.3 the machine is the fastest way to captures and to anchored
//! patterns, automata are faster for the rest; see [`FastTables::automaton`].

use super::automaton::{Automaton, fits};
use super::gate::{Gate, Passed};
use super::names::Names;
use super::{Parsed, parse};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::pattern::program::{flag, shape};
use bartizan_core::pattern::{Captures, Frame, Given, Machine, Matcher, PatternId, Patterns, Scratch};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Bytes of all automata together.
const AUTOMATA_MAX: usize = 6 << 20;

/// What all workers share: built once per ruleset, never changed but for
/// automata that are added when first asked for.
#[derive(Debug)]
pub struct FastTables {
    gate: Gate,
    automata: Vec<OnceLock<Option<Box<Automaton>>>>,
    automata_size: AtomicUsize,
    given_up: AtomicU64,
}

impl FastTables {
    /// Builds the tables for an image's patterns.
    pub fn build(patterns: &Patterns<'_>) -> Self {
        Self {
            gate: Gate::build(patterns),
            automata: patterns.rows.iter().map(|_| OnceLock::new()).collect(),
            automata_size: AtomicUsize::new(0),
            given_up: AtomicU64::new(0),
        }
    }

    /// Bytes that the tables take.
    pub fn memory(&self) -> usize {
        let cells = self.automata.len() * size_of::<OnceLock<Option<Box<Automaton>>>>();
        self.gate.memory() + cells + self.automata_size.load(Ordering::Relaxed)
    }

    /// Searches so far that were given up, by all workers
    /// ([`Machine::given_up`]).
    pub fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::Relaxed)
    }

    /// The automaton of a pattern, if it has one: a pattern that can match
    /// anywhere, as long as there is room. A literal with an anchor fails
    /// sooner in the machine.
    fn automaton(&self, patterns: &Patterns<'_>, pattern: PatternId) -> Option<&Automaton> {
        let row = patterns.row(pattern)?;
        if row.shape != shape::PROGRAM || row.flags & (flag::ANCHORED | flag::NOT) != 0 {
            return None;
        }
        let build = || {
            if self.automata_size.load(Ordering::Relaxed) >= AUTOMATA_MAX {
                return None;
            }
            let Some(Parsed::Tree(tree)) = parse(patterns, row) else { return None };
            let automaton = Automaton::build(&tree)?;
            self.automata_size.fetch_add(automaton.memory(), Ordering::Relaxed);
            Some(Box::new(automaton))
        };
        self.automata.get(usize::from(pattern.0))?.get_or_init(build).as_deref()
    }
}

/// A [`Matcher`] of one worker.
#[derive(Debug)]
pub struct FastMatcher<'i> {
    tables: &'i FastTables,
    pub(super) patterns: Patterns<'i>,
    passed: Passed,
    names: Names,
    memo: Vec<u64>,
    stack: Vec<Frame>,
}

impl<'i> FastMatcher<'i> {
    /// A matcher for the patterns that the tables were built for. Until the
    /// first [`Matcher::begin`] every pattern is possible.
    pub fn new(tables: &'i FastTables, patterns: Patterns<'i>) -> Self {
        let need = patterns.scratch_needed();
        let (memo, stack) = (vec![0; need.memo_words], vec![Frame::default(); need.stack_frames]);
        let (passed, names) = (Passed::new(&tables.gate), Names::new(patterns.rows.len()));
        Self { tables, patterns, passed, names, memo, stack }
    }

    /// Asks the core's machine, in this matcher's memory, which is large
    /// enough.
    fn machine<T>(&mut self, ask: impl FnOnce(&mut Machine<'_, '_>) -> T) -> Option<T> {
        let scratch = Scratch { memo: &mut self.memo, stack: &mut self.stack };
        let mut machine = Machine::new(self.patterns, scratch).ok()?;
        let answer = ask(&mut machine);
        if machine.given_up() > 0 {
            self.tables.given_up.fetch_add(machine.given_up(), Ordering::Relaxed);
        }
        Some(answer)
    }

    /// The automaton to use for a pattern in a text.
    fn automaton(&self, pattern: PatternId, text: &[u8]) -> Option<&'i Automaton> {
        let automaton = self.tables.automaton(&self.patterns, pattern)?;
        (text.len() <= TEXT_MAX && fits(text)).then_some(automaton)
    }
}

impl Matcher for FastMatcher<'_> {
    fn begin(&mut self, log: &[u8]) {
        self.passed.begin(&self.tables.gate, log);
    }

    fn possible(&self, pattern: PatternId) -> bool {
        self.passed.is_possible(pattern)
    }

    fn is_match(&mut self, pattern: PatternId, text: &[u8]) -> bool {
        match self.automaton(pattern, text) {
            Some(automaton) => automaton.is_match(text),
            None => self.machine(|machine| machine.is_match(pattern, text)) == Some(true),
        }
    }

    fn matches_name(&mut self, pattern: PatternId, name: &[u8]) -> bool {
        if let Some(answer) = self.names.answer(pattern, name) {
            return answer;
        }
        let answer = self.is_match(pattern, name);
        self.names.keep(pattern, name, answer);
        answer
    }

    fn is_match_given(&mut self, pattern: PatternId, text: &[u8], given: &Given<'_>) -> bool {
        self.machine(|machine| machine.is_match_given(pattern, text, given)) == Some(true)
    }

    fn find(&mut self, pattern: PatternId, text: &[u8]) -> Option<usize> {
        match self.automaton(pattern, text) {
            Some(automaton) => automaton.find(text),
            None => self.machine(|machine| machine.find(pattern, text))?,
        }
    }

    fn captures(&mut self, pattern: PatternId, text: &[u8], captures: &mut Captures) -> Option<usize> {
        self.machine(|machine| machine.captures(pattern, text, captures))?
    }
}
