//! Wazuh's walk once more, written down as it is described: over the bytes of
//! the pattern, without a program, and without a bound but fuel.

use super::prelude::*;

/// What an alternative found: the position of the last byte (−1 before the
/// text), and the edges in order.
pub(super) type Found = (i64, Vec<Option<usize>>);

/// Whether a class has a byte.
pub(super) fn has(letter: u8, byte: u8) -> bool {
    let word = byte.is_ascii_alphanumeric() || byte == b'@' || byte == b'_' || byte == b'-';
    match letter {
        b'd' => byte.is_ascii_digit(),
        b'D' => !byte.is_ascii_digit(),
        b'w' => word,
        b'W' => !word,
        b's' => byte == 0x20,
        b'S' => byte != 0x20,
        b't' => byte == 0x09,
        b'.' => true,
        b'p' => "()*+,-.:;<=>?[]!\"'#%&${}|".contains(char::from(byte)),
        itself => byte == itself,
    }
}

/// The answer of a pattern that is well formed; `None` if it takes too long.
pub(super) fn answer(pattern: &[u8], text: &[u8]) -> Option<Option<Found>> {
    let mut fuel = 60_000;
    let mut start = 0;
    let mut at = 0;
    while at <= pattern.len() {
        match pattern.get(at) {
            Some(b'\\') => at += 1,
            Some(b'|') | None => {
                let found = alternative(&pattern[start..at], text, &mut fuel);
                if fuel == 0 {
                    return None;
                }
                if found.is_some() {
                    return Some(found);
                }
                start = at + 1;
            }
            Some(_) => {}
        }
        at += 1;
    }
    Some(None)
}

/// Whether a `$` at the end is none that was escaped.
fn ends_with_anchor(pattern: &[u8]) -> bool {
    let Some(inner) = pattern.strip_suffix(b"$") else { return false };
    let mut at = 0;
    while at < inner.len() {
        at += if inner[at] == b'\\' { 2 } else { 1 };
    }
    at == inner.len()
}

/// One alternative over the whole text.
fn alternative(pattern: &[u8], text: &[u8], fuel: &mut u32) -> Option<Found> {
    let begin = pattern.first() == Some(&b'^');
    let pt = pattern.strip_prefix(b"^").unwrap_or(pattern);
    let end = ends_with_anchor(pt);
    let pt = if end { &pt[..pt.len() - 1] } else { pt };
    let is_mark = |p: usize| matches!(pt.get(p), Some(b'(' | b')'));
    let is_class = |p: usize| pt.get(p) == Some(&b'\\');
    let equal = |p: usize, c: u8| match pt.get(p) {
        Some(b'(' | b')') => c == b'(',
        Some(b'\\') | None => false,
        Some(literal) => literal.eq_ignore_ascii_case(&c),
    };
    let quantifier = |p: usize| pt.get(p + 2).copied().filter(|c| matches!(c, b'*' | b'+'));
    let mut edges: Vec<Option<usize>> = vec![None; pt.len() + 1];
    let (mut p, mut s, mut last, mut q, mut r) = (0, 0, Some(0), false, None::<usize>);
    let mut slots: [Option<(usize, usize)>; 4] = [None; 4];
    let collect = |last: Option<i64>, edges: &[Option<usize>]| {
        let mut marks = Vec::new();
        let mut at = 0;
        while at < pt.len() {
            match pt[at] {
                b'\\' => at += 1,
                b'(' | b')' => marks.push(edges[at]),
                _ => {}
            }
            at += 1;
        }
        last.map(|last| (last, marks))
    };
    'bytes: while s < text.len() {
        *fuel -= 1;
        if *fuel == 0 {
            return None;
        }
        let c = text[s];
        loop {
            if p == pt.len() && !end {
                return collect(last, &edges);
            }
            if is_mark(p) {
                edges[p] = Some(s);
                p += 1;
                if p == pt.len() && !end {
                    return collect(last, &edges);
                }
            }
            if is_class(p) && has(pt[p + 1], c) {
                match quantifier(p) {
                    None => {
                        p += 2;
                        r = r.or(Some(s));
                        last = Some(s as i64);
                        s += 1;
                        continue 'bytes;
                    }
                    Some(b'*') => q = true,
                    _ => {}
                }
                if !q {
                    if is_mark(p + 3) {
                        edges[p + 3] = Some(if s + 1 == text.len() { s + 1 } else { s });
                    }
                    q = true;
                    last = Some(s as i64);
                    s += 1;
                    continue 'bytes;
                }
                let mark = is_mark(p + 3).then_some(p + 3);
                let n = if mark.is_some() { p + 4 } else { p + 3 };
                if n == pt.len() {
                    if let Some(mark) = mark {
                        edges[mark] = Some(s + 1);
                    }
                    s += 1;
                    continue 'bytes;
                }
                let hit = if is_class(n) && has(pt[n + 1], c) {
                    Some(if quantifier(n).is_some() { n } else { n + 2 })
                } else if equal(n, c) {
                    q = false;
                    Some(n + 1)
                } else {
                    None
                };
                if let Some(to) = hit {
                    if let Some(mark) = mark {
                        edges[mark] = Some(s);
                    }
                    if let Some(slot) = slots.iter_mut().find(|slot| slot.is_none()) {
                        *slot = Some((p, s));
                    }
                    p = to;
                }
                last = Some(s as i64);
                s += 1;
                continue 'bytes;
            }
            if is_class(p) {
                if pt.len() - (p + 2) <= 1 && q && last.is_some() {
                    last = Some(s as i64);
                    if !end {
                        return collect(last, &edges);
                    }
                } else if quantifier(p) == Some(b'+') && q {
                    p += 3;
                    q = false;
                    continue;
                } else if quantifier(p) == Some(b'*') {
                    p += 3;
                    last = Some(s as i64 - 1);
                    q = false;
                    continue;
                }
                q = false;
                break;
            }
            if equal(p, c) {
                p += 1;
                r = r.or(Some(s));
                last = Some(s as i64);
                s += 1;
                continue 'bytes;
            }
            break;
        }
        if let Some(slot) = slots.iter_mut().rev().find(|slot| slot.is_some()) {
            let (pattern_at, text_at) = slot.take().expect("it is some");
            (p, s) = (pattern_at, text_at + 1);
            continue;
        }
        if begin {
            return None;
        }
        s = r.take().unwrap_or(s) + 1;
        (p, last) = (0, None);
    }
    let any = |p: usize| is_class(p) && quantifier(p) == Some(b'*');
    let mut tail = p;
    while any(tail) {
        tail += 3;
    }
    if is_mark(tail) {
        edges[tail] = Some(text.len());
    }
    // The tests at the end share the place where they stand.
    let done = |p: &mut usize| {
        *p += usize::from(is_mark(*p));
        *p == pt.len()
    };
    let mut matched = done(&mut p);
    if !matched && q && is_class(p) && quantifier(p).is_some() {
        p += 3;
        matched = done(&mut p);
        if !matched && any(p) {
            p += 3;
            matched = done(&mut p);
        }
    }
    if !matched && any(p) {
        p += 3;
        matched = done(&mut p);
    }
    if matched { collect(last, &edges) } else { None }
}
