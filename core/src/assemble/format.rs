//! Log formats: how they are named in a configuration, and what they need.

use crate::limits::{OPEN_RECORDS_MAX, RECORD_MAX};
use crate::pattern::PatternId;

/// How long a record waits for its next line where only the next record
/// tells that it has ended.
pub const TIMEOUT_MS: u32 = 5_000;

/// How the lines of a log make records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line is a record.
    Lines,
    /// A line is a record, which is a JSON object.
    Json,
    /// So many lines are a record, joined with a space; 0 is 1.
    Multi {
        /// Lines of one record.
        lines: u16,
    },
    /// A line that does not start in column 1 belongs to the line before.
    Indented,
    /// Records that expressions mark: Wazuh 4.14's `multi-line-regex`
    /// (`match="start"` is `start` alone, `match="end"` is `end` alone) and
    /// more. Where there is no `end` a record ends at the next start, where
    /// there is no `start` any line begins one. With `start` and `end` a line
    /// outside of them is a record of its own, with `key` one that has none.
    Regex {
        /// Matches the first line of a record. To be compiled so that unset
        /// groups keep their numbers.
        start: Option<PatternId>,
        /// Matches the last line of a record; what `start` captured are the
        /// texts given to it.
        end: Option<PatternId>,
        /// Its first capture names the record that a line belongs to.
        key: Option<PatternId>,
        /// What stands between lines.
        join: Join,
        /// Time after the last line at which a record ends anyway.
        timeout_ms: u32,
    },
    /// Lines are gathered until an expression matches all of them together
    /// (Wazuh 4.14: `multi-line-regex` with `match="all"`).
    RegexAll {
        /// The expression.
        pattern: PatternId,
        /// What stands between lines.
        join: Join,
        /// Time after the last line at which a record ends anyway.
        timeout_ms: u32,
    },
    /// ModSecurity's audit log: sections `--ID-A--` to `--ID-Z--`.
    ModsecAudit,
    /// Linux audit log whose events may be mixed.
    LinuxAuditd {
        /// When an event is complete.
        wait: Wait,
    },
    /// Linux audit log: consecutive lines of one event.
    Audit,
    /// Snort's alerts in full.
    SnortFull,
    /// nmap's grepable output.
    Nmapg,
    /// MySQL's log.
    MysqlLog,
    /// Microsoft SQL Server's log.
    MssqlLog,
    /// PostgreSQL's log.
    PostgresqlLog,
    /// A log of djb's `multilog`.
    DjbMultilog,
    /// OSSEC's `alerts.log`.
    OssecAlert,
    /// A line is a record, but equal packets that a filter refused are one
    /// together: see [`merged`](crate::packet::merged).
    Packets {
        /// Time after the first of them at which their record is given out.
        window_ms: u32,
    },
}

/// What stands between the lines of a record. Wazuh 4.14: `replace`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Join {
    /// A newline (`no-replace`).
    Newline,
    /// A space (`wspace`).
    #[default]
    Space,
    /// A tab (`tab`).
    Tab,
    /// Nothing (`none`).
    Nothing,
}

impl Join {
    /// The bytes.
    pub(super) const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Newline => b"\n",
            Self::Space => b" ",
            Self::Tab => b"\t",
            Self::Nothing => b"",
        }
    }
}

/// When the lines of a mixed log that belong together are complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// So many milliseconds after the last line.
    Timeout(u32),
    /// So many milliseconds after the first line.
    Window(u32),
}

impl Format {
    /// The format of a `log_format` that needs no more than its name. Formats
    /// with further options (`regex`, `multi-line-regex`, `linux_auditd`) are
    /// not among them.
    pub fn named(name: &str) -> Option<Self> {
        if let Some((first, lines)) = name.split_once(':') {
            // OSSEC 4.3 accepts spaces around the colon.
            let lines = lines.trim().parse().ok().filter(|lines| *lines > 0)?;
            return (first.trim() == "multi-line").then_some(Self::Multi { lines });
        }
        Some(match name {
            "syslog" | "generic" | "snort-fast" | "apache" | "iis" | "squid" | "syslog-pipe" => Self::Lines,
            "json" => Self::Json,
            "multi-line_indented" => Self::Indented,
            "modsec_audit" | "modsec-audit" => Self::ModsecAudit,
            "audit" => Self::Audit,
            "snort-full" => Self::SnortFull,
            "nmapg" => Self::Nmapg,
            "mysql_log" => Self::MysqlLog,
            "mssql_log" => Self::MssqlLog,
            "postgresql_log" => Self::PostgresqlLog,
            "djb-multilog" => Self::DjbMultilog,
            "ossecalert" => Self::OssecAlert,
            _ => return None,
        })
    }

    /// Whether lines of several records may be mixed.
    pub const fn is_mixed(&self) -> bool {
        matches!(
            self,
            Self::ModsecAudit
                | Self::LinuxAuditd { .. }
                | Self::Regex { key: Some(_), .. }
                | Self::Packets { .. }
        )
    }

    /// How long its records wait for their next line.
    pub(super) const fn wait(&self) -> Option<Wait> {
        match self {
            Self::Regex { timeout_ms, .. } | Self::RegexAll { timeout_ms, .. } => {
                Some(Wait::Timeout(*timeout_ms))
            }
            Self::LinuxAuditd { wait } => Some(*wait),
            Self::Packets { window_ms } => Some(Wait::Window(*window_ms)),
            // The number of lines says when a record ends; the time of MySQL
            // has no end.
            Self::Multi { .. } | Self::MysqlLog => None,
            _ => Some(Wait::Timeout(TIMEOUT_MS)),
        }
    }

    /// [`Record::queue`](super::Record::queue) of its records (OSSEC 4.3).
    pub(super) const fn queue(&self) -> u8 {
        match self {
            Self::Nmapg => b'3',
            Self::MysqlLog | Self::DjbMultilog => b'a',
            Self::PostgresqlLog => b'b',
            _ => b'1',
        }
    }

    /// Bytes of memory that an assembler of this format works in.
    pub const fn memory(&self) -> usize {
        match self {
            Self::Lines | Self::Json => 0,
            format if format.is_mixed() => OPEN_RECORDS_MAX * RECORD_MAX,
            _ => RECORD_MAX,
        }
    }
}
