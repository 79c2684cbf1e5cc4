//! Pages and the interface for programs, over alerts that mean harm.

use super::{Consoled, add_user, configure_with};
use bartizan::console::route::{Needs, table};
use bartizan_tests::browser::Browser;
use bartizan_tests::process::DEADLINE;
use bartizan_tests::{Folder, mmdb};
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

/// Bytes that a page may have.
const PAGE_MAX: usize = 300 * 1024;

const SCRIPT: &str = "<script>alert(1)</script>";

/// Lines of an attacker who has read the source of this program.
pub(super) fn hostile() -> Vec<String> {
    let failed = |user: &str, from: &str, more: &str| {
        format!("Nov 22 03:00:00 gate sshd[4]: Failed password for {user} from {from} port 4000 ssh2{more}\n")
    };
    let mut lines = vec![
        failed(SCRIPT, "192.0.2.7", ""),
        failed("root", "192.0.2.8", &format!(" {}", "A\"<".repeat(2000))),
        failed("ro\u{202e}ot\u{2066}", "192.0.2.9", "\u{1b}[2J"),
        failed("\u{5d0}\u{5d1}", "192.0.2.10", "\" onmouseover=\"alert(1)"),
    ];
    lines.extend((0..150).map(|n| failed("root", "192.0.2.11", &format!(" {n} {}", "\"<&".repeat(1900)))));
    lines
}

/// A manager that has raised alerts on such lines.
pub(super) fn attacked(name: &str) -> Consoled {
    let console = Consoled::start(name);
    append(&console, &hostile().concat());
    let browser = console.session("ada");
    wait(&browser, "/api/v1/alerts?limit=1", |answer| answer["committed"].as_u64() >= Some(154));
    console
}

pub(super) fn append(console: &Consoled, lines: &str) {
    let log = console.home.path().join("quiet.log");
    let mut log = OpenOptions::new().append(true).open(log).expect("the log");
    log.write_all(lines.as_bytes()).expect("written");
}

/// Asks until an answer is as it should be.
pub(super) fn wait(browser: &Browser, path: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    let begin = Instant::now();
    loop {
        let answer = json(browser, path);
        if is_it(&answer) {
            return answer;
        }
        assert!(begin.elapsed() < DEADLINE, "{path}: {answer}");
        std::thread::yield_now();
    }
}

pub(super) fn json(browser: &Browser, path: &str) -> Value {
    let answer = browser.get(path);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json"),
        "{path}: {answer:?}"
    );
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All that can be looked at, with names in place of what is variable.
pub(super) fn places() -> Vec<String> {
    let all = table().into_iter().filter(|route| route.method == "GET" && route.needs != Needs::Nobody);
    let filled = all.map(|route| {
        let id = if route.path.contains("rules") { "5716" } else { "1" };
        route.path.replace("{seq}", "2").replace("{id}", id)
    });
    // One never ends, the other has no agent to show.
    filled.filter(|path| path != "/live/events" && !path.contains("agents/1")).collect()
}

#[test]
fn what_stands_in_logs_does_no_harm_on_any_page() {
    let console = attacked("console-hostile");
    let browser = console.session("ada");
    let mut paths = places();
    assert!(paths.len() > 20, "{paths:?}");
    paths.extend((1..=4).map(|seq| format!("/alerts/{seq}")));
    paths.push("/alerts?text=%3Cscript%3Ealert(1)%3C/script%3E&user=%E2%80%AE".to_owned());
    paths.push("/rules?text=%22%3E%3Cscript%3Ealert(1)".to_owned());
    paths.push("/graph?colour=group&two=yes&top=40".to_owned());
    for path in paths {
        let answer = browser.get(&path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert!(answer.body.len() <= PAGE_MAX, "{path} has {} bytes", answer.body.len());
        if answer.header("content-type").starts_with("text/html") {
            let has = |what: &str| answer.body.contains(what);
            assert!(!has("<script>") && !has("\" onmouseover"), "{path}");
            assert!(!has("\u{202e}") && !has("\u{2066}") && !has("\u{1b}"), "{path}");
            assert!(has("<h1>"), "{path}");
        }
    }
}

#[test]
fn the_interface_finds_what_the_page_finds() {
    let console = attacked("console-interface");
    let token = console.token("script", "reader");
    let program = Browser::with_token(console.address, &token);
    let found = json(&program, "/api/v1/alerts?srcip=192.0.2.7");
    let alert = &found["alerts"][0];
    assert_eq!(
        (found["alerts"].as_array().map(Vec::len), alert["srcip"].as_str()),
        (Some(1), Some("192.0.2.7"))
    );
    let whole = json(&program, &format!("/api/v1/alerts/{}", alert["seq"]));
    assert!(whole["full_log"].as_str().is_some_and(|log| log.contains(SCRIPT)), "{whole}");
    let page = program.get("/alerts?srcip=192.0.2.7").body;
    assert!(page.contains(&format!("/alerts/{}\"", alert["seq"])) && page.contains("192.0.2.7"));
    let page = program.get("/alerts?level=7&limit=1000").body;
    assert!(page.matches("data-row").count() <= 100);
    for (path, status) in [
        ("/api/v1/alerts?level=high", 400),
        ("/api/v1/alerts/999999", 404),
        ("/api/v1/alerts/x", 404),
        ("/api/v1/rules/4000000", 404),
        ("/api/v1/responses?state=gone", 400),
        ("/api/v1/nothing", 404),
    ] {
        let answer = program.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (status, "application/json"), "{path}");
        assert!(serde_json::from_str::<Value>(&answer.body).expect("JSON")["error"].is_string(), "{path}");
    }
}

#[test]
fn readers_look_and_administrators_are_asked_before_anything_is_done() {
    let console = attacked("console-asked");
    let token = console.token("script", "reader");
    let program = Browser::with_token(console.address, &token);
    for path in ["/api/v1/responses", "/api/v1/responses/undo", "/responses/run", "/system/reload"] {
        assert_eq!(program.post(path, &[]).status, 403, "{path}");
    }
    let reader = console.session("rea");
    assert!(!reader.get("/responses").body.contains("/responses/run"));
    let ada = console.session("ada");
    let form = ada.get("/responses").field("form");
    let fields = [("form", form.as_str()), ("response", "block"), ("agent", "server"), ("ip", "127.0.0.1")];
    let question = ada.post("/responses/run", &fields);
    assert!(question.status == 200 && question.body.contains("Are you sure?"), "{question:?}");
    assert_eq!(json(&ada, "/api/v1/responses")["history"].as_array().map(Vec::len), Some(0));
    let sure: Vec<_> = fields.into_iter().chain([("sure", "yes")]).collect();
    // This machine is never blocked: it is refused, and that is written down.
    let done = ada.post("/responses/run", &sure);
    assert_eq!(done.status, 409, "{done:?}");
    let history = json(&ada, "/api/v1/responses");
    assert_eq!(history["history"][0]["ip"].as_str(), Some("127.0.0.1"), "{history}");
}

#[test]
fn lines_are_tried_by_readers_and_nothing_comes_of_it() {
    let console = attacked("console-tried");
    let reader = console.session("rea");
    let form = reader.get("/rules/try").field("form");
    let before = json(&reader, "/api/v1/alerts")["committed"].as_u64();
    let line = hostile().swap_remove(0);
    let answer = reader.post("/rules/try", &[("form", &form), ("lines", &line), ("rule", "5720")]);
    assert!(answer.status == 200 && answer.body.contains("/rules/57"), "{answer:?}");
    assert!(!answer.body.contains("<script>alert"), "{answer:?}");
    assert_eq!(json(&reader, "/api/v1/alerts")["committed"].as_u64(), before);
}

#[test]
fn alerts_come_live_and_go_on_where_they_were() {
    let console = attacked("console-live");
    let browser = console.session("rea");
    let committed = json(&browser, "/api/v1/alerts")["committed"].as_u64().expect("a number");
    let mut stream = TcpStream::connect(console.address).expect("connected");
    stream.set_read_timeout(Some(DEADLINE)).expect("a time limit");
    let request = browser.written("GET", "/live/events?srcip=192.0.2.99", None);
    stream.write_all(request.as_bytes()).expect("asked");
    let line = "Nov 22 03:00:00 gate sshd[4]: Failed password for <b>eve from 192.0.2.99 port 1 ssh2\n";
    append(&console, line);
    let mut heard = String::new();
    let mut bytes = [0; 4096];
    while !heard.contains("data:") || !heard.ends_with("\n\n") && !heard.contains("\n\n\r\n") {
        let read = stream.read(&mut bytes).expect("an event comes");
        assert!(read > 0, "{heard}");
        heard += &String::from_utf8_lossy(&bytes[..read]);
    }
    assert!(heard.contains("text/event-stream") && heard.contains("192.0.2.99"), "{heard}");
    assert!(!heard.contains("<b>eve") && heard.contains("&lt;b&gt;eve"), "{heard}");
    assert!(
        heard.contains(&format!("id:{}", committed + 1)) || heard.contains(&format!("id: {}", committed + 1))
    );
}

#[test]
fn pages_show_where_addresses_are() {
    let home = Folder::new("console-places");
    add_user(&home, "ada", "administrator");
    home.write("places.mmdb", mmdb::database(&mmdb::ROWS));
    configure_with(&home, "<console/><global><geoipdb>places.mmdb</geoipdb></global>");
    let console = Consoled::run_in(home);
    append(
        &console,
        "Nov 22 03:00:00 gate sshd[4]: Failed password for root from 2.136.147.146 port 4000 ssh2\n",
    );
    let line = |source: &str| {
        format!("2026 Nov 22 03:00:00 gate->/var/log/fw DROP TCP {source}:4000->198.51.100.1:22\n")
    };
    let sources = ["2.136.147.146", "2.136.14.146", "8.8.8.8", "10.0.0.1"];
    console.home.write("logs/firewall/firewall.log", sources.map(line).concat());
    let browser = console.session("ada");
    let about = "/api/v1/alerts?srcip=2.136.147.146";
    let alerts = wait(&browser, about, |answer| answer["alerts"][0]["seq"].is_u64());
    let seq = &alerts["alerts"][0]["seq"];
    let alert = json(&browser, &format!("/api/v1/alerts/{seq}"));
    assert_eq!((&alert["srcgeoip"], &alert["dstgeoip"]), (&json!("ES / Madrid"), &Value::Null));
    assert!(browser.get(&format!("/alerts/{seq}")).body.contains("<bdi>ES / Madrid</bdi>"));
    let knocks = json(&browser, "/api/v1/firewall");
    let countries = json!([{"name": "ES Spain", "packets": 2}, {"name": "US United States", "packets": 1}]);
    assert_eq!(knocks["countries"], countries);
    let page = browser.get("/firewall").body;
    assert!(page.contains("From which countries") && page.contains("ES / Andalusia"), "{page}");
}
