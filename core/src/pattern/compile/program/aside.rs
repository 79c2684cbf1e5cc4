//! Programs of what is run aside: look-around, atomic parts, and references.

use super::Writer;
use crate::limits::CAPTURES_MAX;
use crate::pattern::compile::PatternError;
use crate::pattern::compile::ast::{First, Node};
use crate::pattern::program::{fold, op, run};
use alloc::boxed::Box;
use alloc::format;
use zerocopy::little_endian::U16;

impl Writer<'_> {
    /// Writes a part that is run aside, between two instructions: how many
    /// bytes it has is not known to the loops around it.
    fn aside(&mut self, begin: (u8, u8), end: u8, node: &Node) -> Result<(), Box<PatternError>> {
        let start = self.put(begin.0, begin.1, [self.memos, 0, 0])?;
        let around = (self.leaps.take(), self.landings.take());
        self.node(node, First::OPEN)?;
        (self.leaps, self.landings) = around;
        self.put(end, 0, [0; 3])?;
        let (memos, here) = (U16::new(self.memos), U16::new(self.here()));
        let inst = &mut self.code[start];
        inst.b = memos;
        if inst.op == op::ASSERT {
            inst.c = here;
        }
        Ok(())
    }

    /// Writes what is only looked for.
    pub(super) fn assertion(&mut self, node: &Node, negative: bool) -> Result<(), Box<PatternError>> {
        self.aside((op::ASSERT, u8::from(negative)), op::HOLDS, node)
    }

    /// Writes what is matched in its first way only.
    pub(super) fn atomic(&mut self, node: &Node) -> Result<(), Box<PatternError>> {
        let nullable = node.is_nullable();
        if nullable && self.leaps.is_some() {
            return Err(unknown_round("an atomic part"));
        }
        if let Node::Repeat { node, min, max: None, greedy: true } = node
            && let Node::Chars(set) = &**node
        {
            let set = self.pool.set(set)?;
            return self.characters(set, *min, None, run::LONGEST);
        }
        self.aside((op::ATOMIC, 0), op::CUT, node)?;
        if nullable { Ok(()) } else { self.consumed() }
    }

    /// Writes what a group has matched.
    pub(super) fn reference(
        &mut self,
        group: u16,
        caseless: bool,
        nullable: bool,
    ) -> Result<(), Box<PatternError>> {
        if usize::from(group) >= CAPTURES_MAX {
            return Err(PatternError::too_large("groups to refer to", CAPTURES_MAX));
        }
        if nullable && self.leaps.is_some() {
            return Err(unknown_round("a reference to a group"));
        }
        self.put(op::REFERENCE, if caseless { fold::ASCII } else { fold::EXACT }, [group, 0, 0])?;
        if nullable { Ok(()) } else { self.consumed() }
    }
}

/// A loop that could not tell whether a round matched anything.
fn unknown_round(what: &str) -> Box<PatternError> {
    PatternError::at(0, format!("{what} that may match nothing, in a repeat that may match nothing"))
        .help("make one of the two match at least one character")
}
