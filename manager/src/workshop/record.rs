//! A line and its answer as a new case of a test file.

use crate::ruleset::ini::{self, Case, Triple};
use bartizan_core::image::Dialect;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use thiserror::Error;

/// Why a case is not written down.
#[derive(Debug, Error)]
pub enum RecordError {
    /// A case expects a rule.
    #[error("no rule fires on this: there is nothing that a case could expect")]
    NoRule,
    /// The file has a section of this name.
    #[error("there is a section [{0}] already, and no case is overwritten: give another --name")]
    Taken(String),
    /// The file has a case with these lines.
    #[error("these lines are a case already: section [{section}], line {line}")]
    Known {
        /// Title of the section.
        section: String,
        /// Line in the file.
        line: usize,
    },
    /// The form of the file cannot express it.
    #[error(
        "a test file cannot hold this: no line may be empty, begin or end with a blank, or go on with # or ;"
    )]
    Form,
    /// A name that is no title of a section.
    #[error("a name of a section is one line without [ and ]")]
    Name,
    /// The file is no test file.
    #[error("line {0}: {1}; it is left as it is")]
    Broken(usize, &'static str),
    /// The file cannot be read or written.
    #[error("{0}")]
    System(#[from] io::Error),
}

/// Adds a case to a file, which is made if need be, behind all that stands
/// there; gives the title of its section. `name` is the title that is asked
/// for, `otherwise` one that is made to differ from those of the file.
///
/// # Errors
/// Nothing is written then.
pub fn append(
    file: &Path,
    dialect: Dialect,
    name: Option<&str>,
    otherwise: &str,
    case: &Case,
) -> Result<String, RecordError> {
    let Case { logs, expected, .. } = case;
    let before = match fs::read(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        read => read?,
    };
    let cases =
        ini::cases(&before, dialect).map_err(|error| RecordError::Broken(error.line, error.message))?;
    if let Some(case) = cases.iter().find(|case| case.logs == *logs && case.passes) {
        return Err(RecordError::Known { section: case.section.clone(), line: case.line });
    }
    let is_taken = |title: &str| has_section(&before, title);
    let title = match name {
        Some(name) if is_taken(name) => return Err(RecordError::Taken(name.to_owned())),
        Some(name) => name.to_owned(),
        None => free_title(&otherwise.replace(['[', ']'], " "), is_taken),
    };
    if title.is_empty() || title.contains(['[', ']', '\n', '\r']) {
        return Err(RecordError::Name);
    }
    let section = section(&title, dialect, logs, expected)?;
    let gap: &[u8] = match before.last() {
        None => b"",
        Some(b'\n') => b"\n",
        Some(_) => b"\n\n",
    };
    let mut out = OpenOptions::new().create(true).append(true).open(file)?;
    out.write_all(&[gap, &section].concat())?;
    Ok(title)
}

fn has_section(text: &[u8], title: &str) -> bool {
    let head = format!("[{title}]");
    text.split(|byte| *byte == b'\n').any(|line| line.trim_ascii() == head.as_bytes())
}

fn free_title(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2u32..).map(|number| format!("{wanted} {number}"));
    std::iter::once(wanted.to_owned()).chain(numbered).find(|title| !is_taken(title)).unwrap_or_default()
}

/// The text of a section, read back to see that it says what was meant.
fn section(title: &str, dialect: Dialect, logs: &[Vec<u8>], answer: &Triple) -> Result<Vec<u8>, RecordError> {
    if answer.rule.is_empty() {
        return Err(RecordError::NoRule);
    }
    let mut text = format!("[{title}]\n").into_bytes();
    for (n, log) in logs.iter().enumerate() {
        text.extend_from_slice(if n == 0 { b"log 1 pass = " } else { b"    " });
        let times = |byte: u8| if byte == b'%' && dialect == Dialect::Ossec { 2 } else { 1 };
        text.extend(log.iter().flat_map(|byte| [*byte].repeat(times(*byte))));
        text.push(b'\n');
    }
    let Triple { rule, level, decoder } = answer;
    text.extend_from_slice(format!("rule = {rule}\nalert = {level}\ndecoder = {decoder}\n").as_bytes());
    match ini::cases(&text, dialect).as_deref() {
        Ok([case]) if case.logs == logs && case.expected == *answer => Ok(text),
        _ => Err(RecordError::Form),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Triple {
        Triple { rule: "5716".into(), level: "5".into(), decoder: "sshd".into() }
    }

    fn case(logs: Vec<Vec<u8>>, expected: Triple) -> Case {
        let (section, key) = Default::default();
        Case { section, key, line: 0, logs, stage: None, expected, passes: true }
    }

    #[test]
    fn what_is_recorded_is_read_back_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("own.ini");
        let logs = |text: &str| vec![text.as_bytes().to_vec(), b"100 % = sure; yes".to_vec()];
        let add = |name, text| append(&file, Dialect::Ossec, name, "made", &case(logs(text), answer()));
        assert_eq!(add(None, "a").unwrap(), "made");
        assert_eq!(add(None, "b").unwrap(), "made 2");
        assert_eq!(add(Some("mine"), "c").unwrap(), "mine");
        let before = fs::read(&file).unwrap();
        assert!(matches!(add(Some("mine"), "d"), Err(RecordError::Taken(_))));
        let known = add(None, "b");
        assert!(matches!(known, Err(RecordError::Known { line: 9, .. })), "{known:?}");
        assert!(matches!(add(Some("a]b"), "d"), Err(RecordError::Name)));
        assert!(matches!(add(None, " d"), Err(RecordError::Form)));
        assert_eq!(fs::read(&file).unwrap(), before, "a case that is refused changes nothing");
        let cases = ini::cases(&before, Dialect::Ossec).unwrap();
        assert_eq!(cases.len(), 3);
        assert_eq!((&cases[2].logs, &cases[2].expected), (&logs("c"), &answer()));
    }

    #[test]
    fn a_file_that_is_no_test_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.txt");
        fs::write(&file, "my notes").unwrap();
        let refused = append(&file, Dialect::Ossec, None, "made", &case(vec![b"a".to_vec()], answer()));
        assert!(matches!(refused, Err(RecordError::Broken(1, _))));
        assert_eq!(fs::read(&file).unwrap(), b"my notes");
        let no_rule = append(
            &folder.path().join("new.ini"),
            Dialect::Ossec,
            None,
            "made",
            &case(vec![b"a".to_vec()], Triple::default()),
        );
        assert!(matches!(no_rule, Err(RecordError::NoRule)));
        assert!(!folder.path().join("new.ini").exists());
    }
}
