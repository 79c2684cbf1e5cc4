//! Machine and fast matcher give the same answers.

use super::super::agreement::assert_agreement;
use super::super::required::{fold, required};
use super::super::{Expressions, Language, Options, cases};
use super::random::{Tape, pattern, text};
use bartizan_core::pattern::Matcher;
use bartizan_core::pattern::compile::parse;

/// A language, and the options of one dialect or the other.
fn kind(tape: &mut Tape) -> (Language, Options) {
    let options = if tape.number(2) == 0 { Options::default() } else { Options::WAZUH };
    (Language::ALL[tape.number(Language::ALL.len())], options)
}

#[test]
fn fast_matcher_agrees_with_the_machine() {
    let (mut compared, mut matches) = (0, 0);
    for seed in 100_000..120_000 {
        let mut tape = Tape::new(seed);
        let (language, options) = kind(&mut tape);
        let pattern = pattern(&mut tape, language);
        for _ in 0..2 {
            let text = text(&mut tape);
            let Some(found) = assert_agreement(language, options, &pattern, &text) else { break };
            (compared, matches) = (compared + 1, matches + u32::from(found));
        }
    }
    assert!(compared > 20_000 && matches > 5_000, "{compared} compared, {matches} matches");
}

#[test]
fn every_match_has_a_literal_that_is_asked_for() {
    let (mut asked, mut matches) = (0, 0);
    for seed in 300_000..360_000 {
        let mut tape = Tape::new(seed);
        let (language, options) = kind(&mut tape);
        let pattern = pattern(&mut tape, language);
        // What is inverted asks for nothing.
        let inverted = language == Language::OsMatch && pattern.starts_with(b"!");
        let Ok(parsed) = parse(language, &pattern, options, cases) else { continue };
        let Some(literals) = required(&parsed).filter(|_| !inverted) else { continue };
        let mut expressions = Expressions::new(cases);
        let Ok(id) = expressions.add(language, &pattern, options) else { continue };
        for _ in 0..4 {
            let text = text(&mut tape);
            asked += 1;
            if expressions.is_match(id, &text) {
                let mut buffer = Vec::new();
                let folded = fold(&text, &mut buffer);
                let has =
                    |one: &Vec<u8>| one.is_empty() || folded.windows(one.len()).any(|part| part == *one);
                assert!(
                    literals.iter().any(has),
                    "seed {seed}: {language:?} {pattern:?} {text:?} {literals:?}"
                );
                matches += 1;
            }
        }
    }
    assert!(asked > 50_000 && matches > 3_000, "{asked} asked, {matches} matches");
}

#[test]
fn any_bytes_are_a_pattern_or_an_error() {
    for seed in 200_000..230_000 {
        let mut tape = Tape::new(seed);
        let (language, options) = kind(&mut tape);
        let special = b"\\()[]{}|?*+^$.,:=!<>-#'&0129abgkspKNPQEdDFTwWxRimsU\n \xC3\xE9\xFF\x80\0";
        let len = tape.number(24);
        let pattern: Vec<u8> = (0..len).map(|_| special[tape.number(special.len())]).collect();
        let text = text(&mut tape);
        let _ = assert_agreement(language, options, &pattern, &text);
    }
}

#[test]
fn alternatives_that_begin_alike_keep_their_order() {
    let cases = [
        (" from (\\S+)@| from (\\S+)", "x from ab@cd", true),
        ("\\S+@|\\S+b", "x@yb", true),
        ("a+b|a+", "xaab", true),
    ];
    for (pattern, text, found) in cases {
        assert_eq!(
            assert_agreement(Language::Pcre2, Options::default(), pattern.as_bytes(), text.as_bytes()),
            Some(found)
        );
    }
}

#[test]
fn a_bounded_run_keeps_the_bound_on_steps_in_a_short_text() {
    for text in ["", "a", "abcdefghi"] {
        assert_eq!(
            assert_agreement(Language::Pcre2, Options::default(), br"(?i)\w{0,8}", text.as_bytes()),
            Some(true)
        );
    }
}

#[test]
fn what_an_expression_may_leave_out_is_not_asked_for() {
    let cases = [
        // A last class and one byte behind it may be left out.
        (r"failed\w+\d\(", "failed-1x", true),
        (r"\w+\d\|x", "ab1 ", true),
        (r"logged\s+in", "logged  in", true),
        ("!password", "no such word", true),
        ("!password", "a Password", false),
        (r"(\w+)(login)", "x(login", true),
    ];
    for (pattern, text, found) in cases {
        let language = if pattern.starts_with('!') { Language::OsMatch } else { Language::OsRegex };
        let answer = assert_agreement(language, Options::WAZUH, pattern.as_bytes(), text.as_bytes());
        assert_eq!(answer, Some(found), "{pattern} in {text}");
    }
}
