//! An alert as OSSEC's mails have it. Tools and people know this layout; it is
//! kept to the letter.

use super::readable::{cut, one_line, readable};
use crate::alert::{Alert, Rule};
use crate::outputs::text::write_origin;
use bartizan_core::event::Field;

/// Earlier events that are shown with an alert (OSSEC 4.3: 20 lines in all).
const PREVIOUS_MAX: usize = 20;

/// Bytes of each of them, as in `alerts.log`.
const PREVIOUS_SHOWN: usize = 1256;

/// Bytes of a subject (OSSEC 4.3).
const SUBJECT_MAX: usize = 127;

/// Characters of a short message, which is one message of a telephone.
const SHORT_MAX: usize = 160;

const LABELS: [(&str, Field); 5] = [
    ("Src IP: ", Field::SrcIp),
    ("Src Location: ", Field::SrcGeo),
    ("Dst IP: ", Field::DstIp),
    ("Dst Location: ", Field::DstGeo),
    ("User: ", Field::DstUser),
];

/// Appends an alert. Lines end in line feeds.
pub(super) fn write(out: &mut String, alert: &Alert<'_>) {
    let Rule { id, level, .. } = alert.rule.unwrap_or_default();
    let mut date = Vec::new();
    alert.time.write(&mut date);
    let lines = [
        String::new(),
        "OSSEC HIDS Notification.".to_owned(),
        readable(&date),
        String::new(),
        format!("Received From: {}", origin(alert)),
        format!("Rule: {id} fired (level {level}) -> \"{}\"", description(alert)),
    ];
    lines.iter().for_each(|line| push(out, line));
    for (label, field) in LABELS {
        if let Some(value) = alert.field(field) {
            push(out, &format!("{label}{}", one_line(value)));
        }
    }
    push(out, "Portion of the log(s):\n");
    push(out, &readable(alert.log));
    for previous in alert.previous.iter().take(PREVIOUS_MAX) {
        push(out, &readable(previous.get(..PREVIOUS_SHOWN).unwrap_or(previous)));
    }
    if let Some(more @ 1..) = alert.previous.len().checked_sub(PREVIOUS_MAX) {
        push(out, &format!("({more} more)"));
    }
    if let Some(difference) = alert.difference() {
        push(out, "\nWhat has changed:\n");
        out.push_str(&readable(difference.as_bytes()));
    }
    out.push_str("\n\n\n --END OF NOTIFICATION\n\n\n");
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

/// The subject of a mail about this alert. OSSEC's `maild.full_subject` means
/// the shorter one.
pub(super) fn subject(alert: &Alert<'_>, full_subject: bool) -> String {
    let level = alert.rule.unwrap_or_default().level;
    let host = host(alert);
    let subject = match full_subject {
        true => format!("OSSEC Notification - {host} - Alert level {level}"),
        false => format!("OSSEC Alert - {host} - Level {level} - {}", description(alert)),
    };
    cut(&subject, SUBJECT_MAX).to_owned()
}

/// The subject of a short message.
pub(super) fn short_subject(alert: &Alert<'_>) -> String {
    let Rule { id, level, .. } = alert.rule.unwrap_or_default();
    cut(&format!("OSSEC {level} - {id} - {}", host(alert)), SUBJECT_MAX).to_owned()
}

/// An alert in one short line, which says how many more there are.
pub(super) fn short(alert: &Alert<'_>, more: usize) -> String {
    let source = alert.field(Field::SrcIp).map(|source| format!(" from {}", one_line(source)));
    let more = if more == 0 { String::new() } else { format!(" (+{more} more)") };
    let rest = format!("{}{more}", cut(&source.unwrap_or_default(), 60));
    let text = format!("{}: {}", host(alert), description(alert));
    let room = SHORT_MAX.saturating_sub(rest.chars().count());
    text.chars().take(room).collect::<String>() + &rest
}

/// Where it comes from, as in `alerts.log`.
fn origin(alert: &Alert<'_>) -> String {
    let mut origin = Vec::new();
    write_origin(&mut origin, alert);
    one_line(&origin)
}

/// What stands before `->` in the origin.
fn host(alert: &Alert<'_>) -> String {
    let origin = origin(alert);
    match origin.split_once('>') {
        Some((host, _)) => host.strip_suffix('-').unwrap_or(host).to_owned(),
        None => origin,
    }
}

fn description(alert: &Alert<'_>) -> String {
    one_line(&alert.description())
}
