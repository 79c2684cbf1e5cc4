//! "Did you mean": the known word that a mistyped one is nearest to.

/// Longer words are not compared.
const WORD_MAX: usize = 64;

/// The candidate that `word` was probably meant to be: the nearest by edits
/// (a letter added, left out, changed, or two swapped; case counts nothing),
/// if a third of the letters or more are right. The first of equals.
///
/// ```
/// assert_eq!(bartizan::diagnose::suggest("if_sdi", ["if_sid", "if_group"]), Some("if_sid"));
/// assert_eq!(bartizan::diagnose::suggest("zebra", ["if_sid", "if_group"]), None);
/// ```
pub fn suggest<I>(word: &str, candidates: I) -> Option<I::Item>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let word = letters(word)?;
    let mut best: Option<(usize, I::Item)> = None;
    for candidate in candidates {
        let Some(other) = letters(candidate.as_ref()) else {
            continue;
        };
        let allowed = (word.len().max(other.len()) / 3).max(1);
        let limit = best.as_ref().map_or(allowed, |(distance, _)| allowed.min(distance.saturating_sub(1)));
        if word.len().abs_diff(other.len()) > limit {
            continue;
        }
        let distance = edits(&word, &other);
        let better = best.as_ref().is_none_or(|(least, _)| distance < *least);
        if distance <= allowed && better && distance < word.len() {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn letters(word: &str) -> Option<Vec<char>> {
    let letters: Vec<char> = word.chars().take(WORD_MAX + 1).flat_map(char::to_lowercase).collect();
    (!letters.is_empty() && letters.len() <= WORD_MAX).then_some(letters)
}

/// Edits between two words, swaps of neighbours included.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}
