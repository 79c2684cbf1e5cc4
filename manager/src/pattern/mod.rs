//! Patterns: the manager's own way to run them.
//!
//! Core reads, compiles and runs the languages
//! ([`bartizan_core::pattern`]). [`FastTables`] and [`FastMatcher`] give the
//! answers of the core's machine, faster and with more memory. What core does
//! not know of Unicode stands in `cases`.

pub mod agreement;
mod automaton;
mod begins;
mod cases;
mod fast;
mod gate;
mod required;
mod words;

#[cfg(test)]
mod tests;

pub use bartizan_core::pattern::compile::{
    Expressions, Facts, Language, Options, PatternError, PatternSet, PatternTables,
};
pub(crate) use begins::beginnings;
pub use cases::cases;
pub use fast::{FastMatcher, FastTables};
pub use words::word_match;

use bartizan_core::pattern::compile::{self, Parsed};
use bartizan_core::pattern::program::flag;
use bartizan_core::pattern::{PatternRow, Patterns};

/// Reads a pattern of an image again.
fn parse(patterns: &Patterns<'_>, row: &PatternRow) -> Option<Parsed> {
    let is = |flag: u8| row.flags & flag != 0;
    let options = Options { caseless: !is(flag::EXACT), given: false, keep_unset: is(flag::KEEP_UNSET) };
    compile::parse(Language::from_u8(row.language)?, patterns.source(row), options, cases).ok()
}
