//! `<localfile>`: what is followed, and how its lines become events.

use super::Place;
use super::assembly::{self, RegexFormat, check_pattern, choice};
use super::log_format::{self, LogFormat};
use super::reading::{Reading, number, value_span};
use super::sections::LOCALFILE_UNUSED;
use crate::diagnose::Diagnostic;
use crate::pattern::Language;
use crate::xml::Element;

/// Seconds between two runs of a command, if nothing is said.
const FREQUENCY: u32 = 360;

/// Seconds between two runs of a command at most: a year.
const FREQUENCY_MAX: u32 = 31_536_000;

/// Entries of one list of options.
const LIST_MAX: usize = 64;

/// Seconds that a command may take at most.
const TIMEOUT_MAX: u32 = 3600;

/// Events a second that a source may be held to.
const RATE_MAX: u32 = 1_000_000;

/// Seconds within which equal refused packets are one event, at most.
pub(super) const MERGE_MAX: u32 = 300;

/// One `<localfile>`. Has a location or, for commands, a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFile {
    /// Path, glob, dated name, journal unit or channel, as it is written.
    pub location: Option<String>,
    /// How lines become events.
    pub format: LogFormat,
    /// A command for the shell, whose output is followed.
    pub command: Option<String>,
    /// What the command is called in events; `:` is replaced by `\`.
    pub alias: Option<String>,
    /// Seconds between two runs of the command.
    pub frequency: u32,
    /// Whether events from before the start are passed over.
    pub only_future_events: bool,
    /// Which events of a channel are wanted.
    pub query: Option<String>,
    /// What marks the records of [`LogFormat::Regex`].
    pub regex: Option<Box<RegexFormat>>,
    /// Files that a pattern of names does not mean.
    pub exclude: Vec<String>,
    /// Seconds since the last change after which a file is passed over.
    pub age: Option<u32>,
    /// Records of which one of these holds are dropped.
    pub ignore: Vec<Condition>,
    /// If there are any, records of which none of these holds are dropped.
    pub restrict: Vec<Condition>,
    /// What entries of the journal must hold, all of it.
    pub filters: Vec<Filter>,
    /// Units of the journal that are wanted; empty for all.
    pub units: Vec<String>,
    /// Identifiers of the journal that are wanted; empty for all.
    pub identifiers: Vec<String>,
    /// Greatest priority of the journal that is wanted: 0 (emergency) to 7 (debug).
    pub priority: Option<u8>,
    /// Seconds after which the command is ended.
    pub timeout: Option<u32>,
    /// Events a second at most; the source waits.
    pub rate_limit: Option<u32>,
    /// Seconds within which equal refused packets are one event.
    pub merge_packets: Option<u32>,
    /// Where it is configured.
    pub place: Place,
}

/// A pattern on the text of a record (Wazuh 4.14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its language.
    pub language: Language,
    /// The pattern, which can be used.
    pub pattern: String,
}

/// A condition on a field of the journal (Wazuh 4.14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The field.
    pub field: String,
    /// The pattern (PCRE2) that its value has to match.
    pub pattern: String,
    /// An entry without the field passes.
    pub ignore_if_missing: bool,
}

const OPTIONS: [&str; 19] = [
    "location",
    "log_format",
    "command",
    "alias",
    "frequency",
    "timeout",
    "only-future-events",
    "query",
    "exclude",
    "age",
    "ignore",
    "restrict",
    "multiline_regex",
    "filter",
    "unit",
    "identifier",
    "priority",
    "rate_limit",
    "merge_packets",
];

/// Names of priorities (RFC 5424 §6.2.1), as journalctl takes them, too.
const PRIORITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// A `<localfile>` of which options may still be missing.
#[derive(Default)]
struct Parts {
    location: Option<String>,
    format: Option<LogFormat>,
    command: Option<String>,
    alias: Option<String>,
    frequency: Option<u32>,
    only_future_events: Option<bool>,
    query: Option<String>,
    /// What the format's own attributes say, or `<multiline_regex>`.
    regex: Option<RegexFormat>,
    /// The format is `multi-line-regex`, which needs `<multiline_regex>`.
    needs_multiline: bool,
    exclude: Vec<String>,
    age: Option<u32>,
    ignore: Vec<Condition>,
    restrict: Vec<Condition>,
    filters: Vec<Filter>,
    units: Vec<String>,
    identifiers: Vec<String>,
    priority: Option<u8>,
    timeout: Option<u32>,
    rate_limit: Option<u32>,
    merge_packets: Option<u32>,
    /// Something was wrong and is reported, so that less is missing than it seems.
    flawed: bool,
}

impl LocalFile {
    /// Reads one `<localfile>`; `None` if it cannot be used, which is reported.
    pub(super) fn read(reading: &mut Reading<'_>, section: &Element) -> Option<Self> {
        let mut parts = Parts::default();
        for option in &section.children {
            reading.only_attributes(option, attributes(option));
            parts.take(reading, section, option);
        }
        parts.check(reading, section)?;
        Some(Self {
            format: parts.format?,
            location: parts.location,
            command: parts.command,
            alias: parts.alias.map(|alias| alias.replace(':', "\\")),
            frequency: parts.frequency.unwrap_or(FREQUENCY),
            only_future_events: parts.only_future_events.unwrap_or(true),
            query: parts.query,
            regex: parts.regex.filter(|_| parts.format == Some(LogFormat::Regex)).map(Box::new),
            exclude: parts.exclude,
            age: parts.age,
            ignore: parts.ignore,
            restrict: parts.restrict,
            filters: parts.filters,
            units: parts.units,
            identifiers: parts.identifiers,
            priority: parts.priority,
            timeout: parts.timeout,
            rate_limit: parts.rate_limit,
            merge_packets: parts.merge_packets,
            place: reading.place(section.name_span),
        })
    }
}

/// The attributes that an option may have.
fn attributes(option: &Element) -> &'static [&'static str] {
    match option.name.as_str() {
        "log_format" => assembly::attributes(&option.text_lossy()),
        // Wazuh 4.14.
        "only-future-events" => &["max-size"],
        "query" => &["type", "level"],
        "ignore" | "restrict" => &["type"],
        "filter" => &["field", "ignore_if_missing"],
        "multiline_regex" => &["match", "replace", "timeout"],
        "label" => &["key"],
        "out_format" => &["target"],
        _ => &[],
    }
}

impl Parts {
    fn take(&mut self, reading: &mut Reading<'_>, section: &Element, option: &Element) {
        match option.name.as_str() {
            "location" => self.location = self.flaw(reading.text(option)),
            "log_format" => {
                let format = self.log_format(reading, option);
                self.format = self.flaw(format);
            }
            "command" => self.command = self.flaw(reading.text(option)),
            "alias" => self.alias = reading.text(option),
            "frequency" => self.frequency = frequency(reading, option),
            "timeout" => self.timeout = reading.number(option, 1..=TIMEOUT_MAX),
            "only-future-events" => self.only_future_events = reading.yes_or_no(option),
            "query" => self.query = reading.text(option),
            "exclude" => push(reading, option, &mut self.exclude, text),
            "age" => self.age = age(reading, option),
            "ignore" => push(reading, option, &mut self.ignore, condition),
            "restrict" => push(reading, option, &mut self.restrict, condition),
            "multiline_regex" => {
                let regex = assembly::multiline_regex(reading, option);
                self.regex = self.flaw(regex);
            }
            "filter" => push(reading, option, &mut self.filters, filter),
            "unit" => push(reading, option, &mut self.units, text),
            "identifier" => push(reading, option, &mut self.identifiers, text),
            "priority" => self.priority = priority(reading, option),
            "merge_packets" => self.merge_packets = self.merging(reading, option),
            "rate_limit" => self.rate_limit = reading.number(option, 1..=RATE_MAX),
            _ => reading.other_option(section, option, &OPTIONS, &LOCALFILE_UNUSED),
        }
    }

    fn merging(&mut self, reading: &mut Reading<'_>, option: &Element) -> Option<u32> {
        let seconds = reading.number(option, 1..=MERGE_MAX);
        self.flaw(seconds)
    }

    fn flaw<T>(&mut self, value: Option<T>) -> Option<T> {
        self.flawed |= value.is_none();
        value
    }

    fn log_format(&mut self, reading: &mut Reading<'_>, option: &Element) -> Option<LogFormat> {
        let name = reading.text(option)?;
        match name.as_str() {
            "multi-line" => assembly::multi_line(reading, option),
            "linux_auditd" => assembly::linux_auditd(reading, option),
            "regex" => {
                self.regex = Some(assembly::regex(reading, option)?);
                Some(LogFormat::Regex)
            }
            "multi-line-regex" => {
                self.needs_multiline = true;
                Some(LogFormat::Regex)
            }
            name => LogFormat::from_name(name).or_else(|| log_format::unknown(reading, option, name)),
        }
    }

    /// Whether all that is needed is there.
    fn check(&self, reading: &mut Reading<'_>, section: &Element) -> Option<()> {
        let is_command = self.format.is_some_and(LogFormat::is_command);
        let missing = match self.format {
            _ if self.flawed => return None,
            None => "log_format",
            Some(_) if is_command && self.command.is_none() => "command",
            Some(_) if !is_command && self.location.is_none() && self.command.is_none() => "location",
            Some(_) if self.needs_multiline && self.regex.is_none() => "multiline_regex",
            Some(format) => return self.check_merging(reading, section, format),
        };
        let message = format!("this <localfile> has no <{missing}>");
        let help = match missing {
            "log_format" => "add one, for example <log_format>syslog</log_format>",
            "command" => "add the command whose output is to be followed",
            "multiline_regex" => "add a pattern of the first line of a record",
            _ => "add the path of the file that is to be followed",
        };
        reading.error(section.name_span, message, help);
        None
    }
}

impl Parts {
    /// Packets are merged where a line is an event.
    fn check_merging(&self, reading: &mut Reading<'_>, section: &Element, format: LogFormat) -> Option<()> {
        let works = format.is_line() && format != LogFormat::Json || format == LogFormat::Journald;
        if self.merge_packets.is_some() && !works {
            let help = "use it with <log_format>syslog</log_format>, or with the journal";
            reading.error(section.name_span, "packets are merged only where a line is an event", help);
            return None;
        }
        Some(())
    }
}

fn text(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    reading.text(option)
}

/// Adds what an option says to a list.
fn push<T>(
    reading: &mut Reading<'_>,
    option: &Element,
    list: &mut Vec<T>,
    read: impl FnOnce(&mut Reading<'_>, &Element) -> Option<T>,
) {
    if list.len() == LIST_MAX {
        let message = format!("there are more than {LIST_MAX} <{}>", option.name);
        return reading.error(option.name_span, message, "leave some out, or write wildcards");
    }
    list.extend(read(reading, option));
}

/// `<ignore type="pcre2|osregex|osmatch">` (Wazuh 4.14).
fn condition(reading: &mut Reading<'_>, option: &Element) -> Option<Condition> {
    let language = match choice(reading, option, "type", &["pcre2", "PCRE2", "osregex", "osmatch"])? {
        Some("osregex") => Language::Regex,
        Some("osmatch") => Language::Match,
        _ => Language::Pcre2,
    };
    Some(Condition { language, pattern: pattern(reading, option, language)? })
}

/// `<filter field="…" ignore_if_missing="yes">` (Wazuh 4.14).
fn filter(reading: &mut Reading<'_>, option: &Element) -> Option<Filter> {
    let pattern = pattern(reading, option, Language::Pcre2)?;
    let Some(field) = option.attribute("field").filter(|field| !field.value.is_empty()) else {
        let help = "write <filter field=\"_SYSTEMD_UNIT\">^sshd</filter>";
        reading.error(option.name_span, "this <filter> names no field", help);
        return None;
    };
    let ignore_if_missing = choice(reading, option, "ignore_if_missing", &["yes", "no"])? == Some("yes");
    Some(Filter { field: field.value_lossy().into_owned(), pattern, ignore_if_missing })
}

/// The text of an option that is a pattern which can be used.
fn pattern(reading: &mut Reading<'_>, option: &Element, language: Language) -> Option<String> {
    let pattern = reading.text(option)?;
    let Err((what, offset, help)) = check_pattern(language, pattern.as_bytes()) else {
        return Some(pattern);
    };
    let place = option.span_of(offset.min(pattern.len() - 1)..pattern.len());
    reading.push(Diagnostic::error(reading.source, place, what).help(help.unwrap_or_default()));
    None
}

/// A number with a unit: `90`, `15m`, `7d` (Wazuh 4.14).
fn age(reading: &mut Reading<'_>, option: &Element) -> Option<u32> {
    let text = reading.text(option)?;
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("w", 604_800)];
    let with = |(unit, seconds)| number(text.strip_suffix(unit)?.as_bytes())?.checked_mul(seconds);
    let found = number(text.as_bytes()).or_else(|| units.into_iter().find_map(with));
    if found.is_none() {
        let help = "write a number and s, m, h, d or w: <age>7d</age>";
        reading.error(value_span(option), format!("<{}> takes a time", option.name), help);
    }
    found
}

/// A priority by its name or number.
fn priority(reading: &mut Reading<'_>, option: &Element) -> Option<u8> {
    let text = reading.text(option)?;
    let found = PRIORITIES.iter().position(|name| *name == text);
    let found =
        found.or_else(|| number(text.as_bytes()).map(|n| n as usize).filter(|n| *n < PRIORITIES.len()));
    if found.is_none() {
        let help = format!("write 0 to 7, or one of {}", PRIORITIES.join(", "));
        reading.error(value_span(option), format!("there is no priority `{text}`"), help);
    }
    found.map(|priority| priority as u8)
}

fn frequency(reading: &mut Reading<'_>, option: &Element) -> Option<u32> {
    match option.text.as_slice() {
        b"hourly" => Some(3600),
        b"daily" => Some(86_400),
        text => {
            let seconds = number(text).filter(|seconds| (1..=FREQUENCY_MAX).contains(seconds));
            if seconds.is_none() {
                let message = format!("<frequency> takes seconds from 1 to {FREQUENCY_MAX}, hourly or daily");
                reading.error(value_span(option), message, "write it in digits, without spaces");
            }
            seconds
        }
    }
}
