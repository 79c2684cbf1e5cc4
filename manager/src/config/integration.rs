//! `<integration>`: alerts for other services, and for scripts.
//!
//! The options are those of Wazuh 4.14 and of the OSSEC that had it before;
//! what is more is for the kinds that are built in.

pub(super) mod http;
mod kind;

pub use kind::Kind;

use super::reading::{Reading, value_span};
use super::selection::Manner;
use super::{Place, Secret, Selection, SyslogOutput, Terms};
use crate::diagnose::suggest;
use crate::integrations::{Escape, Layout, Template};
use crate::xml::Element;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

const OPTIONS: [&str; 25] = [
    "name",
    "id",
    "hook_url",
    "api_key",
    "level",
    "rule_id",
    "group",
    "event_location",
    "alert_format",
    "max_log",
    "options",
    "timeout",
    "retries",
    "method",
    "content_type",
    "header",
    "body",
    "tls_ca",
    "disabled",
    "max_per_hour",
    "quiet_hours",
    "deduplicate",
    "storm",
    "digest",
    "grouping",
];

/// Options that say how a body is sent.
const OF_WEBHOOKS: [&str; 4] = ["method", "content_type", "header", "body"];

/// Characters of a log that scripts are given (Wazuh 4.14).
const MAX_LOG: RangeInclusive<u32> = 165..=1024;

/// Seconds of one attempt. A destination comes back within a minute.
const TIMEOUT_S: RangeInclusive<u32> = 1..=50;

const RETRIES: RangeInclusive<u32> = 0..=100;

/// Bytes of an `<id>`.
const ID_MAX: usize = 64;

/// One `<integration>`.
#[derive(Clone, Debug)]
pub struct Integration {
    /// What it is called: unique among all destinations of this kind of
    /// section.
    pub id: String,
    /// Who is told.
    pub kind: Kind,
    /// Where: an address that may hold a secret.
    pub hook_url: Option<Secret>,
    /// A key, a token.
    pub api_key: Option<Secret>,
    /// Which alerts are sent.
    pub selection: Selection,
    /// When they are sent, as far as it is said here.
    pub terms: Terms,
    /// The keys of an alert in JSON; without one, those that suit the kind.
    pub layout: Option<Layout>,
    /// Bytes of the log in an alert file that is not JSON.
    pub max_log: usize,
    /// More for the kind: an object of JSON.
    pub options: Map<String, Value>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// What scripts are told of attempts.
    pub retries: u32,
    /// How a web hook is called.
    pub request: Request,
    /// Certificates that are trusted instead of the system's.
    pub tls_ca: Option<PathBuf>,
    /// Where it is configured.
    pub place: Place,
}

/// How a web hook is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `POST`, `PUT` or `PATCH`.
    pub method: &'static str,
    /// The `Content-Type`.
    pub content_type: String,
    /// Further headers.
    pub headers: Vec<(String, Secret)>,
    /// The body; without one the alert as JSON.
    pub body: Option<Template>,
}

impl Default for Request {
    fn default() -> Self {
        Self { method: "POST", content_type: "application/json".to_owned(), headers: Vec::new(), body: None }
    }
}

/// An `<integration>` of which options may still be missing.
#[derive(Default)]
struct Parts {
    kind: Option<Kind>,
    id: Option<String>,
    hook_url: Option<Secret>,
    api_key: Option<Secret>,
    selection: Selection,
    terms: Terms,
    layout: Option<Layout>,
    max_log: Option<u32>,
    options: Map<String, Value>,
    timeout: Option<u32>,
    retries: Option<u32>,
    request: http::Draft,
    tls_ca: Option<PathBuf>,
    disabled: bool,
    /// Something was wrong and is reported.
    flawed: bool,
}

impl Integration {
    /// Reads one `<integration>`; `None` if it cannot be used, or is not to
    /// be, which is reported.
    pub(super) fn read(reading: &mut Reading<'_>, section: &Element) -> Option<Self> {
        let mut parts = Parts::default();
        for option in &section.children {
            parts.take(reading, section, option);
        }
        parts.complete(reading, section);
        let request = parts.request.finish(reading);
        let (kind, request) = (parts.kind?, request?);
        if parts.flawed || parts.disabled {
            return None;
        }
        let integration = Self {
            id: parts.id.unwrap_or_default(),
            kind,
            hook_url: parts.hook_url,
            api_key: parts.api_key,
            selection: parts.selection,
            terms: parts.terms,
            layout: parts.layout,
            max_log: parts.max_log.unwrap_or(*MAX_LOG.start()) as usize,
            options: parts.options,
            timeout: Duration::from_secs(parts.timeout.unwrap_or(10).into()),
            retries: parts.retries.unwrap_or(3),
            request,
            tls_ca: parts.tls_ca,
            place: reading.place(section.name_span),
        };
        match crate::integrations::problem(&integration, reading.home) {
            None => Some(integration),
            Some(why) => {
                reading.error(
                    section.name_span,
                    format!("{} cannot be told: {why}", integration.kind.name()),
                    "",
                );
                None
            }
        }
    }
}

impl Parts {
    fn take(&mut self, reading: &mut Reading<'_>, section: &Element, option: &Element) {
        let attributes: &[&str] = match option.name.as_str() {
            "hook_url" | "api_key" | "body" => &["file"],
            "header" => &["file", "name"],
            _ => &[],
        };
        reading.only_attributes(option, attributes);
        match option.name.as_str() {
            "name" => self.kind = self.flaw(Kind::read(reading, option)),
            "id" => self.id = self.flaw(id(reading, option)),
            "hook_url" => self.hook_url = self.flaw(http::url(reading, option)),
            "api_key" => self.api_key = self.flaw(http::header_value(reading, option)),
            "alert_format" => self.layout = self.flaw(layout(reading, option)),
            "max_log" => self.max_log = self.flaw(reading.number(option, MAX_LOG)),
            "options" => self.options = self.flaw(options(reading, option)).unwrap_or_default(),
            "timeout" => self.timeout = self.flaw(reading.number(option, TIMEOUT_S)),
            "retries" => self.retries = self.flaw(reading.number(option, RETRIES)),
            "tls_ca" => self.tls_ca = self.flaw(certificates(reading, option)),
            "disabled" => self.disabled = self.flaw(reading.yes_or_no(option)).unwrap_or(false),
            name if OF_WEBHOOKS.contains(&name) => {
                self.flawed |= self.request.take(reading, option).is_none()
            }
            // The other word for the location belongs to other sections.
            name if name != "location" && self.selection.take(reading, option, Manner::Names) => {}
            _ if self.terms.take(reading, option) => {}
            _ => {
                self.flawed = true;
                reading.other_option(section, option, &OPTIONS, &[]);
            }
        }
    }

    fn flaw<T>(&mut self, value: Option<T>) -> Option<T> {
        self.flawed |= value.is_none();
        value
    }

    /// What the kind needs, and what it has no use for.
    fn complete(&mut self, reading: &mut Reading<'_>, section: &Element) {
        let at = section.name_span;
        let Some(kind) = &self.kind else {
            if !section.children.iter().any(|option| option.name == "name") {
                let help = format!("add <name>slack</name>, or one of {}", Kind::names());
                reading.error(at, "this <integration> has no <name>", help);
            }
            return;
        };
        let name = kind.name();
        let missing = [
            (
                "hook_url",
                kind.needs_url() && self.hook_url.is_none(),
                "the address that the service gave you",
            ),
            (
                "api_key",
                kind.needs_key() && self.api_key.is_none(),
                "the key or token that the service gave you",
            ),
        ];
        for (option, missing, help) in missing {
            // If it is there and wrong, that is reported.
            if missing && !section.children.iter().any(|child| child.name == option) {
                reading.error(at, format!("{name} needs a <{option}>"), format!("it is {help}"));
                self.flawed = true;
            }
        }
        if let Some(problem) = kind.lacks(&self.options) {
            let span = section.children.iter().find(|option| option.name == "options").map_or(at, value_span);
            reading.error(span, problem.0, problem.1);
            self.flawed = true;
        }
        if !kind.has_body() {
            self.useless(reading, section, name);
        }
    }

    fn useless(&self, reading: &mut Reading<'_>, section: &Element, name: &str) {
        let mut options = section.children.iter();
        if let Some(option) = options.find(|option| OF_WEBHOOKS.contains(&option.name.as_str())) {
            let message = format!("<{}> has no effect with {name}", option.name);
            reading.warning(option.name_span, message, "it is for <name>webhook</name>");
        }
    }
}

/// The name of a destination: letters, digits, `-`, `_` and `.`.
pub(super) fn id(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let text = reading.text(option)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if text.len() <= ID_MAX && text.bytes().all(is_plain) {
        return Some(text);
    }
    let message = format!("<id> takes at most {ID_MAX} letters, digits, `-`, `_` and `.`");
    reading.error(value_span(option), message, "it is what the destination is called in listings");
    None
}

fn layout(reading: &mut Reading<'_>, option: &Element) -> Option<Layout> {
    let text = reading.text(option)?;
    match text.as_str() {
        "json" => Some(Layout::Wazuh),
        "ossec" => Some(Layout::Ossec),
        _ => {
            let known = suggest(&text, ["json", "ossec"]);
            let help = known.map_or("json is Wazuh's layout, ossec is OSSEC's".to_owned(), |known| {
                format!("did you mean `{known}`?")
            });
            reading.error(value_span(option), format!("there is no format `{text}`"), help);
            None
        }
    }
}

fn options(reading: &mut Reading<'_>, option: &Element) -> Option<Map<String, Value>> {
    let text = reading.text(option)?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(options)) => Some(options),
        other => {
            let why = other.err().map_or("it is no object".to_owned(), |error| error.to_string());
            let help = "write an object of JSON: {\"key\": \"value\"}";
            reading.error(value_span(option), format!("<options> cannot be read: {why}"), help);
            None
        }
    }
}

/// A file of certificates, which must be there.
pub(super) fn certificates(reading: &mut Reading<'_>, option: &Element) -> Option<PathBuf> {
    let path = reading.home.path(reading.text(option)?);
    if path.is_file() {
        return Some(path);
    }
    let help = "name a file of certificates in PEM";
    reading.error(value_span(option), format!("there is no file {}", path.display()), help);
    None
}

/// Gives names to destinations that have none, and reports names that are
/// taken.
pub(super) fn name_all(
    reading: &mut Reading<'_>,
    integrations: &mut [Integration],
    syslog_outputs: &mut [SyslogOutput],
) {
    let mut taken = BTreeSet::new();
    let integrations = integrations.iter_mut().map(|one| (&mut one.id, one.kind.name(), one.place));
    let outputs = syslog_outputs.iter_mut().map(|one| (&mut one.id, "syslog", one.place));
    let (nameless, named): (Vec<_>, Vec<_>) = integrations.chain(outputs).partition(|(id, ..)| id.is_empty());
    for (id, _, place) in named {
        if !taken.insert(id.clone()) {
            reading.error(
                place.span,
                format!("there are two destinations `{id}`"),
                "give each an <id> of its own",
            );
        }
    }
    for (id, kind, _) in nameless {
        let mut names = std::iter::once(kind.to_owned()).chain((2..).map(|n| format!("{kind}-{n}")));
        *id = names.find(|name| !taken.contains(name)).unwrap_or_default();
        taken.insert(id.clone());
    }
}
