//! File names with wildcards: `*`, `?` and `[a-z]`, in any part of a path.
//!
//! A wildcard never matches `/`, and not the dot in front of a hidden name.
//! Matching is linear in the length of pattern times name; an expansion stops
//! at [`MATCHES_MAX`] paths, so that a pattern over a hostile directory stays
//! bounded.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Paths that one pattern may match.
pub const MATCHES_MAX: usize = 1024;

/// Whether a path holds a wildcard.
pub fn is_pattern(path: &str) -> bool {
    path.bytes().any(|b| matches!(b, b'*' | b'?' | b'['))
}

/// Existing paths that match, sorted. A pattern without wildcards gives the
/// path if it exists. Folders that cannot be read match nothing.
pub fn expand(pattern: &str) -> Vec<PathBuf> {
    let root = if pattern.starts_with('/') { "/" } else { "" };
    let mut found = vec![PathBuf::from(root)];
    for part in pattern.split('/').filter(|p| !p.is_empty()) {
        found = found.iter().flat_map(|folder| step(folder, part)).take(MATCHES_MAX).collect();
    }
    found.retain(|path| !path.as_os_str().is_empty() && path.symlink_metadata().is_ok());
    found
}

/// What `part` names in one folder.
fn step(folder: &Path, part: &str) -> Vec<PathBuf> {
    if !is_pattern(part) {
        return vec![folder.join(part)];
    }
    let list = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = std::fs::read_dir(list) else { return Vec::new() };
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|e| e.file_name()))
        .filter(|name| matches(part, name))
        .collect();
    names.sort();
    names.into_iter().map(|name| folder.join(name)).collect()
}

/// Whether a file name matches one part of a pattern.
pub fn matches(pattern: &str, name: &OsStr) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    let (mut p, mut n) = (0, 0);
    // Where to go on when a `*` has to take one byte more.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        let next = name.get(n).copied().unwrap_or(0);
        if pattern.get(p) == Some(&b'*') {
            star = Some((p + 1, n));
            p += 1;
        } else if let Some(length) = one(pattern.get(p..).unwrap_or(b""), next) {
            p += length;
            n += 1;
        } else if let Some((after, taken)) = star {
            star = Some((after, taken + 1));
            (p, n) = (after, taken + 1);
        } else {
            return false;
        }
    }
    pattern.get(p..).unwrap_or(b"").iter().all(|&b| b == b'*')
}

/// Length of the pattern element at the front if it matches `byte`.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match *pattern.first()? {
        b'?' => Some(1),
        // A `[` that is never closed is an ordinary character.
        b'[' => match set(pattern, byte) {
            Some((length, hit)) => hit.then_some(length),
            None => (byte == b'[').then_some(1),
        },
        first => (first == byte).then_some(1),
    }
}

/// A set `[abc]`, `[a-z]`, `[!a]`: its length and whether `byte` is in it.
fn set(pattern: &[u8], byte: u8) -> Option<(usize, bool)> {
    let negated = matches!(pattern.get(1), Some(b'!' | b'^'));
    let first = 1 + usize::from(negated);
    // A `]` that comes first is a member.
    let close = first + 1 + memchr::memchr(b']', pattern.get(first + 1..)?)?;
    let members = pattern.get(first..close)?;
    let (mut at, mut hit) = (0, false);
    while let Some(&low) = members.get(at) {
        match (members.get(at + 1), members.get(at + 2)) {
            (Some(b'-'), Some(&high)) => {
                hit |= (low..=high).contains(&byte);
                at += 3;
            }
            _ => {
                hit |= low == byte;
                at += 1;
            }
        }
    }
    Some((close + 1, hit != negated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_a_shell_matches_them() {
        let cases = [
            ("*.log", "access.log", true),
            ("*.log", "access.log.1", false),
            ("*.log", ".log", false),
            (".*", ".log", true),
            ("log.?mbd", "log.smbd", true),
            ("log.?mbd", "log.mbd", false),
            ("*access*", "access", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]a]x", "]x", true),
            ("[ax", "[ax", true),
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
        ];
        for (pattern, name, want) in cases {
            assert_eq!(matches(pattern, OsStr::new(name)), want, "{pattern} {name}");
        }
    }

    #[test]
    fn many_stars_stay_cheap() {
        let name = "a".repeat(250);
        let pattern = "*a".repeat(120) + "b";
        assert!(!matches(&pattern, OsStr::new(&name)));
    }

    #[test]
    fn a_wildcard_may_stand_in_any_part() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a/x.log", "b/x.log", "b/y.txt"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("has one")).expect("created");
            std::fs::write(path, "").expect("written");
        }
        let root = folder.path().to_str().expect("plain name");
        let found = expand(&format!("{root}/*/x.*"));
        assert_eq!(found, [folder.path().join("a/x.log"), folder.path().join("b/x.log")]);
        assert_eq!(expand(&format!("{root}/b/y.txt")), [folder.path().join("b/y.txt")]);
        assert!(expand(&format!("{root}/c/*")).is_empty());
        assert!(expand(&format!("{root}/none")).is_empty());
    }
}
