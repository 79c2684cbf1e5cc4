//! How the lines of a `<localfile>` make records: what the attributes of
//! `<log_format>` and the element `<multiline_regex>` say.

use super::log_format::LogFormat;
use super::reading::{Reading, number, value_span};
use crate::diagnose::{Diagnostic, Span};
use crate::pattern::{Language, PatternSet, cases};
use crate::xml::{Attribute, Element};
pub use bartizan_core::assemble::Wait;
use bartizan_core::assemble::{Join, TIMEOUT_MS};
use std::ops::RangeInclusive;

/// Lines that one event of `multi-line:N` may have.
pub(super) const LINES_MAX: u32 = 1000;

/// Rounds that lines of the Linux audit log may wait, and how long one is
/// (OSSEC 4.3: `loop_timeout`).
const ROUNDS: RangeInclusive<u32> = 0..=1000;
const ROUND_MS: u32 = 2000;

/// Seconds after the last line at which a record ends anyway (Wazuh 4.14).
const TIMEOUTS_S: RangeInclusive<u32> = 1..=120;

/// Letters that change how patterns are read, as PCRE2 has them.
const FLAGS: &str = "imsxU";

/// The patterns that mark records: PCRE2, without case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegexFormat {
    /// Matches the first line of a record.
    pub start: Option<String>,
    /// Matches the last line of a record.
    pub end: Option<String>,
    /// Its first group names the record that a line belongs to.
    pub key: Option<String>,
    /// Matches all lines of a record together.
    pub all: Option<String>,
    /// What stands between lines.
    pub join: Join,
    /// Milliseconds after the last line at which a record ends anyway.
    pub timeout_ms: u32,
}

impl Default for RegexFormat {
    fn default() -> Self {
        Self { start: None, end: None, key: None, all: None, join: Join::default(), timeout_ms: TIMEOUT_MS }
    }
}

/// Attributes that `<log_format>` may have, by format.
pub(super) fn attributes(name: &str) -> &'static [&'static str] {
    match name {
        "multi-line" => &["lines"],
        "regex" => &["start_regex", "end_regex", "key_regex", "flags"],
        "linux_auditd" => &["timeout", "window"],
        _ => &[],
    }
}

/// `<log_format lines="N">multi-line</log_format>`.
pub(super) fn multi_line(reading: &mut Reading<'_>, option: &Element) -> Option<LogFormat> {
    let Some(lines) = option.attribute("lines") else {
        let help = format!("write multi-line:N, where N is a number of lines from 1 to {LINES_MAX}");
        reading.error(value_span(option), "there is no log format `multi-line`", help);
        return None;
    };
    Some(LogFormat::MultiLine(attribute_number(reading, lines, 1..=LINES_MAX)? as u16))
}

/// `linux_auditd`: how many rounds the lines of an event are waited for.
pub(super) fn linux_auditd(reading: &mut Reading<'_>, option: &Element) -> Option<LogFormat> {
    let wait = match (option.attribute("timeout"), option.attribute("window")) {
        (Some(rounds), None) => Wait::Timeout(attribute_number(reading, rounds, ROUNDS)? * ROUND_MS),
        (None, Some(rounds)) => Wait::Window(attribute_number(reading, rounds, ROUNDS)? * ROUND_MS),
        _ => {
            let help =
                "write timeout=\"N\", rounds of 2 s after the last line, or window=\"N\", after the first";
            let message = "linux_auditd takes exactly one of `timeout` and `window`";
            reading.error(option.name_span, message, help);
            return None;
        }
    };
    Some(LogFormat::LinuxAuditd(wait))
}

/// `<log_format start_regex= end_regex= key_regex= flags=>regex</log_format>`.
pub(super) fn regex(reading: &mut Reading<'_>, option: &Element) -> Option<RegexFormat> {
    let flags = flags(reading, option)?;
    let mut format = RegexFormat::default();
    let places =
        [("start_regex", &mut format.start), ("end_regex", &mut format.end), ("key_regex", &mut format.key)];
    for (name, place) in places {
        if let Some(attribute) = option.attribute(name) {
            let span = |part| attribute.span_of(part);
            *place = Some(expression(reading, &flags, &attribute.value, attribute.value_span, span)?);
        }
    }
    if format.start.is_none() && format.end.is_none() {
        let help = "write <log_format start_regex=\"^\\d\">regex</log_format>";
        reading.error(option.name_span, "the format regex needs a `start_regex` or an `end_regex`", help);
        return None;
    }
    Some(format)
}

fn flags(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let Some(attribute) = option.attribute("flags").filter(|flags| !flags.value.is_empty()) else {
        return Some(String::new());
    };
    let letters = attribute.value_lossy();
    if letters.contains(|letter| !FLAGS.contains(letter)) {
        let help = "i takes no notice of case, x none of blanks in the pattern";
        reading.error(attribute.value_span, "flags are the letters i, m, s, x and U", help);
        return None;
    }
    Some(format!("(?{letters})"))
}

/// `<multiline_regex match="start|all|end" replace="…" timeout="…">` (Wazuh 4.14).
pub(super) fn multiline_regex(reading: &mut Reading<'_>, option: &Element) -> Option<RegexFormat> {
    let pattern =
        expression(reading, "", &option.text, value_span(option), |part| option.span_of(part)).map(Some)?;
    let mut format = match choice(reading, option, "match", &["start", "all", "end"])? {
        Some("all") => RegexFormat { all: pattern, ..RegexFormat::default() },
        Some("end") => RegexFormat { end: pattern, ..RegexFormat::default() },
        _ => RegexFormat { start: pattern, ..RegexFormat::default() },
    };
    format.join = match choice(reading, option, "replace", &["no-replace", "wspace", "tab", "none"])? {
        Some("wspace") => Join::Space,
        Some("tab") => Join::Tab,
        Some("none") => Join::Nothing,
        _ => Join::Newline,
    };
    if let Some(seconds) = option.attribute("timeout") {
        format.timeout_ms = attribute_number(reading, seconds, TIMEOUTS_S)? * 1000;
    }
    Some(format)
}

/// A pattern of PCRE2 that can be used, with its flags in front.
fn expression(
    reading: &mut Reading<'_>,
    flags: &str,
    pattern: &[u8],
    place: Span,
    span: impl Fn(std::ops::Range<usize>) -> Span,
) -> Option<String> {
    let with_flags = [flags.as_bytes(), pattern].concat();
    let checked = match String::from_utf8(with_flags) {
        Ok(text) => check_pattern(Language::Pcre2, text.as_bytes()).map(|()| text),
        Err(_) => Err(("the pattern is not UTF-8".to_owned(), 0, Some("save the file as UTF-8".to_owned()))),
    };
    match checked {
        Ok(text) => Some(text),
        Err((what, offset, help)) => {
            let at = offset.saturating_sub(flags.len());
            let place = if at < pattern.len() { span(at..at + 1) } else { place };
            reading.push(Diagnostic::error(reading.source, place, what).help(help.unwrap_or_default()));
            None
        }
    }
}

/// What is wrong with a pattern, where, and what to do.
pub(super) fn check_pattern(
    language: Language,
    pattern: &[u8],
) -> Result<(), (String, usize, Option<String>)> {
    let added = PatternSet::new(cases).add(language, pattern);
    added.map(drop).map_err(|error| (error.what.into_owned(), error.offset, error.help.map(str::to_owned)))
}

/// The value of an attribute that is one of a few words; the inner `None` if
/// there is no such attribute.
pub(super) fn choice<'w>(
    reading: &mut Reading<'_>,
    option: &Element,
    name: &str,
    words: &[&'w str],
) -> Option<Option<&'w str>> {
    let Some(attribute) = option.attribute(name) else {
        return Some(None);
    };
    let found = words.iter().find(|word| word.as_bytes() == attribute.value);
    if found.is_none() {
        let message = format!("`{}` is no value of `{name}`", attribute.value_lossy());
        reading.error(attribute.value_span, message, format!("write one of {}", words.join(", ")));
    }
    found.map(|word| Some(*word))
}

fn attribute_number(
    reading: &mut Reading<'_>,
    attribute: &Attribute,
    range: RangeInclusive<u32>,
) -> Option<u32> {
    let found = number(&attribute.value).filter(|number| range.contains(number));
    if found.is_none() {
        let message =
            format!("`{}` takes a number from {} to {}", attribute.name, range.start(), range.end());
        reading.error(attribute.value_span, message, "write it in digits, without spaces");
    }
    found
}
