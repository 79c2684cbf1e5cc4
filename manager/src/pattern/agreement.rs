//! What must hold for every pattern and every text, as one plain function:
//! for tests and for fuzzing.

use super::{FastMatcher, FastTables, Language, Options, PatternSet, cases};
use bartizan_core::pattern::{Captures, Frame, Machine, Matcher, PatternId, Patterns, Scratch};

/// Compiles any bytes as a pattern and runs them on any text with both
/// matchers. A pattern that does not compile is an ordinary result (`None`),
/// else the answer is whether it matches.
///
/// # Panics
///
/// If the compiled tables are refused, if the machine takes more steps than
/// it promises, or if the matchers or their ways to be asked disagree: each
/// is a mistake in this room.
pub fn assert_agreement(language: Language, options: Options, pattern: &[u8], text: &[u8]) -> Option<bool> {
    let mut set = PatternSet::new(cases);
    let id = set.add_with(language, pattern, options).ok()?;
    let tables = set.finish();
    let patterns = Patterns::new(&tables.rows, &tables.code, &tables.sets, &tables.text)
        .expect("what is compiled passes the check");
    let need = patterns.scratch_needed();
    let (mut memo, mut stack) = (vec![!0; need.memo_words], vec![Frame::default(); need.stack_frames]);
    let scratch = Scratch { memo: &mut memo, stack: &mut stack };
    let mut machine = Machine::new(patterns, scratch).expect("the memory asked for is enough");
    let fast_tables = FastTables::build(&patterns);
    let mut fast = FastMatcher::new(&fast_tables, patterns);
    fast.begin(text);
    let found = assert_same(&mut machine, &mut fast, id, text);
    for cut in 0..text.len().min(4) {
        // Rules and decoders also try parts of a log.
        assert_same(&mut machine, &mut fast, id, &text[cut..]);
        assert_same(&mut machine, &mut fast, id, &text[..text.len() - cut]);
    }
    Some(found)
}

/// Asks both matchers in every way; whether the pattern matches.
///
/// # Panics
///
/// If they disagree, or if `fast` (which has begun with a log that `text` is
/// part of) says that a match is not possible.
pub fn assert_same(
    machine: &mut Machine<'_, '_>,
    fast: &mut FastMatcher<'_>,
    id: PatternId,
    text: &[u8],
) -> bool {
    let before = machine.steps();
    let end = machine.find(id, text);
    let steps = machine.steps() - before;
    assert!(steps <= machine.steps_max(id, text.len()), "{steps} steps in a text of {} bytes", text.len());
    assert_eq!(fast.find(id, text), end, "ends of pattern {id:?} in {:?}", String::from_utf8_lossy(text));
    assert_eq!(fast.is_match(id, text), end.is_some(), "matches");
    assert!(end.is_none() || fast.possible(id), "a match was thought impossible");
    let may_open = text.first().is_none_or(|first| fast.patterns.may_open(id, *first));
    assert!(end.is_none() || may_open, "no match was thought to begin so");
    if end.is_some() {
        let (mut some, mut other) = (Captures::new(), Captures::new());
        assert_eq!(machine.captures(id, text, &mut some), end, "ends with captures");
        assert_eq!(fast.captures(id, text, &mut other), end, "ends with captures");
        assert_eq!(some, other, "captures");
        assert!(some.iter().all(|span| span.end() <= text.len()), "captures lie in the text");
    }
    end.is_some()
}
