//! A browser for tests of the console: HTTP/1.1 over a connection for each
//! request, with a cookie, and with whatever else a test wants to send.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// What was answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// A header's value; empty without.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The value of the field of a form in the page.
    ///
    /// # Panics
    /// If there is none.
    pub fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let value = self.body.split_once(&start).and_then(|(_, rest)| rest.split_once('"'));
        value.unwrap_or_else(|| panic!("no field {name} in {}", self.body)).0.to_owned()
    }
}

/// Somebody who asks.
#[derive(Clone, Debug)]
pub struct Browser {
    address: SocketAddr,
    /// Headers that are sent with each request: names and values.
    pub headers: Vec<(String, String)>,
}

impl Browser {
    /// One without a session.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, headers: Vec::new() }
    }

    /// The same with a header, in place of another one of that name.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut new = self.clone();
        new.headers.retain(|(known, _)| known != name);
        new.headers.push((name.to_owned(), value.to_owned()));
        new
    }

    /// One with a token.
    pub fn with_token(address: SocketAddr, token: &str) -> Self {
        Self::new(address).with("authorization", &format!("Bearer {token}"))
    }

    /// Keeps the cookie of an answer.
    pub fn keep(&mut self, answer: &Answer) {
        let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        *self = self.with("cookie", &cookie);
    }

    /// `GET`.
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None)
    }

    /// `POST` of a form; values are encoded.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        self.ask("POST", path, Some(&pairs.collect::<Vec<_>>().join("&")))
    }

    /// Any method.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn ask(&self, method: &str, path: &str, form: Option<&str>) -> Answer {
        let mut stream = TcpStream::connect(self.address).expect("the console listens");
        stream.set_read_timeout(Some(crate::process::DEADLINE)).expect("a time limit");
        let request = self.written(method, path, form);
        // Who is refused early may hear so before all is sent.
        let _ = stream.write_all(request.as_bytes());
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        read_answer(&bytes).unwrap_or_else(|| panic!("no answer to {method} {path}: {read:?} {bytes:?}"))
    }

    /// The bytes of a request.
    pub fn written(&self, method: &str, path: &str, form: Option<&str>) -> String {
        let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !self.headers.iter().any(|(name, _)| name == "host") {
            request += &format!("host: {}\r\n", self.address);
        }
        for (name, value) in &self.headers {
            request += &format!("{name}: {value}\r\n");
        }
        if let Some(form) = form {
            let length = form.len();
            request +=
                &format!("content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n");
        }
        request + "\r\n" + form.unwrap_or_default()
    }
}

/// Reads an answer that is whole; none if it is not.
pub fn read_answer(bytes: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let pair = |line: &str| {
        line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    Some(Answer { status, headers: lines.filter_map(pair).collect(), body: body.to_owned() })
}

fn encoded(value: &str) -> String {
    let written = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(written).collect()
}

/// The address in what the program says of its console.
pub fn said_address(said: &str) -> Option<SocketAddr> {
    let line = said.lines().find(|line| line.contains("console") && line.contains("://"))?;
    line.split_once("://")?.1.split('/').next()?.parse().ok()
}
