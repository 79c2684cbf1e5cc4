//! Machine and fast matcher give the same answers.

use super::super::Language;
use super::super::agreement::assert_agreement;
use super::random::{Tape, pattern, text};

#[test]
fn fast_matcher_agrees_with_the_machine() {
    let (mut compared, mut matches) = (0, 0);
    for seed in 100_000..120_000 {
        let mut tape = Tape::new(seed);
        let language = Language::ALL[tape.number(3)];
        let pattern = pattern(&mut tape, language);
        for _ in 0..2 {
            let text = text(&mut tape);
            let Some(found) = assert_agreement(language, &pattern, &text) else { break };
            (compared, matches) = (compared + 1, matches + u32::from(found));
        }
    }
    assert!(compared > 20_000 && matches > 5_000, "{compared} compared, {matches} matches");
}

#[test]
fn any_bytes_are_a_pattern_or_an_error() {
    for seed in 200_000..230_000 {
        let mut tape = Tape::new(seed);
        let language = Language::ALL[tape.number(3)];
        let special = b"\\()[]{}|?*+^$.,:=!<>-#'&0129abkspPQEdDwWxRimsU\n \xC3\xE9\xFF\x80\0";
        let len = tape.number(24);
        let pattern: Vec<u8> = (0..len).map(|_| special[tape.number(special.len())]).collect();
        let text = text(&mut tape);
        let _ = assert_agreement(language, &pattern, &text);
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
        assert_eq!(assert_agreement(Language::Pcre2, pattern.as_bytes(), text.as_bytes()), Some(found));
    }
}

#[test]
fn a_bounded_run_keeps_the_bound_on_steps_in_a_short_text() {
    for text in ["", "a", "abcdefghi"] {
        assert_eq!(assert_agreement(Language::Pcre2, br"(?i)\w{0,8}", text.as_bytes()), Some(true));
    }
}
