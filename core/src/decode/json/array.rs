//! The text of an array: as JSON again, or its items with commas between.
//!
//! The reader stands behind the bracket that opens, in a text that is sound.
//! `None` means that the text did not fit; the reader is then somewhere within.

use super::{Kind, Reader, Token, number, string};
use crate::event::Side;

/// Writes an array as cJSON prints it: items of an array with `, ` between,
/// each member of an object on a line of its own, behind a tab for each level.
pub fn write_formatted(reader: &mut Reader<'_>, out: &mut Side) -> Option<()> {
    let outside = reader.depth().checked_sub(1)?;
    put(out, b"[")?;
    let mut is_first = true;
    while reader.depth() > outside {
        let token = reader.token()?;
        match token {
            Token::Close(Kind::Array) => put(out, b"]")?,
            Token::Close(Kind::Object) => {
                put(out, if is_first { b"" } else { b"\n" })?;
                indent(out, reader.depth() - outside)?;
                put(out, b"}")?;
            }
            Token::Key(key) => {
                put(out, if is_first { b"" } else { b",\n" })?;
                indent(out, reader.depth() - outside)?;
                string::quote(reader.bytes(key), |piece| put(out, piece))?;
                put(out, b":\t")?;
            }
            _ => {
                put(out, if is_first { b"" } else { b", " })?;
                write_value(reader, token, out)?;
            }
        }
        // Nothing stands before a value behind its key or an opening bracket.
        is_first = matches!(token, Token::Key(_) | Token::Open(_));
    }
    Some(())
}

fn write_value(reader: &Reader<'_>, token: Token, out: &mut Side) -> Option<()> {
    match token {
        Token::Open(Kind::Object) => put(out, b"{\n"),
        Token::Open(Kind::Array) => put(out, b"["),
        Token::String(raw) => string::quote(reader.bytes(raw), |piece| put(out, piece)),
        Token::Number(digits) => number::write_item(number::value(reader.bytes(digits))?, out).ok(),
        Token::Word(word) => put(out, word.as_bytes()),
        Token::Key(_) | Token::Close(_) => None,
    }
}

/// Writes the items of an array with commas between; objects and arrays are
/// left out.
pub fn write_csv(reader: &mut Reader<'_>, out: &mut Side) -> Option<()> {
    let inside = reader.depth();
    let mut is_first = true;
    loop {
        let token = reader.token()?;
        if let Token::Open(_) = token {
            reader.leave();
            continue;
        }
        if reader.depth() < inside {
            return Some(());
        }
        put(out, if is_first { b"" } else { b"," })?;
        is_first = false;
        write_scalar(reader, token, out)?;
    }
}

/// Writes what a string, a number or a word stands for.
pub fn write_scalar(reader: &Reader<'_>, token: Token, out: &mut Side) -> Option<()> {
    match token {
        Token::String(raw) => string::decode(reader.bytes(raw), |piece| put(out, piece)),
        Token::Number(digits) => number::write_field(number::value(reader.bytes(digits))?, out).ok(),
        Token::Word(word) => put(out, word.as_bytes()),
        Token::Open(_) | Token::Close(_) | Token::Key(_) => None,
    }
}

fn indent(out: &mut Side, tabs: usize) -> Option<()> {
    (0..tabs).try_for_each(|_| put(out, b"\t"))
}

fn put(out: &mut Side, bytes: &[u8]) -> Option<()> {
    out.extend_from_slice(bytes).ok()
}
