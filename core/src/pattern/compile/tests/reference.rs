//! Machine and reference give the same answers.

use super::Language;
use super::prelude::*;
use super::random::{Tape, pattern, text};
use super::{machine_answer, naive, tables};

#[test]
fn machine_agrees_with_the_reference() {
    let mut compared = 0;
    for seed in 0..60_000 {
        let mut tape = Tape::new(seed);
        // Wazuh's languages have references of their own.
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
