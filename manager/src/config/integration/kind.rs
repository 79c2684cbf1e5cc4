//! Who is told: services by their names, and scripts.

use super::super::reading::{Reading, value_span};
use crate::diagnose::suggest;
use crate::integrations::{SCRIPT_FOLDER, script_problem};
use crate::xml::Element;
use serde_json::{Map, Value};

/// What scripts of the user are called.
const SCRIPTS: &str = "custom-";

/// Bytes of the name of a script.
const SCRIPT_MAX: usize = 128;

/// Services that only Wazuh knows, and what to use.
const NOT_OURS: [(&str, &str); 2] = [
    ("virustotal", "it looks up hashes of files; a script custom-virustotal does the same"),
    ("maltiverse", "it looks up addresses; a script custom-maltiverse does the same"),
];

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any web server.
    Webhook,
    /// Shuffle: a web server with a body of its own.
    Shuffle,
    /// Slack, and what understands its web hooks (Mattermost, Rocket.Chat).
    Slack,
    /// PagerDuty, Events API v2.
    PagerDuty,
    /// Microsoft Teams.
    Teams,
    /// Telegram.
    Telegram,
    /// ntfy.
    Ntfy,
    /// Splunk's HTTP event collector.
    Splunk,
    /// Elasticsearch, `_bulk`.
    Elasticsearch,
    /// OpenSearch, `_bulk`.
    OpenSearch,
    /// A script `integrations/NAME` of the home folder.
    Script(String),
}

const KINDS: [(&str, Kind); 10] = [
    ("webhook", Kind::Webhook),
    ("shuffle", Kind::Shuffle),
    ("slack", Kind::Slack),
    ("pagerduty", Kind::PagerDuty),
    ("teams", Kind::Teams),
    ("telegram", Kind::Telegram),
    ("ntfy", Kind::Ntfy),
    ("splunk", Kind::Splunk),
    ("elasticsearch", Kind::Elasticsearch),
    ("opensearch", Kind::OpenSearch),
];

impl Kind {
    /// Reads `<name>`.
    pub(super) fn read(reading: &mut Reading<'_>, option: &Element) -> Option<Self> {
        let name = reading.text(option)?;
        let span = value_span(option);
        if let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == name) {
            return Some(kind.clone());
        }
        if let Some((_, instead)) = NOT_OURS.iter().find(|(known, _)| *known == name) {
            reading.warning(span, format!("there is no integration with {name} in this version"), *instead);
            return None;
        }
        if is_script(&name) {
            if let Some(why) = script_problem(reading.home.folder(), &name) {
                let help = format!("put it into {SCRIPT_FOLDER} below the home folder");
                reading.warning(span, format!("the script {name} cannot be run: {why}"), help);
            }
            return Some(Self::Script(name));
        }
        let help = match suggest(&name, KINDS.map(|(known, _)| known)) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("write one of {}, or {SCRIPTS}NAME for a script", Self::names()),
        };
        reading.error(span, format!("there is no integration `{name}`"), help);
        None
    }

    /// Names of all that are built in.
    pub(super) fn names() -> String {
        KINDS.map(|(name, _)| name).join(", ")
    }

    /// Its name: of a service, or of the script.
    pub fn name(&self) -> &str {
        match self {
            Self::Script(name) => name,
            kind => kind.word(),
        }
    }

    /// What it is, in a word.
    pub fn word(&self) -> &'static str {
        KINDS.iter().find(|(_, known)| known == self).map_or("script", |(name, _)| name)
    }

    /// Whether people read what is sent, so that `<notification>` holds.
    pub fn is_for_people(&self) -> bool {
        matches!(self, Self::Slack | Self::PagerDuty | Self::Teams | Self::Telegram | Self::Ntfy)
    }

    /// Whether nothing can be sent without an address.
    pub(super) fn needs_url(&self) -> bool {
        !matches!(self, Self::PagerDuty | Self::Telegram | Self::Script(_))
    }

    /// Whether nothing can be sent without a key.
    pub(super) fn needs_key(&self) -> bool {
        matches!(self, Self::PagerDuty | Self::Telegram | Self::Splunk)
    }

    /// Whether its body can be written by the user.
    pub(super) fn has_body(&self) -> bool {
        matches!(self, Self::Webhook)
    }

    /// What is wrong with the options, and what to do.
    pub(super) fn lacks(&self, options: &Map<String, Value>) -> Option<(String, String)> {
        let known: &[&str] = match self {
            Self::Telegram if !options.get("chat_id").is_some_and(|id| id.is_string() || id.is_number()) => {
                let help = "add <options>{\"chat_id\": -1001234567890}</options>";
                return Some(("telegram needs a chat to write to".to_owned(), help.to_owned()));
            }
            Self::Telegram => &["chat_id", "message_thread_id", "disable_notification"],
            Self::Elasticsearch | Self::OpenSearch => &["index", "user"],
            Self::Splunk => &["index", "source", "sourcetype"],
            Self::Webhook | Self::Shuffle | Self::Teams => &[],
            Self::Slack | Self::PagerDuty | Self::Ntfy | Self::Script(_) => return None,
        };
        let other = options.keys().find(|key| !known.contains(&key.as_str()))?;
        let help = match suggest(other, known) {
            Some(known) => format!("did you mean `{known}`?"),
            None if known.is_empty() => "leave <options> out".to_owned(),
            None => format!("there are {}", known.join(", ")),
        };
        Some((format!("{} has no option `{other}`", self.name()), help))
    }
}

fn is_script(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    name.strip_prefix(SCRIPTS).is_some_and(|rest| !rest.is_empty())
        && name.len() <= SCRIPT_MAX
        && name.bytes().all(is_plain)
}
