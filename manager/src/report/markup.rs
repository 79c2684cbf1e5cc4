//! Texts of others inside HTML.

use crate::diagnose::harmless_character;
use std::fmt::{Display, Formatter, Result, Write};

/// A text as it is shown, whatever it holds: no tag, no entity, no quote that
/// ends an attribute, and nothing that turns the direction of writing.
pub(crate) struct Shown<'t>(pub(crate) &'t str);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for character in self.0.chars() {
            match harmless_character(character) {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// The beginning of a text, at most so many characters.
pub(crate) fn short(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(max.saturating_sub(2)).collect::<String>() + "..",
    }
}

/// How wide a part of a whole is, in so many units.
pub(crate) fn part(count: u64, of: u64, units: u64) -> u64 {
    let part = u128::from(count) * u128::from(units) / u128::from(of.max(1));
    u64::try_from(part).unwrap_or(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_obeyed() {
        let hostile = "</td><script>alert(\"1\")</script>&amp;'\x1b[2J\u{202e}";
        let shown = Shown(hostile).to_string();
        assert_eq!(
            shown,
            "&lt;/td&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;amp;&#39;\u{fffd}[2J\u{fffd}"
        );
    }

    #[test]
    fn parts_do_not_overflow() {
        assert_eq!((part(u64::MAX, u64::MAX, 100), part(1, 3, 100), part(5, 0, 100)), (100, 33, 500));
        assert_eq!((short("abcdef", 6), short("äbcdefg", 6)), ("abcdef".to_owned(), "äbcd..".to_owned()));
    }
}
