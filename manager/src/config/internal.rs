//! `internal_options.conf`: numbers that are seldom changed.
//!
//! Lines of `daemon.option=number`; `#` begins a comment. What stands in
//! `local_internal_options.conf` overrules it. Both may be missing. Of the
//! many daemons only `analysisd` and `maild` are read here; the others are not
//! this manager's, and their lines are passed over.

use super::Home;
use super::reading::number;
use crate::diagnose::{Diagnostic, Diagnostics, SourceId, Sources, Span, suggest};
use std::ops::RangeInclusive;

/// The numbers of `analysisd` and `maild` (OSSEC 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Internal {
    /// Seconds that correlation looks back, where a rule says nothing.
    pub default_timeframe: u32,
    /// Statistics: the limit lies at most this many events above the average.
    pub stats_maxdiff: u32,
    /// Statistics: the limit lies at least this many events above the average.
    pub stats_mindiff: u32,
    /// Statistics: percent above the average where the limit lies.
    pub stats_percent_diff: u32,
    /// First time seen: keys of intrusion detection systems that are compared.
    pub fts_list_size: u32,
    /// First time seen: bytes of a key from which it counts as alike.
    pub fts_min_size_for_str: u32,
    /// Whether firewall events go to firewall.log.
    pub log_fw: bool,
    /// Fields in one decoder's order.
    pub decoder_order_size: u32,
    /// Events kept for each rule that others search by its id.
    pub sid_prev_matched_max: u32,
    /// Mail: alerts that come together go in one mail.
    pub mail_grouping: bool,
    /// Mail: the shorter subject, in spite of its name.
    pub full_subject: bool,
}

impl Default for Internal {
    fn default() -> Self {
        Self {
            default_timeframe: 360,
            stats_maxdiff: 999_000,
            stats_mindiff: 1250,
            stats_percent_diff: 150,
            fts_list_size: 32,
            fts_min_size_for_str: 14,
            log_fw: true,
            decoder_order_size: 256,
            sid_prev_matched_max: 128,
            mail_grouping: true,
            full_subject: false,
        }
    }
}

/// An option, what it may be, and where it goes.
type Setting = (&'static str, RangeInclusive<u32>, fn(&mut Internal, u32));

const SETTINGS: [Setting; 11] = [
    ("analysisd.default_timeframe", 60..=604_800, |i, n| i.default_timeframe = n),
    ("analysisd.stats_maxdiff", 10..=999_999, |i, n| i.stats_maxdiff = n),
    ("analysisd.stats_mindiff", 10..=999_999, |i, n| i.stats_mindiff = n),
    ("analysisd.stats_percent_diff", 5..=9999, |i, n| i.stats_percent_diff = n),
    ("analysisd.fts_list_size", 12..=512, |i, n| i.fts_list_size = n),
    ("analysisd.fts_min_size_for_str", 6..=128, |i, n| i.fts_min_size_for_str = n),
    ("analysisd.log_fw", 0..=1, |i, n| i.log_fw = n == 1),
    ("analysisd.decoder_order_size", 8..=1024, |i, n| i.decoder_order_size = n),
    ("analysisd.sid_prev_matched_max", 16..=65_536, |i, n| i.sid_prev_matched_max = n),
    ("maild.groupping", 0..=1, |i, n| i.mail_grouping = n == 1),
    ("maild.full_subject", 0..=1, |i, n| i.full_subject = n == 1),
];

/// Options of these daemons in OSSEC 4.3 and Wazuh 4.14 that have no meaning
/// here. Sizes of queues and numbers of threads are known by their endings.
const UNUSED: [&str; 11] = [
    "analysisd.debug",
    "analysisd.geoip_jsonout",
    "analysisd.rlimit_nofile",
    "analysisd.min_rotate_interval",
    "analysisd.max_output_size",
    "analysisd.state_interval",
    "analysisd.show_hidden_labels",
    "analysisd.label_cache_maxage",
    "maild.debug",
    "maild.geoip",
    "maild.strict_checking",
];
const UNUSED_ENDINGS: [&str; 2] = ["_queue_size", "_threads"];

/// Daemons whose options are read.
const DAEMONS: [&str; 2] = ["analysisd.", "maild."];

/// Problems of one file that are reported.
const PROBLEMS_MAX: usize = 50;

impl Internal {
    /// Reads both files of an installation, if they are there.
    pub fn read(home: &Home, sources: &mut Sources, report: &mut Diagnostics) -> Self {
        let mut internal = Self::default();
        for name in ["etc/internal_options.conf", "etc/local_internal_options.conf"] {
            let path = home.path(name);
            if !path.exists() {
                continue;
            }
            match sources.load(&path) {
                Ok(source) => internal.take(source, sources, report),
                Err(error) => {
                    let message = format!("cannot read {}: {error}", path.display());
                    report.push(Diagnostic::placeless_error(message).help(error.help()));
                }
            }
        }
        internal
    }

    /// Takes what one file says; what it does not say stays.
    pub(super) fn take(&mut self, source: SourceId, sources: &Sources, report: &mut Diagnostics) {
        let mut start = 0;
        let mut problems = 0;
        for line in sources.bytes(source).split(|byte| *byte == b'\n') {
            let content = line.split(|byte| *byte == b'#').next().unwrap_or_default().trim_ascii();
            if let Err(wrong) = self.line(content) {
                let indent = line.len() - line.trim_ascii_start().len();
                let span = Span::new(start + indent, start + indent + content.len());
                report.push(Diagnostic::error(source, span, wrong.message).help(wrong.help));
                problems += 1;
            }
            if problems == PROBLEMS_MAX {
                break;
            }
            start += line.len() + 1;
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Wrong> {
        if line.is_empty() {
            return Ok(());
        }
        let line = String::from_utf8_lossy(line);
        let Some((key, value)) = line.split_once('=') else {
            return Err(Wrong::new("this is no option", "write daemon.option=number"));
        };
        let name = key.trim_end();
        if !DAEMONS.iter().any(|daemon| name.starts_with(daemon)) {
            return Ok(());
        }
        let Some((_, range, set)) = SETTINGS.iter().find(|(known, ..)| *known == name) else {
            return unknown(name);
        };
        match number(value.trim().as_bytes()).filter(|number| range.contains(number)) {
            Some(number) => set(self, number),
            None => {
                let message = format!("{name} takes a number from {} to {}", range.start(), range.end());
                return Err(Wrong::new(&message, "write it in digits"));
            }
        }
        Ok(())
    }
}

fn unknown(name: &str) -> Result<(), Wrong> {
    if UNUSED.contains(&name) || UNUSED_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        return Ok(());
    }
    let known = SETTINGS.iter().map(|(known, ..)| *known).chain(UNUSED);
    let help = match suggest(name, known) {
        Some(known) => format!("did you mean {known}?"),
        None => "remove it".to_string(),
    };
    Err(Wrong::new(&format!("there is no option {name}"), &help))
}

/// What is wrong with a line.
struct Wrong {
    message: String,
    help: String,
}

impl Wrong {
    fn new(message: &str, help: &str) -> Self {
        Self { message: message.to_string(), help: help.to_string() }
    }
}
