//! Rule tests in `.ini` files, in OSSEC's and Wazuh's form.
//!
//! A section is a test: what is expected (`rule`, `alert` for the level,
//! `decoder`) and logs. A key that begins with `log ` is a case: its lines go
//! to a fresh engine one after the other, the answer to the last one counts.
//! `… pass` expects equality, `… fail` a difference. Keys that begin with
//! `finding ` are our own addition: their lines come from the stage that the
//! section names (`stage = syscheck_deleted`), not from a log.
//!
//! The form is Python's configparser: `;` and `#` begin comments, the first
//! `=` or `:` separates, names are case-folded, an indented line continues a
//! value, and repeated names add a line to it. In OSSEC's files `%%` stands for
//! `%`, in Wazuh's for itself.

use crate::engine::Ruleset;
use crate::engine::memory::MemoryOptions;
use crate::engine::session::{EngineOptions, Lent, Session};
use crate::sources::local_host;
use crate::workshop::coverage::Reached;
use bartizan_core::event::{Event, Field, Known, Moment, Origin};
use bartizan_core::image::rows::{ConditionRow, RuleRow, condition};
use bartizan_core::image::{Dialect, Image};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::predecode;
use bartizan_core::rules::history::Key;
use bartizan_core::rules::judge::{Manner, Step};
use std::collections::BTreeMap;
use std::io;

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Title of its section.
    pub section: String,
    /// Its key, for example `log 1 pass`.
    pub key: String,
    /// Line in the file, from 1.
    pub line: usize,
    /// The lines that are fed to the engine.
    pub logs: Vec<Vec<u8>>,
    /// The stage that the lines come from, if they are no lines of a log.
    pub stage: Option<String>,
    /// What the answer is compared with.
    pub expected: Triple,
    /// Whether it must be equal, or must not.
    pub passes: bool,
}

/// Rule, level and decoder as texts; empty for none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Triple {
    /// Id of the rule.
    pub rule: String,
    /// Level.
    pub level: String,
    /// Name of the decoder.
    pub decoder: String,
}

impl Triple {
    /// The words for an answer. No decoder is `(null)`, as OSSEC prints it, and
    /// nothing in Wazuh.
    pub fn of(dialect: Dialect, rule: Option<(u32, u16)>, decoder: Option<&[u8]>) -> Self {
        let none: &[u8] = match dialect {
            Dialect::Ossec => b"(null)",
            Dialect::Wazuh => b"",
        };
        Self {
            rule: rule.map_or_else(String::new, |(id, _)| id.to_string()),
            level: rule.map_or_else(String::new, |(_, level)| level.to_string()),
            decoder: String::from_utf8_lossy(decoder.unwrap_or(none)).into_owned(),
        }
    }

    /// Whether an answer is what was expected. An empty expectation is never
    /// met. Decoder names compare without case in OSSEC 4.3.
    pub fn is_met_by(&self, got: &Self, dialect: Dialect) -> bool {
        let empty = [&self.rule, &self.level, &self.decoder].iter().any(|text| text.is_empty());
        let same_decoder = match dialect {
            Dialect::Ossec => got.decoder.eq_ignore_ascii_case(&self.decoder),
            Dialect::Wazuh => got.decoder == self.decoder,
        };
        !empty && got.rule == self.rule && got.level == self.level && same_decoder
    }
}

impl Case {
    /// Feeds the case to a fresh engine at one moment; the answer to its last
    /// line.
    ///
    /// # Errors
    /// The engine cannot be made; without files to read that does not happen.
    pub fn answer(&self, ruleset: &Ruleset, lent: &mut Lent, now: Moment) -> io::Result<Triple> {
        self.answer_noting(ruleset, lent, now, None)
    }

    /// The same; notes also which rules and decoders its lines reach.
    ///
    /// # Errors
    /// As [`answer`](Self::answer).
    pub fn answer_noting(
        &self,
        ruleset: &Ruleset,
        lent: &mut Lent,
        now: Moment,
        mut reached: Option<&mut Reached>,
    ) -> io::Result<Triple> {
        let options = EngineOptions { manner: Manner::Test, memory: MemoryOptions::default() };
        let mut session = Session::new(ruleset, lent, &options)?;
        let mut known = Known::default();
        let host = local_host();
        let mut got = Triple::default();
        let dialect = ruleset.image().dialect();
        for log in &self.logs {
            let mut buffer = [0; TEXT_MAX];
            let text = predecode::clean(log, dialect, &mut buffer);
            let origin = Origin { location: b"stdin", local_host: host.as_bytes(), now };
            let mut event = Event::new(text, origin, &mut known);
            let traces = reached.is_some();
            let mut note = |step: Step<'_>| reached.iter_mut().for_each(|reached| reached.note(step));
            let verdict = match &self.stage {
                Some(stage) => session.judge_finding(&mut event, stage, &mut note),
                None if !traces => session.judge(&mut event),
                None => {
                    session.understanding.decode(&mut event);
                    session.court.evaluate(&mut event, &mut note)
                }
            };
            reached.iter_mut().for_each(|reached| reached.conclude(&event, &verdict));
            let image = &session.court.image;
            let rule = verdict.rule.and_then(|row| image.rule(row));
            let rule = rule.map(|rule| (rule.id.get(), rule.level.get()));
            got = Triple::of(dialect, rule, image.decoder_name(event.decoder));
            session.court.remember(&event, &verdict);
        }
        Ok(got)
    }

    /// Whether its rule asks where addresses are. If nobody knows, its answer
    /// says nothing about the rules.
    pub fn asks_where(&self, image: &Image<'_>) -> bool {
        let rule = self.expected.rule.parse().ok().and_then(|id| image.find_rule(id));
        rule.and_then(|row| image.rule(row)).is_some_and(|rule| asks_where(image, rule))
    }

    /// Whether the answer to its last line is as the case wants it.
    pub fn is_met(&self, got: &Triple, dialect: Dialect) -> bool {
        self.expected.is_met_by(got, dialect) == self.passes
    }
}

/// Why a case is skipped that [asks where](Case::asks_where) addresses are.
pub const NO_PLACES: &str = "its rule asks where addresses are, and no database of places is given";

/// Whether a rule looks at the place of an address, or compares places.
fn asks_where(image: &Image<'_>, rule: &RuleRow) -> bool {
    let places = [Field::SrcGeo as u8, Field::DstGeo as u8];
    let keys = Key::SrcGeo.bit() | Key::DstGeo.bit();
    let looks = |row: &ConditionRow| row.kind == condition::PATTERN && places.contains(&row.option);
    (rule.same.get() | rule.different.get()) & keys != 0
        || image.range(image.conditions, rule.conditions).iter().any(looks)
}

/// A line that does not fit the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IniError {
    /// Line in the file, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: &'static str,
}

#[derive(Default)]
struct Section {
    title: String,
    values: BTreeMap<String, Entry>,
    order: Vec<String>,
}

struct Entry {
    line: usize,
    lines: Vec<Vec<u8>>,
}

/// The cases of a file, in its order.
pub fn cases(text: &[u8], dialect: Dialect) -> Result<Vec<Case>, IniError> {
    let unescape = |value: &[u8]| match dialect {
        Dialect::Ossec => unescape(value),
        Dialect::Wazuh => value.to_vec(),
    };
    let mut sections: Vec<Section> = Vec::new();
    let mut open: Option<String> = None;
    for (number, line) in text.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let error = |message| IniError { line: number + 1, message };
        let content = line.trim_ascii();
        if content.is_empty() || matches!(content.first(), Some(b'#' | b';')) {
            continue;
        }
        let indented = line.first().is_some_and(u8::is_ascii_whitespace);
        if let (true, Some(key)) = (indented, &open) {
            let entry = sections.last_mut().and_then(|section| section.values.get_mut(key));
            entry.ok_or(error("an indented line continues nothing"))?.lines.push(unescape(content));
            continue;
        }
        open = None;
        if let Some(title) = content.strip_prefix(b"[") {
            let end = memchr::memrchr(b']', title).ok_or(error("a section ends with ]"))?;
            let title = String::from_utf8_lossy(&title[..end]).into_owned();
            // A title given again adds to its section.
            match sections.iter().position(|section| section.title == title) {
                Some(at) => {
                    let section = sections.remove(at);
                    sections.push(section);
                }
                None => sections.push(Section { title, ..Section::default() }),
            }
            continue;
        }
        let section = sections.last_mut().ok_or(error("this stands before the first [section]"))?;
        let at = memchr::memchr2(b'=', b':', content).ok_or(error("a line is NAME = VALUE"))?;
        let key = String::from_utf8_lossy(content[..at].trim_ascii()).to_ascii_lowercase();
        section.add(&key, number + 1, unescape(content[at + 1..].trim_ascii()));
        open = Some(key);
    }
    Ok(sections.iter().flat_map(Section::cases).collect())
}

fn unescape(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.iter().peekable();
    while let Some(byte) = rest.next() {
        if *byte == b'%' {
            rest.next_if_eq(&&b'%');
        }
        out.push(*byte);
    }
    out
}

impl Section {
    fn add(&mut self, key: &str, line: usize, value: Vec<u8>) {
        match self.values.get_mut(key) {
            Some(entry) => entry.lines.push(value),
            None => {
                self.values.insert(key.to_owned(), Entry { line, lines: vec![value] });
                self.order.push(key.to_owned());
            }
        }
    }

    fn text(&self, key: &str) -> String {
        let lines = self.values.get(key).map(|entry| entry.lines.join(&b'\n')).unwrap_or_default();
        String::from_utf8_lossy(&lines).into_owned()
    }

    fn cases(&self) -> impl Iterator<Item = Case> {
        let expected =
            Triple { rule: self.text("rule"), level: self.text("alert"), decoder: self.text("decoder") };
        let stage = self.text("stage");
        let cases = self.order.iter().filter(|key| key.starts_with("log ") || key.starts_with("finding "));
        cases.filter_map(move |key| {
            let entry = self.values.get(key)?;
            let stage = key.starts_with("finding ").then(|| stage.clone());
            Some(Case {
                section: self.title.clone(),
                key: key.clone(),
                line: entry.line,
                logs: entry.lines.iter().filter(|line| !line.is_empty()).cloned().collect(),
                stage,
                expected: expected.clone(),
                passes: !key.ends_with("fail"),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_read_as_the_python_tools_read_them() {
        let text = b"; a comment\n[One: two]\nlog 1 pass = Jan 1 a%%b = c\nLOG 2 Fail: x\n  y\n\nrule = 5\nalert=3\ndecoder = sshd\n[Other]\nrule=1\nlog 1 pass = z\nlog 1 pass = w\n";
        let cases = cases(text, Dialect::Ossec).unwrap();
        assert_eq!(cases.len(), 3);
        assert_eq!(cases[0].logs, [b"Jan 1 a%b = c".to_vec()]);
        assert!(cases[0].passes);
        assert_eq!(cases[1].key, "log 2 fail");
        assert_eq!(cases[1].logs, [b"x".to_vec(), b"y".to_vec()]);
        assert!(!cases[1].passes);
        assert_eq!(cases[1].expected, Triple { rule: "5".into(), level: "3".into(), decoder: "sshd".into() });
        assert_eq!(cases[2].logs.len(), 2);
        let raw = super::cases(text, Dialect::Wazuh).unwrap();
        assert_eq!(raw[0].logs, [b"Jan 1 a%%b = c".to_vec()]);
    }

    #[test]
    fn a_value_outside_a_section_is_an_error_with_its_line() {
        assert_eq!(cases(b"\nrule = 1\n", Dialect::Ossec).unwrap_err().line, 2);
    }
}
