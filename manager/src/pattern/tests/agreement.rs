//! Machine, fast matcher and reference give the same answers.

use super::super::Language;
use super::super::agreement::assert_agreement;
use super::random::{Tape, pattern, text};
use super::{machine_answer, naive, tables};

#[test]
fn machine_agrees_with_the_reference() {
    let mut compared = 0;
    for seed in 0..60_000 {
        let mut tape = Tape::new(seed);
        let language = Language::ALL[tape.number(3)];
        let pattern = pattern(&mut tape, language);
        let Ok(tables) = tables(language, &pattern) else { continue };
        for _ in 0..3 {
            let text = text(&mut tape);
            let Some(expected) = naive::answer(language, &pattern, &text) else { continue };
            let (answer, _) = machine_answer(&tables, &text);
            let shown = (String::from_utf8_lossy(&pattern), String::from_utf8_lossy(&text));
            assert_eq!(answer, expected, "seed {seed}: {language:?} {shown:?} {pattern:?} {text:?}");
            compared += 1;
        }
    }
    assert!(compared > 100_000, "only {compared} cases were compared");
}

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
