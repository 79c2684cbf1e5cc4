//! Wazuh's `osmatch` language: literals, each with anchors at its own ends.
//!
//! Wazuh 4.14 (`OSMatch_Execute`): bytes, A-Z equal a-z. A leading `!`
//! inverts the whole; `^` and `$` anywhere but at the ends of an alternative,
//! and all else, stand for themselves. There is no escape.

use super::ast::{Look, Node, Tree, folded, set_of};
use super::{LiteralShape, Parsed, PatternError};
use crate::limits::PATTERN_MAX;
use crate::pattern::program::shape;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Whether a pattern is inverted; what [`parse`] gives is what is inverted.
pub(super) fn is_inverted(pattern: &[u8]) -> bool {
    pattern.starts_with(b"!")
}

/// Reads a pattern: a plain compare if it is one, else a tree.
pub(super) fn parse(pattern: &[u8]) -> Result<Parsed, Box<PatternError>> {
    if pattern.len() > PATTERN_MAX {
        return Err(PatternError::too_long(pattern.len(), PATTERN_MAX));
    }
    let plain = pattern.strip_prefix(b"!").unwrap_or(pattern);
    let alternatives: Vec<&[u8]> = plain.split(|c| *c == b'|').collect();
    if alternatives.iter().any(|one| matches!(*one, [] | [b'^' | b'$'])) {
        return Ok(Parsed::Shape(LiteralShape::always()));
    }
    if let [one] = alternatives.as_slice()
        && let Some(shape) = LiteralShape::anchored(one)
    {
        return Ok(Parsed::Shape(shape));
    }
    let node = Node::alt(alternatives.into_iter().map(alternative).collect());
    Ok(Parsed::Tree(Tree { node, groups: 0, utf: false, valid: false }))
}

/// One of several alternatives, or one without an anchor.
fn alternative(pattern: &[u8]) -> Node {
    let shape = LiteralShape::anchored(pattern);
    let (how, literal) = shape.as_ref().map_or((NO_ANCHOR, pattern), |s| (s.shape, s.literal.as_slice()));
    let mut nodes = Vec::with_capacity(literal.len() + 2);
    if matches!(how, shape::PREFIX | shape::EQUAL) {
        nodes.push(Node::Look(Look::Start));
    }
    nodes.extend(literal.iter().map(|c| Node::Chars(folded(&set_of(&[(*c, *c)]), false))));
    if matches!(how, shape::SUFFIX | shape::EQUAL) {
        nodes.push(Node::Look(Look::End));
    }
    Node::concat(nodes)
}

/// The shape of an alternative without an anchor: that of a program.
const NO_ANCHOR: u8 = shape::PROGRAM;
