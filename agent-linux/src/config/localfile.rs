//! `<localfile>`: what is followed, and how its lines become events.

use super::log_format::{Kind, expression, log_format, multiline_regex};
use super::reading::{Reading, number};
use super::report::{Fault, Span};
use super::sections::LOCALFILE_UNUSED;
use super::xml::Element;
use super::{Command, Config, File, Filter, Journal, LogFormat, RegexFormat, SOURCES_MAX, Stream};
use crate::files::Priority;
use bartizan_core::assemble::Format;
use std::ops::RangeInclusive;

/// Seconds between two runs of a command, if nothing is said (OSSEC 4.3).
const FREQUENCY_S: u32 = 360;

/// Seconds that a command may take, if nothing is said.
const TIMEOUT_S: u32 = 120;

/// Seconds between two runs of a command: up to a year.
const FREQUENCIES: RangeInclusive<u32> = 1..=31_536_000;

/// Seconds within which equal refused packets are one event.
pub(super) const MERGE_S: RangeInclusive<u32> = 1..=300;

/// Entries of one list of options.
const LIST_MAX: usize = 64;

/// The ring of the kernel, which is no file although it looks like one.
const KERNEL: &str = "/dev/kmsg";

const OPTIONS: [&str; 17] = [
    "location",
    "log_format",
    "command",
    "alias",
    "frequency",
    "timeout",
    "only-future-events",
    "exclude",
    "age",
    "multiline_regex",
    "filter",
    "unit",
    "identifier",
    "priority",
    "rate_limit",
    "query",
    "merge_packets",
];

/// Names of priorities (RFC 5424 §6.2.1), as journalctl takes them too.
const PRIORITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// A `<localfile>` of which options may still be missing.
#[derive(Default)]
struct Parts {
    location: Option<String>,
    kind: Option<Kind>,
    command: Option<(String, Span)>,
    alias: Option<String>,
    frequency_s: Option<u32>,
    timeout_s: Option<u32>,
    from_start: bool,
    exclude: Vec<String>,
    age_s: Option<u32>,
    multiline: Option<Box<RegexFormat>>,
    journal: Journal,
    rate_limit: Option<u32>,
    /// Seconds, and where they are written.
    merge_s: Option<(u32, Span)>,
    turns: Priority,
    /// Something was wrong and is reported, so that less is missing than it seems.
    flawed: bool,
}

/// Reads one `<localfile>` and adds it to the configuration.
pub(super) fn read<'t>(
    reading: &mut Reading<'t>,
    section: &Element<'t>,
    config: &mut Config,
) -> Result<(), Fault> {
    let mut parts = Parts::default();
    while let Some(option) = reading.xml.child()? {
        parts.take(reading, section, &option)?;
    }
    if !parts.flawed {
        parts.add(reading, section, config);
    }
    Ok(())
}

impl Parts {
    fn take<'t>(
        &mut self,
        reading: &mut Reading<'t>,
        section: &Element<'t>,
        option: &Element<'t>,
    ) -> Result<(), Fault> {
        reading.only_attributes(option, attributes(option.name));
        match option.name {
            "location" => {
                let location = reading.value(option)?;
                self.location = self.flaw(location);
            }
            "log_format" => {
                let kind = log_format(reading, option)?;
                self.kind = self.flaw(kind);
            }
            "command" => {
                let command = reading.text(option)?;
                self.command = self.flaw(command);
            }
            "alias" => self.alias = reading.value(option)?,
            "frequency" => self.frequency_s = frequency(reading, option)?,
            "timeout" => self.timeout_s = reading.number(option, 1..=3600)?,
            "only-future-events" => self.from_start = reading.yes_or_no(option)? == Some(false),
            "exclude" => push(reading, option, &mut self.exclude)?,
            "age" => self.age_s = reading.duration_s(option)?,
            "multiline_regex" => self.multiline = multiline_regex(reading, option)?,
            "filter" => self.filter(reading, option)?,
            "unit" => push(reading, option, &mut self.journal.units)?,
            "identifier" => push(reading, option, &mut self.journal.identifiers)?,
            "priority" => self.priority(reading, option)?,
            "merge_packets" => {
                let seconds = reading.number(option, MERGE_S)?;
                self.merge_s = self.flaw(seconds).map(|seconds| (seconds, option.name_at));
            }
            "rate_limit" => self.rate_limit = reading.number(option, 1..=1_000_000)?,
            _ => reading.other_option(section.name, option, &OPTIONS, &LOCALFILE_UNUSED)?,
        }
        Ok(())
    }

    /// Of a file: whose turn comes first. Of the journal: which entries.
    fn priority<'t>(&mut self, reading: &mut Reading<'t>, option: &Element<'t>) -> Result<(), Fault> {
        let Some((text, at)) = reading.text(option)? else { return Ok(()) };
        match text.as_str() {
            "high" => self.turns = Priority::High,
            "normal" => self.turns = Priority::Normal,
            "low" => self.turns = Priority::Low,
            _ => self.journal.priority = entry_priority(reading, &text, at),
        }
        Ok(())
    }

    fn flaw<T>(&mut self, value: Option<T>) -> Option<T> {
        self.flawed |= value.is_none();
        value
    }

    fn filter<'t>(&mut self, reading: &mut Reading<'t>, option: &Element<'t>) -> Result<(), Fault> {
        let Some((pattern, at)) = reading.text(option)? else { return Ok(()) };
        let Some(field) = option.attribute("field").filter(|field| !field.value.is_empty()) else {
            let help = "write <filter field=\"_SYSTEMD_UNIT\">…</filter>";
            reading.error(option.name_at, format_args!("this <filter> names no field"), help);
            return Ok(());
        };
        let ignore_if_missing = option.attribute("ignore_if_missing").is_some_and(|a| a.value == "yes");
        let Some(pattern) = expression(reading, &pattern, at) else { return Ok(()) };
        let filter = Filter { field: field.value.to_string(), pattern, ignore_if_missing };
        if self.journal.filters.len() < LIST_MAX {
            self.journal.filters.push(filter);
        }
        Ok(())
    }

    /// Packets are merged where a line is an event.
    fn merging(&mut self, reading: &mut Reading<'_>) {
        let merging = self.merge_s;
        match (&mut self.kind, merging) {
            (Some(Kind::Lines(LogFormat::Plain(format @ Format::Lines))), Some((seconds, _))) => {
                *format = Format::Packets { window_ms: seconds * 1000 };
            }
            (Some(Kind::Lines(_) | Kind::Command(_)), Some((_, at))) => {
                let help = "use it with <log_format>syslog</log_format>, or with the journal";
                reading.error(at, format_args!("packets are merged only where a line is an event"), help);
            }
            _ => {}
        }
    }

    /// Adds what the options make together, or says what is missing.
    fn add<'t>(mut self, reading: &mut Reading<'t>, section: &Element<'t>, config: &mut Config) {
        self.merging(reading);
        if let (Some(Kind::Lines(LogFormat::Regex(format))), Some(other)) =
            (&mut self.kind, self.multiline.take())
        {
            *format = other;
        }
        let missing = match (self.kind.take(), self.command.take(), self.location.take()) {
            (None, ..) => "log_format",
            (Some(Kind::Foreign), ..) => return,
            (Some(Kind::Journal), _, location) => return self.journal(location, config),
            (Some(Kind::Command(whole)), Some(command), _) => {
                return self.command(reading, whole, command, config);
            }
            (Some(Kind::Command(_)), None, _) => "command",
            (Some(Kind::Lines(format)), _, Some(location)) => {
                return self.file(reading, section, format, location, config);
            }
            (Some(Kind::Lines(format)), Some(command), None) => {
                return self.stream(reading, format, command, config);
            }
            (Some(Kind::Lines(_)), None, None) => "location",
        };
        let help = match missing {
            "log_format" => "add one, for example <log_format>syslog</log_format>",
            "command" => "add the command whose output is to be followed",
            _ => "add the path of the file that is to be followed",
        };
        reading.error(section.name_at, format_args!("this <localfile> has no <{missing}>"), help);
    }

    fn file<'t>(
        self,
        reading: &mut Reading<'t>,
        section: &Element<'t>,
        format: LogFormat,
        location: String,
        config: &mut Config,
    ) {
        if location == KERNEL {
            config.kernel = true;
            config.kernel_merge_s = self.merge_s.map(|(seconds, _)| seconds);
        } else if !location.starts_with('/') {
            let message = format_args!("`{location}` is no whole path");
            reading.error(
                section.name_at,
                message,
                "a <location> begins with `/`, without a blank before it",
            );
        } else if config.files.iter().any(|file| file.location == location) {
            let message = format_args!("`{location}` is followed already; this one is not used");
            reading.warning(section.name_at, message, "remove one of them");
        } else if room(reading, section.name_at, config) {
            config.files.push(File {
                location,
                format,
                from_start: self.from_start,
                exclude: self.exclude,
                age_s: self.age_s,
                rate_limit: self.rate_limit,
                priority: self.turns,
            });
        }
    }

    fn command(self, reading: &mut Reading<'_>, whole: bool, line: (String, Span), config: &mut Config) {
        let (line, at) = line;
        if allowed(reading, &line, at) && room(reading, at, config) {
            config.commands.push(Command {
                label: label(self.alias.as_deref().unwrap_or(&line)),
                line,
                whole,
                frequency_s: self.frequency_s.unwrap_or(FREQUENCY_S),
                timeout_s: self.timeout_s.unwrap_or(TIMEOUT_S),
            });
        }
    }

    fn stream(self, reading: &mut Reading<'_>, format: LogFormat, line: (String, Span), config: &mut Config) {
        let (line, at) = line;
        if allowed(reading, &line, at) && room(reading, at, config) {
            let label = label(self.alias.as_deref().unwrap_or(&line));
            config.streams.push(Stream { line, label, format, rate_limit: self.rate_limit });
        }
    }

    /// OSSEC 4.3: the location is an identifier, or `all`, or a path; Wazuh
    /// 4.14: it is `journald`.
    fn journal(mut self, location: Option<String>, config: &mut Config) {
        match location {
            Some(name) if name != "all" && name != "journald" && !name.starts_with('/') => {
                self.journal.identifiers.push(name);
            }
            _ => {}
        }
        self.journal.rate_limit = self.rate_limit;
        self.journal.merge_s = self.merge_s.map(|(seconds, _)| seconds);
        if config.journal.len() < LIST_MAX && !config.journal.contains(&self.journal) {
            config.journal.push(self.journal);
        }
    }
}

/// Attributes that an option may have.
fn attributes(option: &str) -> &'static [&'static str] {
    match option {
        "log_format" => &["lines", "start_regex", "end_regex", "key_regex", "flags", "timeout", "window"],
        "filter" => &["field", "ignore_if_missing"],
        // Wazuh 4.14.
        "only-future-events" => &["max-size"],
        "multiline_regex" => &["match", "replace", "timeout"],
        "query" | "ignore" | "restrict" => &["type", "level"],
        "label" => &["key"],
        "out_format" => &["target"],
        _ => &[],
    }
}

/// What stands as location in events: a colon would end it (OSSEC 4.3).
fn label(name: &str) -> String {
    name.replace(':', "\\")
}

/// Whether a command may be run; if not, it is named.
fn allowed(reading: &mut Reading<'_>, line: &str, at: Span) -> bool {
    let allowed = !reading.about.pushed || reading.about.internal.remote_commands;
    if !allowed {
        let message = format_args!("the command `{line}` of the manager is refused");
        let help = "logcollector.remote_commands=1 in this agent's local_internal_options.conf allows it";
        reading.error(at, message, help);
    }
    allowed
}

fn room(reading: &mut Reading<'_>, at: Span, config: &Config) -> bool {
    let room = config.files.len() + config.commands.len() + config.streams.len() < SOURCES_MAX;
    if !room {
        let help = "a location may hold wildcards: `/var/log/*.log`";
        reading.error(at, format_args!("there are more than {SOURCES_MAX} sources"), help);
    }
    room
}

fn push<'t>(reading: &mut Reading<'t>, option: &Element<'t>, list: &mut Vec<String>) -> Result<(), Fault> {
    let Some((text, at)) = reading.text(option)? else { return Ok(()) };
    if list.len() == LIST_MAX {
        reading.error(at, format_args!("there are more than {LIST_MAX} <{}>", option.name), "leave some out");
    } else {
        list.push(text);
    }
    Ok(())
}

/// Seconds, `hourly` or `daily`.
fn frequency<'t>(reading: &mut Reading<'t>, option: &Element<'t>) -> Result<Option<u32>, Fault> {
    let Some((text, at)) = reading.text(option)? else { return Ok(None) };
    let seconds = match text.as_str() {
        "hourly" => Some(3600),
        "daily" => Some(86_400),
        text => number(text.as_bytes()).filter(|seconds| FREQUENCIES.contains(seconds)),
    };
    if seconds.is_none() {
        let message =
            format_args!("<frequency> takes seconds from 1 to {}, hourly or daily", FREQUENCIES.end());
        reading.error(at, message, "write it in digits, without spaces");
    }
    Ok(seconds)
}

/// A priority of the journal by its name or number.
fn entry_priority(reading: &mut Reading<'_>, text: &str, at: Span) -> Option<u8> {
    let found = match text.as_bytes() {
        [digit @ b'0'..=b'7'] => Some(digit - b'0'),
        _ => (0..).zip(PRIORITIES).find(|(_, name)| *name == text).map(|(number, _)| number),
    };
    if found.is_none() {
        let help = format!(
            "for the journal write 0 to 7, or one of {}; for a file write high, normal or low",
            PRIORITIES.join(", ")
        );
        reading.error(at, format_args!("there is no priority `{text}`"), &help);
    }
    found
}
