//! Groups of the `pcre2` language, and the options that stand in brackets.

use super::{Flags, Parser};
use crate::pattern::Set;
use crate::pattern::compile::PatternError;
use crate::pattern::compile::ast::{NEST_MAX, Node};
use alloc::boxed::Box;
use alloc::vec;

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
    /// `(?=` or `(?!`.
    Ahead { negative: bool },
    /// `(?<=` or `(?<!`.
    Behind { negative: bool },
    /// `(?>`.
    Atomic,
}

impl Parser<'_> {
    /// A group or a change of options; `next` is the bracket.
    pub(super) fn group(&mut self) -> Result<Option<Node>, Box<PatternError>> {
        let at = self.next;
        if self.take(b"(*FAIL)") || self.take(b"(*F)") {
            return Ok(Some(Node::Chars(Set::EMPTY)));
        }
        if self.rest().starts_with(b"(*")
            && self.rest().get(2).is_some_and(|c| c.is_ascii_alphabetic() || *c == b':')
        {
            return Err(PatternError::not_supported(at, "a verb `(*...)`"));
        }
        let former = self.flags;
        let opening = self.opening(at)?;
        let captures = match opening {
            Opening::Options => return Ok(None),
            Opening::Capture => !self.flags.no_captures,
            Opening::Name => true,
            _ => false,
        };
        let number = self.groups.len();
        if captures {
            self.groups.push(None);
        }
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
        Ok(Some(match opening {
            Opening::Ahead { negative } => Node::Assert { node: Box::new(inner), negative },
            Opening::Behind { negative } => {
                let behind = self.behind(at, inner)?;
                Node::Assert { node: Box::new(behind), negative }
            }
            Opening::Atomic => Node::Atomic(Box::new(inner)),
            _ if captures => {
                self.groups[number] = Some(inner.is_nullable());
                Node::Group(number, Box::new(inner))
            }
            // A look-out for quantifiers: a condition in brackets is a group.
            _ if matches!(inner, Node::Look(_)) => Node::Concat(vec![inner]),
            _ => inner,
        }))
    }

    /// What a look-behind looks for: each alternative from as many bytes back
    /// as it has. PCRE2 10.42: that must be one number for each.
    fn behind(&self, at: usize, inner: Node) -> Result<Node, Box<PatternError>> {
        if self.utf {
            return Err(PatternError::not_supported(at, "look-behind after `(*UTF)`"));
        }
        let from = |node: Node| {
            let len = node.fixed_len().and_then(|len| u16::try_from(len).ok());
            let len = len.ok_or_else(|| {
                PatternError::at(at, "this look-behind has no fixed length")
                    .help("each of its alternatives must match one number of bytes")
            })?;
            Ok(Node::concat(vec![Node::Back(len), node]))
        };
        match inner {
            Node::Alt(nodes) => Ok(Node::Alt(nodes.into_iter().map(from).collect::<Result<_, _>>()?)),
            one => from(one),
        }
    }

    /// Options at the very start, such as `(*UTF)`.
    pub(super) fn start_options(&mut self) -> Result<(), Box<PatternError>> {
        // These change how fast PCRE2 is, not what it finds.
        const WITHOUT_EFFECT: [&[u8]; 4] =
            [b"(*NO_JIT)", b"(*NO_START_OPT)", b"(*NO_AUTO_POSSESS)", b"(*NO_DOTSTAR_ANCHOR)"];
        loop {
            if self.take(b"(*UTF)") {
                self.utf = true;
            } else if !WITHOUT_EFFECT.iter().any(|option| self.take(option)) {
                break;
            }
        }
        match core::str::from_utf8(self.text) {
            Err(error) if self.utf => {
                Err(PatternError::at(error.valid_up_to(), "this pattern with `(*UTF)` is not UTF-8"))
            }
            _ => Ok(()),
        }
    }

    /// Reads what kind of group begins here.
    fn opening(&mut self, at: usize) -> Result<Opening, Box<PatternError>> {
        if !self.take(b"(?") {
            self.next += 1;
            return Ok(Opening::Capture);
        }
        let unsupported = |what: &str| Err(PatternError::not_supported(at, what));
        let rest = self.rest();
        let second = rest.get(1).copied().unwrap_or(0);
        match rest.first().copied().unwrap_or(0) {
            b':' => {
                self.next += 1;
                Ok(Opening::Group)
            }
            c @ (b'=' | b'!') => {
                self.next += 1;
                Ok(Opening::Ahead { negative: c == b'!' })
            }
            b'<' if matches!(second, b'=' | b'!') => {
                self.next += 2;
                Ok(Opening::Behind { negative: second == b'!' })
            }
            b'>' => {
                self.next += 1;
                Ok(Opening::Atomic)
            }
            b'|' => unsupported("a branch reset group"),
            b'(' => unsupported("a conditional group"),
            b'R' | b'0'..=b'9' | b'&' | b'+' => unsupported("recursion"),
            b'-' if second.is_ascii_digit() => unsupported("recursion"),
            b'P' if second == b'>' => unsupported("recursion"),
            b'P' if second == b'=' => unsupported("a reference `(?P=...)`"),
            b'C' => unsupported("a callout"),
            b'<' => self.name(at, 1, b'>'),
            b'\'' => self.name(at, 1, b'\''),
            b'P' if second == b'<' => self.name(at, 2, b'>'),
            _ => self.options(at),
        }
    }

    /// Reads the name of a group.
    fn name(&mut self, at: usize, skip: usize, close: u8) -> Result<Opening, Box<PatternError>> {
        self.next += skip;
        let len = self.rest().iter().take_while(|c| c.is_ascii_alphanumeric() || **c == b'_').count();
        let starts_well = len > 0 && len <= 32 && !self.rest()[0].is_ascii_digit();
        if !starts_well || self.rest().get(len) != Some(&close) {
            return Err(PatternError::at(at, "this group's name is not a name")
                .help("1 to 32 letters, digits and `_`, not beginning with a digit"));
        }
        self.names.push((&self.rest()[..len], self.groups.len()));
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
}
