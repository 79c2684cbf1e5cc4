//! `local_internal_options.conf`: numbers that are seldom changed.
//!
//! Lines of `daemon.option=number`; `#` begins a comment. Of the many daemons
//! only `logcollector` is read here; lines of the others are passed over.

use super::reading::number;
use super::report::{Fault, Report, Span};
use super::suggest::suggest;
use std::ops::RangeInclusive;

/// Numbers of `logcollector` (OSSEC 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Internal {
    /// `remote_commands`: commands of the manager are run.
    pub remote_commands: bool,
    /// `loop_timeout`: seconds between two looks at files, 1 to 120.
    pub loop_timeout_s: u32,
}

impl Default for Internal {
    fn default() -> Self {
        Self { remote_commands: false, loop_timeout_s: 2 }
    }
}

/// An option, what it may be, and where it goes.
type Setting = (&'static str, RangeInclusive<u32>, fn(&mut Internal, u32));

const SETTINGS: [Setting; 2] = [
    ("remote_commands", 0..=1, |internal, number| internal.remote_commands = number == 1),
    ("loop_timeout", 1..=120, |internal, number| internal.loop_timeout_s = number),
];

/// Options that have no meaning here (OSSEC 4.3 and Wazuh 4.14).
const UNUSED: [&str; 16] = [
    "debug",
    "open_attempts",
    "vcheck_files",
    "max_lines",
    "max_files",
    "sock_fail_time",
    "input_threads",
    "queue_size",
    "sample_log_length",
    "force_reload",
    "reload_interval",
    "reload_delay",
    "exclude_files_interval",
    "rlimit_nofile",
    "state_interval",
    "ip_update_interval",
];

impl Internal {
    /// Reads the text of `local_internal_options.conf`; `file` is its name for
    /// messages.
    ///
    /// # Errors
    /// Lines that are no option, and numbers out of range.
    pub fn read(text: &[u8], file: &str) -> Result<Self, Report> {
        let mut internal = Self::default();
        let mut report = Report::default();
        let mut start = 0;
        for line in text.split(|byte| *byte == b'\n') {
            let content = line.split(|byte| *byte == b'#').next().unwrap_or_default().trim_ascii();
            let indent = line.len() - line.trim_ascii_start().len();
            let at = Span::new(start + indent, start + indent + content.len());
            if let Err(fault) = internal.line(&String::from_utf8_lossy(content), at) {
                report.error(file, text, &fault);
            }
            start += line.len() + 1;
        }
        if report.is_empty() { Ok(internal) } else { Err(report) }
    }

    fn line(&mut self, line: &str, at: Span) -> Result<(), Fault> {
        if line.is_empty() {
            return Ok(());
        }
        let Some((key, value)) = line.split_once('=') else {
            return Err(Fault::new(at, format_args!("this is no option")).help("write daemon.option=number"));
        };
        let Some(name) = key.trim_end().strip_prefix("logcollector.") else { return Ok(()) };
        let Some((_, range, set)) = SETTINGS.iter().find(|(known, ..)| *known == name) else {
            return unknown(name, at);
        };
        match number(value.trim().as_bytes()).filter(|number| range.contains(number)) {
            Some(number) => set(self, number),
            None => {
                let message = format_args!(
                    "logcollector.{name} takes a number from {} to {}",
                    range.start(),
                    range.end()
                );
                return Err(Fault::new(at, message).help("write it in digits"));
            }
        }
        Ok(())
    }
}

fn unknown(name: &str, at: Span) -> Result<(), Fault> {
    if UNUSED.contains(&name) {
        return Ok(());
    }
    let known = SETTINGS.map(|(known, ..)| known);
    let help = match suggest(name, &[&known, &UNUSED]) {
        Some(known) => format!("did you mean logcollector.{known}?"),
        None => "remove it".to_string(),
    };
    Err(Fault::new(at, format_args!("there is no option logcollector.{name}")).help(&help))
}
