use super::*;
use crate::diagnose::{Diagnostics, Sources};
use crate::ruleset::{self, RulesFrom, built_in, ini};
use crate::workshop::catalog::Catalog;
use bartizan_core::image::Dialect;

const NOW: Moment = Moment { epoch: 1_795_246_190, minute: 449, weekday: 6 };

/// Cases of the built-in rules of which some count or compare events.
fn cases() -> Vec<Case> {
    let files = ["tests/30-commands.ini", "tests/40-integrity.ini", "tests/95-correlation.ini"];
    let asked = built_in::TESTS.iter().filter(|(name, _)| files.contains(name));
    let read = |text: &str| ini::cases(text.as_bytes(), Dialect::Ossec).expect("they can be read");
    let cases: Vec<_> = asked.flat_map(|(_, text)| read(text)).collect();
    assert!(cases.len() > 3 * LOT && cases.iter().any(|case| case.logs.len() > 2));
    cases
}

#[test]
fn neither_order_nor_threads_change_an_answer() {
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let loaded = ruleset::load(&RulesFrom::BuiltIn, &mut sources, &mut report).expect("the built-in rules");
    let cases = cases();
    let mut reached = [Reached::default(), Reached::default()];
    let [one, other] = &mut reached;
    let answers = answers_by(1, &loaded.ruleset, &cases, NOW, Some(one));
    assert!(cases.iter().zip(&answers).all(|(case, answer)| case.is_met(answer, Dialect::Ossec)));
    let mut backwards = cases.clone();
    backwards.reverse();
    let mut again = answers_by(3, &loaded.ruleset, &backwards, NOW, Some(other));
    again.reverse();
    assert_eq!(again, answers);
    assert_eq!(answers_by(1, &loaded.ruleset, &cases, NOW, None), answers);
    let catalog = Catalog::new(&loaded, &sources);
    let [one, other] = reached.map(|reached| reached.coverage(&catalog));
    assert!(one.fired > 10);
    assert_eq!(one, other);
}

#[test]
fn no_cases_have_no_answers() {
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let loaded = ruleset::load(&RulesFrom::BuiltIn, &mut sources, &mut report).expect("the built-in rules");
    assert!(answers(&loaded.ruleset, &[], NOW, None).is_empty());
}
