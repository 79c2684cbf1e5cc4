//! What comes from elsewhere is not done, and what goes out is harmless.

use super::*;

/// Asks for an action with a session and whatever a test makes of it.
fn leave(browser: &Browser, form: &str) -> u16 {
    browser.ask("POST", "/logout", Some(form)).status
}

#[test]
fn a_form_without_the_word_of_its_session_is_refused() {
    let consoled = Consoled::start("console-forms");
    let (ada, rea) = (consoled.session("ada"), consoled.session("rea"));
    let others = rea.get("/account").field("form");
    for form in ["", "form=", "form=guess", "xform=1", &format!("form={others}"), &format!("x={others}&form")]
    {
        assert_eq!(leave(&ada, form), 403, "{form}");
    }
    let own = ada.get("/account").field("form");
    assert_eq!(leave(&ada.with("content-type", "text/plain"), "x=1"), 403);
    assert_eq!(leave(&ada, &format!("form={own}")), 303);
}

#[test]
fn a_form_of_another_site_is_refused_even_with_the_word() {
    let consoled = Consoled::start("console-foreign");
    let ada = consoled.session("ada");
    let form = format!("form={}", ada.get("/account").field("form"));
    let here = format!("http://{}", consoled.address);
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        assert_eq!(leave(&ada.with(name, value), &form), 403, "{name}: {value}");
        let stranger = consoled.browser().with(name, value);
        assert_eq!(log_in(&stranger, "ada", PASSWORD).status, 403, "log-in, {name}: {value}");
    }
    assert_eq!(leave(&ada.with("origin", &here).with("sec-fetch-site", "same-origin"), &form), 303);
}

#[test]
fn a_name_that_is_not_of_this_machine_is_not_answered_to() {
    let consoled = Consoled::start("console-host");
    let ada = consoled.session("ada");
    for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""] {
        let answer = ada.with("host", host).get("/account");
        assert_eq!(answer.status, 400, "{host}: {answer:?}");
        assert!(!answer.body.contains("ada"));
    }
    let tunnel = ada.with("host", "localhost:8080").get("/account");
    assert_eq!(tunnel.status, 200);
}

#[test]
fn every_answer_carries_what_protects_it() {
    let consoled = Consoled::start("console-headers");
    let ada = consoled.session("ada");
    let style = ada.get("/login");
    let style = style.body.split("href=\"").find(|rest| rest.starts_with("/assets/")).expect("a style");
    let style = style.split('"').next().expect("its path").to_owned();
    let metrics = Browser::with_token(consoled.address, &consoled.token("prometheus", "reader"));
    let answers = [
        ada.get("/account"),
        ada.get("/nothing/here"),
        consoled.browser().get("/account"),
        consoled.browser().get("/login"),
        consoled.browser().get("/metrics"),
        consoled.browser().with("host", "evil.example").get("/"),
        metrics.get("/metrics"),
        ada.get(&style),
        ada.ask("PUT", "/account", Some("")),
        ada.ask("POST", "/login", Some(&"x".repeat(100_000))),
    ];
    for answer in &answers {
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{answer:?}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
    }
    let (pages, kept): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.header("cache-control") == "no-store");
    assert_eq!((pages.len(), kept.len()), (9, 1), "only assets are kept");
    assert!(kept[0].header("cache-control").contains("immutable"));
    let known = ada.with("if-none-match", kept[0].header("etag")).get(&style);
    assert_eq!((known.status, known.body.as_str()), (304, ""));
}

#[test]
fn pages_run_no_script_and_load_nothing_that_is_not_ours() {
    let consoled = Consoled::start("console-scripts");
    let page = consoled.session("ada").get("/account").body;
    assert_eq!(
        page.matches("<script").count(),
        page.matches("<script type=\"module\" src=\"/assets/").count()
    );
    for forbidden in ["style=\"", "onclick", "javascript:", "http://", "https://", "<style"] {
        assert!(!page.contains(forbidden), "{forbidden} in {page}");
    }
    let name = "<script>alert(1)</script>\u{202e}";
    let failed = log_in(&consoled.browser(), name, "whatever it is");
    assert!(failed.status == 401 && !failed.body.contains("<script>alert"), "{failed:?}");
    assert!(!consoled.running.err().contains('\u{202e}'));
}

#[test]
fn what_is_too_long_is_refused_and_what_is_no_http_is_survived() {
    let consoled = Consoled::start("console-long");
    let ada = consoled.session("ada");
    let form = ada.get("/account").field("form");
    let long = format!("form={form}&x={}", "y".repeat(70_000));
    assert_eq!(ada.ask("POST", "/logout", Some(&long)).status, 400);
    let path = format!("/account?{}", "z".repeat(100_000));
    assert!([414, 431].contains(&ada.get(&path).status));
    for nonsense in [
        "\0\0\0",
        "GET",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}\0",
        "POST /login HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
    ] {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(consoled.address).expect("it listens");
        stream.write_all(nonsense.as_bytes()).expect("it listens");
        stream.shutdown(std::net::Shutdown::Write).expect("it is open");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{nonsense:?}");
    }
    assert_eq!(ada.get("/account").status, 200);
}
