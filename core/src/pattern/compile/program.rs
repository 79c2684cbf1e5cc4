//! From trees to programs of the core's machine.
//!
//! A part is written knowing what can follow it ([`First`]): where a run of
//! characters cannot be followed by one of its own characters, it is written
//! as `LONGEST` and costs no choice. The size of a program is limited while
//! it is written, so that nested repeats cannot make it large.
//!
//! PCRE2 leaves a loop behind a round that matched nothing. Where that can
//! happen the loop is written twice: in the first copy nothing was matched
//! yet in this round, and its end leads out of the loop; whatever matches a
//! character leads on in the second copy, whose end leads back. So no way
//! leads back to an instruction without a character in between, and what the
//! machine notes is exact.

mod aside;
mod repeat;

use super::PatternError;
use super::ast::{First, Node, Tree, folded, members, set_of, size};
use crate::limits::{CAPTURES_MAX, FRAMES_MAX, MEMO_WORDS_MAX, PROGRAM_MAX, TEXT_MAX};
use crate::pattern::program::{flag, fold, frames_needed, member, op};
use crate::pattern::{Inst, Set};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use zerocopy::little_endian::U16;

/// Sets and literals of all programs, each kept once.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// The sets.
    pub(super) sets: Vec<Set>,
    /// The text.
    pub(super) text: Vec<u8>,
    /// Numbers of the sets, sorted by what they stand for.
    sorted_sets: Vec<u16>,
    /// Offsets and lengths of texts, sorted by what they stand for.
    sorted_texts: Vec<(u32, u32)>,
}

impl Pool {
    /// The number of a set.
    pub(super) fn set(&mut self, set: &Set) -> Result<u16, Box<PatternError>> {
        let known = self.sorted_sets.binary_search_by(|number| self.sets[usize::from(*number)].cmp(set));
        let place = match known {
            Ok(place) => return Ok(self.sorted_sets[place]),
            Err(place) => place,
        };
        let number = u16::try_from(self.sets.len()).ok().filter(|n| *n < u16::MAX);
        let number = number.ok_or_else(|| PatternError::at(0, "all patterns together have too many sets"))?;
        self.sets.push(*set);
        self.sorted_sets.insert(place, number);
        Ok(number)
    }

    /// The offset of a text.
    pub(super) fn text(&mut self, text: &[u8]) -> Result<u32, Box<PatternError>> {
        let of = |(offset, len): &(u32, u32)| &self.text[*offset as usize..][..*len as usize];
        let place = match self.sorted_texts.binary_search_by(|known| of(known).cmp(text)) {
            Ok(place) => return Ok(self.sorted_texts[place].0),
            Err(place) => place,
        };
        let offset = u32::try_from(self.text.len()).ok().filter(|o| *o < u32::MAX / 2);
        let offset = offset.ok_or_else(|| PatternError::at(0, "all patterns together have too much text"))?;
        self.text.extend_from_slice(text);
        self.sorted_texts.insert(place, (offset, text.len() as u32));
        Ok(offset)
    }
}

/// A program and what its row says of it.
#[derive(Debug)]
pub(super) struct Program {
    /// Instructions.
    pub(super) code: Vec<Inst>,
    /// Memo numbers.
    pub(super) memos: u16,
    /// Frames.
    pub(super) frames: u32,
}

/// Writes the program of a tree.
pub(super) fn compile(tree: &Tree, pool: &mut Pool) -> Result<Program, Box<PatternError>> {
    let mut writer = Writer { pool, code: Vec::new(), memos: 0, utf: tree.utf, leaps: None, landings: None };
    writer.node(&tree.node, First::OPEN)?;
    writer.put(op::MATCH, 0, [0; 3])?;
    let frames = frames_needed(&writer.code);
    if frames > FRAMES_MAX {
        return Err(PatternError::too_large("open choices", FRAMES_MAX));
    }
    Ok(Program { memos: writer.memos, frames: frames as u32, code: writer.code })
}

/// The bytes that a match begins with; `None` if it may be empty.
pub(super) fn first_bytes(tree: &Tree) -> Option<Set> {
    let First { set, open, end } = tree.node.first();
    if open || end {
        return None;
    }
    if !tree.utf {
        return Some(set);
    }
    let beyond = members(&set).any(|c| c >= 0x80);
    let mut bytes = Set::EMPTY;
    members(&set).filter(u8::is_ascii).for_each(|c| bytes.add(c));
    if beyond {
        (0x80..=0xFF).for_each(|c| bytes.add(c));
    }
    Some(bytes)
}

/// A run of characters that a literal can have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    /// Has no case: fits both.
    None,
    /// Only this case.
    Exact,
    /// Both cases.
    Folded,
}

struct Writer<'p> {
    pool: &'p mut Pool,
    code: Vec<Inst>,
    memos: u16,
    utf: bool,
    /// In a first copy of a loop: the jumps behind its characters.
    leaps: Option<Vec<usize>>,
    /// In a second copy of a loop: where those jumps lead.
    landings: Option<Vec<usize>>,
}

impl Writer<'_> {
    /// Writes one instruction; its place.
    fn put(&mut self, op: u8, flag: u8, operands: [u16; 3]) -> Result<usize, Box<PatternError>> {
        if self.code.len() >= PROGRAM_MAX {
            return Err(PatternError::too_large("instructions", PROGRAM_MAX));
        }
        let [a, b, c] = operands.map(U16::new);
        self.code.push(Inst { op, flag, a, b, c });
        Ok(self.code.len() - 1)
    }

    /// A new memo number.
    fn memo(&mut self) -> Result<u16, Box<PatternError>> {
        let words = (usize::from(self.memos) + 1) * (TEXT_MAX / 64 + 1);
        if words > MEMO_WORDS_MAX {
            return Err(PatternError::too_large("words to note places", MEMO_WORDS_MAX));
        }
        self.memos += 1;
        Ok(self.memos - 1)
    }

    /// Writes the place where ways meet.
    fn meet(&mut self) -> Result<usize, Box<PatternError>> {
        let memo = self.memo()?;
        self.put(op::MEMO, 0, [memo, 0, 0])
    }

    /// Behind what matched a character: in a first copy goes over to the
    /// second one.
    fn consumed(&mut self) -> Result<(), Box<PatternError>> {
        if self.leaps.is_some() {
            let jump = self.put(op::JUMP, 0, [0; 3])?;
            self.leaps.get_or_insert_default().push(jump);
        } else if self.landings.is_some() {
            let landing = self.meet()?;
            self.landings.get_or_insert_default().push(landing);
        }
        Ok(())
    }

    /// The next instruction's number; [`Writer::put`] keeps it in range.
    fn here(&self) -> u16 {
        self.code.len() as u16
    }

    /// Writes a part.
    fn node(&mut self, node: &Node, follow: First) -> Result<(), Box<PatternError>> {
        match node {
            Node::Empty => Ok(()),
            Node::Chars(_) | Node::Wide(_) => self.concat(core::slice::from_ref(node), follow),
            Node::Look(look) => self.put(op::LOOK, *look as u8, [0; 3]).map(drop),
            Node::Given { number, caseless } => {
                self.put(op::GIVEN, if *caseless { fold::ASCII } else { fold::EXACT }, [*number, 0, 0])?;
                self.consumed()
            }
            Node::Group(number, inner) if *number < CAPTURES_MAX => {
                let slot = 2 * *number as u16;
                self.put(op::SAVE, 0, [slot, 0, 0])?;
                self.node(inner, follow)?;
                self.put(op::SAVE, 0, [slot + 1, 0, 0]).map(drop)
            }
            Node::Back(len) => self.put(op::BACK, 0, [*len, 0, 0]).map(drop),
            Node::Assert { node, negative } => self.assertion(node, *negative),
            Node::Atomic(inner) => self.atomic(inner),
            Node::Reference { group, caseless, nullable } => self.reference(*group, *caseless, *nullable),
            // OSSEC 4.3 keeps 64 captures.
            Node::Group(_, inner) => self.node(inner, follow),
            Node::Concat(nodes) => self.concat(nodes, follow),
            Node::Alt(nodes) => self.alternatives(nodes, follow),
            Node::Repeat { node, min, max, greedy } => self.repeat(node, *min, *max, *greedy, follow),
        }
    }

    /// Writes a sequence; characters that follow each other as literals.
    fn concat(&mut self, nodes: &[Node], follow: First) -> Result<(), Box<PatternError>> {
        let mut follows = vec![follow; nodes.len() + 1];
        for at in (0..nodes.len()).rev() {
            follows[at] = nodes[at].first().then(follows[at + 1]);
        }
        let mut at = 0;
        while let Some(node) = nodes.get(at) {
            let (literal, case, taken) = self.literal(&nodes[at..]);
            if literal.len() > 1 {
                self.put_literal(&literal, case)?;
                at += taken;
                continue;
            }
            at += 1;
            match node {
                Node::Chars(set) => {
                    let set = self.pool.set(set)?;
                    self.put(op::SET, 0, [set, 0, 0])?;
                    self.consumed()?;
                }
                Node::Wide(bytes) => self.put_literal(bytes, Case::Exact)?,
                other => self.node(other, follows[at])?,
            }
        }
        Ok(())
    }

    /// The longest literal at the start of a sequence, in lower case if it is
    /// folded, and the number of nodes that it takes.
    fn literal(&self, nodes: &[Node]) -> (Vec<u8>, Case, usize) {
        let (mut literal, mut case, mut taken) = (Vec::new(), Case::None, 0);
        for node in nodes {
            let (bytes, this) = match node {
                Node::Wide(bytes) => (bytes.as_slice(), Case::None),
                Node::Chars(set) => match literal_char(set, self.utf) {
                    Some((c, this)) => (&[c][..], this),
                    None => break,
                },
                _ => break,
            };
            if case != Case::None && this != Case::None && case != this {
                break;
            }
            case = if this == Case::None { case } else { this };
            literal.extend_from_slice(bytes);
            taken += 1;
        }
        (literal, case, taken)
    }

    /// Writes a literal.
    fn put_literal(&mut self, literal: &[u8], case: Case) -> Result<(), Box<PatternError>> {
        let how = match case {
            Case::None | Case::Exact => fold::EXACT,
            Case::Folded if self.utf && literal.iter().any(|c| matches!(c, b'k' | b's')) => fold::UNICODE,
            Case::Folded => fold::ASCII,
        };
        let offset = self.pool.text(literal)?;
        let operands = [literal.len() as u16, offset as u16, (offset >> 16) as u16];
        self.put(op::LITERAL, how, operands)?;
        self.consumed()
    }

    /// Writes alternatives: each but the last behind a choice.
    fn alternatives(&mut self, nodes: &[Node], follow: First) -> Result<(), Box<PatternError>> {
        let mut leave = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            if at + 1 == nodes.len() {
                self.node(node, follow)?;
                break;
            }
            let split = self.put(op::SPLIT, 0, [self.here() + 1, 0, 0])?;
            self.node(node, follow)?;
            leave.push(self.put(op::JUMP, 0, [0; 3])?);
            self.code[split].b = U16::new(self.here());
        }
        let end = U16::new(self.here());
        leave.into_iter().for_each(|jump| self.code[jump].a = end);
        self.meet().map(drop)
    }
}

/// What must be said of a program for it to be run: bits of [`flag`].
pub(super) fn flags(code: &[Inst]) -> u8 {
    let has = |ops: &[u8]| code.iter().any(|inst| ops.contains(&inst.op));
    let noteless = has(&[op::REFERENCE]);
    let limited = noteless || has(&[op::ASSERT, op::ATOMIC]);
    (if limited { flag::LIMITED } else { 0 }) | (if noteless { flag::NOTELESS } else { 0 })
}

/// The byte of a literal that a set stands for, in lower case if both cases
/// are in it.
fn literal_char(set: &Set, utf: bool) -> Option<(u8, Case)> {
    if size(set) > 3 {
        return None;
    }
    let upper = members(set).next()?;
    if utf && upper >= member::OTHER {
        return None;
    }
    let lower = upper.to_ascii_lowercase();
    let only = set_of(&[(upper, upper)]);
    if *set == only {
        // In UTF mode a letter without its cases is not a literal.
        let case = if upper.is_ascii_alphabetic() { Case::Exact } else { Case::None };
        return Some((upper, case));
    }
    let both = upper.is_ascii_uppercase() && *set == folded(&only, utf);
    both.then_some((lower, Case::Folded))
}
