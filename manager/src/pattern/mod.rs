//! Patterns: the manager's own way to run them.
//!
//! Core reads, compiles and runs the three languages
//! ([`bartizan_core::pattern`]). [`FastTables`] and [`FastMatcher`] give the
//! answers of the core's machine, faster and with more memory. What core does
//! not know of Unicode stands in `cases`.

pub mod agreement;
mod automaton;
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
pub use cases::cases;
pub use fast::{FastMatcher, FastTables};
pub use words::word_match;

use bartizan_core::pattern::compile::{self, Parsed};

/// Reads a pattern of a rule or decoder.
fn parse(language: Language, pattern: &[u8]) -> Result<Parsed, Box<PatternError>> {
    compile::parse(language, pattern, Options::default(), cases)
}
