//! The `regex` language of OSSEC.
//!
//! OSSEC 4.3 translates it, byte by byte, into PCRE2's syntax. Here the same
//! walk makes tokens, in place of text, and a small parser makes the tree of
//! them. All quirks are in the walk ([`tokens`]) and in what it does to the
//! last quantifiers ([`last_ones_greedy`]).

use super::ast::{Look, NEST_MAX, Node, Tree, complement, folded, set_of};
use super::characters::{letter, literal};
use super::match_language::LENGTH_MAX;
use super::{Cases, PatternError};
use crate::pattern::Set;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// Matches something.
    Atom(Node),
    /// `$`: quantifiers may follow, as PCRE2 sees a group in it.
    End,
    /// `^`.
    Start,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `|`.
    Or,
    /// `*` or `+` behind an escape.
    Quantifier { min: u32, greedy: bool },
}

/// A token and where it stands.
type Placed = (usize, Token);

/// The tree of a pattern that has no literal shape.
pub(super) fn parse(pattern: &[u8], cases: Cases) -> Result<Tree, Box<PatternError>> {
    if pattern.is_empty() {
        return Err(PatternError::empty());
    }
    if pattern.len() > LENGTH_MAX {
        return Err(PatternError::too_long(pattern.len(), LENGTH_MAX));
    }
    let mut tokens = tokens(pattern, cases)?;
    last_ones_greedy(&mut tokens);
    let mut parser = Parser { tokens: &tokens, next: 0, groups: 0, depth: 0, len: pattern.len() };
    let node = parser.alternatives()?;
    match parser.tokens.get(parser.next) {
        Some((at, _)) => Err(PatternError::at(*at, "`)` without `(`").help("write `\\)` for the character")),
        None => Ok(Tree { node, groups: parser.groups, utf: true, valid: false }),
    }
}

/// The walk over the pattern.
fn tokens(pattern: &[u8], cases: Cases) -> Result<Vec<Placed>, Box<PatternError>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(byte) = pattern.get(at).copied() {
        let (token, len) = match byte {
            // QUIRK: a quantifier is known by a backslash two bytes back,
            // even where that backslash is itself escaped (OSSEC 4.3).
            b'*' | b'+' if at >= 2 && pattern[at - 2] == b'\\' => {
                (Token::Quantifier { min: u32::from(byte == b'+'), greedy: false }, 1)
            }
            b'\\' => (Token::Atom(escape(pattern, at)?), 2),
            b'$' => (Token::End, 1),
            b'^' => (Token::Start, 1),
            b'(' => (Token::Open, 1),
            b')' => (Token::Close, 1),
            b'|' => (Token::Or, 1),
            _ => {
                let (node, len) = literal(&pattern[at..], cases);
                (Token::Atom(node), len)
            }
        };
        tokens.push((at, token));
        at += len;
    }
    Ok(tokens)
}

/// What an escape matches.
fn escape(pattern: &[u8], at: usize) -> Result<Node, Box<PatternError>> {
    let Some(letter_of) = pattern.get(at + 1).copied() else {
        return Err(
            PatternError::at(at, "`\\` at the end of the pattern").help("write `\\\\` for a backslash")
        );
    };
    let set = match letter_of {
        b'p' => punctuation(),
        b's' => set_of(&[(b' ', b' ')]),
        b'S' => complement(&set_of(&[(b' ', b' ')])),
        b'w' => word(),
        b'W' => complement(&word()),
        b'd' => set_of(&[(b'0', b'9')]),
        b'D' => complement(&set_of(&[(b'0', b'9')])),
        b'.' => Set::FULL,
        b't' => set_of(&[(b'\t', b'\t')]),
        b'$' | b'(' | b')' | b'{' | b'}' | b'[' | b']' | b'\\' | b'|' | b'<' => {
            return Ok(letter(letter_of));
        }
        other => {
            let shown = String::from_utf8_lossy(&[other]).into_owned();
            return Err(PatternError::at(at, format!("unknown escape `\\{shown}`")).help(
                "the regex language knows \\w \\W \\s \\S \\d \\D \\p \\. \\t and \\ before one of $ ( ) { } [ ] \\ | <; \
                 other characters stand for themselves",
            ));
        }
    };
    Ok(Node::Chars(set))
}

/// `\w`: without case, so with the two characters that fold to `k` and `s`.
fn word() -> Set {
    let ascii = [(b'A', b'Z'), (b'a', b'z'), (b'0', b'9'), (b'@', b'@'), (b'_', b'_'), (b'-', b'-')];
    folded(&set_of(&ascii), true)
}

/// `\p`: 27 characters; `/ \ @ ^ _ ~` and the backtick are none of them.
fn punctuation() -> Set {
    let mut set = Set::EMPTY;
    b"()*+,.:;<=>?[]!\"'#%&$|{}-".iter().for_each(|c| set.add(*c));
    set
}

/// OSSEC 4.3 makes the last quantifier of each alternative greedy: one that
/// only closing groups part from `|` or the end.
///
/// QUIRK: not if the quantifier stands behind an escaped backslash, because
/// the rewrite takes the quantifier itself for escaped.
fn last_ones_greedy(tokens: &mut [Placed]) {
    let backslash = Token::Atom(letter(b'\\'));
    for at in 0..tokens.len() {
        let behind = tokens[at + 1..].iter().map(|(_, token)| token).find(|token| **token != Token::Close);
        let last = matches!(behind, None | Some(Token::Or));
        let escaped = at > 0 && tokens[at - 1].1 == backslash;
        if let (_, Token::Quantifier { greedy, .. }) = &mut tokens[at] {
            *greedy = last && !escaped;
        }
    }
}

/// Makes the tree of the tokens.
struct Parser<'t> {
    tokens: &'t [Placed],
    next: usize,
    groups: usize,
    depth: usize,
    len: usize,
}

impl Parser<'_> {
    /// Alternatives up to the end of the group.
    fn alternatives(&mut self) -> Result<Node, Box<PatternError>> {
        let mut alternatives = vec![self.sequence()?];
        while let Some((_, Token::Or)) = self.tokens.get(self.next) {
            self.next += 1;
            alternatives.push(self.sequence()?);
        }
        Ok(Node::alt(alternatives))
    }

    /// One alternative.
    fn sequence(&mut self) -> Result<Node, Box<PatternError>> {
        let mut nodes = Vec::new();
        // Whether a quantifier may follow.
        let mut repeatable = false;
        let tokens = self.tokens;
        while let Some((at, token)) = tokens.get(self.next) {
            let node = match token {
                Token::Or | Token::Close => break,
                Token::Atom(node) => node.clone(),
                Token::End => Node::Look(Look::End),
                Token::Start => Node::Look(Look::Start),
                Token::Open => self.group(*at)?,
                Token::Quantifier { min, greedy } => match nodes.pop() {
                    Some(node) if repeatable => {
                        Node::Repeat { node: Box::new(node), min: *min, max: None, greedy: *greedy }
                    }
                    _ => return Err(nothing_to_repeat(*at)),
                },
            };
            repeatable = !matches!(token, Token::Quantifier { .. } | Token::Start);
            nodes.push(node);
            self.next += 1;
        }
        Ok(Node::concat(nodes))
    }

    /// A group; leaves its `)` to the caller.
    fn group(&mut self, at: usize) -> Result<Node, Box<PatternError>> {
        self.next += 1;
        self.depth += 1;
        if self.depth > NEST_MAX {
            return Err(PatternError::too_deep(at));
        }
        let number = self.groups;
        self.groups += 1;
        let node = self.alternatives()?;
        self.depth -= 1;
        match self.tokens.get(self.next) {
            Some((_, Token::Close)) => Ok(Node::Group(number, Box::new(node))),
            _ => Err(PatternError::at(self.len, "`(` without `)`").help("write `\\(` for the character")),
        }
    }
}

/// A quantifier that has nothing before it.
fn nothing_to_repeat(at: usize) -> Box<PatternError> {
    PatternError::at(at, "nothing to repeat before this quantifier").help(
        "`*` and `+` are quantifiers wherever a backslash stands two bytes before them, \
         even if that backslash is escaped",
    )
}
