//! Elasticsearch and OpenSearch: `_bulk`, an index a day.
//!
//! Each alert has a name that is the same in every attempt, and is *created*
//! under it: one that is there already stays as it is. So a parcel of which
//! some alerts were taken goes again as a whole, and nothing is doubled.

use super::http::{Call, Server};
use super::{BATCH, Layout, Unusable, entries, key, server, url};
use crate::alert::{Alert, Entry};
use crate::config::{Integration, Secret};
use crate::outbox::{Content, Destination, Failure, Parcel};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use ureq::http::Method;

/// How indexes are called, up to the day.
const INDEX: &str = "bartizan-alerts";

#[derive(Debug)]
pub(super) struct Elasticsearch {
    server: Server,
    /// `ApiKey KEY`, `Basic …`, or nothing.
    authorization: Option<Secret>,
    index: String,
    layout: Layout,
}

impl Elasticsearch {
    pub(super) fn new(integration: &Integration) -> Result<Self, Unusable> {
        let url = url(integration, "").trim_end_matches('/');
        let whole = if url.ends_with("/_bulk") { url.to_owned() } else { format!("{url}/_bulk") };
        let option = |name: &str| integration.options.get(name).and_then(Value::as_str);
        let scheme = |key: &str| match option("user") {
            Some(user) => format!("Basic {}", STANDARD.encode(format!("{user}:{key}"))),
            None => format!("ApiKey {key}"),
        };
        Ok(Self {
            server: server(integration, &whole)?,
            authorization: integration.api_key.as_ref().map(|_| Secret::new(scheme(key(integration)))),
            index: option("index").unwrap_or(INDEX).to_owned(),
            layout: integration.layout.unwrap_or_default(),
        })
    }

    /// The line that says what to do with the next one.
    fn action(&self, alert: &Alert<'_>, name: &str) -> String {
        let time = jiff::Timestamp::from_second(alert.id.epoch).unwrap_or_default();
        let index = format!("{}-{}", self.index, time.strftime("%Y.%m.%d"));
        json!({"create": {"_index": index, "_id": name}}).to_string()
    }

    /// The alert with the time as these programs want it.
    fn document(&self, alert: &Alert<'_>) -> String {
        let time = jiff::Timestamp::from_second(alert.id.epoch).unwrap_or_default();
        let object = self.layout.write(alert);
        let rest = object.strip_prefix('{').unwrap_or_default();
        format!("{{\"@timestamp\":\"{time}\",{rest}")
    }
}

/// The name of an alert: no other's, whichever manager it is of, and after a
/// store that was begun anew.
fn name(entry: &Entry, id: &str, n: usize) -> String {
    match entry.seq {
        0 => format!("{}-{id}-{n}", super::node()),
        seq => format!("{}-{}-{seq}", super::node(), entry.alert().id),
    }
}

impl Destination for Elasticsearch {
    fn parcel_max(&self) -> usize {
        BATCH
    }

    fn render(&self, id: &str, content: &Content) -> Vec<u8> {
        let lines = entries::all(content).into_iter().enumerate().map(|(n, entry)| {
            let alert = entry.alert();
            format!("{}\n{}\n", self.action(&alert, &name(&entry, id, n)), self.document(&alert))
        });
        lines.collect::<String>().into_bytes()
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        let headers: Vec<_> =
            self.authorization.iter().map(|secret| ("authorization", secret.reveal())).collect();
        let call = Call {
            method: Method::POST,
            content_type: "application/x-ndjson",
            headers: &headers,
            body: &parcel.payload,
        };
        let answer = self.server.send(&parcel.id, &call)?;
        judge(&answer.body).map_err(|failure| match failure {
            Failure::Temporary(why, wait) => Failure::Temporary(self.server.about(&why), wait),
            Failure::Permanent(why) => Failure::Permanent(self.server.about(&why)),
        })
    }
}

/// What became of each alert: as long as one may still be taken, all go
/// again; then those that cannot be are told.
fn judge(answer: &[u8]) -> Result<(), Failure> {
    let not_understood = || Failure::Temporary("its answer is not that of _bulk".to_owned(), None);
    let answer: Value = serde_json::from_slice(answer).map_err(|_| not_understood())?;
    if answer["errors"] == Value::Bool(false) {
        return Ok(());
    }
    let items = answer["items"].as_array().ok_or_else(not_understood)?;
    let (mut later, mut never) = (Vec::new(), Vec::new());
    for item in items.iter().map(|item| &item["create"]) {
        match item["status"].as_u64().unwrap_or(500) {
            // 409: it is there already.
            200..=299 | 409 => {}
            429 | 500.. => later.push(item),
            _ => never.push(item),
        }
    }
    let why = |failed: &[&Value]| {
        let error = &failed[0]["error"];
        let text = |value: &Value| super::card::line(value.as_str().unwrap_or("no reason").as_bytes(), 150);
        format!(
            "{} of {} alerts: {}: {}",
            failed.len(),
            items.len(),
            text(&error["type"]),
            text(&error["reason"])
        )
    };
    match (later.is_empty(), never.is_empty()) {
        (false, _) => Err(Failure::Temporary(why(&later), None)),
        (true, false) => Err(Failure::Permanent(why(&never))),
        (true, true) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_still_be_taken_goes_again_and_what_never_will_is_told() {
        let answer = |statuses: &[u16]| {
            let item =
                |status: &u16| json!({"create": {"status": status, "error": {"type": "t", "reason": "r"}}});
            let items: Vec<_> = statuses.iter().map(item).collect();
            judge(json!({"errors": true, "items": items}).to_string().as_bytes())
        };
        assert_eq!(answer(&[201, 409]), Ok(()));
        assert_eq!(answer(&[201, 429, 400]), Err(Failure::Temporary("1 of 3 alerts: t: r".to_owned(), None)));
        assert_eq!(answer(&[400, 201, 400]), Err(Failure::Permanent("2 of 3 alerts: t: r".to_owned())));
        assert_eq!(judge(b"{\"errors\":false}"), Ok(()));
        for odd in [&b""[..], b"{}", b"<html>", b"{\"errors\":true}"] {
            assert!(matches!(judge(odd), Err(Failure::Temporary(..))));
        }
    }
}
