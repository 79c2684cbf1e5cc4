//! PCRE2 as Wazuh 4.14 uses it: without options, with all that it can do.

use super::super::{Expressions, Options, PatternSet};
use super::prelude::*;
use super::{Language, cases};
use crate::limits::TEXT_MAX;
use crate::pattern::osregex::steps_allowed;
use crate::pattern::{Captures, Frame, Machine, Matcher, PatternId, Patterns, Scratch};

/// Pattern, text, and captures behind the end of the match.
type Captured = (&'static str, &'static str, Option<(usize, &'static [&'static str])>);

#[test]
fn patterns_mean_what_pcre2_says() {
    let cases_of: [Captured; 61] = [
        ("abc", "ABC", None),
        ("^abc$", "abc\n", Some((3, &[]))),
        ("(?i)aBc", "xAbC", Some((4, &[]))),
        ("(?:(a)|(b))(c)", "bc", Some((2, &["", "b", "c"]))),
        ("(a)(b)?", "a", Some((1, &["a"]))),
        // Look-ahead.
        ("a(?=b)", "acab", Some((3, &[]))),
        ("a(?!b)", "abac", Some((3, &[]))),
        ("^(?!^$|^-$).*", "-", None),
        ("^(?!^$|^-$).*", "-x", Some((2, &[]))),
        ("^(?!^$).+$", "", None),
        ("^(?=.*a)(?=.*R)", "xRa", Some((0, &[]))),
        ("^(?=.*a)(?=.*R)", "xra", None),
        ("(?=(\\w+))a", "abc", Some((1, &["abc"]))),
        ("(?!(a)b)a(.)", "abac", Some((4, &["", "c"]))),
        ("(?:(?=(a))a|b)+", "ab", Some((2, &["a"]))),
        ("(?=a*b)a+", "aaab", Some((3, &[]))),
        (r"^(?!.*(?:foo|bar)).*\.exe$", "a.exe", Some((5, &[]))),
        (r"^(?!.*(?:foo|bar)).*\.exe$", "abar.exe", None),
        // A failure behind an assertion takes back what it captured.
        ("(?:(?=(a))ab|a)c", "ac", Some((2, &[]))),
        // Look-behind.
        ("(?<=a)b", "bab", Some((3, &[]))),
        ("(?<!a)b", "abb", Some((3, &[]))),
        ("(?<=foo|x)b", "xb", Some((2, &[]))),
        ("(?<=foo|x)b", "foob", Some((4, &[]))),
        (r"(?<=\d{3})a", "12a123a", Some((7, &[]))),
        ("(?<=^a)b", "ab", Some((2, &[]))),
        ("(?<!^)b", "bb", Some((2, &[]))),
        // The text begins where the search begins.
        ("(?<=a)", "b", None),
        // Atomic and possessive.
        ("(?>a+)ab", "aaab", None),
        ("(?>a|ab)c", "abc", None),
        ("(?>ab|a)c", "abc", Some((3, &[]))),
        ("a++b", "aab", Some((3, &[]))),
        ("a++ab", "aab", None),
        (".*+a", "aaa", None),
        ("(?:ab)?+ab", "ab", None),
        ("(?:ab)?+ab", "abab", Some((4, &[]))),
        ("x{1,2}+x", "xx", None),
        ("(?>(a+))b", "xaab", Some((4, &["aa"]))),
        ("(?>a*?)b", "aab", Some((3, &[]))),
        ("^(?>.*?x)y", "axxy", None),
        (r"\R$", "a\r\n", Some((3, &[]))),
        (r"^\R\n", "\r\n", None),
        // References.
        (r#"(["'])(.*?)\1"#, r#"x='a"b'"#, Some((7, &["'", "a\"b"]))),
        (r"(\d+)=\1\b", "or 12=12", Some((8, &["12"]))),
        (r"(\d+)=\1$", "12=13", None),
        (r"(?i)(a)\1", "aA", Some((2, &["a"]))),
        (r"(a)\1", "aA", None),
        (r"(?<q>.)\k<q>", "abb", Some((3, &["b"]))),
        (r"(.)(.)\g{-1}", "abb", Some((3, &["a", "b"]))),
        (r"(.)\g1", "abb", Some((3, &["b"]))),
        (r"(?:(a)|b)\1", "b", None),
        (r"(a*)x\1y", "aaxay", Some((5, &["a"]))),
        (r"(a|ab)(c|bcd)\1?x", "abcdx", Some((5, &["a", "bcd"]))),
        (r"^(?:(a|b)\1)+$", "aabb", Some((4, &["b"]))),
        // Other parts.
        (r"a\Kb", "ab", Some((2, &[]))),
        ("a(*FAIL)|b", "ab", Some((2, &[]))),
        (r"(*NO_JIT)a", "a", Some((1, &[]))),
        (r"(*UTF)\N{U+202E}", "x\u{202e}y", Some((4, &[]))),
        (r"(*UTF)^.\x{e9}$", "\u{202e}\u{e9}", Some((5, &[]))),
        (r"(*UTF)(?i)\x{e9}", "\u{c9}", Some((2, &[]))),
        ("(*UTF)^\u{e9}{2}$", "\u{e9}\u{e9}", Some((4, &[]))),
        (r"\x{e9}", "\u{e9}", None),
    ];
    for (pattern, text, expected) in cases_of {
        let mut expressions = Expressions::new(cases);
        let id = expressions.add(Language::Pcre2, pattern.as_bytes(), Options::WAZUH);
        let id = id.unwrap_or_else(|e| panic!("{pattern}: {e}"));
        let mut captures = Captures::new();
        let end = expressions.captures(id, text.as_bytes(), &mut captures);
        assert_eq!(expressions.find(id, text.as_bytes()), end, "{pattern} in {text:?}");
        assert_eq!(expressions.is_match(id, text.as_bytes()), end.is_some(), "{pattern} in {text:?}");
        let parts = captures.iter().map(|span| &text[usize::from(span.start)..span.end()]);
        let shown = end.map(|end| (end, parts.collect::<Vec<_>>()));
        assert_eq!(shown, expected.map(|(end, parts)| (end, parts.to_vec())), "{pattern} in {text:?}");
    }
}

#[test]
fn a_text_that_is_not_utf8_has_no_utf_match() {
    let mut expressions = Expressions::new(cases);
    let id = expressions.add(Language::Pcre2, b"(*UTF)a", Options::WAZUH).expect("compiles");
    assert!(expressions.is_match(id, b"xa") && !expressions.is_match(id, b"xa\xFF"));
}

#[test]
fn searches_of_no_linear_bound_are_given_up() {
    let evil = [
        r"(?=(?:a|a)*b)x",
        r"(?:(?=.*b)a)*c",
        r"(?:(?!(?:a*)*b)a)+x",
        r"(a|aa)+\1b",
        r"^(a*)*?(a*)\1\2b",
        r"(?>(?:a|aa)+)b",
        r"(?>a+?)(?>a+)?b",
        r"(?:(?>(?:a|b)*a)|a)+b",
        r"(.*)(.*)(.*)\3\2\1x",
    ];
    let mut given_up = 0;
    for pattern in evil {
        let mut set = PatternSet::new(cases);
        let id = match set.add_with(Language::Pcre2, pattern.as_bytes(), Options::WAZUH) {
            Ok(id) => id,
            Err(error) => {
                assert!(error.what.contains("may match nothing"), "{pattern}: {error}");
                continue;
            }
        };
        let tables = set.finish();
        let patterns = Patterns::new(&tables.rows, &tables.code, &tables.sets, &tables.text).expect("sound");
        let need = patterns.scratch_needed();
        let (mut memo, mut stack) = (vec![!0; need.memo_words], vec![Frame::default(); need.stack_frames]);
        let scratch = Scratch { memo: &mut memo, stack: &mut stack };
        let mut machine = Machine::new(patterns, scratch).expect("the memory asked for is enough");
        for len in [30, 1000, TEXT_MAX] {
            let before = machine.steps();
            machine.is_match(id, &b"a".repeat(len));
            let steps = machine.steps() - before;
            assert!(steps <= machine.steps_max(id, len), "{pattern}: {steps} steps in {len} bytes");
            assert!(steps <= 2 * steps_allowed(len), "{pattern}: {steps} steps in {len} bytes");
        }
        given_up += machine.given_up();
        assert!(!machine.is_match(PatternId(9), b"a"));
    }
    assert!(given_up > 3, "only {given_up} searches were given up");
}
