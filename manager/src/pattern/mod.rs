//! Patterns: the three languages, read and compiled.
//!
//! A pattern goes from its language's parser (`match_language`,
//! `regex_language`, `pcre2_language`) as a tree (`ast`) to the compiler
//! (`program`), which writes the rows of an image. [`PatternSet`] collects
//! the patterns of a ruleset. [`FastTables`] and [`FastMatcher`] are the
//! manager's own way to run them; they give the answers of the core's machine.

pub mod agreement;
mod ast;
mod automaton;
mod characters;
mod error;
mod fast;
mod gate;
mod literal_shape;
mod match_language;
mod pattern_set;
mod pcre2_class;
mod pcre2_language;
mod program;
mod regex_language;
mod required;
mod single;
mod words;

#[cfg(test)]
mod tests;

pub use error::PatternError;
pub use fast::{FastMatcher, FastTables};
pub use pattern_set::{Facts, PatternSet, PatternTables};
pub use single::Single;
pub use words::word_match;

use ast::Tree;
use literal_shape::LiteralShape;

/// A pattern language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Language {
    /// Literals with `^ $ |`.
    Match = 0,
    /// OSSEC's own expressions.
    Regex = 1,
    /// PCRE2, without case.
    Pcre2 = 2,
}

impl Language {
    /// All languages, by number.
    pub const ALL: [Self; 3] = [Self::Match, Self::Regex, Self::Pcre2];

    /// The language of a number, as images store it.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// A pattern as it was understood.
#[derive(Clone, Debug)]
enum Parsed {
    /// A plain string compare.
    Shape(LiteralShape),
    /// Anything else.
    Tree(Tree),
}

/// Reads a pattern.
fn parse(language: Language, pattern: &[u8]) -> Result<Parsed, PatternError> {
    let shape = match language {
        Language::Match => LiteralShape::of_match(pattern),
        Language::Regex | Language::Pcre2 => LiteralShape::of_regex(pattern),
    };
    let limit = if language == Language::Pcre2 {
        bartizan_core::limits::PATTERN_MAX
    } else {
        match_language::LENGTH_MAX
    };
    if let Some(shape) = shape.filter(|_| pattern.len() <= limit) {
        return Ok(Parsed::Shape(shape));
    }
    let tree = match language {
        Language::Match => match_language::parse(pattern),
        Language::Regex => regex_language::parse(pattern),
        Language::Pcre2 => pcre2_language::parse(pattern, true),
    };
    tree.map(Parsed::Tree)
}
