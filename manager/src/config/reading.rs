//! Reading one option: yes or no, a number, a text, and what to say if it is
//! none of these.

use super::{Home, Place};
use crate::diagnose::{Diagnostic, Diagnostics, SourceId, Span, suggest};
use crate::xml::Element;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// What is at hand while one file is read.
pub(super) struct Reading<'r> {
    pub(super) home: &'r Home,
    pub(super) source: SourceId,
    report: &'r mut Diagnostics,
    sources: &'r crate::diagnose::Sources,
    /// Names that a warning was given for.
    warned: BTreeSet<String>,
}

impl<'r> Reading<'r> {
    pub(super) fn new(
        home: &'r Home,
        source: SourceId,
        sources: &'r crate::diagnose::Sources,
        report: &'r mut Diagnostics,
    ) -> Self {
        Self { home, source, report, sources, warned: BTreeSet::new() }
    }

    pub(super) fn place(&self, span: Span) -> Place {
        Place { source: self.source, span }
    }

    /// The line of a place, from 1.
    pub(super) fn line_of(&self, place: Place) -> usize {
        self.sources.line_and_column(place.source, place.span.start).0
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.report.push(diagnostic);
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.report.push(Diagnostic::error(self.source, span, message).help(help));
    }

    pub(super) fn warning(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.report.push(Diagnostic::warning(self.source, span, message).help(help));
    }

    /// Warns, once for each name, of a section that has no effect.
    pub(super) fn unused_section(&mut self, section: &Element) {
        if self.warned.insert(format!("<{}>", section.name)) {
            let message = format!("the section <{}> is not used by this version", section.name);
            self.warning(section.name_span, message, "it may stay; nothing in it has an effect");
        }
    }

    /// Warns, once for each name, of options that are read and have no effect.
    pub(super) fn unused_options(&mut self, section: &Element, unused: &[&str]) {
        for option in section.children.iter().filter(|option| unused.contains(&option.name.as_str())) {
            self.other_option(section, option, &[], unused);
        }
    }

    /// An option that has no effect if it is one of `unused`, or else unknown.
    pub(super) fn other_option(
        &mut self,
        section: &Element,
        option: &Element,
        used: &[&str],
        unused: &[&str],
    ) {
        let (section, name) = (&section.name, &option.name);
        if unused.contains(&name.as_str()) {
            if self.warned.insert(format!("{section} {name}")) {
                let message = format!("the option <{name}> in <{section}> is not used by this version");
                self.warning(option.name_span, message, "it may stay; it has no effect");
            }
            return;
        }
        let help = match suggest(name, used.iter().chain(unused)) {
            Some(known) => format!("did you mean <{known}>?"),
            None => format!("options of <{section}> are {}", used.join(", ")),
        };
        self.error(option.name_span, format!("there is no option <{name}> in <{section}>"), help);
    }

    /// The attributes of an option that takes none, or only those named.
    pub(super) fn only_attributes(&mut self, option: &Element, known: &[&str]) {
        for attribute in &option.attributes {
            if known.contains(&attribute.name.as_str()) {
                continue;
            }
            let message = format!("<{}> has no attribute `{}`", option.name, attribute.name);
            let help = match suggest(&attribute.name, known) {
                Some(known) => format!("did you mean `{known}`?"),
                None => "remove it".to_string(),
            };
            self.error(attribute.name_span, message, help);
        }
    }

    /// `yes` or `no`; anything else is reported.
    pub(super) fn yes_or_no(&mut self, option: &Element) -> Option<bool> {
        match option.text.as_slice() {
            b"yes" => return Some(true),
            b"no" => return Some(false),
            _ => {}
        }
        let name = &option.name;
        let help = match option.text.trim_ascii().to_ascii_lowercase().as_slice() {
            b"yes" | b"true" | b"on" | b"1" => {
                format!("write <{name}>yes</{name}>, without spaces")
            }
            b"no" | b"false" | b"off" | b"0" => {
                format!("write <{name}>no</{name}>, without spaces")
            }
            _ => format!("write <{name}>yes</{name}> or <{name}>no</{name}>"),
        };
        self.error(value_span(option), format!("<{name}> takes yes or no"), help);
        None
    }

    /// A number of digits within the range; anything else is reported.
    pub(super) fn number(&mut self, option: &Element, range: RangeInclusive<u32>) -> Option<u32> {
        let number = number(&option.text).filter(|number| range.contains(number));
        if number.is_none() {
            let message =
                format!("<{}> takes a number from {} to {}", option.name, range.start(), range.end());
            self.error(value_span(option), message, "write it in digits, without spaces");
        }
        number
    }

    /// A text that is not empty and is UTF-8; anything else is reported.
    pub(super) fn text(&mut self, option: &Element) -> Option<String> {
        let name = &option.name;
        match std::str::from_utf8(&option.text) {
            Ok("") => {
                self.error(option.name_span, format!("<{name}> is empty"), "give it a value, or remove it")
            }
            Ok(text) => return Some(text.to_string()),
            Err(error) => {
                let at = error.valid_up_to();
                self.error(
                    option.span_of(at..at + 1),
                    format!("<{name}> is not UTF-8"),
                    "save the file as UTF-8",
                );
            }
        }
        None
    }
}

/// The place of an option's value, or of its name if there is none.
pub(super) fn value_span(option: &Element) -> Span {
    if option.text.is_empty() { option.name_span } else { option.span_of(0..option.text.len()) }
}

/// A number in digits and nothing else.
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}
