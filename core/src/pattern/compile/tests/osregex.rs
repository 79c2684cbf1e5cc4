//! Wazuh's own expressions: what they mean, and that the machine's walk is
//! the one that is described.

use super::osregex_plain as plain;
use super::prelude::*;
use super::random::{Tape, pattern, text};
use super::{Answer, Language, machine_answer, run, tables};
use crate::limits::{CAPTURES_MAX, TEXT_MAX};
use crate::pattern::osregex::steps_allowed;
use crate::pattern::{Machine, Matcher, PatternId, Scratch};

/// What the plain walk says, as the machine would say it.
fn expected(found: Option<plain::Found>, text: &[u8]) -> Answer {
    found.map(|(last, edges)| {
        let pairs = edges.chunks_exact(2).take(CAPTURES_MAX);
        let spans = pairs.map_while(|pair| Some((pair[0]?, pair[1]?)));
        let captures = spans.map(|(start, end)| (start, end.max(start))).collect();
        let end = if last == text.len() as i64 { text.len() } else { (last + 1) as usize };
        (end, captures)
    })
}

/// Texts with brackets, which stand for what is between groups.
fn with_brackets(tape: &mut Tape) -> Vec<u8> {
    let mut text = text(tape);
    if tape.number(3) == 0 {
        let at = tape.number(text.len() + 1);
        text.insert(at, b'(');
    }
    text
}

#[test]
fn the_machine_walks_as_the_description_says() {
    let (mut compared, mut found) = (0, 0);
    for seed in 0..60_000 {
        let mut tape = Tape::new(seed);
        let pattern = pattern(&mut tape, Language::OsRegex);
        let Ok(tables) = tables(Language::OsRegex, &pattern) else { continue };
        for _ in 0..3 {
            let text = with_brackets(&mut tape);
            let Some(plain) = plain::answer(&pattern, &text) else { continue };
            let expected = expected(plain, &text);
            let (answer, _) = machine_answer(&tables, &text);
            let shown = (String::from_utf8_lossy(&pattern), String::from_utf8_lossy(&text));
            assert_eq!(answer, expected, "seed {seed}: {shown:?} {pattern:?} {text:?}");
            compared += 1;
            found += u32::from(answer.is_some());
        }
    }
    assert!(compared > 100_000 && found > 20_000, "{compared} compared, {found} found");
}

#[test]
fn classes_are_these_bytes_and_no_others() {
    for letter in *b"dDwWsSpt.()\\$|<" {
        let pattern = String::from_utf8(vec![b'^', b'\\', letter, b'$']).expect("it is ASCII");
        for byte in 0..=255 {
            let found = run(Language::OsRegex, &pattern, &[byte]).is_some();
            assert_eq!(found, plain::has(letter, byte), "{pattern} and byte {byte}");
        }
    }
}

/// Pattern, text, where a later pattern goes on, and captures.
type Walked = (&'static str, &'static str, Option<(usize, &'static [&'static str])>);

#[test]
fn every_quirk_of_the_walk_is_kept() {
    let cases: [Walked; 37] = [
        // Without a pattern the first byte counts as matched.
        ("", "abc", Some((1, &[]))),
        ("", "", Some((0, &[]))),
        ("x|", "abc", Some((1, &[]))),
        ("FAIL", "x fail y", Some((6, &[]))),
        ("fail", "x FAIL", Some((6, &[]))),
        // Special characters elsewhere stand for themselves.
        ("a.c", "abc", None),
        ("[x]?{2}*+", "[X]?{2}*+", Some((9, &[]))),
        ("a^b$c", "a^b$c", Some((5, &[]))),
        ("(^a)", "^a", Some((2, &["^a"]))),
        // Anchors belong to their alternative; the end is the very end.
        ("^a|b$", "xb", Some((2, &[]))),
        ("^b|^a", "ab", Some((1, &[]))),
        ("b$", "ab\n", None),
        (r"a\$", "xa$y", Some((3, &[]))),
        ("$", "", Some((0, &[]))),
        ("$", "a", None),
        // A quantifier needs an escape pair before it, read from the left.
        (r"\\d+", r"\d+", Some((3, &[]))),
        (r"\\d+", r"\ddd", None),
        (r"\(+x", "((x", Some((3, &[]))),
        // The first alternative that matches anywhere wins.
        ("b|a", "ab", Some((2, &[]))),
        // A class stops as soon as the next item takes the byte.
        (r"(\w+)\d(\w*)", "ab12", Some((3, &["ab", "2"]))),
        (r"(\S+) (\.+) end", "a b c end", Some((9, &["a", "b c"]))),
        // Four places are remembered, and come back to.
        (r"^\.+ab", "xaxab", Some((5, &[]))),
        // The byte behind a place come back to is taken without a look ahead.
        (r"^\.+ab", "aaab", None),
        (r"^(\.+):(\d+)$", "a:b:7", Some((5, &["a:b", "7"]))),
        // A class behind a repeated one may be left out.
        (r"\w+\d\s", "a1x", Some((3, &[]))),
        // The edge stands on a byte that the class took.
        ("MWName=\\t*(\\.*)\\t", "MWName=\tTarget=3\t", Some((17, &["\tTarget=3"]))),
        // The place noted is that of the first byte, or of the one rejected.
        (r"^\d+", "123", Some((1, &[]))),
        (r"^\d+", "123 ", Some((4, &[]))),
        (r"(\d+)", "12 3", Some((1, &["12"]))),
        (r"(\d+)", "12", Some((1, &["12"]))),
        // Nothing taken: the byte before the text.
        (r"\s*", "abc", Some((0, &[]))),
        // Groups next to each other hardly ever match.
        (r"(\d)(\d)", "12", None),
        (r"(\d)(\d)", "1(2", Some((3, &["1"]))),
        // A class that begins a pattern starts again at the byte at hand.
        (r"\d+x", "1a2x", Some((4, &[]))),
        // An optional end is optional.
        (r"a\s*", "a", Some((1, &[]))),
        (r"(a\s*)", "a", Some((1, &["a"]))),
        (r"\w+\s*\d*", "ab", Some((2, &[]))),
    ];
    for (pattern, text, expected) in cases {
        let answer = run(Language::OsRegex, pattern, text.as_bytes());
        let shown = answer
            .as_ref()
            .map(|(end, spans)| (*end, spans.iter().map(|s| &text[s.0..s.1]).collect::<Vec<_>>()));
        assert_eq!(shown, expected.map(|(end, captures)| (end, captures.to_vec())), "{pattern} in {text:?}");
    }
}

#[test]
fn wrong_expressions_are_refused_with_place_and_reason() {
    let cases = [
        (r"\[", 0, "escape"),
        (r"a\{", 1, "escape"),
        (r"a\n", 1, "escape"),
        (r"a\/", 1, "escape"),
        (r"a\", 1, "end of the pattern"),
        ("a((b))", 2, "within a group"),
        ("(a|b)", 2, "within a group"),
        ("a(b", 1, "without `)`"),
        ("ab)", 2, "without `(`"),
    ];
    for (pattern, offset, word) in cases {
        let error = tables(Language::OsRegex, pattern.as_bytes()).expect_err(pattern);
        assert!(error.what.contains(word), "{pattern}: {error}");
        assert_eq!(error.offset, offset, "{pattern}: {error}");
    }
}

#[test]
fn a_hostile_search_is_given_up_within_its_bound() {
    // Only a byte that does not fit in the middle of a text makes it go back.
    let cases: [(&str, &[u8]); 5] = [
        (r"a\w+!", b"a"),
        (r"a\w+b|a\w+c|a\w+d", b"a"),
        (r"a\w+a\w+a\w+a\w+a\w+!", b"a"),
        (r"(\w+)\w+(\w+)\w+(\w+)\w+!", b"x"),
        (r"a\w*\d*\w+\w+b$", b"a1"),
    ];
    let mut given_up = 0;
    for (pattern, piece) in cases {
        let tables = tables(Language::OsRegex, pattern.as_bytes()).expect(pattern);
        for len in [40, 1000, TEXT_MAX] {
            let mut text: Vec<u8> = piece.iter().copied().cycle().take(len).collect();
            text[len - 2] = b' ';
            let patterns = super::patterns(&tables);
            let scratch = Scratch { memo: &mut [], stack: &mut [] };
            let mut machine = Machine::new(patterns, scratch).expect("no memory is needed");
            machine.is_match(PatternId(0), &text);
            let alternatives = pattern.split('|').count() as u64;
            assert!(machine.steps() <= alternatives * steps_allowed(len), "{pattern}: {}", machine.steps());
            given_up += machine.given_up();
        }
    }
    assert!(given_up > 4, "only {given_up} searches were given up");
}
