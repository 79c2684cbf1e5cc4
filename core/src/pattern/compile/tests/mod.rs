//! The promises of compiling and of the machine.

extern crate std;

mod examples;
mod expressions;
mod given;
mod hostile;
mod linear;
mod naive;
mod osmatch;
mod osregex;
mod osregex_plain;
mod random;
mod reference;
mod wazuh;

/// What is at hand where there is a standard library.
mod prelude {
    pub(super) use super::std::string::{String, ToString};
    pub(super) use super::std::vec;
    pub(super) use super::std::vec::Vec;
}

use super::{Language, PatternError, PatternSet, PatternTables};
use crate::pattern::{Captures, Frame, Machine, Matcher, PatternId, Patterns, Scratch};
use prelude::*;

/// Cases beyond ASCII, as far as the tests use them.
fn cases(character: char, equal: &mut dyn FnMut(char)) {
    equal(character);
    character.to_lowercase().chain(character.to_uppercase()).for_each(&mut *equal);
    character.to_uppercase().flat_map(char::to_lowercase).for_each(equal);
}

/// What one search gives: the end of the match and the captures.
type Answer = Option<(usize, Vec<(usize, usize)>)>;

/// The tables of one pattern.
fn tables(language: Language, pattern: &[u8]) -> Result<PatternTables, alloc::boxed::Box<PatternError>> {
    let mut set = PatternSet::new(cases);
    set.add(language, pattern)?;
    Ok(set.finish())
}

/// Checked patterns.
fn patterns(tables: &PatternTables) -> Patterns<'_> {
    Patterns::new(&tables.rows, &tables.code, &tables.sets, &tables.text).expect("what is compiled is sound")
}

/// The answer of a matcher, by all three ways to ask it.
fn answer(matcher: &mut impl Matcher, id: PatternId, text: &[u8]) -> Answer {
    let mut captures = Captures::new();
    let end = matcher.captures(id, text, &mut captures);
    assert_eq!(matcher.find(id, text), end, "find and captures agree");
    assert_eq!(matcher.is_match(id, text), end.is_some(), "is_match and captures agree");
    let spans = captures.iter().map(|span| (usize::from(span.start), span.end())).collect();
    end.map(|end| (end, spans))
}

/// The machine's answer, and its steps.
fn machine_answer(tables: &PatternTables, text: &[u8]) -> (Answer, u64) {
    let patterns = patterns(tables);
    let need = patterns.scratch_needed();
    let (mut memo, mut stack) = (vec![!0; need.memo_words], vec![Frame::default(); need.stack_frames]);
    let scratch = Scratch { memo: &mut memo, stack: &mut stack };
    let mut machine = Machine::new(patterns, scratch).expect("the memory asked for is enough");
    let answer = answer(&mut machine, PatternId(0), text);
    (answer, machine.steps() / 3)
}

/// The machine's answer to a pattern that compiles.
fn run(language: Language, pattern: &str, text: &[u8]) -> Answer {
    let tables = tables(language, pattern.as_bytes()).unwrap_or_else(|e| panic!("{pattern}: {e}"));
    machine_answer(&tables, text).0
}
