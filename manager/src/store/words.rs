//! The index: which rows may have a word, an address, a rule.
//!
//! Every row is a document of terms: the parts of its log between characters
//! that are neither letters nor digits, in lower case, and terms for its rule
//! (`r=12`), place (`p=3`), source address (`s=192.0.2.7`) and users
//! (`u=root`). `192.0.2` is searched as `192` and `0` and `2`; what the index
//! finds is a candidate, the row itself decides. That makes an index of two
//! bytes a word, and parts of addresses and of paths are found.
//!
//! A row is indexed a moment after it was written; a search looks at the rows
//! behind [`indexed`] one by one.

use super::packed::Head;
use crate::alert::Alert;
use bartizan_core::event::Field;
use rusqlite::{Connection, params};
use std::fmt::Write;

/// Bytes of a part of a log; longer ones are known by their beginning.
const PART_MAX: usize = 24;

/// Bytes of an address or a name; longer ones are known by their beginning.
const NAME_MAX: usize = 64;

/// Bytes of a part that any end may follow. Shorter ones would fit too much
/// for the index to be of help.
const OPEN_PART_MIN: usize = 3;

/// Alternatives that are worth asking the index for.
const ALTERNATIVES_MAX: usize = 64;

/// Whether a byte belongs to a word.
pub(super) fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

fn parts(text: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.split(|byte| !is_of_word(*byte)).filter(|part| !part.is_empty())
}

/// Appends a part as a term.
fn push_part(out: &mut String, part: &[u8]) {
    let part = part.get(..PART_MAX).unwrap_or(part);
    match std::str::from_utf8(part) {
        Ok(part) => out.extend(part.chars().map(|char| char.to_ascii_lowercase())),
        Err(_) => out.push_str(&String::from_utf8_lossy(part).to_ascii_lowercase()),
    }
}

/// Appends a name as a term: one without white space or quotes.
fn push_name(out: &mut String, name: &[u8]) {
    let name = name.get(..NAME_MAX).unwrap_or(name);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-/".contains(&byte);
    out.extend(name.iter().map(|byte| if plain(*byte) { char::from(*byte) } else { '_' }));
}

/// Writes the document of a row.
pub(super) fn write_document(out: &mut String, head: &Head, alert: &Alert<'_>) {
    out.clear();
    // Writing to a string does not fail.
    let _ = write!(out, "r={} p={}", head.rule, head.place);
    let names = [("s=", Field::SrcIp), ("u=", Field::SrcUser), ("u=", Field::DstUser)];
    for (kind, field) in names {
        if let Some(name) = alert.field(field) {
            out.push(' ');
            out.push_str(kind);
            push_name(out, name);
        }
    }
    for part in parts(alert.log) {
        out.push(' ');
        push_part(out, part);
    }
}

/// A question to the index: all of the terms.
#[derive(Debug, Default)]
pub(super) struct Question(String);

impl Question {
    /// The question as FTS5 takes it; none if there is nothing to ask.
    pub(super) fn as_str(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|question| !question.is_empty())
    }

    fn and(&mut self) -> &mut String {
        if !self.0.is_empty() {
            self.0.push_str(" AND ");
        }
        &mut self.0
    }

    /// One of these entries of the dictionary.
    pub(super) fn one_of(&mut self, kind: char, ids: impl ExactSizeIterator<Item = u32>) {
        if ids.len() == 0 || ids.len() > ALTERNATIVES_MAX {
            return;
        }
        let terms: Vec<_> = ids.map(|id| format!("\"{kind}={id}\"")).collect();
        let alternatives = format!("({})", terms.join(" OR "));
        self.and().push_str(&alternatives);
    }

    /// This name.
    pub(super) fn name(&mut self, kind: char, name: &str) {
        let out = self.and();
        out.push('"');
        out.push(kind);
        out.push('=');
        push_name(out, name.as_bytes());
        out.push('"');
    }

    /// A word, which may go on if it is open.
    pub(super) fn word(&mut self, word: &Word) {
        let mut parts: Vec<_> = parts(word.text.as_bytes()).collect();
        let ends_open = word.is_open && word.text.bytes().last().is_some_and(is_of_word);
        let open = if ends_open { parts.pop() } else { None };
        for part in parts {
            self.part(part, "\"");
        }
        if let Some(open) = open.filter(|open| open.len() >= OPEN_PART_MIN) {
            self.part(open, "\" *");
        }
    }

    fn part(&mut self, part: &[u8], end: &str) {
        let out = self.and();
        out.push('"');
        push_part(out, part);
        out.push_str(end);
    }
}

/// A word that is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// In lower case.
    text: String,
    /// Whether it may go on: it was written with a `*` at its end.
    is_open: bool,
}

/// The words of a search.
pub(super) fn words(text: &str) -> Vec<Word> {
    let word = |word: &str| {
        let text = word.trim_end_matches('*').to_ascii_lowercase();
        Word { is_open: text.len() < word.len(), text }
    };
    text.split_whitespace().map(word).filter(|word| !word.text.is_empty()).collect()
}

impl Word {
    /// Whether it stands in a text of lower case, as a word.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        let word = self.text.as_bytes();
        let begins = word.first().is_some_and(|byte| is_of_word(*byte));
        let ends = !self.is_open && word.last().is_some_and(|byte| is_of_word(*byte));
        let free = |byte: Option<&u8>| !byte.is_some_and(|byte| is_of_word(*byte));
        memchr::memmem::find_iter(text, word).any(|at| {
            let before = at.checked_sub(1).and_then(|at| text.get(at));
            (!begins || free(before)) && (!ends || free(text.get(at + word.len())))
        })
    }
}

/// The last row that is in the index.
pub(super) fn indexed(connection: &Connection) -> rusqlite::Result<u64> {
    connection.prepare_cached("SELECT seq FROM indexed")?.query_row([], |row| row.get(0))
}

/// Writes the last row that is in the index.
pub(super) fn set_indexed(connection: &Connection, seq: u64) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE indexed SET seq = ?1")?.execute([seq]).map(drop)
}

/// Adds a document.
pub(super) fn insert(connection: &Connection, seq: u64, document: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("INSERT INTO words (rowid, words) VALUES (?1, ?2)")?;
    statement.execute(params![seq, document]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(search: &str, log: &str) -> bool {
        words(search).iter().all(|word| word.is_in(log.to_ascii_lowercase().as_bytes()))
    }

    #[test]
    fn words_are_found_whole_and_parts_of_addresses_and_paths_are_words() {
        let log = "sshd[77]: Failed password for root from 192.0.2.17 in /var/log/x";
        for found in
            ["failed", "ROOT password", "192.0.2", "192.0.2.17", "/var/log", "sshd[77]:", "pass*", "*", ""]
        {
            assert!(finds(found, log), "{found}");
        }
        for missing in ["fail", "192.0.2.1", "oot", "failed nobody", "92.0.2.17"] {
            assert!(!finds(missing, log), "{missing}");
        }
    }

    #[test]
    fn a_question_has_the_parts_of_its_words() {
        let mut question = Question::default();
        question.one_of('r', [7, 8].into_iter());
        question.name('u', "a \"b");
        words("192.0.2* sess* /Var").iter().for_each(|word| question.word(word));
        let expected = r#"("r=7" OR "r=8") AND "u=a__b" AND "192" AND "0" AND "sess" * AND "var""#;
        assert_eq!(question.as_str(), Some(expected));
        assert_eq!(Question::default().as_str(), None);
    }
}
