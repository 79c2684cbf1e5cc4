//! What assembling promises.

extern crate std;

#[cfg(feature = "compile")]
mod expressions;
mod formats;
mod limits;
mod packets;
mod resume;
mod times;

use super::*;
use crate::pattern::{Captures, Given, PatternId};
use crate::record::Span;
use std::string::String;
use std::vec::Vec;

/// A record as tests look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) text: String,
    pub(super) queue: u8,
    pub(super) at: u64,
    pub(super) cut: u32,
}

/// Expressions that need no compiler.
pub(super) struct Words;

/// Matches `BEGIN WORD`; captures the word.
pub(super) const START: PatternId = PatternId(0);
/// Matches `END WORD` with the word that the start captured.
pub(super) const END: PatternId = PatternId(1);
/// Matches `[KEY]` at the start; captures the key.
pub(super) const KEY: PatternId = PatternId(2);
/// Matches what contains `done`.
pub(super) const DONE: PatternId = PatternId(3);

fn span(text: &[u8], part: &[u8]) -> Span {
    let start = memchr::memmem::find(text, part).unwrap_or_default();
    Span::new(start, start + part.len())
}

impl Matcher for Words {
    fn begin(&mut self, _log: &[u8]) {}

    fn possible(&self, _pattern: PatternId) -> bool {
        true
    }

    fn is_match(&mut self, pattern: PatternId, text: &[u8]) -> bool {
        self.find(pattern, text).is_some()
    }

    fn is_match_given(&mut self, pattern: PatternId, text: &[u8], given: &Given<'_>) -> bool {
        match pattern {
            END => memchr::memmem::find(text, b"END ").is_some_and(|at| text.get(at + 4..) == Some(given[0])),
            other => self.is_match(other, text),
        }
    }

    fn find(&mut self, pattern: PatternId, text: &[u8]) -> Option<usize> {
        self.captures(pattern, text, &mut Captures::new())
    }

    fn captures(&mut self, pattern: PatternId, text: &[u8], captures: &mut Captures) -> Option<usize> {
        captures.clear();
        let captured = match pattern {
            START => text.get(memchr::memmem::find(text, b"BEGIN ")? + 6..)?,
            KEY => text.strip_prefix(b"[")?.split(|byte| *byte == b']').next()?,
            DONE => text.get(memchr::memmem::find(text, b"done")?..)?,
            _ => return None,
        };
        captures.fill([Some(span(text, captured))].into_iter(), true);
        Some(text.len())
    }
}

/// An assembler with what it needs.
pub(super) struct Bench {
    pub(super) assembler: Assembler<Vec<u8>>,
    pub(super) now: Millis,
    pub(super) at: u64,
    pub(super) seen: Vec<Seen>,
}

impl Bench {
    pub(super) fn new(format: Format) -> Self {
        let assembler = Assembler::new(format, std::vec![b'?'; format.memory()]).expect("it fits");
        Self { assembler, now: Millis(1000), at: 0, seen: Vec::new() }
    }

    fn call(
        &mut self,
        call: impl FnOnce(&mut Assembler<Vec<u8>>, &mut Context<'_>, &mut dyn FnMut(Record<'_>)),
    ) {
        let mut context =
            Context { now: self.now, header: b"Nov 21 10:00:00 host prog: ", patterns: &mut Words };
        let seen = &mut self.seen;
        call(&mut self.assembler, &mut context, &mut |record| {
            let text = String::from_utf8_lossy(record.text).into_owned();
            seen.push(Seen { text, queue: record.queue, at: record.at, cut: record.cut });
        });
    }

    /// Pushes a line; the number of records that came out.
    pub(super) fn push(&mut self, text: &[u8], cut: u32) -> usize {
        let (before, line) = (self.seen.len(), Line { text, at: self.at, cut });
        self.call(|assembler, context, out| assembler.push(line, context, out));
        self.at += text.len() as u64 + u64::from(cut) + 1;
        self.seen.len() - before
    }

    /// Pushes whole lines.
    pub(super) fn push_all(&mut self, lines: &[&str]) {
        for line in lines {
            self.push(line.as_bytes(), 0);
        }
    }

    pub(super) fn tick(&mut self) {
        self.call(|assembler, context, out| assembler.tick(context, out));
    }

    pub(super) fn finish(&mut self) {
        self.call(|assembler, context, out| assembler.finish(context, out));
    }

    /// The texts so far, which are then forgotten.
    pub(super) fn texts(&mut self) -> Vec<String> {
        self.seen.drain(..).map(|seen| seen.text).collect()
    }
}

/// The records of lines, of which the last is the end of the source.
pub(super) fn records(format: Format, lines: &[&str]) -> Vec<Seen> {
    let mut bench = Bench::new(format);
    bench.push_all(lines);
    bench.finish();
    bench.seen
}

/// Their texts.
pub(super) fn texts(format: Format, lines: &[&str]) -> Vec<String> {
    records(format, lines).into_iter().map(|seen| seen.text).collect()
}

/// `regex` with the expressions of [`Words`].
pub(super) fn regex(start: bool, end: bool, key: bool) -> Format {
    Format::Regex {
        start: start.then_some(START),
        end: end.then_some(END),
        key: key.then_some(KEY),
        join: Join::Space,
        timeout_ms: TIMEOUT_MS,
    }
}

/// One of each format.
pub(super) fn all() -> Vec<Format> {
    let marks = [false, true].into_iter().flat_map(|start| [false, true].map(|end| (start, end)));
    let marked = marks.flat_map(|(start, end)| [regex(start, end, false), regex(start, end, true)]);
    let mut formats = std::vec![
        Format::Lines,
        Format::Json,
        Format::Multi { lines: 3 },
        Format::Indented,
        Format::RegexAll { pattern: DONE, join: Join::Newline, timeout_ms: TIMEOUT_MS },
        Format::ModsecAudit,
        Format::LinuxAuditd { wait: Wait::Timeout(2000) },
        Format::LinuxAuditd { wait: Wait::Window(2000) },
        Format::Audit,
        Format::SnortFull,
        Format::Nmapg,
        Format::MysqlLog,
        Format::MssqlLog,
        Format::PostgresqlLog,
        Format::DjbMultilog,
        Format::OssecAlert,
        Format::Packets { window_ms: 2000 },
    ];
    formats.extend(marked);
    formats
}

/// Lines that some format has something to say of.
pub(super) const LINES: [&str; 43] = [
    "",
    "plain",
    " indented",
    "\ttabbed",
    "\t\t    8 Query\tselect 1",
    "BEGIN a",
    "BEGIN b",
    "END a",
    "END b",
    "done",
    "[k]",
    "[k] BEGIN a",
    "[k] END a",
    "[l] BEGIN b",
    "[l] END b",
    "[m] more",
    "[k] more",
    "--aa11-A--",
    "--aa11-B--",
    "--aa11-Z--",
    "--bb22-A--",
    "--bb22-Z--",
    "type=A msg=audit(1.1:1): a",
    "type=B msg=audit(1.1:1): b",
    "type=A msg=audit(1.1:2): a",
    "[**] [1:2:3] name [**]",
    "[Classification: x] [Priority: 2] ",
    "[Priority: 1] ",
    "01/28-09:13:16.240702 192.0.2.1:1 -> 192.0.2.2:2",
    "Host: 192.0.2.1 (h)\tPorts: 22/open/tcp//ssh///, 23/closed/tcp//telnet///",
    "150101 10:00:00\t    7 Connect\troot",
    "2015-01-01 10:00:00.12 spid5 Starting",
    "[2015-01-01 10:00:00.123 UTC] LOG: ready",
    "@400000005a4b9c1e1d2e3f4a text",
    "@400000005a4b9c1e1d2e3f4a Nov 21 10:00:00 host prog: text",
    "** Alert 1.2: - syslog,",
    "2015 Jan 01 10:00:00 host->/var/log/messages",
    "Rule: 5501 (level 3) -> 'Login 'x' opened.'",
    "Src IP: 192.0.2.1",
    "User: root",
    "kernel: DROP IN=a SRC=192.0.2.7 DST=198.51.100.1 PROTO=TCP SPT=1 DPT=22",
    "kernel: DROP IN=a SRC=192.0.2.7 DST=198.51.100.1 PROTO=TCP SPT=2 DPT=23",
    "kernel: DROP IN=a SRC=192.0.2.8 DST=198.51.100.1 PROTO=UDP SPT=2 DPT=53",
];
