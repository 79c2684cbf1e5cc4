//! Strings of JSON: what is between the quotes.
//!
//! Any bytes may stand there; `\u` with its surrogates becomes UTF-8.
//!
//! QUIRK: a `\u` without four digits is the character 0, and the character 0
//! ends the string for everybody who looks at it (Wazuh 4.14).

use memchr::memchr2;

/// Length of the string that begins here, up to its closing quote; `None` if
/// there is none or an escape is not known.
pub fn scan(text: &[u8]) -> Option<usize> {
    let mut place = 0;
    loop {
        let rest = text.get(place..)?;
        let at = memchr2(b'"', b'\\', rest)?;
        place += at;
        if rest.get(at) == Some(&b'"') {
            break;
        }
        place += 2;
    }
    let inside = text.get(..place)?;
    let mut escapes = Escapes { rest: inside };
    while let Some(piece) = escapes.piece() {
        piece?;
    }
    Some(place)
}

/// Gives the bytes that a string stands for to `sink`, in pieces, until that
/// gives `None`. The string must have been [`scan`]ned.
pub fn decode(raw: &[u8], mut sink: impl FnMut(&[u8]) -> Option<()>) -> Option<()> {
    let mut escapes = Escapes { rest: raw };
    while let Some(piece) = escapes.piece() {
        match piece? {
            Piece::Plain(bytes) => sink(bytes)?,
            Piece::Char('\0') => break,
            Piece::Char(character) => sink(character.encode_utf8(&mut [0; 4]).as_bytes())?,
        }
    }
    Some(())
}

/// Gives a string as JSON to `sink`, with its quotes: escaped is what has to
/// be, and nothing else.
pub fn quote(raw: &[u8], mut sink: impl FnMut(&[u8]) -> Option<()>) -> Option<()> {
    sink(b"\"")?;
    decode(raw, |piece| piece.iter().try_for_each(|byte| escape(*byte, &mut sink)))?;
    sink(b"\"")
}

fn escape(byte: u8, sink: &mut impl FnMut(&[u8]) -> Option<()>) -> Option<()> {
    let hex = |digit: u8| if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
    match byte {
        b'"' | b'\\' => sink(&[b'\\', byte]),
        0x08 => sink(b"\\b"),
        0x0c => sink(b"\\f"),
        b'\n' => sink(b"\\n"),
        b'\r' => sink(b"\\r"),
        b'\t' => sink(b"\\t"),
        0..0x20 => sink(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]),
        _ => sink(&[byte]),
    }
}

enum Piece<'j> {
    Plain(&'j [u8]),
    Char(char),
}

/// A string taken apart at its escapes.
struct Escapes<'j> {
    rest: &'j [u8],
}

impl<'j> Escapes<'j> {
    /// The next piece, `None` at the end; within, `None` for an escape that is
    /// not known.
    fn piece(&mut self) -> Option<Option<Piece<'j>>> {
        let (first, behind) = self.rest.split_first()?;
        if *first != b'\\' {
            let end = memchr::memchr(b'\\', self.rest).unwrap_or(self.rest.len());
            let (plain, rest) = self.rest.split_at_checked(end)?;
            self.rest = rest;
            return Some(Some(Piece::Plain(plain)));
        }
        self.rest = behind;
        Some(self.escape().map(Piece::Char))
    }

    /// The character behind a backslash.
    fn escape(&mut self) -> Option<char> {
        let (kind, rest) = self.rest.split_first()?;
        if *kind == b'u' {
            return self.unicode();
        }
        self.rest = rest;
        Some(match kind {
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'"' | b'\\' | b'/' => char::from(*kind),
            _ => return None,
        })
    }

    fn unicode(&mut self) -> Option<char> {
        let first = self.code_unit()?;
        let is_pair = matches!(first, 0xd800..=0xdbff);
        if is_pair {
            self.rest = self.rest.strip_prefix(b"\\")?;
        }
        let second = if is_pair { Some(self.code_unit()?) } else { None };
        let units = [Some(first), second];
        // A half that stands alone is no character.
        char::decode_utf16(units.into_iter().flatten()).next()?.ok()
    }

    /// `u` and four digits, in bytes 0 to 4 of the rest.
    fn code_unit(&mut self) -> Option<u16> {
        let (unit, rest) = self.rest.split_at_checked(5)?;
        let digits = unit.strip_prefix(b"u")?;
        self.rest = rest;
        let digit = |value: u16, byte: &u8| Some(value << 4 | char::from(*byte).to_digit(16)? as u16);
        Some(digits.iter().try_fold(0, digit).unwrap_or(0))
    }
}
