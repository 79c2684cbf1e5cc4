//! Deterministic automata for searches that want no captures.
//!
//! The core's machine tries one start after the other; an automaton goes
//! through the text once. It is built from the same tree, for texts of plain
//! ASCII without newlines only, where all three languages mean the same
//! ([`fits`]); other texts stay with the machine. Automata are built when
//! first asked for, and only as long as all of them together stay small.

use bartizan_core::pattern::compile::ast::{Look, Node, Tree, members};
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::{Input, MatchKind};
use regex_syntax::hir;

/// Bytes of one automaton.
const SIZE_MAX: usize = 128 << 10;

/// Bytes that building one may take.
const BUILD_MAX: usize = 1 << 20;

/// An automaton that finds the end of the leftmost match.
#[derive(Debug)]
pub(super) struct Automaton(dense::DFA<Vec<u32>>);

/// Whether automata know what to do with a text.
pub(super) fn fits(text: &[u8]) -> bool {
    text.is_ascii() && memchr::memchr(b'\n', text).is_none()
}

impl Automaton {
    /// The automaton of a tree; `None` if it would be too large, or if it
    /// would not find the same match.
    pub(super) fn build(tree: &Tree) -> Option<Self> {
        if tree.node.has_empty_loop() || tree.valid || !tree.node.is_regular() {
            return None;
        }
        let nfa = thompson::Config::new()
            .utf8(false)
            .nfa_size_limit(Some(BUILD_MAX))
            .which_captures(thompson::WhichCaptures::None);
        let dfa = dense::Config::new()
            .start_kind(StartKind::Unanchored)
            .match_kind(MatchKind::LeftmostFirst)
            .minimize(false)
            .dfa_size_limit(Some(SIZE_MAX))
            .determinize_size_limit(Some(BUILD_MAX));
        let nfa = thompson::Compiler::new().configure(nfa).build_from_hir(&expression(&tree.node)).ok()?;
        dense::Builder::new().configure(dfa).build_from_nfa(&nfa).ok().map(Self)
    }

    /// The end of the leftmost match in a text that [`fits`].
    pub(super) fn find(&self, text: &[u8]) -> Option<usize> {
        // Fails only where an automaton was told to give up; these were not.
        self.0.try_search_fwd(&Input::new(text)).ok().flatten().map(|end| end.offset())
    }

    /// Whether there is a match in a text that [`fits`].
    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        matches!(self.0.try_search_fwd(&Input::new(text).earliest(true)), Ok(Some(_)))
    }

    /// Bytes that the automaton takes.
    pub(super) fn memory(&self) -> usize {
        self.0.memory_usage()
    }
}

/// A tree as an expression over ASCII.
fn expression(node: &Node) -> hir::Hir {
    match node {
        Node::Empty => hir::Hir::empty(),
        Node::Chars(set) => {
            let ranges = members(set).filter(u8::is_ascii).map(|c| hir::ClassBytesRange::new(c, c));
            hir::Hir::class(hir::Class::Bytes(hir::ClassBytes::new(ranges)))
        }
        // No text is given to rules and decoders.
        Node::Wide(_)
        | Node::Given { .. }
        | Node::Back(_)
        | Node::Assert { .. }
        | Node::Atomic(_)
        | Node::Reference { .. } => hir::Hir::fail(),
        Node::Look(look) => hir::Hir::look(match look {
            // Without a newline in the text these are the same.
            Look::Start | Look::LineStart => hir::Look::Start,
            Look::End | Look::EndOrNewline | Look::LineEnd => hir::Look::End,
            Look::WordEdge => hir::Look::WordAscii,
            Look::NotWordEdge => hir::Look::WordAsciiNegate,
        }),
        Node::Group(_, node) => expression(node),
        Node::Concat(nodes) => hir::Hir::concat(nodes.iter().map(expression).collect()),
        Node::Alt(nodes) => hir::Hir::alternation(nodes.iter().map(alternative).collect()),
        Node::Repeat { node, min, max, greedy } => hir::Hir::repetition(hir::Repetition {
            min: *min,
            max: *max,
            greedy: *greedy,
            sub: Box::new(expression(node)),
        }),
    }
}

/// One alternative, in a group of its own: `regex-syntax` 0.8 takes what
/// several alternatives begin with out of them, also where that is a greedy
/// loop, so that `\S+@|\S+b` finds more than the first alternative would.
/// Groups keep it from doing so and are not part of the automaton.
fn alternative(node: &Node) -> hir::Hir {
    hir::Hir::capture(hir::Capture { index: 1, name: None, sub: Box::new(expression(node)) })
}
