//! Diagnostics as text for people and as JSON for programs.
//!
//! The bytes of a file go no further than [`harmless`]: what is not valid
//! UTF-8 and what a terminal would obey is replaced, and of a long line only
//! the part around the place is taken. So one diagnostic costs at most a few
//! KiB, whatever file it is about.

use super::{Diagnostic, Diagnostics, SHOWN_MAX, Severity, SourceId, Sources, Span};
use crate::plural::counted;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::io::IsTerminal;

/// Bytes of a line that are shown on each side of a place.
const AROUND_MAX: usize = 400;

/// Bytes of a line that are marked.
const MARK_MAX: usize = 100;

/// Bytes of a message, a label, a help, a note or a file name.
const TEXT_MAX: usize = 1000;

/// Whether the text is for a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// With the colours of a terminal.
    Terminal,
    /// Plain text.
    None,
}

impl Colour {
    /// Colours if standard error is a terminal and `NO_COLOR` is not set.
    pub fn for_stderr() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        if wanted && std::io::stderr().is_terminal() { Self::Terminal } else { Self::None }
    }
}

impl Diagnostics {
    /// Everything as text: at most [`SHOWN_MAX`] problems, then the counts.
    /// Empty if nothing was found.
    pub fn render(&self, sources: &Sources, colour: Colour) -> String {
        let shown = self.shown(SHOWN_MAX);
        let mut text = String::new();
        for diagnostic in &shown {
            text.push_str(&diagnostic.render(sources, colour));
            text.push_str("\n\n");
        }
        let more = (self.errors() + self.warnings()).saturating_sub(shown.len());
        if more > 0 {
            text.push_str(&counted(more, "more problem is not shown\n", "more problems are not shown\n"));
        }
        if !self.is_empty() {
            text.push_str(&self.summary());
            text.push('\n');
        }
        text
    }

    /// The counts in words: `2 errors, 1 warning`.
    pub fn summary(&self) -> String {
        let (errors, warnings) = (self.errors(), self.warnings());
        format!("{}, {}", counted(errors, "error", "errors"), counted(warnings, "warning", "warnings"))
    }

    /// Everything as one line of JSON: `errors`, `warnings`, `not_shown` and
    /// the array `diagnostics`, each with `severity`, `message`, `file`,
    /// `line`, `column` (from 1, in bytes), `offset`, `length`, `label`,
    /// `help` and `notes`.
    pub fn json(&self, sources: &Sources) -> String {
        let shown = self.shown(SHOWN_MAX);
        let not_shown = (self.errors() + self.warnings()).saturating_sub(shown.len());
        let diagnostics = shown.iter().map(|d| Entry::new(d, sources)).collect();
        let report = Json { errors: self.errors(), warnings: self.warnings(), not_shown, diagnostics };
        // Strings, numbers and arrays: there is nothing in it that can fail.
        serde_json::to_string(&report).unwrap_or_default()
    }
}

impl Diagnostic {
    /// This problem as text, without a newline at the end.
    pub fn render(&self, sources: &Sources, colour: Colour) -> String {
        let renderer = match colour {
            Colour::Terminal => Renderer::styled(),
            Colour::None => Renderer::plain(),
        };
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(harmless_text(&self.message)));
        if let Some(source) = self.source {
            group = place(group, self, sources, source);
        }
        group = group.elements(self.notes.iter().map(|note| Level::NOTE.message(harmless_text(note))));
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(harmless_text(help)));
        }
        renderer.render(&[group]).to_string()
    }
}

fn place<'g>(group: Group<'g>, diagnostic: &Diagnostic, sources: &Sources, source: SourceId) -> Group<'g> {
    let excerpt = Excerpt::new(sources, source, diagnostic.span);
    let (line, column) = sources.line_and_column(source, diagnostic.span.start);
    let name = harmless_text(sources.name(source));
    let label = diagnostic.label.as_deref().map(harmless_text);
    let mark: Annotation<'_> =
        AnnotationKind::Primary.span(excerpt.mark.start..excerpt.mark.end).label(label);
    let snippet = Snippet::source(excerpt.text).line_start(line).annotation(mark);
    if excerpt.cut {
        // The column in the cut line would be wrong: the true one is given.
        let origin = Origin::path(name).line(line).char_column(column);
        return group.element(origin).element(snippet);
    }
    group.element(snippet.path(name))
}

/// The part of a line that is shown, and the place in it.
struct Excerpt {
    text: String,
    mark: Span,
    cut: bool,
}

impl Excerpt {
    fn new(sources: &Sources, source: SourceId, span: Span) -> Self {
        let bytes = sources.bytes(source);
        let line = sources.line_around(source, span.start);
        let start = span.start.min(line.end);
        let end = span.end.clamp(start, line.end);
        let whole = |at: usize| whole_character(bytes, at);
        let from = line.start.max(whole(start.saturating_sub(AROUND_MAX)));
        let to = line.end.min(whole(start + AROUND_MAX));
        let end = end.min(whole(start + MARK_MAX)).min(to);
        let part = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default();
        let mut text = String::from(if from > line.start { "..." } else { "" });
        text.push_str(&harmless(part(from, start)));
        let mark_start = text.len();
        text.push_str(&harmless(part(start, end)));
        let mark = Span::new(mark_start, text.len());
        text.push_str(&harmless(part(end, to)));
        if to < line.end {
            text.push_str("...");
        }
        Self { text, mark, cut: from > line.start }
    }
}

/// The place or the next ones that is not inside a character of UTF-8.
fn whole_character(bytes: &[u8], at: usize) -> usize {
    let inside = |at: &usize| bytes.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    (at..at + 4).find(|at| !inside(at)).unwrap_or(at)
}

/// Bytes as text that a terminal shows and does not obey.
pub(crate) fn harmless(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| *c != '\r').map(harmless_character).collect()
}

/// Text as a terminal shows it and does not obey it, at most 1000 characters.
pub(crate) fn harmless_text(text: &str) -> String {
    let mut harmless: String = text.chars().take(TEXT_MAX).map(harmless_character).collect();
    if text.chars().nth(TEXT_MAX).is_some() {
        harmless.push_str("...");
    }
    harmless
}

/// A character as a terminal shows it and does not obey it.
pub(crate) fn harmless_character(character: char) -> char {
    match character {
        '\t' => ' ',
        // Marks that turn the direction of writing or cannot be seen.
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            '\u{fffd}'
        }
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

#[derive(serde::Serialize)]
struct Json<'d> {
    errors: usize,
    warnings: usize,
    not_shown: usize,
    diagnostics: Vec<Entry<'d>>,
}

#[derive(serde::Serialize)]
struct Entry<'d> {
    severity: Severity,
    message: &'d str,
    file: Option<&'d str>,
    line: Option<usize>,
    column: Option<usize>,
    offset: Option<usize>,
    length: Option<usize>,
    label: Option<&'d str>,
    help: Option<&'d str>,
    notes: &'d [String],
}

impl<'d> Entry<'d> {
    fn new(diagnostic: &'d Diagnostic, sources: &'d Sources) -> Self {
        let source = diagnostic.source;
        let place = source.map(|source| sources.line_and_column(source, diagnostic.span.start));
        Self {
            severity: diagnostic.severity,
            message: &diagnostic.message,
            file: source.map(|source| sources.name(source)),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            offset: source.map(|_| diagnostic.span.start),
            length: source.map(|_| diagnostic.span.end - diagnostic.span.start),
            label: diagnostic.label.as_deref(),
            help: diagnostic.help.as_deref(),
            notes: &diagnostic.notes,
        }
    }
}
