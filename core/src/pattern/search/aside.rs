//! Parts of a program that are run aside: what is only looked for, and what
//! is matched in its first way only.
//!
//! Such a part is a search of its own on the same stack, above a barrier. What
//! it notes holds for this one run: a way that leads to its end here says
//! nothing about what follows it there. So it begins with fresh notes, and a
//! program with such parts may take a limited number of steps.

use super::{Search, Step, kind};
use crate::pattern::Frame;
use crate::pattern::program::{Inst, fold, op};

/// The [`Inst::flag`] of an `ASSERT` that must not hold.
const NEGATIVE: u8 = 1;

impl Search<'_> {
    /// Begins a part: fresh notes, and a barrier. False without room.
    pub(super) fn begin_aside(&mut self, inst: Inst, pc: usize, at: usize) -> bool {
        let (from, to) = (usize::from(inst.a.get()), usize::from(inst.b.get()));
        if let Some(notes) = self.memo.get_mut(from * self.words..to * self.words) {
            self.steps += notes.len() as u64 / 8;
            notes.fill(0);
        }
        self.push(Frame { kind: kind::BARRIER, pc: pc as u16, cur: at as u16, ..Frame::default() })
    }

    /// The part has matched: takes the topmost barrier away, and all choices
    /// above it. Former values of groups stay, the oldest of each.
    pub(super) fn cut(&mut self) -> Option<Frame> {
        let open = self.stack.get(..self.depth)?;
        let place = open.iter().rposition(|frame| frame.kind == kind::BARRIER)?;
        let barrier = *open.get(place)?;
        let (mut seen, mut kept) = (0u128, place);
        for at in place + 1..self.depth {
            let frame = *self.stack.get(at)?;
            let bit = 1u128.checked_shl(u32::from(frame.slot)).unwrap_or(0);
            if frame.kind == kind::UNDO && seen & bit == 0 {
                seen |= bit;
                *self.stack.get_mut(kept)? = frame;
                kept += 1;
            }
        }
        self.depth = kept;
        Some(barrier)
    }

    /// What was looked for is there.
    pub(super) fn holds(&mut self) -> Step {
        let Some(barrier) = self.cut() else { return Step::Fail };
        match self.code.get(usize::from(barrier.pc)) {
            Some(inst) if inst.op == op::ASSERT && inst.flag != NEGATIVE => {
                Step::Go(usize::from(inst.c.get()), usize::from(barrier.cur))
            }
            // It should not be: the groups get their former values as the
            // search goes back over what is left of the part.
            _ => Step::Fail,
        }
    }

    /// The part has failed: where to go on, if it should.
    pub(super) fn refuted(&self, barrier: Frame) -> Option<(usize, usize)> {
        let inst = self.code.get(usize::from(barrier.pc))?;
        let goes_on = inst.op == op::ASSERT && inst.flag == NEGATIVE;
        goes_on.then(|| (usize::from(inst.c.get()), usize::from(barrier.cur)))
    }

    /// The place behind what a group matched, if that is here again.
    pub(super) fn reference(&self, inst: Inst, at: usize) -> Option<usize> {
        let group = self.slots.as_ref()?.group(usize::from(inst.a.get()))?;
        let matched = group.of(self.text);
        let part = self.text.get(at..at + matched.len())?;
        let same =
            if inst.flag == fold::EXACT { part == matched } else { part.eq_ignore_ascii_case(matched) };
        same.then_some(at + matched.len())
    }
}
