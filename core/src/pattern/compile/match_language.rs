//! The `match` language: literals, `^`, `$` and `|`.
//!
//! OSSEC 4.3: there is no escape. An empty alternative is always true; each
//! alternative has its own anchors, and an anchor may stand anywhere.

use super::ast::{Look, Node, Tree};
use super::characters::literal;
use super::{Cases, PatternError};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Bytes of a pattern (OSSEC 4.3).
pub(super) const LENGTH_MAX: usize = 2048;

/// The tree of a pattern that has no literal shape.
pub(super) fn parse(pattern: &[u8], cases: Cases) -> Result<Tree, Box<PatternError>> {
    if pattern.len() > LENGTH_MAX {
        return Err(PatternError::too_long(pattern.len(), LENGTH_MAX));
    }
    let alternatives = pattern.split(|c| *c == b'|').map(|one| alternative(one, cases)).collect();
    Ok(Tree { node: Node::alt(alternatives), groups: 0, utf: true, valid: false })
}

/// One alternative.
fn alternative(mut pattern: &[u8], cases: Cases) -> Node {
    let mut nodes = Vec::new();
    while let Some(first) = pattern.first() {
        let (node, len) = match first {
            b'^' => (Node::Look(Look::Start), 1),
            b'$' => (Node::Look(Look::EndOrNewline), 1),
            _ => literal(pattern, cases),
        };
        nodes.push(node);
        pattern = &pattern[len..];
    }
    Node::concat(nodes)
}
