//! The formats of logs by their names.

use super::assembly::{LINES_MAX, Wait};
use super::reading::{Reading, number, value_span};
use crate::diagnose::suggest;
use crate::xml::Element;

/// The formats of OSSEC 4.3 and Wazuh 4.14.
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
    /// One line is one JSON object.
    Json,
    /// Patterns mark records: see [`LocalFile::regex`](super::LocalFile::regex).
    Regex,
    /// Linux audit: lines of one id are one event, also when lines of others
    /// stand between them.
    LinuxAuditd(Wait),
    /// Windows event log, old interface.
    EventLog,
    /// Windows event log, new interface.
    EventChannel,
}

const FORMATS: [(&str, LogFormat); 24] = [
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
    ("modsec_audit", LogFormat::ModsecAudit),
    ("journald", LogFormat::Journald),
    ("ossecalert", LogFormat::OssecAlert),
    ("multi-line_indented", LogFormat::MultiLineIndented),
    ("json", LogFormat::Json),
    ("eventlog", LogFormat::EventLog),
    ("eventchannel", LogFormat::EventChannel),
];

/// Formats that need more than their name.
const WITH_OPTIONS: [&str; 4] = ["multi-line", "linux_auditd", "regex", "multi-line-regex"];

/// A format of Wazuh 4.14 for a system that is not supported.
const FOREIGN: &str = "macos";

impl LogFormat {
    /// The format of a name as it is written in a configuration, if it needs
    /// no more than that.
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
                | Self::Json
        )
    }
}

/// Reports a name that no format has.
pub(super) fn unknown(reading: &mut Reading<'_>, option: &Element, name: &str) -> Option<LogFormat> {
    let known = || FORMATS.iter().map(|(known, _)| *known).chain(WITH_OPTIONS);
    let help = match name {
        FOREIGN => "this is a format of another system that is not supported".to_string(),
        name if name.starts_with("multi-line") && !name.contains("ind") && !name.contains("reg") => {
            format!("write multi-line:N, where N is a number of lines from 1 to {LINES_MAX}")
        }
        name => match suggest(name.trim(), known()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("formats are {}", known().collect::<Vec<_>>().join(", ")),
        },
    };
    reading.error(value_span(option), format!("there is no log format `{name}`"), help);
    None
}
