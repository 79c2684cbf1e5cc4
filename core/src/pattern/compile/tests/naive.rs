//! An independent reference: an exhaustive backtracker over the tree.
//!
//! It follows PCRE2's rules word for word (a round of a loop that matched
//! nothing leaves the loop) and notes nothing, so that it may need very long:
//! it gives up after a number of steps.

use super::super::ast::{Look, Node, Tree};
use super::super::{Language, LiteralShape, Options, Parsed, parse};
use super::prelude::*;
use super::{Answer, cases};
use crate::pattern::Set;
use crate::pattern::program::{member, shape};

/// The state of one search.
struct Naive<'t> {
    text: &'t [u8],
    utf: bool,
    groups: Vec<Option<(usize, usize)>>,
    fuel: u32,
}

/// What is to be matched next.
type Next<'n> = &'n mut dyn FnMut(&mut Naive<'_>, usize) -> bool;

/// The answer to a pattern; `None` if it does not compile or takes too long.
pub(super) fn answer(language: Language, pattern: &[u8], text: &[u8]) -> Option<Answer> {
    match parse(language, pattern, Options::default(), cases).ok()? {
        Parsed::Shape(shape) => Some(compare(&shape, text).map(|end| (end, Vec::new()))),
        Parsed::OsRegex(_) => None,
        Parsed::Tree(tree) => leftmost(&tree, text),
    }
}

/// A plain string compare.
fn compare(literal: &LiteralShape, text: &[u8]) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    match literal.shape {
        shape::ALWAYS => Some(0),
        shape::EQUAL => (lower == literal.literal).then_some(text.len()),
        shape::PREFIX => lower.starts_with(&literal.literal).then_some(literal.literal.len()),
        _ => lower.ends_with(&literal.literal).then_some(text.len()),
    }
}

/// The leftmost match of a tree.
fn leftmost(tree: &Tree, text: &[u8]) -> Option<Answer> {
    let mut naive = Naive { text, utf: tree.utf, groups: vec![None; tree.groups], fuel: 200_000 };
    for start in 0..=text.len() {
        if tree.utf && start > 0 && text.get(start).is_some_and(|b| b & 0xC0 == 0x80) {
            continue;
        }
        let mut end = None;
        let found = node(&mut naive, &tree.node, start, &mut |_, at| {
            end = Some(at);
            true
        });
        if naive.fuel == 0 {
            return None;
        }
        if found {
            let taken = naive.groups.iter().flatten().copied().take(64).collect();
            return Some(end.map(|end| (end, taken)));
        }
        assert!(naive.groups.iter().all(Option::is_none), "failed starts leave no groups");
    }
    Some(None)
}

/// The character at a place.
fn character(naive: &Naive<'_>, at: usize) -> Option<(u8, usize)> {
    let first = *naive.text.get(at)?;
    if !naive.utf || first < 0x80 {
        return Some((first, at + 1));
    }
    let len = match first {
        0x80..=0xBF => 1,
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        0xF8..=0xFB => 5,
        _ => 6,
    };
    let end = naive.text.len().min(at + len);
    let number = match &naive.text[at..end] {
        [0xC5, 0xBF] => member::LONG_S,
        [0xE2, 0x84, 0xAA] => member::KELVIN,
        _ => member::OTHER,
    };
    Some((number, end))
}

/// One character of a set.
fn chars(naive: &mut Naive<'_>, set: &Set, at: usize, next: Next<'_>) -> bool {
    match character(naive, at) {
        Some((c, end)) if set.has(c) => next(naive, end),
        _ => false,
    }
}

/// Matches a node, then what is next.
fn node(naive: &mut Naive<'_>, tree: &Node, at: usize, next: Next<'_>) -> bool {
    naive.fuel = naive.fuel.saturating_sub(1);
    if naive.fuel == 0 {
        return false;
    }
    match tree {
        // No text is given to rules.
        Node::Given { .. } => false,
        Node::Back(len) => at.checked_sub(usize::from(*len)).is_some_and(|at| next(naive, at)),
        Node::Assert { node: inner, negative } => {
            let former = naive.groups.clone();
            let holds = node(naive, inner, at, &mut |_, _| true);
            let found = holds != *negative && {
                if *negative {
                    naive.groups.clone_from(&former);
                }
                next(naive, at)
            };
            if !found {
                naive.groups = former;
            }
            found
        }
        Node::Atomic(inner) => {
            let former = naive.groups.clone();
            let mut end = None;
            node(naive, inner, at, &mut |_, at| {
                end = Some(at);
                true
            });
            let found = end.is_some_and(|end| next(naive, end));
            if !found {
                naive.groups = former;
            }
            found
        }
        Node::Reference { group, caseless, .. } => {
            let Some((start, end)) = naive.groups[usize::from(*group)] else { return false };
            let Some(part) = naive.text.get(at..at + end - start) else { return false };
            let matched = &naive.text[start..end];
            let same = if *caseless { part.eq_ignore_ascii_case(matched) } else { part == matched };
            same && next(naive, at + end - start)
        }
        Node::Empty => next(naive, at),
        Node::Chars(set) => chars(naive, set, at, next),
        Node::Wide(bytes) => naive.text[at..].starts_with(bytes) && next(naive, at + bytes.len()),
        Node::Look(look) => looks(naive.text, *look, at) && next(naive, at),
        Node::Group(number, inner) => node(naive, inner, at, &mut |naive, end| {
            let former = naive.groups[*number].replace((at, end));
            next(naive, end) || {
                naive.groups[*number] = former;
                false
            }
        }),
        Node::Concat(nodes) => match nodes.split_first() {
            None => next(naive, at),
            Some((first, rest)) => {
                let rest = Node::Concat(rest.to_vec());
                node(naive, first, at, &mut |naive, end| node(naive, &rest, end, next))
            }
        },
        Node::Alt(nodes) => nodes.iter().any(|one| node(naive, one, at, next)),
        Node::Repeat { node: inner, min, max, greedy } => {
            let rounds = Rounds { inner, min: *min, max: *max, greedy: *greedy };
            if *min == 0 { rounds.choose(naive, 0, at, next) } else { rounds.round(naive, 1, at, next) }
        }
    }
}

/// A repeat.
struct Rounds<'n> {
    inner: &'n Node,
    min: u32,
    max: Option<u32>,
    greedy: bool,
}

impl Rounds<'_> {
    /// After `done` rounds: another one, or what is next.
    fn choose(&self, naive: &mut Naive<'_>, done: u32, at: usize, next: Next<'_>) -> bool {
        if self.max == Some(done) {
            return next(naive, at);
        }
        // The two orders differ in what is tried first, not in what can match.
        match self.greedy {
            true if self.round(naive, done + 1, at, next) => true,
            false if next(naive, at) => true,
            true => next(naive, at),
            false => self.round(naive, done + 1, at, next),
        }
    }

    /// The round of a number, then what follows it.
    fn round(&self, naive: &mut Naive<'_>, number: u32, at: usize, next: Next<'_>) -> bool {
        node(naive, self.inner, at, &mut |naive, end| {
            if number < self.min {
                self.round(naive, number + 1, end, next)
            } else if self.max.is_none() && end == at {
                next(naive, end)
            } else {
                self.choose(naive, number, end, next)
            }
        })
    }
}

/// A condition on the place.
fn looks(text: &[u8], look: Look, at: usize) -> bool {
    let word = |c: Option<&u8>| c.is_some_and(|c| c.is_ascii_alphanumeric() || *c == b'_');
    let edge = word(text[..at].last()) != word(text.get(at));
    match look {
        Look::Start => at == 0,
        Look::End => at == text.len(),
        Look::EndOrNewline => &text[at..] == b"" || &text[at..] == b"\n",
        Look::LineStart => at == 0 || (at < text.len() && text[at - 1] == b'\n'),
        Look::LineEnd => at == text.len() || text[at] == b'\n',
        Look::WordEdge => edge,
        Look::NotWordEdge => !edge,
    }
}
