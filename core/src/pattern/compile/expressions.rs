//! A few patterns that are used where they are compiled.

use super::{Cases, Language, Options, PatternError, PatternSet};
use crate::pattern::{Captures, Frame, Given, Machine, Matcher, PatternId, Scratch};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Compiled patterns with the memory to run them: the expressions of a
/// configuration, for which a ruleset's image would be too much.
#[derive(Debug)]
pub struct Expressions {
    set: PatternSet,
    memo: Vec<u64>,
    stack: Vec<Frame>,
}

impl Expressions {
    /// No expressions yet; `cases` is for `match` and `regex`.
    pub fn new(cases: Cases) -> Self {
        Self { set: PatternSet::new(cases), memo: Vec::new(), stack: Vec::new() }
    }

    /// Adds an expression. The error says what is wrong with it, and where.
    pub fn add(
        &mut self,
        language: Language,
        expression: &[u8],
        options: Options,
    ) -> Result<PatternId, Box<PatternError>> {
        let id = self.set.add_with(language, expression, options)?;
        let need = self.set.patterns().scratch_needed();
        self.memo.resize(need.memo_words, 0);
        self.stack.resize(need.stack_frames, Frame::default());
        Ok(id)
    }

    /// Bytes of memory that searches work in.
    pub fn memory(&self) -> usize {
        size_of_val(self.memo.as_slice()) + size_of_val(self.stack.as_slice())
    }

    /// Runs a search.
    fn search<T: Default>(&mut self, search: impl FnOnce(&mut Machine<'_, '_>) -> T) -> T {
        let scratch = Scratch { memo: &mut self.memo, stack: &mut self.stack };
        // Cannot fail: there is as much memory as was asked for.
        let machine = Machine::new(self.set.patterns(), scratch);
        machine.map_or_else(|_| T::default(), |mut machine| search(&mut machine))
    }
}

impl Matcher for Expressions {
    fn begin(&mut self, _log: &[u8]) {}

    fn possible(&self, _pattern: PatternId) -> bool {
        true
    }

    fn is_match(&mut self, pattern: PatternId, text: &[u8]) -> bool {
        self.search(|machine| machine.is_match(pattern, text))
    }

    fn is_match_given(&mut self, pattern: PatternId, text: &[u8], given: &Given<'_>) -> bool {
        self.search(|machine| machine.is_match_given(pattern, text, given))
    }

    fn find(&mut self, pattern: PatternId, text: &[u8]) -> Option<usize> {
        self.search(|machine| machine.find(pattern, text))
    }

    fn captures(&mut self, pattern: PatternId, text: &[u8], captures: &mut Captures) -> Option<usize> {
        self.search(|machine| machine.captures(pattern, text, captures))
    }
}
