//! What is wrong in a file: `FILE:LINE:COLUMN: message`, the line, a caret.

use std::fmt;

/// Problems of one file that are kept; the rest is counted.
const PROBLEMS_MAX: usize = 50;

/// Bytes of a line that are shown, around the place of the problem.
const SHOWN_MAX: usize = 100;

/// Bytes of a file, from `start` to before `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// One thing that is wrong, at its place. It is one pointer wide because almost
/// every function of this room may return it.
pub(super) struct Fault(Box<Wrong>);

struct Wrong {
    at: Span,
    message: String,
    help: String,
}

impl Fault {
    pub(super) fn new(at: Span, message: fmt::Arguments<'_>) -> Self {
        Self(Box::new(Wrong { at, message: fmt::format(message), help: String::new() }))
    }

    /// What to do about it.
    pub(super) fn help(mut self, help: &str) -> Self {
        self.0.help = help.to_owned();
        self
    }
}

/// What is wrong in a text, in the order in which it was found, ready to be
/// shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    problems: Vec<String>,
    errors: usize,
    left_out: usize,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether something is so wrong that the text cannot be used.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Problems of another report behind those of this one.
    pub fn append(&mut self, mut other: Self) {
        self.problems.append(&mut other.problems);
        self.errors += other.errors;
        self.left_out += other.left_out;
    }

    pub(super) fn error(&mut self, file: &str, bytes: &[u8], fault: &Fault) {
        self.errors += 1;
        self.push(file, bytes, "", fault);
    }

    pub(super) fn warning(&mut self, file: &str, bytes: &[u8], fault: &Fault) {
        self.push(file, bytes, "warning: ", fault);
    }

    fn push(&mut self, file: &str, bytes: &[u8], severity: &str, Fault(fault): &Fault) {
        if self.problems.len() == PROBLEMS_MAX {
            self.left_out += 1;
            return;
        }
        let before = bytes.get(..fault.at.start).unwrap_or(bytes);
        let line = line_behind(before);
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |lf| lf + 1);
        let column = String::from_utf8_lossy(before.get(start..).unwrap_or(b"")).chars().count() + 1;
        let mut shown = format!("{file}:{line}:{column}: {severity}{}\n", fault.message);
        let (text, caret) = excerpt(bytes.get(start..).unwrap_or(b""), before.len() - start, fault.at);
        shown += &format!("  {text}\n  {caret}\n");
        if !fault.help.is_empty() {
            shown += &format!("  {}\n", fault.help);
        }
        self.problems.push(shown);
    }
}

/// The number of the line that stands behind these bytes of a file.
pub(super) fn line_behind(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The line at the beginning of `line` around column `at`, and the line of
/// carets below it.
fn excerpt(line: &[u8], at: usize, span: Span) -> (String, String) {
    let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
    let from = at.saturating_sub(SHOWN_MAX / 2);
    let to = end.min(from + SHOWN_MAX);
    let show = |from: usize, to: usize| {
        let part = String::from_utf8_lossy(line.get(from..to).unwrap_or(b""));
        part.trim_end_matches('\r').replace(char::is_control, " ")
    };
    let marked = show(at, to.min(at + (span.end - span.start))).chars().count();
    let carets = " ".repeat(show(from, at).chars().count()) + &"^".repeat(marked.max(1));
    (show(from, to), carets)
}

impl fmt::Display for Report {
    /// Each problem as `FILE:LINE:COLUMN: message`, the line, a caret below
    /// it, and what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problems.iter().try_for_each(|problem| f.write_str(problem))?;
        match self.left_out {
            0 => Ok(()),
            1 => writeln!(f, "and 1 more problem"),
            more => writeln!(f, "and {more} more problems"),
        }
    }
}
