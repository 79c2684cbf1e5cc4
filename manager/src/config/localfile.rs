//! `<localfile>`: what is followed, and how its lines become events.

use super::Place;
use super::reading::{Reading, number, value_span};
use super::sections::LOCALFILE_UNUSED;
use crate::diagnose::suggest;
use crate::xml::Element;

/// Seconds between two runs of a command, if nothing is said.
const FREQUENCY: u32 = 360;

/// Seconds between two runs of a command at most: a year.
const FREQUENCY_MAX: u32 = 31_536_000;

/// Lines that one event of `multi-line:N` may have.
const LINES_MAX: u32 = 1000;

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
    /// Where it is configured.
    pub place: Place,
}

/// The formats of OSSEC 4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One line is one event.
    Syslog,
    /// As syslog.
    Generic,
    /// Alerts of several lines.
    SnortFull,
    /// As syslog.
    SnortFast,
    /// As syslog.
    Apache,
    /// As syslog.
    Iis,
    /// As syslog.
    Squid,
    /// Grepable output of nmap.
    NmapG,
    /// MySQL's general log.
    MysqlLog,
    /// Microsoft SQL Server.
    MssqlLog,
    /// PostgreSQL.
    PostgresqlLog,
    /// A log of daemontools.
    DjbMultilog,
    /// As syslog, from a pipe.
    SyslogPipe,
    /// A command, one event a line.
    Command,
    /// A command, one event in all.
    FullCommand,
    /// Linux audit: lines of one id are one event.
    Audit,
    /// ModSecurity's audit log.
    ModsecAudit,
    /// The systemd journal.
    Journald,
    /// An alerts.log of OSSEC.
    OssecAlert,
    /// So many lines are one event.
    MultiLine(u16),
    /// Indented lines belong to the one before.
    MultiLineIndented,
    /// Windows event log, old interface.
    EventLog,
    /// Windows event log, new interface.
    EventChannel,
}

const FORMATS: [(&str, LogFormat); 22] = [
    ("syslog", LogFormat::Syslog),
    ("generic", LogFormat::Generic),
    ("snort-full", LogFormat::SnortFull),
    ("snort-fast", LogFormat::SnortFast),
    ("apache", LogFormat::Apache),
    ("iis", LogFormat::Iis),
    ("squid", LogFormat::Squid),
    ("nmapg", LogFormat::NmapG),
    ("mysql_log", LogFormat::MysqlLog),
    ("mssql_log", LogFormat::MssqlLog),
    ("postgresql_log", LogFormat::PostgresqlLog),
    ("djb-multilog", LogFormat::DjbMultilog),
    ("syslog-pipe", LogFormat::SyslogPipe),
    ("command", LogFormat::Command),
    ("full_command", LogFormat::FullCommand),
    ("audit", LogFormat::Audit),
    ("modsec-audit", LogFormat::ModsecAudit),
    ("journald", LogFormat::Journald),
    ("ossecalert", LogFormat::OssecAlert),
    ("multi-line_indented", LogFormat::MultiLineIndented),
    ("eventlog", LogFormat::EventLog),
    ("eventchannel", LogFormat::EventChannel),
];

/// Formats that Wazuh 4.14 has and OSSEC 4.3 has not.
const WAZUH_FORMATS: [&str; 3] = ["json", "macos", "multi-line-regex"];

const OPTIONS: [&str; 7] =
    ["location", "log_format", "command", "alias", "frequency", "only-future-events", "query"];

impl LogFormat {
    /// The format of a name as it is written in a configuration.
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some((_, format)) = FORMATS.iter().find(|(known, _)| *known == name) {
            return Some(*format);
        }
        let lines = name.strip_prefix("multi-line")?.trim_start_matches(' ').strip_prefix(':')?;
        let lines = number(lines.trim_matches(' ').as_bytes())?;
        (1..=LINES_MAX).contains(&lines).then_some(Self::MultiLine(lines as u16))
    }

    /// Whether the source is a command and not a file.
    pub fn is_command(self) -> bool {
        matches!(self, Self::Command | Self::FullCommand)
    }

    /// Whether each line of a file is one event.
    pub fn is_line(self) -> bool {
        matches!(
            self,
            Self::Syslog
                | Self::Generic
                | Self::SnortFast
                | Self::Apache
                | Self::Iis
                | Self::Squid
                | Self::SyslogPipe
        )
    }
}

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
    /// Something was wrong and is reported, so that less is missing than it seems.
    flawed: bool,
}

impl LocalFile {
    /// Reads one `<localfile>`; `None` if it cannot be used, which is reported.
    pub(super) fn read(reading: &mut Reading<'_>, section: &Element) -> Option<Self> {
        let mut parts = Parts::default();
        for option in &section.children {
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
            place: reading.place(section.name_span),
        })
    }
}

impl Parts {
    fn take(&mut self, reading: &mut Reading<'_>, section: &Element, option: &Element) {
        match option.name.as_str() {
            "location" => self.location = self.flaw(reading.text(option)),
            "log_format" => self.format = self.flaw(format(reading, option)),
            "command" => self.command = self.flaw(reading.text(option)),
            "alias" => self.alias = reading.text(option),
            "frequency" => self.frequency = frequency(reading, option),
            "only-future-events" => self.only_future_events = reading.yes_or_no(option),
            "query" => self.query = reading.text(option),
            _ => reading.other_option(section, option, &OPTIONS, &LOCALFILE_UNUSED),
        }
        if OPTIONS.contains(&option.name.as_str()) {
            let known: &[&str] = match option.name.as_str() {
                // Wazuh 4.14.
                "only-future-events" => &["max-size"],
                "query" => &["type", "level"],
                _ => &[],
            };
            reading.only_attributes(option, known);
        }
    }

    fn flaw<T>(&mut self, value: Option<T>) -> Option<T> {
        self.flawed |= value.is_none();
        value
    }

    /// Whether all that is needed is there.
    fn check(&self, reading: &mut Reading<'_>, section: &Element) -> Option<()> {
        let is_command = self.format.is_some_and(LogFormat::is_command);
        let missing = match self.format {
            _ if self.flawed => return None,
            None => "log_format",
            Some(_) if is_command && self.command.is_none() => "command",
            Some(_) if !is_command && self.location.is_none() => "location",
            Some(_) => return Some(()),
        };
        let message = format!("this <localfile> has no <{missing}>");
        let help = match missing {
            "log_format" => "add one, for example <log_format>syslog</log_format>",
            "command" => "add the command whose output is to be followed",
            _ => "add the path of the file that is to be followed",
        };
        reading.error(section.name_span, message, help);
        None
    }
}

fn format(reading: &mut Reading<'_>, option: &Element) -> Option<LogFormat> {
    let name = reading.text(option)?;
    let found = LogFormat::from_name(&name);
    if found.is_none() {
        let help = match name.as_str() {
            name if WAZUH_FORMATS.contains(&name) => {
                "this is a format of Wazuh that is not supported".to_string()
            }
            name if name.starts_with("multi-line") && !name.contains("ind") => {
                format!("write multi-line:N, where N is a number of lines from 1 to {LINES_MAX}")
            }
            name => match suggest(name.trim(), FORMATS.map(|(known, _)| known)) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("formats are {}, multi-line:N", FORMATS.map(|(known, _)| known).join(", ")),
            },
        };
        reading.error(value_span(option), format!("there is no log format `{name}`"), help);
    }
    found
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
