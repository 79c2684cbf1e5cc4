//! Closing tags, and what becomes of an element that is complete.
//!
//! A closing tag that fits nothing is taken for the mistake that it most
//! probably is: a name mistyped, an element forgotten to close, or one too
//! many. So one mistake is one problem.

use super::element::{Attribute, Element};
use super::places::Places;
use super::read::{Open, Reader};
use super::variables::{Refused, Unknown};
use crate::diagnose::{Diagnostic, Span, suggest};

impl Reader<'_> {
    pub(super) fn closing_tag(&mut self) {
        let start = self.scan.at;
        self.scan.step(2);
        let name = self.scan.pass_name();
        self.scan.pass_blanks();
        let finished = self.scan.peek() == Some(b'>');
        if finished {
            self.scan.step(1);
        } else {
            let shown = self.scan.shown(name);
            let problem =
                Diagnostic::error(self.file, Span::new(start, name.end), "this closing tag is not finished");
            self.problem(problem.label("`>` is missing").help(format!("write </{shown}>")));
        }
        let tag = Span::new(start, self.scan.at);
        if let Some(depth) = self.element_to_close(name, tag) {
            while self.open.len() > depth + 1 {
                self.close(start, start);
            }
            self.close(start, self.scan.at);
        }
    }

    /// Which of the open elements a closing tag means. Says so if it is not
    /// the innermost one, or not exactly its name.
    fn element_to_close(&mut self, name: Span, tag: Span) -> Option<usize> {
        let raw = self.scan.text(name);
        let matches = |open: &Open| self.scan.text(open.element.name_span) == raw;
        let top = self.open.len().checked_sub(1);
        let Some(depth) = self.open.iter().rposition(matches) else {
            return self.mistyped_closing(name, tag);
        };
        if Some(depth) != top {
            self.unclosed(depth + 1, Some(tag));
        }
        Some(depth)
    }

    /// A closing tag whose name no open element has: the innermost is meant
    /// if the names are near.
    fn mistyped_closing(&mut self, name: Span, tag: Span) -> Option<usize> {
        let shown = self.scan.shown(name);
        let problem = |message: String| Diagnostic::error(self.file, tag, message);
        let Some(top) = self.open.last() else {
            let problem =
                problem(format!("</{shown}> closes nothing")).help("remove it, or add the opening tag");
            self.problem(problem);
            return None;
        };
        let open = top.element.name.clone();
        let (line, _) = self.line(top.element.name_span.start);
        let problem = problem(format!("</{shown}> does not close <{open}>, which line {line} opens"));
        if suggest(&shown, [open.as_str()]).is_some() {
            self.problem(problem.help(format!("write </{open}>")));
            return Some(self.open.len() - 1);
        }
        self.problem(problem.help(format!("write </{open}>, or add <{shown}>")));
        None
    }

    fn line(&self, offset: usize) -> (usize, usize) {
        let before = &self.scan.bytes[..offset.min(self.scan.bytes.len())];
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        (line, before.len())
    }

    /// Reports the innermost open element, with those around it down to
    /// `first` in a note, as not closed before a tag or the end of the file.
    pub(super) fn unclosed(&mut self, first: usize, before: Option<Span>) {
        let Some((inner, outer)) = self.open.get(first..).and_then(<[Open]>::split_last) else {
            return;
        };
        let name = &inner.element.name;
        let end = match before {
            Some(tag) => format!("{} in line {}", self.scan.shown(tag), self.line(tag.start).0),
            None => "the end of the file".to_string(),
        };
        let span = Span::new(inner.element.name_span.start.saturating_sub(1), inner.element.name_span.end);
        let mut problem = Diagnostic::error(self.file, span, format!("<{name}> is not closed before {end}"));
        for outer in outer.iter().rev().take(3) {
            let (line, _) = self.line(outer.element.name_span.start);
            problem = problem.note(format!("<{}> of line {line} is not closed either", outer.element.name));
        }
        let escaped = format!("\\</{name}>");
        let help = match memchr::memmem::find(&inner.element.text, escaped.as_bytes()) {
            Some(_) => {
                format!("the backslash before </{name}> makes it text: remove it, or write two elements")
            }
            None => format!("add </{name}>, or write \\<{name} if it belongs to a text"),
        };
        self.problem(problem.help(help));
    }

    /// Closes the innermost element: its text ends at `text_end`, it at `end`.
    pub(super) fn close(&mut self, text_end: usize, end: usize) {
        let Some(Open { mut element, too_long }) = self.open.pop() else {
            return;
        };
        element.text_span.end = text_end.max(element.text_span.start);
        element.span.end = end.max(element.text_span.end);
        if let Some(place) = too_long {
            let message =
                format!("the text of <{}> is longer than {} bytes", element.name, self.syntax.text_max);
            let span = Span::new(place, place + 1);
            self.problem(Diagnostic::error(self.file, span, message).help("split it into several elements"));
        }
        element.places.shrink(element.text_span.start);
        let variable = self.open.is_empty() && element.name.eq_ignore_ascii_case("var");
        let Element { text, places, text_span, .. } = &mut element;
        self.expand(text, places, *text_span, variable);
        match self.open.last_mut() {
            _ if variable => self.define(element),
            None => self.roots.push(element),
            Some(parent) => {
                parent.element.text_span = Span::new(self.scan.at, self.scan.at);
                parent.element.children.push(element);
            }
        }
    }

    /// Replaces variables in a text. In the text of a variable an unknown
    /// name is no mistake: only its use is.
    pub(super) fn expand(&mut self, text: &mut Vec<u8>, places: &mut Places, span: Span, variable: bool) {
        let unknown = match variable {
            true => Unknown::Text,
            false if self.syntax.dollar_parenthesis => Unknown::ErrorUnlessParenthesis,
            false => Unknown::Error,
        };
        if let Err(problem) = self.variables.expand(text, places, span, unknown) {
            self.problem(Diagnostic::error(self.file, problem.span, problem.message).help(problem.help));
        }
    }

    fn define(&mut self, element: Element) {
        let name = match element.attributes.as_slice() {
            [Attribute { name, value, .. }] if name == "name" && !value.is_empty() => value,
            _ => {
                let message = "a variable has exactly one attribute, its name";
                let problem = Diagnostic::error(self.file, element.name_span, message);
                return self.problem(problem.help("write <var name=\"NAME\">text</var>"));
            }
        };
        if let Some(child) = element.children.first() {
            let problem = Diagnostic::error(self.file, child.name_span, "a variable holds nothing but text");
            return self.problem(problem.help("write `\\<` where the text holds this character"));
        }
        let shown = String::from_utf8_lossy(name);
        let span = element.attributes[0].value_span;
        match self.variables.define(name, element.text) {
            Ok(()) => {}
            Err(Refused::Twice) => {
                let message = format!("there is a variable `{shown}` already; the first one is used");
                self.problem(Diagnostic::warning(self.file, span, message).help("give it another name"));
            }
            Err(Refused::TooMany) => {
                let problem = Diagnostic::error(self.file, span, "there are too many variables in this file");
                self.problem(problem.help("split the file"));
            }
        }
    }
}
