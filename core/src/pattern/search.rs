//! One search of one program in one text: the interpreter.
//!
//! Nothing here can panic: places and programs are only read with `get`, and
//! what is not there fails the branch. Programs were checked, so that this
//! does not happen. Read `machine` first for the bound and `program` for the
//! operations.

mod aside;
mod run;

use super::Given;
use super::character::{is_continuation, wide};
use super::literal::literal_end;
use super::machine::{Frame, Scratch, memo_words};
use super::osregex::steps_allowed;
use super::program::{Inst, NONE, PatternRow, Patterns, Set, TextRef, flag, fold, look, op};
use crate::limits::{CAPTURES_MAX, GIVEN_TEXT_MAX};
use crate::record::Span;
use zerocopy::little_endian::U32;

/// Values of [`Frame::kind`].
mod kind {
    /// Go on at `pc` and place `cur`.
    pub(super) const BRANCH: u8 = 0;
    /// A run that was tried up to `cur`: try one character less.
    pub(super) const GREEDY: u8 = 1;
    /// A run that was tried up to `cur`: try one character more.
    pub(super) const LAZY: u8 = 2;
    /// Give `slot` its former value, `cur`.
    pub(super) const UNDO: u8 = 3;
    /// Below it everything is from before the part that began at `pc` and
    /// place `cur`.
    pub(super) const BARRIER: u8 = 4;
}

/// Starts and ends of groups.
#[derive(Clone, Debug)]
pub(super) struct Slots([u16; 2 * CAPTURES_MAX]);

impl Slots {
    /// No group took part.
    pub(super) const UNSET: Self = Self([u16::MAX; 2 * CAPTURES_MAX]);

    /// A group that took part.
    pub(super) fn group(&self, group: usize) -> Option<Span> {
        let (start, end) = (*self.0.get(2 * group)?, *self.0.get(2 * group + 1)?);
        let took_part = end != u16::MAX && start <= end;
        took_part.then(|| Span::new(usize::from(start), usize::from(end)))
    }

    /// The group between two edges that were noted on their own, empty where
    /// they are in the wrong order; `None` if one was not noted.
    pub(super) fn edges(&self, group: usize) -> Option<Span> {
        let (start, end) = (*self.0.get(2 * group)?, *self.0.get(2 * group + 1)?);
        let noted = start != u16::MAX && end != u16::MAX;
        noted.then(|| Span::new(usize::from(start), usize::from(end.max(start))))
    }

    /// Sets a slot and returns its former value.
    pub(super) fn set(&mut self, slot: u16, value: u16) -> Option<u16> {
        self.0.get_mut(usize::from(slot)).map(|place| core::mem::replace(place, value))
    }
}

/// What an instruction leads to.
enum Step {
    /// Go on with this instruction at this place.
    Go(usize, usize),
    /// The pattern has matched.
    Match,
    /// This branch fails.
    Fail,
}

/// One search.
pub(super) struct Search<'s> {
    code: &'s [Inst],
    sets: &'s [Set],
    pool: &'s [u8],
    text: &'s [u8],
    given: Option<&'s Given<'s>>,
    /// The text has characters of several bytes.
    wide: bool,
    memo: &'s mut [u64],
    words: usize,
    stack: &'s mut [Frame],
    depth: usize,
    slots: Option<&'s mut Slots>,
    slots_used: usize,
    /// Places are noted.
    notes: bool,
    /// Steps made.
    pub(super) steps: u64,
    /// Steps that may be made.
    pub(super) allowed: u64,
}

impl<'s> Search<'s> {
    /// Prepares a search; forgets the notes of an earlier one.
    pub(super) fn new(
        patterns: &Patterns<'s>,
        row: &PatternRow,
        text: &'s [u8],
        scratch: &'s mut Scratch<'_>,
        given: Option<&'s Given<'s>>,
        slots: Option<&'s mut Slots>,
    ) -> Self {
        let words = memo_words(text.len());
        let used = words * usize::from(row.memos.get());
        let memo = scratch.memo.get_mut(..used).unwrap_or_default();
        memo.fill(0);
        Self {
            code: patterns.program(row),
            sets: patterns.sets(),
            pool: patterns.text(),
            text,
            given,
            wide: row.flags & flag::UTF != 0 && !text.is_ascii(),
            memo,
            words,
            stack: scratch.stack,
            depth: 0,
            slots,
            slots_used: 2 * usize::from(row.captures),
            notes: row.flags & flag::NOTELESS == 0,
            steps: 0,
            allowed: if row.flags & flag::LIMITED == 0 { u64::MAX } else { steps_allowed(text.len()) },
        }
    }

    /// The end of the leftmost match.
    pub(super) fn leftmost(&mut self, row: &PatternRow) -> Option<usize> {
        let first = self.sets.get(usize::from(row.first.get()));
        let anchored = row.flags & flag::ANCHORED != 0;
        let mut start = 0;
        loop {
            start = self.next_start(start, if row.first.get() == NONE { None } else { first })?;
            if anchored && start > 0 {
                return None;
            }
            if let Some(end) = self.run(start) {
                return Some(end);
            }
            if self.steps > self.allowed {
                return None;
            }
            start += 1;
        }
    }

    /// The next place from `from` on at which a match can start.
    fn next_start(&self, mut from: usize, first: Option<&Set>) -> Option<usize> {
        loop {
            let rest = self.text.get(from..)?;
            if let Some(first) = first {
                from += rest.iter().position(|byte| first.has(*byte))?;
            }
            let inside = self.wide && from > 0 && self.text.get(from).is_some_and(|b| is_continuation(*b));
            if !inside {
                return Some(from);
            }
            from += 1;
        }
    }

    /// The end of a match that starts here.
    fn run(&mut self, start: usize) -> Option<usize> {
        if let Some(slots) = &mut self.slots {
            slots.0.get_mut(..self.slots_used).unwrap_or_default().fill(u16::MAX);
        }
        self.depth = 0;
        let (mut pc, mut at) = (0, start);
        loop {
            self.steps += 1;
            if self.steps > self.allowed {
                return None;
            }
            match self.step(pc, at) {
                Step::Go(next, place) => (pc, at) = (next, place),
                Step::Match => return Some(at),
                Step::Fail => (pc, at) = self.resume()?,
            }
        }
    }

    /// Runs one instruction.
    #[inline(always)]
    fn step(&mut self, pc: usize, at: usize) -> Step {
        let Some(inst) = self.code.get(pc).copied() else {
            return Step::Fail;
        };
        let moved = match inst.op {
            op::MATCH => return Step::Match,
            op::LITERAL => self.literal(inst, at),
            op::SET => self.member(inst.a.get(), at),
            op::LOOP => self.enter_loop(inst, pc, at),
            op::REPEAT => self.enter_repeat(inst, pc, at),
            op::LOOK => self.looks(inst.flag, at).then_some(at),
            op::SAVE => {
                self.save(inst.a.get(), at);
                Some(at)
            }
            op::SPLIT => {
                let other =
                    Frame { kind: kind::BRANCH, pc: inst.b.get(), cur: at as u16, ..Frame::default() };
                return if self.push(other) { Step::Go(usize::from(inst.a.get()), at) } else { Step::Fail };
            }
            op::JUMP => return Step::Go(usize::from(inst.a.get()), at),
            op::MEMO => self.note(inst.a.get(), at).then_some(at),
            op::GIVEN => self.given(inst, at),
            op::BACK => at.checked_sub(usize::from(inst.a.get())),
            op::REFERENCE => self.reference(inst, at),
            op::ASSERT | op::ATOMIC => self.begin_aside(inst, pc, at).then_some(at),
            op::CUT => self.cut().map(|_| at),
            op::HOLDS => return self.holds(),
            _ => None,
        };
        moved.map_or(Step::Fail, |at| Step::Go(pc + 1, at))
    }

    /// The place behind a literal.
    #[inline]
    fn literal(&self, inst: Inst, at: usize) -> Option<usize> {
        let offset = u32::from(inst.b.get()) | u32::from(inst.c.get()) << 16;
        let literal = TextRef { offset: U32::new(offset), len: inst.a }.of(self.pool)?;
        literal_end(inst.flag, literal, self.text, at, self.wide)
    }

    /// The place behind a text that was given.
    fn given(&self, inst: Inst, at: usize) -> Option<usize> {
        let given = self.given?.get(usize::from(inst.a.get()))?;
        let end = at + given.len();
        let part = self.text.get(at..end).filter(|part| part.len() <= GIVEN_TEXT_MAX)?;
        let holds = if inst.flag == fold::EXACT { part == *given } else { part.eq_ignore_ascii_case(given) };
        holds.then_some(end)
    }

    /// The place behind one character, if it is in the set.
    #[inline]
    fn member(&self, set: u16, at: usize) -> Option<usize> {
        let set = self.sets.get(usize::from(set))?;
        let (character, behind) =
            if self.wide { wide(self.text, at)? } else { (*self.text.get(at)?, at + 1) };
        set.has(character).then_some(behind)
    }

    /// Notes a place; false if it was noted before.
    #[inline]
    fn note(&mut self, memo: u16, at: usize) -> bool {
        if !self.notes {
            return true;
        }
        let bit = 1 << (at % 64);
        match self.memo.get_mut(usize::from(memo) * self.words + at / 64) {
            Some(word) if *word & bit == 0 => {
                *word |= bit;
                true
            }
            _ => false,
        }
    }

    /// Whether a place is noted.
    fn noted(&self, memo: u16, at: usize) -> bool {
        let word = self.memo.get(usize::from(memo) * self.words + at / 64);
        word.is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    /// Puts a choice on the stack. False if there is no room, which checked
    /// programs do not meet.
    #[inline]
    fn push(&mut self, frame: Frame) -> bool {
        let Some(place) = self.stack.get_mut(self.depth) else {
            return false;
        };
        *place = frame;
        self.depth += 1;
        true
    }

    /// Notes the edge of a group, if groups are wanted.
    fn save(&mut self, slot: u16, at: usize) {
        let Some(slots) = &mut self.slots else { return };
        let Some(former) = slots.set(slot, at as u16) else {
            return;
        };
        // Without an open choice nobody comes back to see the former value.
        if self.depth > 0 {
            self.push(Frame { kind: kind::UNDO, slot: slot as u8, cur: former, ..Frame::default() });
        }
    }

    /// Goes back to the last open choice.
    fn resume(&mut self) -> Option<(usize, usize)> {
        loop {
            self.steps += 1;
            self.depth = self.depth.checked_sub(1)?;
            let frame = *self.stack.get(self.depth)?;
            let (pc, cur) = (usize::from(frame.pc), usize::from(frame.cur));
            let retry = match frame.kind {
                kind::BRANCH => return Some((pc, cur)),
                kind::GREEDY => self.shorter(frame),
                kind::LAZY => self.longer(frame),
                kind::BARRIER => match self.refuted(frame) {
                    None => None,
                    on => return on,
                },
                _ => {
                    if let Some(slots) = &mut self.slots {
                        slots.set(u16::from(frame.slot), frame.cur);
                    }
                    None
                }
            };
            if let Some(at) = retry {
                return Some((pc + 1, at));
            }
        }
    }

    /// Whether a condition on the place holds.
    fn looks(&self, condition: u8, at: usize) -> bool {
        let (text, len) = (self.text, self.text.len());
        let newline = |at: usize| text.get(at) == Some(&b'\n');
        match condition {
            look::START => at == 0,
            look::END => at == len,
            look::END_OR_NEWLINE => at == len || (at + 1 == len && newline(at)),
            look::LINE_START => at == 0 || (at < len && newline(at - 1)),
            look::LINE_END => at == len || newline(at),
            look::WORD_EDGE => self.word_edge(at),
            look::NOT_WORD_EDGE => !self.word_edge(at),
            _ => false,
        }
    }

    /// Whether exactly one side of a place is a word byte.
    fn word_edge(&self, at: usize) -> bool {
        let word = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        word(at.checked_sub(1).and_then(|before| self.text.get(before))) != word(self.text.get(at))
    }
}
