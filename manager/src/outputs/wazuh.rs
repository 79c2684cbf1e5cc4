//! One alert as JSON in the layout of Wazuh 4.14's `alerts.json`: what its
//! integration scripts, its responses and its users' dashboards read. With
//! rules of Wazuh's it is the layout of `alerts.json` and `archives.json`.
//!
//! Keys that need what only Wazuh has (clusters, labels) are left out.

use super::clock::{LocalTime, MONTHS};
use super::json::{Object, write_string};
use crate::alert::{Alert, Decoder, Rule};
use crate::mitre;
use bartizan_core::event::Field;
use std::sync::OnceLock;

/// Names within a dynamic name that are objects of their own: `a.b.c`.
const DEPTH_MAX: usize = 16;

/// Prefixes of groups that name a requirement, and where they stand.
const COMPLIANCE: [(&str, &[u8]); 7] = [
    ("pci_dss", b"pci_dss_"),
    ("cis", b"cis_"),
    ("gdpr", b"gdpr_"),
    ("gpg13", b"gpg13_"),
    ("hipaa", b"hipaa_"),
    ("nist_800_53", b"nist_800_53_"),
    ("tsc", b"tsc_"),
];

/// Bytes of a rule's groups that are looked at.
const GROUPS_MAX: usize = 1023;

const DATA: [(&str, Field); 16] = [
    ("protocol", Field::Protocol),
    ("action", Field::Action),
    ("srcip", Field::SrcIp),
    ("srcgeoip", Field::SrcGeo),
    ("srcport", Field::SrcPort),
    ("srcuser", Field::SrcUser),
    ("dstip", Field::DstIp),
    ("dstgeoip", Field::DstGeo),
    ("dstport", Field::DstPort),
    ("dstuser", Field::DstUser),
    ("id", Field::Id),
    ("status", Field::Status),
    ("url", Field::Url),
    ("data", Field::Data),
    ("extra_data", Field::ExtraData),
    ("system_name", Field::SystemName),
];

/// The name of this machine, without control characters.
pub fn manager_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let name = nix::unistd::gethostname().unwrap_or_default();
        name.to_string_lossy().chars().filter(|c| !c.is_control()).collect()
    })
}

/// Appends the object, without an end of line. Bytes that are not UTF-8 are
/// written as they stand, as in OSSEC's layout.
pub fn write_alert(out: &mut Vec<u8>, alert: &Alert<'_>) {
    write(out, alert, manager_name().as_bytes());
}

/// Appends a line of `archives.json`: every event with its log, and with its
/// rule if one fired whose level is not 0.
pub fn write_archive(out: &mut Vec<u8>, event: &Alert<'_>) {
    let rule = event.rule.filter(|rule| rule.level > 0);
    let rule = rule.map(|rule| Rule { no_full_log: false, ..rule });
    write(out, &Alert { rule, ..event.clone() }, manager_name().as_bytes());
    out.push(b'\n');
}

fn write(out: &mut Vec<u8>, alert: &Alert<'_>, manager: &[u8]) {
    let mut object = Object::open(out);
    object.text("timestamp", timestamp(alert).as_bytes());
    if let Some(rule) = &alert.rule {
        write_rule(&mut object, alert, rule);
    }
    write_agent(&mut object, alert, manager);
    let mut own = object.object("manager");
    own.text("name", manager);
    own.close();
    object.text("id", alert.id.to_string().as_bytes());
    write_previous(&mut object, alert);
    if !alert.rule.is_some_and(|rule| rule.no_full_log) {
        object.text("full_log", alert.log);
    }
    write_predecoder(&mut object, alert);
    write_decoder(&mut object, alert.decoder.as_ref());
    if let [b"Previous output:", text, ..] = alert.previous[..] {
        object.text("previous_log", text);
    }
    write_data(&mut object, alert);
    object.text("location", alert.log_file());
    object.close();
}

/// `2026-11-21T07:29:50.000+0100`.
pub(crate) fn timestamp(alert: &Alert<'_>) -> String {
    let LocalTime { year, month, day, second, .. } = alert.time;
    let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
    let offset = offset_min(alert).unwrap_or(0);
    let (sign, offset) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
    format!(
        "{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.000{sign}{:02}{:02}",
        offset / 60,
        offset % 60
    )
}

/// Minutes that the local time is ahead of UTC.
fn offset_min(alert: &Alert<'_>) -> Option<i64> {
    let LocalTime { year, month, day, second, .. } = alert.time;
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let date = jiff::civil::Date::new(i16::try_from(year).ok()?, month, day).ok()?;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    let minutes = (midnight + i64::from(second) - alert.id.epoch) / 60;
    (minutes.abs() <= 24 * 60).then_some(minutes)
}

fn write_rule(object: &mut Object<'_>, alert: &Alert<'_>, rule: &Rule<'_>) {
    let mut nested = object.object("rule");
    if rule.level != 0 {
        nested.number("level", rule.level);
    }
    let description = alert.description();
    nested.text("description", if rule.description.is_some() { &description } else { b"" });
    nested.text("id", rule.id.to_string().as_bytes());
    write_mitre(&mut nested, rule.mitre);
    for (key, text) in [("cve", rule.cve), ("info", rule.info)] {
        nested.option(key, Some(text).filter(|text| !text.is_empty()));
    }
    if rule.frequency != 0 {
        nested.number("frequency", rule.frequency);
    }
    if !rule.no_counter {
        nested.number("firedtimes", alert.fired);
    }
    nested.number("mail", rule.mail);
    let groups = || rule.groups.get(..GROUPS_MAX).unwrap_or(rule.groups);
    let groups = || groups().split(|byte| *byte == b',').filter(|group| !group.is_empty());
    let plain = |group: &&[u8]| !COMPLIANCE.iter().any(|(_, prefix)| group.starts_with(prefix));
    nested.list("groups", groups().filter(plain));
    for (key, prefix) in COMPLIANCE {
        let named = || groups().filter_map(|group| group.strip_prefix(prefix));
        if named().next().is_some() {
            nested.list(key, named());
        }
    }
    nested.close();
}

/// The techniques of a rule in their order, and each of their tactics once.
/// An id that is not known is left out.
fn write_mitre(rule: &mut Object<'_>, ids: &[u8]) {
    let techniques = mitre::of_ids(ids);
    if techniques.is_empty() {
        return;
    }
    let mut tactics = Vec::new();
    for tactic in techniques.iter().flat_map(|technique| &technique.tactics) {
        if !tactics.contains(tactic) {
            tactics.push(*tactic);
        }
    }
    let mut nested = rule.object("mitre");
    nested.list("id", techniques.iter().map(|technique| technique.id.as_bytes()));
    nested.list("tactic", tactics.iter().map(|tactic| tactic.as_bytes()));
    nested.list("technique", techniques.iter().map(|technique| technique.name.as_bytes()));
    nested.close();
}

/// Number 000 is the manager itself. The number of another agent is not in
/// its alerts; its name, which is unique, stands for it.
fn write_agent(object: &mut Object<'_>, alert: &Alert<'_>, manager: &[u8]) {
    let mut nested = object.object("agent");
    let name = alert.agent_name();
    match alert.is_from_agent() {
        true => {
            nested.text("id", name);
            nested.text("name", name);
            nested.option("ip", alert.agent_ip().filter(|ip| *ip != b"any"));
        }
        false => {
            nested.text("id", b"000");
            nested.text("name", manager);
        }
    }
    nested.close();
}

/// Earlier texts, if there are at least two; those of a changed output stand
/// elsewhere.
fn write_previous(object: &mut Object<'_>, alert: &Alert<'_>) {
    if alert.previous.len() >= 2 && alert.previous[0] != b"Previous output:" {
        object.text("previous_output", &alert.previous.join(&b'\n'));
    }
}

fn write_predecoder(object: &mut Object<'_>, alert: &Alert<'_>) {
    let header = header(alert.log);
    if header.is_none() && alert.program_name.is_none() {
        return;
    }
    let mut nested = object.object("predecoder");
    nested.option("program_name", alert.program_name);
    nested.option("timestamp", header.map(|(time, _)| time));
    nested.option("hostname", header.map(|(_, host)| host));
    nested.close();
}

/// Time and host of a log that begins `Mmm dd hh:mm:ss HOST `.
fn header(log: &[u8]) -> Option<(&[u8], &[u8])> {
    let (time, rest) = log.split_at_checked(15)?;
    let host = rest.strip_prefix(b" ")?.split(|byte| *byte == b' ').next()?;
    let month = MONTHS.iter().any(|month| time.starts_with(month.as_bytes()));
    let marks = [(3, b' '), (6, b' '), (9, b':'), (12, b':')];
    (month && marks.iter().all(|(at, byte)| time.get(*at) == Some(byte))).then_some((time, host))
}

fn write_decoder(object: &mut Object<'_>, decoder: Option<&Decoder<'_>>) {
    let mut nested = object.object("decoder");
    if let Some(decoder) = decoder {
        if decoder.accumulate {
            nested.number("accumulate", 1);
        }
        nested.option("parent", Some(decoder.parent).filter(|name| !name.is_empty()));
        nested.text("name", decoder.name);
    }
    nested.close();
}

/// A value of a field, or fields below a name with dots.
enum Node<'a> {
    Text(&'a [u8]),
    Below(Vec<(&'a [u8], Node<'a>)>),
}

fn write_data(object: &mut Object<'_>, alert: &Alert<'_>) {
    let mut all = Vec::new();
    for (name, field) in DATA {
        if let Some(value) = alert.field(field) {
            put(&mut all, name.as_bytes(), value, 0);
        }
    }
    for (name, value) in &alert.dynamic {
        put(&mut all, name, value, 0);
    }
    if !all.is_empty() {
        write_nodes(object.object("data"), &all);
    }
}

/// Puts a value in its place; one that is taken already stays, an empty value
/// goes nowhere.
fn put<'a>(nodes: &mut Vec<(&'a [u8], Node<'a>)>, name: &'a [u8], value: &'a [u8], depth: usize) {
    let dot = name.iter().position(|byte| *byte == b'.').filter(|at| *at > 0 && depth < DEPTH_MAX);
    let (first, rest) = dot.map_or((name, None), |at| (&name[..at], Some(&name[at + 1..])));
    let known = nodes.iter_mut().find(|(known, _)| *known == first);
    match (known, rest) {
        _ if value.is_empty() => {}
        (Some((_, Node::Below(below))), Some(rest)) => put(below, rest, value, depth + 1),
        (Some(_), _) => {}
        (None, None) => nodes.push((first, Node::Text(value))),
        (None, Some(rest)) => {
            let mut below = Vec::new();
            put(&mut below, rest, value, depth + 1);
            nodes.push((first, Node::Below(below)));
        }
    }
}

fn write_nodes(mut object: Object<'_>, nodes: &[(&[u8], Node<'_>)]) {
    for (name, node) in nodes {
        match node {
            Node::Text(value) => write_value(object.key(name), value),
            Node::Below(below) => write_nodes(Object::open(object.key(name)), below),
        }
    }
    object.close();
}

/// A text, or a list as it stands if it is one in JSON.
fn write_value(out: &mut Vec<u8>, value: &[u8]) {
    let list = value.starts_with(b"[").then(|| serde_json::from_slice::<serde_json::Value>(value).ok());
    match list.flatten() {
        Some(list) => out.extend_from_slice(list.to_string().as_bytes()),
        None => write_string(out, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::AlertId;
    use serde_json::{Value, json};

    fn alert<'a>() -> Alert<'a> {
        let mut alert = Alert {
            id: AlertId { epoch: 1_795_246_190, ticket: 7 },
            time: LocalTime { year: 2026, month: 11, day: 21, second: 30_590, weekday: 6 },
            rule: Some(Rule {
                id: 5712,
                level: 10,
                description: Some(b"many failures"),
                groups: b"syslog,sshd,pci_dss_11.4,gdpr_IV_35.7.d,",
                frequency: 8,
                mail: true,
                ..Rule::default()
            }),
            fired: 2,
            decoder: Some(Decoder { name: b"sshd", ..Decoder::default() }),
            location: b"(web1) 192.0.2.1->/var/log/auth.log",
            hostname: b"web1",
            program_name: Some(b"sshd"),
            log: b"Nov 21 07:29:50 web1 sshd[7]: Failed password",
            previous: vec![b"two", b"one"],
            dynamic: vec![
                (b"a.b", b"1"),
                (b"a.c.d", b"[1, 2]"),
                (b"a", b"late"),
                (b"srcip", b"x"),
                (b"e", b""),
            ],
            ..Alert::default()
        };
        alert.fields[Field::SrcIp as usize] = Some(b"192.0.2.7");
        alert
    }

    fn text(alert: &Alert<'_>) -> String {
        let mut out = Vec::new();
        write(&mut out, alert, b"keep");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn an_alert_has_the_keys_of_wazuh_in_their_order() {
        assert_eq!(
            text(&alert()),
            "{\"timestamp\":\"2026-11-21T08:29:50.000+0100\",\"rule\":{\"level\":10,\"description\":\"many failures\",\
             \"id\":\"5712\",\"frequency\":8,\"firedtimes\":2,\"mail\":true,\"groups\":[\"syslog\",\"sshd\"],\
             \"pci_dss\":[\"11.4\"],\"gdpr\":[\"IV_35.7.d\"]},\
             \"agent\":{\"id\":\"web1\",\"name\":\"web1\",\"ip\":\"192.0.2.1\"},\"manager\":{\"name\":\"keep\"},\
             \"id\":\"1795246190.7\",\"previous_output\":\"two\\none\",\
             \"full_log\":\"Nov 21 07:29:50 web1 sshd[7]: Failed password\",\
             \"predecoder\":{\"program_name\":\"sshd\",\"timestamp\":\"Nov 21 07:29:50\",\"hostname\":\"web1\"},\
             \"decoder\":{\"name\":\"sshd\"},\"data\":{\"srcip\":\"192.0.2.7\",\"a\":{\"b\":\"1\",\"c\":{\"d\":[1,2]}}},\
             \"location\":\"/var/log/auth.log\"}"
        );
    }

    #[test]
    fn a_changed_output_stands_in_previous_log() {
        let changed = Alert { previous: vec![b"Previous output:", b"old"], location: b"df", ..alert() };
        let value: Value = serde_json::from_str(&text(&changed)).expect("JSON");
        assert_eq!((&value["previous_log"], &value["previous_output"]), (&json!("old"), &Value::Null));
        assert_eq!(value["agent"], json!({"id": "000", "name": "keep"}));
    }

    #[test]
    fn techniques_have_names_and_each_tactic_is_named_once() {
        let mitre = |ids: &'static [u8]| {
            let rule = Rule { id: 1, mitre: ids, ..Rule::default() };
            let read: Value =
                serde_json::from_str(&text(&Alert { rule: Some(rule), ..alert() })).expect("JSON");
            read["rule"]["mitre"].clone()
        };
        let known = json!({
            "id": ["T1078", "T1110.001", "T1021.004", "T1133"],
            "tactic": ["Defense Evasion", "Persistence", "Privilege Escalation", "Initial Access",
                "Credential Access", "Lateral Movement"],
            "technique": ["Valid Accounts", "Password Guessing", "SSH", "External Remote Services"],
        });
        assert_eq!(mitre(b"T1078,T1110.001,T9999,T1021.004,T1133"), known);
        assert_eq!(mitre(b"T9999,TA0011"), Value::Null);
        assert_eq!(mitre(b""), Value::Null);
    }

    #[test]
    fn names_with_many_dots_are_no_way_to_the_end_of_the_stack() {
        let name = b"a.".repeat(100_000);
        let deep = Alert { dynamic: vec![(&name, b"1"), (b"...", b"2")], ..alert() };
        assert!(serde_json::from_str::<Value>(&text(&deep)).is_ok());
        let value = Alert { dynamic: vec![(b"a", b"[".repeat(100_000).leak())], ..alert() };
        assert!(serde_json::from_str::<Value>(&text(&value)).is_ok());
    }
}
