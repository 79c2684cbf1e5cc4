//! Slack, and servers that understand its web hooks (Mattermost, Rocket.Chat,
//! Discord with `/slack` behind its address).
//!
//! An alert is an attachment, as Wazuh 4.14 sends it. What a log says cannot
//! call people or hide links: the three characters that Slack gives a meaning
//! to are escaped, and no text is marked up.

use super::card::Card;
use super::http::{Call, Server};
use super::severity::Severity;
use super::{Unusable, entries, key, server, url};
use crate::config::{Integration, Secret};
use crate::outbox::{Content, Destination, Failure, Parcel};
use serde_json::{Map, Value, json};

/// Attachments of one message.
const ATTACHMENTS_MAX: usize = 10;

/// Characters of a log: longer attachments are folded.
const LOG_MAX: usize = 2000;

/// Options that belong to the message; all others to each attachment.
const OF_MESSAGE: [&str; 8] =
    ["channel", "username", "icon_emoji", "icon_url", "text", "link_names", "thread_ts", "mrkdwn"];

/// A web hook, or the method `chat.postMessage` with a token as the key.
#[derive(Debug)]
pub(super) struct Slack {
    server: Server,
    token: Secret,
    of_message: Map<String, Value>,
    of_attachment: Map<String, Value>,
}

impl Slack {
    pub(super) fn new(integration: &Integration) -> Result<Self, Unusable> {
        let options = integration.options.clone().into_iter();
        let (of_message, of_attachment) = options.partition(|(key, _)| OF_MESSAGE.contains(&key.as_str()));
        let server = server(integration, url(integration, ""))?;
        Ok(Self { server, token: Secret::new(key(integration)), of_message, of_attachment })
    }

    fn attachment(&self, card: &Card, epoch: i64) -> Value {
        let field =
            |(name, value): &(&str, String)| json!({"title": name, "value": escape(value), "short": true});
        let mut attachment = json!({
            "color": format!("#{}", Severity::of(card.level).colour()),
            "fallback": escape(&card.title),
            "title": escape(&card.title),
            "text": escape(&card.text),
            "fields": card.facts.iter().map(field).collect::<Vec<_>>(),
            "ts": epoch,
            "mrkdwn_in": [],
        });
        if let Some(attachment) = attachment.as_object_mut() {
            attachment.extend(self.of_attachment.clone());
        }
        attachment
    }
}

/// Slack knows no other escapes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl Destination for Slack {
    fn parcel_max(&self) -> usize {
        ATTACHMENTS_MAX
    }

    fn render(&self, _id: &str, content: &Content) -> Vec<u8> {
        let attachments = entries::all(content).into_iter().map(|entry| {
            let alert = entry.alert();
            self.attachment(&Card::new(&alert, LOG_MAX), alert.id.epoch)
        });
        let mut message = self.of_message.clone();
        message.insert("attachments".to_owned(), attachments.collect());
        Value::Object(message).to_string().into_bytes()
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        let bearer = format!("Bearer {}", self.token.reveal());
        let authorization = [("authorization", bearer.as_str())];
        let headers = if self.token.reveal().is_empty() { &[][..] } else { &authorization[..] };
        let answer = self.server.send(&parcel.id, &Call::json(headers, &parcel.payload))?;
        // Web hooks answer `ok`; methods answer 200 whatever happened.
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match (&said["ok"], said["error"].as_str().unwrap_or("it gave no reason")) {
            (Value::Bool(false), why @ ("ratelimited" | "internal_error" | "service_unavailable")) => {
                Err(Failure::Temporary(self.server.about(&super::card::line(why.as_bytes(), 100)), None))
            }
            (Value::Bool(false), why) => {
                Err(Failure::Permanent(self.server.about(&super::card::line(why.as_bytes(), 100))))
            }
            _ => Ok(()),
        }
    }
}
