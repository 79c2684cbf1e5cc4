//! Characters beyond ASCII without case.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// Unicode simple folding, for
/// [`PatternSet::new`](bartizan_core::pattern::compile::PatternSet::new).
pub fn cases(character: char, equal: &mut dyn FnMut(char)) {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(character, character)]);
    class.case_fold_simple();
    class.iter().flat_map(|range| range.start()..=range.end()).for_each(equal);
}

#[cfg(test)]
mod tests {
    use super::super::agreement::assert_agreement;
    use super::super::{Expressions, Language, Options};
    use super::cases;
    use bartizan_core::pattern::Matcher;

    #[test]
    fn characters_beyond_ascii_have_no_case() {
        for (pattern, text) in [("\u{3c3}", "\u{3c2}"), ("\u{e9}t", "x\u{c9}T"), ("\u{17f}", "s")] {
            let mut expressions = Expressions::new(cases);
            let id = expressions.add(Language::Match, pattern.as_bytes(), Options::default());
            assert!(expressions.is_match(id.expect("compiles"), text.as_bytes()), "{pattern} in {text}");
            assert_eq!(
                assert_agreement(Language::Match, Options::default(), pattern.as_bytes(), text.as_bytes()),
                Some(true)
            );
        }
    }
}
