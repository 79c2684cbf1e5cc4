//! Programs of repeats.

use super::Writer;
use crate::pattern::Set;
use crate::pattern::compile::PatternError;
use crate::pattern::compile::ast::{First, Node, overlap};
use crate::pattern::program::{op, run};
use alloc::boxed::Box;
use alloc::vec::Vec;
use zerocopy::little_endian::U16;

/// Repeats that one instruction can count.
const REPEATS_MAX: usize = u16::MAX as usize;

impl Writer<'_> {
    /// Writes a repeat.
    pub(super) fn repeat(
        &mut self,
        node: &Node,
        min: u32,
        max: Option<u32>,
        greedy: bool,
        follow: First,
    ) -> Result<(), Box<PatternError>> {
        if let Node::Chars(set) = node
            && (!self.utf || max.is_none())
        {
            return self.run(set, min, max, greedy, follow);
        }
        let again = node.first().then(follow).or(follow);
        let copies = if max.is_none() { min.saturating_sub(1) } else { min };
        for _ in 0..copies {
            let before = self.code.len();
            self.node(node, again)?;
            if self.code.len() == before {
                // Copies of nothing are nothing.
                return Ok(());
            }
        }
        match max {
            None if min == 0 => self.optional(greedy, |w| w.one_or_more(node, greedy, again)),
            None => self.one_or_more(node, greedy, again),
            Some(max) if max > min => self.up_to(node, max - min, greedy, again),
            Some(_) => Ok(()),
        }
    }

    /// Writes a part that may be left out.
    fn optional(
        &mut self,
        greedy: bool,
        part: impl FnOnce(&mut Self) -> Result<(), Box<PatternError>>,
    ) -> Result<(), Box<PatternError>> {
        let split = self.split(greedy)?;
        part(self)?;
        self.leave_to_here(split, greedy);
        self.meet().map(drop)
    }

    /// Writes a part one or more times.
    fn one_or_more(&mut self, node: &Node, greedy: bool, follow: First) -> Result<(), Box<PatternError>> {
        if self.leaps.is_some() {
            // In a first copy the end of a round that matched nothing is the
            // end of the loop; any other round ends in the second copy.
            return self.node(node, follow);
        }
        let head = self.meet()? as u16;
        if !node.is_nullable() {
            self.node(node, follow)?;
            return self.again_or_on(head, greedy);
        }
        self.leaps = Some(Vec::new());
        self.node(node, follow)?;
        let leaps = self.leaps.take().unwrap_or_default();
        let leave = self.put(op::JUMP, 0, [0; 3])?;
        let outer = self.landings.replace(Vec::new());
        self.node(node, follow)?;
        let landings = core::mem::replace(&mut self.landings, outer).unwrap_or_default();
        self.again_or_on(head, greedy)?;
        self.code[leave].a = U16::new(self.here());
        for (leap, landing) in leaps.into_iter().zip(&landings) {
            self.code[leap].a = U16::new(*landing as u16);
        }
        if let Some(outer) = &mut self.landings {
            outer.extend(landings);
        }
        self.meet().map(drop)
    }

    /// Writes the choice at the end of a loop.
    fn again_or_on(&mut self, head: u16, greedy: bool) -> Result<(), Box<PatternError>> {
        let next = self.here() + 1;
        let targets = if greedy { [head, next, 0] } else { [next, head, 0] };
        self.put(op::SPLIT, 0, targets).map(drop)
    }

    /// Writes a part up to `count` times, each within the one before.
    fn up_to(
        &mut self,
        node: &Node,
        count: u32,
        greedy: bool,
        follow: First,
    ) -> Result<(), Box<PatternError>> {
        let mut splits = Vec::new();
        for _ in 0..count {
            splits.push(self.split(greedy)?);
            self.node(node, follow)?;
        }
        splits.into_iter().for_each(|split| self.leave_to_here(split, greedy));
        self.meet().map(drop)
    }

    /// Writes a choice between what follows and a place to be set.
    fn split(&mut self, greedy: bool) -> Result<usize, Box<PatternError>> {
        let next = self.here() + 1;
        self.put(op::SPLIT, 0, if greedy { [next, 0, 0] } else { [0, next, 0] })
    }

    /// Sets the open place of a choice.
    fn leave_to_here(&mut self, split: usize, greedy: bool) {
        let here = U16::new(self.here());
        let inst = &mut self.code[split];
        *(if greedy { &mut inst.b } else { &mut inst.a }) = here;
    }

    /// Writes a run of characters of one set.
    fn run(
        &mut self,
        set: &Set,
        min: u32,
        max: Option<u32>,
        greedy: bool,
        follow: First,
    ) -> Result<(), Box<PatternError>> {
        if max == Some(0) {
            return Ok(());
        }
        let longest = !follow.open && !overlap(set, &follow.set);
        let how = match (longest, greedy) {
            (true, _) => run::LONGEST,
            (_, true) => run::GREEDY,
            (_, false) => run::LAZY,
        };
        let set = self.pool.set(set)?;
        if min == 0 && self.leaps.is_some() {
            // No character is another way than one or more.
            return self.optional(greedy, |w| w.characters(set, 1, max, how));
        }
        self.characters(set, min, max, how)
    }

    /// Writes the instructions of a run.
    pub(super) fn characters(
        &mut self,
        set: u16,
        min: u32,
        max: Option<u32>,
        how: u8,
    ) -> Result<(), Box<PatternError>> {
        let Some(max) = max else {
            for _ in 1..min {
                self.put(op::SET, 0, [set, 0, 0])?;
            }
            let memo = self.memo()?;
            self.put(op::LOOP, how, [set, min.min(1) as u16, memo])?;
            return self.consumed();
        };
        let (Ok(min), Ok(max)) = (u16::try_from(min), u16::try_from(max)) else {
            return Err(PatternError::too_large("repeats", REPEATS_MAX));
        };
        if min == max {
            let (op, flag) = if max == 1 { (op::SET, 0) } else { (op::REPEAT, run::LONGEST) };
            self.put(op, flag, if max == 1 { [set, 0, 0] } else { [set, min, max] })?;
        } else {
            self.put(op::REPEAT, how, [set, min, max])?;
            if how != run::LONGEST {
                self.meet()?;
            }
        }
        self.consumed()
    }
}
