//! Time and memory stay within their bounds on patterns made to break them.

use super::super::Language;
use super::{machine_answer, tables};
use crate::limits::{FRAMES_MAX, MEMO_WORDS_MAX, TEXT_MAX};

/// Patterns that take a plain backtracker exponential or cubic time.
const EVIL: [(Language, &str); 15] = [
    (Language::Regex, r"(\S*\S*\S*\S*)x"),
    (Language::Regex, r"\S+\S+\S+\S+\S+\S+ x"),
    (Language::Regex, r"\.*a\.*a\.*a\.*b"),
    (Language::Regex, r"(\w+\\)*x"),
    (Language::Pcre2, "(?:a|a)*b"),
    (Language::Pcre2, "(?:a*)*b"),
    (Language::Pcre2, "(?:a*a*)*b"),
    (Language::Pcre2, "(?:(?:a?){20}a{20})b"),
    (Language::Pcre2, "(a+)+b"),
    (Language::Pcre2, "((a?)*)*b"),
    (Language::Pcre2, "(?:a|aa|aaa)+b"),
    (Language::Pcre2, "(?:.*,){11}P"),
    (Language::Pcre2, "a{0,100}a{0,100}b"),
    (Language::Pcre2, ".*.*=.*x"),
    (Language::Pcre2, "(?:[^b]*?a)+?b"),
];

#[test]
fn steps_grow_linearly_with_the_text() {
    for (language, pattern) in EVIL {
        let tables = tables(language, pattern.as_bytes()).expect(pattern);
        let steps = |len: usize| {
            let (answer, steps) = machine_answer(&tables, &b"a".repeat(len));
            assert_eq!(answer, None, "{pattern}");
            steps
        };
        let (short, long) = (steps(1000), steps(6000));
        assert!(long <= 7 * short, "{pattern}: {short} steps for 1000 bytes, {long} for 6000");
        assert!(short < 1000 * 500, "{pattern}: {short} steps for 1000 bytes");
    }
}

#[test]
fn steps_grow_linearly_in_text_that_is_not_utf8() {
    for (language, pattern) in EVIL {
        let tables = tables(language, pattern.as_bytes()).expect(pattern);
        for piece in [&b"\xC3a"[..], b"\xE9a", b"\xFFa", b"\xC3\xC3a", "\u{e9}".as_bytes()] {
            let steps = |count: usize| machine_answer(&tables, &piece.repeat(count)).1;
            let (short, long) = (steps(300), steps(1800));
            assert!(long <= 7 * short.max(10), "{pattern} in {piece:?}: {short} steps, then {long}");
        }
    }
}

#[test]
fn nested_repeats_are_refused_before_they_grow() {
    let nested = "(".repeat(6) + "a" + &"){1000}".repeat(6);
    let empty = "(?:".repeat(200) + &"){1000}".repeat(200);
    assert!(tables(Language::Pcre2, nested.as_bytes()).is_err());
    assert!(tables(Language::Pcre2, empty.as_bytes()).is_ok());
    let deep = "(".repeat(251) + &")".repeat(251);
    assert!(tables(Language::Regex, deep.as_bytes()).is_err());
    assert!(tables(Language::Pcre2, deep.as_bytes()).is_err());
    let loops = "(?:".repeat(200) + "a?" + &")*".repeat(200);
    let _ = tables(Language::Pcre2, loops.as_bytes());
    let many_loops = |count| tables(Language::Pcre2, "[ab]*".repeat(count).as_bytes());
    assert!(many_loops(1400).is_err_and(|e| e.what.contains("words to note places")));
    assert!(many_loops(1300).is_ok_and(|t| usize::from(t.rows[0].memos.get()) * 96 <= MEMO_WORDS_MAX));
}

#[test]
fn the_longest_text_needs_no_more_memory_than_was_said() {
    // Every round of the loop leaves open choices: the deepest stack.
    let tables = tables(Language::Pcre2, b"(?:(a)|(b)|(?:c|d)?e)*x").expect("compiles");
    assert!(tables.rows[0].frames.get() as usize <= FRAMES_MAX);
    let (answer, _) = machine_answer(&tables, &b"abe".repeat(TEXT_MAX / 3));
    assert_eq!(answer, None);
    let mut text = b"abe".repeat(TEXT_MAX / 3 - 1);
    text.push(b'x');
    assert_eq!(machine_answer(&tables, &text).0.map(|(end, _)| end), Some(text.len()));
}
