//! Literal characters of `match` and `regex` patterns: UTF-8, without case.

use super::Cases;
use super::ast::{Look, Node, folded, set_of};
use crate::pattern::program::member;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

/// The tree of the character that begins a piece of pattern, and its length
/// in bytes. `text` is not empty.
///
/// OSSEC 4.3 does not check that patterns are UTF-8: as in texts, the first
/// byte says how long a character is. One that the pattern cuts off matches
/// where the text is cut off in the same way.
pub(super) fn literal(text: &[u8], cases: Cases) -> (Node, usize) {
    let first = text[0];
    if first.is_ascii() {
        return (letter(first), 1);
    }
    let announced = match first {
        0x80..=0xBF => 1,
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        0xF8..=0xFB => 5,
        _ => 6,
    };
    let Some(bytes) = text.get(..announced) else {
        let cut = Node::Wide(text.to_vec());
        return (Node::Concat(vec![cut, Node::Look(Look::End)]), text.len());
    };
    let character = core::str::from_utf8(bytes).ok().and_then(|s| s.chars().next());
    (character.map_or_else(|| Node::Wide(bytes.to_vec()), |c| variants(c, cases)), announced)
}

/// An ASCII character in both cases.
pub(super) fn letter(c: u8) -> Node {
    Node::Chars(folded(&set_of(&[(c, c)]), true))
}

/// A character beyond ASCII in all its cases.
fn variants(character: char, cases: Cases) -> Node {
    let mut set = set_of(&[]);
    let mut nodes = Vec::new();
    cases(character, &mut |c| match c {
        '\u{17F}' => set.add(member::LONG_S),
        '\u{212A}' => set.add(member::KELVIN),
        c if c.is_ascii() => set.add(c as u8),
        c => nodes.push(Node::Wide(c.to_string().into_bytes())),
    });
    if set != set_of(&[]) {
        nodes.push(Node::Chars(set));
    }
    Node::alt(nodes)
}
