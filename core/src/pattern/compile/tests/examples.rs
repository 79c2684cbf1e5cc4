//! Worked examples: what OSSEC 4.3 answers.

use super::super::{Language, PatternSet};
use super::prelude::*;
use super::{cases, run, tables};
use crate::pattern::program::shape;

/// Pattern, text, and the end of the match.
type Found = (&'static str, &'static str, Option<usize>);

#[test]
fn match_patterns_are_literals_with_anchors_and_alternatives() {
    let cases: [Found; 26] = [
        ("Fail", "xx fAIL", Some(7)),
        ("^bin$|^shell$", "bina", None),
        ("^bin$|^shell$", "SHELL", Some(5)),
        ("a.c", "abc", None),
        ("a.c", "xa.cx", Some(4)),
        ("(x)", "f(x)", Some(4)),
        ("\\d", "5", None),
        ("\\d", "\\D", Some(2)),
        ("lala$", "lalalal", None),
        ("lala$", "xLALA", Some(5)),
        ("", "", Some(0)),
        ("", "text", Some(0)),
        ("a|", "xyz", Some(0)),
        ("|a", "xyz", Some(0)),
        ("a||b", "xyz", Some(0)),
        ("a^b", "a^b", None),
        ("a$b", "a$b", None),
        ("^", "x", Some(0)),
        ("$", "x", Some(1)),
        ("x|y$", "ay\n", Some(2)),
        // A plain compare, which knows no newline.
        ("y$", "ay\n", None),
        ("^a|b$", "xb", Some(2)),
        ("kiss", "\u{212a}i\u{17f}\u{17f}", Some(8)),
        // A plain compare: ASCII only.
        ("^kiss", "\u{212a}i\u{17f}\u{17f}", None),
        ("\u{e9}t", "x\u{c9}T", Some(4)),
        ("!a", "a", None),
    ];
    for (pattern, text, end) in cases {
        let answer = run(Language::Match, pattern, text.as_bytes());
        assert_eq!(answer.map(|(end, _)| end), end, "{pattern} in {text:?}");
    }
}

/// Pattern, text, whole match up to, and captures.
type Captured = (&'static str, &'static str, Option<(usize, &'static [&'static str])>);

#[test]
fn regex_patterns_are_what_their_translation_is() {
    let cases: [Captured; 41] = [
        (r"\d+\w+", "12ab", Some((4, &[]))),
        (r"(\d+)\w+", "1234ab", Some((6, &["1"]))),
        (r"(\w+)(\d+)", "ab1234", Some((6, &["ab", "1234"]))),
        (r"^(\S+) (\.+) end", "a b c end end", Some((9, &["a", "b c"]))),
        (r"(\d+)(\.*)", "12abc", Some((5, &["1", "2abc"]))),
        (r"from (\S*\d+.\d+.\d+.\d\d*\d*)", "from ::ffff:1.2.3.45", Some((20, &["::ffff:1.2.3.45"]))),
        (r"(\w+) ", "ab cd ", Some((3, &["ab"]))),
        (r"(\d+)|(\w+)", "abc", Some((3, &["abc"]))),
        (r"(\w+)$", "ab12", Some((4, &["ab12"]))),
        (r"[\d+]", "[123]", Some((5, &[]))),
        (r"x(a|b)+", "xab+", None),
        (r"x(a|b)+", "xb+", Some((3, &["b"]))),
        ("a*", "aaa", None),
        ("a*", "A*", Some((2, &[]))),
        (r"\\d+", r"\ddd", Some((4, &[]))),
        (r"\S+ \S+", "a b  c", Some((3, &[]))),
        (r"\p", "`/\\@^_~", None),
        (r"\p+", "()*+,.:;<=>?[]!\"'#%&$|{}-", Some((25, &[]))),
        (r"\s", "\t", None),
        (r"\t", "\t", Some((1, &[]))),
        (r"\w+", "@_-", Some((3, &[]))),
        (r"\w", "\u{212a}", Some((3, &[]))),
        (r"\W", "\u{212a}\u{17f}", None),
        (r"\W", "\u{e9}", Some((2, &[]))),
        (r"^\.$", "\u{e9}", Some((2, &[]))),
        (r"\D", "7", None),
        (r"a$", "a\n", None),
        ("()x", "x", Some((1, &[""]))),
        (r"(a\\)+b", r"a\a\b", Some((5, &[r"a\"]))),
        // A quantifier directly behind an escaped backslash stays lazy.
        (r"(a\\+)", r"a\\\", Some((2, &[r"a\"]))),
        (r"(\t+)", "\t\t", Some((2, &["\t\t"]))),
        (r"(\(+)", "((", Some((2, &["(("]))),
        (r"\d+*", "1*", Some((2, &[]))),
        ("a|", "xyz", Some((0, &[]))),
        (r"x|^$y", "y", None),
        ("^abc", "ABCD", Some((3, &[]))),
        ("abc$", "xABC", Some((4, &[]))),
        ("^abc$", "ABC", Some((3, &[]))),
        ("^", "abc", Some((0, &[]))),
        ("$", "abc", Some((3, &[]))),
        ("^$", "abc", None),
    ];
    for (pattern, text, expected) in cases {
        let answer = run(Language::Regex, pattern, text.as_bytes());
        let shown = answer
            .as_ref()
            .map(|(end, spans)| (*end, spans.iter().map(|s| &text[s.0..s.1]).collect::<Vec<_>>()));
        assert_eq!(shown, expected.map(|(end, captures)| (end, captures.to_vec())), "{pattern} in {text:?}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_characters_by_their_first_byte() {
    // A lead byte takes as many bytes as it announces, a stray one is itself.
    let cases: [(&str, &[u8], Option<usize>); 7] = [
        (r"^\.$", b"\xE9 f", Some(3)),
        (r"a\S+$", b"a\xE9 from", Some(7)),
        (r"a\s", b"a\xE9 from", None),
        (r"^\.$", b"\x80", Some(1)),
        (r"^\.\.$", b"a\xFF", Some(2)),
        (r"x (\S+)", b"\xE9 x 1", Some(5)),
        (r"\s", b"\xC3 ", Some(2)),
    ];
    for (pattern, text, end) in cases {
        assert_eq!(run(Language::Regex, pattern, text).map(|(end, _)| end), end, "{pattern} in {text:?}");
    }
}

#[test]
fn pcre2_patterns_are_caseless_bytes() {
    let cases: [Captured; 32] = [
        (r"^.$", "\u{e9}", None),
        (r"^..$", "\u{e9}", Some((2, &[]))),
        ("a.c", "a\nc", None),
        ("(?s)a.c", "a\nc", Some((3, &[]))),
        ("b$", "ab\n", None),
        ("(b)$", "ab\n", Some((2, &["b"]))),
        (r"b\z", "ab\n", None),
        (r"b\Z", "ab\n", Some((2, &[]))),
        ("(?m)^b", "a\nb", Some((3, &[]))),
        ("(a)|(b)", "B", Some((1, &["B"]))),
        ("(?:a|(b))+", "ba", Some((2, &["b"]))),
        (r"(?<user>\S+) (?P<ip>[\d.]+)", "u 1.2", Some((5, &["u", "1.2"]))),
        (r"\d{1,3}(?:\.\d{1,3}){3}", "x10.20.30.40", Some((12, &[]))),
        ("a{,2}", "a{,2}", Some((5, &[]))),
        ("x{}", "x{}", Some((3, &[]))),
        ("[[:alpha:]]+", "1Ab", Some((3, &[]))),
        ("[^[:digit:]a-]+", "1-aBc", Some((5, &[]))),
        ("[]a]+", "a]", Some((2, &[]))),
        ("[^]a]", "]ab", Some((3, &[]))),
        (r"[\w.-]+@", "x.y-z@", Some((6, &[]))),
        (r"\<b\>", "<b>", Some((3, &[]))),
        (r"\Qa.b\E+", "A.bb", Some((4, &[]))),
        (r"\x41\x{42}\103\t", "abc\t", Some((4, &[]))),
        ("(?x) a b # comment\n c", "abc", Some((3, &[]))),
        ("(?i:a)(?-i)b", "AB", None),
        ("(?-i:a)b", "aB", Some((2, &[]))),
        ("a(?#comment)+", "aa", Some((2, &[]))),
        (r"\bab\B.", "xab abc", Some((7, &[]))),
        ("(a*)*", "b", Some((0, &[""]))),
        ("(a?)*", "aa", Some((2, &[""]))),
        ("^abc", "ABCD", Some((3, &[]))),
        ("ab|a(?:b|bc)$", "abc", Some((2, &[]))),
    ];
    for (pattern, text, expected) in cases {
        // `b$` has a literal shape: a plain compare, which knows no newline.
        let answer = run(Language::Pcre2, pattern, text.as_bytes());
        let shown = answer
            .as_ref()
            .map(|(end, spans)| (*end, spans.iter().map(|s| &text[s.0..s.1]).collect::<Vec<_>>()));
        assert_eq!(shown, expected.map(|(end, captures)| (end, captures.to_vec())), "{pattern} in {text:?}");
    }
}

/// Languages, a pattern, the place and a word of the error.
type Refused = (Language, &'static str, usize, &'static str);

#[test]
fn wrong_patterns_are_refused_with_place_and_reason() {
    use Language::{Match, Pcre2, Regex};
    let long = "a".repeat(2049);
    assert!(tables(Match, long.as_bytes()).is_err() && tables(Regex, long.as_bytes()).is_err());
    assert!(tables(Pcre2, long.as_bytes()).is_ok());
    let cases: [Refused; 39] = [
        (Regex, "", 0, "empty"),
        (Regex, r"\/", 0, "escape"),
        (Regex, r"ab\n", 2, "escape"),
        (Regex, r"ab\", 2, "end of the pattern"),
        (Regex, "a(b", 3, "without `)`"),
        (Regex, "ab)", 2, "without `(`"),
        (Regex, r"\\(+", 3, "repeat"),
        (Regex, r"\\++", 3, "repeat"),
        (Pcre2, "", 0, "empty"),
        (Pcre2, "(?|a)", 0, "branch reset"),
        (Pcre2, "(a)(?1)", 3, "recursion"),
        (Pcre2, "(?R)", 0, "recursion"),
        (Pcre2, r"(?P=n)", 0, "(?P="),
        (Pcre2, r"a\1", 1, "does not stand before"),
        (Pcre2, r"(?<n>a)\k<m>", 7, "does not stand before"),
        (Pcre2, r"(a\1)", 2, "own group"),
        (Pcre2, r"(a)\g<1>", 3, "recursion"),
        (Pcre2, r"a(?<=b+)", 1, "fixed length"),
        (Pcre2, r"(?:(?>a?)|b?)*", 0, "may match nothing"),
        (Pcre2, r"(a?)(?:\1)*", 0, "may match nothing"),
        (Pcre2, r"\N{U+41}", 0, "needs `(*UTF)`"),
        (Pcre2, "(*UTF)[\\x{e9}]", 6, "after `(*UTF)`"),
        (Pcre2, "(*UTF)(?<=a)", 6, "look-behind"),
        (Pcre2, "(?(1)a)", 0, "conditional"),
        (Pcre2, "(*ACCEPT)", 0, "verb"),
        (Pcre2, r"\p{L}", 0, "Unicode"),
        (Pcre2, "(a", 0, "without `)`"),
        (Pcre2, "a)", 1, "without `(`"),
        (Pcre2, "[a", 0, "without `]`"),
        (Pcre2, "[b-a]", 3, "backwards"),
        (Pcre2, "[[:nope:]]", 1, "POSIX"),
        (Pcre2, "a**", 2, "repeat"),
        (Pcre2, "+a", 0, "repeat"),
        (Pcre2, "^*", 0, "repeat"),
        (Pcre2, "a{2,1}", 1, "wrong order"),
        (Pcre2, "a{1001}", 1, "1000"),
        (Pcre2, r"\y", 0, "escape"),
        (Pcre2, r"\x{100}", 0, "larger than one byte"),
        (Pcre2, "a\\", 1, "end of the pattern"),
    ];
    for (language, pattern, offset, word) in cases {
        let error = tables(language, pattern.as_bytes()).expect_err(pattern);
        assert!(error.what.contains(word), "{pattern}: {error}");
        assert_eq!(error.offset, offset, "{pattern}: {error}");
    }
}

#[test]
fn literal_shapes_are_told_apart() {
    let mut set = PatternSet::new(cases);
    let mut facts = |language, pattern: &str| {
        let id = set.add(language, pattern.as_bytes()).expect(pattern);
        set.facts(id)
    };
    assert!(facts(Language::Regex, "^abc").is_literal_shape);
    assert!(facts(Language::Regex, "$").is_literal_shape);
    assert!(!facts(Language::Regex, "abc").is_literal_shape);
    assert!(!facts(Language::Regex, "^a.c").is_literal_shape);
    assert!(facts(Language::Match, "^a.c").is_literal_shape);
    assert!(!facts(Language::Match, "^").is_literal_shape);
    assert!(facts(Language::Match, "").is_always);
    assert_eq!(facts(Language::Regex, r"(\d)((\w)|x)").groups, 3);
    assert_eq!(facts(Language::Pcre2, r"(?:a)(b)(?<n>c)").groups, 2);
}

#[test]
fn equal_patterns_share_a_row() {
    let mut set = PatternSet::new(cases);
    let first = set.add(Language::Regex, b"a b");
    assert_eq!(set.add(Language::Regex, b"a b"), first);
    assert_ne!(set.add(Language::Match, b"a b"), first);
    let tables = set.finish();
    assert_eq!(tables.rows.len(), 2);
    assert!(tables.rows.iter().all(|row| row.shape == shape::PROGRAM));
}
