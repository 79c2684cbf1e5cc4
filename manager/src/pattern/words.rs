//! The plain word test that OSSEC uses outside of patterns proper.

/// Whether one of the words of a pattern is in the text.
///
/// OSSEC 4.3 (`OS_WordMatch`): words are parted by `|`; a word that begins
/// with `^` must begin the text, any other may stand anywhere; A-Z equal a-z.
/// An empty pattern is false, an empty word true; an empty text has no word in
/// it.
pub fn word_match(pattern: &[u8], text: &[u8]) -> bool {
    !pattern.is_empty() && pattern.split(|c| *c == b'|').any(|word| has_word(word, text))
}

/// Whether one word is in the text.
fn has_word(word: &[u8], text: &[u8]) -> bool {
    match word {
        b"" => true,
        [b'^', start @ ..] => begins_with(text, start),
        [first, rest @ ..] => {
            let follows = |at: usize| text.get(at + 1..).is_some_and(|text| begins_with(text, rest));
            memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text).any(follows)
        }
    }
}

fn begins_with(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|part| part.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_looked_for_without_case() {
        let cases = [
            ("", "x", false),
            ("a|", "x", true),
            ("ssh", "my SSHD", true),
            ("^ssh", "my sshd", false),
            ("^ssh", "SSHD", true),
            ("a|b", "xb", true),
            ("a|b", "", false),
            ("a$", "a$", true),
            ("a.c", "abc", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(word_match(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} in {text:?}");
        }
    }
}
