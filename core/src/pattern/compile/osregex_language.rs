//! Wazuh's `osregex` language.
//!
//! Wazuh 4.14 (`OSRegex_Compile`): bytes, not characters. A class is a
//! backslash and what follows it; only directly behind one are `+` and `*`
//! quantifiers. Groups do not nest and hold no `|`; `^` and `$` are anchors
//! only at the very ends of an alternative. The quirks are in how it is run
//! ([`osregex`](crate::pattern::osregex)).

use super::PatternError;
use super::ast::{Node, complement, folded, set_of, union};
use super::program::Pool;
use crate::limits::{CAPTURES_MAX, PATTERN_MAX, PROGRAM_MAX};
use crate::pattern::osregex::{anchor, item, times};
use crate::pattern::program::NONE;
use crate::pattern::{Inst, Set};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use zerocopy::little_endian::U16;

/// A pattern as it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OsRegex {
    /// The alternatives, in the order in which they are tried.
    alternatives: Vec<Alternative>,
}

/// What stands between two `|`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Alternative {
    /// Bits of [`anchor`].
    anchors: u8,
    items: Vec<Item>,
}

/// An item of an alternative.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    /// A byte, in lower case.
    Literal(u8),
    /// An edge of a group.
    Mark,
    /// A byte of a set, as often as [`times`] says.
    Class(Set, u8),
}

/// Reads a pattern.
pub(super) fn parse(pattern: &[u8]) -> Result<OsRegex, Box<PatternError>> {
    if pattern.len() > PATTERN_MAX {
        return Err(PatternError::too_long(pattern.len(), PATTERN_MAX));
    }
    let mut alternatives = Vec::new();
    let mut at = 0;
    loop {
        let (alternative, end) = alternative(pattern, at)?;
        alternatives.push(alternative);
        if end >= pattern.len() {
            return Ok(OsRegex { alternatives });
        }
        at = end + 1;
    }
}

/// Reads the alternative that begins here, up to its `|` or the end.
fn alternative(pattern: &[u8], start: usize) -> Result<(Alternative, usize), Box<PatternError>> {
    let mut read = Alternative::default();
    let mut open = None;
    let mut at = start;
    while let Some(byte) = pattern.get(at).copied() {
        let ends = matches!(pattern.get(at + 1), None | Some(b'|'));
        let mut len = 1;
        match byte {
            b'|' if open.is_none() => break,
            b'|' => {
                return Err(PatternError::at(at, "`|` within a group")
                    .help("write the whole pattern once for each alternative, or `\\|` for the character"));
            }
            b'^' if at == start => read.anchors |= anchor::BEGIN,
            b'$' if ends => read.anchors |= anchor::END,
            b'(' if open.is_some() => {
                return Err(PatternError::at(at, "a group within a group")
                    .help("groups do not nest here; write `\\(` for the character"));
            }
            b'(' => {
                open = Some(at);
                read.items.push(Item::Mark);
            }
            b')' if open.take().is_none() => {
                return Err(PatternError::at(at, "`)` without `(`").help("write `\\)` for the character"));
            }
            b')' => read.items.push(Item::Mark),
            b'\\' => {
                let set = class(pattern, at)?;
                let times = match pattern.get(at + 2) {
                    Some(b'*') => times::ANY,
                    Some(b'+') => times::SOME,
                    _ => times::ONCE,
                };
                len = 2 + usize::from(times != times::ONCE);
                read.items.push(Item::Class(set, times));
            }
            _ => read.items.push(Item::Literal(byte.to_ascii_lowercase())),
        }
        at += len;
    }
    match open {
        Some(at) => Err(PatternError::at(at, "`(` without `)`").help("write `\\(` for the character")),
        None => Ok((read, at)),
    }
}

/// The bytes of the class that begins here.
fn class(pattern: &[u8], at: usize) -> Result<Set, Box<PatternError>> {
    let Some(letter) = pattern.get(at + 1).copied() else {
        return Err(
            PatternError::at(at, "`\\` at the end of the pattern").help("write `\\\\` for a backslash")
        );
    };
    let digits = set_of(&[(b'0', b'9')]);
    let word = set_of(&[(b'A', b'Z'), (b'a', b'z'), (b'0', b'9'), (b'@', b'@'), (b'_', b'_'), (b'-', b'-')]);
    let space = set_of(&[(b' ', b' ')]);
    Ok(match letter {
        b'd' => digits,
        b'D' => complement(&digits),
        b'w' => word,
        b'W' => complement(&word),
        b's' => space,
        b'S' => complement(&space),
        b'p' => punctuation(),
        b'.' => Set::FULL,
        b't' => set_of(&[(b'\t', b'\t')]),
        b'(' | b')' | b'\\' | b'$' | b'|' | b'<' => set_of(&[(letter, letter)]),
        other => {
            let shown = String::from_utf8_lossy(&[other]).into_owned();
            return Err(PatternError::at(at, format!("unknown escape `\\{shown}`")).help(
                "osregex knows \\w \\W \\s \\S \\d \\D \\p \\. \\t and \\ before one of $ ( ) \\ | <; \
                 other characters stand for themselves",
            ));
        }
    })
}

/// `\p`: `/ \ @ ^ _ ~` and the backtick are none of them.
fn punctuation() -> Set {
    let mut set = Set::EMPTY;
    b"()*+,-.:;<=>?[]!\"'#%&${}|".iter().for_each(|c| set.add(*c));
    set
}

impl OsRegex {
    /// Groups of the alternative that has most.
    pub(super) fn groups(&self) -> usize {
        let groups = |one: &Alternative| one.items.iter().filter(|item| **item == Item::Mark).count() / 2;
        self.alternatives.iter().map(groups).max().unwrap_or(0)
    }

    /// A tree that matches wherever this does, and elsewhere, too: what must
    /// be in a text at least.
    pub fn at_least(&self) -> Node {
        Node::alt(self.alternatives.iter().map(Alternative::at_least).collect())
    }

    /// Writes the program.
    pub(super) fn compile(&self, pool: &mut Pool) -> Result<Vec<Inst>, Box<PatternError>> {
        let mut code = Vec::new();
        for alternative in &self.alternatives {
            alternative.compile(pool, &mut code)?;
        }
        if code.len() > PROGRAM_MAX {
            return Err(PatternError::too_large("instructions", PROGRAM_MAX));
        }
        Ok(code)
    }
}

impl Alternative {
    /// A tree that matches wherever this does.
    ///
    /// A repeated class may take nothing, even with `+`. Where one stands, a
    /// last single class and one byte of pattern behind it may be left out.
    fn at_least(&self) -> Node {
        let is_repeated = |item: &Item| matches!(item, Item::Class(_, how) if *how != times::ONCE);
        let single = |item: Option<&Item>| matches!(item, Some(Item::Class(_, times::ONCE)));
        let items = self.items.as_slice();
        let left_out = match items {
            _ if !items.iter().any(is_repeated) => 0,
            [.., last] if single(Some(last)) => 1,
            [before @ .., _] if single(before.last()) => 2,
            _ => 0,
        };
        let sure = items.get(..items.len() - left_out).unwrap_or_default();
        let mut nodes = Vec::new();
        for (at, item) in sure.iter().enumerate() {
            nodes.push(match item {
                Item::Literal(byte) => Node::Chars(folded(&set_of(&[(*byte, *byte)]), false)),
                Item::Class(set, times::ONCE) => Node::Chars(*set),
                Item::Class(set, _) => any_number(*set),
                // A bracket behind a bracket stands for a byte.
                Item::Mark if at > 0 && sure.get(at - 1) == Some(&Item::Mark) => any_number(Set::FULL),
                Item::Mark => Node::Empty,
            });
        }
        Node::concat(nodes)
    }

    /// The bytes that a match begins with, if a byte that is none of them
    /// does nothing but move the start; where there is but one start, it ends
    /// the search.
    fn begins_with(&self) -> Option<Set> {
        let mut optional = Set::EMPTY;
        let mut was_mark = false;
        for item in &self.items {
            match item {
                // A bracket behind a bracket stands for a byte.
                Item::Mark if was_mark => return None,
                Item::Mark => {}
                Item::Literal(byte) => {
                    return Some(union(&optional, &folded(&set_of(&[(*byte, *byte)]), false)));
                }
                Item::Class(set, times::ONCE | times::SOME) => return Some(union(&optional, set)),
                // What is stepped over at a later start moves more than that.
                Item::Class(..) if self.anchors & anchor::BEGIN == 0 => return None,
                Item::Class(set, _) => optional = union(&optional, set),
            }
            was_mark = *item == Item::Mark;
        }
        None
    }

    /// Writes the program of this alternative.
    fn compile(&self, pool: &mut Pool, code: &mut Vec<Inst>) -> Result<(), Box<PatternError>> {
        let inst = |op, flag, a: u16, b: u16| Inst { op, flag, a: U16::new(a), b: U16::new(b), c: U16::ZERO };
        let begins_with = self.begins_with().map_or(Ok(NONE), |set| pool.set(&set))?;
        // No longer than the pattern, and so in range.
        code.push(inst(item::ALTERNATIVE, self.anchors, self.items.len() as u16, begins_with));
        let mut edges = 0..2 * CAPTURES_MAX as u16;
        for item in &self.items {
            code.push(match item {
                Item::Literal(byte) => inst(item::LITERAL, 0, u16::from(*byte), 0),
                Item::Mark => inst(item::MARK, 0, edges.next().unwrap_or(NONE), 0),
                Item::Class(set, times) => inst(item::CLASS, *times, pool.set(set)?, 0),
            });
        }
        Ok(())
    }
}

/// Any number of bytes of a set.
fn any_number(set: Set) -> Node {
    Node::Repeat { node: Box::new(Node::Chars(set)), min: 0, max: None, greedy: true }
}
