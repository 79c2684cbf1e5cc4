//! One opening tag: its name and attributes.
//!
//! After a mistake in a tag reading goes on behind the tag, so that one
//! forgotten quote is one problem.

use super::element::{Attribute, Element};
use super::limits::NAME_MAX;
use super::read::Reader;
use crate::diagnose::{Diagnostic, Span};

/// What an opening tag leaves behind.
pub(super) struct Tag {
    pub(super) element: Element,
    /// It ended with `/>`.
    pub(super) closed: bool,
}

/// An attribute could not be read, and its problem is reported.
struct Broken;

impl Reader<'_> {
    /// Reads a tag from its `<`. `None` if the `<` opens no tag; it is
    /// reported, and nothing is passed.
    pub(super) fn tag(&mut self) -> Option<Tag> {
        let start = self.scan.at;
        self.scan.step(1);
        let name = self.scan.pass_name();
        if name.start == name.end {
            self.scan.at = start;
            self.problem(
                Diagnostic::error(self.file, Span::new(start, start + 1), "this `<` opens no tag")
                    .label("a name must follow")
                    .help("write `\\<` where a text holds this character"),
            );
            return None;
        }
        let mut element = Element { name: self.name(name), name_span: name, ..Element::default() };
        let closed = self.attributes(&mut element);
        element.span = Span::new(start, self.scan.at);
        element.text_span = Span::new(self.scan.at, self.scan.at);
        Some(Tag { element, closed })
    }

    /// The name as text; one that is too long is reported and cut.
    fn name(&mut self, span: Span) -> String {
        let len = span.end - span.start;
        if len <= NAME_MAX {
            return self.scan.shown(span);
        }
        let problem =
            Diagnostic::error(self.file, span, format!("this name is longer than {NAME_MAX} bytes"));
        self.problem(problem.help("is a `>` missing?"));
        self.scan.shown(Span::new(span.start, span.start + NAME_MAX))
    }

    /// Reads up to the end of the tag; true if it ended with `/>`.
    fn attributes(&mut self, element: &mut Element) -> bool {
        loop {
            self.scan.pass_blanks();
            match self.scan.peek() {
                Some(b'>') => {
                    self.scan.step(1);
                    return false;
                }
                Some(b'/') if self.scan.looks_at(b"/>") => {
                    self.scan.step(2);
                    return true;
                }
                Some(b'<') if self.scan.looks_at(b"<!") => {
                    if !self.comment() {
                        return false;
                    }
                }
                None | Some(b'<') => {
                    self.unfinished(element);
                    return false;
                }
                Some(_) => match self.attribute(element) {
                    Ok(attribute) => self.keep(element, attribute),
                    Err(Broken) => return self.leave_tag(),
                },
            }
        }
    }

    fn unfinished(&mut self, element: &Element) {
        let message = format!("the tag <{}> is not finished", element.name);
        let open = Span::new(element.name_span.start.saturating_sub(1), element.name_span.end);
        let problem = Diagnostic::error(self.file, open, message).label("`>` is missing");
        self.problem(problem.help("end the tag with `>`; write `\\<` where a text holds this character"));
    }

    /// After a mistake: behind the tag, wherever it probably ends.
    fn leave_tag(&mut self) -> bool {
        self.scan.find_either(b'>', b'<');
        let closed = self.scan.bytes[..self.scan.at].ends_with(b"/");
        if self.scan.peek() == Some(b'>') {
            self.scan.step(1);
            return closed;
        }
        false
    }

    fn attribute(&mut self, element: &mut Element) -> Result<Attribute, Broken> {
        let name_span = self.scan.pass_name();
        if name_span.start == name_span.end {
            return Err(self.stray(element));
        }
        let name = self.name(name_span);
        self.scan.pass_blanks();
        if self.scan.peek() != Some(b'=') {
            self.scan.at = name_span.end;
            let problem = Diagnostic::error(self.file, name_span, format!("`{name}` has no value"));
            let help = format!("write {name}=\"...\"");
            return Err(self.broken(element, problem.label("`=` is missing").help(help)));
        }
        self.scan.step(1);
        self.scan.pass_blanks();
        let value_span = self.value(element, &name, name_span)?;
        let value = self.scan.text(value_span).to_vec();
        Ok(Attribute { name, value, name_span, value_span, ..Attribute::default() })
    }

    /// A byte that begins no attribute.
    fn stray(&mut self, element: &mut Element) -> Broken {
        let here = Span::new(self.scan.at, self.scan.at + 1);
        let message = format!("this does not belong into the tag <{}>", element.name);
        let problem = Diagnostic::error(self.file, here, message);
        self.broken(element, problem.help("attributes are written name=\"value\", and a tag ends with `>`"))
    }

    /// The place of a value between its quotes.
    fn value(&mut self, element: &mut Element, name: &str, name_span: Span) -> Result<Span, Broken> {
        let open = self.scan.at;
        let quote = match self.scan.peek() {
            Some(quote @ (b'"' | b'\'')) => quote,
            _ => {
                let here = Span::new(name_span.start, open);
                let problem =
                    Diagnostic::error(self.file, here, format!("the value of `{name}` is not in quotes"));
                return Err(self.broken(element, problem.help(format!("write {name}=\"...\""))));
            }
        };
        self.scan.step(1);
        let value = self.scan.pass_while(|byte| byte != quote);
        if self.scan.peek().is_none() {
            self.scan.at = value.start;
            return Err(self.open_quote(open));
        }
        self.scan.step(1);
        Ok(value)
    }

    /// Reports a mistake in a tag. If an attribute before it runs over several
    /// lines, or into the `=` of the next one, its missing quote is the true
    /// mistake, and reading goes on there.
    fn broken(&mut self, element: &mut Element, problem: Diagnostic) -> Broken {
        let runs_on = |a: &Attribute| a.value.contains(&b'\n') || a.value.ends_with(b"=");
        match element.attributes.iter().position(runs_on) {
            Some(number) => {
                let start = element.attributes[number].value_span.start;
                element.attributes.truncate(number);
                self.scan.at = start;
                self.open_quote(start - 1)
            }
            None => {
                self.problem(problem);
                Broken
            }
        }
    }

    fn open_quote(&mut self, quote: usize) -> Broken {
        let problem = Diagnostic::error(self.file, Span::new(quote, quote + 1), "this quote is not closed");
        self.problem(problem.help("end the value with the same quote"));
        Broken
    }

    fn keep(&mut self, element: &mut Element, mut attribute: Attribute) {
        if element.attribute(&attribute.name).is_some() {
            let message = format!("`{}` is given twice on <{}>", attribute.name, element.name);
            let problem = Diagnostic::error(self.file, attribute.name_span, message);
            return self.problem(problem.help("remove one of them"));
        }
        let most = self.syntax.attributes_max;
        if element.attributes.len() >= most {
            if element.attributes.len() == most {
                let message = format!("<{}> has more than {most} attributes", element.name);
                self.problem(
                    Diagnostic::error(self.file, attribute.name_span, message).help("leave some out"),
                );
            }
            return;
        }
        self.count_node(attribute.name_span);
        let Attribute { value, places, value_span, .. } = &mut attribute;
        self.expand(value, places, *value_span, false);
        element.attributes.push(attribute);
    }
}
