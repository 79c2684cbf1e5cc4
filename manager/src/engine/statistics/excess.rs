//! The alert of rule 11: more events within an hour than is usual.
//!
//! Its rule stands in no rule file. All but rule and log are those of the
//! event that was one too many (OSSEC 4.3).

use crate::outputs::alert::Alert;
use crate::outputs::json;
use crate::outputs::text::write_origin;
use bartizan_core::event::Field;
use memchr::memmem;
use std::fmt;
use std::io::Write;

/// Id of the rule.
pub const RULE: u32 = 11;

const GROUPS: &[u8] = b"stats,";
const DESCRIPTION: &[u8] = b"Excessive number of events (above normal).";

/// An hour that has become unusual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Log of the alert.
    pub text: String,
    /// Level of the alert.
    pub level: u16,
}

impl Excess {
    /// With OSSEC 4.3's words.
    pub(super) fn new(level: u16, hour: u8, weekday: Option<&str>, average: u32, reached: u32) -> Self {
        let on = weekday.map_or_else(String::new, |weekday| format!(" on {weekday}"));
        let next = hour + 1;
        let text = format!(
            "The average number of logs between {hour}:00 and {next}:00{on} is {average}. We reached {reached}."
        );
        Self { text, level }
    }

    /// Appends the alert as `alerts.log` has it, with the empty line behind
    /// it. `current` is the event that was one too many, with the number of
    /// this alert; its rule and earlier events are left out.
    pub fn write_alert(&self, out: &mut Vec<u8>, current: &Alert<'_>, mail: bool) {
        let flag = if mail { "mail  " } else { "" };
        write(out, format_args!("** Alert {}.{}: {flag}- ", current.id.epoch, current.id.ticket));
        out.extend_from_slice(GROUPS);
        out.push(b'\n');
        current.time.write(out);
        out.push(b' ');
        write_origin(out, current.event);
        write(out, format_args!("\nRule: {RULE} (level {}) -> '", self.level));
        out.extend_from_slice(DESCRIPTION);
        out.extend_from_slice(b"'\n");
        for (label, field) in LABELS {
            if let Some(value) = current.event.field(field) {
                out.extend_from_slice(label);
                out.extend_from_slice(value);
                out.push(b'\n');
            }
        }
        out.extend_from_slice(self.text.as_bytes());
        out.extend_from_slice(b"\n\n");
    }

    /// Appends the alert as a line of `alerts.json`: the line of the event
    /// without a rule, with this rule in front and this log in its place.
    pub fn write_json(&self, out: &mut Vec<u8>, current: &Alert<'_>) {
        let mut line = Vec::new();
        json::write_alert(&mut line, &Alert { rule: None, fired: 0, previous: &[], ..*current });
        let (before, behind) = around_log(&line);
        out.push(b'{');
        self.write_rule(out);
        if before.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(before.get(1..).unwrap_or(b""));
        json::write_string(out, self.text.as_bytes());
        out.extend_from_slice(behind);
    }

    fn write_rule(&self, out: &mut Vec<u8>) {
        write(out, format_args!("\"rule\":{{\"level\":{},\"comment\":", self.level));
        json::write_string(out, DESCRIPTION);
        write(out, format_args!(",\"sidid\":{RULE},\"group\":"));
        json::write_string(out, GROUPS);
        out.extend_from_slice(b",\"groups\":[\"stats\"]}");
    }
}

fn write(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = out.write_fmt(text);
}

const LABELS: [(&[u8], Field); 5] = [
    (b"Src IP: ", Field::SrcIp),
    (b"Src Port: ", Field::SrcPort),
    (b"Dst IP: ", Field::DstIp),
    (b"Dst Port: ", Field::DstPort),
    (b"User: ", Field::DstUser),
];

/// What stands before and behind the log in a line of `alerts.json`.
///
/// The key cannot be mistaken: a quote within a value has a backslash before
/// it, so a comma with a quote behind it is no part of a value unless it ends
/// it, and then no letter follows.
fn around_log(line: &[u8]) -> (&[u8], &[u8]) {
    const KEY: &[u8] = b",\"full_log\":";
    let start = memmem::find(line, KEY).map_or(line.len(), |at| at + KEY.len());
    let (before, value) = line.split_at(start);
    let mut end = 1;
    loop {
        match value.get(end) {
            Some(b'\\') => end += 2,
            Some(b'"') => break,
            Some(_) => end += 1,
            None => break,
        }
    }
    (before, value.get(end + 1..).unwrap_or(b""))
}
