//! An alert that has responses: what of it they need.

use super::binding::Bound;
use super::history::cut;
use crate::alert::{Alert, Decoder, Rule};
use crate::outputs::{json, wazuh};
use bartizan_core::event::{Event, Field};
use bartizan_core::limits::{RESPONSE_FILE_MAX, RESPONSE_JSON_MAX};

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
    /// What an alert's responses need of it; the JSON only if one wants it.
    pub fn new(responses: &Bound, event: &Event<'_>, alert: &Alert<'_>) -> Self {
        let text = |field| alert.field(field).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let wants_json = responses.iter().any(|response| response.means.wants_json());
        let rule = alert.rule.unwrap_or_default();
        Self {
            responses: responses.clone(),
            rule: rule.id,
            level: rule.level,
            alert: alert.id.to_string(),
            location: printable(event.shown_location(), RESPONSE_FILE_MAX),
            srcip: text(Field::SrcIp),
            srcuser: text(Field::SrcUser),
            dstuser: text(Field::DstUser),
            filename: text(Field::Filename),
            time: event.now.epoch,
            excerpt: printable(alert.log, EXCERPT_MAX),
            alert_json: wants_json.then(|| as_wazuh_has_it(alert)),
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

/// Fields that responses are about.
const NEEDED: [Field; 6] =
    [Field::SrcIp, Field::SrcPort, Field::SrcUser, Field::DstIp, Field::DstPort, Field::DstUser];

/// An alert in the layout that scripts for Wazuh 4.14 read: one line of at
/// most `JSON_MAX` bytes. What is too long goes: earlier events, the log, and
/// then the fields that no response is about.
fn as_wazuh_has_it(alert: &Alert<'_>) -> String {
    let shorter = [(LOG_MAX, 512, true), (0, 64, true), (0, 16, false)];
    let lines = shorter.into_iter().map(|(log_max, text_max, all)| {
        let mut out = Vec::new();
        wazuh::write_alert(&mut out, &shortened(alert, log_max, text_max, all));
        json::strict(&out)
    });
    lines.into_iter().find(|line| line.len() <= JSON_MAX).unwrap_or_else(|| "{}".to_owned())
}

/// An alert with so many bytes of its log and of each text, with all fields or
/// only those that are needed.
fn shortened<'a>(alert: &Alert<'a>, log_max: usize, text_max: usize, all: bool) -> Alert<'a> {
    let text = |bytes| beginning(bytes, text_max);
    let rule = |rule: Rule<'a>| Rule {
        description: rule.description.map(text),
        groups: beginning(rule.groups, 4 * text_max),
        cve: text(rule.cve),
        info: text(rule.info),
        ..rule
    };
    let fields = Field::ALL.map(|field| {
        let value = alert.field(field).filter(|_| all || NEEDED.contains(&field));
        value.map(|value| beginning(value, 3 * text_max))
    });
    Alert {
        rule: alert.rule.map(rule),
        decoder: alert.decoder.map(|decoder| Decoder { name: text(decoder.name), ..decoder }),
        location: beginning(alert.location, 2 * text_max),
        hostname: text(alert.hostname),
        program_name: alert.program_name.map(text),
        message: b"",
        log: beginning(alert.log, log_max),
        previous: Vec::new(),
        fields,
        dynamic: Vec::new(),
        ..alert.clone()
    }
}

/// At most so many bytes, and no half character at the end.
fn beginning(bytes: &[u8], max: usize) -> &[u8] {
    let Some(next) = bytes.get(max) else { return bytes };
    let mut end = max;
    if next & 0xc0 == 0x80 {
        end = bytes[..max].iter().rposition(|byte| byte & 0xc0 != 0x80).unwrap_or(0);
    }
    bytes.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn alert<'a>(long: &'a [u8]) -> Alert<'a> {
        let rule = Rule {
            id: 5712,
            level: 10,
            description: Some(b"many failures"),
            groups: long,
            ..Rule::default()
        };
        let mut alert =
            Alert { rule: Some(rule), location: long, hostname: long, log: long, ..Alert::default() };
        alert.id.epoch = 1_764_000_000;
        alert.fields = [Some(long); Field::COUNT];
        alert.fields[Field::SrcIp as usize] = Some(b"192.0.2.7");
        alert
    }

    #[test]
    fn scripts_for_wazuh_find_the_address_where_they_look_for_it() {
        let text = as_wazuh_has_it(&alert(b"x\x1b[2J"));
        let alert: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(alert["data"]["srcip"], "192.0.2.7");
        assert_eq!((&alert["rule"]["id"], &alert["rule"]["level"]), (&json!("5712"), &json!(10)));
        assert_eq!(alert["full_log"], "x\u{1b}[2J");
        assert!(!text.contains(char::is_control), "one line without controls: {text}");
    }

    #[test]
    fn a_long_log_cannot_make_an_alert_too_long_to_be_answered() {
        for unit in ["x", "\u{1}", "\u{7f}", "\u{85}", "\u{e4}", "\"", "\u{fffd}", ",", "pci_dss_,"] {
            let long = unit.repeat(6000);
            let text = as_wazuh_has_it(&alert(long.as_bytes()));
            assert!(
                text.len() <= JSON_MAX && serde_json::from_str::<Value>(&text).is_ok(),
                "{unit:?}: {text}"
            );
            assert!(!text.contains(char::is_control), "{unit:?}");
            assert!(text.contains("192.0.2.7"), "{unit:?}: {text}");
            assert!(!text.contains('\u{fffd}') || unit == "\u{fffd}", "no half characters: {unit:?}");
        }
        let broken = as_wazuh_has_it(&alert(&[0xff; 6000]));
        assert!(broken.len() <= JSON_MAX && broken.contains("192.0.2.7"), "{broken}");
    }

    #[test]
    fn what_is_shown_is_printable_and_bounded() {
        assert_eq!(printable("a\u{1b}[2J\u{e4}\n".as_bytes(), 100), "a [2J\u{e4} ");
        assert!(printable("\u{e4}".repeat(900).as_bytes(), 511).len() <= 511);
        assert!(printable(&[0xff; 900], 512).len() <= 512);
    }
}
