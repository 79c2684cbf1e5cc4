//! Wazuh's literals.

use super::random::{Tape, pattern, text};
use super::{Language, machine_answer, run, tables};

/// Whether a pattern holds, word for word as it is described.
fn plain(pattern: &[u8], text: &[u8]) -> bool {
    let inverted = pattern.first() == Some(&b'!');
    let text = text.to_ascii_lowercase();
    let holds = |one: &[u8]| {
        let one = one.to_ascii_lowercase();
        let begin = one.first() == Some(&b'^');
        let one = &one[usize::from(begin)..];
        let end = one.last() == Some(&b'$');
        let one = &one[..one.len() - usize::from(end)];
        match (begin, end) {
            (true, true) => text == one,
            (true, false) => text.starts_with(one),
            (false, true) => text.ends_with(one),
            (false, false) => one.is_empty() || text.windows(one.len()).any(|part| part == one),
        }
    };
    pattern[usize::from(inverted)..].split(|c| *c == b'|').any(holds) != inverted
}

#[test]
fn literals_hold_as_the_description_says() {
    let (mut compared, mut held) = (0, 0);
    for seed in 0..60_000 {
        let mut tape = Tape::new(seed);
        let pattern = pattern(&mut tape, Language::OsMatch);
        let tables = tables(Language::OsMatch, &pattern).expect("every text is a pattern");
        let text = text(&mut tape);
        let holds = machine_answer(&tables, &text).0.is_some();
        assert_eq!(holds, plain(&pattern, &text), "seed {seed}: {pattern:?} {text:?}");
        (compared, held) = (compared + 1, held + u32::from(holds));
    }
    assert!(held > compared / 10 && held < compared, "{held} of {compared}");
}

#[test]
fn anchors_and_inversion_are_at_the_ends_only() {
    let cases = [
        ("Fail", "xx fAIL", true),
        ("^ab$", "AB", true),
        ("^ab$", "ab\n", false),
        ("a^b", "a^b", true),
        ("a$b", "xa$b", true),
        ("^a|b$", "xb", true),
        ("^a|b$", "xbc", false),
        ("a||b", "x", true),
        ("x|^", "a", true),
        ("$", "a", true),
        ("^$", "a", false),
        ("^$", "", true),
        ("!fail", "all good", true),
        ("!fail", "FAIL", false),
        ("!a|b", "xb", false),
        ("a|!b", "!B", true),
        ("!", "a", false),
        ("!!a", "!a", false),
        ("\\d", "5", false),
        ("\u{e9}", "\u{c9}", false),
    ];
    for (pattern, text, expected) in cases {
        let holds = run(Language::OsMatch, pattern, text.as_bytes()).is_some();
        assert_eq!(holds, expected, "{pattern} in {text:?}");
    }
}
