//! How a web server is called: address, method, headers, body.

use super::super::Secret;
use super::super::reading::{Reading, value_span};
use super::{Escape, Request, Template};
use crate::diagnose::Span;
use crate::xml::Element;

const URL_MAX: usize = 2048;
const HEADERS_MAX: usize = 32;

const METHODS: [&str; 3] = ["POST", "PUT", "PATCH"];

/// Headers that are ours to say.
const OURS: [&str; 5] = ["host", "content-type", "content-length", "transfer-encoding", "connection"];

/// `method`, `content_type`, `header` and `body`, each as far as it is said.
#[derive(Default)]
pub(super) struct Draft {
    request: Request,
    /// Text of the body, and where it stands.
    body: Option<Body>,
}

struct Body {
    text: String,
    option: Element,
    /// It comes from a file.
    file: Option<Span>,
}

impl Draft {
    /// Takes one option; `None` if it is wrong, which is reported.
    pub(super) fn take(&mut self, reading: &mut Reading<'_>, option: &Element) -> Option<()> {
        match option.name.as_str() {
            "method" => self.request.method = method(reading, option)?,
            "content_type" => self.request.content_type = content_type(reading, option)?,
            "header" if self.request.headers.len() == HEADERS_MAX => {
                let message = format!("there are more than {HEADERS_MAX} <header>");
                reading.error(option.name_span, message, "remove some");
                return None;
            }
            "header" => self.request.headers.push(header(reading, option)?),
            _ => self.body = Some(body(reading, option)?),
        }
        Some(())
    }

    /// The whole; the content type decides how the body is read.
    pub(super) fn finish(self, reading: &mut Reading<'_>) -> Option<Request> {
        let Self { mut request, body } = self;
        let Some(Body { text, option, file }) = body else {
            return Some(request);
        };
        match Template::parse(&text, Escape::of(&request.content_type)) {
            Ok(template) => request.body = Some(template),
            Err(mistake) => {
                let line =
                    text.as_bytes().iter().take(mistake.at.start).filter(|byte| **byte == b'\n').count() + 1;
                let (span, message) = match file {
                    None => (option.span_of(mistake.at), mistake.message),
                    Some(span) => (span, format!("line {line} of the file: {}", mistake.message)),
                };
                reading.error(span, message, mistake.help);
                return None;
            }
        }
        Some(request)
    }
}

fn body(reading: &mut Reading<'_>, option: &Element) -> Option<Body> {
    let Some(file) = option.attribute("file") else {
        return Some(Body { text: reading.text(option)?, option: option.clone(), file: None });
    };
    let path = reading.home.path(file.value_lossy().as_ref());
    // An ordinary file: reading a pipe would wait.
    let text = match path.is_file() {
        true => std::fs::read_to_string(&path).map_err(|error| error.to_string()),
        false => Err("there is no such file".to_owned()),
    };
    match text {
        Ok(text) => Some(Body { text, option: option.clone(), file: Some(file.value_span) }),
        Err(why) => {
            reading.error(file.value_span, format!("{}: {why}", path.display()), "check the name");
            None
        }
    }
}

fn method(reading: &mut Reading<'_>, option: &Element) -> Option<&'static str> {
    let text = reading.text(option)?;
    let known = METHODS.iter().find(|method| text.eq_ignore_ascii_case(method)).copied();
    if known.is_none() {
        reading.error(
            value_span(option),
            format!("`{text}` is no method to send with"),
            "write POST, PUT or PATCH",
        );
    }
    known
}

fn content_type(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let text = reading.text(option)?;
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if plain && text.contains('/') {
        return Some(text);
    }
    reading.error(
        value_span(option),
        format!("`{text}` is no content type"),
        "write application/json, or text/plain",
    );
    None
}

fn header(reading: &mut Reading<'_>, option: &Element) -> Option<(String, Secret)> {
    let Some(attribute) = option.attribute("name") else {
        let help = "write <header name=\"X-Key\">value</header>";
        reading.error(option.name_span, "this <header> has no name", help);
        return None;
    };
    let name = attribute.value_lossy().to_ascii_lowercase();
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let problem = match () {
        () if name.is_empty() || !name.bytes().all(is_token) => "is not the name of a header",
        () if OURS.contains(&name.as_str()) => "is a header that cannot be set here",
        () => return Some((name, header_value(reading, option)?)),
    };
    reading.error(attribute.value_span, format!("`{name}` {problem}"), "letters, digits and `-`: X-Key");
    None
}

/// A secret that can stand in a header: printable ASCII.
pub(in crate::config) fn header_value(reading: &mut Reading<'_>, option: &Element) -> Option<Secret> {
    let secret = Secret::read(reading, option)?;
    if secret.reveal().bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return Some(secret);
    }
    let message = format!("<{}> has characters that it cannot have", option.name);
    reading.error(option.name_span, message, "printable ASCII only, on one line");
    None
}

/// The address of a web server. It may hold a secret, so it is not quoted.
pub(in crate::config) fn url(reading: &mut Reading<'_>, option: &Element) -> Option<Secret> {
    let secret = Secret::read(reading, option)?;
    let text = secret.reveal();
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain = text.len() <= URL_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
    let is_url =
        || text.parse::<ureq::http::Uri>().is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()));
    if host.is_some() && is_plain && is_url() {
        return Some(secret);
    }
    let help = "write http://HOST/PATH or https://HOST/PATH, without spaces";
    reading.error(option.name_span, format!("<{}> is not the address of a web server", option.name), help);
    None
}
