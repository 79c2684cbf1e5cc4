//! Passwords, kept as digests of Argon2id: 9 MiB, four passes, one lane, which
//! is the second choice of OWASP for machines with little memory.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use std::io;
use std::sync::LazyLock;

/// Characters that a password has at least.
pub const LENGTH_MIN: usize = 12;

/// Bytes that it has at most.
pub const LENGTH_MAX: usize = 1024;

/// Bytes of memory, in KiB, and passes over them.
const MEMORY_KIB: u32 = 9 * 1024;
const PASSES: u32 = 4;

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

/// What is kept of a password. Takes some 30 milliseconds and 9 MiB.
pub fn digest(password: &str) -> io::Result<String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)?;
    let salt = SaltString::encode_b64(&salt).map_err(io::Error::other)?;
    Ok(argon()?.hash_password(password.as_bytes(), &salt).map_err(io::Error::other)?.to_string())
}

/// Whether this is the password of a digest; of nobody it never is, and that
/// takes as long.
pub(super) fn is(password: &str, digest: Option<&str>) -> bool {
    let Ok(known) = PasswordHash::new(digest.unwrap_or(&NOBODY)) else { return false };
    let is_same =
        password.len() <= LENGTH_MAX && Argon2::default().verify_password(password.as_bytes(), &known).is_ok();
    is_same && digest.is_some()
}

fn argon() -> io::Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(io::Error::other)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
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
