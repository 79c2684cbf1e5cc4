//! Regular expressions of a configuration.
//!
//! Patterns run over at most [`TEXT_MAX`] bytes in time linear in their
//! length. A log may hold any bytes but an expression reads UTF-8, so each
//! byte that is none counts as `?`, and offsets stay what they are.

use bartizan_core::limits::TEXT_MAX;
use bartizan_core::pattern::{Captures, Given, Matcher, PatternId};
use bartizan_core::record::Span;
use regex_lite::{Regex, RegexBuilder};

/// Bytes of the text of one expression.
const EXPRESSION_MAX: usize = 1024;

/// Bytes of one compiled expression.
const PROGRAM_MAX: usize = 256 * 1024;

/// Compiled expressions; the first one is pattern 0.
#[derive(Clone, Debug)]
pub struct Expressions {
    compiled: Vec<Option<Regex>>,
    /// A text of which some bytes are no UTF-8.
    mended: String,
}

impl Expressions {
    /// Compiles these texts, as [`compile`] accepts them; what is not
    /// accepted matches nothing.
    pub fn new<'p>(patterns: impl IntoIterator<Item = Option<&'p str>>) -> Self {
        let compiled = patterns.into_iter().map(|pattern| compile(pattern?).ok()).collect();
        Self { compiled, mended: String::with_capacity(TEXT_MAX) }
    }

    /// Whether the expression of a number matches somewhere in the text.
    pub fn matches(&mut self, number: usize, text: &[u8]) -> bool {
        self.run(number, text).is_some_and(|(regex, text)| regex.is_match(text))
    }

    fn run<'r>(&'r mut self, number: usize, text: &'r [u8]) -> Option<(&'r Regex, &'r str)> {
        let regex = self.compiled.get(number)?.as_ref()?;
        let text = text.get(..TEXT_MAX).unwrap_or(text);
        let text = match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(_) => {
                mend(text, &mut self.mended);
                self.mended.as_str()
            }
        };
        Some((regex, text))
    }
}

/// Checks and compiles one expression.
///
/// # Errors
/// Why it is none.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > EXPRESSION_MAX {
        return Err(format!("it is longer than {EXPRESSION_MAX} bytes"));
    }
    let mut builder = RegexBuilder::new(pattern);
    builder.size_limit(PROGRAM_MAX).build().map_err(|error| error.to_string())
}

/// Copies a text with `?` for each byte that is no UTF-8. No more than
/// [`TEXT_MAX`] bytes, so the copy does not grow.
fn mend(text: &[u8], mended: &mut String) {
    mended.clear();
    for chunk in text.utf8_chunks() {
        mended.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|_| mended.push('?'));
    }
}

impl Matcher for Expressions {
    fn begin(&mut self, _log: &[u8]) {}

    fn possible(&self, _pattern: PatternId) -> bool {
        true
    }

    fn is_match(&mut self, pattern: PatternId, text: &[u8]) -> bool {
        self.matches(usize::from(pattern.0), text)
    }

    /// No expression can ask for a text given: [`compile`] refuses it.
    fn is_match_given(&mut self, pattern: PatternId, text: &[u8], _given: &Given<'_>) -> bool {
        self.is_match(pattern, text)
    }

    fn find(&mut self, pattern: PatternId, text: &[u8]) -> Option<usize> {
        let (regex, text) = self.run(usize::from(pattern.0), text)?;
        regex.find(text).map(|found| found.end())
    }

    fn captures(&mut self, pattern: PatternId, text: &[u8], captures: &mut Captures) -> Option<usize> {
        captures.clear();
        let (regex, text) = self.run(usize::from(pattern.0), text)?;
        let found = regex.captures(text)?;
        let span = |group: regex_lite::Match<'_>| Span::new(group.start(), group.end());
        captures.fill(found.iter().skip(1).map(|group| group.map(span)), false);
        found.get(0).map(|all| all.end())
    }
}
