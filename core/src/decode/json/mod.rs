//! JSON, read in place.
//!
//! A [`Reader`] gives the tokens of one value from left to right; what is
//! between quotes stays as it is until somebody asks ([`string`]). There is no
//! tree and no recursion: a bit for each open object or array is all memory,
//! so depth is bounded ([`JSON_DEPTH_MAX`]) and work is linear.
//!
//! What passes for JSON is what cJSON takes (Wazuh 4.14): any byte up to 0x20
//! is a blank, strings may hold any bytes, numbers are what `strtod` reads of
//! digits, signs, dots and `e`, and what follows the value does not matter.

pub mod array;
pub mod number;
pub mod string;
#[cfg(test)]
mod tests;

use crate::limits::JSON_DEPTH_MAX;
use crate::record::Span;

/// What holds values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{ }`
    Object,
    /// `[ ]`
    Array,
}

/// A piece of JSON. Spans are those of the text that the reader was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// An object or array begins.
    Open(Kind),
    /// The one opened last ends.
    Close(Kind),
    /// The name of the member whose value comes next: what is between the
    /// quotes.
    Key(Span),
    /// A string: what is between the quotes.
    String(Span),
    /// A number.
    Number(Span),
    /// `true`, `false` or `null`.
    Word(&'static str),
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Value,
    /// Behind a bracket that opens.
    ValueOrEnd,
    /// Behind a brace that opens.
    KeyOrEnd,
    CommaOrEnd,
    /// The value is complete.
    Nothing,
    /// It is not JSON.
    Broken,
}

/// Reads one value. Copying it is a mark to come back to.
#[derive(Clone, Debug)]
pub struct Reader<'j> {
    text: &'j [u8],
    place: usize,
    next: Next,
    depth: usize,
    /// A bit for each open object (1) or array (0).
    objects: [u64; JSON_DEPTH_MAX.div_ceil(64)],
}

impl<'j> Reader<'j> {
    /// At the start of a text; a byte order mark there is passed.
    pub fn new(text: &'j [u8]) -> Self {
        let place = if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        Self { text, place, next: Next::Value, depth: 0, objects: Default::default() }
    }

    /// Whether the text begins with one value of JSON.
    pub fn is_sound(text: &'j [u8]) -> bool {
        let mut reader = Self::new(text);
        while reader.token().is_some() {}
        reader.next == Next::Nothing
    }

    /// The bytes of a token's span.
    pub fn bytes(&self, span: Span) -> &'j [u8] {
        span.of(self.text)
    }

    /// Number of open objects and arrays.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The next piece; `None` at the end of the value and where the text is
    /// not JSON.
    pub fn token(&mut self) -> Option<Token> {
        if self.next == Next::Nothing {
            return None;
        }
        let token = self.read();
        if token.is_none() {
            self.next = Next::Broken;
        }
        token
    }

    /// Passes what is left of the object or array opened last, and its end.
    pub fn leave(&mut self) {
        let depth = self.depth;
        while self.depth >= depth && self.token().is_some() {}
    }

    fn read(&mut self) -> Option<Token> {
        let byte = self.peek()?;
        match (self.next, byte) {
            (Next::ValueOrEnd | Next::CommaOrEnd, b']') => self.close(Kind::Array),
            (Next::KeyOrEnd | Next::CommaOrEnd, b'}') => self.close(Kind::Object),
            (Next::CommaOrEnd, b',') => {
                self.place += 1;
                self.peek()?;
                if self.is_in_object() { self.key() } else { self.value() }
            }
            (Next::KeyOrEnd, _) => self.key(),
            (Next::Value | Next::ValueOrEnd, _) => self.value(),
            _ => None,
        }
    }

    /// The next byte that is no blank.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.get(self.place..)?;
        self.place += rest.iter().take_while(|byte| **byte <= b' ').count();
        self.text.get(self.place).copied()
    }

    fn rest(&self) -> &'j [u8] {
        self.text.get(self.place..).unwrap_or(b"")
    }

    fn value(&mut self) -> Option<Token> {
        match self.peek()? {
            b'{' => self.open(Kind::Object),
            b'[' => self.open(Kind::Array),
            b'"' => {
                let span = self.quoted()?;
                self.ended(Token::String(span))
            }
            b'-' | b'0'..=b'9' => {
                let len = number::scan(self.rest())?;
                let span = Span::new(self.place, self.place + len);
                self.place += len;
                self.ended(Token::Number(span))
            }
            _ => {
                let is_next = |word: &&&str| self.rest().starts_with(word.as_bytes());
                let word = ["null", "false", "true"].iter().find(is_next)?;
                self.place += word.len();
                self.ended(Token::Word(word))
            }
        }
    }

    fn key(&mut self) -> Option<Token> {
        let key = self.quoted()?;
        if self.peek()? != b':' {
            return None;
        }
        self.place += 1;
        self.next = Next::Value;
        Some(Token::Key(key))
    }

    /// A string: the span between the quotes.
    fn quoted(&mut self) -> Option<Span> {
        let inside = self.rest().strip_prefix(b"\"")?;
        let len = string::scan(inside)?;
        let span = Span::new(self.place + 1, self.place + 1 + len);
        self.place += len + 2;
        Some(span)
    }

    fn open(&mut self, kind: Kind) -> Option<Token> {
        if self.depth >= JSON_DEPTH_MAX {
            return None;
        }
        let bit = 1 << (self.depth % 64);
        let word = self.objects.get_mut(self.depth / 64)?;
        self.depth += 1;
        self.place += 1;
        self.next = match kind {
            Kind::Object => Next::KeyOrEnd,
            Kind::Array => Next::ValueOrEnd,
        };
        *word = if kind == Kind::Object { *word | bit } else { *word & !bit };
        Some(Token::Open(kind))
    }

    fn close(&mut self, kind: Kind) -> Option<Token> {
        if self.is_in_object() != (kind == Kind::Object) {
            return None;
        }
        self.depth = self.depth.checked_sub(1)?;
        self.place += 1;
        self.ended(Token::Close(kind))
    }

    /// A value has ended with this token.
    fn ended(&mut self, token: Token) -> Option<Token> {
        self.next = if self.depth == 0 { Next::Nothing } else { Next::CommaOrEnd };
        Some(token)
    }

    fn is_in_object(&self) -> bool {
        let innermost = self.depth.wrapping_sub(1);
        self.objects.get(innermost / 64).is_some_and(|word| word & (1 << (innermost % 64)) != 0)
    }
}
