//! The manager's matcher.

use super::gate::{Gate, Passed};
use bartizan_core::pattern::{Captures, Frame, Machine, Matcher, PatternId, Patterns, Scratch};

/// What all workers share.
#[derive(Debug)]
pub struct FastTables {
    gate: Gate,
}

impl FastTables {
    /// Builds the tables for an image's patterns.
    pub fn build(patterns: &Patterns<'_>) -> Self {
        Self {
            gate: Gate::build(patterns),
        }
    }

    /// Bytes that the tables take.
    pub fn memory(&self) -> usize {
        self.gate.memory()
    }
}

/// A [`Matcher`] of one worker.
#[derive(Debug)]
pub struct FastMatcher<'i> {
    tables: &'i FastTables,
    patterns: Patterns<'i>,
    passed: Passed,
    memo: Vec<u64>,
    stack: Vec<Frame>,
}

impl<'i> FastMatcher<'i> {
    /// A matcher for the patterns that the tables were built for.
    pub fn new(tables: &'i FastTables, patterns: Patterns<'i>) -> Self {
        let need = patterns.scratch_needed();
        Self {
            tables,
            patterns,
            passed: Passed::new(&tables.gate),
            memo: vec![0; need.memo_words],
            stack: vec![Frame::default(); need.stack_frames],
        }
    }

    /// The core's machine in this matcher's memory.
    fn machine(&mut self) -> Option<Machine<'i, '_>> {
        let scratch = Scratch {
            memo: &mut self.memo,
            stack: &mut self.stack,
        };
        Machine::new(self.patterns, scratch).ok()
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
        self.machine()
            .is_some_and(|mut machine| machine.is_match(pattern, text))
    }

    fn find(&mut self, pattern: PatternId, text: &[u8]) -> Option<usize> {
        self.machine()?.find(pattern, text)
    }

    fn captures(
        &mut self,
        pattern: PatternId,
        text: &[u8],
        captures: &mut Captures,
    ) -> Option<usize> {
        self.machine()?.captures(pattern, text, captures)
    }
}
