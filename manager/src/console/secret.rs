//! Random texts that nobody can guess, and the digests under which they are
//! kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::io;
use subtle::ConstantTimeEq;

/// The digest of a secret.
pub(super) type Key = [u8; 32];

/// 256 random bits, as 43 characters of `A-Za-z0-9_-`.
pub(super) fn random() -> io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The digest of a secret. One that is random needs no salt and no time.
pub(super) fn key(secret: &str) -> Key {
    Sha256::digest(secret.as_bytes()).into()
}

/// Whether two texts are the same, in a time that does not tell where they
/// differ.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
