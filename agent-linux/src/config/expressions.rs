//! Regular expressions of a configuration: `pcre2` patterns as in rules, but
//! case counts.
//!
//! They run over bytes, at most
//! [`TEXT_MAX`](bartizan_core::limits::TEXT_MAX) of them, in time linear in
//! their number and in memory that is there before the first search.

use super::START;
use bartizan_core::pattern::compile::{self, Language, Options, PatternError, no_cases};
use bartizan_core::pattern::{Captures, Given, Matcher, PatternId};

/// Bytes that the searches of one expression may work in.
const MEMORY_MAX: usize = 256 * 1024;

/// The number of no pattern.
const NONE: PatternId = PatternId(u16::MAX);

/// Compiled expressions; the first one is pattern 0.
#[derive(Debug)]
pub struct Expressions {
    compiled: compile::Expressions,
    /// By their numbers here: equal ones are one pattern there.
    ids: Vec<PatternId>,
}

impl Expressions {
    /// Compiles these texts, which `check` accepts; what is not accepted
    /// matches nothing.
    pub fn new(patterns: &[Option<&str>]) -> Self {
        let mut compiled = compile::Expressions::new(no_cases);
        let mut add = |(number, pattern): (usize, &Option<&str>)| {
            // A group of `start` that took no part keeps its number: `end`
            // asks for groups of `start` by theirs.
            let options = Options { keep_unset: number == usize::from(START), ..options(true) };
            pattern.and_then(|pattern| compiled.add(Language::Pcre2, pattern.as_bytes(), options).ok())
        };
        let ids = patterns.iter().enumerate().map(|pattern| add(pattern).unwrap_or(NONE)).collect();
        Self { compiled, ids }
    }

    fn id(&self, number: PatternId) -> PatternId {
        self.ids.get(usize::from(number.0)).copied().unwrap_or(NONE)
    }
}

/// How expressions are read; whether they may ask for texts, as `\1`.
fn options(given: bool) -> Options {
    Options { caseless: false, given, keep_unset: false }
}

/// Checks one expression, which may ask for texts if `given` says so.
///
/// # Errors
/// Why it is none, and what to do.
pub(super) fn check(pattern: &str, given: bool) -> Result<(), Box<PatternError>> {
    let mut compiled = compile::Expressions::new(no_cases);
    compiled.add(Language::Pcre2, pattern.as_bytes(), options(given))?;
    if compiled.memory() > MEMORY_MAX {
        return Err(PatternError::too_large("bytes to search in", MEMORY_MAX));
    }
    Ok(())
}

impl Matcher for Expressions {
    fn begin(&mut self, _log: &[u8]) {}

    fn possible(&self, _pattern: PatternId) -> bool {
        true
    }

    fn is_match(&mut self, pattern: PatternId, text: &[u8]) -> bool {
        self.compiled.is_match(self.id(pattern), text)
    }

    fn is_match_given(&mut self, pattern: PatternId, text: &[u8], given: &Given<'_>) -> bool {
        self.compiled.is_match_given(self.id(pattern), text, given)
    }

    fn find(&mut self, pattern: PatternId, text: &[u8]) -> Option<usize> {
        self.compiled.find(self.id(pattern), text)
    }

    fn captures(&mut self, pattern: PatternId, text: &[u8], captures: &mut Captures) -> Option<usize> {
        self.compiled.captures(self.id(pattern), text, captures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_the_start_keep_their_numbers() {
        let mut expressions = Expressions::new(&[Some("(a)?(b)"), Some("b"), Some("(a)?(b)")]);
        let mut captures = Captures::new();
        expressions.captures(PatternId(START), b"b", &mut captures);
        let spans: Vec<_> = captures.iter().map(|span| (span.start, span.len)).collect();
        assert_eq!(spans, [(0, 0), (0, 1)]);
        expressions.captures(PatternId(2), b"b", &mut captures);
        let spans: Vec<_> = captures.iter().map(|span| (span.start, span.len)).collect();
        assert_eq!(spans, [(0, 1)]);
    }

    #[test]
    fn equal_expressions_and_missing_ones_keep_their_numbers() {
        let mut expressions = Expressions::new(&[Some("x"), None, Some("x"), Some("y"), Some("(")]);
        let found: Vec<_> = (0..6).map(|number| expressions.is_match(PatternId(number), b"xy")).collect();
        assert_eq!(found, [true, false, true, true, false, false]);
    }

    #[test]
    fn an_expression_that_takes_too_much_memory_is_refused() {
        assert!(check(r"(?:a|b)*c", false).is_ok());
        let error = check(&"(?:(?:a|b)*c)*".repeat(3), false).expect_err("it is too large");
        assert!(error.to_string().contains("bytes"), "{error}");
    }
}
