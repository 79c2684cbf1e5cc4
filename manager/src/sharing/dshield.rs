//! DShield: one line for packets that are alike, by mail or over HTTP.
//!
//! The key goes into a mail only when it is handed over, so it does not lie
//! in the queue.

use super::hit::Hit;
use super::service::{self, Limits, Service};
use super::{hmac, zone};
use crate::config::Secret;
use crate::integrations::http::{Call, Server};
use crate::mail::Route;
use crate::mail::smtp::Mail;
use crate::outbox::{Failure, Parcel};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::fmt::Write;
use std::net::IpAddr;

/// Where reports go by mail.
pub const ADDRESS: &str = "reports@dshield.org";

/// Where they go over HTTP.
pub const URL: &str = "https://www.dshield.org/submitapi/";

/// Lines that the service's own client sends at most in one run.
const LINES_MAX: usize = 100_000;

/// What stands for what is not known.
const UNKNOWN: &str = "???";

/// What subjects begin with.
const SUBJECT: &str = "Subject: FORMAT DSHIELD USERID ";

const SOFTWARE: &str = concat!("Bartizan ", env!("CARGO_PKG_VERSION"));

/// By mail.
#[derive(Debug)]
pub struct Mailed {
    /// The number that the service knows the sender by; 0 for nobody.
    pub user_id: u32,
    /// The address that the service knows the sender by.
    pub from: String,
    /// Whom it goes to.
    pub to: String,
    /// What proves that it is from this user.
    pub authkey: Option<Secret>,
    /// Where mail is handed over; `None` for a look only.
    pub route: Option<Route>,
    /// The zone that a subject names.
    pub zone: TimeZone,
    /// What stands behind the `@` of a `Message-ID`.
    pub host: String,
    /// Lines of one mail.
    pub split: usize,
    /// Lines of one round.
    pub max_lines: usize,
}

impl Service for Mailed {
    fn kind(&self) -> &'static str {
        "dshield"
    }

    fn limits(&self) -> Limits {
        Limits { lines: self.max_lines.min(LINES_MAX), sources: usize::MAX, merges: true }
    }

    fn portions(&self, hits: &[Hit]) -> Vec<Vec<Hit>> {
        hits.chunks(self.split.max(1)).map(<[Hit]>::to_vec).collect()
    }

    fn render(&self, id: &str, hits: &[Hit], now: i64) -> Vec<u8> {
        let date = Timestamp::from_second(now).unwrap_or_default().to_zoned(self.zone.clone());
        let date = jiff::fmt::rfc2822::to_string(&date).unwrap_or_default();
        let Self { user_id, from, to, host, .. } = self;
        let offset = zone::offset(&self.zone, now);
        let mut mail = format!(
            "From: <{from}>\r\nTo: <{to}>\r\nDate: {date}\r\n{SUBJECT}{user_id} TZ {offset} {SOFTWARE}\r\n\
             Message-ID: <{id}@{host}>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\
             Content-Transfer-Encoding: 7bit\r\nAuto-Submitted: auto-generated\r\n\r\n"
        );
        hits.iter().for_each(|hit| line(&mut mail, *user_id, hit));
        mail.into_bytes()
    }

    fn deliver(&self, parcel: &Parcel) -> Result<(), Failure> {
        let Some(route) = &self.route else {
            return Err(Failure::Temporary("no mail server is known".to_owned(), None));
        };
        let bytes = match &self.authkey {
            Some(key) => with_key(&parcel.payload, key.reveal()),
            None => parcel.payload.clone(),
        };
        let mail = Mail { from: &self.from, to: &self.to, bytes: &bytes };
        // Lines that were refused are not done with: a person can set it right.
        route.hand_over(mail).map_err(service::for_now)
    }
}

/// The mail with a key behind the zone of its subject.
fn with_key(mail: &[u8], key: &str) -> Vec<u8> {
    let at = memchr::memmem::find(mail, SUBJECT.as_bytes()).and_then(|start| {
        let rest = mail.get(start..)?;
        let software = memchr::memmem::find(rest, SOFTWARE.as_bytes())?;
        Some(start + software)
    });
    let (before, behind) = mail.split_at(at.unwrap_or(mail.len()));
    [before, b"AUTHKEY ", key.as_bytes(), b" ", behind].concat()
}

/// Appends a line: nine fields with tabs between; the last one only if there
/// are flags.
fn line(out: &mut String, author: u32, hit: &Hit) {
    let Hit { key, time, zone, flags, count } = hit;
    let number = |number: Option<u16>| number.map_or(UNKNOWN.to_owned(), |number| number.to_string());
    let protocol = match key.protocol {
        Some(6) => "TCP".to_owned(),
        Some(17) => "UDP".to_owned(),
        Some(1) => "ICMP".to_owned(),
        Some(other) => other.to_string(),
        None => UNKNOWN.to_owned(),
    };
    // Writing to memory does not fail.
    let _ = write!(
        out,
        "{}\t{author}\t{count}\t{}\t{}\t{}\t{}\t{protocol}",
        zone::written(zone, *time),
        address(key.src),
        number(key.sport),
        address(key.dst),
        number(key.dport),
    );
    if !flags.is_empty() {
        out.push('\t');
        out.extend(flags.letters());
    }
    out.push_str("\r\n");
}

/// An address as the service has it: of IPv6 eight groups of four digits.
pub(super) fn address(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => v6.segments().map(|group| format!("{group:04x}")).join(":"),
    }
}

/// Over HTTP.
#[derive(Debug)]
pub struct Posted {
    /// The number that the service knows the sender by.
    pub user_id: u32,
    /// The key of that user.
    pub api_key: Secret,
    /// The service.
    pub server: Server,
    /// Lines of one request.
    pub split: usize,
    /// Lines of one round.
    pub max_lines: usize,
}

impl Service for Posted {
    fn kind(&self) -> &'static str {
        "dshield"
    }

    /// There is no count in this form, so each packet has an entry.
    fn limits(&self) -> Limits {
        Limits { lines: self.max_lines.min(LINES_MAX), sources: usize::MAX, merges: false }
    }

    fn portions(&self, hits: &[Hit]) -> Vec<Vec<Hit>> {
        hits.chunks(self.split.max(1)).map(<[Hit]>::to_vec).collect()
    }

    fn render(&self, _: &str, hits: &[Hit], _: i64) -> Vec<u8> {
        Value::from(hits.iter().map(entry).collect::<Vec<_>>()).to_string().into_bytes()
    }

    fn deliver(&self, parcel: &Parcel) -> Result<(), Failure> {
        let authorization = self.authorization();
        let logs: Value = serde_json::from_slice(&parcel.payload).unwrap_or_default();
        let body = json!({"type": "firewall", "logs": logs, "authheader": authorization}).to_string();
        let headers = [("x-isc-logtype", "firewall"), ("x-isc-authorization", authorization.as_str())];
        let sent = self.server.send(&parcel.id, &Call::json(&headers, body.as_bytes()));
        sent.map(drop).map_err(service::for_now)
    }
}

impl Posted {
    /// What proves that a request is from this user.
    fn authorization(&self) -> String {
        let mut random = [0; 8];
        // Without any randomness of the system a request can be repeated by
        // who has heard it, and who can hear it has the lines anyway.
        let _ = getrandom::fill(&mut random);
        authorization(self.user_id, self.api_key.reveal(), &BASE64.encode(random))
    }
}

fn authorization(user_id: u32, api_key: &str, nonce: &str) -> String {
    let credentials = hmac::sha256(format!("{nonce}{user_id}").as_bytes(), api_key.as_bytes());
    let credentials = BASE64.encode(credentials);
    format!("ISC-HMAC-SHA256 Credentials={credentials} Userid={user_id} Nonce={nonce}")
}

fn entry(hit: &Hit) -> Value {
    let Hit { key, time, flags, .. } = hit;
    json!({
        "time": time,
        "sip": address(key.src),
        "dip": address(key.dst),
        "proto": key.protocol,
        "sport": key.sport,
        "dport": key.dport,
        "flags": flags.letters().collect::<String>(),
        "version": if key.src.is_ipv4() { 4 } else { 6 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sharing::hit::{Reader, Scope};

    fn hits(lines: &[&str]) -> Vec<Hit> {
        let scope = Scope::default();
        let zone = zone::read("+02:00").expect("a zone");
        let mut reader = Reader::new(&scope, 0, zone, &[], 1_795_246_190);
        lines.iter().map(|line| reader.read(line.as_bytes()).expect("a hit")).collect()
    }

    fn mailed() -> Mailed {
        Mailed {
            user_id: 42,
            from: "me@example.com".to_owned(),
            to: ADDRESS.to_owned(),
            authkey: None,
            route: None,
            zone: zone::read("-03:30").expect("a zone"),
            host: "keep".to_owned(),
            split: 2,
            max_lines: 1000,
        }
    }

    #[test]
    fn a_mail_is_as_the_service_wants_it() {
        let kernel = "2011-07-12T11:55:17+02:00 gw kernel: DROP IN=eth0 OUT= SRC=33.44.55.66 DST=12.34.56.78";
        let hits = hits(&[
            "2011 Jul 12 11:55:17 (a) x->y DROP TCP 33.44.55.66:2686->12.34.56.78:135",
            "2011 Jul 12 11:55:17 (a) x->y DROP ICMP 33.44.55.66:0->12.34.56.78:0",
            "2011 Jul 12 11:55:17 (a) x->y DROP UDP 2a00:1:2::7:53->2a00::1:5353",
            &format!("{kernel} PROTO=TCP SPT=1 DPT=2 WINDOW=1 RES=0x00 CWR ECE ACK SYN URGP=0"),
            &format!("{kernel} PROTO=ICMP TYPE=3 CODE=13"),
            &format!("{kernel} PROTO=47"),
        ]);
        let mail = String::from_utf8(mailed().render("7-1", &hits, 1_310_471_717)).expect("text");
        let expected = "From: <me@example.com>\r\nTo: <reports@dshield.org>\r\n\
            Date: Tue, 12 Jul 2011 08:25:17 -0330\r\n\
            Subject: FORMAT DSHIELD USERID 42 TZ -03:30 Bartizan 0.1.0\r\nMessage-ID: <7-1@keep>\r\n\
            MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\
            Content-Transfer-Encoding: 7bit\r\nAuto-Submitted: auto-generated\r\n\r\n\
            2011-07-12 11:55:17 +02:00\t42\t1\t33.44.55.66\t2686\t12.34.56.78\t135\tTCP\r\n\
            2011-07-12 11:55:17 +02:00\t42\t1\t33.44.55.66\t???\t12.34.56.78\t???\tICMP\r\n\
            2011-07-12 11:55:17 +02:00\t42\t1\t2a00:0001:0002:0000:0000:0000:0000:0007\t53\t\
            2a00:0000:0000:0000:0000:0000:0000:0001\t5353\tUDP\r\n\
            2011-07-12 11:55:17 +02:00\t42\t1\t33.44.55.66\t1\t12.34.56.78\t2\tTCP\t12AS\r\n\
            2011-07-12 11:55:17 +02:00\t42\t1\t33.44.55.66\t3\t12.34.56.78\t13\tICMP\r\n\
            2011-07-12 11:55:17 +02:00\t42\t1\t33.44.55.66\t???\t12.34.56.78\t???\t47\r\n";
        assert_eq!(mail, expected.replace("0.1.0", env!("CARGO_PKG_VERSION")));
        let portions: Vec<_> = mailed().portions(&hits).iter().map(Vec::len).collect();
        assert_eq!(portions, [2, 2, 2]);
    }

    #[test]
    fn the_key_stands_where_it_belongs_and_not_in_the_queue() {
        let mail = mailed().render("7-1", &[], 0);
        let with = String::from_utf8(with_key(&mail, "s3cret")).expect("text");
        let subject =
            format!("\r\nSubject: FORMAT DSHIELD USERID 42 TZ -03:30 AUTHKEY s3cret {SOFTWARE}\r\n");
        assert!(with.contains(&subject), "{with}");
        assert!(!String::from_utf8_lossy(&mail).contains("s3cret"));
    }

    #[test]
    fn a_request_is_signed() {
        // HMAC-SHA256 of "key", with "AAAAAAAAAAA=42" as its key.
        let signed = authorization(42, "key", "AAAAAAAAAAA=");
        assert!(signed.starts_with("ISC-HMAC-SHA256 Credentials="), "{signed}");
        assert!(signed.ends_with(" Userid=42 Nonce=AAAAAAAAAAA="), "{signed}");
        assert_ne!(signed, authorization(42, "other", "AAAAAAAAAAA="));
    }
}
