//! Base64 with the alphabet for file names and without padding (RFC 4648 §5).

use super::TokenError;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Writes bytes as text; none where it does not fit.
pub(super) fn encode<'t>(bytes: &[u8], out: &'t mut [u8]) -> Option<&'t str> {
    let len = (bytes.len() * 4).div_ceil(3);
    let out = out.get_mut(..len)?;
    for (three, four) in bytes.chunks(3).zip(out.chunks_mut(4)) {
        let bits = three.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for (place, character) in four.iter_mut().enumerate() {
            *character = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
        }
    }
    core::str::from_utf8(out).ok()
}

/// Reads text to bytes; their number.
pub(super) fn decode(text: &[u8], out: &mut [u8]) -> Result<usize, TokenError> {
    let len = text.len() * 3 / 4;
    let out = out.get_mut(..len).ok_or(TokenError::Limit)?;
    for (number, (four, three)) in text.chunks(4).zip(out.chunks_mut(3)).enumerate() {
        let mut bits = 0;
        for (place, character) in four.iter().enumerate() {
            let value = value(*character).ok_or(TokenError::Character { at: number * 4 + place })?;
            bits |= value << (18 - 6 * place);
        }
        for (byte, from) in three.iter_mut().zip(bits.to_be_bytes().into_iter().skip(1)) {
            *byte = from;
        }
    }
    Ok(len)
}

fn value(character: u8) -> Option<u32> {
    let value = match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}
