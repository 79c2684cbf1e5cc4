//! What of an alert goes into the tables.

use crate::alert::Alert;
use bartizan_core::event::Field;
use serde::{Deserialize, Serialize};

/// Bytes of a log, OSSEC 4.3's limit.
const LOG_MAX: usize = 7454;

/// One alert, as texts that a database takes: UTF-8 without NUL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) rule: u32,
    pub(super) level: u16,
    pub(super) description: String,
    pub(super) groups: Vec<String>,
    /// Seconds since 1970.
    pub(super) time: i64,
    pub(super) location: String,
    pub(super) srcip: Option<String>,
    pub(super) srcport: Option<u16>,
    pub(super) dstip: Option<String>,
    pub(super) dstport: Option<u16>,
    pub(super) id: String,
    /// Empty without.
    pub(super) user: String,
    pub(super) log: String,
}

impl Row {
    pub(super) fn new(alert: &Alert<'_>) -> Self {
        let rule = alert.rule.unwrap_or_default();
        let field = |field| alert.field(field).map(text);
        let port = |port| alert.field(port).and_then(|port| std::str::from_utf8(port).ok()?.parse().ok());
        let mut log = text(alert.log);
        for previous in &alert.previous {
            log.push('\n');
            log.push_str(&text(previous));
        }
        if log.len() > LOG_MAX {
            log.truncate(log.floor_char_boundary(LOG_MAX));
            log.push_str("..");
        }
        Self {
            rule: rule.id,
            level: rule.level,
            description: text(rule.description()),
            groups: rule.groups().map(text).collect(),
            time: alert.id.epoch,
            location: location(alert),
            srcip: field(Field::SrcIp),
            srcport: port(Field::SrcPort),
            dstip: field(Field::DstIp),
            dstport: port(Field::DstPort),
            id: alert.id.to_string(),
            user: field(Field::DstUser).unwrap_or_default(),
            log,
        }
    }
}

/// Where it came from, as `alerts.log` names it.
fn location(alert: &Alert<'_>) -> String {
    let mut origin = Vec::new();
    crate::outputs::text::write_origin(&mut origin, alert);
    text(&origin)
}

/// PostgreSQL takes no NUL in a text.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\0', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_an_alert_holds_a_database_takes_it() {
        let log = [b"\xff\0'); DROP TABLE alert; --".as_slice(), &b"\xe4".repeat(9000)].concat();
        let mut alert = Alert { log: &log, location: b"x", ..Alert::default() };
        alert.fields[Field::SrcPort as usize] = Some(b"70000");
        alert.fields[Field::DstPort as usize] = Some(b"22");
        let row = Row::new(&alert);
        assert!(row.log.len() <= LOG_MAX + 2 && row.log.ends_with("..") && !row.log.contains('\0'));
        assert_eq!((row.srcport, row.dstport, row.description.as_str()), (None, Some(22), "(null)"));
    }
}
