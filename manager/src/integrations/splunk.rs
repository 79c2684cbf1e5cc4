//! Splunk's HTTP event collector: one event an alert, many in a request.

use super::card::line;
use super::http::{Call, Server};
use super::{BATCH, Layout, Unusable, entries, key, server, url};
use crate::config::{Integration, Secret};
use crate::outbox::{Content, Destination, Failure, Parcel};
use serde_json::{Map, Value};

/// Where events are taken, if the address names only the server.
const PATH: &str = "/services/collector/event";

const SOURCETYPE: &str = "bartizan:alert";

#[derive(Debug)]
pub(super) struct Splunk {
    server: Server,
    authorization: Secret,
    options: Map<String, Value>,
    layout: Layout,
}

impl Splunk {
    pub(super) fn new(integration: &Integration) -> Result<Self, Unusable> {
        let url = url(integration, "");
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        let whole =
            if path.is_empty() { format!("{}{PATH}", url.trim_end_matches('/')) } else { url.to_owned() };
        Ok(Self {
            server: server(integration, &whole)?,
            authorization: Secret::new(format!("Splunk {}", key(integration))),
            options: integration.options.clone(),
            layout: integration.layout.unwrap_or_default(),
        })
    }
}

impl Destination for Splunk {
    fn parcel_max(&self) -> usize {
        BATCH
    }

    /// One object a line.
    fn render(&self, _id: &str, content: &Content) -> Vec<u8> {
        let mut body = String::new();
        for entry in entries::all(content) {
            let alert = entry.alert();
            let mut about = Map::new();
            about.insert("time".to_owned(), alert.id.epoch.into());
            about.insert("host".to_owned(), line(alert.agent_name(), 255).into());
            about.insert("source".to_owned(), line(alert.log_file(), 255).into());
            about.insert("sourcetype".to_owned(), SOURCETYPE.into());
            about.extend(self.options.clone());
            let about = Value::Object(about).to_string();
            let about = about.strip_suffix('}').unwrap_or_default();
            body.push_str(&format!("{about},\"event\":{}}}\n", self.layout.write(&alert)));
        }
        body.into_bytes()
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        let headers = [("authorization", self.authorization.reveal())];
        self.server.send(&parcel.id, &Call::json(&headers, &parcel.payload)).map(drop)
    }
}
