//! How the lines of a file become records, as `<localfile>` says.

use super::local_host;
use crate::config::{LocalFile, LogFormat, RegexFormat};
use crate::outputs::clock::LocalClock;
use crate::pattern::{Expressions, Language, Options, cases};
use bartizan_core::assemble::{Assembler, Format};
use bartizan_core::pattern::PatternId;
use std::path::Path;

/// How the lines of a file become records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    format: Format,
    regex: Option<Box<RegexFormat>>,
}

impl Default for Layout {
    /// A line is a record.
    fn default() -> Self {
        Self { format: Format::Lines, regex: None }
    }
}

impl Layout {
    /// As it is configured; [`None`] for what is no file of lines.
    pub fn of(file: &LocalFile) -> Option<Self> {
        let format = match file.format {
            LogFormat::Regex => regex_format(file.regex.as_deref()?),
            other => merging(plain_format(other)?, file.merge_packets),
        };
        Some(Self { format, regex: file.regex.clone() })
    }

    /// The format.
    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// An assembler with memory of its own.
    pub(super) fn assembler(&self) -> Option<Assembler<Box<[u8]>>> {
        Assembler::new(self.format, vec![0; self.format.memory()].into_boxed_slice()).ok()
    }

    /// The expressions that the format names by their numbers.
    pub(super) fn expressions(&self) -> Option<Expressions> {
        let regex = self.regex.as_deref()?;
        let mut expressions = Expressions::new(cases);
        for pattern in patterns(regex).into_iter().flatten() {
            let options = Options { given: true, ..Options::default() };
            expressions.add(Language::Pcre2, pattern.as_bytes(), options).ok()?;
        }
        Some(expressions)
    }
}

/// The patterns of a format in the order of their numbers.
fn patterns(regex: &RegexFormat) -> [Option<&String>; 4] {
    [&regex.start, &regex.end, &regex.key, &regex.all].map(Option::as_ref)
}

fn regex_format(regex: &RegexFormat) -> Format {
    let mut next = 0_u16..;
    let [start, end, key, all] =
        patterns(regex).map(|pattern| pattern.and_then(|_| next.next()).map(PatternId));
    let (join, timeout_ms) = (regex.join, regex.timeout_ms);
    match all {
        Some(pattern) => Format::RegexAll { pattern, join, timeout_ms },
        None => Format::Regex { start, end, key, join, timeout_ms },
    }
}

/// A format of lines in which packets are merged.
fn merging(format: Format, seconds: Option<u32>) -> Format {
    match (format, seconds) {
        (Format::Lines, Some(seconds)) => Format::Packets { window_ms: seconds.saturating_mul(1000) },
        (format, _) => format,
    }
}

fn plain_format(format: LogFormat) -> Option<Format> {
    Some(match format {
        LogFormat::Json => Format::Json,
        LogFormat::SnortFull => Format::SnortFull,
        LogFormat::NmapG => Format::Nmapg,
        LogFormat::MysqlLog => Format::MysqlLog,
        LogFormat::MssqlLog => Format::MssqlLog,
        LogFormat::PostgresqlLog => Format::PostgresqlLog,
        LogFormat::DjbMultilog => Format::DjbMultilog,
        LogFormat::Audit => Format::Audit,
        LogFormat::ModsecAudit => Format::ModsecAudit,
        LogFormat::OssecAlert => Format::OssecAlert,
        LogFormat::MultiLine(lines) => Format::Multi { lines },
        LogFormat::MultiLineIndented => Format::Indented,
        LogFormat::LinuxAuditd(wait) => Format::LinuxAuditd { wait },
        format if format.is_line() => Format::Lines,
        _ => return None,
    })
}

/// `djb-multilog`, a file `…/PROGRAM/current`: what stands before a text
/// without a date of its own.
pub(super) fn header(path: &Path, epoch: i64) -> Vec<u8> {
    let program = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let time = LocalClock::default().local(epoch);
    let month = time.month_name();
    let (hour, minute, second) = (time.second / 3600, time.second / 60 % 60, time.second % 60);
    let (host, program) = (local_host(), program.unwrap_or_default());
    format!("{month} {:02} {hour:02}:{minute:02}:{second:02} {host} {program}: ", time.day).into_bytes()
}
