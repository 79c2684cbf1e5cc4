//! `<log_format>` in all its forms, and Wazuh's `<multiline_regex>`.

use super::expressions::check;
use super::reading::{Reading, number};
use super::report::{Fault, Span};
use super::suggest::suggest;
use super::xml::Element;
use super::{LogFormat, RegexFormat};
use bartizan_core::assemble::{Format, Join, TIMEOUT_MS, Wait};

/// Lines that one event of `multi-line:N` may have.
const LINES_MAX: u16 = 1000;

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

/// What a `log_format` says.
pub(super) enum Kind {
    /// Lines of a file or of a stream.
    Lines(LogFormat),
    /// A command; true if all of its output is one event.
    Command(bool),
    Journal,
    /// A format of another system: nothing is watched.
    Foreign,
}

/// What an option `log_format` says; what it does not say soundly is reported.
pub(super) fn log_format<'t>(reading: &mut Reading<'t>, option: &Element<'t>) -> Result<Option<Kind>, Fault> {
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
    let help = match suggest(name.trim(), &[&NAMES]) {
        // No `multi-line_indented`, however it may be mistyped.
        _ if name.starts_with("multi-line") && !name.as_bytes().contains(&b'd') => {
            format!("write multi-line:N, where N is a number of lines from 1 to {LINES_MAX}")
        }
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("formats are {}, multi-line:N", NAMES.join(", ")),
    };
    reading.error(at, format_args!("there is no log format `{name}`"), &help);
    None
}

/// `<log_format lines="N">multi-line</log_format>`.
fn multi_line<'t>(reading: &mut Reading<'t>, option: &Element<'t>) -> Option<LogFormat> {
    let lines = option.attribute("lines").and_then(|lines| number(lines.value.as_bytes()));
    match lines.and_then(|lines| u16::try_from(lines).ok()).filter(|lines| (1..=LINES_MAX).contains(lines)) {
        Some(lines) => Some(LogFormat::Plain(Format::Multi { lines })),
        None => {
            let help = format!("write multi-line:N, where N is a number of lines from 1 to {LINES_MAX}");
            reading.error(option.name_at, format_args!("this multi-line has no number of lines"), &help);
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
        reading.error(
            option.name_at,
            format_args!("linux_auditd takes exactly one of `timeout` and `window`"),
            help,
        );
    }
    wait.map(|wait| LogFormat::Plain(Format::LinuxAuditd { wait }))
}

fn regex<'t>(reading: &mut Reading<'t>, option: &Element<'t>) -> Option<LogFormat> {
    let flags = option.attribute("flags").map_or("", |flags| flags.value);
    if let Some(attribute) =
        option.attribute("flags").filter(|a| a.value.bytes().any(|b| !b"imsxU".contains(&b)))
    {
        reading.error(
            attribute.at,
            format_args!("flags are the letters i, m, s, x and U"),
            "i takes no notice of case",
        );
        return None;
    }
    let mut pattern = |name, given| {
        let attribute = option.attribute(name)?;
        match flags {
            "" => checked(reading, attribute.value, attribute.at, given),
            flags => checked(reading, &format!("(?{flags}){}", attribute.value), attribute.at, given),
        }
    };
    let (start, key) = (pattern("start_regex", false), pattern("key_regex", false));
    let end = pattern("end_regex", true);
    let format = RegexFormat { start, end, key, timeout_ms: TIMEOUT_MS, ..RegexFormat::default() };
    Some(LogFormat::Regex(Box::new(format)))
}

/// Wazuh 4.14: `<multiline_regex match="start|all|end" replace="…" timeout="…">`.
pub(super) fn multiline_regex<'t>(
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
        reading.error(attribute.at, format_args!("`{}` is no value of `{name}`", attribute.value), &help);
    }
    found.map(|(_, meaning)| *meaning)
}

/// An expression that is sound; anything else is reported.
pub(super) fn expression(reading: &mut Reading<'_>, pattern: &str, at: Span) -> Option<String> {
    checked(reading, pattern, at, false)
}

fn checked(reading: &mut Reading<'_>, pattern: &str, at: Span, given: bool) -> Option<String> {
    match check(pattern, given) {
        Ok(()) => Some(pattern.to_owned()),
        Err(error) => {
            let help = error.help.unwrap_or("only end_regex may ask for a group of start_regex");
            reading.error(at, format_args!("`{pattern}` is no expression: {error}"), help);
            None
        }
    }
}
