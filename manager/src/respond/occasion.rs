//! An alert that has responses: what of it they need.

use super::binding::Bound;
use super::history::cut;
use crate::alert::AlertId;
use bartizan_core::event::{Event, Field};
use bartizan_core::image::rows::RuleRow;
use bartizan_core::limits::{RESPONSE_FILE_MAX, RESPONSE_JSON_MAX};
use serde_json::{Map, Value, json};

/// Bytes of a log that the history keeps.
pub const EXCERPT_MAX: usize = 512;

/// Bytes of the alert as scripts and web servers are told it; there must be
/// room for `extra_args`, too.
const JSON_MAX: usize = RESPONSE_JSON_MAX * 3 / 4;

/// Bytes of the log in it, escapes not counted.
const LOG_MAX: usize = 1024;

/// An alert that has responses.
#[derive(Clone, Debug)]
pub struct Occasion {
    /// The responses.
    pub responses: Bound,
    /// Number of the rule.
    pub rule: u32,
    /// Its level.
    pub level: u16,
    /// Number of the alert: `1764000000.42`.
    pub alert: String,
    /// Where the event came from, as alerts show it: printable, at most
    /// [`RESPONSE_FILE_MAX`] bytes.
    pub location: String,
    /// The source address, as the log has it.
    pub srcip: Option<String>,
    /// The user that it came from.
    pub srcuser: Option<String>,
    /// The user that it is about.
    pub dstuser: Option<String>,
    /// The file that it is about.
    pub filename: Option<String>,
    /// When, seconds since 1970.
    pub time: i64,
    /// The beginning of the log: at most [`EXCERPT_MAX`] bytes, printable.
    pub excerpt: String,
    /// The alert in the layout of Wazuh 4.14, if a response wants it.
    pub alert_json: Option<String>,
}

impl Occasion {
    /// What an alert's responses need of it. `alert_json`, the line of
    /// `alerts.json`, is asked for only if one of them wants it.
    pub fn new(
        responses: &Bound,
        rule: &RuleRow,
        event: &Event<'_>,
        alert: AlertId,
        alert_json: impl FnOnce() -> Vec<u8>,
    ) -> Self {
        let text = |field| event.field(field).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let wants_json = responses.iter().any(|response| response.means.wants_json());
        Self {
            responses: responses.clone(),
            rule: rule.id.get(),
            level: rule.level.get(),
            alert: alert.to_string(),
            location: printable(event.shown_location(), RESPONSE_FILE_MAX),
            srcip: text(Field::SrcIp),
            srcuser: text(Field::SrcUser),
            dstuser: text(Field::DstUser),
            filename: text(Field::Filename),
            time: event.now.epoch,
            excerpt: printable(event.full_log(), EXCERPT_MAX),
            alert_json: wants_json.then(|| as_wazuh_has_it(&alert_json(), event.now.epoch)),
        }
    }

    /// The agent that the event came from, by its name.
    pub(super) fn agent(&self) -> Option<&str> {
        let (name, _) = self.location.strip_prefix('(')?.split_once(')')?;
        Some(name)
    }
}

/// The beginning of a text: at most so many bytes, without what a terminal
/// would obey.
fn printable(bytes: &[u8], max: usize) -> String {
    let text = String::from_utf8_lossy(bytes.get(..max).unwrap_or(bytes));
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(&plain, max).to_owned()
}

/// Fields of an event: their names in `alerts.json`, and in `data` of Wazuh.
const DATA: [(&str, &str); 12] = [
    ("srcip", "srcip"),
    ("srcport", "srcport"),
    ("srcuser", "srcuser"),
    ("dstip", "dstip"),
    ("dstport", "dstport"),
    ("dstuser", "dstuser"),
    ("protocol", "protocol"),
    ("action", "action"),
    ("status", "status"),
    ("url", "url"),
    ("data", "data"),
    ("systemname", "system_name"),
];

/// A line of `alerts.json` in the layout that scripts for Wazuh 4.14 read:
/// one line of at most `JSON_MAX` bytes. What is too long goes: the log, and
/// then the fields that no response is about.
fn as_wazuh_has_it(line: &[u8], time: i64) -> String {
    let whole: Value = serde_json::from_str(&String::from_utf8_lossy(line)).unwrap_or_default();
    let layouts = [(LOG_MAX, DATA.len(), 512), (0, DATA.len(), 64), (0, 6, 16)];
    let layouts = layouts.map(|(log_max, fields, text_max)| layout(&whole, time, log_max, fields, text_max));
    let mut texts = layouts.into_iter().map(|layout| without_controls(&layout.to_string()));
    texts.find(|text| text.len() <= JSON_MAX).unwrap_or_else(|| "{}".to_owned())
}

/// JSON leaves some characters as they stand that orders must not hold.
fn without_controls(json: &str) -> String {
    let plain = |c: char| if c.is_control() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    if json.contains(char::is_control) { json.chars().map(plain).collect() } else { json.to_owned() }
}

/// Of the fields, the first so many are taken; texts are cut.
fn layout(alert: &Value, time: i64, log_max: usize, fields: usize, text_max: usize) -> Value {
    let text = |value: &Value, max| value.as_str().map(|text| cut(text, max).to_owned());
    let data: Map<String, Value> = DATA
        .iter()
        .take(fields)
        .filter_map(|(ours, name)| Some(((*name).to_owned(), text(&alert[*ours], 3 * text_max)?.into())))
        .collect();
    let rule = &alert["rule"];
    json!({
        "timestamp": timestamp(time),
        "rule": {
            "level": rule["level"],
            "description": text(&rule["comment"], text_max),
            // Wazuh writes the number as a text.
            "id": rule["sidid"].to_string(),
            "firedtimes": rule["firedtimes"],
            "groups": rule["groups"].as_array().map(|all| all.iter().take(8).map(|one| text(one, text_max.min(64))).collect::<Vec<_>>()),
        },
        "agent": { "name": text(&alert["agent_name"], text_max), "ip": text(&alert["agentip"], text_max) },
        "id": alert["id"],
        "full_log": text(&alert["full_log"], log_max),
        "decoder": { "name": text(&alert["decoder"], text_max) },
        "data": data,
        "location": text(&alert["logfile"], text_max),
    })
}

fn timestamp(time: i64) -> String {
    let at = jiff::Timestamp::from_second(time).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_for_wazuh_find_the_address_where_they_look_for_it() {
        let line = br#"{"rule":{"level":10,"comment":"many failures","sidid":5712,"groups":["syslog","sshd"]},"id":"17.4",
            "srcip":"192.0.2.7","dstuser":"root","full_log":"x\u001b[2J","agent_name":"web1","agentip":"192.0.2.1"}"#;
        let text = as_wazuh_has_it(line, 1_764_000_000);
        let alert: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            (&alert["data"]["srcip"], &alert["data"]["dstuser"]),
            (&json!("192.0.2.7"), &json!("root"))
        );
        assert_eq!((&alert["rule"]["id"], &alert["rule"]["level"]), (&json!("5712"), &json!(10)));
        assert_eq!(alert["timestamp"], "2025-11-24T16:00:00.000+0000");
        assert!(!text.contains(char::is_control), "one line without controls: {text}");
    }

    #[test]
    fn a_long_log_cannot_make_an_alert_too_long_to_be_answered() {
        for unit in ["x", "\u{1}", "\u{7f}", "\u{85}", "\u{e4}", "\"", "\u{fffd}"] {
            let long = unit.repeat(6000);
            let line = json!({"rule": {"level": 10, "comment": long, "sidid": 1, "groups": vec![&long; 40]},
                "srcip": "192.0.2.7", "url": long, "srcuser": long, "full_log": long, "logfile": long});
            let text = as_wazuh_has_it(line.to_string().as_bytes(), 0);
            assert!(text.len() <= JSON_MAX && serde_json::from_str::<Value>(&text).is_ok());
            assert!(!text.contains(char::is_control), "{unit:?}");
            assert!(text.contains("192.0.2.7"), "{unit:?}: {text}");
        }
        assert_eq!(as_wazuh_has_it(b"\xff{", 0).parse::<Value>().expect("JSON")["data"], json!({}));
    }

    #[test]
    fn what_is_shown_is_printable_and_bounded() {
        assert_eq!(printable("a\u{1b}[2J\u{e4}\n".as_bytes(), 100), "a [2J\u{e4} ");
        assert!(printable("\u{e4}".repeat(900).as_bytes(), 511).len() <= 511);
        assert!(printable(&[0xff; 900], 512).len() <= 512);
    }
}
