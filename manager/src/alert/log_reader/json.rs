//! One line of `alerts.json`, as this program writes it for either dialect.
//!
//! Bytes that are not UTF-8 are replaced: JSON has no place for them.

use super::id;
use super::wazuh::converted;
use crate::alert::{Alert, Decoder, Rule};
use crate::outputs::clock::{LocalClock, LocalTime};
use crate::outputs::json::{ALERT_FIELDS, MORE_FIELDS};
use bartizan_core::event::Field;
use serde_json::{Map, Value};

/// Keys that are not the name of a dynamic field.
const OTHERS: [&str; 11] = [
    "id",
    "decoder",
    "decoder_parent",
    "location",
    "full_log",
    "previous_output",
    "hostname",
    "program_name",
    "agent_name",
    "agentip",
    "timestamp",
];

/// The object of a line; empty if there is none.
pub(super) fn object(line: &[u8]) -> Map<String, Value> {
    converted(serde_json::from_str(&String::from_utf8_lossy(line)).unwrap_or_default())
}

/// The alert of an object.
pub(super) fn alert<'b>(object: &'b Map<String, Value>, clock: &LocalClock) -> Option<Alert<'b>> {
    let (epoch, ticket) = text(object, "id")?.split_once('.')?;
    let id = id(epoch, ticket)?;
    let time = text(object, "timestamp").and_then(LocalTime::read);
    let bytes = |key| text(object, key).map(str::as_bytes);
    let mut alert = Alert {
        id,
        time: time.unwrap_or_else(|| clock.clone().local(id.epoch)),
        rule: Some(rule(object.get("rule")?.as_object()?)?),
        fired: number(&object["rule"]["firedtimes"]),
        decoder: decoder(object),
        location: bytes("location").unwrap_or_default(),
        hostname: bytes("hostname").unwrap_or_default(),
        program_name: bytes("program_name"),
        log: bytes("full_log").unwrap_or_default(),
        previous: bytes("previous_output").into_iter().collect(),
        dynamic: dynamic(object),
        ..Alert::default()
    };
    for (key, field) in ALERT_FIELDS.iter().chain(&MORE_FIELDS) {
        alert.fields[*field as usize] = bytes(key);
    }
    let file = object.get("SyscheckFile").and_then(|file| file["path"].as_str());
    alert.fields[Field::Filename as usize] = file.map(str::as_bytes);
    Some(alert)
}

fn text<'b>(object: &'b Map<String, Value>, key: &str) -> Option<&'b str> {
    object.get(key)?.as_str()
}

fn number<N: TryFrom<u64> + Default>(value: &Value) -> N {
    value.as_u64().and_then(|number| N::try_from(number).ok()).unwrap_or_default()
}

fn rule(object: &Map<String, Value>) -> Option<Rule<'_>> {
    let bytes = |key| text(object, key).map(str::as_bytes);
    let whole = |key| object.get(key).unwrap_or(&Value::Null);
    Some(Rule {
        id: u32::try_from(object.get("sidid")?.as_u64()?).ok()?,
        level: number(whole("level")),
        description: bytes("comment"),
        groups: bytes("group").unwrap_or_default(),
        cve: bytes("cve").unwrap_or_default(),
        info: bytes("info").unwrap_or_default(),
        frequency: number(whole("frequency")),
        mail: false,
        ..Rule::default()
    })
}

fn decoder(object: &Map<String, Value>) -> Option<Decoder<'_>> {
    let more = object.get("decoder_desc")?.as_object()?;
    Some(Decoder {
        name: text(more, "name")?.as_bytes(),
        parent: text(more, "parent").unwrap_or_default().as_bytes(),
        fts: number(more.get("fts").unwrap_or(&Value::Null)),
        accumulate: more.contains_key("accumulate"),
    })
}

fn dynamic(object: &Map<String, Value>) -> Vec<(&[u8], &[u8])> {
    let fields = || ALERT_FIELDS.iter().chain(&MORE_FIELDS).map(|(key, _)| *key);
    let is_ours = |key: &str| OTHERS.contains(&key) || key == "logfile" || fields().any(|own| own == key);
    let own = object.iter().filter(|(key, _)| !is_ours(key));
    own.filter_map(|(key, value)| Some((key.as_bytes(), value.as_str()?.as_bytes()))).collect()
}
