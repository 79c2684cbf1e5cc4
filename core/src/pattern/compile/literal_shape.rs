//! Patterns that are plain string compares.
//!
//! OSSEC 4.3: `^text$`, `^text` and `text$` of harmless characters are not
//! given to the regex engine but compared, with A-Z equal a-z and without
//! UTF. They have no captures.

use crate::pattern::program::shape;
use alloc::vec::Vec;

/// A pattern that needs no program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiteralShape {
    /// One of [`crate::pattern::program::shape`].
    pub shape: u8,
    /// What is compared, in lower case.
    pub literal: Vec<u8>,
}

impl LiteralShape {
    /// Matches every text.
    pub fn always() -> Self {
        Self { shape: shape::ALWAYS, literal: Vec::new() }
    }

    /// The shape of a `match` pattern: an anchor and at least one character,
    /// none of which is `^ $ |`. The empty pattern is always true.
    pub fn of_match(pattern: &[u8]) -> Option<Self> {
        if pattern.is_empty() {
            return Some(Self::always());
        }
        let shape = Self::anchored(pattern)?;
        let plain = |c: &u8| !matches!(c, b'^' | b'$' | b'|');
        (!shape.literal.is_empty() && shape.literal.iter().all(plain)).then_some(shape)
    }

    /// The shape of a `regex` or `pcre2` pattern: an anchor and any number of
    /// characters that mean themselves.
    pub fn of_regex(pattern: &[u8]) -> Option<Self> {
        let shape = Self::anchored(pattern)?;
        let plain = |c: &u8| c.is_ascii_alphanumeric() || b" !\"#%&',/:;<=>@_`~-".contains(c);
        shape.literal.iter().all(plain).then_some(shape)
    }

    /// Takes off the anchors; `None` without one.
    pub(super) fn anchored(pattern: &[u8]) -> Option<Self> {
        let behind = pattern.strip_prefix(b"^");
        let inner = behind.unwrap_or(pattern);
        let before = inner.strip_suffix(b"$");
        let shape = match (behind, before) {
            (Some(_), Some(_)) => shape::EQUAL,
            (Some(_), None) => shape::PREFIX,
            (None, Some(_)) => shape::SUFFIX,
            (None, None) => return None,
        };
        Some(Self { shape, literal: before.unwrap_or(inner).to_ascii_lowercase() })
    }
}
