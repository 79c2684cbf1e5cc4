//! Reading one option: yes or no, a number, a text, and what to say if it is
//! none of these.

use super::About;
use super::report::{Fault, Report, Span};
use super::suggest::suggest;
use super::xml::{Element, Text, Xml};
use std::fmt;
use std::ops::RangeInclusive;

/// What is at hand while one file is read.
pub(super) struct Reading<'t> {
    pub(super) xml: Xml<'t>,
    pub(super) about: About<'t>,
    pub(super) report: Report,
    bytes: &'t [u8],
    /// Names that a warning was given for.
    warned: Vec<String>,
}

impl<'t> Reading<'t> {
    pub(super) fn new(bytes: &'t [u8], about: About<'t>) -> Result<Self, Fault> {
        Ok(Self { xml: Xml::new(bytes)?, about, report: Report::default(), bytes, warned: Vec::new() })
    }

    pub(super) fn fault(&mut self, fault: &Fault) {
        self.report.error(self.about.file, self.bytes, fault);
    }

    pub(super) fn error(&mut self, at: Span, message: fmt::Arguments<'_>, help: &str) {
        self.fault(&Fault::new(at, message).help(help));
    }

    pub(super) fn warning(&mut self, at: Span, message: fmt::Arguments<'_>, help: &str) {
        self.report.warning(self.about.file, self.bytes, &Fault::new(at, message).help(help));
    }

    /// Passes a section that has no effect; says so once for each name.
    pub(super) fn unused_section(&mut self, section: &Element<'t>) -> Result<(), Fault> {
        let message = format!("the section <{}> is not used by this agent", section.name);
        self.warn_once(section.name_at, message, "it may stay; nothing in it has an effect");
        self.xml.skip()
    }

    /// Passes an option that has no effect if it is one of `unused`, or else
    /// is unknown.
    pub(super) fn other_option(
        &mut self,
        section: &str,
        option: &Element<'t>,
        used: &[&'static str],
        unused: &[&'static str],
    ) -> Result<(), Fault> {
        self.not_an_option(section, option, used, unused);
        self.xml.skip()
    }

    /// Says of an option that it has no effect, or that it is unknown.
    pub(super) fn not_an_option(
        &mut self,
        section: &str,
        option: &Element<'t>,
        used: &[&'static str],
        unused: &[&'static str],
    ) {
        let name = option.name;
        if unused.contains(&name) {
            let message = format!("the option <{name}> in <{section}> is not used by this agent");
            self.warn_once(option.name_at, message, "it may stay; it has no effect");
        } else {
            let help = match suggest(name, &[used, unused]) {
                Some(known) => format!("did you mean <{known}>?"),
                None => format!("options of <{section}> are {}", used.join(", ")),
            };
            self.error(option.name_at, format_args!("there is no option <{name}> in <{section}>"), &help);
        }
    }

    /// A warning, unless the same was given before.
    pub(super) fn warn_once(&mut self, at: Span, message: String, help: &str) {
        if !self.warned.contains(&message) {
            self.warning(at, format_args!("{message}"), help);
            self.warned.push(message);
        }
    }

    /// Reports attributes of an element that are not among those known.
    pub(super) fn only_attributes(&mut self, element: &Element<'t>, known: &[&'static str]) {
        for attribute in &element.attributes {
            if known.contains(&attribute.name) {
                continue;
            }
            let message = format_args!("<{}> has no attribute `{}`", element.name, attribute.name);
            let help = match suggest(attribute.name, &[known]) {
                Some(known) => format!("did you mean `{known}`?"),
                None => "remove it".to_string(),
            };
            self.error(attribute.at, message, &help);
        }
    }

    /// `yes` or `no`; anything else is reported.
    pub(super) fn yes_or_no(&mut self, option: &Element<'t>) -> Result<Option<bool>, Fault> {
        let text = self.xml.text(option)?;
        match &*text.bytes {
            b"yes" => return Ok(Some(true)),
            b"no" => return Ok(Some(false)),
            _ => {}
        }
        let name = option.name;
        let help = format!("write <{name}>yes</{name}> or <{name}>no</{name}>, without spaces");
        self.error(value_at(option, &text), format_args!("<{name}> takes yes or no"), &help);
        Ok(None)
    }

    /// A number of digits within the range; anything else is reported.
    pub(super) fn number(
        &mut self,
        option: &Element<'t>,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, Fault> {
        let text = self.xml.text(option)?;
        let number = number(&text.bytes).filter(|number| range.contains(number));
        if number.is_none() {
            let message =
                format_args!("<{}> takes a number from {} to {}", option.name, range.start(), range.end());
            self.error(value_at(option, &text), message, "write it in digits, without spaces");
        }
        Ok(number)
    }

    /// A text that is not empty and is UTF-8, with its place; anything else is
    /// reported.
    pub(super) fn text(&mut self, option: &Element<'t>) -> Result<Option<(String, Span)>, Fault> {
        let name = option.name;
        let text = self.xml.text(option)?;
        let at = value_at(option, &text);
        match String::from_utf8(text.bytes.into_owned()) {
            Ok(text) if text.is_empty() => {
                self.error(at, format_args!("<{name}> is empty"), "give it a value, or remove it");
                Ok(None)
            }
            Ok(text) => Ok(Some((text, at))),
            Err(_) => {
                self.error(at, format_args!("<{name}> is not UTF-8"), "save the file as UTF-8");
                Ok(None)
            }
        }
    }

    /// A text whose place does not matter.
    pub(super) fn value(&mut self, option: &Element<'t>) -> Result<Option<String>, Fault> {
        Ok(self.text(option)?.map(|(text, _)| text))
    }

    /// A path from the root; anything else is reported.
    pub(super) fn path(&mut self, option: &Element<'t>) -> Result<Option<String>, Fault> {
        let Some((path, at)) = self.text(option)? else { return Ok(None) };
        if path.starts_with('/') {
            return Ok(Some(path));
        }
        let help = "a path begins with `/`, without a blank before it";
        self.error(at, format_args!("<{}> takes a whole path", option.name), help);
        Ok(None)
    }

    /// Seconds: a number, or one with s, m, h, d or w behind it.
    pub(super) fn duration_s(&mut self, option: &Element<'t>) -> Result<Option<u32>, Fault> {
        let suffixes = [(b's', 1), (b'm', 60), (b'h', 3600), (b'd', 86_400), (b'w', 604_800)];
        self.scaled(option, &suffixes, "a time such as 90, 30m, 12h or 7d")
    }

    /// Bytes: a number, or one with k or m behind it.
    pub(super) fn bytes(&mut self, option: &Element<'t>) -> Result<Option<u32>, Fault> {
        let suffixes = [(b'k', 1 << 10), (b'm', 1 << 20), (b'K', 1 << 10), (b'M', 1 << 20)];
        self.scaled(option, &suffixes, "a size such as 65536, 512k or 4m")
    }

    fn scaled(
        &mut self,
        option: &Element<'t>,
        suffixes: &[(u8, u32)],
        what: &str,
    ) -> Result<Option<u32>, Fault> {
        let text = self.xml.text(option)?;
        let suffix = suffixes.iter().find(|(suffix, _)| text.bytes.last() == Some(suffix));
        let digits = text.bytes.get(..text.bytes.len() - usize::from(suffix.is_some())).unwrap_or(b"");
        let scale = suffix.map_or(1, |(_, scale)| *scale);
        let value = number(digits).and_then(|number| number.checked_mul(scale));
        if value.is_none() {
            let message = format_args!("<{}> takes {what}", option.name);
            self.error(value_at(option, &text), message, "write it without spaces");
        }
        Ok(value)
    }
}

/// The place of an option's value, or of its name if there is none.
pub(super) fn value_at(option: &Element<'_>, text: &Text<'_>) -> Span {
    if text.bytes.is_empty() { option.name_at } else { text.at }
}

/// A number in digits and nothing else.
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}
