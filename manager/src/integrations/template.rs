//! Bodies of web hooks as users write them: text with placeholders.
//!
//! `{{rule.id}}` becomes the number of the rule. What is put in is escaped as
//! the content asks for it, so no log can break out of its place. In JSON a
//! placeholder in a string becomes a part of the string, and one outside a
//! whole value: `{"level": {{rule.level}}, "log": {{full_log}}}`.
//!
//! A template is checked when it is read; filling one in cannot fail, and
//! takes time in the length of the template and of what is put in.

use crate::alert::Alert;
use crate::diagnose::suggest;
use crate::integrations::severity::Severity;
use crate::outputs::{json, wazuh};
use bartizan_core::event::Field;
use std::ops::Range;

/// Bytes of a template.
const TEMPLATE_MAX: usize = 16 << 10;

/// Placeholders in a template.
const PLACES_MAX: usize = 256;

/// Dynamic fields are named by what stands behind this.
const DYNAMIC: &str = "field.";

/// How what is put in is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// As JSON.
    Json,
    /// As `application/x-www-form-urlencoded`.
    Form,
    /// As XML or HTML.
    Xml,
    /// Not at all; control characters become spaces.
    Plain,
}

impl Escape {
    /// What a content type asks for.
    pub fn of(content_type: &str) -> Self {
        let name = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            "application/x-www-form-urlencoded" => Self::Form,
            name if name.ends_with("json") => Self::Json,
            name if name.ends_with("xml") || name.ends_with("html") => Self::Xml,
            _ => Self::Plain,
        }
    }

    fn write(self, out: &mut String, text: &str) {
        match self {
            Self::Json => out.push_str(&json_inner(text)),
            Self::Form => text.bytes().for_each(|byte| percent(out, byte)),
            Self::Xml => text.chars().for_each(|c| xml(out, c)),
            Self::Plain => out.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c })),
        }
    }
}

/// A text as it stands between the quotes of a JSON string.
fn json_inner(text: &str) -> String {
    let quoted = json_string(text);
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

fn json_string(text: &str) -> String {
    let mut out = Vec::new();
    json::write_string(&mut out, text.as_bytes());
    json::strict(&out)
}

fn percent(out: &mut String, byte: u8) {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
        _ => out.push_str(&format!("%{byte:02X}")),
    }
}

fn xml(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        '\n' | '\t' => out.push(c),
        // XML 1.0 has no way to write these.
        c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
        c => out.push(c),
    }
}

/// What a placeholder may name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Known(&'static str),
    Field(Field),
    Dynamic(String),
}

/// Names that are not fields of the event.
const KNOWN: [&str; 28] = [
    "alert",
    "wazuh",
    "parcel.id",
    "id",
    "timestamp",
    "time.iso",
    "time.epoch",
    "severity",
    "severity.number",
    "rule.id",
    "rule.level",
    "rule.description",
    "rule.groups",
    "rule.cve",
    "rule.info",
    "rule.frequency",
    "rule.firedtimes",
    "agent.name",
    "agent.ip",
    "manager.name",
    "hostname",
    "location",
    "logfile",
    "program_name",
    "decoder.name",
    "full_log",
    "previous_output",
    "difference",
];

const FIELDS: [(&str, Field); 17] = [
    ("srcip", Field::SrcIp),
    ("srcport", Field::SrcPort),
    ("srcuser", Field::SrcUser),
    ("dstip", Field::DstIp),
    ("dstport", Field::DstPort),
    ("dstuser", Field::DstUser),
    ("protocol", Field::Protocol),
    ("action", Field::Action),
    ("event.id", Field::Id),
    ("status", Field::Status),
    ("url", Field::Url),
    ("data", Field::Data),
    ("extra_data", Field::ExtraData),
    ("systemname", Field::SystemName),
    ("filename", Field::Filename),
    ("srcgeoip", Field::SrcGeo),
    ("dstgeoip", Field::DstGeo),
];

impl Name {
    fn parse(name: &str) -> Option<Self> {
        if let Some(dynamic) = name.strip_prefix(DYNAMIC).filter(|name| !name.is_empty()) {
            return Some(Self::Dynamic(dynamic.to_owned()));
        }
        let known = KNOWN.iter().find(|known| **known == name).map(|known| Self::Known(known));
        let field = || FIELDS.iter().find(|(known, _)| *known == name).map(|(_, field)| Self::Field(*field));
        known.or_else(field)
    }

    fn value(&self, alert: &Alert<'_>, id: &str) -> Value {
        match self {
            Self::Known(name) => known(name, alert, id),
            Self::Field(field) => Value::bytes(alert.field(*field).unwrap_or_default()),
            Self::Dynamic(name) => {
                let found = alert.dynamic.iter().find(|(known, _)| *known == name.as_bytes());
                Value::bytes(found.map_or(b"", |(_, value)| value))
            }
        }
    }
}

/// What is put in.
enum Value {
    Text(String),
    Number(i64),
    /// Texts that are a list in JSON.
    List(Vec<String>),
    /// JSON already.
    Json(String),
}

impl Value {
    fn bytes(bytes: &[u8]) -> Self {
        Self::Text(String::from_utf8_lossy(bytes).into_owned())
    }

    /// As a part of a text.
    fn text(self) -> String {
        match self {
            Self::Text(text) | Self::Json(text) => text,
            Self::Number(number) => number.to_string(),
            Self::List(list) => list.join(","),
        }
    }

    /// As a value in JSON.
    fn json(self) -> String {
        match self {
            Self::Text(text) => json_string(&text),
            Self::Number(number) => number.to_string(),
            Self::List(list) => {
                format!("[{}]", list.iter().map(|one| json_string(one)).collect::<Vec<_>>().join(","))
            }
            Self::Json(json) => json,
        }
    }
}

fn known(name: &str, alert: &Alert<'_>, id: &str) -> Value {
    let rule = alert.rule.unwrap_or_default();
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match name {
        "alert" => Value::Json(super::layout::ossec(alert)),
        "wazuh" => Value::Json(super::layout::wazuh(alert)),
        "parcel.id" => Value::Text(id.to_owned()),
        "id" => Value::Text(alert.id.to_string()),
        "timestamp" => Value::Text(super::layout::time(alert)),
        "time.iso" => Value::Text(wazuh::timestamp(alert)),
        "time.epoch" => Value::Number(alert.id.epoch),
        "severity" => Value::Text(Severity::of(rule.level).word().to_owned()),
        "severity.number" => Value::Number(Severity::of(rule.level).number()),
        "rule.id" => Value::Number(rule.id.into()),
        "rule.level" => Value::Number(rule.level.into()),
        "rule.description" => Value::bytes(rule.description.unwrap_or_default()),
        "rule.groups" => Value::List(rule.groups().map(lossy).collect()),
        "rule.cve" => Value::bytes(rule.cve),
        "rule.info" => Value::bytes(rule.info),
        "rule.frequency" => Value::Number(rule.frequency.into()),
        "rule.firedtimes" => Value::Number(alert.fired.into()),
        "agent.name" => Value::bytes(alert.agent_name()),
        "agent.ip" => Value::bytes(alert.agent_ip().unwrap_or_default()),
        "manager.name" => Value::Text(super::node().to_owned()),
        "hostname" => Value::bytes(alert.hostname),
        "location" => Value::bytes(alert.location),
        "logfile" => Value::bytes(alert.log_file()),
        "program_name" => Value::bytes(alert.program_name.unwrap_or_default()),
        "decoder.name" => Value::bytes(alert.decoder.unwrap_or_default().name),
        "full_log" => Value::bytes(alert.log),
        "difference" => Value::Text(alert.difference().unwrap_or_default()),
        _ => Value::bytes(&alert.previous.join(&b'\n')),
    }
}

/// What is wrong with a template, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The bytes of the template.
    pub at: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// `in_string`: within a string of JSON.
    Place {
        name: Name,
        in_string: bool,
    },
}

/// A body with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
    escape: Escape,
}

impl Template {
    /// Reads a template of at most 16 KiB and 256 placeholders.
    pub fn parse(text: &str, escape: Escape) -> Result<Self, Mistake> {
        let all = 0..text.len();
        if text.len() > TEMPLATE_MAX {
            let message = format!("the template has more than {TEMPLATE_MAX} bytes");
            return Err(Mistake { at: all, message, help: "shorten it".to_owned() });
        }
        let template = Self { parts: parts(text, escape)?, escape };
        if escape == Escape::Json
            && let Err(error) =
                serde_json::from_str::<serde_json::Value>(&template.render(&Alert::default(), ""))
        {
            let message = format!("filled in, the template is not JSON: {error}");
            let help =
                "look for a missing quote, comma or bracket, or give another <content_type>".to_owned();
            return Err(Mistake { at: all, message, help });
        }
        Ok(template)
    }

    /// Puts in what an alert says. `id` is the parcel's.
    pub fn render(&self, alert: &Alert<'_>, id: &str) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Place { name, in_string: false } if self.escape == Escape::Json => {
                    out.push_str(&name.value(alert, id).json());
                }
                Part::Place { name, .. } => self.escape.write(&mut out, &name.value(alert, id).text()),
            }
        }
        out
    }
}

fn parts(text: &str, escape: Escape) -> Result<Vec<Part>, Mistake> {
    let (mut parts, mut at, mut quotes, mut places) = (Vec::new(), 0, Quotes::default(), 0);
    while let Some(open) = text[at..].find("{{").map(|open| at + open) {
        let plain = &text[at..open];
        quotes = quotes.behind(plain);
        parts.push(Part::Text(plain.to_owned()));
        let Some(close) = text[open..].find("}}").map(|close| open + close) else {
            let help = "close it: `{{rule.id}}`".to_owned();
            return Err(Mistake { at: open..open + 2, message: "`{{` is not closed".to_owned(), help });
        };
        if escape == Escape::Json && quotes.escape > 0 {
            let (message, help) =
                ("a placeholder cannot stand behind a backslash", "put something between them");
            return Err(Mistake { at: open..close + 2, message: message.to_owned(), help: help.to_owned() });
        }
        places += 1;
        let name = name(text, open + 2..close, places)?;
        parts.push(Part::Place { name, in_string: quotes.open });
        at = close + 2;
    }
    parts.push(Part::Text(text[at..].to_owned()));
    Ok(parts)
}

fn name(text: &str, at: Range<usize>, places: usize) -> Result<Name, Mistake> {
    let name = text[at.clone()].trim();
    if places > PLACES_MAX {
        let message = format!("there are more than {PLACES_MAX} placeholders");
        return Err(Mistake { at, message, help: "`{{alert}}` is the whole alert".to_owned() });
    }
    Name::parse(name).ok_or_else(|| {
        let all = KNOWN.iter().copied().chain(FIELDS.map(|(known, _)| known));
        let help = match suggest(name, all) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "fields of decoders are `field.NAME`; the documentation lists all names".to_owned(),
        };
        Mistake { at, message: format!("there is no placeholder `{name}`"), help }
    })
}

/// Where a place in JSON stands.
#[derive(Clone, Copy, Default)]
struct Quotes {
    /// Within a string.
    open: bool,
    /// Bytes that an escape still needs.
    escape: u8,
}

impl Quotes {
    /// Where the place behind a text stands.
    fn behind(self, text: &str) -> Self {
        text.bytes().fold(self, |Self { open, escape }, byte| match (escape, byte) {
            (5, b'u') => Self { open, escape: 4 },
            (5, _) => Self { open, escape: 0 },
            (1..=4, _) => Self { open, escape: escape - 1 },
            (_, b'\\') if open => Self { open, escape: 5 },
            (_, b'"') => Self { open: !open, escape: 0 },
            _ => Self { open, escape: 0 },
        })
    }
}

/// Reads any bytes as a template of each kind, fills it in, and looks whether
/// the result is well-formed: for fuzzing.
///
/// # Panics
/// If it is not.
pub fn exercise(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let alert = Alert { log: bytes, location: bytes, dynamic: vec![(b"x", bytes)], ..Alert::default() };
    for escape in [Escape::Json, Escape::Form, Escape::Xml, Escape::Plain] {
        match Template::parse(&text, escape) {
            Ok(template) => {
                let filled = template.render(&alert, "id");
                let json =
                    escape != Escape::Json || serde_json::from_str::<serde_json::Value>(&filled).is_ok();
                assert!(json, "not JSON: {filled}");
            }
            Err(mistake) => assert!(text.get(mistake.at).is_some(), "a place within the template"),
        }
    }
}

#[cfg(test)]
mod tests;
