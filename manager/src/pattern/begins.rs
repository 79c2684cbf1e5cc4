//! How texts begin that a pattern matches.

use super::required::exact;
use super::{Parsed, parse};
use bartizan_core::pattern::compile::ast::{Look, Node};
use bartizan_core::pattern::program::{flag, shape};
use bartizan_core::pattern::{PatternId, Patterns};

/// Texts of which every text that a pattern matches begins with one, folded
/// (ASCII in lower case); `None` if nothing is known.
pub(crate) fn beginnings(patterns: &Patterns<'_>, pattern: PatternId) -> Option<Vec<Vec<u8>>> {
    let row = patterns.row(pattern).filter(|row| row.flags & flag::NOT == 0)?;
    match parse(patterns, row)? {
        Parsed::Shape(literal) => {
            let is_anchored = matches!(literal.shape, shape::EQUAL | shape::PREFIX);
            (is_anchored && literal.literal.is_ascii()).then(|| vec![literal.literal])
        }
        Parsed::Tree(tree) => of(&tree.node, tree.utf),
        Parsed::OsRegex(_) => None,
    }
}

fn of(node: &Node, utf: bool) -> Option<Vec<Vec<u8>>> {
    match node {
        Node::Group(_, node) | Node::Atomic(node) => of(node, utf),
        Node::Alt(nodes) => {
            nodes.iter().map(|node| of(node, utf)).collect::<Option<Vec<_>>>().map(|all| all.concat())
        }
        Node::Concat(nodes) => match nodes.split_first()? {
            (Node::Look(Look::Start), rest) => Some(exact(rest, utf)),
            (first, _) => of(first, utf),
        },
        _ => None,
    }
}
