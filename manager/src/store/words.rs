//! The index: which rows may have a word, an address, a rule.
//!
//! Every row is a document of terms: the parts of its log between characters
//! that are neither letters nor digits, in lower case, and terms for its rule
//! (`r=12`), place (`p=3`), source address (`s=192.0.2.7`) and users
//! (`u=root`). Numbers with dots between them are known from the first on:
//! `192`, `192.0`, `192.0.2`, `192.0.2.7`. So parts of addresses and of paths
//! are found. What the index finds is a candidate, the row itself decides; so
//! the index needs two bytes a word.
//!
//! A row is indexed a moment after it was written; a search looks at the rows
//! behind [`indexed`] one by one.

use super::packed::Head;
use crate::alert::Alert;
use bartizan_core::event::Field;
use rusqlite::{Connection, params};
use std::fmt::Write;
use std::ops::Range;

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

/// The parts of a text. A number behind a number and a dot has these before it.
fn parts(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    let mut before = None::<Range<usize>>;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.iter().position(|byte| is_of_word(*byte))?;
        let length = text[start..].iter().position(|byte| !is_of_word(*byte));
        at = length.map_or(text.len(), |length| start + length);
        let is_number = text[start..at].iter().all(u8::is_ascii_digit);
        let dotted = before.take().filter(|before| text[before.end..start] == *b".");
        let part = dotted.filter(|_| is_number).map_or(start, |before| before.start)..at;
        before = is_number.then(|| part.clone());
        Some(part)
    })
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
        push_part(out, &alert.log[part]);
    }
}

/// A question to the index: rows that have all of these terms.
#[derive(Debug, Default)]
pub(super) struct Question {
    /// As FTS5 takes them.
    terms: Vec<String>,
}

impl Question {
    /// Whether it asks for nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The question as FTS5 takes it. Where there are rare terms they alone are
    /// asked for: FTS5 would walk through all rows that have a common one.
    pub(super) fn of_rare_terms(&self, connection: &Connection) -> rusqlite::Result<String> {
        let mut rare = Vec::new();
        for term in &self.terms {
            if self.terms.len() > 1 && is_rare(connection, term)? {
                rare.push(term.as_str());
            }
        }
        Ok(if rare.is_empty() { self.terms.join(" AND ") } else { rare.join(" AND ") })
    }

    /// One of these entries of the dictionary.
    pub(super) fn one_of(&mut self, kind: char, ids: impl ExactSizeIterator<Item = u32>) {
        if ids.len() > 0 && ids.len() <= ALTERNATIVES_MAX {
            let terms: Vec<_> = ids.map(|id| format!("\"{kind}={id}\"")).collect();
            self.terms.push(format!("({})", terms.join(" OR ")));
        }
    }

    /// This name.
    pub(super) fn name(&mut self, kind: char, name: &str) {
        let mut term = format!("\"{kind}=");
        push_name(&mut term, name.as_bytes());
        term.push('"');
        self.terms.push(term);
    }

    /// A word, which may go on if it is open.
    pub(super) fn word(&mut self, word: &Word) {
        let text = word.text.as_bytes();
        let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| is_of_word(*byte));
        let mut parts = parts(text).peekable();
        while let Some(part) = parts.next() {
            // One that goes on in the next part is a part of it. One behind a
            // dot may go on from what stands before it in a log.
            let goes_on = parts.peek().is_some_and(|next| next.start == part.start);
            if goes_on || (part.start > 0 && text[..part.start].iter().all(|byte| *byte == b'.')) {
                continue;
            }
            let is_open = word.is_open && part.end == text.len() && is_word(text.last());
            if !is_open || part.len() >= OPEN_PART_MIN {
                let mut term = "\"".to_owned();
                push_part(&mut term, &text[part]);
                term.push_str(if is_open { "\" *" } else { "\"" });
                self.terms.push(term);
            }
        }
    }
}

/// Rows up to which a term is rare.
const RARE: usize = 4000;

fn is_rare(connection: &Connection, term: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM (SELECT rowid FROM words WHERE words MATCH ?1 LIMIT ?2)";
    let count: usize = connection.prepare_cached(sql)?.query_row(params![term, RARE], |row| row.get(0))?;
    Ok(count < RARE)
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
        let is_free = |byte: Option<&u8>| !byte.is_some_and(|byte| is_of_word(*byte));
        memchr::memmem::find_iter(text, word).any(|at| {
            let (before, behind) = (&text[..at], text.get(at + word.len()));
            // A number behind a dot belongs to the number before.
            let is_inside = word[0].is_ascii_digit() && matches!(before, [.., b'0'..=b'9', b'.']);
            (!begins || (is_free(before.last()) && !is_inside)) && (!ends || is_free(behind))
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
    let mut statement = connection.prepare_cached("INSERT INTO words (rowid, document) VALUES (?1, ?2)")?;
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
        for missing in ["fail", "192.0.2.1", "oot", "failed nobody", "92.0.2.17", "0.2.17"] {
            assert!(!finds(missing, log), "{missing}");
        }
        assert!(finds("192.0.2.1*", log) && finds(".0.2", log));
    }

    #[test]
    fn a_question_has_the_parts_of_its_words() {
        let mut question = Question::default();
        question.one_of('r', [7, 8].into_iter());
        question.name('u', "a \"b");
        words("192.0.2* 10.1.x .7.8 sess* /Var").iter().for_each(|word| question.word(word));
        let expected = [
            "(\"r=7\" OR \"r=8\")",
            "\"u=a__b\"",
            "\"192.0.2\" *",
            "\"10.1\"",
            "\"x\"",
            "\"sess\" *",
            "\"var\"",
        ];
        assert_eq!(question.terms, expected);
    }

    #[test]
    fn numbers_with_dots_are_known_from_the_first_on() {
        let text = b"v1.2 from 192.0.2.7, 7";
        let parts: Vec<_> = parts(text).map(|part| String::from_utf8_lossy(&text[part])).collect();
        assert_eq!(parts, ["v1", "2", "from", "192", "192.0", "192.0.2", "192.0.2.7", "7"]);
    }
}
