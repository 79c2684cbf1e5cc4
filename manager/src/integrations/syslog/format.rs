//! How an alert is written for a syslog server.
//!
//! The layouts are OSSEC 4.3's, to the byte, but for what would break them:
//! control characters are spaces, quotes are escaped, and a message that is
//! too long loses the end of its log. The last is RFC 5424's.

use crate::alert::Alert;
use crate::integrations::card::{line, text};
use crate::integrations::severity::Severity;
use crate::outputs::text::write_origin;
use crate::outputs::wazuh;
use bartizan_core::event::Field;
use serde_json::{Value, json};

/// `local0.warning` (OSSEC 4.3).
const PRIORITY: &str = "<132>";

/// Bytes of a message.
const MESSAGE_MAX: usize = 6143;

/// Characters of a field other than the log.
const FIELD_MAX: usize = 255;

/// Lines of a log, earlier events included.
const LINES_MAX: usize = 20;

/// Bytes of one of these lines.
const LINE_MAX: usize = 1256;

/// How an alert is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Names and values behind semicolons.
    #[default]
    Default,
    /// ArcSight's Common Event Format.
    Cef,
    /// JSON.
    Json,
    /// `key="value"`.
    Splunk,
    /// RFC 5424 with structured data.
    Rfc5424,
}

/// What all layouts say, cut and without control characters.
struct Parts<'h> {
    stamp: String,
    host: &'h str,
    rule: u32,
    level: u16,
    description: String,
    location: String,
    groups: String,
    srcip: Option<String>,
    srcport: Option<u16>,
    dstip: Option<String>,
    dstport: Option<u16>,
    user: Option<String>,
    file: Option<String>,
    log: String,
}

impl<'h> Parts<'h> {
    fn new(alert: &Alert<'_>, host: &'h str) -> Self {
        let rule = alert.rule.unwrap_or_default();
        let mut location = Vec::new();
        write_origin(&mut location, alert);
        let mut stamp = Vec::new();
        alert.time.write_syslog(&mut stamp);
        let field =
            |field| alert.field(field).map(|value| line(value, FIELD_MAX)).filter(|value| is_known(value));
        let port = |name| field(name).and_then(|port: String| port.parse().ok()).filter(|port| *port > 0);
        Self {
            stamp: String::from_utf8_lossy(&stamp).into_owned(),
            host,
            rule: rule.id,
            level: rule.level,
            description: line(rule.description(), FIELD_MAX),
            location: line(&location, FIELD_MAX),
            // QUIRK: the alert reader of OSSEC 4.3 leaves the blank in front.
            groups: format!(" {}", line(rule.groups, FIELD_MAX)),
            srcip: field(Field::SrcIp),
            srcport: port(Field::SrcPort),
            dstip: field(Field::DstIp),
            dstport: port(Field::DstPort),
            user: field(Field::DstUser),
            file: field(Field::Filename),
            log: log(alert),
        }
    }

    fn head(&self) -> String {
        format!("{PRIORITY}{} {} ossec: ", self.stamp, self.host)
    }

    /// The log behind what stands before it, cut where there is no room.
    fn with_log(&self, before: &str, escape: impl Fn(&str) -> String, behind: &str) -> String {
        let room = MESSAGE_MAX.saturating_sub(before.len() + behind.len());
        let whole = escape(&self.log);
        if whole.len() <= room {
            return format!("{before}{whole}{behind}");
        }
        let mut cut = String::new();
        for c in self.log.chars() {
            let escaped = escape(c.encode_utf8(&mut [0; 4]));
            if cut.len() + escaped.len() + 3 > room {
                break;
            }
            cut.push_str(&escaped);
        }
        format!("{before}{cut}...{behind}")
    }
}

/// Whether a value says something.
fn is_known(value: &str) -> bool {
    !matches!(value, "(none)" | "unknown" | "")
}

/// The log and earlier events, a line each.
fn log(alert: &Alert<'_>) -> String {
    let shown = |bytes: &&[u8]| text(bytes.get(..LINE_MAX).unwrap_or(bytes), LINE_MAX);
    let lines = std::iter::once(&alert.log).chain(&alert.previous).take(LINES_MAX).map(shown);
    lines.collect::<Vec<_>>().join("\n")
}

impl Format {
    /// One message, of at most 6,143 bytes. Ends of lines stand only in the
    /// log of the first format.
    pub(super) fn write(self, alert: &Alert<'_>, host: &str) -> String {
        let parts = Parts::new(alert, host);
        match self {
            Self::Default => default(&parts),
            Self::Cef => cef(&parts),
            Self::Json => as_json(&parts),
            Self::Splunk => splunk(&parts),
            Self::Rfc5424 => rfc5424(&parts, alert),
        }
    }
}

fn default(parts: &Parts<'_>) -> String {
    let Parts { level, rule, description, location, groups, .. } = parts;
    let mut out = format!(
        "{}Alert Level: {level}; Rule: {rule} - {description}; Location: {location}; classification: {groups};",
        parts.head()
    );
    for (name, value) in [("srcip", &parts.srcip), ("dstip", &parts.dstip), ("user", &parts.user)] {
        if let Some(value) = value {
            out.push_str(&format!(" {name}: {value};"));
        }
    }
    out.push(' ');
    parts.with_log(&out, str::to_owned, "")
}

fn cef(parts: &Parts<'_>) -> String {
    let header = |text: &str| text.replace('\\', "\\\\").replace('|', "\\|");
    let value = |text: &str| {
        let text = text.replace('\\', "\\\\").replace('=', "\\=");
        text.replace('\r', "\\r").replace('\n', "\\n")
    };
    let mut out = format!(
        "{PRIORITY}{} CEF:0|OSSEC Foundation|OSSEC HIDS|v4.2.0|{}|{}|{}|dvc={} cs1Label=Location cs1={} classification={}",
        parts.stamp,
        parts.rule,
        header(&parts.description),
        parts.level.min(10),
        value(parts.host),
        value(&parts.location),
        value(&parts.groups),
    );
    let port = |port: Option<u16>| port.map(|port| port.to_string());
    for (name, text) in [
        ("src", parts.srcip.clone()),
        ("dpt", port(parts.dstport)),
        ("spt", port(parts.srcport)),
        ("fname", parts.file.clone()),
        ("dhost", parts.dstip.clone()),
        ("shost", parts.srcip.clone()),
        ("suser", parts.user.clone()),
        ("dst", parts.dstip.clone()),
    ] {
        if let Some(text) = text {
            out.push_str(&format!(" {name}={}", value(&text)));
        }
    }
    out.push_str(" msg=");
    parts.with_log(&out, value, "")
}

fn as_json(parts: &Parts<'_>) -> String {
    let known = [
        ("crit", Some(json!(parts.level))),
        ("id", Some(json!(parts.rule))),
        ("component", Some(json!(parts.location))),
        ("classification", Some(json!(parts.groups))),
        ("description", Some(json!(parts.description))),
        ("message", Some(json!(parts.log))),
        ("acct", parts.user.as_ref().map(|user| json!(user))),
        ("src_ip", parts.srcip.as_ref().map(|ip| json!(ip))),
        ("src_port", parts.srcport.map(|port| json!(port))),
        ("dst_ip", parts.dstip.as_ref().map(|ip| json!(ip))),
        ("dst_port", parts.dstport.map(|port| json!(port))),
        ("file", parts.file.as_ref().map(|file| json!(file))),
    ];
    let members = known.iter().filter_map(|(key, value)| Some(format!("{}:{}", json!(key), value.as_ref()?)));
    let object = format!("{}{{{}}}", parts.head(), members.collect::<Vec<_>>().join(","));
    match object.len() > MESSAGE_MAX {
        true => {
            let short = json!({"crit": parts.level, "id": parts.rule, "truncated": Value::Bool(true)});
            format!("{}{short}", parts.head())
        }
        false => object,
    }
}

fn splunk(parts: &Parts<'_>) -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\r', '\n'], " ");
    let mut out = format!(
        "{}crit={} id={} description=\"{}\" component=\"{}\", classification=\"{}\",",
        parts.head(),
        parts.level,
        parts.rule,
        quoted(&parts.description),
        quoted(&parts.location),
        quoted(&parts.groups),
    );
    for (ip_name, ip, port_name, port) in [
        ("src_ip", &parts.srcip, "src_port", parts.srcport),
        ("dst_ip", &parts.dstip, "dst_port", parts.dstport),
    ] {
        if let Some(ip) = ip {
            out.push_str(&format!(" {ip_name}=\"{}\",", quoted(ip)));
            out.extend(port.map(|port| format!(" {port_name}={port},")));
        }
    }
    for (name, text) in [("file", &parts.file), ("acct", &parts.user)] {
        if let Some(text) = text {
            out.push_str(&format!(" {name}=\"{}\",", quoted(text)));
        }
    }
    out.push_str(" message=\"");
    parts.with_log(&out, quoted, "\"")
}

fn rfc5424(parts: &Parts<'_>, alert: &Alert<'_>) -> String {
    // Facility local0; severities of RFC 5424 §6.2.1.
    let priority = 16 * 8
        + match Severity::of(parts.level) {
            Severity::Critical => 2,
            Severity::Error => 3,
            Severity::Warning => 4,
            Severity::Info => 5,
        };
    let value = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
    // The number is the one that RFC 5612 keeps for examples: there is no
    // other for those that have none.
    let mut data =
        format!("[alert@32473 id=\"{}\" rule=\"{}\" level=\"{}\"", alert.id, parts.rule, parts.level);
    let port = |port: Option<u16>| port.map(|port| port.to_string());
    for (name, text) in [
        ("description", Some(parts.description.clone())),
        ("groups", Some(parts.groups.trim_start().to_owned())),
        ("location", Some(parts.location.clone())),
        ("srcip", parts.srcip.clone()),
        ("srcport", port(parts.srcport)),
        ("dstip", parts.dstip.clone()),
        ("dstport", port(parts.dstport)),
        ("user", parts.user.clone()),
        ("file", parts.file.clone()),
    ] {
        if let Some(text) = text {
            data.push_str(&format!(" {name}=\"{}\"", value(&text)));
        }
    }
    let zoned = wazuh::timestamp(alert);
    let (time, minutes) = zoned.split_at_checked(zoned.len() - 2).unwrap_or((&zoned, ""));
    // Only printable ASCII, at most 255 characters (RFC 5424 §6).
    let host: String = parts.host.chars().filter(char::is_ascii_graphic).take(255).collect();
    let host = if host.is_empty() { "-" } else { &host };
    let before = format!("<{priority}>1 {time}:{minutes} {host} bartizan - alert {data}] ");
    parts.with_log(&before, |text| text.replace(['\r', '\n'], " "), "")
}

#[cfg(test)]
mod tests;
