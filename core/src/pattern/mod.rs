//! The pattern languages of OSSEC's and Wazuh's rules as compact programs.
//!
//! The manager compiles patterns; this room only runs them: [`Patterns`]
//! checks the tables of an image once, a [`Machine`] runs them in memory that
//! the host lends. A search needs time linear in the length of the text (see
//! [`machine`]) and never fails: it finds a match or it does not. Where a
//! pattern has no such bound by itself, a limit of steps keeps it
//! ([`osregex::steps_allowed`]). Hosts with more memory may bring a faster
//! [`Matcher`]; rules and decoders do not know which one they talk to.
//!
//! A text is always a subject of its own: `^` is its first byte, whatever
//! stands before it in the record.

mod character;
mod check;
#[cfg(feature = "compile")]
pub mod compile;
mod literal;
pub mod machine;
pub mod osregex;
pub mod program;
mod search;

pub use machine::{Frame, Machine, Scratch, ScratchNeed, ScratchTooSmall};
pub use program::{BadProgram, Inst, PatternRow, Patterns, Set};

use crate::limits::{CAPTURES_MAX, GIVEN_MAX};
use crate::record::Span;
use heapless::Vec;

/// A pattern: the number of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatternId(pub u16);

/// The groups that took part in a match, in order, relative to the text given.
///
/// OSSEC 4.3: groups that took no part are left out, so that later ones move
/// up; a pattern whose row says [`program::flag::KEEP_UNSET`] keeps their
/// places with empty spans instead. At most [`CAPTURES_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    spans: Vec<Span, CAPTURES_MAX>,
}

impl Captures {
    /// No captures.
    pub const fn new() -> Self {
        Self { spans: Vec::new() }
    }

    /// Number of captures.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// A capture by its position.
    pub fn get(&self, position: usize) -> Option<Span> {
        self.spans.get(position).copied()
    }

    /// The captures in order.
    pub fn iter(&self) -> core::slice::Iter<'_, Span> {
        self.spans.iter()
    }

    /// Forgets all captures.
    pub fn clear(&mut self) {
        self.spans.clear();
    }

    /// Takes over the groups of one match; `keep_unset` as the pattern's row
    /// says. Groups beyond [`CAPTURES_MAX`] are left out.
    pub fn fill(&mut self, groups: impl Iterator<Item = Option<Span>>, keep_unset: bool) {
        self.spans.clear();
        let mut taking_part = 0;
        for group in groups.take(CAPTURES_MAX) {
            if group.is_some() || keep_unset {
                // Cannot be full: no more than its capacity were taken.
                let _ = self.spans.push(group.unwrap_or_default());
            }
            if group.is_some() {
                taking_part = self.spans.len();
            }
        }
        // Unset groups behind the last set one are not captures either way.
        self.spans.truncate(taking_part);
    }
}

impl<'c> IntoIterator for &'c Captures {
    type Item = &'c Span;
    type IntoIter = core::slice::Iter<'c, Span>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Texts that a pattern may ask for with [`program::op::GIVEN`].
pub type Given<'t> = [&'t [u8]; GIVEN_MAX];

/// What rules and decoders ask of patterns.
///
/// A pattern number without a row matches nothing.
pub trait Matcher {
    /// Called once per event before any other call: looks at the log once.
    fn begin(&mut self, log: &[u8]);

    /// False only if the pattern cannot match any part of the log given to
    /// [`Matcher::begin`].
    fn possible(&self, pattern: PatternId) -> bool;

    /// Whether the pattern matches somewhere in the text.
    fn is_match(&mut self, pattern: PatternId, text: &[u8]) -> bool;

    /// As [`Matcher::is_match`], for a text that many events have in common
    /// (the name of a program or of a host, a place), so that a matcher may
    /// keep the answer.
    fn matches_name(&mut self, pattern: PatternId, name: &[u8]) -> bool {
        self.is_match(pattern, name)
    }

    /// As [`Matcher::is_match`], with texts that the pattern may ask for. To
    /// the other calls no text is given, and a pattern that asks fails there.
    fn is_match_given(&mut self, pattern: PatternId, text: &[u8], given: &Given<'_>) -> bool;

    /// Where a later pattern goes on: just past the leftmost match, as an
    /// offset into the text.
    ///
    /// Wazuh 4.14 knows the last byte of a match and goes on behind it. For
    /// its languages this is that place, with its quirks: an `osregex` may
    /// end early or late, and 0 in a text that is not empty stands for the
    /// byte before the text.
    fn find(&mut self, pattern: PatternId, text: &[u8]) -> Option<usize>;

    /// As [`Matcher::find`], with the groups of the match. Without a match
    /// the captures are empty.
    fn captures(&mut self, pattern: PatternId, text: &[u8], captures: &mut Captures) -> Option<usize>;
}

/// A matcher without patterns: nothing matches.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPatterns;

impl Matcher for NoPatterns {
    fn begin(&mut self, _log: &[u8]) {}

    fn possible(&self, _pattern: PatternId) -> bool {
        false
    }

    fn is_match(&mut self, _pattern: PatternId, _text: &[u8]) -> bool {
        false
    }

    fn is_match_given(&mut self, _pattern: PatternId, _text: &[u8], _given: &Given<'_>) -> bool {
        false
    }

    fn find(&mut self, _pattern: PatternId, _text: &[u8]) -> Option<usize> {
        None
    }

    fn captures(&mut self, _pattern: PatternId, _text: &[u8], captures: &mut Captures) -> Option<usize> {
        captures.clear();
        None
    }
}
