//! Microsoft Teams: an Adaptive Card for a web hook of Workflows, a
//! `MessageCard` for the older connectors; the address tells which.
//!
//! Everything from a log stands where Teams marks nothing up, so a log can
//! bring no links and call nobody.

use super::card::Card;
use super::http::{Call, Server};
use super::severity::Severity;
use super::{Unusable, entries, server, url};
use crate::config::Integration;
use crate::outbox::{Content, Destination, Failure, Parcel};
use serde_json::{Value, json};

/// Characters of a log: a message may have 28 KB.
const LOG_MAX: usize = 1000;

/// Lines of a log, each of which is a block of its own.
const LINES_MAX: usize = 30;

/// Parts of the names of servers that older connectors have.
const CONNECTORS: [&str; 2] = ["webhook.office.com", "outlook.office"];

#[derive(Debug)]
pub(super) struct Teams {
    server: Server,
    connector: bool,
}

impl Teams {
    pub(super) fn new(integration: &Integration) -> Result<Self, Unusable> {
        let url = url(integration, "");
        let name = super::http::server_name(url);
        let connector = CONNECTORS.iter().any(|part| name.contains(part));
        Ok(Self { server: server(integration, url)?, connector })
    }
}

/// Text that is shown as it stands.
fn runs(texts: Value) -> Value {
    json!({"type": "RichTextBlock", "inlines": texts})
}

fn adaptive(card: &Card) -> Value {
    let colour = match Severity::of(card.level) {
        Severity::Info => "good",
        Severity::Warning => "warning",
        Severity::Error | Severity::Critical => "attention",
    };
    let title = json!([{"type": "TextRun", "text": card.title, "weight": "bolder", "size": "medium", "color": colour}]);
    let mut body = vec![runs(title)];
    body.extend(card.facts.iter().map(|(name, value)| {
        let name = format!("{name}: ");
        runs(json!([{"type": "TextRun", "text": name, "weight": "bolder"}, {"type": "TextRun", "text": value}]))
    }));
    body.extend(
        card.text
            .lines()
            .take(LINES_MAX)
            .map(|line| runs(json!([{"type": "TextRun", "text": line, "fontType": "monospace"}]))),
    );
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": {"width": "Full"},
                "body": body,
            },
        }],
    })
}

fn message_card(card: &Card) -> Value {
    let fact = |(name, value): &(&str, String)| json!({"name": name, "value": escape(value)});
    json!({
        "@type": "MessageCard",
        "@context": "https://schema.org/extensions",
        "themeColor": Severity::of(card.level).colour(),
        "summary": escape(&card.title),
        "title": escape(&card.title),
        "sections": [{
            "facts": card.facts.iter().map(fact).collect::<Vec<_>>(),
            "text": format!("<pre>{}</pre>", escape(&card.text)),
        }],
    })
}

/// As HTML, and without what Markdown knows.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(c),
            c if c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | ':' | '/' | '-') => out.push(c),
            c => out.push_str(&format!("&#{};", u32::from(c))),
        }
    }
    out
}

impl Destination for Teams {
    fn parcel_max(&self) -> usize {
        1
    }

    fn render(&self, _id: &str, content: &Content) -> Vec<u8> {
        let card = Card::new(&entries::one(content).alert(), LOG_MAX);
        let message = if self.connector { message_card(&card) } else { adaptive(&card) };
        message.to_string().into_bytes()
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        let answer = self.server.send(&parcel.id, &Call::json(&[], &parcel.payload))?;
        // Connectors tell in the body of a 200 that they could not do it.
        match String::from_utf8_lossy(&answer.body).contains("HTTP error") {
            true => Err(Failure::Temporary(self.server.about("Teams did not take it"), None)),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::tests::hostile;

    #[test]
    fn cards_have_the_size_that_teams_takes() {
        let lines = Card { text: "a\n".repeat(LOG_MAX / 2), ..Card::default() };
        let signs = "\u{1f534}".repeat(200);
        let facts = vec![("Source", signs.clone()); 8];
        let wide = Card { title: signs, facts, text: "\u{1f534}".repeat(LOG_MAX), ..Card::default() };
        let cards =
            hostile().into_iter().map(|(_, entry)| Card::new(&entry.alert(), LOG_MAX)).chain([lines, wide]);
        for card in cards {
            assert!(adaptive(&card).to_string().len() < 28_000, "{card:?}");
            assert!(message_card(&card).to_string().len() < 28_000, "{card:?}");
        }
    }
}
