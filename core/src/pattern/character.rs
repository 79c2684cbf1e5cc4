//! Characters of a text, as sets number them.
//!
//! OSSEC 4.3 runs `match` and `regex` in UTF mode without checking the text.
//! What it does with text that is not UTF-8 is settled here: the first byte
//! of a character says how many bytes it has, whatever they are; a character
//! that the text cuts off has what is left; a stray continuation byte is a
//! character of its own.

use super::program::member;

/// UTF-8 of U+017F.
pub(super) const LONG_S: [u8; 2] = [0xC5, 0xBF];

/// UTF-8 of U+212A.
pub(super) const KELVIN: [u8; 3] = [0xE2, 0x84, 0xAA];

/// Bytes of the character that begins with this byte.
#[inline]
pub(super) fn announced(first: u8) -> usize {
    match first {
        0x00..=0xBF => 1,
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        0xF8..=0xFB => 5,
        0xFC..=0xFF => 6,
    }
}

/// Whether no character but one cut short begins with this byte.
#[inline]
pub(super) fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// The character at a place beyond ASCII: its number in a set, and the place
/// behind it.
pub(super) fn wide(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let first = *text.get(at)?;
    if first < 0x80 {
        return Some((first, at + 1));
    }
    let end = text.len().min(at + announced(first));
    let number = match text.get(at..end)? {
        bytes if *bytes == LONG_S => member::LONG_S,
        bytes if *bytes == KELVIN => member::KELVIN,
        _ => member::OTHER,
    };
    Some((number, end))
}
