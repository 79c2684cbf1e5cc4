//! Sets of the `pcre2` language: escapes such as `\d`, and `[...]`.
//!
//! Byte mode: `\w \d \s` and the POSIX names are ASCII.

use super::PatternError;
use super::ast::{complement, folded, set_of, union};
use crate::pattern::Set;
use alloc::boxed::Box;

/// What an escape stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// One byte.
    Byte(u8),
    /// One byte of a set.
    Set(Set),
}

/// The set of an escape letter such as `d`; `None` if it is none.
fn named(letter: u8) -> Option<Set> {
    let set = match letter.to_ascii_lowercase() {
        b'd' => set_of(&[(b'0', b'9')]),
        b'w' => set_of(WORD),
        b's' => set_of(&[(b' ', b' '), (b'\t', b'\r')]),
        b'h' => set_of(&[(b' ', b' '), (b'\t', b'\t'), (0xA0, 0xA0)]),
        b'v' => set_of(&[(b'\n', b'\r'), (0x85, 0x85)]),
        b'n' if letter == b'N' => return Some(complement(&set_of(&[(b'\n', b'\n')]))),
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { complement(&set) } else { set })
}

/// `\w`.
const WORD: &[(u8, u8)] = &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z'), (b'_', b'_')];

/// Reads an escape that stands for one byte or one byte of a set; `at` is the
/// backslash. `None` for other escapes. Returns the place behind it.
pub(super) fn escape(text: &[u8], at: usize) -> Result<Option<(Escape, usize)>, Box<PatternError>> {
    let Some(letter) = text.get(at + 1).copied() else {
        return Err(
            PatternError::at(at, "`\\` at the end of the pattern").help("write `\\\\` for a backslash")
        );
    };
    let byte = match letter {
        b'a' => 0x07,
        b'e' => 0x1B,
        b'f' => 0x0C,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'0' => return octal(text, at + 1, 3).map(Some),
        b'o' => return braced(text, at, 8).map(Some),
        b'x' if text.get(at + 2) == Some(&b'{') => return braced(text, at, 16).map(Some),
        b'x' => return Ok(Some(hexadecimal(text, at))),
        b'c' => return control(text, at).map(Some),
        _ => match named(letter) {
            Some(set) => return Ok(Some((Escape::Set(set), at + 2))),
            None if letter.is_ascii_alphanumeric() => return Ok(None),
            None => letter,
        },
    };
    Ok(Some((Escape::Byte(byte), at + 2)))
}

/// `\0` and up to two more octal digits.
pub(super) fn octal(text: &[u8], start: usize, digits: usize) -> Result<(Escape, usize), Box<PatternError>> {
    let taken = text[start..].iter().take(digits).take_while(|c| (b'0'..=b'7').contains(c)).count();
    let value = text[start..start + taken].iter().fold(0u32, |value, c| value * 8 + u32::from(c - b'0'));
    let byte = u8::try_from(value).map_err(|_| too_large(start))?;
    Ok((Escape::Byte(byte), start + taken))
}

/// `\x` and up to two hexadecimal digits.
fn hexadecimal(text: &[u8], at: usize) -> (Escape, usize) {
    let digits = text[at + 2..].iter().take(2).map_while(|c| char::from(*c).to_digit(16));
    let (value, len) = digits.fold((0, 0), |(value, len), digit| (value * 16 + digit, len + 1));
    (Escape::Byte(value as u8), at + 2 + len)
}

/// `\x{...}` and `\o{...}`.
fn braced(text: &[u8], at: usize, radix: u32) -> Result<(Escape, usize), Box<PatternError>> {
    let wrong = || PatternError::at(at, "no number in `{...}` behind this escape").help("write `\\x{41}`");
    let inner = text[at + 2..].strip_prefix(b"{").ok_or_else(wrong)?;
    let len = inner.iter().position(|c| *c == b'}').ok_or_else(wrong)?;
    let digits = core::str::from_utf8(&inner[..len]).map_err(|_| wrong())?;
    let value = u32::from_str_radix(digits, radix).map_err(|_| wrong())?;
    let byte = u8::try_from(value).map_err(|_| too_large(at))?;
    Ok((Escape::Byte(byte), at + 4 + len))
}

/// `\cX`.
fn control(text: &[u8], at: usize) -> Result<(Escape, usize), Box<PatternError>> {
    match text.get(at + 2) {
        Some(c) if (b' '..=b'~').contains(c) => Ok((Escape::Byte(c.to_ascii_uppercase() ^ 0x40), at + 3)),
        _ => Err(PatternError::at(at, "`\\c` needs a printable ASCII character behind it")),
    }
}

/// A number that is no byte.
fn too_large(at: usize) -> Box<PatternError> {
    PatternError::at(at, "this number is larger than one byte")
        .help("texts are bytes: 0 to 255, hexadecimal ff")
}

/// Reads `[...]`; `at` is the bracket. Returns the place behind it.
pub(super) fn class(
    text: &[u8],
    at: usize,
    caseless: bool,
    utf: bool,
) -> Result<(Set, usize), Box<PatternError>> {
    let mut reader = Class { text, start: at, next: at + 1, quoted: false };
    let negated = reader.take(b"^");
    let mut set = Set::EMPTY;
    let mut first = true;
    loop {
        match reader.item(first)? {
            None => break,
            Some(Escape::Set(more)) => set = union(&set, &more),
            Some(Escape::Byte(low)) => match reader.range_end()? {
                Some((high, _)) if high >= low => set = union(&set, &set_of(&[(low, high)])),
                Some((_, place)) => {
                    return Err(PatternError::at(place, "this range runs backwards"));
                }
                None => set.add(low),
            },
        }
        first = false;
    }
    let named = text.get(at..reader.next).unwrap_or_default();
    if utf && (!named.is_ascii() || named.windows(2).any(|two| two == b"\\x")) {
        return Err(PatternError::at(
            at,
            "characters by number or beyond ASCII in `[...]` are not supported after `(*UTF)`",
        )
        .help("write them as alternatives"));
    }
    let set = if caseless { folded(&set, utf) } else { set };
    Ok((if negated { complement(&set) } else { set }, reader.next))
}

/// Reads a class item by item.
struct Class<'t> {
    text: &'t [u8],
    start: usize,
    next: usize,
    /// Within `\Q...\E`.
    quoted: bool,
}

impl Class<'_> {
    /// Takes a fixed piece, if it is next.
    fn take(&mut self, piece: &[u8]) -> bool {
        let there = self.text[self.next..].starts_with(piece);
        self.next += if there { piece.len() } else { 0 };
        there
    }

    /// Goes past `\Q` and `\E`.
    fn quotes(&mut self) {
        loop {
            if self.take(b"\\E") {
                self.quoted = false;
            } else if !self.quoted && self.take(b"\\Q") {
                self.quoted = true;
            } else {
                return;
            }
        }
    }

    /// The next item; `None` behind the closing bracket.
    fn item(&mut self, first: bool) -> Result<Option<Escape>, Box<PatternError>> {
        self.quotes();
        let Some(c) = self.text.get(self.next).copied() else {
            return Err(PatternError::at(self.start, "`[` without `]`").help("write `\\[` for the character"));
        };
        if self.quoted {
            self.next += 1;
            return Ok(Some(Escape::Byte(c)));
        }
        match c {
            b']' if !first => {
                self.next += 1;
                Ok(None)
            }
            b'[' if self.text.get(self.next + 1).is_some_and(|c| b":.=".contains(c)) => {
                self.posix().map(Some)
            }
            b'\\' => self.escape().map(Some),
            _ => {
                self.next += 1;
                Ok(Some(Escape::Byte(c)))
            }
        }
    }

    /// An escape within a class: `\b` is a backspace, digits are octal.
    fn escape(&mut self) -> Result<Escape, Box<PatternError>> {
        let at = self.next;
        let (escape, next) = match self.text.get(at + 1) {
            Some(b'b') => (Escape::Byte(0x08), at + 2),
            Some(b'1'..=b'7') => octal(self.text, at + 1, 3)?,
            _ => escape(self.text, at)?
                .ok_or_else(|| PatternError::at(at, "this escape has no meaning within `[...]`"))?,
        };
        self.next = next;
        Ok(escape)
    }

    /// `[:name:]`; anything else that begins so is the bracket itself, as far
    /// as PCRE2 takes it.
    fn posix(&mut self) -> Result<Escape, Box<PatternError>> {
        let kind = self.text[self.next + 1];
        let rest = &self.text[self.next + 2..];
        let name_len = rest.iter().position(|c| matches!(c, b']' | b'\\' | b'[') || *c == kind);
        let closed = name_len.filter(|len| rest[*len..].starts_with(&[kind, b']']));
        let Some(len) = closed else {
            self.next += 1;
            return Ok(Escape::Byte(b'['));
        };
        let (negated, name) = match rest[..len].strip_prefix(b"^") {
            Some(name) => (true, name),
            None => (false, &rest[..len]),
        };
        let set = posix_set(name).filter(|_| kind == b':').ok_or_else(|| {
            PatternError::at(self.next, "unknown POSIX class")
                .help("there are alpha lower upper alnum ascii blank cntrl digit graph print punct space word xdigit")
        })?;
        self.next += len + 4;
        Ok(Escape::Set(if negated { complement(&set) } else { set }))
    }

    /// The end of a range, if a `-` with one follows; and where it stands. A
    /// hyphen before the end or before a set stands for itself and is left.
    fn range_end(&mut self) -> Result<Option<(u8, usize)>, Box<PatternError>> {
        self.quotes();
        let hyphen = self.next;
        if self.quoted || !self.take(b"-") {
            return Ok(None);
        }
        self.quotes();
        let place = self.next;
        let ends = !self.quoted && self.text.get(place) == Some(&b']');
        if !ends && let Some(Escape::Byte(high)) = self.item(false)? {
            return Ok(Some((high, place)));
        }
        self.next = hyphen;
        self.quoted = false;
        Ok(None)
    }
}

/// A name, and what it stands for.
type Named = (&'static [u8], &'static [(u8, u8)]);

/// POSIX classes. Case is folded with the rest of the class.
const POSIX: [Named; 14] = [
    (b"alpha", &[(b'A', b'Z'), (b'a', b'z')]),
    (b"lower", &[(b'a', b'z')]),
    (b"upper", &[(b'A', b'Z')]),
    (b"alnum", &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')]),
    (b"ascii", &[(0, 127)]),
    (b"blank", &[(b' ', b' '), (b'\t', b'\t')]),
    (b"cntrl", &[(0, 31), (127, 127)]),
    (b"digit", &[(b'0', b'9')]),
    (b"graph", &[(33, 126)]),
    (b"print", &[(32, 126)]),
    (b"punct", &[(33, 47), (58, 64), (91, 96), (123, 126)]),
    (b"space", &[(b' ', b' '), (b'\t', b'\r')]),
    (b"word", WORD),
    (b"xdigit", &[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')]),
];

/// A POSIX class by its name.
fn posix_set(name: &[u8]) -> Option<Set> {
    POSIX.iter().find(|(known, _)| *known == name).map(|(_, ranges)| set_of(ranges))
}
