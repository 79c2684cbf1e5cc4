//! ntfy: a message of JSON, so that no title has to be a header.
//!
//! The address is that of the topic, as the web page shows it; `topic` in the
//! options makes it that of the server.

use super::card::Card;
use super::http::{Call, Server};
use super::severity::Severity;
use super::{Unusable, entries, key, server, url};
use crate::config::{Integration, Secret};
use crate::outbox::{Content, Destination, Failure, Parcel};
use serde_json::{Map, Value};

/// Bytes of a message: a longer one would become a file.
const MESSAGE_MAX: usize = 4000;

#[derive(Debug)]
pub(super) struct Ntfy {
    server: Server,
    /// `Bearer TOKEN`, or nothing.
    authorization: Option<Secret>,
    options: Map<String, Value>,
}

impl Ntfy {
    pub(super) fn new(integration: &Integration) -> Result<Self, Unusable> {
        let mut options = integration.options.clone();
        let url = url(integration, "");
        let url = match options.contains_key("topic") {
            true => url,
            false => {
                let (server, topic) =
                    split(url).ok_or("the address of ntfy ends with the topic: https://ntfy.sh/TOPIC")?;
                options.insert("topic".to_owned(), topic.into());
                server
            }
        };
        let bearer = |key: &Secret| Secret::new(format!("Bearer {}", key.reveal()));
        let authorization = integration.api_key.as_ref().filter(|_| !key(integration).is_empty()).map(bearer);
        Ok(Self { server: server(integration, url)?, authorization, options })
    }
}

/// The address of the server, and the topic.
fn split(url: &str) -> Option<(&str, &str)> {
    let path = url.find("://")? + 3;
    let url = url.trim_end_matches('/');
    let at = url.get(path..)?.rfind('/')? + path;
    Some((&url[..=at], &url[at + 1..])).filter(|(_, topic)| !topic.is_empty() && !topic.contains(['?', '#']))
}

fn message(card: &Card) -> String {
    let facts = card.facts.iter().map(|(name, value)| format!("{name}: {value}\n"));
    let mut text: String = facts.collect();
    text.push_str(&card.text);
    let end = (0..=MESSAGE_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or_default());
    text
}

/// 1 to 5.
fn priority(level: u16) -> u8 {
    match Severity::of(level) {
        Severity::Info => 2,
        Severity::Warning => 3,
        Severity::Error => 4,
        Severity::Critical => 5,
    }
}

impl Destination for Ntfy {
    fn parcel_max(&self) -> usize {
        1
    }

    fn render(&self, _id: &str, content: &Content) -> Vec<u8> {
        let card = Card::new(&entries::one(content).alert(), MESSAGE_MAX);
        let mut body = Map::new();
        body.insert("title".to_owned(), card.title.clone().into());
        body.insert("message".to_owned(), message(&card).into());
        body.insert("priority".to_owned(), priority(card.level).into());
        body.extend(self.options.clone());
        Value::Object(body).to_string().into_bytes()
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        let headers: Vec<_> =
            self.authorization.iter().map(|bearer| ("authorization", bearer.reveal())).collect();
        self.server.send(&parcel.id, &Call::json(&headers, &parcel.payload)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::tests::hostile;

    #[test]
    fn the_topic_is_the_end_of_the_address() {
        assert_eq!(split("https://ntfy.sh/alerts"), Some(("https://ntfy.sh/", "alerts")));
        assert_eq!(split("https://h.example/ntfy/alerts/"), Some(("https://h.example/ntfy/", "alerts")));
        assert_eq!(split("https://ntfy.sh/"), None);
        assert_eq!(split("https://ntfy.sh"), None);
    }

    #[test]
    fn messages_stay_messages() {
        for (name, entry) in hostile() {
            assert!(message(&Card::new(&entry.alert(), MESSAGE_MAX)).len() <= MESSAGE_MAX, "{name}");
        }
    }
}
