//! Alerts and archives as JSON, one object a line, in OSSEC 4.3's layout.
//!
//! Key order and escapes are the reference's: bytes of 0x80 and more are
//! written as they stand in the log, so a log that is not UTF-8 gives a line
//! that is not UTF-8 either. That is why no JSON library writes these.

use super::text::write_number;
use crate::alert::{Alert, Rule};
use bartizan_core::event::Field;
use core::fmt::Display;

/// Writes one object, key after key.
pub(super) struct Object<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

impl<'o> Object<'o> {
    pub(super) fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    pub(super) fn key(&mut self, key: &[u8]) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        write_string(self.out, key);
        self.out.push(b':');
        self.out
    }

    pub(super) fn text(&mut self, key: &str, value: &[u8]) {
        write_string(self.key(key.as_bytes()), value);
    }

    pub(super) fn option(&mut self, key: &str, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    pub(super) fn number(&mut self, key: &str, value: impl Display) {
        write_number(self.key(key.as_bytes()), value);
    }

    pub(super) fn object(&mut self, key: &str) -> Object<'_> {
        Object::open(self.key(key.as_bytes()))
    }

    pub(super) fn list<'v>(&mut self, key: &str, values: impl Iterator<Item = &'v [u8]>) {
        let out = self.key(key.as_bytes());
        out.push(b'[');
        for (n, value) in values.enumerate() {
            if n > 0 {
                out.push(b',');
            }
            write_string(out, value);
        }
        out.push(b']');
    }

    pub(super) fn close(self) {
        self.out.push(b'}');
    }
}

/// Appends a JSON string: only quotes, backslashes and control bytes are
/// escaped.
pub fn write_string(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    let mut rest = value;
    while let Some(at) = rest.iter().position(|b| *b < 0x20 || matches!(b, b'"' | b'\\')) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        match special[0] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            byte => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
        rest = &special[1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// A line of JSON for programs that are strict: what is not UTF-8 is replaced,
/// and what may be taken for the end of a line, or for an order to a terminal,
/// is escaped. The end of the line goes.
pub fn strict(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches('\n');
    let odd = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if !text.contains(odd) {
        return text.to_owned();
    }
    // Outside of strings there are none.
    text.chars().map(|c| if odd(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }).collect()
}

/// Adds to an alert that is written what our own readers get besides: for a
/// changed output, `difference`. Nothing is added to the files. What is written
/// is one line.
pub fn add_difference(out: &mut Vec<u8>, alert: &Alert<'_>) {
    let Some(difference) = alert.difference() else { return };
    out.truncate(out.trim_ascii_end().len().saturating_sub(1));
    out.extend_from_slice(b",\"difference\":");
    write_string(out, difference.as_bytes());
    out.extend_from_slice(b"}\n");
}

/// Appends a line of `alerts.json`.
pub fn write_alert(out: &mut Vec<u8>, alert: &Alert<'_>) {
    let mut object = Object::open(out);
    if let Some(rule) = &alert.rule {
        write_rule(&mut object, alert, rule);
    }
    object.text("id", alert.id.to_string().as_bytes());
    object.number("TimeStamp", alert.id.epoch * 1000);
    let decoder = alert.decoder;
    object.option("decoder", decoder.map(|decoder| decoder.name));
    object.option("decoder_parent", decoder.map(|decoder| decoder.parent).filter(|name| !name.is_empty()));
    for (key, field) in ALERT_FIELDS {
        object.option(key, alert.field(field));
    }
    object.text("location", alert.location);
    object.text("full_log", alert.log);
    object.option("previous_output", alert.previous.get(1).copied().filter(|text| !text.is_empty()));
    if let Some(path) = alert.field(Field::Filename) {
        let mut file = object.object("SyscheckFile");
        file.text("path", path);
        file.close();
    }
    object.text("hostname", alert.hostname);
    object.option("program_name", alert.program_name);
    for (key, field) in MORE_FIELDS {
        object.option(key, alert.field(field));
    }
    write_dynamic(&mut object, alert);
    write_decoder(&mut object, "decoder_desc", alert);
    write_agent(&mut object, alert);
    write_time(&mut object, alert);
    object.text("logfile", alert.log_file());
    object.close();
    out.push(b'\n');
}

/// Keys of fields in `alerts.json`, in their order.
pub(crate) const ALERT_FIELDS: [(&str, Field); 10] = [
    ("action", Field::Action),
    ("protocol", Field::Protocol),
    ("srcip", Field::SrcIp),
    ("srcgeoip", Field::SrcGeo),
    ("srcport", Field::SrcPort),
    ("srcuser", Field::SrcUser),
    ("dstip", Field::DstIp),
    ("dstgeoip", Field::DstGeo),
    ("dstport", Field::DstPort),
    ("dstuser", Field::DstUser),
];

/// Those behind the name of the host.
pub(crate) const MORE_FIELDS: [(&str, Field); 4] = [
    ("status", Field::Status),
    ("url", Field::Url),
    ("data", Field::Data),
    ("systemname", Field::SystemName),
];

/// Appends a line of `archives.json`: every event, with its rule if one fired.
pub fn write_archive(out: &mut Vec<u8>, alert: &Alert<'_>) {
    let mut object = Object::open(out);
    object.option("program_name", alert.program_name);
    object.text("log", alert.message);
    for (key, field) in ARCHIVE_FIELDS {
        object.option(key, alert.field(field));
    }
    if let Some(rule) = &alert.rule {
        write_rule(&mut object, alert, rule);
    }
    write_dynamic(&mut object, alert);
    write_decoder(&mut object, "decoder", alert);
    object.text("full_log", alert.log);
    write_time(&mut object, alert);
    write_agent(&mut object, alert);
    object.text("logfile", alert.log_file());
    object.close();
    out.push(b'\n');
}

const ARCHIVE_FIELDS: [(&str, Field); 14] = [
    ("srcip", Field::SrcIp),
    ("dstip", Field::DstIp),
    ("srcport", Field::SrcPort),
    ("dstport", Field::DstPort),
    ("protocol", Field::Protocol),
    ("action", Field::Action),
    ("srcuser", Field::SrcUser),
    ("dstuser", Field::DstUser),
    ("id", Field::Id),
    ("status", Field::Status),
    ("url", Field::Url),
    ("data", Field::Data),
    ("systemname", Field::SystemName),
    ("filename", Field::Filename),
];

fn write_rule(object: &mut Object<'_>, alert: &Alert<'_>, rule: &Rule<'_>) {
    let description = alert.description();
    let mut nested = object.object("rule");
    if rule.level != 0 {
        nested.number("level", rule.level);
    }
    nested.option("comment", rule.description.map(|_| &*description));
    nested.number("sidid", rule.id);
    for (key, text) in [("cve", rule.cve), ("info", rule.info)] {
        nested.option(key, Some(text).filter(|text| !text.is_empty()));
    }
    for (key, number) in [("frequency", u32::from(rule.frequency)), ("firedtimes", alert.fired)] {
        if number != 0 {
            nested.number(key, number);
        }
    }
    nested.text("group", rule.groups);
    let compliance =
        |prefix: &'static [u8]| rule.groups().filter_map(move |group| group.strip_prefix(prefix));
    let plain = |group: &&[u8]| !group.starts_with(b"pci_dss_") && !group.starts_with(b"cis_");
    nested.list("groups", rule.groups().filter(plain));
    for (key, prefix) in [("PCI_DSS", &b"pci_dss_"[..]), ("CIS", b"cis_")] {
        if compliance(prefix).next().is_some() {
            nested.list(key, compliance(prefix));
        }
    }
    nested.close();
}

/// The dynamic fields that the chosen decoder names.
fn write_dynamic(object: &mut Object<'_>, alert: &Alert<'_>) {
    for (name, value) in &alert.dynamic {
        write_string(object.key(name), value);
    }
}

fn write_decoder(object: &mut Object<'_>, key: &str, alert: &Alert<'_>) {
    let mut nested = object.object(key);
    if let Some(decoder) = alert.decoder {
        if decoder.fts != 0 {
            nested.number("fts", decoder.fts);
        }
        if decoder.accumulate {
            nested.number("accumulate", 1);
        }
        nested.option("parent", Some(decoder.parent).filter(|parent| !parent.is_empty()));
        nested.text("name", decoder.name);
    }
    nested.close();
}

fn write_agent(object: &mut Object<'_>, alert: &Alert<'_>) {
    object.text("agent_name", alert.agent_name());
    object.option("agentip", alert.agent_ip());
}

fn write_time(object: &mut Object<'_>, alert: &Alert<'_>) {
    let mut stamp = Vec::new();
    alert.time.write(&mut stamp);
    object.text("timestamp", &stamp);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_json_is_one_line_of_utf8_whatever_the_log() {
        let mut out = Vec::new();
        write_string(&mut out, b"\xff\xe2\x80\xa8\x7f\xc2\x85\xe2\x80");
        out.push(b'\n');
        assert_eq!(strict(&out), "\"\u{fffd}\\u2028\\u007f\\u0085\u{fffd}\"");
    }

    #[test]
    fn strings_are_escaped_and_other_bytes_kept() {
        let mut out = Vec::new();
        write_string(&mut out, b"a\"b\\c\x01\t\xff\n");
        assert_eq!(out, b"\"a\\\"b\\\\c\\u0001\\t\xff\\n\"");
    }
}
