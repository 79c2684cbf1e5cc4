//! Random patterns and texts, made from a tape of random bytes.

extern crate std;

use super::Language;
use std::vec::Vec;

/// A tape of random bytes from a seed.
pub(super) struct Tape(u64);

impl Tape {
    /// A tape; the same for the same seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `below`.
    pub(super) fn number(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % below
    }

    /// One of several.
    fn one<'p>(&mut self, pieces: &[&'p [u8]]) -> &'p [u8] {
        pieces[self.number(pieces.len())]
    }
}

/// Characters that texts and literals are made of: letters with special
/// folding, characters of two and three bytes, and bytes that are not UTF-8.
const CHARACTERS: [&[u8]; 22] = [
    b"a",
    b"a",
    b"b",
    b"b",
    b"A",
    b"k",
    b"K",
    b"s",
    b"1",
    b"2",
    b" ",
    b" ",
    b"-",
    b".",
    "\u{e9}".as_bytes(),
    "\u{c9}".as_bytes(),
    "\u{212a}".as_bytes(),
    "\u{17f}".as_bytes(),
    b"\xE9",
    b"\xC3",
    b"\x84",
    b"\n",
];

/// A text; every second one is ASCII.
pub(super) fn text(tape: &mut Tape) -> Vec<u8> {
    let kinds = if tape.number(2) == 0 { 14 } else { CHARACTERS.len() };
    let len = tape.number(14);
    (0..len).flat_map(|_| CHARACTERS[tape.number(kinds)]).copied().collect()
}

/// A pattern; most compile.
pub(super) fn pattern(tape: &mut Tape, language: Language) -> Vec<u8> {
    let mut pattern = Vec::new();
    match language {
        Language::Match => {
            for _ in 0..tape.number(8) {
                let piece = if tape.number(3) == 0 {
                    tape.one(&[b"^", b"$", b"|", b"\\", b"*"])
                } else {
                    literal(tape)
                };
                pattern.extend_from_slice(piece);
            }
        }
        Language::Regex => regex(tape, &mut pattern, 3),
        Language::Pcre2 => pcre2(tape, &mut pattern, 3),
        Language::OsMatch => osmatch(tape, &mut pattern),
        Language::OsRegex => osregex(tape, &mut pattern),
    }
    pattern
}

/// A literal character.
fn literal(tape: &mut Tape) -> &'static [u8] {
    let kinds = if tape.number(3) == 0 { CHARACTERS.len() } else { 14 };
    CHARACTERS[tape.number(kinds)]
}

/// An osmatch pattern.
fn osmatch(tape: &mut Tape, pattern: &mut Vec<u8>) {
    for _ in 0..tape.number(8) {
        let special = tape.number(3) == 0;
        let pieces: [&[u8]; 6] = [b"^", b"$", b"|", b"|", b"!", b"\\"];
        pattern.extend_from_slice(if special { tape.one(&pieces) } else { literal(tape) });
    }
}

/// An osregex pattern.
fn osregex(tape: &mut Tape, pattern: &mut Vec<u8>) {
    let escapes: [&[u8]; 12] =
        [b"\\w", b"\\d", b"\\s", b"\\S", b"\\W", b"\\D", b"\\.", b"\\.", b"\\p", b"\\w", b"\\t", b"\\("];
    let mut open = false;
    for _ in 0..1 + tape.number(9) {
        match tape.number(14) {
            0..=5 => {
                pattern.extend_from_slice(tape.one(&escapes));
                pattern.extend_from_slice(tape.one(&[b"*", b"+", b"+", b""]));
            }
            6..=8 => {
                pattern.extend_from_slice(if open { b")" } else { b"(" });
                open = !open;
            }
            9 if !open => pattern.push(b'|'),
            10 => pattern.extend_from_slice(tape.one(&[b"^", b"$", b"("])),
            _ => pattern.extend_from_slice(literal(tape)),
        }
    }
    if open {
        pattern.push(b')');
    }
}

/// A piece of the regex language.
fn regex(tape: &mut Tape, pattern: &mut Vec<u8>, depth: usize) {
    let escapes: [&[u8]; 12] =
        [b"\\w", b"\\d", b"\\s", b"\\S", b"\\W", b"\\D", b"\\.", b"\\p", b"\\\\", b"\\t", b"\\(", b"\\$"];
    for _ in 0..1 + tape.number(4) {
        match tape.number(12) {
            0..=4 => {
                pattern.extend_from_slice(tape.one(&escapes));
                pattern.extend_from_slice(tape.one(&[b"*", b"+", b""]));
            }
            5 | 6 if depth > 0 => {
                pattern.push(b'(');
                regex(tape, pattern, depth - 1);
                // Behind an escaped backslash the group can be repeated.
                pattern.extend_from_slice(tape.one(&[b")", b")", b")", b"\\\\)*", b"\\\\)+"]));
            }
            7 => pattern.extend_from_slice(tape.one(&[b"|", b"^", b"$", b"*", b"+"])),
            _ => pattern.extend_from_slice(literal(tape)),
        }
    }
}

/// A piece of the pcre2 language.
fn pcre2(tape: &mut Tape, pattern: &mut Vec<u8>, depth: usize) {
    let atoms: [&[u8]; 22] = [
        b"\\1",
        b"(?<=a)",
        b"(?<!ab|1)",
        b"\\R",
        b"a",
        b"b",
        b"a",
        b"ab",
        b"k",
        b"1",
        b" ",
        b".",
        b"[ab]",
        b"[^a]",
        b"\\d",
        b"\\w",
        b"\\S",
        b"[[:alpha:]-]",
        b"\\x61",
        b"\\Qab\\E",
        b"(?s:.)",
        b"\xC3",
    ];
    let conditions: [&[u8]; 7] = [b"^", b"$", b"\\b", b"\\B", b"\\z", b"\\A", b"(?m:$)"];
    let quantifiers: [&[u8]; 21] = [
        b"*+", b"++", b"{1,2}+", b"", b"", b"", b"", b"*", b"+", b"?", b"*?", b"+?", b"??", b"{2}", b"{1,2}",
        b"{0,2}?", b"{2,}", b"{1,}?", b"{0}", b"{2,3}?", b"{0,}",
    ];
    for _ in 0..1 + tape.number(4) {
        match tape.number(12) {
            0..=2 if depth > 0 => {
                pattern.extend_from_slice(
                    tape.one(&[b"(", b"(", b"(?:", b"(?<n>", b"(?i:", b"(?=", b"(?!", b"(?>"]),
                );
                pcre2(tape, pattern, depth - 1);
                pattern.push(b')');
            }
            3 => {
                pattern.extend_from_slice(tape.one(&conditions));
                continue;
            }
            4 => {
                pattern.push(b'|');
                continue;
            }
            5 if depth > 0 => {
                pattern.extend_from_slice(b"()");
            }
            _ => pattern.extend_from_slice(tape.one(&atoms)),
        }
        pattern.extend_from_slice(tape.one(&quantifiers));
    }
}
