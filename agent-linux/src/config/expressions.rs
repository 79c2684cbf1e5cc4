//! Regular expressions of a configuration.
//!
//! Patterns run over at most [`TEXT_MAX`] bytes in time linear in their
//! length. A log may hold any bytes but an expression reads UTF-8, so each
//! byte that is none counts as `?`, and offsets stay what they are.

use super::START;
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::pattern::{Captures, Given, Matcher, PatternId};
use bartizan_core::record::Span;
use regex_lite::{Regex, RegexBuilder};

/// Bytes of the text of one expression, with what it is given.
const EXPRESSION_MAX: usize = 4096;

/// Bytes of one compiled expression.
const PROGRAM_MAX: usize = 256 * 1024;

/// How an expression is checked.
pub(super) type Compile = fn(&str) -> Result<Regex, String>;

/// Compiled expressions; the first one is pattern 0.
#[derive(Clone, Debug)]
pub struct Expressions {
    compiled: Vec<Option<Expression>>,
    /// A text of which some bytes are no UTF-8.
    mended: String,
}

/// One expression. One that asks for texts, as `\1`, is compiled anew when it
/// is given others.
#[derive(Clone, Debug)]
struct Expression {
    regex: Regex,
    /// As it is written, if it asks.
    asks: Option<String>,
    /// With what it was given last.
    filled: String,
}

impl Expressions {
    /// Compiles these texts, as `compile` and `compile_asking` accept
    /// them; what is not accepted matches nothing.
    pub fn new(patterns: &[Option<&str>]) -> Self {
        let expression = |pattern: &Option<&str>| {
            let pattern = (*pattern)?;
            let filled = fill(pattern, &Given::default());
            let asks = (filled != pattern).then(|| pattern.to_string());
            Some(Expression { regex: compile(&filled).ok()?, asks, filled })
        };
        let compiled = patterns.iter().map(expression).collect();
        Self { compiled, mended: String::with_capacity(TEXT_MAX) }
    }

    /// Whether the expression of a number matches somewhere in the text.
    pub fn matches(&mut self, number: usize, text: &[u8]) -> bool {
        self.run(number, text).is_some_and(|(regex, text)| regex.is_match(text))
    }

    /// Gives texts to an expression; false if it cannot hold them.
    fn give(&mut self, number: usize, given: &Given<'_>) -> bool {
        let Some(Some(expression)) = self.compiled.get_mut(number) else { return false };
        let Some(asks) = &expression.asks else { return true };
        let filled = fill(asks, given);
        if filled != expression.filled {
            let Ok(regex) = compile(&filled) else { return false };
            (expression.regex, expression.filled) = (regex, filled);
        }
        true
    }

    fn run<'r>(&'r mut self, number: usize, text: &'r [u8]) -> Option<(&'r Regex, &'r str)> {
        let regex = &self.compiled.get(number)?.as_ref()?.regex;
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

/// Replaces `\1` to `\9` by the texts given, taken literally.
fn fill(pattern: &str, given: &Given<'_>) -> String {
    let mut filled = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        let next = if character == '\\' { characters.next() } else { None };
        match next.and_then(|next| next.to_digit(10)).and_then(|digit| digit.checked_sub(1)) {
            Some(number) => {
                let text = given.get(number as usize).copied().unwrap_or(b"");
                filled += &regex_lite::escape(&String::from_utf8_lossy(text));
            }
            None => filled.extend([Some(character), next].into_iter().flatten()),
        }
    }
    filled
}

/// Checks an expression that may ask for texts.
///
/// # Errors
/// Why it is none.
pub(super) fn compile_asking(pattern: &str) -> Result<Regex, String> {
    compile(&fill(pattern, &Given::default()))
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

    fn is_match_given(&mut self, pattern: PatternId, text: &[u8], given: &Given<'_>) -> bool {
        let number = usize::from(pattern.0);
        self.give(number, given) && self.matches(number, text)
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
        // A group that took no part keeps its number: `end` asks for groups of
        // `start` by theirs.
        captures.fill(found.iter().skip(1).map(|group| group.map(span)), pattern == PatternId(START));
        found.get(0).map(|all| all.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_the_start_keep_their_numbers() {
        let mut expressions = Expressions::new(&[Some("(a)?(b)"), Some(""), Some("(a)?(b)")]);
        let mut captures = Captures::new();
        expressions.captures(PatternId(START), b"b", &mut captures);
        assert_eq!(captures.iter().copied().collect::<Vec<_>>(), [Span::default(), Span::new(0, 1)]);
        expressions.captures(PatternId(2), b"b", &mut captures);
        assert_eq!(captures.iter().copied().collect::<Vec<_>>(), [Span::new(0, 1)]);
    }
}
