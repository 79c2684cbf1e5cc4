//! Who gets in.

use super::*;
use bartizan::console::route::{Needs, table};
use bartizan_tests::process::{command, finish};
use std::fs;

/// The path of a route with something for its variable parts.
fn path_of(route: &bartizan::console::Route) -> String {
    let part = |part: &str| if part.starts_with('{') { "1".to_owned() } else { part.to_owned() };
    route.path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[test]
fn every_address_is_closed_without_a_session_or_token() {
    let consoled = Consoled::start("console-closed");
    let strangers = [
        consoled.browser(),
        consoled.browser().with("cookie", "bartizan-1518=guess"),
        consoled.browser().with("cookie", &format!("bartizan-{}=guess", consoled.address.port())),
        consoled.browser().with("authorization", "Bearer bartizan_guess"),
        consoled.browser().with("authorization", "Basic YWRhOmNvcnJlY3QgaG9yc2UgYmF0dGVyeQ=="),
    ];
    let closed: Vec<_> = table().into_iter().filter(|route| route.needs != Needs::Nobody).collect();
    assert!(closed.len() > 4, "there are pages");
    for route in &closed {
        for stranger in &strangers {
            let path = path_of(route);
            let answer = stranger.ask(route.method, &path, (route.method == "POST").then_some("a=b"));
            let is_sent_away = answer.status == 303 && answer.header("location").starts_with("/login");
            assert!(is_sent_away || answer.status == 401, "{} {path}: {answer:?}", route.method);
            let other = stranger.ask("PUT", &path, Some(""));
            assert!([401, 405].contains(&other.status), "PUT {path}: {other:?}");
        }
    }
}

#[test]
fn what_only_administrators_do_is_closed_to_readers() {
    let consoled = Consoled::start("console-reader");
    let token = Browser::with_token(consoled.address, &consoled.token("prometheus", "reader"));
    let session = consoled.session("rea");
    let form = session.get("/account").field("form");
    for route in table().iter().filter(|route| route.needs == Needs::Administrator) {
        let path = path_of(route);
        let fields = format!("form={form}");
        for reader in [&token, &session] {
            let answer = reader.ask(route.method, &path, (route.method == "POST").then_some(&fields));
            assert_eq!(answer.status, 403, "{} {path}: {answer:?}", route.method);
        }
    }
    // What may be sent by others: they log in and out, and try lines on rules.
    const FOR_OTHERS: [&str; 6] =
        ["/login", "/logout", "/first", "/account/password", "/rules/try", "/api/v1/logtest"];
    for route in table().iter().filter(|route| route.method == "POST") {
        let is_for_others = FOR_OTHERS.contains(&route.path);
        assert!(is_for_others || route.needs == Needs::Administrator, "{} is open", route.path);
    }
}

#[test]
fn the_first_user_is_named_with_the_key_and_only_once() {
    let consoled = Consoled::start_in(Folder::new("console-first"), "");
    let file = consoled.home.join("console-key");
    let key = fs::read_to_string(&file).expect("there is a key").trim().to_owned();
    let said = consoled.running.err() + &consoled.running.out();
    assert!(!said.contains(&key), "it is not told to who keeps what is said");
    assert!(said.contains("console-key"), "{said}");
    let mut browser = consoled.browser();
    assert!(browser.get("/login").body.contains("Nobody can log in yet"));
    assert_eq!(browser.get("/first").status, 403);
    assert_eq!(browser.get("/first?key=guess").status, 403);
    assert_eq!(browser.get(&format!("/first?key={key}")).status, 200);
    let name = |browser: &Browser, key: &str, password: &str, again: &str| {
        let fields = [("key", key), ("name", "ada"), ("password", password), ("again", again)];
        browser.post("/first", &fields)
    };
    assert_eq!(name(&browser, "guess", PASSWORD, PASSWORD).status, 403);
    assert!(name(&browser, &key, "short", "short").body.contains("at least 12 characters"));
    assert!(name(&browser, &key, PASSWORD, "correct horse batterx").body.contains("differ"));
    let named = name(&browser, &key, PASSWORD, PASSWORD);
    assert_eq!(named.status, 303, "{named:?}");
    browser.keep(&named);
    assert!(browser.get("/account").body.contains("administrator"));
    assert!(!file.exists(), "the key is gone");
    let again = name(&consoled.browser(), &key, PASSWORD, PASSWORD);
    assert_eq!(again.status, 403, "{again:?}");
    assert_eq!(consoled.browser().get(&format!("/first?key={key}")).status, 403);
    consoled.session("ada");
}

#[test]
fn a_wrong_password_and_an_unknown_name_look_the_same_and_slow_down() {
    let consoled = Consoled::start("console-attempts");
    let browser = consoled.browser();
    let wrong = log_in(&browser, "ada", "wrong password");
    let unknown = log_in(&browser, "eve", "wrong password");
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(wrong.body.replace("ada", "eve"), unknown.body);
    let mut last = unknown;
    for _ in 0..12 {
        last = log_in(&browser, "ada", "wrong password");
        if last.status == 429 {
            break;
        }
    }
    assert_eq!(last.status, 429, "{last:?}");
    assert!(last.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1), "{last:?}");
    // The right one has to wait, too: else guesses would go on.
    assert_eq!(log_in(&browser, "ada", PASSWORD).status, 429);
    assert!(consoled.running.err().contains("password of `ada` from 127.0.0.1 refused"));
}

#[test]
fn who_is_removed_or_has_a_new_password_is_out_at_once() {
    let consoled = Consoled::start("console-out");
    let (ada, rea) = (consoled.session("ada"), consoled.session("rea"));
    let token = Browser::with_token(consoled.address, &consoled.token("grafana", "reader"));
    assert_eq!((ada.get("/account").status, rea.get("/account").status), (200, 200));
    assert_eq!(token.get("/metrics").status, 200);
    console(&consoled.home, &["user", "password", "ada"], "another long password\n");
    console(&consoled.home, &["user", "remove", "rea"], "");
    console(&consoled.home, &["token", "remove", "grafana"], "");
    assert_eq!((ada.get("/account").status, rea.get("/account").status), (303, 303));
    assert_eq!(token.get("/metrics").status, 401);
    assert_eq!(log_in(&consoled.browser(), "ada", "another long password").status, 303);
}

#[test]
fn a_password_is_changed_on_the_page_by_who_knows_the_old_one() {
    let consoled = Consoled::start("console-password");
    let (mut here, elsewhere) = (consoled.session("rea"), consoled.session("rea"));
    let form = here.get("/account").field("form");
    let change = |old: &str| {
        let fields = [("form", form.as_str()), ("old", old), ("password", "another long password")];
        here.post("/account/password", &[&fields[..], &[("again", "another long password")]].concat())
    };
    assert!(change("a guess of mine").body.contains("is another one"));
    let changed = change(PASSWORD);
    assert_eq!(changed.status, 303, "{changed:?}");
    assert_eq!((here.get("/account").status, elsewhere.get("/account").status), (303, 303));
    here.keep(&changed);
    assert_eq!(here.get("/account").status, 200);
}

#[test]
fn who_logs_out_is_out_and_the_cookie_is_worth_nothing() {
    let consoled = Consoled::start("console-logout");
    let ada = consoled.session("ada");
    let form = ada.get("/account").field("form");
    let gone = ada.post("/logout", &[("form", &form)]);
    assert_eq!((gone.status, gone.header("location")), (303, "/login"));
    assert!(gone.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(ada.get("/account").status, 303);
}

#[test]
fn who_is_sent_to_log_in_comes_back_to_where_it_was_going() {
    let consoled = Consoled::start("console-back");
    let sent = consoled.browser().get("/account?x=1&y=2");
    assert_eq!(sent.header("location"), "/login?to=/account%3Fx%3D1%26y%3D2");
    let page = consoled.browser().get(sent.header("location"));
    assert!(page.body.contains("name=\"to\" value=\"/account?x=1&amp;y=2\""), "{}", page.body);
    let fields = [("name", "ada"), ("password", PASSWORD), ("to", "/account?x=1&y=2")];
    assert_eq!(consoled.browser().post("/login", &fields).header("location"), "/account?x=1&y=2");
    let evil = [("name", "ada"), ("password", PASSWORD), ("to", "//evil.example")];
    assert_eq!(consoled.browser().post("/login", &evil).header("location"), "/");
}

#[test]
fn secrets_stand_in_no_page_no_metric_and_nothing_that_is_said() {
    let mut consoled = Consoled::start("console-secrets");
    let token = consoled.token("prometheus", "administrator");
    let session = consoled.session("ada");
    let (_, cookie) = session.headers[0].1.split_once('=').expect("a cookie");
    let by_token = Browser::with_token(consoled.address, &token);
    let mut seen = String::new();
    for route in table().iter().filter(|route| route.method == "GET" && !route.path.contains("live")) {
        seen += &session.get(&path_of(route)).body;
        seen += &by_token.get(&path_of(route)).body;
    }
    assert!(seen.contains("bartizan_events_total") && seen.contains("Your account"));
    log_in(&consoled.browser(), "ada", "a wrong password");
    consoled.running.wait_for("word of a refusal", |running| running.err().contains("refused"));
    seen += &(consoled.running.err() + &consoled.running.out());
    let digest = rusqlite::Connection::open(consoled.home.join("console.db"))
        .and_then(|accounts| accounts.query_row("SELECT password FROM users", (), |row| row.get(0)));
    let digest: String = digest.expect("there is a digest");
    for secret in [PASSWORD, "a wrong password", &token, cookie, &digest] {
        assert!(!seen.contains(secret), "{secret} is shown");
    }
}

#[test]
fn an_address_for_everybody_needs_a_user_and_then_tls() {
    let home = Folder::new("console-everybody");
    configure(&home, "");
    let path = home.path().display().to_string();
    let start = || finish(&mut command(&["run", "--home", &path, "--console", "0.0.0.0:0"]), b"");
    let refused = start();
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(
        refused.err.contains("before there is a user: run `bartizan console user add"),
        "{}",
        refused.err
    );
    add_user(&home, "ada", "administrator");
    let refused = start();
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("without TLS"), "{}", refused.err);
}

#[test]
fn tokens_and_users_are_listed_without_secrets() {
    let home = Folder::new("console-lists");
    add_user(&home, "ada", "administrator");
    let token = console(&home, &["token", "add", "grafana"], "");
    assert!(token.starts_with("bartizan_") && token.trim().len() == 52, "{token}");
    let users = console(&home, &["user", "list", "--json"], "");
    assert!(users.starts_with(r#"{"name":"ada","role":"administrator","created":"#), "{users}");
    let tokens = console(&home, &["token", "list"], "");
    assert!(tokens.contains("grafana") && tokens.contains("reader") && tokens.contains("never"), "{tokens}");
    assert!(!tokens.contains(token.trim()) && !users.contains("argon"));
    let path = home.path().display().to_string();
    let refused = finish(&mut command(&["console", "--home", &path, "user", "add", "eve"]), b"short\n");
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    let refused = finish(&mut command(&["console", "--home", &path, "user", "remove", "eve"]), b"");
    assert_eq!(refused.code, Some(2), "{}", refused.err);
}
