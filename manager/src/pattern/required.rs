//! Literals of which every match of a pattern contains at least one.
//!
//! They make the gate (`gate`): a text without any of them cannot match. All
//! is in folded form ([`fold`]): ASCII in lower case, and the two characters
//! beyond ASCII that fold to a letter are that letter. A literal is cut to
//! the [`WINDOW`] bytes that are rarest in logs; a set is only kept if it is
//! rare enough to be worth looking for.

use super::Parsed;
use bartizan_core::pattern::Set;
use bartizan_core::pattern::compile::ast::{Node, members, size};
use bartizan_core::pattern::program::{member, shape};

/// Longest literal that is looked for.
pub(super) const WINDOW: usize = 6;

/// Most literals of one pattern.
const LITERALS_MAX: usize = 256;

/// Most strings that a part is multiplied out to.
const EXACT_MAX: usize = 16;

/// Longest string that a part is multiplied out to.
const EXACT_LEN_MAX: usize = 32;

/// Least rarity, in bits, at which a set is worth looking for: about three
/// letters. Shorter ones are in most logs, or in patterns that cost little.
const BITS_MIN: u32 = 13;

/// A log as the gate sees it.
pub(super) fn fold<'b>(log: &[u8], buffer: &'b mut Vec<u8>) -> &'b [u8] {
    buffer.clear();
    buffer.extend_from_slice(log);
    buffer.make_ascii_lowercase();
    if !log.is_ascii() {
        fold_wide(buffer);
    }
    buffer
}

/// Replaces the Kelvin sign and the long s, in place.
fn fold_wide(buffer: &mut Vec<u8>) {
    let (mut from, mut to) = (0, 0);
    while from < buffer.len() {
        let (byte, len) = match &buffer[from..] {
            [0xE2, 0x84, 0xAA, ..] => (b'k', 3),
            [0xC5, 0xBF, ..] => (b's', 2),
            rest => (rest[0], 1),
        };
        buffer[to] = byte;
        from += len;
        to += 1;
    }
    buffer.truncate(to);
}

/// The literals of a pattern; `None` if there are none worth looking for.
pub(super) fn literals(parsed: &Parsed) -> Option<Vec<Vec<u8>>> {
    let set = required(parsed)?;
    if bits(&set) < BITS_MIN {
        return None;
    }
    let mut cut: Vec<Vec<u8>> = set.iter().map(|literal| rarest_window(literal).to_vec()).collect();
    cut.sort();
    cut.dedup();
    Some(cut)
}

/// Literals of which every text that a pattern matches has at least one,
/// folded; `None` if nothing is known of it.
pub(super) fn required(parsed: &Parsed) -> Option<Vec<Vec<u8>>> {
    match parsed {
        Parsed::Shape(literal) if literal.shape == shape::ALWAYS || !literal.literal.is_ascii() => None,
        Parsed::Shape(literal) => Some(vec![literal.literal.clone()]),
        Parsed::OsRegex(expression) => Part::of(&expression.at_least(), false).either(),
        Parsed::Tree(tree) => Part::of(&tree.node, tree.utf).either(),
    }
}

/// What parts that follow each other match from the first on, as far as that
/// is one of a few texts, folded; the empty text if nothing is known.
pub(super) fn exact(nodes: &[Node], utf: bool) -> Vec<Vec<u8>> {
    let mut grown = vec![Vec::new()];
    for node in nodes {
        let part = Part::of(node, utf).exact.filter(|texts| texts.iter().all(|text| text.is_ascii()));
        match part.and_then(|texts| product(&grown, &texts)) {
            Some(longer) => grown = longer,
            None => break,
        }
    }
    grown
}

/// What is known of the texts that a part matches.
#[derive(Clone, Debug, Default)]
struct Part {
    /// All of them, if they are few.
    exact: Option<Vec<Vec<u8>>>,
    /// Literals of which each has at least one.
    required: Option<Vec<Vec<u8>>>,
}

impl Part {
    /// A part that matches just these.
    fn exactly(strings: Vec<Vec<u8>>) -> Self {
        Self { exact: Some(strings), required: None }
    }

    /// What is known of a node.
    fn of(node: &Node, utf: bool) -> Self {
        match node {
            Node::Empty | Node::Look(_) | Node::Back(_) => Self::exactly(vec![Vec::new()]),
            Node::Assert { negative: true, .. } => Self::exactly(vec![Vec::new()]),
            // It is somewhere in the text, but takes no part of it.
            Node::Assert { node, .. } => {
                Self { required: Self::of(node, utf).either(), ..Self::exactly(vec![Vec::new()]) }
            }
            Node::Chars(set) => Self { exact: characters(set, utf), required: None },
            // What is no character may lie across one that `fold` replaces.
            Node::Wide(bytes) if std::str::from_utf8(bytes).is_ok() => Self::exactly(vec![bytes.clone()]),
            Node::Wide(_) | Node::Given { .. } | Node::Reference { .. } => Self::default(),
            Node::Group(_, node) | Node::Atomic(node) => Self::of(node, utf),
            Node::Concat(nodes) => Self::concat(nodes, utf),
            Node::Alt(nodes) => Self::alternatives(nodes, utf),
            Node::Repeat { node, min: 0, max: Some(1), .. } => {
                let inner = Self::of(node, utf).exact;
                let with_none = |mut strings: Vec<Vec<u8>>| {
                    strings.push(Vec::new());
                    distinct(strings)
                };
                Self { exact: inner.map(with_none), required: None }
            }
            Node::Repeat { min: 0, .. } => Self::default(),
            Node::Repeat { node, min, max, .. } => {
                let inner = Self::of(node, utf);
                if *max == Some(1) && *min == 1 {
                    return inner;
                }
                Self { exact: None, required: inner.either() }
            }
        }
    }

    /// The better of the two sets.
    fn either(self) -> Option<Vec<Vec<u8>>> {
        best(self.exact.into_iter().chain(self.required))
    }

    /// A sequence: strings grow as long as they stay few.
    fn concat(nodes: &[Node], utf: bool) -> Self {
        let mut grown = vec![Vec::new()];
        let mut whole = true;
        let mut required: Option<Vec<Vec<u8>>> = None;
        let mut keep = |set: Vec<Vec<u8>>| {
            let sets = required.take().into_iter().chain([set]);
            required = best(sets);
        };
        for node in nodes {
            let part = Self::of(node, utf);
            part.required.into_iter().for_each(&mut keep);
            let Some(exact) = part.exact else {
                keep(std::mem::replace(&mut grown, vec![Vec::new()]));
                whole = false;
                continue;
            };
            match product(&grown, &exact) {
                Some(longer) => grown = longer,
                None => {
                    keep(std::mem::replace(&mut grown, exact));
                    whole = false;
                }
            }
        }
        if whole {
            return Self { exact: Some(grown), required };
        }
        keep(grown);
        Self { exact: None, required }
    }

    /// Alternatives: something of each.
    fn alternatives(nodes: &[Node], utf: bool) -> Self {
        let parts: Vec<Self> = nodes.iter().map(|node| Self::of(node, utf)).collect();
        let exact: Option<Vec<Vec<u8>>> = parts
            .iter()
            .map(|part| part.exact.clone())
            .collect::<Option<Vec<_>>>()
            .map(|e| distinct(e.concat()));
        let required: Option<Vec<Vec<Vec<u8>>>> = parts.into_iter().map(Self::either).collect();
        let few = |set: &Vec<Vec<u8>>, most| set.len() <= most;
        Self {
            exact: exact.filter(|set| few(set, EXACT_MAX)),
            required: required.map(|sets| distinct(sets.concat())).filter(|set| few(set, LITERALS_MAX)),
        }
    }
}

/// The characters of a small set, folded.
fn characters(set: &Set, utf: bool) -> Option<Vec<Vec<u8>>> {
    if size(set) as usize > 2 * EXACT_MAX {
        return None;
    }
    let mut strings = Vec::new();
    for c in members(set) {
        strings.push(match c {
            member::LONG_S if utf => b"s".to_vec(),
            member::KELVIN if utf => b"k".to_vec(),
            // Bytes beyond ASCII may be part of a character that `fold` replaces.
            0x80.. => return None,
            c => vec![c.to_ascii_lowercase()],
        });
    }
    Some(distinct(strings)).filter(|strings| strings.len() <= EXACT_MAX)
}

/// Every string of one set followed by every string of the other.
fn product(heads: &[Vec<u8>], tails: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let longest = |set: &[Vec<u8>]| set.iter().map(Vec::len).max().unwrap_or(0);
    if heads.len() * tails.len() > EXACT_MAX || longest(heads) + longest(tails) > EXACT_LEN_MAX {
        return None;
    }
    let pairs = heads.iter().flat_map(|head| tails.iter().map(move |tail| [head.as_slice(), tail].concat()));
    Some(distinct(pairs.collect()))
}

/// A set without doubles.
fn distinct(mut strings: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    strings.sort();
    strings.dedup();
    strings
}

/// The set that is rarest in logs.
fn best(sets: impl Iterator<Item = Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    sets.max_by_key(|set| bits(set))
}

/// How rare it is that a log has one of the strings: about the negative
/// logarithm of its chance.
fn bits(set: &[Vec<u8>]) -> u32 {
    let rarest = set.iter().map(|string| rarest_window(string).iter().map(|c| rarity(*c)).sum::<u32>()).min();
    rarest.map_or(u32::MAX, |bits| bits.saturating_sub(set.len().ilog2()))
}

/// The part of a literal that is looked for. Blanks at its edges say little
/// and would only make different literals of one word.
fn rarest_window(literal: &[u8]) -> &[u8] {
    let score = |window: &[u8]| window.iter().map(|c| rarity(*c)).sum::<u32>();
    let rarest = literal.windows(WINDOW).max_by_key(|window| score(window)).unwrap_or(literal);
    rarest.trim_ascii()
}

/// How rare a byte is in a folded log, in bits.
fn rarity(byte: u8) -> u32 {
    match byte {
        b' ' => 3,
        b'a' | b'e' | b'i' | b'n' | b'o' | b'r' | b's' | b't' | b'd' => 4,
        b'0'..=b'9' | b'a'..=b'z' | b'.' | b':' | b'-' | b'=' | b'/' => 5,
        b'[' | b']' | b'(' | b')' | b'_' | b',' | b'"' => 6,
        _ => 8,
    }
}
