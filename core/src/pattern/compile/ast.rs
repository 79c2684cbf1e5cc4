//! What the three languages have in common: one small tree.
//!
//! A tree says what PCRE2 would do with the pattern: first alternative first,
//! greedy and lazy repeats, captures of the last round. Case folding is done
//! by the parsers: a letter is a set of two. Trees are no deeper than
//! [`NEST_MAX`] groups, so that walking them by recursion is safe.

use crate::pattern::Set;
use crate::pattern::program::{look, member};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Groups within groups (PCRE2's own limit).
pub const NEST_MAX: usize = 250;

/// Largest number in a `{n,m}`.
pub const REPEAT_MAX: u32 = 1000;

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Nothing: matches everywhere.
    Empty,
    /// One character of a set; see [`crate::pattern::program::member`]
    /// for what the set means in UTF mode.
    Chars(Set),
    /// One character beyond ASCII, byte for byte (UTF mode only).
    Wide(Vec<u8>),
    /// A condition on the place.
    Look(Look),
    /// A text given to the search.
    Given {
        /// Its number from 0.
        number: u16,
        /// A-Z equal a-z.
        caseless: bool,
    },
    /// The place this many bytes back (byte mode only).
    Back(u16),
    /// What matches here (or, negative, does not); the place stays.
    Assert {
        /// What is looked for.
        node: Box<Node>,
        /// It must not be there.
        negative: bool,
    },
    /// The first way that this matches, and no other.
    Atomic(Box<Node>),
    /// What a group has matched; fails if it took no part (byte mode only).
    Reference {
        /// Number of the group from 0.
        group: u16,
        /// A-Z equal a-z.
        caseless: bool,
        /// The group may have matched nothing.
        nullable: bool,
    },
    /// A group that captures, by its number from 0.
    Group(usize, Box<Node>),
    /// One after the other.
    Concat(Vec<Node>),
    /// The first that fits.
    Alt(Vec<Node>),
    /// Several times.
    Repeat {
        /// What is repeated.
        node: Box<Node>,
        /// At least.
        min: u32,
        /// At most; `None` is without end.
        max: Option<u32>,
        /// As often as possible first, else as seldom as possible first.
        greedy: bool,
    },
}

/// A condition on the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Look {
    /// Start of the text.
    Start = look::START,
    /// End of the text.
    End = look::END,
    /// End of the text or before a newline that ends it.
    EndOrNewline = look::END_OR_NEWLINE,
    /// Start of a line.
    LineStart = look::LINE_START,
    /// End of a line.
    LineEnd = look::LINE_END,
    /// Edge of a word.
    WordEdge = look::WORD_EDGE,
    /// Not the edge of a word.
    NotWordEdge = look::NOT_WORD_EDGE,
}

/// A pattern as a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The whole.
    pub node: Node,
    /// Groups that capture.
    pub groups: usize,
    /// Characters are UTF-8, else bytes.
    pub utf: bool,
    /// Only texts that are UTF-8 can match.
    pub valid: bool,
}

/// What can stand at the start of a match of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First {
    /// The characters.
    pub set: Set,
    /// It may also match without a character, whatever follows.
    pub open: bool,
    /// It may also match without a character at the end of the text.
    pub end: bool,
}

impl First {
    /// Never matches.
    const NEVER: Self = Self { set: Set::EMPTY, open: false, end: false };

    /// Of a pattern's end: nothing more is asked.
    pub const OPEN: Self = Self { open: true, ..Self::NEVER };

    /// One character of a set.
    fn of(set: Set) -> Self {
        Self { set, ..Self::NEVER }
    }

    /// Either of the two.
    pub fn or(self, other: Self) -> Self {
        let set = union(&self.set, &other.set);
        Self { set, open: self.open || other.open, end: self.end || other.end }
    }

    /// This, then the other.
    pub fn then(self, next: Self) -> Self {
        if self.open { Self { open: false, ..self }.or(next) } else { self }
    }
}

/// Members of both sets together.
pub fn union(one: &Set, other: &Set) -> Set {
    Set(core::array::from_fn(|i| one.0[i] | other.0[i]))
}

/// All that is not in a set.
pub fn complement(set: &Set) -> Set {
    Set(set.0.map(|bits| !bits))
}

/// Whether two sets have a member in common.
pub fn overlap(one: &Set, other: &Set) -> bool {
    one.0.iter().zip(other.0).any(|(a, b)| a & b != 0)
}

/// A set of ASCII characters and ranges.
pub fn set_of(ranges: &[(u8, u8)]) -> Set {
    let mut set = Set::EMPTY;
    ranges.iter().flat_map(|(first, last)| *first..=*last).for_each(|c| set.add(c));
    set
}

/// Members of a set.
pub fn members(set: &Set) -> impl Iterator<Item = u8> + '_ {
    let bits = |(index, byte): (u8, &u8)| {
        let byte = *byte;
        (0..8).filter(move |bit| byte & (1 << bit) != 0).map(move |bit| 8 * index + bit)
    };
    (0..).zip(&set.0).filter(|(_, byte)| **byte != 0).flat_map(bits)
}

/// Number of members.
pub fn size(set: &Set) -> u32 {
    set.0.iter().map(|byte| byte.count_ones()).sum()
}

/// Adds the other case of every ASCII letter; with `utf` also the two
/// characters beyond ASCII that fold to one.
pub fn folded(set: &Set, utf: bool) -> Set {
    let mut folded = *set;
    for c in members(set) {
        if c.is_ascii_alphabetic() {
            folded.add(c ^ 0x20);
        }
        match c.to_ascii_lowercase() {
            b's' if utf => folded.add(member::LONG_S),
            b'k' if utf => folded.add(member::KELVIN),
            _ => {}
        }
    }
    folded
}

impl Node {
    /// A sequence; without needless levels.
    pub fn concat(parts: Vec<Self>) -> Self {
        let mut nodes = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::Concat(inner) => nodes.extend(inner),
                Self::Empty => {}
                other => nodes.push(other),
            }
        }
        match nodes.len() {
            0 => Self::Empty,
            1 => nodes.remove(0),
            _ => Self::Concat(nodes),
        }
    }

    /// Alternatives; sets become one set.
    pub fn alt(mut nodes: Vec<Self>) -> Self {
        let mut all = Set::EMPTY;
        for node in &nodes {
            let Self::Chars(set) = node else {
                return if nodes.len() == 1 { nodes.remove(0) } else { Self::Alt(nodes) };
            };
            all = union(&all, set);
        }
        Self::Chars(all)
    }

    /// What a match of this can begin with. A condition that this does not
    /// know of may make it larger than need be, never smaller.
    pub fn first(&self) -> First {
        match self {
            Self::Empty => First::OPEN,
            Self::Chars(set) => First::of(*set),
            Self::Wide(_) => First::of(set_of(&[(member::OTHER, member::OTHER)])),
            Self::Look(Look::End) => First { end: true, ..First::NEVER },
            Self::Look(_) => First::OPEN,
            // It may be empty, and is only known when it is searched for.
            Self::Given { .. } => First { set: Set::FULL, ..First::OPEN },
            Self::Reference { nullable, .. } => First { set: Set::FULL, open: *nullable, end: false },
            Self::Back(_) | Self::Assert { .. } => First::OPEN,
            Self::Group(_, node) | Self::Atomic(node) => node.first(),
            Self::Concat(nodes) => {
                let mut first = First::OPEN;
                for node in nodes {
                    if !first.open {
                        break;
                    }
                    first = first.then(node.first());
                }
                first
            }
            Self::Alt(nodes) => nodes.iter().fold(First::NEVER, |first, node| first.or(node.first())),
            Self::Repeat { node, min, .. } => {
                let first = node.first();
                if *min == 0 { first.or(First::OPEN) } else { first }
            }
        }
    }

    /// Whether this can match without a character.
    pub fn is_nullable(&self) -> bool {
        let first = self.first();
        first.open || first.end
    }

    /// Whether there is a loop of which a round may match nothing.
    ///
    /// PCRE2 leaves such a loop behind a round that matched nothing. Programs
    /// do the same; other linear engines go on with the next possibility, so
    /// that they may find another match or other captures.
    pub fn has_empty_loop(&self) -> bool {
        match self {
            Self::Group(_, node) | Self::Atomic(node) | Self::Assert { node, .. } => node.has_empty_loop(),
            Self::Concat(nodes) | Self::Alt(nodes) => nodes.iter().any(Self::has_empty_loop),
            Self::Repeat { node, max, .. } => (max.is_none() && node.is_nullable()) || node.has_empty_loop(),
            Self::Empty | Self::Chars(_) | Self::Wide(_) | Self::Look(_) | Self::Given { .. } => false,
            Self::Back(_) | Self::Reference { .. } => false,
        }
    }

    /// Whether this needs nothing but what finite automata can do.
    pub fn is_regular(&self) -> bool {
        match self {
            Self::Back(_) | Self::Assert { .. } | Self::Atomic(_) | Self::Reference { .. } => false,
            Self::Group(_, node) | Self::Repeat { node, .. } => node.is_regular(),
            Self::Concat(nodes) | Self::Alt(nodes) => nodes.iter().all(Self::is_regular),
            Self::Empty | Self::Chars(_) | Self::Wide(_) | Self::Look(_) | Self::Given { .. } => true,
        }
    }

    /// The number of bytes that every match of this has, if it is one number.
    pub fn fixed_len(&self) -> Option<u32> {
        match self {
            Self::Empty | Self::Look(_) | Self::Assert { .. } => Some(0),
            Self::Chars(_) => Some(1),
            Self::Wide(_) | Self::Given { .. } | Self::Reference { .. } | Self::Back(_) => None,
            Self::Group(_, node) | Self::Atomic(node) => node.fixed_len(),
            Self::Concat(nodes) => {
                nodes.iter().try_fold(0u32, |len, node| len.checked_add(node.fixed_len()?))
            }
            Self::Alt(nodes) => {
                let len = nodes.first()?.fixed_len()?;
                nodes.iter().all(|node| node.fixed_len() == Some(len)).then_some(len)
            }
            Self::Repeat { node, min, max, .. } => {
                node.fixed_len()?.checked_mul(*min).filter(|_| *max == Some(*min))
            }
        }
    }

    /// Whether a match can only start at the start of the text.
    pub fn is_anchored(&self) -> bool {
        match self {
            Self::Look(look) => *look == Look::Start,
            Self::Group(_, node) | Self::Atomic(node) => node.is_anchored(),
            Self::Concat(nodes) => {
                let leading = nodes.iter().take_while(|n| matches!(n, Self::Look(_))).count();
                nodes.iter().take(leading + 1).any(Self::is_anchored)
            }
            Self::Alt(nodes) => nodes.iter().all(Self::is_anchored),
            Self::Repeat { node, min, .. } => *min > 0 && node.is_anchored(),
            Self::Empty | Self::Chars(_) | Self::Wide(_) | Self::Given { .. } => false,
            Self::Back(_) | Self::Assert { .. } | Self::Reference { .. } => false,
        }
    }
}
