//! `<syslog_output>`: alerts for a syslog server.

use super::integration::{certificates, id};
use super::reading::{Reading, value_span};
use super::selection::Manner;
use super::{Place, Selection, Terms};
use crate::diagnose::suggest;
use crate::integrations::Format;
use crate::xml::Element;
use std::path::PathBuf;

const OPTIONS: [&str; 16] = [
    "server",
    "id",
    "port",
    "protocol",
    "tls",
    "tls_verify",
    "tls_ca",
    "format",
    "use_fqdn",
    "level",
    "rule_id",
    "group",
    "location",
    "max_per_hour",
    "deduplicate",
    "storm",
];

const FORMATS: [(&str, Format); 5] = [
    ("default", Format::Default),
    ("cef", Format::Cef),
    ("json", Format::Json),
    ("splunk", Format::Splunk),
    ("rfc5424", Format::Rfc5424),
];

/// Bytes of a name in DNS.
const SERVER_MAX: usize = 253;

/// One `<syslog_output>`.
#[derive(Clone, Debug)]
pub struct SyslogOutput {
    /// What it is called: unique among all destinations of this kind of
    /// section.
    pub id: String,
    /// Name or address of the server.
    pub server: String,
    /// Its port; 514, or 6514 with TLS (RFC 5425), if nothing is said.
    pub port: u16,
    /// How it is reached.
    pub transport: Transport,
    /// How an alert is written.
    pub format: Format,
    /// Whether this machine is called by its whole name.
    pub use_fqdn: bool,
    /// Which alerts are sent.
    pub selection: Selection,
    /// When they are sent, as far as it is said here.
    pub terms: Terms,
    /// Where it is configured.
    pub place: Place,
}

/// How a syslog server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A datagram an alert: nobody knows what arrives.
    Udp,
    /// A connection.
    Tcp,
    /// An encrypted connection.
    Tls {
        /// Whether the server has to prove who it is.
        verify: bool,
        /// Certificates that are trusted instead of the system's.
        ca: Option<PathBuf>,
    },
}

/// A `<syslog_output>` of which options may still be missing.
#[derive(Default)]
struct Parts {
    id: Option<String>,
    server: Option<String>,
    port: Option<u32>,
    tcp: bool,
    tls: bool,
    unverified: bool,
    ca: Option<PathBuf>,
    format: Option<Format>,
    use_fqdn: bool,
    selection: Selection,
    terms: Terms,
    /// Something was wrong and is reported.
    flawed: bool,
}

impl SyslogOutput {
    /// Reads one `<syslog_output>`; `None` if it cannot be used, which is
    /// reported.
    pub(super) fn read(reading: &mut Reading<'_>, section: &Element) -> Option<Self> {
        let mut parts = Parts::default();
        for option in &section.children {
            reading.only_attributes(option, &[]);
            parts.take(reading, section, option);
        }
        parts.check(reading, section);
        let server = parts.server.filter(|_| !parts.flawed)?;
        let transport = match (parts.tls, parts.tcp) {
            (true, _) => Transport::Tls { verify: !parts.unverified, ca: parts.ca },
            (false, true) => Transport::Tcp,
            (false, false) => Transport::Udp,
        };
        let port = parts.port.unwrap_or(if parts.tls { 6514 } else { 514 });
        let output = Self {
            id: parts.id.unwrap_or_default(),
            server,
            port: port as u16,
            transport,
            format: parts.format.unwrap_or_default(),
            use_fqdn: parts.use_fqdn,
            selection: parts.selection,
            terms: parts.terms,
            place: reading.place(section.name_span),
        };
        match crate::integrations::syslog_problem(&output) {
            None => Some(output),
            Some(why) => {
                reading.error(section.name_span, format!("{} cannot be told: {why}", output.server), "");
                None
            }
        }
    }
}

impl Parts {
    fn take(&mut self, reading: &mut Reading<'_>, section: &Element, option: &Element) {
        match option.name.as_str() {
            "server" => self.server = self.flaw(server(reading, option)),
            "id" => self.id = self.flaw(id(reading, option)),
            "port" => self.port = self.flaw(reading.number(option, 1..=65535)),
            "protocol" => self.tcp = self.flaw(protocol(reading, option)).unwrap_or(false),
            "tls" => self.tls = self.flaw(reading.yes_or_no(option)).unwrap_or(false),
            "tls_verify" => self.unverified = self.flaw(reading.yes_or_no(option)) == Some(false),
            "tls_ca" => self.ca = self.flaw(certificates(reading, option)),
            "format" => self.format = self.flaw(format(reading, option)),
            "use_fqdn" => self.use_fqdn = self.flaw(reading.yes_or_no(option)).unwrap_or(false),
            _ if self.selection.take(reading, option, Manner::Pattern)
                || self.terms.take(reading, option) => {}
            _ => reading.other_option(section, option, &OPTIONS, &[]),
        }
    }

    fn flaw<T>(&mut self, value: Option<T>) -> Option<T> {
        self.flawed |= value.is_none();
        value
    }

    fn check(&mut self, reading: &mut Reading<'_>, section: &Element) {
        let at = |name| section.children.iter().find(|option| option.name == name);
        if at("server").is_none() {
            let help = "add <server>192.0.2.1</server>";
            reading.error(section.name_span, "this <syslog_output> has no <server>", help);
        }
        if let Some(option) = at("protocol").filter(|_| self.tls && !self.tcp) {
            reading.error(value_span(option), "there is no TLS over udp", "write <protocol>tcp</protocol>");
            self.flawed = true;
        }
        if let Some(option) = at("tls_ca").or(at("tls_verify")).filter(|_| !self.tls) {
            let message = format!("<{}> has no effect without TLS", option.name);
            reading.warning(option.name_span, message, "add <tls>yes</tls>, or remove it");
        }
    }
}

fn server(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let text = reading.text(option)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
    if text.len() <= SERVER_MAX && text.bytes().all(is_plain) {
        return Some(text);
    }
    let help = "write 192.0.2.1 or log.example.org; the port has an option of its own";
    reading.error(value_span(option), format!("`{text}` is not the name or address of a server"), help);
    None
}

fn protocol(reading: &mut Reading<'_>, option: &Element) -> Option<bool> {
    let text = reading.text(option)?;
    match text.to_ascii_lowercase().as_str() {
        "udp" => Some(false),
        "tcp" => Some(true),
        _ => {
            reading.error(value_span(option), format!("there is no protocol `{text}`"), "write udp or tcp");
            None
        }
    }
}

fn format(reading: &mut Reading<'_>, option: &Element) -> Option<Format> {
    let text = reading.text(option)?;
    let known = FORMATS.iter().find(|(known, _)| *known == text);
    if known.is_none() {
        let help = match suggest(&text, FORMATS.map(|(known, _)| known)) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("write one of {}", FORMATS.map(|(known, _)| known).join(", ")),
        };
        reading.error(value_span(option), format!("there is no format `{text}`"), help);
    }
    known.map(|(_, format)| *format)
}
