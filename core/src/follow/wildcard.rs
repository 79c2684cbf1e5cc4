//! Names of files with wildcards: `*`, `?`, `[a-z]` and `[!a-z]`.
//!
//! As a shell matches (POSIX.1-2024, XCU 2.14): `]` is a member where it comes
//! first, a `[` that is never closed is an ordinary character, and the dot in
//! front of a hidden name is matched by a dot alone. There is no way to escape
//! a wildcard but `[*]`. One name is matched, not a path: a wildcard would
//! match `/` too.

/// Whether there is a wildcard in it.
pub fn is_pattern(name: &[u8]) -> bool {
    name.iter().any(|b| matches!(b, b'*' | b'?' | b'['))
}

/// Whether a name matches a pattern. Only the last `*` is ever tried again, so
/// the steps are at most the length of the pattern times that of the name; a
/// step at a `[` looks for its `]` to the end of the pattern.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    let (mut rest, mut left) = (pattern, name);
    // What stands behind the last `*`, and the bytes that it has not taken.
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', after @ ..] = rest {
            star = Some((after, left));
            rest = after;
        } else if let Some((byte, further)) = left.split_first() {
            if let Some(after) = one(rest, *byte) {
                (rest, left) = (after, further);
            } else if let Some((after, [_, kept @ ..])) = star {
                star = Some((after, kept));
                (rest, left) = (after, kept);
            } else {
                return false;
            }
        } else {
            return rest.is_empty();
        }
    }
}

/// What stands behind the first element of a pattern if that matches `byte`.
fn one(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    match pattern {
        [b'?', after @ ..] => Some(after),
        [b'[', after @ ..] => match set(after, byte) {
            Some((hit, after)) => hit.then_some(after),
            // A `[` that is never closed is an ordinary character.
            None => (byte == b'[').then_some(after),
        },
        [first, after @ ..] => (*first == byte).then_some(after),
        [] => None,
    }
}

/// A set behind its `[`: whether `byte` is in it, and what stands behind it.
fn set(inner: &[u8], byte: u8) -> Option<(bool, &[u8])> {
    let (is_negated, inner) = match inner {
        [b'!' | b'^', rest @ ..] => (true, rest),
        _ => (false, inner),
    };
    // A `]` that comes first is a member.
    let close = 1 + memchr::memchr(b']', inner.get(1..)?)?;
    let (mut members, after) = (inner.get(..close)?, inner.get(close + 1..)?);
    let mut hit = false;
    loop {
        members = match members {
            [low, b'-', high, rest @ ..] => {
                hit |= (*low..=*high).contains(&byte);
                rest
            }
            [member, rest @ ..] => {
                hit |= *member == byte;
                rest
            }
            [] => return Some((hit != is_negated, after)),
        };
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;
    use std::vec::Vec;

    #[test]
    fn wildcards_match_as_a_shell_matches_them() {
        let cases = [
            ("*.log", "access.log", true),
            ("*.log", "access.log.1", false),
            ("*.log", ".log", false),
            (".*", ".log", true),
            ("[.]log", ".log", false),
            ("log.?mbd", "log.smbd", true),
            ("log.?mbd", "log.mbd", false),
            ("*access*", "access", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("a**", "a", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[^a-c]x", "bx", false),
            ("[a-]x", "-x", true),
            ("[]a]x", "]x", true),
            ("[!]a]x", "]x", false),
            ("[ax", "[ax", true),
            ("x[*]", "x*", true),
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("?", "", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }

    /// The same by trying whatever a `*` may take.
    fn tries(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern, name) {
            ([], _) => name.is_empty(),
            ([b'*', rest @ ..], _) => (0..=name.len()).any(|taken| tries(rest, &name[taken..])),
            (_, []) => false,
            (_, [byte, left @ ..]) => one(pattern, *byte).is_some_and(|rest| tries(rest, left)),
        }
    }

    /// All texts of at most so many bytes of these.
    fn texts(bytes: &[u8], length: usize) -> Vec<Vec<u8>> {
        let mut all = vec![Vec::new()];
        let mut last = all.clone();
        for _ in 0..length {
            let longer =
                |text: &Vec<u8>| bytes.iter().map(|b| [text, &[*b][..]].concat()).collect::<Vec<_>>();
            last = last.iter().flat_map(longer).collect();
            all.extend_from_slice(&last);
        }
        all
    }

    #[test]
    fn trying_only_the_last_star_again_misses_nothing() {
        let names = texts(b"ab]", 4);
        for pattern in texts(b"*?[]!a", 5) {
            for name in &names {
                assert_eq!(matches(&pattern, name), tries(&pattern, name), "{pattern:?} {name:?}");
            }
        }
    }

    #[test]
    fn a_hostile_pattern_costs_its_length_times_the_name() {
        assert!(!matches(&b"*a".repeat(200), &b"b".repeat(255)));
        assert!(!matches(&[&b"*a".repeat(120)[..], b"b"].concat(), &b"a".repeat(255)));
    }
}
