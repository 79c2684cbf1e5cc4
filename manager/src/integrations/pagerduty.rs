//! PagerDuty, Events API v2: one event an alert. The parcel's id is the
//! `dedup_key`: a repetition does not page twice.

use super::card::{Card, line};
use super::http::{Call, Server};
use super::severity::Severity;
use super::{Unusable, entries, key, server, url};
use crate::config::{Integration, Secret};
use crate::outbox::{Content, Destination, Failure, Parcel};
use serde_json::{Map, Value, json};

const URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// Characters of a summary.
const SUMMARY_MAX: usize = 1024;

/// Characters of a log: an event may have 512 KiB.
const LOG_MAX: usize = 8192;

#[derive(Debug)]
pub(super) struct PagerDuty {
    server: Server,
    key: Secret,
    options: Map<String, Value>,
}

impl PagerDuty {
    pub(super) fn new(integration: &Integration) -> Result<Self, Unusable> {
        let server = server(integration, url(integration, URL))?;
        Ok(Self { server, key: Secret::new(key(integration)), options: integration.options.clone() })
    }
}

impl Destination for PagerDuty {
    fn parcel_max(&self) -> usize {
        1
    }

    /// All but the key, which is put in when it is sent.
    fn render(&self, id: &str, content: &Content) -> Vec<u8> {
        let entry = entries::one(content);
        let alert = entry.alert();
        let card = Card::new(&alert, LOG_MAX);
        let host = line(alert.agent_name(), 255);
        let source = if host.is_empty() { super::node().to_owned() } else { host };
        let mut details: Map<_, _> =
            card.facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
        details.insert("Log".to_owned(), card.text.clone().into());
        let mut payload = json!({
            "summary": line(format!("{source}: {}", card.title).as_bytes(), SUMMARY_MAX),
            "source": source,
            "severity": Severity::of(card.level).word(),
            "timestamp": crate::outputs::wazuh::timestamp(&alert),
            "component": line(alert.decoder.unwrap_or_default().name, 255),
            "group": line(alert.rule.unwrap_or_default().groups, 255),
            "class": alert.rule.unwrap_or_default().id.to_string(),
            "custom_details": details,
        });
        if let Some(payload) = payload.as_object_mut() {
            payload.extend(self.options.clone());
        }
        let event =
            json!({"event_action": "trigger", "dedup_key": id, "client": "Bartizan", "payload": payload});
        event.to_string().into_bytes()
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        let key = Value::from(self.key.reveal());
        let rest = parcel.payload.strip_prefix(b"{").unwrap_or(&parcel.payload);
        let mut body = format!("{{\"routing_key\":{key},").into_bytes();
        body.extend_from_slice(rest);
        self.server.send(&parcel.id, &Call::json(&[], &body)).map(drop)
    }
}
