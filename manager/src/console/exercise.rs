//! What strangers write and our own code reads, whatever it is: for fuzzing.

use super::front::Front;
use super::query::Query;
use super::{guard, login, pages};
use crate::alert::Alert;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use std::net::{Ipv4Addr, SocketAddr};

/// Headers that are read, one a line.
const HEADERS: [HeaderName; 5] = [
    header::HOST,
    header::COOKIE,
    header::ORIGIN,
    HeaderName::from_static("sec-fetch-site"),
    header::CONTENT_TYPE,
];

/// A time for words like `yesterday`.
const NOW: i64 = 1_795_246_190;

/// Reads any bytes as the headers of a request, then as what stands behind the
/// question mark, then as a form.
///
/// # Panics
/// If something is taken for what it is not.
pub fn exercise(bytes: &[u8]) {
    let mut lines = bytes.splitn(HEADERS.len() + 2, |byte| *byte == b'\n');
    let mut headers = HeaderMap::new();
    for (name, value) in HEADERS.into_iter().zip(&mut lines) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    let asked = String::from_utf8_lossy(lines.next().unwrap_or_default());
    read_headers(&headers);
    read_form(&headers, lines.next().unwrap_or_default());
    read_query(&asked);
    read_way(&asked);
}

fn read_headers(headers: &HeaderMap) {
    let front = Front::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 1518)), false, false);
    if guard::is_our_name(&front, headers) {
        let host =
            headers.get(header::HOST).and_then(|host| host.to_str().ok()).expect("no name is not ours");
        assert!(!host.contains(['/', '@', ' ', ',']), "{host}");
    }
    let of = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let (Some(origin), Some(host), None) =
        (of(&header::ORIGIN), of(&header::HOST), headers.get("sec-fetch-site"))
    {
        assert!(!guard::is_of_our_page(headers) || origin.ends_with(host), "{origin} {host}");
    }
    if let Some(cookie) = guard::cookie(headers, front.cookie()) {
        assert!(!cookie.contains(';'));
    }
}

fn read_form(headers: &HeaderMap, body: &[u8]) {
    if let Some(word) = guard::field(headers, body) {
        assert!(!word.contains('&'));
    }
}

/// What was asked for stands in an address that asks for the same, and does no
/// harm in a page.
fn read_query(asked: &str) {
    let query = Query::read(asked);
    let address = query.on("/alerts");
    let (_, again) = address.split_once('?').unwrap_or_default();
    assert_eq!(Query::read(again), query);
    if let Ok(filter) = query.filter(NOW) {
        let _ = filter.matches(&Alert::default());
    }
    let _ = (query.number::<u64>("before"), query.moment("since"));
    let page = pages::filter_form(&query, "/alerts").into_string();
    assert!(!page.contains("<script") && !page.contains(['\u{202e}', '\u{2066}', '\u{1b}']), "{page}");
}

/// Nobody is sent elsewhere after logging in.
fn read_way(asked: &str) {
    let to = login::ours(asked);
    assert!(to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n']), "{to}");
    assert!(login::path_to(asked).bytes().all(|byte| byte.is_ascii_graphic()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_as_browsers_send_it_and_bytes_of_all_kinds_are_read() {
        exercise(
            b"127.0.0.1:1518\na=1; bartizan-1518=secret\nhttp://127.0.0.1:1518\nsame-origin\n\
            application/x-www-form-urlencoded\ntext=%26%3Cscript%3E&level=7&since=2h\nid=7&form=abc",
        );
        exercise(&(0..=255).collect::<Vec<u8>>());
        exercise(b"");
        let long = [b"\n\n\n\n\ntext=".as_slice(), "a ".repeat(400).as_bytes()].concat();
        exercise(&long);
    }
}
