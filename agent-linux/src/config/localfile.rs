//! `<localfile>`: what is followed, and how its lines become events.

use super::expressions::compile;
use super::reading::{Reading, number};
use super::report::{Fault, Span};
use super::sections::LOCALFILE_UNUSED;
use super::suggest::suggest;
use super::xml::Element;
use super::{Command, Config, File, Filter, Journal, LogFormat, RegexFormat, SOURCES_MAX, Stream};
use bartizan_core::assemble::{Format, Join, TIMEOUT_MS, Wait};
use std::ops::RangeInclusive;

/// Seconds between two runs of a command, if nothing is said (OSSEC 4.3).
const FREQUENCY_S: u32 = 360;

/// Seconds that a command may take, if nothing is said.
const TIMEOUT_S: u32 = 120;

/// Seconds between two runs of a command: up to a year.
const FREQUENCIES: RangeInclusive<u32> = 1..=31_536_000;

/// Lines that one event of `multi-line:N` may have.
const LINES_MAX: u16 = 1000;

/// Entries of one list of options.
const LIST_MAX: usize = 64;

/// The ring of the kernel, which is no file although it looks like one.
const KERNEL: &str = "/dev/kmsg";

const OPTIONS: [&str; 16] = [
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
];

/// Formats that need no more than their name, for suggestions.
const NAMES: [&str; 24] = [
    "syslog",
    "generic",
    "snort-fast",
    "snort-full",
    "apache",
    "iis",
    "squid",
    "syslog-pipe",
    "json",
    "multi-line_indented",
    "modsec-audit",
    "modsec_audit",
    "audit",
    "linux_auditd",
    "nmapg",
    "mysql_log",
    "mssql_log",
    "postgresql_log",
    "djb-multilog",
    "ossecalert",
    "journald",
    "command",
    "full_command",
    "regex",
];

/// Formats of other systems.
const FOREIGN: [&str; 3] = ["eventlog", "eventchannel", "macos"];

/// Names of priorities (RFC 5424 §6.2.1), as journalctl takes them too.
const PRIORITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// What a `log_format` says.
enum Kind {
    /// Lines of a file or of a stream.
    Lines(LogFormat),
    /// A command; true if all of its output is one event.
    Command(bool),
    Journal,
    /// A format of another system: nothing is watched.
    Foreign,
}

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
                let location = reading.text(option)?;
                self.location = self.flaw(location).map(|(text, _)| text);
            }
            "log_format" => {
                let kind = log_format(reading, option)?;
                self.kind = self.flaw(kind);
            }
            "command" => {
                let command = reading.text(option)?;
                self.command = self.flaw(command);
            }
            "alias" => self.alias = reading.text(option)?.map(|(text, _)| text),
            "frequency" => self.frequency_s = frequency(reading, option)?,
            "timeout" => self.timeout_s = reading.number(option, 1..=3600)?,
            "only-future-events" => self.from_start = reading.yes_or_no(option)? == Some(false),
            "exclude" => push(reading, option, &mut self.exclude)?,
            "age" => self.age_s = reading.duration_s(option)?,
            "multiline_regex" => self.multiline = multiline_regex(reading, option)?,
            "filter" => self.filter(reading, option)?,
            "unit" => push(reading, option, &mut self.journal.units)?,
            "identifier" => push(reading, option, &mut self.journal.identifiers)?,
            "priority" => self.journal.priority = priority(reading, option)?,
            "rate_limit" => self.rate_limit = reading.number(option, 1..=1_000_000)?,
            _ => reading.other_option(section.name, option, &OPTIONS, &LOCALFILE_UNUSED)?,
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
            reading.error(option.name_at, "this <filter> names no field", help);
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

    /// Adds what the options make together, or says what is missing.
    fn add<'t>(mut self, reading: &mut Reading<'t>, section: &Element<'t>, config: &mut Config) {
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
        reading.error(section.name_at, format!("this <localfile> has no <{missing}>"), help);
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
        } else if !location.starts_with('/') {
            let message = format!("`{location}` is no whole path");
            reading.error(
                section.name_at,
                message,
                "a <location> begins with `/`, without a blank before it",
            );
        } else if config.files.iter().any(|file| file.location == location) {
            let message = format!("`{location}` is followed already; this one is not used");
            reading.warning(section.name_at, message, "remove one of them");
        } else if room(reading, section.name_at, config) {
            config.files.push(File {
                location,
                format,
                from_start: self.from_start,
                exclude: self.exclude,
                age_s: self.age_s,
                rate_limit: self.rate_limit,
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
        let message = format!("the command `{line}` of the manager is refused");
        let help = "logcollector.remote_commands=1 in this agent's local_internal_options.conf allows it";
        reading.error(at, message, help);
    }
    allowed
}

fn room(reading: &mut Reading<'_>, at: Span, config: &Config) -> bool {
    let room = config.files.len() + config.commands.len() + config.streams.len() < SOURCES_MAX;
    if !room {
        let help = "a location may hold wildcards: `/var/log/*.log`";
        reading.error(at, format!("there are more than {SOURCES_MAX} sources"), help);
    }
    room
}

fn push<'t>(reading: &mut Reading<'t>, option: &Element<'t>, list: &mut Vec<String>) -> Result<(), Fault> {
    let Some((text, at)) = reading.text(option)? else { return Ok(()) };
    if list.len() == LIST_MAX {
        reading.error(at, format!("there are more than {LIST_MAX} <{}>", option.name), "leave some out");
    } else {
        list.push(text);
    }
    Ok(())
}

fn log_format<'t>(reading: &mut Reading<'t>, option: &Element<'t>) -> Result<Option<Kind>, Fault> {
    let Some((name, at)) = reading.text(option)? else { return Ok(None) };
    Ok(match name.as_str() {
        "command" => Some(Kind::Command(false)),
        "full_command" => Some(Kind::Command(true)),
        "journald" => Some(Kind::Journal),
        "linux_auditd" => auditd(reading, option).map(Kind::Lines),
        "multi-line" => multi_line(reading, option).map(Kind::Lines),
        "regex" | "multi-line-regex" => regex(reading, option).map(Kind::Lines),
        name if FOREIGN.contains(&name) => {
            let message = format!("`{name}` is a format of another system; nothing is watched");
            reading.warn_once(at, message, "it may stay");
            Some(Kind::Foreign)
        }
        name => match Format::named(name) {
            Some(Format::Multi { lines }) if lines > LINES_MAX => no_format(reading, name, at),
            Some(format) => Some(Kind::Lines(LogFormat::Plain(format))),
            None => no_format(reading, name, at),
        },
    })
}

fn no_format(reading: &mut Reading<'_>, name: &str, at: Span) -> Option<Kind> {
    let help = match suggest(name.trim(), NAMES) {
        _ if name.starts_with("multi-line") && !name.contains("ind") => {
            format!("write multi-line:N, where N is a number of lines from 1 to {LINES_MAX}")
        }
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("formats are {}, multi-line:N", NAMES.join(", ")),
    };
    reading.error(at, format!("there is no log format `{name}`"), help);
    None
}

/// `<log_format lines="N">multi-line</log_format>`.
fn multi_line<'t>(reading: &mut Reading<'t>, option: &Element<'t>) -> Option<LogFormat> {
    let lines = option.attribute("lines").and_then(|lines| number(lines.value.as_bytes()));
    match lines.and_then(|lines| u16::try_from(lines).ok()).filter(|lines| (1..=LINES_MAX).contains(lines)) {
        Some(lines) => Some(LogFormat::Plain(Format::Multi { lines })),
        None => {
            let help = format!("write multi-line:N, where N is a number of lines from 1 to {LINES_MAX}");
            reading.error(option.name_at, "this multi-line has no number of lines", help);
            None
        }
    }
}

/// `linux_auditd`: how long lines of an event are waited for, in rounds of the
/// collector.
fn auditd<'t>(reading: &mut Reading<'t>, option: &Element<'t>) -> Option<LogFormat> {
    let round_ms = reading.about.internal.loop_timeout_s * 1000;
    let rounds = |name| option.attribute(name).map(|a| number(a.value.as_bytes()).filter(|n| *n <= 1000));
    let wait = match (rounds("timeout"), rounds("window")) {
        (Some(Some(rounds)), None) => Some(Wait::Timeout(rounds * round_ms)),
        (None, Some(Some(rounds))) => Some(Wait::Window(rounds * round_ms)),
        _ => None,
    };
    if wait.is_none() {
        let help =
            "write timeout=\"N\", rounds after the last line, or window=\"N\", after the first; N up to 1000";
        reading.error(option.name_at, "linux_auditd takes exactly one of `timeout` and `window`", help);
    }
    wait.map(|wait| LogFormat::Plain(Format::LinuxAuditd { wait }))
}

fn regex<'t>(reading: &mut Reading<'t>, option: &Element<'t>) -> Option<LogFormat> {
    let flags = option.attribute("flags").map_or("", |flags| flags.value);
    if let Some(attribute) = option.attribute("flags").filter(|a| a.value.contains(|c| !"imsxU".contains(c)))
    {
        reading.error(attribute.at, "flags are the letters i, m, s, x and U", "i takes no notice of case");
        return None;
    }
    let mut pattern = |name| {
        let attribute = option.attribute(name)?;
        match flags {
            "" => expression(reading, attribute.value, attribute.at),
            flags => expression(reading, &format!("(?{flags}){}", attribute.value), attribute.at),
        }
    };
    let (start, end, key) = (pattern("start_regex"), pattern("end_regex"), pattern("key_regex"));
    let format = RegexFormat { start, end, key, timeout_ms: TIMEOUT_MS, ..RegexFormat::default() };
    Some(LogFormat::Regex(Box::new(format)))
}

/// Wazuh 4.14: `<multiline_regex match="start|all|end" replace="…" timeout="…">`.
fn multiline_regex<'t>(
    reading: &mut Reading<'t>,
    option: &Element<'t>,
) -> Result<Option<Box<RegexFormat>>, Fault> {
    let Some((pattern, at)) = reading.text(option)? else { return Ok(None) };
    let mut format = RegexFormat::default();
    if let Some(pattern) = expression(reading, &pattern, at) {
        match choice(reading, option, "match", &[("start", 0), ("all", 1), ("end", 2)]) {
            Some(1) => format.all = Some(pattern),
            Some(2) => format.end = Some(pattern),
            _ => format.start = Some(pattern),
        }
    }
    let joins =
        [("no-replace", Join::Newline), ("wspace", Join::Space), ("tab", Join::Tab), ("none", Join::Nothing)];
    format.join = choice(reading, option, "replace", &joins).unwrap_or(Join::Newline);
    let seconds = option.attribute("timeout").and_then(|seconds| number(seconds.value.as_bytes()));
    format.timeout_ms = seconds.filter(|s| (1..=120).contains(s)).map_or(TIMEOUT_MS, |s| s * 1000);
    Ok(Some(Box::new(format)))
}

/// The meaning of an attribute that is one of a few words.
fn choice<'t, T: Copy>(
    reading: &mut Reading<'t>,
    option: &Element<'t>,
    name: &str,
    words: &[(&str, T)],
) -> Option<T> {
    let attribute = option.attribute(name)?;
    let found = words.iter().find(|(word, _)| *word == attribute.value);
    if found.is_none() {
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let help = format!("write one of {}", known.join(", "));
        reading.error(attribute.at, format!("`{}` is no value of `{name}`", attribute.value), help);
    }
    found.map(|(_, meaning)| *meaning)
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
        let message = format!("<frequency> takes seconds from 1 to {}, hourly or daily", FREQUENCIES.end());
        reading.error(at, message, "write it in digits, without spaces");
    }
    Ok(seconds)
}

/// A priority by its name or number.
fn priority<'t>(reading: &mut Reading<'t>, option: &Element<'t>) -> Result<Option<u8>, Fault> {
    let Some((text, at)) = reading.text(option)? else { return Ok(None) };
    let found = (0..8).find(|&number| {
        PRIORITIES.get(usize::from(number)) == Some(&text.as_str()) || text == number.to_string()
    });
    if found.is_none() {
        let help = format!("write 0 to 7, or one of {}", PRIORITIES.join(", "));
        reading.error(at, format!("there is no priority `{text}`"), help);
    }
    Ok(found)
}

/// An expression that is sound; anything else is reported.
fn expression(reading: &mut Reading<'_>, pattern: &str, at: Span) -> Option<String> {
    match compile(pattern) {
        Ok(_) => Some(pattern.to_string()),
        Err(why) => {
            let help = "look-around and back references are not supported";
            reading.error(at, format!("`{pattern}` is no expression: {why}"), help);
            None
        }
    }
}
