//! What becomes of a parcel when a server fails.

use super::{integration, tell};
use bartizan::outbox::Failure;
use bartizan_tests::Folder;
use bartizan_tests::http_server::{HttpServer, Reply};
use bartizan_tests::identity::Identity;
use std::net::TcpListener;
use std::time::{Duration, Instant};

fn permanent(result: Result<(), Failure>) -> String {
    match result {
        Err(Failure::Permanent(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn temporary(result: Result<(), Failure>) -> (String, Option<Duration>) {
    match result {
        Err(Failure::Temporary(why, wait)) => (why, wait),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_status_says_whether_a_parcel_is_taken_goes_again_or_never_will_be() {
    let server = HttpServer::start();
    let mut hook = integration("webhook", &server.url("/T0P/secret"), "<api_key>hunter2</api_key>");
    for status in [200, 201, 202, 204] {
        server.will(Reply::new(status, ""));
        assert_eq!(tell(&mut hook), Ok(()), "{status}");
    }
    for status in [400, 401, 403, 404, 410, 413, 422] {
        server.will(Reply::new(status, "no <b>way</b>\r\n"));
        let why = permanent(tell(&mut hook));
        assert!(why.ends_with(&format!("it answered {status}: no <b>way</b>")), "{why}");
        assert!(!why.contains("T0P") && !why.contains("hunter2"), "{why}");
    }
    for status in [408, 425, 429, 500, 502, 503, 504] {
        server.will(Reply::new(status, ""));
        assert_eq!(temporary(tell(&mut hook)).1, None, "{status}");
    }
}

#[test]
fn a_server_that_asks_for_time_gets_it() {
    let server = HttpServer::start();
    let mut hook = integration("webhook", &server.url("/"), "");
    for (status, headers, wait) in [
        (429, "Retry-After: 7\r\n", 7),
        (503, "retry-after: 30\r\n", 30),
        (429, "Retry-After: 999999\r\n", 3600),
    ] {
        server.will(Reply::Answer { status, headers: headers.to_owned(), body: String::new() });
        assert_eq!(temporary(tell(&mut hook)).1, Some(Duration::from_secs(wait)));
    }
}

#[test]
fn secrets_do_not_follow_a_redirect() {
    let (server, other) = (HttpServer::start(), HttpServer::start());
    let mut hook = integration("webhook", &server.url("/"), "<api_key>hunter2</api_key>");
    for status in [301, 302, 307, 308] {
        let headers = format!("Location: {}\r\n", other.url("/T0P"));
        server.will(Reply::Answer { status, headers, body: String::new() });
        let (why, _) = temporary(tell(&mut hook));
        assert!(why.contains("it has moved") && !why.contains("T0P"), "{why}");
    }
    assert!(other.requests().is_empty());
}

#[test]
fn a_connection_that_fails_is_tried_again() {
    let server = HttpServer::start();
    let mut hook = integration("webhook", &server.url("/T0P"), "");
    for reply in [Reply::CloseAtOnce, Reply::CloseBeforeAnswer, Reply::Nonsense] {
        server.will(reply.clone());
        let (why, _) = temporary(tell(&mut hook));
        assert!(!why.contains("T0P") && why.starts_with("127.0.0.1:"), "{reply:?}: {why}");
    }
    assert_eq!(tell(&mut hook), Ok(()), "and then it works");
}

#[test]
fn once_the_server_has_said_yes_a_broken_body_does_not_matter() {
    let server = HttpServer::start();
    let mut hook = integration("webhook", &server.url("/"), "");
    for reply in [Reply::CloseInAnswer, Reply::BadChunks] {
        server.will(reply.clone());
        assert_eq!(tell(&mut hook), Ok(()), "{reply:?}");
    }
}

#[test]
fn nobody_waits_for_long_and_nothing_is_read_without_end() {
    let server = HttpServer::start();
    let mut hook = integration("webhook", &server.url("/"), "");
    for reply in [Reply::Silence, Reply::Slowly(Duration::from_millis(300)), Reply::Endless] {
        server.will(reply.clone());
        let start = Instant::now();
        let result = tell(&mut hook);
        assert!(start.elapsed() < Duration::from_secs(20), "{reply:?}");
        if let Reply::Endless = reply {
            assert_eq!(result, Ok(()));
        } else {
            assert!(temporary(result).0.ends_with("it did not answer in time"), "{reply:?}");
        }
    }
}

#[test]
fn where_nobody_listens_and_where_there_is_no_host_it_is_tried_again() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    for url in [format!("http://{free}/T0P"), "http://name.invalid/T0P".to_owned()] {
        let (why, _) = temporary(tell(&mut integration("webhook", &url, "")));
        assert!(!why.contains("T0P"), "{why}");
    }
}

#[test]
fn only_a_server_that_proves_who_it_is_is_told_anything() {
    let identity = Identity::new();
    let server = HttpServer::start_tls(&identity);
    let (why, _) = temporary(tell(&mut integration("webhook", &server.url("/T0P"), "")));
    assert!(why.contains("certificate") && !why.contains("T0P"), "{why}");
    assert!(server.requests().is_empty());
    let folder = Folder::new("integrations-tls");
    let ca = folder.write("ca.pem", identity.pem());
    let trusted = format!("<tls_ca>{}</tls_ca>", ca.display());
    assert_eq!(tell(&mut integration("webhook", &server.url("/"), &trusted)), Ok(()));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn every_attempt_names_the_same_parcel() {
    let server = HttpServer::start();
    let mut hook = integration("webhook", &server.url("/"), "");
    server.will(Reply::CloseBeforeAnswer);
    assert!(tell(&mut hook).is_err());
    assert_eq!(tell(&mut hook), Ok(()));
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.header("idempotency-key") == "p-1"));
    assert_eq!(requests[0].body, requests[1].body);
}
