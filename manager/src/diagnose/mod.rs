//! Problems in files that people write, shown where they are.
//!
//! Whoever reads a file keeps its text in [`Sources`], puts what is wrong
//! into a [`Diagnostics`] as one [`Diagnostic`] after the other, and goes on.
//! At the end everything is shown at once, by file and place: on a terminal
//! as the line with a caret under it, or as JSON. What is shown is harmless
//! whatever the files hold, and bounded: long lines are cut, control bytes
//! are replaced, and after [`SHOWN_MAX`] problems the rest is counted.

mod render;
mod sources;
mod suggest;
#[cfg(test)]
mod tests;

pub use render::Colour;
pub(crate) use render::{harmless, harmless_character, harmless_text};
pub use sources::{FILE_MAX, LoadError, SourceId, Sources};
pub use suggest::suggest;

/// Diagnostics that are shown in full; the others are counted.
pub const SHOWN_MAX: usize = 200;

/// Diagnostics that are kept; beyond it they are only counted.
const KEPT_MAX: usize = 10_000;

/// A run of bytes in one source: from `start` up to, not including, `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to `end`; empty at `start` if `end` is before it.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// From the start of this span to the end of the other.
    pub fn to(self, other: Self) -> Self {
        Self::new(self.start, other.end)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// What was read cannot be used.
    Error,
    /// It can be used, but probably not as it was meant.
    Warning,
}

/// One problem: what is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line without a full stop.
    pub message: String,
    /// The file; `None` for what belongs to no text, such as a missing file.
    pub source: Option<SourceId>,
    /// The place in the file.
    pub span: Span,
    /// A few words beside the caret.
    pub label: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// What else helps to understand it.
    pub notes: Vec<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(source: SourceId, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, Some(source), span, message.into())
    }

    /// A warning at a place.
    pub fn warning(source: SourceId, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, Some(source), span, message.into())
    }

    /// An error that has no place in a text.
    pub fn placeless_error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, None, Span::default(), message.into())
    }

    /// A warning that has no place in a text.
    pub fn placeless_warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, None, Span::default(), message.into())
    }

    fn new(severity: Severity, source: Option<SourceId>, span: Span, message: String) -> Self {
        Self { severity, message, source, span, label: None, help: None, notes: Vec::new() }
    }

    /// With a few words beside the caret; none if they are empty.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into()).filter(|text| !text.is_empty());
        self
    }

    /// With what to do; nothing if it is empty.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into()).filter(|text| !text.is_empty());
        self
    }

    /// With one more thing to know.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// All problems found in a run, of all files.
///
/// Holds at most 10,000; the counts go on beyond that.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Diagnostics {
    /// No problems yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        match diagnostic.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
        if self.kept.len() < KEPT_MAX {
            self.kept.push(diagnostic);
        }
    }

    /// Adds the problems of another report after these.
    pub fn append(&mut self, other: Self) {
        let lost = (other.errors, other.warnings);
        let (errors, warnings) = (self.errors, self.warnings);
        for diagnostic in other.kept {
            self.push(diagnostic);
        }
        (self.errors, self.warnings) = (errors + lost.0, warnings + lost.1);
    }

    /// How many errors were found.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// How many warnings were found.
    pub fn warnings(&self) -> usize {
        self.warnings
    }

    /// True if there is at least one error.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// True if nothing was found, not even a warning.
    pub fn is_empty(&self) -> bool {
        self.errors + self.warnings == 0
    }

    /// The problems in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.kept.iter()
    }

    /// What is shown: at most `most`, errors before warnings if not all fit,
    /// in the order of files and places.
    fn shown(&self, most: usize) -> Vec<&Diagnostic> {
        let mut all: Vec<_> = self.kept.iter().collect();
        all.sort_by_key(|d| (d.severity == Severity::Warning, d.source, d.span.start));
        all.truncate(most);
        all.sort_by_key(|d| (d.source, d.span.start, d.severity == Severity::Warning));
        all
    }
}
