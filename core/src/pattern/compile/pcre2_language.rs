//! The `pcre2` language: PCRE2's syntax, in byte mode.
//!
//! OSSEC 4.3 compiles these patterns with CASELESS and nothing else, Wazuh
//! 4.14 with nothing at all. Look-around, atomic and possessive parts and
//! references to groups are understood ([`group`], [`reference`]); searches
//! for them take a limited number of steps, as a text must not be able to make
//! matching slow. Recursion, conditional groups and verbs are errors that say
//! so. `(*UTF)` is understood outside of classes.

mod group;
mod reference;

use super::ast::{Look, Node, REPEAT_MAX, Tree, complement, folded, set_of};
use super::characters::literal;
use super::pcre2_class::{Escape, class, escape};
use super::{Cases, Options, PatternError};
use crate::limits::PATTERN_MAX;
use crate::pattern::Set;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

/// Options that a pattern can change in its middle.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    caseless: bool,
    multiline: bool,
    dot_all: bool,
    extended: bool,
    no_captures: bool,
    ungreedy: bool,
}

/// Something that may be next.
type Found<T> = Result<Option<T>, Box<PatternError>>;

/// The tree of a pattern that has no literal shape.
pub(super) fn parse(pattern: &[u8], options: Options, cases: Cases) -> Result<Tree, Box<PatternError>> {
    if pattern.is_empty() {
        return Err(PatternError::empty());
    }
    if pattern.len() > PATTERN_MAX {
        return Err(PatternError::too_long(pattern.len(), PATTERN_MAX));
    }
    let flags = Flags { caseless: options.caseless, ..Flags::default() };
    let mut parser = Parser {
        text: pattern,
        next: 0,
        groups: Vec::new(),
        names: Vec::new(),
        depth: 0,
        flags,
        given: options.given,
        quoted: false,
        utf: false,
        cases,
    };
    parser.start_options()?;
    let node = parser.alternatives()?;
    if parser.next < pattern.len() {
        return Err(PatternError::at(parser.next, "`)` without `(`").help("write `\\)` for the character"));
    }
    Ok(Tree { node, groups: parser.groups.len(), utf: parser.utf, valid: parser.utf })
}

struct Parser<'t> {
    text: &'t [u8],
    next: usize,
    /// Groups that capture: whether each may match nothing, if it is read.
    groups: Vec<Option<bool>>,
    /// Names of groups, and their numbers.
    names: Vec<(&'t [u8], usize)>,
    depth: usize,
    flags: Flags,
    /// `\1` to `\9` are texts given to the search.
    given: bool,
    /// Within `\Q...\E`.
    quoted: bool,
    /// Characters are UTF-8.
    utf: bool,
    cases: Cases,
}

impl<'t> Parser<'t> {
    /// What is left of the pattern.
    fn rest(&self) -> &'t [u8] {
        &self.text[self.next..]
    }

    /// Takes a fixed piece, if it is next.
    fn take(&mut self, piece: &[u8]) -> bool {
        let there = self.rest().starts_with(piece);
        self.next += if there { piece.len() } else { 0 };
        there
    }

    /// Goes past comments, quoting marks and, in extended mode, white space.
    fn skip(&mut self) -> Result<(), Box<PatternError>> {
        loop {
            if self.quoted {
                if !self.take(b"\\E") {
                    return Ok(());
                }
                self.quoted = false;
            } else if self.take(b"\\Q") {
                self.quoted = true;
            } else if self.rest().starts_with(b"(?#") {
                let Some(len) = self.rest().iter().position(|c| *c == b')') else {
                    return Err(PatternError::at(self.next, "this comment has no `)`"));
                };
                self.next += len + 1;
            } else if !self.take(b"\\E") && !self.skip_blank() {
                return Ok(());
            }
        }
    }

    /// In extended mode: goes past one blank or comment, if there is one.
    fn skip_blank(&mut self) -> bool {
        match self.rest().first() {
            Some(b' ' | b'\t'..=b'\r') if self.flags.extended => self.next += 1,
            Some(b'#') if self.flags.extended => {
                let line =
                    self.rest().iter().position(|c| *c == b'\n').map_or(self.rest().len(), |len| len + 1);
                self.next += line;
            }
            _ => return false,
        }
        true
    }

    /// Alternatives up to the end of the group.
    fn alternatives(&mut self) -> Result<Node, Box<PatternError>> {
        let mut alternatives = vec![self.sequence()?];
        while self.take(b"|") {
            alternatives.push(self.sequence()?);
        }
        Ok(Node::alt(alternatives))
    }

    /// One alternative.
    fn sequence(&mut self) -> Result<Node, Box<PatternError>> {
        let mut nodes = Vec::new();
        loop {
            self.skip()?;
            let at = self.next;
            let Some(c) = self.rest().first().copied() else {
                break;
            };
            if !self.quoted && matches!(c, b'|' | b')') {
                break;
            }
            let Some(node) = self.atom(c)? else { continue };
            self.skip()?;
            let repeatable = !matches!(node, Node::Look(_));
            nodes.push(match self.quantifier()? {
                None => node,
                Some(_) if !repeatable => return Err(nothing_to_repeat(at)),
                Some(times) => repeated(node, times),
            });
        }
        Ok(Node::concat(nodes))
    }

    /// One thing that a quantifier can follow; `None` for a change of options.
    fn atom(&mut self, c: u8) -> Result<Option<Node>, Box<PatternError>> {
        let at = self.next;
        if self.utf && !c.is_ascii() {
            return Ok(Some(self.wide()));
        }
        if self.quoted {
            self.next += 1;
            return Ok(Some(self.byte(c)));
        }
        let node = match c {
            b'(' => return self.group(),
            b'[' => {
                let (set, next) = class(self.text, at, self.flags.caseless, self.utf)?;
                self.next = next;
                return Ok(Some(Node::Chars(set)));
            }
            b'\\' => return self.escaped().map(Some),
            b'*' | b'+' | b'?' => return Err(nothing_to_repeat(at)),
            b'{' if self.counts()?.is_some() => return Err(nothing_to_repeat(at)),
            b'^' if self.flags.multiline => Node::Look(Look::LineStart),
            b'^' => Node::Look(Look::Start),
            b'$' if self.flags.multiline => Node::Look(Look::LineEnd),
            b'$' => Node::Look(Look::EndOrNewline),
            b'.' if self.flags.dot_all => Node::Chars(Set::FULL),
            b'.' => Node::Chars(complement(&set_of(&[(b'\n', b'\n')]))),
            _ => self.byte(c),
        };
        self.next = at + 1;
        Ok(Some(node))
    }

    /// A byte that stands for itself.
    fn byte(&self, c: u8) -> Node {
        let set = set_of(&[(c, c)]);
        Node::Chars(if self.flags.caseless { folded(&set, self.utf) } else { set })
    }

    /// The character beyond ASCII that is next, in a pattern that is UTF-8.
    fn wide(&mut self) -> Node {
        let text = core::str::from_utf8(self.rest()).unwrap_or_default();
        let character = text.chars().next().unwrap_or_default();
        self.next += character.len_utf8();
        self.character(character)
    }

    /// A character by its number.
    fn character(&self, character: char) -> Node {
        let mut buffer = [0; 4];
        match character.encode_utf8(&mut buffer).as_bytes() {
            [c] => self.byte(*c),
            bytes if self.flags.caseless => literal(bytes, self.cases).0,
            bytes => Node::Wide(bytes.to_vec()),
        }
    }

    /// An escape outside of a class.
    fn escaped(&mut self) -> Result<Node, Box<PatternError>> {
        let at = self.next;
        if let Some(character) = self.code_point()? {
            return Ok(self.character(character));
        }
        if let Some((escape, next)) = escape(self.text, at)? {
            self.next = next;
            return Ok(match escape {
                Escape::Byte(c) if self.utf => self.character(char::from(c)),
                Escape::Byte(c) => self.byte(c),
                Escape::Set(set) => Node::Chars(set),
            });
        }
        self.next += 2;
        let letter = self.text[at + 1];
        match letter {
            b'A' | b'G' => Ok(Node::Look(Look::Start)),
            b'z' => Ok(Node::Look(Look::End)),
            b'Z' => Ok(Node::Look(Look::EndOrNewline)),
            b'b' => Ok(Node::Look(Look::WordEdge)),
            b'B' => Ok(Node::Look(Look::NotWordEdge)),
            b'C' => Ok(Node::Chars(Set::FULL)),
            b'1'..=b'9' | b'k' | b'g' => self.reference(at),
            // Only what is behind a match and its groups are asked for.
            b'K' => Ok(Node::Empty),
            b'R' => Ok(line_end()),
            b'X' => Err(PatternError::not_supported(at, "`\\X`")),
            b'p' | b'P' => Err(PatternError::at(at, "Unicode properties are not supported")
                .help("texts are bytes here; use a class such as [[:alpha:]]")),
            _ => Err(PatternError::at(at, format!("unknown escape `\\{}`", char::from(letter)))
                .help("a letter or digit that stands for itself needs no `\\`")),
        }
    }

    /// A quantifier, if one is next: at least, at most, and in which order.
    fn quantifier(&mut self) -> Found<(u32, Option<u32>, Times)> {
        if self.quoted {
            return Ok(None);
        }
        let (min, max, len) = match self.rest().first() {
            Some(b'*') => (0, None, 1),
            Some(b'+') => (1, None, 1),
            Some(b'?') => (0, Some(1), 1),
            Some(b'{') => match self.counts()? {
                Some(counts) => counts,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.next += len;
        let how = match self.rest().first() {
            Some(b'+') => Times::Possessive,
            Some(b'?') if self.flags.ungreedy => Times::Greedy,
            None | Some(_) if self.flags.ungreedy => Times::Lazy,
            Some(b'?') => Times::Lazy,
            None | Some(_) => Times::Greedy,
        };
        self.next += usize::from(matches!(self.rest().first(), Some(b'+' | b'?')));
        Ok(Some((min, max, how)))
    }

    /// `{n}`, `{n,}` or `{n,m}`, if that is next, and its length. Other braces
    /// stand for themselves.
    fn counts(&self) -> Found<(u32, Option<u32>, usize)> {
        let Some(len) = self.rest().iter().position(|c| *c == b'}') else {
            return Ok(None);
        };
        let inner = self.rest().get(1..len).unwrap_or(b"");
        let (min, max) = match inner.iter().position(|c| *c == b',') {
            Some(comma) => (&inner[..comma], Some(&inner[comma + 1..])),
            None => (inner, None),
        };
        let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
        if min.is_empty() || !digits(min) || !max.is_none_or(digits) {
            return Ok(None);
        }
        let value = |part: &[u8]| {
            part.iter().fold(0u32, |v, c| v.saturating_mul(10).saturating_add(u32::from(c - b'0')))
        };
        let least = value(min);
        let most = match max {
            None => Some(least),
            Some(b"") => None,
            Some(part) => Some(value(part)),
        };
        if least.max(most.unwrap_or(0)) > REPEAT_MAX {
            return Err(PatternError::at(self.next, format!("repeats more than {REPEAT_MAX} times"))
                .help("write `*` or `+`, or a smaller number"));
        }
        if most.is_some_and(|most| most < least) {
            return Err(PatternError::at(self.next, "the numbers of this quantifier are in the wrong order"));
        }
        Ok(Some((least, most, len + 1)))
    }
}

/// In which order the numbers of a repeat are tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Times {
    /// The largest first.
    Greedy,
    /// The smallest first.
    Lazy,
    /// Only the largest that fits.
    Possessive,
}

/// A part with its quantifier. PCRE2: what is only looked for need not be
/// looked for twice.
fn repeated(node: Node, (min, max, how): (u32, Option<u32>, Times)) -> Node {
    let max =
        if matches!(node, Node::Assert { .. }) { max.map_or(Some(1), |max| Some(max.min(1))) } else { max };
    let min = max.map_or(min, |max| min.min(max));
    let repeat = Node::Repeat { node: Box::new(node), min, max, greedy: how != Times::Lazy };
    if how == Times::Possessive { Node::Atomic(Box::new(repeat)) } else { repeat }
}

/// `\R`: any end of a line, which is not taken apart.
fn line_end() -> Node {
    let one = |c: u8| Node::Chars(set_of(&[(c, c)]));
    let both = Node::concat(vec![one(b'\r'), one(b'\n')]);
    let any = Node::Chars(set_of(&[(b'\n', b'\r'), (0x85, 0x85)]));
    Node::Atomic(Box::new(Node::Alt(vec![both, any])))
}

/// A quantifier that has nothing before it.
fn nothing_to_repeat(at: usize) -> Box<PatternError> {
    PatternError::at(at, "nothing to repeat before this quantifier")
        .help("write `\\` before it for the character")
}
