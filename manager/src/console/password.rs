//! Passwords, kept as digests of Argon2id: 9 MiB, four passes, one lane, which
//! is the second choice of OWASP for machines with little memory.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::io;
use std::sync::{LazyLock, Mutex, PoisonError};
use subtle::ConstantTimeEq;

/// Characters that a password has at least.
pub const LENGTH_MIN: usize = 12;

/// Bytes that it has at most.
pub const LENGTH_MAX: usize = 1024;

/// Memory in KiB, and passes over it.
const MEMORY_KIB: u32 = 9 * 1024;
const PASSES: u32 = 4;

/// What a digest begins with; the salt and the output follow, each behind a
/// `$`, so that it is one as everybody writes them.
const BEGINS: &str = "$argon2id$v=19$m=9216,t=4,p=1$";

/// The memory in which passwords are looked at, one at a time. It is kept: if
/// each thread took its own and gave it back, the allocator would keep all.
static MEMORY: Mutex<Vec<Block>> = Mutex::new(Vec::new());

/// What the password of a name that nobody has is compared with, so that it
/// takes as long as any other.
static NOBODY: LazyLock<String> = LazyLock::new(|| digest("nobody").unwrap_or_default());

/// What is wrong with a new password, if anything.
pub fn problem(password: &str) -> Option<String> {
    match password {
        _ if password.chars().count() < LENGTH_MIN => {
            Some(format!("a password has at least {LENGTH_MIN} characters"))
        }
        _ if password.len() > LENGTH_MAX => Some(format!("a password has at most {LENGTH_MAX} bytes")),
        _ => None,
    }
}

/// What is kept of a password. Takes some 30 milliseconds, after whoever came
/// before.
pub fn digest(password: &str) -> io::Result<String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)?;
    let output = output(password, &salt).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(format!("{BEGINS}{}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output)))
}

/// Whether this is the password of a digest; of nobody it never is, and that
/// takes as long.
pub(super) fn is(password: &str, digest: Option<&str>) -> bool {
    if password.len() > LENGTH_MAX {
        return false;
    }
    let Some((salt, known)) = parts(digest.unwrap_or(&NOBODY)) else { return false };
    let is_same = output(password, &salt).is_ok_and(|output| output.ct_eq(&known).into());
    is_same && digest.is_some()
}

/// Salt and output of a digest.
fn parts(digest: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (salt, output) = digest.strip_prefix(BEGINS)?.split_once('$')?;
    Some((STANDARD_NO_PAD.decode(salt).ok()?, STANDARD_NO_PAD.decode(output).ok()?))
}

fn output(password: &str, salt: &[u8]) -> Result<[u8; 32], argon2::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None)?;
    let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    memory.resize(params.block_count(), Block::default());
    let mut output = [0; 32];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut memory[..])?;
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_digest_and_nobody_has_one() {
        let kept = digest("correct horse battery").expect("a digest");
        assert!(kept.starts_with("$argon2id$v=19$m=9216,t=4,p=1$"), "{kept}");
        assert!(is("correct horse battery", Some(&kept)));
        assert!(!is("correct horse batterx", Some(&kept)));
        assert!(!is("nobody", None) && !is("", None));
        assert!(!is("anything", Some("no digest")));
        assert_ne!(kept, digest("correct horse battery").expect("another"), "each has a salt of its own");
    }

    #[test]
    fn a_password_is_neither_short_nor_endless() {
        assert!(problem("eleven char").is_some() && problem("twelve chars").is_none());
        assert!(problem(&"x".repeat(LENGTH_MAX + 1)).is_some());
    }
}
