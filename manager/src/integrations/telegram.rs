//! Telegram, by a bot: the key is its token, `chat_id` stands in the options.
//!
//! What is bold or code is told by places in the text, so nothing in a log
//! needs an escape or can have a meaning.

use super::card::Card;
use super::http::{Call, Server};
use super::severity::Severity;
use super::{Unusable, entries, key, server, url};
use crate::config::Integration;
use crate::outbox::{Content, Destination, Failure, Parcel};
use serde_json::{Map, Value, json};

const URL: &str = "https://api.telegram.org";

/// Units of UTF-16 that a message may have.
const TEXT_MAX: usize = 4096;

#[derive(Debug)]
pub(super) struct Telegram {
    server: Server,
    options: Map<String, Value>,
}

impl Telegram {
    pub(super) fn new(integration: &Integration) -> Result<Self, Unusable> {
        let base = url(integration, URL).trim_end_matches('/');
        let server = server(integration, &format!("{base}/bot{}/sendMessage", key(integration)))?;
        Ok(Self { server, options: integration.options.clone() })
    }
}

/// A text and its length as Telegram counts.
#[derive(Default)]
struct Message {
    text: String,
    units: usize,
    entities: Vec<Value>,
}

impl Message {
    /// Adds a text as far as there is room, marked or not.
    fn push(&mut self, text: &str, mark: Option<&str>) {
        let start = self.units;
        for c in text.chars() {
            if self.units + c.len_utf16() > TEXT_MAX {
                break;
            }
            self.text.push(c);
            self.units += c.len_utf16();
        }
        if let Some(mark) = mark.filter(|_| self.units > start) {
            self.entities.push(json!({"type": mark, "offset": start, "length": self.units - start}));
        }
    }
}

fn sign(level: u16) -> &'static str {
    match Severity::of(level) {
        Severity::Info => "\u{2139}",
        Severity::Warning => "\u{26a0}",
        Severity::Error => "\u{1f7e0}",
        Severity::Critical => "\u{1f534}",
    }
}

fn message(card: &Card) -> Message {
    let mut message = Message::default();
    message.push(sign(card.level), None);
    message.push(" ", None);
    message.push(&card.title, Some("bold"));
    for (name, value) in &card.facts {
        message.push(&format!("\n{name}: {value}"), None);
    }
    message.push("\n", None);
    message.push(&card.text, Some("pre"));
    message
}

impl Destination for Telegram {
    fn parcel_max(&self) -> usize {
        1
    }

    fn render(&self, _id: &str, content: &Content) -> Vec<u8> {
        let Message { text, entities, .. } = message(&Card::new(&entries::one(content).alert(), TEXT_MAX));
        let mut body = self.options.clone();
        body.insert("text".to_owned(), text.into());
        body.insert("entities".to_owned(), entities.into());
        body.insert("link_preview_options".to_owned(), json!({"is_disabled": true}));
        Value::Object(body).to_string().into_bytes()
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        self.server.send(&parcel.id, &Call::json(&[], &parcel.payload)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::tests::hostile;

    #[test]
    fn messages_have_the_length_that_telegram_takes_and_marks_are_in_them() {
        for (name, entry) in hostile() {
            let message = message(&Card::new(&entry.alert(), TEXT_MAX));
            let units = message.text.encode_utf16().count();
            assert!(units == message.units && units <= TEXT_MAX, "{name}");
            let end =
                |mark: &Value| mark["offset"].as_u64().zip(mark["length"].as_u64()).map(|(at, len)| at + len);
            assert!(
                message.entities.iter().all(|mark| end(mark).is_some_and(|end| end <= units as u64)),
                "{name}"
            );
        }
        let mut message = Message::default();
        message.push(&"\u{1f534}".repeat(9000), Some("bold"));
        assert_eq!(message.units, TEXT_MAX);
    }
}
