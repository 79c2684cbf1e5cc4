//! One request to a web server, and what its answer means for a parcel.
//!
//! | answer | the parcel |
//! |---|---|
//! | 2xx | is taken |
//! | 408, 425, 429, 5xx, 3xx, none | goes again, not before `Retry-After` |
//! | any other | is refused for good |
//!
//! Addresses and headers hold secrets: nothing of them is said but the name
//! of the server. For the same reason redirects are not followed; they mean
//! that the address is to be corrected, and what waits is not lost meanwhile.

use crate::config::Secret;
use crate::outbox::Failure;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use std::path::Path;
use std::time::Duration;
use ureq::http::{HeaderMap, Method, Request};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Bytes of an answer that are read.
const ANSWER_MAX: u64 = 1 << 20;

/// Characters of an answer that are said.
const SAID_MAX: usize = 200;

/// The longest time that a server may ask for.
const RETRY_MAX: Duration = Duration::from_secs(3600);

/// A web server.
#[derive(Debug)]
pub struct Server {
    agent: ureq::Agent,
    url: Secret,
    name: String,
}

/// What a server answered, the status being 2xx.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The beginning of the body.
    pub(crate) body: Vec<u8>,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Call<'c> {
    pub(crate) method: Method,
    pub(crate) content_type: &'c str,
    pub(crate) headers: &'c [(&'c str, &'c str)],
    pub(crate) body: &'c [u8],
}

impl<'c> Call<'c> {
    /// `POST` of JSON.
    pub(crate) fn json(headers: &'c [(&'c str, &'c str)], body: &'c [u8]) -> Self {
        Self { method: Method::POST, content_type: "application/json", headers, body }
    }
}

impl Server {
    /// A server, which is not asked yet. `tls_ca` is a file of certificates
    /// that are trusted instead of the system's.
    pub(crate) fn new(url: &str, timeout: Duration, tls_ca: Option<&Path>) -> Result<Self, String> {
        let roots = match tls_ca {
            Some(path) => RootCerts::from(certificates(path)?),
            None => RootCerts::PlatformVerifier,
        };
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .user_agent(concat!("bartizan/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Ok(Self { agent, url: Secret::new(url), name: server_name(url).to_owned() })
    }

    /// Sends a request; the parcel's id goes with it.
    pub(crate) fn send(&self, id: &str, call: &Call<'_>) -> Result<Answer, Failure> {
        let request = self.request(id, call).map_err(|error| Failure::Permanent(self.about(error)))?;
        let mut response = self.agent.run(request).map_err(|error| self.no_answer(&error))?;
        // An answer that breaks off is as good as what came of it.
        let body = read(response.body_mut());
        let status = response.status().as_u16();
        let wait = retry_after(response.headers(), Timestamp::now()).or_else(|| retry_after_in(&body));
        match status {
            200..=299 => Ok(Answer { body }),
            300..=399 => {
                let text = format!("it answered {status}: it has moved, correct the address");
                Err(Failure::Temporary(self.about(&text), wait))
            }
            408 | 425 | 429 | 500.. => Err(Failure::Temporary(self.refusal(status, &body), wait)),
            _ => Err(Failure::Permanent(self.refusal(status, &body))),
        }
    }

    fn request<'b>(&self, id: &str, call: &Call<'b>) -> Result<Request<&'b [u8]>, &'static str> {
        let builder = Request::builder().method(call.method.clone()).uri(self.url.reveal());
        let builder = builder.header("content-type", call.content_type).header("idempotency-key", id);
        let with_header = |builder: ureq::http::request::Builder, (name, value): &(&str, &str)| {
            builder.header(*name, *value)
        };
        let builder = call.headers.iter().fold(builder, with_header);
        builder.body(call.body).map_err(|_| "the address or a header is not what HTTP allows")
    }

    /// What is said of this server.
    pub(crate) fn about(&self, what: &str) -> String {
        format!("{}: {what}", self.name)
    }

    fn refusal(&self, status: u16, body: &[u8]) -> String {
        let said = said(body);
        let colon = if said.is_empty() { "" } else { ": " };
        self.about(&format!("it answered {status}{colon}{said}"))
    }

    fn no_answer(&self, error: &ureq::Error) -> Failure {
        let what = match error {
            ureq::Error::HostNotFound => "there is no such host".to_owned(),
            ureq::Error::Timeout(_) => "it did not answer in time".to_owned(),
            ureq::Error::Io(error) => error.to_string(),
            ureq::Error::Rustls(error) => format!("TLS: {error}"),
            ureq::Error::Tls(error) => format!("TLS: {error}"),
            ureq::Error::Protocol(_) => "its answer is not HTTP".to_owned(),
            // Others may quote the address.
            _ => "no connection".to_owned(),
        };
        Failure::Temporary(self.about(&what), None)
    }
}

/// Certificates of a PEM file.
fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let found = parse_pem(&bytes).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        Err(format!("{}: there is no certificate in it", path.display()))
    } else {
        Ok(found)
    }
}

fn read(body: &mut ureq::Body) -> Vec<u8> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let _ = body.as_reader().take(ANSWER_MAX).read_to_end(&mut bytes);
    bytes
}

/// The beginning of an answer, on one line.
fn said(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..4 * SAID_MAX).unwrap_or(body));
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars().take(SAID_MAX).collect()
}

/// Seconds, or a date (RFC 9110 §10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    let until = || Some(rfc2822::parse(text).ok()?.timestamp().duration_since(now).as_secs());
    let seconds = text.parse().ok().or_else(until)?;
    Some(Duration::from_secs(u64::try_from(seconds).ok()?).min(RETRY_MAX))
}

/// Seconds that stand in the body: of Telegram.
fn retry_after_in(body: &[u8]) -> Option<Duration> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let seconds = body.pointer("/parameters/retry_after")?.as_u64()?;
    Some(Duration::from_secs(seconds).min(RETRY_MAX))
}

/// What of an address may be said: behind the server's name there are secrets.
pub(crate) fn server_name(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(start..).unwrap_or_default();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest.get(..end).and_then(|name| name.rsplit('@').next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_only_the_server_is_said() {
        for url in ["https://h.example/x/T0P", "http://me:pw@h.example?k=1", "https://h.example"] {
            assert_eq!(server_name(url), "h.example", "{url}");
        }
        let server = Server::new("https://h.example/T0P", Duration::from_secs(1), None).expect("a server");
        assert!(!format!("{server:?}").contains("T0P"), "{server:?}");
    }

    #[test]
    fn an_answer_is_said_in_a_short_line() {
        assert_eq!(said(b" no\r\n\x1b[2Jservice\n"), "no [2Jservice");
        assert!(said("\u{e4}".repeat(9000).as_bytes()).chars().count() <= SAID_MAX);
    }

    #[test]
    fn a_time_to_wait_is_believed_up_to_an_hour() {
        let headers = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", text.parse().expect("a value"));
            retry_after(&headers, "2026-10-21T07:27:30Z".parse().expect("a time"))
        };
        assert_eq!(headers("30"), Some(Duration::from_secs(30)));
        assert_eq!(headers("99999999"), Some(RETRY_MAX));
        assert_eq!(retry_after_in(br#"{"parameters":{"retry_after":31}}"#), Some(Duration::from_secs(31)));
        assert_eq!(retry_after_in(b"{\"parameters\":{\"retry_after\":\"x\"}}"), None);
        assert_eq!(headers("Wed, 21 Oct 2026 07:28:00 GMT"), Some(Duration::from_secs(30)));
        assert_eq!((headers("Wed, 21 Oct 2026 07:00:00 GMT"), headers("soon")), (None, None));
    }
}
