//! What reading rules and decoders shares: the report, the patterns, and the
//! names that are known so far.

use super::Settings;
use super::rules::{LOG_ALERT, NO_EMAIL, NO_LOG};
use crate::diagnose::{Diagnostic, Diagnostics, Span, suggest};
use crate::pattern::{Language, Options, PatternSet};
use crate::xml::{Attribute, Document, Element};
use bartizan_core::event::Category;
use bartizan_core::image::Dialect;
use bartizan_core::image::rows::rule_flag;
use std::borrow::Cow;

/// The place where elements are read.
pub(super) struct Context<'c> {
    pub(super) settings: &'c Settings,
    pub(super) report: &'c mut Diagnostics,
    pub(super) patterns: &'c mut PatternSet,
    pub(super) document: &'c Document,
    /// Names of decoders, for `decoded_as`; ids are places plus one.
    pub(super) decoder_names: &'c [Vec<u8>],
    /// Names of configured lists.
    pub(super) lists: &'c [Vec<u8>],
}

/// The number of an attribute's value: digits, of which the first `most`
/// count (OSSEC 4.3).
pub(super) fn digits(cx: &mut Context<'_>, attribute: &Attribute, most: usize) -> Option<u32> {
    let value = attribute.value.get(..most).unwrap_or(&attribute.value);
    let number = number(value);
    if number.is_none() || !attribute.value.iter().all(u8::is_ascii_digit) {
        let message = format!("`{}` takes a number", attribute.name);
        cx.problem(attribute.value_span, &message, "only digits");
        return None;
    }
    if attribute.value.len() > most {
        let message = format!("only the first {most} digits of this count");
        cx.report.push(Diagnostic::warning(cx.document.file, attribute.value_span, message));
    }
    number
}

fn number(digits: &[u8]) -> Option<u32> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}

impl Context<'_> {
    /// Reports an error at a place.
    pub(super) fn problem(&mut self, span: Span, message: &str, help: &str) {
        let diagnostic = Diagnostic::error(self.document.file, span, message);
        self.report.push(if help.is_empty() { diagnostic } else { diagnostic.help(help) });
    }

    /// Reports an error at an element.
    pub(super) fn error(&mut self, element: &Element, message: &str, help: &str) {
        self.problem(element.name_span, message, help);
    }

    /// Reports what is odd at an element.
    pub(super) fn warning(&mut self, element: &Element, message: &str, help: &str) {
        self.report.push(Diagnostic::warning(self.document.file, element.name_span, message).help(help));
    }

    /// Reports an attribute that nothing is known of.
    pub(super) fn unknown_attribute(&mut self, attribute: &Attribute, known: &[&str]) {
        let message = format!("the attribute `{}` is not known here", attribute.name);
        let help = self.did_you_mean(&attribute.name, known.iter().map(|word| word.as_bytes()));
        self.problem(attribute.name_span, &message, &help);
    }

    /// Reports an element that nothing is known of.
    pub(super) fn unknown_element(&mut self, element: &Element, known: &[&str]) {
        let message = format!("the element <{}> is not known here", element.name);
        let help = self.did_you_mean(&element.name, known.iter().map(|word| word.as_bytes()));
        self.error(element, &message, &help);
    }

    /// Reports a text that is none of the words that may stand there.
    pub(super) fn unknown_word(&mut self, element: &Element, what: &str, known: &[&str]) {
        let word = element.text_lossy();
        let help = self.did_you_mean(&word, known.iter().map(|word| word.as_bytes()));
        self.problem(element.text_span, &format!("`{word}` is not a {what}"), &help);
    }

    /// What was probably meant, or what may stand there.
    pub(super) fn did_you_mean<'w>(&self, word: &str, known: impl Iterator<Item = &'w [u8]>) -> String {
        let known: Vec<Cow<'_, str>> = known.map(String::from_utf8_lossy).collect();
        match suggest(word, known.iter().map(|word| &**word)) {
            Some(close) => format!("did you mean `{close}`?"),
            None if known.len() <= 12 => format!("known are: {}", known.join(", ")),
            None => String::new(),
        }
    }

    /// The value of a word in an attribute.
    pub(super) fn word_of(&mut self, attribute: &Attribute, word: &str, known: &[(&str, u8)]) -> Option<u8> {
        let found = known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if found.is_none() {
            let help = self.did_you_mean(word, known.iter().map(|(name, _)| name.as_bytes()));
            self.problem(attribute.value_span, &format!("`{word}` cannot stand here"), &help);
        }
        found
    }

    /// `yes` or `no`.
    pub(super) fn yes_or_no(&mut self, attribute: &Attribute) -> bool {
        let word = attribute.value_lossy().into_owned();
        self.word_of(attribute, &word, &[("yes", 1), ("no", 0)]) == Some(1)
    }

    /// The number of an element's text.
    pub(super) fn number(&mut self, element: &Element) -> Option<u32> {
        let found = number(element.text.trim_ascii());
        if found.is_none() {
            self.problem(element.text_span, "this is not a number", "only digits");
        }
        found
    }

    /// Compiles a pattern; problems are shown where they stand in the text.
    pub(super) fn pattern(&mut self, element: &Element, language: Language, text: &[u8]) -> Option<u16> {
        let options = match self.settings.dialect {
            Dialect::Ossec => Options::default(),
            Dialect::Wazuh => Options::WAZUH,
        };
        match self.patterns.add_with(language, text, options) {
            Ok(id) => Some(id.0),
            Err(error) => {
                let span = match error.offset <= element.text.len() {
                    true => element.span_of(error.offset..error.offset + 1),
                    false => element.text_span,
                };
                self.problem(span, &error.what, error.help.unwrap_or(""));
                None
            }
        }
    }

    /// Whether a pattern is a plain comparison, without captures.
    pub(super) fn is_literal(&self, pattern: u16) -> bool {
        self.patterns.facts(bartizan_core::pattern::PatternId(pattern)).is_literal_shape
    }

    /// The id of the decoder that `decoded_as` names.
    pub(super) fn decoder_id(&mut self, element: &Element) -> Option<u16> {
        let place = self.decoder_names.iter().position(|name| *name == element.text);
        if place.is_none() {
            let word = element.text_lossy();
            let help = self.did_you_mean(&word, self.decoder_names.iter().map(Vec::as_slice));
            self.problem(element.text_span, &format!("no decoder is named `{word}`"), &help);
        }
        place.map(|place| place as u16 + 1)
    }

    /// The number of a type of log.
    pub(super) fn category(&mut self, element: &Element) -> Option<u8> {
        let known = Category::WORDS.iter().find(|(word, _)| word.as_bytes() == element.text);
        if known.is_none() {
            self.unknown_word(element, "type of log", &Category::WORDS.map(|(word, _)| word));
        }
        known.map(|(_, category)| *category as u8)
    }

    /// The number of a configured list, by its name with or without `.cdb`.
    pub(super) fn list(&self, element: &Element) -> Option<u16> {
        let name = element.text.strip_suffix(b".cdb").unwrap_or(&element.text);
        self.lists.iter().position(|list| list == name).map(|place| place as u16)
    }

    /// A list that is not configured never holds (OSSEC 4.3): a warning.
    pub(super) fn no_such_list(&mut self, element: &Element) {
        let message = format!("the list `{}` is not configured, so this never holds", element.text_lossy());
        let diagnostic = Diagnostic::warning(self.document.file, element.text_span, message);
        self.report.push(diagnostic.help("add <list>PATH</list> to <rules> in the configuration"));
    }

    /// Warns of the value of an attribute.
    pub(super) fn odd_value(&mut self, attribute: &Attribute, message: &str) {
        self.report.push(Diagnostic::warning(self.document.file, attribute.value_span, message));
    }

    /// The language of texts with `^`, `$` and `|` alone.
    pub(super) fn match_language(&self) -> Language {
        match self.settings.dialect {
            Dialect::Ossec => Language::Match,
            Dialect::Wazuh => Language::OsMatch,
        }
    }

    /// Whether alerts of a level are written and mailed, given its options.
    pub(super) fn alert_flags(&self, level: u16, options: u32) -> u32 {
        let has = |bit: u32| options & bit != 0;
        let log = (level >= self.settings.log_alert_level || has(LOG_ALERT)) && !has(NO_LOG);
        let by_level = level >= self.settings.email_alert_level;
        let mail = (by_level || has(rule_flag::ALERT_BY_EMAIL)) && !has(NO_EMAIL);
        let flag = |on: bool, bit: u32| if on { bit } else { 0 };
        flag(log, rule_flag::LOG) | flag(mail, rule_flag::MAIL)
    }
}
