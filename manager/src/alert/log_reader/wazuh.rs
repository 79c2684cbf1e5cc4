//! One line of `alerts.json` in Wazuh's layout, turned into the other one, so
//! that alerts are read in one way.

use serde_json::{Map, Value, json};

/// Objects within objects that are read: `data.a.b.c`.
const DEPTH_MAX: usize = 32;

/// The object in the layout of OSSEC, if it is one of Wazuh's.
pub(super) fn converted(object: Map<String, Value>) -> Map<String, Value> {
    match object.get("rule").is_some_and(|rule| rule["id"].is_string()) {
        true => of_wazuh(&object),
        false => object,
    }
}

fn of_wazuh(object: &Map<String, Value>) -> Map<String, Value> {
    let part = |key| object.get(key).unwrap_or(&Value::Null);
    let (rule, agent, predecoder) = (part("rule"), part("agent"), part("predecoder"));
    let mut new = Map::new();
    if let Some(fields) = object.get("data").and_then(Value::as_object) {
        flatten(&mut new, "", fields, 0);
    }
    if let Some(name) = new.remove("system_name") {
        new.insert("systemname".to_owned(), name);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number: u32 = text(&rule["id"]).parse().unwrap_or_default();
    new.insert(
        "rule".to_owned(),
        json!({
            "sidid": number, "level": rule["level"], "comment": rule["description"], "group": groups(rule),
            "cve": rule["cve"], "info": rule["info"], "frequency": rule["frequency"],
            "firedtimes": rule["firedtimes"],
        }),
    );
    let location = object.get("location").map(text).unwrap_or_default();
    let name = text(&agent["name"]);
    let (location, hostname) = match agent["id"].as_str() {
        Some("000") | None => (location, predecoder["hostname"].as_str().unwrap_or(&name).to_owned()),
        Some(_) => {
            let address = agent["ip"].as_str().unwrap_or("any");
            (format!("({name}) {address}->{location}"), name)
        }
    };
    new.insert("location".to_owned(), location.into());
    new.insert("hostname".to_owned(), hostname.into());
    let decoder = object.get("decoder").cloned().unwrap_or_default();
    for key in ["id", "full_log", "previous_output"] {
        new.remove(key);
        new.extend(object.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    new.insert("decoder_desc".to_owned(), decoder);
    new.extend(predecoder.get("program_name").map(|name| ("program_name".to_owned(), name.clone())));
    new
}

/// All groups in one text, those that name requirements too.
fn groups(rule: &Value) -> String {
    let list = |key: &str, prefix: &str| -> Vec<String> {
        let words = rule[key].as_array().into_iter().flatten().filter_map(Value::as_str);
        words.map(|word| format!("{prefix}{word},")).collect()
    };
    let mut all = list("groups", "");
    for key in ["pci_dss", "cis", "gdpr", "gpg13", "hipaa", "nist_800_53", "tsc"] {
        all.extend(list(key, &format!("{key}_")));
    }
    all.concat()
}

/// Fields with the names of the objects around them; lists as they stand.
fn flatten(new: &mut Map<String, Value>, prefix: &str, fields: &Map<String, Value>, depth: usize) {
    for (key, value) in fields {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(below) if depth < DEPTH_MAX => flatten(new, &name, below, depth + 1),
            Value::String(_) => drop(new.insert(name, value.clone())),
            value => drop(new.insert(name, value.to_string().into())),
        }
    }
}
