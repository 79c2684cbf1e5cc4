//! "Did you mean": the known word that a mistyped one is nearest to.

/// Longer words are not compared.
const WORD_MAX: usize = 40;

/// The known word with the fewest edits (a letter added, left out or changed;
/// case counts nothing), if two thirds of the letters are right. The first of
/// equals. What is known may stand in several lists.
pub(super) fn suggest<'k>(word: &str, known: &[&[&'k str]]) -> Option<&'k str> {
    let near = |known: &&'k str| {
        let edits = edits(word.as_bytes(), known.as_bytes())?;
        let allowed = (word.len().max(known.len()) / 3).max(1);
        (edits <= allowed && edits < word.len()).then_some((edits, *known))
    };
    known.iter().copied().flatten().filter_map(near).min_by_key(|(edits, _)| *edits).map(|(_, known)| known)
}

fn edits(from: &[u8], to: &[u8]) -> Option<usize> {
    let mut row: [usize; WORD_MAX + 1] = std::array::from_fn(|at| at);
    if from.len() > WORD_MAX || to.len() > WORD_MAX {
        return None;
    }
    for (i, from) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in to.iter().enumerate() {
            let changed = diagonal + usize::from(!from.eq_ignore_ascii_case(to));
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.get(to.len()).copied()
}

#[cfg(test)]
mod tests {
    use super::suggest;

    #[test]
    fn the_nearest_word_is_meant() {
        assert_eq!(suggest("loction", &[&["log_format", "location"]]), Some("location"));
        assert_eq!(suggest("LOCALFILE", &[&["localfile"]]), Some("localfile"));
        assert_eq!(suggest("zebra", &[&["location"], &["command"]]), None);
        assert_eq!(suggest("", &[&["a"]]), None);
        assert_eq!(suggest(&"x".repeat(10_000), &[&["location"]]), None);
    }
}
