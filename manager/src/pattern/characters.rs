//! Literal characters of `match` and `regex` patterns: UTF-8, without case.

use super::ast::{Look, Node, folded, set_of};
use bartizan_core::pattern::program::member;
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// The tree of the character that begins a piece of pattern, and its length
/// in bytes. `text` is not empty.
///
/// OSSEC 4.3 does not check that patterns are UTF-8: as in texts, the first
/// byte says how long a character is. One that the pattern cuts off matches
/// where the text is cut off in the same way.
pub(super) fn literal(text: &[u8]) -> (Node, usize) {
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
    let character = std::str::from_utf8(bytes).ok().and_then(|s| s.chars().next());
    (character.map_or_else(|| Node::Wide(bytes.to_vec()), variants), announced)
}

/// An ASCII character in both cases.
pub(super) fn letter(c: u8) -> Node {
    Node::Chars(folded(&set_of(&[(c, c)]), true))
}

/// A character beyond ASCII in all its cases: Unicode simple folding.
fn variants(character: char) -> Node {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(character, character)]);
    class.case_fold_simple();
    let mut set = set_of(&[]);
    let mut nodes = Vec::new();
    for c in class.iter().flat_map(|range| range.start()..=range.end()) {
        match c {
            '\u{17F}' => set.add(member::LONG_S),
            '\u{212A}' => set.add(member::KELVIN),
            c if c.is_ascii() => set.add(c as u8),
            c => nodes.push(Node::Wide(c.to_string().into_bytes())),
        }
    }
    if set != set_of(&[]) {
        nodes.push(Node::Chars(set));
    }
    Node::alt(nodes)
}
