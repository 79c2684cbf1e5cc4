//! The machine that runs programs in lent memory.
//!
//! A backtracking interpreter, made linear by notes of what was tried: where
//! two ways through a program meet stands a `MEMO`, and a place of the text
//! that was at this `MEMO` before fails at once, also for later starts of the
//! same search. Loops over one set note every place they could end at in the
//! same way. So one search runs every instruction at most once per place of
//! the text: at most `(text + 1) * instructions` steps, where a literal counts
//! its bytes (one that is given, at most
//! [`GIVEN_TEXT_MAX`](crate::limits::GIVEN_TEXT_MAX)) and a `REPEAT` its most
//! characters.
//!
//! What is run aside (look-around, atomic parts) forgets its notes when it
//! begins again, and a program that refers to groups has none. A search for
//! such a program takes at most
//! [`steps_allowed`](super::osregex::steps_allowed); one that needs more finds
//! nothing.
//!
//! Memory: one bit per place and memo number, cleared per search, and a stack
//! of eight bytes for each open choice. [`Patterns::scratch_needed`] says how
//! much; the machine refuses to start with less, and so never runs short.

use super::literal::shape_end;
use super::program::{Inst, PatternRow, Patterns, flag, op, shape};
use super::search::{Search, Slots};
use super::{Captures, Given, Matcher, PatternId, osregex};
use crate::limits::{CAPTURES_MAX, FRAMES_MAX, TEXT_MAX};
use crate::record::Span;

/// A choice to come back to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frame {
    pub(super) pc: u16,
    pub(super) low: u16,
    pub(super) cur: u16,
    pub(super) kind: u8,
    pub(super) slot: u8,
}

/// Memory for searches; its contents do not matter.
#[derive(Debug)]
pub struct Scratch<'m> {
    /// Notes of what was tried.
    pub memo: &'m mut [u64],
    /// Open choices.
    pub stack: &'m mut [Frame],
}

/// How much memory searches need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScratchNeed {
    /// Words of [`Scratch::memo`].
    pub memo_words: usize,
    /// Frames of [`Scratch::stack`].
    pub stack_frames: usize,
}

/// The memory lent is smaller than [`Patterns::scratch_needed`], given here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScratchTooSmall(pub ScratchNeed);

/// Words that note all places of a text for one memo number.
pub(super) const fn memo_words(text_len: usize) -> usize {
    text_len / 64 + 1
}

impl ScratchNeed {
    /// What the rows say that their programs need.
    pub(super) fn of(rows: &[PatternRow]) -> Self {
        let mut need = Self::default();
        for row in rows.iter().filter(|row| row.shape == shape::PROGRAM) {
            let words = usize::from(row.memos.get()) * memo_words(TEXT_MAX);
            need.memo_words = need.memo_words.max(words);
            need.stack_frames = need.stack_frames.max(row.frames.get() as usize);
        }
        need
    }
}

/// A [`Matcher`] that needs nothing but the tables and lent memory.
#[derive(Debug)]
pub struct Machine<'i, 'm> {
    patterns: Patterns<'i>,
    scratch: Scratch<'m>,
    steps: u64,
    given_up: u64,
}

impl<'i, 'm> Machine<'i, 'm> {
    /// A machine for these patterns, in this memory.
    pub fn new(patterns: Patterns<'i>, scratch: Scratch<'m>) -> Result<Self, ScratchTooSmall> {
        let need = patterns.scratch_needed();
        if scratch.memo.len() < need.memo_words || scratch.stack.len() < need.stack_frames {
            return Err(ScratchTooSmall(need));
        }
        Ok(Self { patterns, scratch, steps: 0, given_up: 0 })
    }

    /// Steps made so far: instructions run and characters gone through by
    /// loops. For budgets and for tests of the bound above.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Searches so far that needed more steps than they may take, and so did
    /// not match.
    pub fn given_up(&self) -> u64 {
        self.given_up
    }

    /// The most steps of one search for a pattern in a text of this length.
    ///
    /// Each instruction runs at most once per place for every way that leads
    /// to it (at most two, see `check`), and each failure takes one step
    /// more; a loop goes through each character once, a bounded run through
    /// no more than it can take.
    pub fn steps_max(&self, id: PatternId, text_len: usize) -> u64 {
        let Some(row) = self.patterns.row(id) else { return 0 };
        let code = self.patterns.program(row);
        if row.shape == shape::OS_REGEX {
            return osregex::alternatives(code) as u64 * osregex::steps_allowed(text_len.min(TEXT_MAX));
        }
        let cost = |inst: &Inst| match inst.op {
            op::REPEAT => 8 + 2 * u64::from(inst.c.get()),
            _ => 8,
        };
        if row.flags & flag::LIMITED != 0 {
            let clearing = memo_words(TEXT_MAX) as u64 * u64::from(row.memos.get());
            return osregex::steps_allowed(text_len.min(TEXT_MAX))
                + clearing
                + TEXT_MAX as u64
                + FRAMES_MAX as u64;
        }
        let program: u64 = code.iter().map(cost).sum();
        (text_len.min(TEXT_MAX) as u64 + 1) * program
    }

    /// One search. Bytes beyond the longest text are not looked at.
    fn search(
        &mut self,
        id: PatternId,
        text: &[u8],
        given: Option<&Given<'_>>,
        slots: Option<&mut Slots>,
    ) -> Option<usize> {
        let row = self.patterns.row(id)?;
        let text = text.get(..TEXT_MAX).unwrap_or(text);
        let end = match row.shape {
            shape::PROGRAM => self.run(row, text, given, slots),
            shape::OS_REGEX => self.walk(row, text, slots),
            _ => shape_end(row.shape, self.patterns.literal(row), text),
        };
        if row.flags & flag::NOT == 0 { end } else { end.is_none().then_some(0) }
    }

    /// One search of Wazuh's own expressions.
    fn walk(&mut self, row: &PatternRow, text: &[u8], slots: Option<&mut Slots>) -> Option<usize> {
        let outcome = osregex::search(&self.patterns, self.patterns.program(row), text, slots);
        self.steps += outcome.steps;
        self.given_up += outcome.given_up;
        outcome.end
    }

    /// One search of a program.
    fn run(
        &mut self,
        row: &PatternRow,
        text: &[u8],
        given: Option<&Given<'_>>,
        slots: Option<&mut Slots>,
    ) -> Option<usize> {
        if row.flags & flag::ANCHORED != 0 && !self.patterns.may_begin(row, text) {
            return None;
        }
        if row.flags & flag::VALID != 0 && core::str::from_utf8(text).is_err() {
            return None;
        }
        let mut own = Slots::UNSET;
        let needs_groups = slots.is_none() && row.flags & flag::NOTELESS != 0;
        let slots = if needs_groups { Some(&mut own) } else { slots };
        let mut search = Search::new(&self.patterns, row, text, &mut self.scratch, given, slots);
        let end = search.leftmost(row);
        self.given_up += u64::from(search.steps > search.allowed);
        self.steps += search.steps;
        end
    }
}

impl Matcher for Machine<'_, '_> {
    fn begin(&mut self, _log: &[u8]) {}

    fn possible(&self, _pattern: PatternId) -> bool {
        true
    }

    fn is_match(&mut self, pattern: PatternId, text: &[u8]) -> bool {
        self.search(pattern, text, None, None).is_some()
    }

    fn is_match_given(&mut self, pattern: PatternId, text: &[u8], given: &Given<'_>) -> bool {
        self.search(pattern, text, Some(given), None).is_some()
    }

    fn find(&mut self, pattern: PatternId, text: &[u8]) -> Option<usize> {
        self.search(pattern, text, None, None)
    }

    fn captures(&mut self, pattern: PatternId, text: &[u8], captures: &mut Captures) -> Option<usize> {
        captures.clear();
        let row = self.patterns.row(pattern)?;
        let mut slots = Slots::UNSET;
        let end = self.search(pattern, text, None, Some(&mut slots))?;
        if row.shape == shape::OS_REGEX {
            // Wazuh 4.14: up to the first edge that was not noted.
            captures.fill((0..CAPTURES_MAX).map_while(|group| slots.edges(group)).map(Some), true);
        } else {
            captures.fill(groups(row, &slots), row.flags & flag::KEEP_UNSET != 0);
        }
        Some(end)
    }
}

/// The groups of a pattern after a match.
fn groups(row: &PatternRow, slots: &Slots) -> impl Iterator<Item = Option<Span>> {
    (0..usize::from(row.captures).min(CAPTURES_MAX)).map(|group| slots.group(group))
}
