//! Literals and the shapes that need no program.
//!
//! Literals are stored in lower case; only A-Z and a-z are equal, except
//! where a program says `fold::UNICODE`.

use super::character::{KELVIN, LONG_S};
use super::program::{fold, shape};

/// Whether two byte strings are equal but for the case of A-Z; `lower` is in
/// lower case.
#[inline]
fn equal(text: &[u8], lower: &[u8]) -> bool {
    text.len() == lower.len() && text.iter().zip(lower).all(|(t, l)| t.to_ascii_lowercase() == *l)
}

/// The end of a match of a shape that needs no program.
///
/// OSSEC 4.3: plain string compares, without UTF; a prefix ends behind
/// itself, the others at the end of the text.
pub(super) fn shape_end(shape: u8, lower: &[u8], text: &[u8]) -> Option<usize> {
    let holds = match shape {
        shape::ALWAYS => return Some(0),
        shape::EQUAL => equal(text, lower),
        shape::PREFIX => {
            return equal(text.get(..lower.len())?, lower).then_some(lower.len());
        }
        shape::SUFFIX => equal(text.get(text.len().checked_sub(lower.len())?..)?, lower),
        _ => false,
    };
    holds.then_some(text.len())
}

/// The place behind a literal that stands at `at`.
#[inline]
pub(super) fn literal_end(how: u8, literal: &[u8], text: &[u8], at: usize, wide: bool) -> Option<usize> {
    if wide && how == fold::UNICODE {
        return unicode_end(literal, text, at);
    }
    let end = at + literal.len();
    let part = text.get(at..end)?;
    let holds = if how == fold::EXACT { part == literal } else { equal(part, literal) };
    holds.then_some(end)
}

/// As [`literal_end`] where the text may have a Kelvin sign or a long s.
fn unicode_end(literal: &[u8], text: &[u8], mut at: usize) -> Option<usize> {
    for want in literal {
        let rest = text.get(at..)?;
        at += match want {
            b'k' if rest.starts_with(&KELVIN) => KELVIN.len(),
            b's' if rest.starts_with(&LONG_S) => LONG_S.len(),
            _ if rest.first()?.to_ascii_lowercase() == *want => 1,
            _ => return None,
        };
    }
    Some(at)
}
