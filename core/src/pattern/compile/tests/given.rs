//! Texts that are given to a search.

use super::super::{Expressions, Language, Options};
use super::prelude::*;
use super::{cases, patterns};
use crate::limits::{GIVEN_MAX, GIVEN_TEXT_MAX};
use crate::pattern::compile::PatternSet;
use crate::pattern::{Captures, Frame, Given, Machine, Matcher, Scratch};

const GIVEN: Options = Options { caseless: false, given: true, keep_unset: false };

/// Whether a pattern matches when these texts are given.
fn matches(pattern: &str, options: Options, given: &[&[u8]], text: &[u8]) -> bool {
    let mut expressions = Expressions::new(cases);
    let id = expressions.add(Language::Pcre2, pattern.as_bytes(), options).expect(pattern);
    let mut all: Given<'_> = [b""; GIVEN_MAX];
    all.iter_mut().zip(given).for_each(|(to, from)| *to = from);
    expressions.is_match_given(id, text, &all)
}

#[test]
fn a_given_text_is_matched_as_it_is() {
    let given: [&[u8]; 2] = [b"a.c", b"x"];
    for (pattern, text, expected) in [
        (r"^END \1$", "END a.c", true),
        (r"^END \1$", "END abc", false),
        (r"^END \1$", "END a.cc", false),
        (r"^END \1$", "END A.C", false),
        (r"\2=\1;", "-x=a.c;", true),
        (r"^(?:\2)*$", "xxxx", true),
        (r"^(?:\2)*$", "xxy", false),
        (r"^(?:\2)+$", "", false),
        (r"^(?:\2|a){3}$", "axa", true),
        (r"^(\2?y)*\1$", "xyyxya.c", true),
        (r"^\w+?\1", "uva.c", true),
        (r"^[a-z]*\2\1", "xxxa.c", true),
        (r"^\3end$", "end", true),
        (r"^(?:\3)*end$", "end", true),
        (r"^(?:\3|e)*nd$", "eend", true),
    ] {
        assert_eq!(matches(pattern, GIVEN, &given, text.as_bytes()), expected, "{pattern} in {text}");
    }
}

#[test]
fn a_given_text_knows_case_as_its_pattern_does() {
    assert!(matches(r"^\1$", Options { caseless: true, ..GIVEN }, &[b"aBc"], b"AbC"));
    assert!(matches(r"^(?i)\1$", GIVEN, &[b"aBc"], b"AbC"));
    assert!(!matches(r"^\1$", GIVEN, &[b"aBc"], b"AbC"));
}

#[test]
fn a_given_text_that_is_too_long_is_found_nowhere() {
    let text = "x".repeat(GIVEN_TEXT_MAX + 1).into_bytes();
    assert!(matches(r"\1", GIVEN, &[&text[1..]], &text));
    assert!(!matches(r"\1", GIVEN, &[&text], &text));
}

#[test]
fn without_texts_a_pattern_that_asks_for_one_fails() {
    let mut expressions = Expressions::new(cases);
    let id = expressions.add(Language::Pcre2, br"a\1?b|\1", GIVEN).expect("compiles");
    assert!(!expressions.is_match(id, b"a"));
    assert_eq!(expressions.find(id, b"ab"), Some(2));
    assert_eq!(expressions.captures(id, b"ab", &mut Captures::new()), Some(2));
}

#[test]
fn a_number_is_a_group_where_no_text_is_given() {
    let mut expressions = Expressions::new(cases);
    let id = expressions.add(Language::Pcre2, br"(a|b)\1", Options::default()).expect("compiles");
    assert!(expressions.is_match(id, b"abb") && !expressions.is_match(id, b"aba"));
    assert!(expressions.add(Language::Pcre2, br"(a)\k<x>", GIVEN).is_err());
    assert!(expressions.add(Language::Pcre2, br"(a)\10", GIVEN).is_ok(), "an octal number");
}

#[test]
fn steps_stay_within_their_bound() {
    for pattern in [r"(?:\1|a)*b", r"(?:\1*\2*)*b", r"(?:\1\1|\2a)+b", r"(?:\3|\1)*\2b", r"(?:\1?){20}b"] {
        let mut set = PatternSet::new(cases);
        let id = set.add_with(Language::Pcre2, pattern.as_bytes(), GIVEN).expect(pattern);
        let tables = set.finish();
        let patterns = patterns(&tables);
        let need = patterns.scratch_needed();
        let (mut memo, mut stack) = (vec![!0; need.memo_words], vec![Frame::default(); need.stack_frames]);
        let scratch = Scratch { memo: &mut memo, stack: &mut stack };
        let mut machine = Machine::new(patterns, scratch).expect("the memory asked for is enough");
        let mut given: Given<'_> = [b""; GIVEN_MAX];
        (given[0], given[1]) = (b"a", b"aa");
        let text = b"a".repeat(2000);
        assert!(!machine.is_match_given(id, &text, &given), "{pattern}");
        let most = machine.steps_max(id, text.len());
        assert!(machine.steps() <= most, "{pattern}: {} steps, {most} promised", machine.steps());
    }
}
