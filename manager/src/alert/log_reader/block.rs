//! One block of `alerts.log`.
//!
//! ```text
//! ** Alert 1700000000.1: mail  - syslog,sshd,
//! 2023 Nov 14 22:13:20 web->/var/log/auth.log
//! Rule: 5716 (level 5) -> 'SSHD authentication failed.'
//! Src IP: 192.0.2.7
//! User: root
//! the log, and perhaps more lines
//! ```

use crate::alert::{Alert, AlertId, Rule};
use crate::outputs::clock::{LocalClock, LocalTime};
use crate::outputs::text::LABELS;
use bartizan_core::event::Field;
use memchr::memmem;

/// How a block begins.
const HEADER: &[u8] = b"** Alert ";

/// The log of a changed file begins with this (OSSEC 4.3).
const CHANGED: &[u8] = b"Integrity checksum changed for: '";

/// Whether a block begins with this line.
pub(super) fn is_header(line: &[u8]) -> bool {
    line.strip_prefix(HEADER).and_then(<[u8]>::first).is_some_and(u8::is_ascii_digit)
}

/// The alert of a block: lines with LF between them.
pub(super) fn alert<'b>(block: &'b [u8], clock: &LocalClock) -> Option<Alert<'b>> {
    let mut lines = block.split(|byte| *byte == b'\n').peekable();
    let (id, mail, groups) = header(lines.next()?)?;
    let (time, origin) = time_and_origin(lines.next()?);
    let (hostname, location) = host_and_location(origin);
    let mut rule = rule(lines.next()?)?;
    (rule.mail, rule.groups) = (mail, groups);
    let time = time.unwrap_or_else(|| clock.clone().local(id.epoch));
    let mut alert = Alert { id, time, rule: Some(rule), hostname, location, ..Alert::default() };
    for (label, field) in LABELS {
        let Some(value) = lines.peek().and_then(|line| line.strip_prefix(label)) else { continue };
        alert.fields[field as usize] = Some(value);
        lines.next();
    }
    alert.log = lines.next().unwrap_or_default();
    alert.previous = lines.collect();
    // The empty lines between alerts.
    let last = alert.previous.iter().rposition(|line| !line.is_empty());
    alert.previous.truncate(last.map_or(0, |last| last + 1));
    alert.fields[Field::Filename as usize] = changed_file(&rule, alert.log);
    Some(alert)
}

fn header(line: &[u8]) -> Option<(AlertId, bool, &[u8])> {
    let (id, rest) = split_at(line.strip_prefix(HEADER)?, b": ")?;
    let id = std::str::from_utf8(id).ok()?;
    let (epoch, ticket) = id.split_once('.').unwrap_or((id, ""));
    let id = super::id(epoch, ticket)?;
    let (flags, groups) = split_at(rest, b"-").unwrap_or((b"", b""));
    Some((id, flags.starts_with(b"mail"), groups.trim_ascii_start()))
}

/// `2023 Nov 14 22:13:20` and what follows it. OSSEC 4.3: the time ends at the
/// first blank behind the first colon.
fn time_and_origin(line: &[u8]) -> (Option<LocalTime>, &[u8]) {
    let colon = memchr::memchr(b':', line).unwrap_or(0);
    let blank = memchr::memchr(b' ', line.get(colon..).unwrap_or_default());
    let (time, origin) = line.split_at(blank.map_or(line.len(), |blank| colon + blank));
    let time = std::str::from_utf8(time).ok().and_then(LocalTime::read);
    (time, origin.strip_prefix(b" ").unwrap_or(origin))
}

/// `host->path`; `(agent) address->path` is a location as a whole.
fn host_and_location(origin: &[u8]) -> (&[u8], &[u8]) {
    match split_at(origin, b"->") {
        Some((host, location)) if origin.first() != Some(&b'(') => (host, location),
        _ => (b"", origin),
    }
}

/// `Rule: 5716 (level 5) -> 'SSHD authentication failed.'`
fn rule(line: &[u8]) -> Option<Rule<'_>> {
    let (id, rest) = split_at(line.strip_prefix(b"Rule: ")?, b" (level ")?;
    let (level, rest) = split_at(rest, b")")?;
    let (_, quoted) = split_at(rest, b"'")?;
    let end = memchr::memrchr(b'\'', quoted).unwrap_or(quoted.len());
    let description = quoted.get(..end).filter(|text| *text != b"(null)");
    Some(Rule { id: number(id)?, level: number(level)?, description, ..Rule::default() })
}

/// The file that an alert of the integrity check is about.
fn changed_file<'b>(rule: &Rule<'_>, log: &'b [u8]) -> Option<&'b [u8]> {
    memmem::find(rule.groups, b"syscheck")?;
    let rest = log.strip_prefix(CHANGED)?;
    rest.get(..memchr::memrchr(b'\'', rest)?)
}

fn split_at<'b>(text: &'b [u8], at: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let found = memmem::find(text, at)?;
    Some((text.get(..found)?, text.get(found + at.len()..)?))
}

fn number<N: std::str::FromStr>(digits: &[u8]) -> Option<N> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
