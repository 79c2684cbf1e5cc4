//! Any bytes as a pattern of any language, run on any text: both matchers
//! give the same answer, inside the text, in linear time.
//!
//! Input: one byte for the language and the dialect, the pattern up to the first newline, the
//! text.
#![no_main]

use bartizan::pattern::{FastMatcher, FastTables, Language, Options, PatternSet, cases};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::pattern::{Captures, Frame, Machine, Matcher, PatternId, Patterns, Scratch};
use libfuzzer_sys::{Corpus, fuzz_target};

/// What a matcher says of the text, and of the text from its second byte on.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    ends: [Option<usize>; 2],
    captures: Captures,
}

fn ask(matcher: &mut impl Matcher, pattern: PatternId, text: &[u8]) -> Answer {
    matcher.begin(text);
    let rest = text.get(1..).unwrap_or(b"");
    let mut captures = Captures::new();
    let end = matcher.captures(pattern, text, &mut captures);
    assert_eq!(end, matcher.find(pattern, text), "captures and find disagree");
    assert_eq!(end.is_some(), matcher.is_match(pattern, text), "is_match and find disagree");
    let ends = [end, matcher.find(pattern, rest)];
    if ends.iter().any(Option::is_some) {
        assert!(matcher.possible(pattern), "a match that was called impossible");
    }
    assert!(end.is_none_or(|end| end <= text.len()));
    assert!(captures.iter().all(|span| span.end() <= text.len()));
    Answer { ends, captures }
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((kind, rest)) = data.split_first() else { return Corpus::Reject };
    let Some(language) = Language::from_u8(kind % 5) else { return Corpus::Reject };
    let options = if *kind < 128 { Options::default() } else { Options::WAZUH };
    let mut parts = rest.splitn(2, |byte| *byte == b'\n');
    let (source, text) = (parts.next().unwrap_or(b""), parts.next().unwrap_or(b""));
    let text = text.get(..TEXT_MAX).unwrap_or(text);

    let mut set = PatternSet::new(cases);
    let Ok(pattern) = set.add_with(language, source, options) else { return Corpus::Keep };
    let tables = set.finish();
    let patterns = Patterns::new(&tables.rows, &tables.code, &tables.sets, &tables.text)
        .expect("the core refuses what the compiler wrote");
    let need = patterns.scratch_needed();
    let (mut memo, mut stack) = (vec![0; need.memo_words], vec![Frame::default(); need.stack_frames]);
    let scratch = Scratch { memo: &mut memo, stack: &mut stack };
    let mut machine = Machine::new(patterns, scratch).expect("as much memory as was asked for");
    let slow = ask(&mut machine, pattern, text);
    // Four searches, none longer than the text.
    assert!(machine.steps() <= 4 * machine.steps_max(pattern, text.len()), "{} steps", machine.steps());

    let tables = FastTables::build(&patterns);
    let fast = ask(&mut FastMatcher::new(&tables, patterns), pattern, text);
    assert_eq!(slow, fast, "the two matchers disagree");
    Corpus::Keep
});
