//! AbuseIPDB, Blocklist.de, and any web server: what a source did, or each
//! packet as JSON.

use super::hit::Hit;
use super::service::{Limits, Service, by_source, protocol, summary};
use crate::config::Secret;
use crate::integrations::http::{Call, Server};
use crate::outbox::{Failure, Parcel};
use jiff::Timestamp;
use serde_json::{Value, json};
use ureq::http::Method;

/// Sources of one file (AbuseIPDB, bulk report).
const BULK_MAX: usize = 10_000;

/// Sources of one round where each is a request.
const REQUESTS_MAX: usize = 60;

/// Packets of one request of the web hook.
const HOOK_MAX: usize = 1000;

/// Between the parts of a form; no line of ours has it.
const BOUNDARY: &str = "bartizan-5b1a7c0d3e";

/// AbuseIPDB: sources with categories and a comment, as one file. One source
/// is told of at most once in a round, so not twice in fifteen minutes.
#[derive(Debug)]
pub struct AbuseIpDb {
    /// The key of the user.
    pub api_key: Secret,
    /// The service.
    pub server: Server,
    /// Categories of a report: `14` is a port scan.
    pub categories: String,
    /// Lines of one round.
    pub max_lines: usize,
}

impl Service for AbuseIpDb {
    fn kind(&self) -> &'static str {
        "abuseipdb"
    }

    fn limits(&self) -> Limits {
        Limits { lines: self.max_lines, sources: BULK_MAX, merges: true }
    }

    fn portions(&self, hits: &[Hit]) -> Vec<Vec<Hit>> {
        let sources = by_source(hits);
        sources.chunks(BULK_MAX).map(<[Vec<Hit>]>::concat).collect()
    }

    fn render(&self, _: &str, hits: &[Hit], _: i64) -> Vec<u8> {
        let mut csv = "IP,Categories,ReportDate,Comment\n".to_owned();
        for hits in by_source(hits) {
            let Some(first) = hits.first() else { continue };
            let time = hits.iter().map(|hit| hit.time).max().unwrap_or_default();
            let (source, categories, comment) = (first.key.src, &self.categories, summary(&hits));
            csv += &format!("{source},\"{categories}\",{},\"{comment}\"\n", iso(time));
        }
        csv.into_bytes()
    }

    fn deliver(&self, parcel: &Parcel) -> Result<(), Failure> {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"csv\"; filename=\"report.csv\"\r\n\
             Content-Type: text/csv\r\n\r\n"
        );
        let body = [head.as_bytes(), &parcel.payload, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        let headers = [("key", self.api_key.reveal()), ("accept", "application/json")];
        let call = Call { method: Method::POST, content_type: &content_type, headers: &headers, body: &body };
        self.server.send(&parcel.id, &call).map(drop)
    }
}

/// Blocklist.de: one source in a request.
#[derive(Debug)]
pub struct BlocklistDe {
    /// The address of the server that is registered there, or its number.
    pub reporter: String,
    /// The key of that server.
    pub api_key: Secret,
    /// The service.
    pub server: Server,
    /// What was attacked, in its words.
    pub service: String,
    /// Lines of one round.
    pub max_lines: usize,
}

impl Service for BlocklistDe {
    fn kind(&self) -> &'static str {
        "blocklist_de"
    }

    fn limits(&self) -> Limits {
        Limits { lines: self.max_lines, sources: REQUESTS_MAX, merges: true }
    }

    fn portions(&self, hits: &[Hit]) -> Vec<Vec<Hit>> {
        by_source(hits)
    }

    fn render(&self, _: &str, hits: &[Hit], _: i64) -> Vec<u8> {
        let source = hits.first().map(|hit| hit.key.src.to_string()).unwrap_or_default();
        let lines = hits.iter().take(100).map(text);
        let fields = [
            ("server", self.reporter.clone()),
            ("service", self.service.clone()),
            ("ip", source),
            ("format", "json".to_owned()),
            ("logs", lines.collect()),
        ];
        let pairs = fields.map(|(name, value)| format!("{name}={}", escaped(&value)));
        pairs.join("&").into_bytes()
    }

    fn deliver(&self, parcel: &Parcel) -> Result<(), Failure> {
        let key = format!("&apikey={}", escaped(self.api_key.reveal()));
        let body = [parcel.payload.as_slice(), key.as_bytes()].concat();
        let content_type = "application/x-www-form-urlencoded";
        let call = Call { method: Method::POST, content_type, headers: &[], body: &body };
        let answer = self.server.send(&parcel.id, &call)?;
        // Refusals come with the status 200, too.
        match serde_json::from_slice::<Value>(&answer.body) {
            Ok(answer) if answer["status"] == "error" => {
                let why: String = answer["error"].to_string().chars().take(200).collect();
                Err(Failure::Permanent(self.server.about(&why)))
            }
            _ => Ok(()),
        }
    }
}

/// Any web server: a line of JSON for packets that are alike.
#[derive(Debug)]
pub struct Hook {
    /// What is said behind `Bearer`.
    pub api_key: Option<Secret>,
    /// The server.
    pub server: Server,
    /// Lines of one round.
    pub max_lines: usize,
}

impl Service for Hook {
    fn kind(&self) -> &'static str {
        "share"
    }

    fn limits(&self) -> Limits {
        Limits { lines: self.max_lines.min(60 * HOOK_MAX), sources: usize::MAX, merges: true }
    }

    fn portions(&self, hits: &[Hit]) -> Vec<Vec<Hit>> {
        hits.chunks(HOOK_MAX).map(<[Hit]>::to_vec).collect()
    }

    fn render(&self, _: &str, hits: &[Hit], _: i64) -> Vec<u8> {
        hits.iter().map(|hit| format!("{}\n", object(hit))).collect::<String>().into_bytes()
    }

    fn deliver(&self, parcel: &Parcel) -> Result<(), Failure> {
        let bearer = self.api_key.as_ref().map(|key| format!("Bearer {}", key.reveal()));
        let headers: Vec<_> = bearer.iter().map(|value| ("authorization", value.as_str())).collect();
        let content_type = "application/x-ndjson";
        let call = Call { method: Method::POST, content_type, headers: &headers, body: &parcel.payload };
        self.server.send(&parcel.id, &call).map(drop)
    }
}

/// Packets that are alike, as JSON.
fn object(hit: &Hit) -> Value {
    let Hit { key, time, flags, count, .. } = hit;
    json!({
        "time": iso(*time),
        "count": count,
        "protocol": key.protocol,
        "src": key.src.to_string(),
        "sport": key.sport,
        "dst": key.dst.to_string(),
        "dport": key.dport,
        "flags": flags.letters().collect::<String>(),
    })
}

/// The same as a line of text.
fn text(hit: &Hit) -> String {
    let port = |port: Option<u16>| port.map_or(String::new(), |port| format!(" port {port}"));
    let Hit { key, time, count, .. } = hit;
    let (src, sport, dport) = (key.src, port(key.sport), port(key.dport));
    format!("{} {count} x {} refused from {src}{sport} to{dport}\n", iso(*time), protocol(hit))
}

fn iso(time: i64) -> String {
    Timestamp::from_second(time).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// As in a form (`application/x-www-form-urlencoded`).
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}
