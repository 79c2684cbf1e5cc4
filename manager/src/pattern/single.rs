//! One pattern on its own, for jobs outside the rules.

use super::{Language, PatternSet, PatternTables};
use bartizan_core::pattern::{Frame, Machine, Matcher, PatternId, Patterns, Scratch};

/// A compiled pattern with the memory to run it.
#[derive(Debug)]
pub struct Single {
    tables: PatternTables,
    memo: Vec<u64>,
    stack: Vec<Frame>,
}

impl Single {
    /// Compiles a pattern; `None` if it is not one.
    pub fn new(language: Language, pattern: &[u8]) -> Option<Self> {
        let mut set = PatternSet::new();
        set.add(language, pattern).ok()?;
        let mut single = Self { tables: set.finish(), memo: Vec::new(), stack: Vec::new() };
        let need = single.patterns()?.scratch_needed();
        single.memo.resize(need.memo_words, 0);
        single.stack.resize(need.stack_frames, Frame::default());
        Some(single)
    }

    fn patterns(&self) -> Option<Patterns<'_>> {
        let tables = &self.tables;
        Patterns::new(&tables.rows, &tables.code, &tables.sets, &tables.text).ok()
    }

    /// Whether it matches somewhere in a text.
    pub fn is_match(&mut self, text: &[u8]) -> bool {
        let tables = &self.tables;
        let patterns = Patterns::new(&tables.rows, &tables.code, &tables.sets, &tables.text);
        let scratch = Scratch { memo: &mut self.memo, stack: &mut self.stack };
        let machine = patterns.ok().and_then(|patterns| Machine::new(patterns, scratch).ok());
        machine.is_some_and(|mut machine| machine.is_match(PatternId(0), text))
    }
}
