//! The bytes of a file and how far they were read.

use crate::diagnose::Span;

/// A file and a place in it. No step goes past the end.
#[derive(Debug)]
pub(super) struct Scan<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) at: usize,
}

impl<'b> Scan<'b> {
    /// Behind a byte order mark, if the file has one.
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        let at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { bytes, at }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn looks_at(&self, text: &[u8]) -> bool {
        self.rest().starts_with(text)
    }

    pub(super) fn step(&mut self, bytes: usize) {
        self.at = self.bytes.len().min(self.at + bytes);
    }

    /// Goes on as long as the bytes hold; gives what was passed.
    pub(super) fn pass_while(&mut self, holds: impl Fn(u8) -> bool) -> Span {
        let start = self.at;
        let passed = self.rest().iter().position(|byte| !holds(*byte));
        self.at = passed.map_or(self.bytes.len(), |passed| start + passed);
        Span::new(start, self.at)
    }

    pub(super) fn pass_blanks(&mut self) {
        self.pass_while(|byte| byte.is_ascii_whitespace());
    }

    /// Passes a name as far as it goes; empty if there is none.
    pub(super) fn pass_name(&mut self) -> Span {
        self.pass_while(|byte| !byte.is_ascii_whitespace() && !b"<>/=\"'\0".contains(&byte))
    }

    /// Passes a comment from its `<!`. False if it does not end.
    pub(super) fn pass_comment(&mut self) -> bool {
        let start = self.at + 2;
        let inner = self.bytes.get(start..).unwrap_or_default();
        for end in memchr::memchr_iter(b'>', inner) {
            let before = &inner[..end];
            if before.ends_with(b"!") || before.ends_with(b"--") {
                self.at = start + end + 1;
                return true;
            }
        }
        self.at = self.bytes.len();
        false
    }

    /// Whether a backslash keeps this byte from opening a tag. Of a row of
    /// backslashes each second one belongs to the one before it: stock rules
    /// end a text with two.
    pub(super) fn is_escaped(&self) -> bool {
        let before = self.bytes.get(..self.at).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
    }

    /// Goes on to the first of two bytes, which is not passed, or to the end.
    pub(super) fn find_either(&mut self, one: u8, other: u8) {
        let found = memchr::memchr2(one, other, self.rest());
        self.at = found.map_or(self.bytes.len(), |found| self.at + found);
    }

    /// The bytes of a span.
    pub(super) fn text(&self, span: Span) -> &'b [u8] {
        self.bytes.get(span.start..span.end).unwrap_or_default()
    }

    /// The same for showing.
    pub(super) fn shown(&self, span: Span) -> String {
        String::from_utf8_lossy(self.text(span)).into_owned()
    }
}
