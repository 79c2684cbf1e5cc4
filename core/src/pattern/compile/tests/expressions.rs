//! Expressions that are used where they are compiled.

use super::super::{Expressions, Language, Options, no_cases};
use super::prelude::*;
use crate::pattern::{Captures, Matcher, PatternId};

const EXACT: Options = Options { caseless: false, given: false, keep_unset: false };

#[test]
fn each_expression_keeps_its_options() {
    let mut expressions = Expressions::new(no_cases);
    let caseless = expressions.add(Language::Pcre2, b"^ab", Options::default()).expect("compiles");
    let exact = expressions.add(Language::Pcre2, b"^ab", EXACT).expect("compiles");
    let shape = expressions.add(Language::Match, b"ab$", Options::default()).expect("compiles");
    assert_ne!(caseless, exact);
    assert!(expressions.is_match(caseless, b"ABC") && !expressions.is_match(exact, b"ABC"));
    assert!(expressions.is_match(exact, b"abc"));
    assert!(expressions.is_match(shape, b"xAB"));
    assert!(!expressions.is_match(PatternId(9), b"abc"));
}

#[test]
fn captures_keep_their_numbers_if_asked_to() {
    let mut expressions = Expressions::new(no_cases);
    let pattern = b"(?:(a)|(b))(c)";
    for (keep_unset, first) in [(false, 1), (true, 0)] {
        let options = Options { keep_unset, ..EXACT };
        let id = expressions.add(Language::Pcre2, pattern, options).expect("compiles");
        let mut captures = Captures::new();
        assert_eq!(expressions.captures(id, b"bc", &mut captures), Some(2));
        assert_eq!(captures.get(0).map(|span| span.len), Some(first));
    }
}

#[test]
fn an_expression_that_is_wrong_says_where() {
    let mut expressions = Expressions::new(no_cases);
    for (pattern, offset) in [(&b"a(b"[..], 1), (b"ab)", 2), (b"x(?R)", 1), (b"", 0), (b"a{3,2}", 1)] {
        let error = expressions.add(Language::Pcre2, pattern, EXACT).expect_err("it is wrong");
        assert_eq!(error.offset, offset, "{error}");
        assert!(error.to_string().contains("of the pattern)"));
    }
    let id = expressions.add(Language::Pcre2, b"still", EXACT).expect("errors leave nothing behind");
    assert!(expressions.is_match(id, b"it still works"));
}

#[test]
fn memory_grows_with_the_expressions_only() {
    let mut expressions = Expressions::new(no_cases);
    assert_eq!(expressions.memory(), 0);
    let id = expressions.add(Language::Pcre2, br"^\d+-(\w+)", EXACT).expect("compiles");
    let memory = expressions.memory();
    assert!(memory < 4096, "{memory} bytes");
    expressions.is_match(id, &b"7".repeat(6000));
    assert_eq!(expressions.memory(), memory);
}
