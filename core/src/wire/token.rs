//! The one-time token that lets an agent enrol: one word of text that holds
//! who the manager is, where it is, and a secret that it knows.
//!
//! The bytes, before base64url without padding:
//!
//! ```text
//! 1  version (1)
//! 2  number of all bytes, big-endian
//! 32 the manager's public key
//! 16 the secret
//! n  the agent's name: a length of one byte, UTF-8
//! 1  number of addresses, 1 to 4
//! n  each address, `host:port`: a length of two bytes, big-endian, UTF-8
//! 4  CRC-32 of all bytes before, big-endian
//! ```
//!
//! People copy tokens: one that is cut is told from one with a typing error.

use crate::crc::crc32;
use crate::limits::{ADDRESS_MAX, AGENT_NAME_MAX, MANAGERS_MAX};

mod base64;

const VERSION: u8 = 1;
const HEAD: usize = 1 + 2;

/// Bytes of the longest token.
pub const TOKEN_BYTES_MAX: usize =
    HEAD + 32 + 16 + 1 + AGENT_NAME_MAX + 1 + MANAGERS_MAX * (2 + ADDRESS_MAX) + 4;

/// Characters of the longest token.
pub const TOKEN_TEXT_MAX: usize = TOKEN_BYTES_MAX.div_ceil(3) * 4;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// The manager's static public key (X25519).
    pub key: [u8; 32],
    /// What proves that the manager has given this token away.
    pub secret: [u8; 16],
    /// The agent's name.
    pub name: &'a str,
    /// Where the manager listens, best first, each `host:port`.
    pub addresses: heapless::Vec<&'a str, MANAGERS_MAX>,
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// A character that stands in no token, and where.
    Character {
        /// Its place, from 0, in bytes.
        at: usize,
    },
    /// The beginning is right, the end is missing.
    Cut {
        /// Characters that there are.
        has: usize,
        /// Characters that there should be.
        needs: usize,
    },
    /// A token of a later version.
    Version(u8),
    /// A character was mistyped, or this is something else.
    Damaged,
    /// A name or an address is too long, or there is no address.
    Limit,
}

impl<'a> Token<'a> {
    /// Reads a token. White space around it does not count. `memory` keeps
    /// what the token borrows.
    pub fn read(text: &str, memory: &'a mut [u8; TOKEN_BYTES_MAX]) -> Result<Self, TokenError> {
        let text = text.trim();
        let len = base64::decode(text.as_bytes(), memory)?;
        let bytes: &'a [u8] = memory.get(..len).ok_or(TokenError::Limit)?;
        Self::parse(whole(bytes, text.len())?).ok_or(TokenError::Limit)
    }

    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (key, bytes) = bytes.split_first_chunk()?;
        let (secret, bytes) = bytes.split_first_chunk()?;
        let ([len], bytes) = bytes.split_first_chunk()?;
        let (name, bytes) = text(bytes, usize::from(*len), AGENT_NAME_MAX)?;
        let ([count], mut bytes) = bytes.split_first_chunk()?;
        let mut addresses = heapless::Vec::new();
        for _ in 0..*count {
            let (len, rest) = bytes.split_first_chunk()?;
            let (address, rest) = text(rest, usize::from(u16::from_be_bytes(*len)), ADDRESS_MAX)?;
            addresses.push(address).ok()?;
            bytes = rest;
        }
        let is_whole = bytes.is_empty() && !addresses.is_empty();
        is_whole.then_some(Self { key: *key, secret: *secret, name, addresses })
    }

    /// Writes the token as one word.
    pub fn write<'t>(&self, out: &'t mut [u8; TOKEN_TEXT_MAX]) -> Result<&'t str, TokenError> {
        let bytes = self.bytes().ok_or(TokenError::Limit)?;
        base64::encode(&bytes, out).ok_or(TokenError::Limit)
    }

    fn bytes(&self) -> Option<heapless::Vec<u8, TOKEN_BYTES_MAX>> {
        let addresses = || self.addresses.iter();
        if addresses().len() == 0 || addresses().any(|address| address.len() > ADDRESS_MAX) {
            return None;
        }
        let name = u8::try_from(self.name.len()).ok().filter(|len| usize::from(*len) <= AGENT_NAME_MAX)?;
        let mut bytes = heapless::Vec::new();
        bytes.extend_from_slice(&[VERSION, 0, 0]).ok()?;
        bytes.extend_from_slice(&self.key).ok()?;
        bytes.extend_from_slice(&self.secret).ok()?;
        bytes.push(name).ok()?;
        bytes.extend_from_slice(self.name.as_bytes()).ok()?;
        bytes.push(addresses().len() as u8).ok()?;
        for address in addresses() {
            bytes.extend_from_slice(&(address.len() as u16).to_be_bytes()).ok()?;
            bytes.extend_from_slice(address.as_bytes()).ok()?;
        }
        let all = (bytes.len() + 4) as u16;
        bytes.get_mut(1..HEAD)?.copy_from_slice(&all.to_be_bytes());
        let sum = crc32(&bytes);
        bytes.extend_from_slice(&sum.to_be_bytes()).ok()?;
        Some(bytes)
    }
}

/// What lies between head and checksum, if all of it is there.
fn whole(bytes: &[u8], characters: usize) -> Result<&[u8], TokenError> {
    let (&[version, high, low], _) = bytes.split_first_chunk().ok_or(TokenError::Damaged)?;
    if version != VERSION {
        return Err(TokenError::Version(version));
    }
    let needs = usize::from(u16::from_be_bytes([high, low]));
    if bytes.len() < needs && needs <= TOKEN_BYTES_MAX {
        return Err(TokenError::Cut { has: characters, needs: (needs * 4).div_ceil(3) });
    }
    let (body, sum) = bytes.split_last_chunk().ok_or(TokenError::Damaged)?;
    if bytes.len() != needs || u32::from_be_bytes(*sum) != crc32(body) {
        return Err(TokenError::Damaged);
    }
    body.get(HEAD..).ok_or(TokenError::Damaged)
}

/// A text of `len` bytes and what follows it.
fn text(bytes: &[u8], len: usize, max: usize) -> Option<(&str, &[u8])> {
    let (text, rest) = bytes.split_at_checked(len).filter(|_| len <= max)?;
    Some((core::str::from_utf8(text).ok()?, rest))
}

#[cfg(test)]
mod tests;
