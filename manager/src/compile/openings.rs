//! Root decoders by the first byte of what they look at.
//!
//! Nearly all of their patterns are anchored, so that one byte of a program's
//! name, or of a log without one, rules most of them out.

use super::decoders::{Decoder, Decoders};
use super::write::append;
use bartizan_core::image::rows::{NONE, RangeRow};
use bartizan_core::pattern::{PatternId, Patterns};
use std::collections::HashMap;
use zerocopy::little_endian::U16;

/// For each first byte of a program name, then for each of a log: where in the
/// index table the root decoders stand that can fit.
pub(super) fn openings(index: &mut Vec<U16>, patterns: &Patterns<'_>, decoders: &Decoders) -> Vec<RangeRow> {
    let mut families = Families { index, patterns, all: &decoders.all };
    let by_program = families.openings(&decoders.program_roots, |root| root.program);
    let by_log = families.openings(&decoders.plain_roots, |root| root.prematch);
    [by_program, by_log].concat()
}

struct Families<'c> {
    index: &'c mut Vec<U16>,
    patterns: &'c Patterns<'c>,
    all: &'c [Decoder],
}

impl Families<'_> {
    fn openings(&mut self, roots: &[usize], pattern: impl Fn(&Decoder) -> u16) -> Vec<RangeRow> {
        let mut known = HashMap::new();
        let fits = |root: usize, first: u8| {
            let id = pattern(&self.all[root]);
            id == NONE || self.patterns.may_open(PatternId(id), first)
        };
        let family = |first: u8| {
            let fitting = roots.iter().filter(|root| fits(**root, first));
            let rows: Vec<_> = fitting.map(|root| U16::new(*root as u16)).collect();
            *known.entry(rows.clone()).or_insert_with(|| append(self.index, rows))
        };
        (0..=u8::MAX).map(family).collect()
    }
}
