//! Patterns: the languages, read and compiled.
//!
//! A pattern goes from its language's parser (`match_language`,
//! `regex_language`, `pcre2_language`, `osmatch_language`) as a tree ([`ast`])
//! to the compiler (`program`), which writes the rows of an image; an
//! `osregex` has a form and a machine of its own. [`PatternSet`] collects
//! the patterns of a ruleset; [`Expressions`] are a few patterns that are
//! used where they are compiled.
//!
//! This room takes memory from the heap and so stands behind the feature
//! `compile`. It needs no tables of Unicode: a host that wants characters
//! beyond ASCII without case brings them ([`Cases`]).

pub mod ast;
mod characters;
mod error;
mod expressions;
mod literal_shape;
mod match_language;
mod osmatch_language;
mod osregex_language;
mod pattern_set;
mod pcre2_class;
mod pcre2_language;
mod program;
mod regex_language;

#[cfg(test)]
mod tests;

pub use error::PatternError;
pub use expressions::Expressions;
pub use literal_shape::LiteralShape;
pub use osregex_language::OsRegex;
pub use pattern_set::{Facts, PatternSet, PatternTables};

use crate::limits::PATTERN_MAX;
use alloc::boxed::Box;
use ast::Tree;

/// A pattern language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Language {
    /// Literals with `^ $ |`.
    Match = 0,
    /// OSSEC's own expressions.
    Regex = 1,
    /// PCRE2, in byte mode.
    Pcre2 = 2,
    /// Wazuh's literals: as [`Language::Match`], with anchors only at the ends
    /// of an alternative and a leading `!` that inverts the whole.
    OsMatch = 3,
    /// Wazuh's own expressions, run by a machine of their own
    /// ([`osregex`](super::osregex)).
    OsRegex = 4,
}

impl Language {
    /// All languages, by number.
    pub const ALL: [Self; 5] = [Self::Match, Self::Regex, Self::Pcre2, Self::OsMatch, Self::OsRegex];

    /// The language of a number, as images store it.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// How a pattern is read. The default is that of rules and decoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Options {
    /// `pcre2`: A-Z equal a-z; the other languages never know case.
    pub caseless: bool,
    /// `pcre2`: `\1` to `\9` are texts given to the search
    /// ([`Matcher::is_match_given`](super::Matcher::is_match_given)), not
    /// back-references, which are refused.
    pub given: bool,
    /// Groups that took no part keep their place among the captures.
    pub keep_unset: bool,
}

impl Options {
    /// Wazuh 4.14: PCRE2 without any option.
    pub const WAZUH: Self = Self { caseless: false, given: false, keep_unset: true };
}

impl Default for Options {
    fn default() -> Self {
        Self { caseless: true, given: false, keep_unset: false }
    }
}

/// Calls back with each character that is equal to one beyond ASCII but for
/// case, itself included: Unicode simple folding, or [`no_cases`].
pub type Cases = fn(char, &mut dyn FnMut(char));

/// Characters beyond ASCII are only equal to themselves.
pub fn no_cases(character: char, equal: &mut dyn FnMut(char)) {
    equal(character);
}

/// A pattern as it was understood.
#[derive(Clone, Debug)]
pub enum Parsed {
    /// A plain string compare.
    Shape(LiteralShape),
    /// An expression of Wazuh.
    OsRegex(OsRegex),
    /// Anything else.
    Tree(Tree),
}

/// Reads a pattern. What [`flag::NOT`](super::program::flag::NOT) inverts is
/// given as it is before that.
pub fn parse(
    language: Language,
    pattern: &[u8],
    options: Options,
    cases: Cases,
) -> Result<Parsed, Box<PatternError>> {
    let (shape, limit) = match language {
        Language::OsMatch => return osmatch_language::parse(pattern),
        Language::OsRegex => return osregex_language::parse(pattern).map(Parsed::OsRegex),
        Language::Match => (LiteralShape::of_match(pattern), match_language::LENGTH_MAX),
        Language::Regex => (LiteralShape::of_regex(pattern), match_language::LENGTH_MAX),
        // Plain compares know no case.
        Language::Pcre2 if !options.caseless => (None, PATTERN_MAX),
        Language::Pcre2 => (LiteralShape::of_regex(pattern), PATTERN_MAX),
    };
    if let Some(shape) = shape.filter(|_| pattern.len() <= limit) {
        return Ok(Parsed::Shape(shape));
    }
    let tree = match language {
        Language::Match => match_language::parse(pattern, cases),
        Language::Regex => regex_language::parse(pattern, cases),
        _ => pcre2_language::parse(pattern, options, cases),
    };
    tree.map(Parsed::Tree)
}
