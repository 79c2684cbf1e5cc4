//! The `pcre2` language: what of PCRE2's syntax is regular, in byte mode.
//!
//! OSSEC 4.3 compiles these patterns with CASELESS and nothing else. Parts
//! that need a backtracking engine (look-around, back-references, atomic and
//! possessive parts, recursion, verbs) are errors that say so: a text must
//! not be able to make matching slow.

use super::ast::{Look, NEST_MAX, Node, REPEAT_MAX, Tree, complement, folded, set_of};
use super::pcre2_class::{Escape, class, escape, octal};
use super::{Options, PatternError};
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
pub(super) fn parse(pattern: &[u8], options: Options) -> Result<Tree, Box<PatternError>> {
    if pattern.is_empty() {
        return Err(PatternError::empty());
    }
    if pattern.len() > PATTERN_MAX {
        return Err(PatternError::too_long(pattern.len(), PATTERN_MAX));
    }
    let flags = Flags { caseless: options.caseless, ..Flags::default() };
    let given = options.given;
    let mut parser = Parser { text: pattern, next: 0, groups: 0, depth: 0, flags, given, quoted: false };
    let node = parser.alternatives()?;
    if parser.next < pattern.len() {
        return Err(PatternError::at(parser.next, "`)` without `(`").help("write `\\)` for the character"));
    }
    Ok(Tree { node, groups: parser.groups, utf: false })
}

struct Parser<'t> {
    text: &'t [u8],
    next: usize,
    groups: usize,
    depth: usize,
    flags: Flags,
    /// `\1` to `\9` are texts given to the search.
    given: bool,
    /// Within `\Q...\E`.
    quoted: bool,
}

impl Parser<'_> {
    /// What is left of the pattern.
    fn rest(&self) -> &[u8] {
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
                Some((min, max, greedy)) => Node::Repeat { node: Box::new(node), min, max, greedy },
            });
        }
        Ok(Node::concat(nodes))
    }

    /// One thing that a quantifier can follow; `None` for a change of options.
    fn atom(&mut self, c: u8) -> Result<Option<Node>, Box<PatternError>> {
        if self.quoted {
            self.next += 1;
            return Ok(Some(self.byte(c)));
        }
        let at = self.next;
        let node = match c {
            b'(' => return self.group(),
            b'[' => {
                let (set, next) = class(self.text, at, self.flags.caseless)?;
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
        Node::Chars(if self.flags.caseless { folded(&set, false) } else { set })
    }

    /// An escape outside of a class.
    fn escaped(&mut self) -> Result<Node, Box<PatternError>> {
        let at = self.next;
        if let Some((escape, next)) = escape(self.text, at)? {
            self.next = next;
            return Ok(match escape {
                Escape::Byte(c) => self.byte(c),
                Escape::Set(set) => Node::Chars(set),
            });
        }
        self.next += 2;
        let letter = self.text[at + 1];
        let unsupported = |what: &str| Err(PatternError::not_regular(at, what));
        match letter {
            b'A' | b'G' => Ok(Node::Look(Look::Start)),
            b'z' => Ok(Node::Look(Look::End)),
            b'Z' => Ok(Node::Look(Look::EndOrNewline)),
            b'b' => Ok(Node::Look(Look::WordEdge)),
            b'B' => Ok(Node::Look(Look::NotWordEdge)),
            b'C' => Ok(Node::Chars(Set::FULL)),
            b'1'..=b'9' => self.number(at),
            b'k' => unsupported("a back-reference"),
            b'g' => unsupported("a back-reference or recursion (`\\g`)"),
            b'K' => unsupported("`\\K`"),
            b'R' | b'X' => unsupported("an atomic sequence (`\\R`, `\\X`)"),
            b'p' | b'P' => Err(PatternError::at(at, "Unicode properties are not supported")
                .help("texts are bytes here; use a class such as [[:alpha:]]")),
            _ => Err(PatternError::at(at, format!("unknown escape `\\{}`", char::from(letter)))
                .help("a letter or digit that stands for itself needs no `\\`")),
        }
    }

    /// `\1` and so on: a back-reference, or an octal number.
    fn number(&mut self, at: usize) -> Result<Node, Box<PatternError>> {
        let digits = self.text[at + 1..].iter().take_while(|c| c.is_ascii_digit()).count();
        let octal_digits =
            self.text[at + 1..].iter().take(3).take_while(|c| (b'0'..=b'7').contains(c)).count();
        if digits == 1 && self.given {
            self.next = at + 2;
            let number = u16::from(self.text[at + 1] - b'1');
            return Ok(Node::Given { number, caseless: self.flags.caseless });
        }
        if digits == 1 || octal_digits < 2 {
            return Err(PatternError::not_regular(at, "a back-reference"));
        }
        let (Escape::Byte(c), next) = octal(self.text, at + 1, 3)? else {
            return Err(PatternError::not_regular(at, "a back-reference"));
        };
        self.next = next;
        Ok(self.byte(c))
    }

    /// A group or a change of options; `next` is the bracket.
    fn group(&mut self) -> Result<Option<Node>, Box<PatternError>> {
        let at = self.next;
        if self.rest().starts_with(b"(*")
            && self.rest().get(2).is_some_and(|c| c.is_ascii_alphabetic() || *c == b':')
        {
            return Err(PatternError::not_regular(at, "a verb `(*...)`"));
        }
        let former = self.flags;
        let number = match self.opening(at)? {
            Opening::Options => return Ok(None),
            Opening::Group => None,
            Opening::Capture if self.flags.no_captures => None,
            Opening::Capture | Opening::Name => Some(self.groups),
        };
        self.groups += usize::from(number.is_some());
        self.depth += 1;
        if self.depth > NEST_MAX {
            return Err(PatternError::too_deep(at));
        }
        let inner = self.alternatives()?;
        if !self.take(b")") {
            return Err(PatternError::at(at, "`(` without `)`").help("write `\\(` for the character"));
        }
        self.depth -= 1;
        self.flags = former;
        Ok(Some(match number {
            Some(number) => Node::Group(number, Box::new(inner)),
            // A look-out for quantifiers: a condition in brackets is a group.
            None if matches!(inner, Node::Look(_)) => Node::Concat(vec![inner]),
            None => inner,
        }))
    }

    /// Reads what kind of group begins here.
    fn opening(&mut self, at: usize) -> Result<Opening, Box<PatternError>> {
        if !self.take(b"(?") {
            self.next += 1;
            return Ok(Opening::Capture);
        }
        let unsupported = |what: &str| Err(PatternError::not_regular(at, what));
        let rest = self.rest();
        let second = rest.get(1).copied().unwrap_or(0);
        match rest.first().copied().unwrap_or(0) {
            b':' => {
                self.next += 1;
                Ok(Opening::Group)
            }
            b'=' | b'!' => unsupported("look-ahead"),
            b'<' if matches!(second, b'=' | b'!') => unsupported("look-behind"),
            b'>' => unsupported("an atomic group"),
            b'|' => unsupported("a branch reset group"),
            b'(' => unsupported("a conditional group"),
            b'R' | b'0'..=b'9' | b'&' | b'+' => unsupported("recursion"),
            b'-' if second.is_ascii_digit() => unsupported("recursion"),
            b'P' if second == b'>' => unsupported("recursion"),
            b'P' if second == b'=' => unsupported("a back-reference"),
            b'C' => unsupported("a callout"),
            b'<' => self.name(at, 1, b'>'),
            b'\'' => self.name(at, 1, b'\''),
            b'P' if second == b'<' => self.name(at, 2, b'>'),
            _ => self.options(at),
        }
    }

    /// Reads the name of a group; names are not used.
    fn name(&mut self, at: usize, skip: usize, close: u8) -> Result<Opening, Box<PatternError>> {
        self.next += skip;
        let len = self.rest().iter().take_while(|c| c.is_ascii_alphanumeric() || **c == b'_').count();
        let starts_well = len > 0 && len <= 32 && !self.rest()[0].is_ascii_digit();
        if !starts_well || self.rest().get(len) != Some(&close) {
            return Err(PatternError::at(at, "this group's name is not a name")
                .help("1 to 32 letters, digits and `_`, not beginning with a digit"));
        }
        self.next += len + 1;
        Ok(Opening::Name)
    }

    /// Reads options behind `(?`, up to `)` or `:`.
    fn options(&mut self, at: usize) -> Result<Opening, Box<PatternError>> {
        let former = self.flags;
        let mut on = true;
        let mut options = self.flags;
        loop {
            let c = self.rest().first().copied().unwrap_or(0);
            self.next += 1;
            match c {
                b')' => {
                    self.flags = options;
                    return Ok(Opening::Options);
                }
                b':' => {
                    self.flags = options;
                    return Ok(Opening::Group);
                }
                b'^' => options = Flags { ungreedy: former.ungreedy, ..Flags::default() },
                b'-' => on = false,
                b'i' => options.caseless = on,
                b'm' => options.multiline = on,
                b's' => options.dot_all = on,
                b'x' if self.rest().first() == Some(&b'x') => {
                    return Err(PatternError::at(at, "the option `xx` is not supported").help("use `x`"));
                }
                b'x' => options.extended = on,
                b'n' => options.no_captures = on,
                b'U' => options.ungreedy = on,
                // Names are not used, so that duplicates cannot disturb.
                b'J' => {}
                _ => {
                    return Err(PatternError::at(at, "unknown group or option behind `(?`")
                        .help("options are i m s x n U, and `(?:` opens a group without capture"));
                }
            }
        }
    }

    /// A quantifier, if one is next: at least, at most, greedy.
    fn quantifier(&mut self) -> Found<(u32, Option<u32>, bool)> {
        if self.quoted {
            return Ok(None);
        }
        let at = self.next;
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
        if self.take(b"+") {
            return Err(PatternError::not_regular(at, "a possessive quantifier"));
        }
        let greedy = self.take(b"?") == self.flags.ungreedy;
        Ok(Some((min, max, greedy)))
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

/// How a group begins.
enum Opening {
    /// `(?i)`: not a group.
    Options,
    /// Without capture.
    Group,
    /// With capture.
    Capture,
    /// With capture and name.
    Name,
}

/// A quantifier that has nothing before it.
fn nothing_to_repeat(at: usize) -> Box<PatternError> {
    PatternError::at(at, "nothing to repeat before this quantifier")
        .help("write `\\` before it for the character")
}
