//! Runs of characters of one set: `LOOP` and `REPEAT`.

use super::{Search, kind};
use crate::pattern::Frame;
use crate::pattern::program::{Inst, Set, TextRef, op, run};
use zerocopy::little_endian::U32;

/// What the next byte must be for a pattern to go on.
#[derive(Clone, Copy)]
enum Ahead<'s> {
    /// Not known.
    Any,
    /// This byte.
    Byte(u8),
    /// This letter, in any case.
    Letter(u8),
    /// One of these bytes.
    Set(&'s Set),
}

impl Ahead<'_> {
    #[inline]
    fn fits(self, byte: Option<&u8>) -> bool {
        match (self, byte) {
            (Ahead::Any, _) => true,
            (_, None) => false,
            (Ahead::Byte(wanted), Some(byte)) => wanted == *byte,
            (Ahead::Letter(wanted), Some(byte)) => wanted == byte.to_ascii_lowercase(),
            (Ahead::Set(set), Some(byte)) => set.has(*byte),
        }
    }
}

impl<'s> Search<'s> {
    /// Tries a run with one character less.
    pub(super) fn shorter(&mut self, frame: Frame) -> Option<usize> {
        let (low, cur) = (usize::from(frame.low), usize::from(frame.cur));
        if cur <= low {
            return None;
        }
        let at = if self.wide {
            self.before(frame.pc, low, cur)?
        } else {
            let ahead = self.ahead(usize::from(frame.pc));
            let shorter = self.text.get(low..cur)?;
            let back = shorter.iter().rev().position(|byte| ahead.fits(Some(byte)))?;
            self.steps += back as u64;
            cur - 1 - back
        };
        if at > low {
            self.push(Frame { cur: at as u16, ..frame });
        }
        Some(at)
    }

    /// The place one character before `cur` in a run that began at `low`.
    ///
    /// Text that is not UTF-8 can be cut into characters in more than one way,
    /// but only the way of this run has noted places from which the loop's set
    /// leads to `cur`: another way to `cur` would have ended the run there.
    fn before(&self, pc: u16, low: usize, cur: usize) -> Option<usize> {
        let inst = self.code.get(usize::from(pc))?;
        let nearest = cur.saturating_sub(6).max(low);
        (nearest..cur)
            .rev()
            .find(|at| self.noted(inst.c.get(), *at) && self.member(inst.a.get(), *at) == Some(cur))
    }

    /// Tries a run with one character more.
    pub(super) fn longer(&mut self, frame: Frame) -> Option<usize> {
        let inst = self.code.get(usize::from(frame.pc)).copied()?;
        let at = self.member(inst.a.get(), usize::from(frame.cur))?;
        if inst.op == op::LOOP {
            if !self.note(inst.c.get(), at) {
                return None;
            }
            let at = self.skip(inst, self.ahead(usize::from(frame.pc)), at)?;
            self.push(Frame { cur: at as u16, ..frame });
            return Some(at);
        } else if frame.low > 1 {
            // A bounded run counts in `low` what it may still take.
            self.push(Frame { cur: at as u16, low: frame.low - 1, ..frame });
        }
        Some(at)
    }

    /// Begins an unbounded run: the first place to go on at.
    pub(super) fn enter_loop(&mut self, inst: Inst, pc: usize, at: usize) -> Option<usize> {
        let (set, memo) = (inst.a.get(), inst.c.get());
        let mut low = at;
        for _ in 0..inst.b.get() {
            low = self.member(set, low)?;
        }
        if !self.note(memo, low) {
            return None;
        }
        let frame = Frame { pc: pc as u16, low: low as u16, cur: low as u16, kind: kind::LAZY, slot: 0 };
        if inst.flag == run::LAZY {
            let at = self.skip(inst, self.ahead(pc), low)?;
            return self.push(Frame { cur: at as u16, ..frame }).then_some(at);
        }
        let (high, met) = self.sweep(set, memo, low);
        self.steps += (high - low) as u64;
        if inst.flag == run::LONGEST {
            // Where the run met another one, that one has tried the end.
            return (!met).then_some(high);
        }
        if high > low && !self.push(Frame { cur: high as u16, kind: kind::GREEDY, ..frame }) {
            return None;
        }
        Some(high)
    }

    /// What the byte behind a run must be, as far as the next instruction
    /// tells.
    #[inline]
    fn ahead(&self, pc: usize) -> Ahead<'s> {
        let rest = self.code.get(pc + 1..).unwrap_or_default();
        // Few groups end in one place; a hostile program gains nothing by more.
        let next = rest.iter().take(4).find(|inst| inst.op != op::SAVE);
        match next {
            Some(inst) if inst.op == op::LITERAL => {
                let offset = u32::from(inst.b.get()) | u32::from(inst.c.get()) << 16;
                let literal = TextRef { offset: U32::new(offset), len: inst.a }.of(self.pool);
                match literal.and_then(<[u8]>::first) {
                    // Letters may fold to characters of several bytes.
                    Some(byte) if !byte.is_ascii_alphabetic() && byte.is_ascii() => Ahead::Byte(*byte),
                    Some(byte) if !self.wide && byte.is_ascii() => Ahead::Letter(byte.to_ascii_lowercase()),
                    _ => Ahead::Any,
                }
            }
            Some(inst) if inst.op == op::SET && !self.wide => {
                self.sets.get(usize::from(inst.a.get())).map_or(Ahead::Any, Ahead::Set)
            }
            _ => Ahead::Any,
        }
    }

    /// Goes on in a lazy run to the first place from which the pattern can go
    /// on at all, noting the places on the way.
    #[inline]
    fn skip(&mut self, inst: Inst, ahead: Ahead<'_>, from: usize) -> Option<usize> {
        let mut at = from;
        while !ahead.fits(self.text.get(at)) {
            at = self.member(inst.a.get(), at)?;
            if !self.note(inst.c.get(), at) {
                return None;
            }
            self.steps += 1;
        }
        Some(at)
    }

    /// Goes through a run and notes its places, up to its end or to a place
    /// noted before (`true`): all from there on was tried.
    fn sweep(&mut self, set: u16, memo: u16, low: usize) -> (usize, bool) {
        let mut high = low;
        while let Some(next) = self.member(set, high) {
            if !self.note(memo, next) {
                return (high, true);
            }
            high = next;
        }
        (high, false)
    }

    /// Begins a bounded run: the first place to go on at.
    pub(super) fn enter_repeat(&mut self, inst: Inst, pc: usize, at: usize) -> Option<usize> {
        let (min, max) = (inst.b.get(), inst.c.get());
        let mut low = at;
        for _ in 0..min {
            low = self.member(inst.a.get(), low)?;
        }
        let more = max.saturating_sub(min);
        self.steps += u64::from(max);
        let frame = Frame { pc: pc as u16, low: more, cur: low as u16, kind: kind::LAZY, slot: 0 };
        if inst.flag == run::LAZY {
            return (more == 0 || self.push(frame)).then_some(low);
        }
        let mut high = low;
        for _ in 0..more {
            let Some(next) = self.member(inst.a.get(), high) else {
                break;
            };
            high = next;
        }
        let greedy = inst.flag == run::GREEDY && high > low;
        if greedy && !self.push(Frame { low: low as u16, cur: high as u16, kind: kind::GREEDY, ..frame }) {
            return None;
        }
        Some(high)
    }
}
