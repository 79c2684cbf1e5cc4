//! What connections cost, and what they cannot take.

use super::pages::{attacked, hostile, places};
use super::*;
use bartizan_tests::process::DEADLINE;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Waits until the console has closed a connection.
fn wait_for_end(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(DEADLINE)).expect("a time limit");
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
}

#[test]
fn who_says_nothing_or_too_slowly_is_left() {
    let consoled = Consoled::start("console-slow");
    let connect = || TcpStream::connect(consoled.address).expect("it listens");
    let mut silent = connect();
    let mut half = connect();
    half.write_all(b"GET /login HTTP/1.1\r\nhost: ").expect("sent");
    let mut kept = connect();
    let request = format!("GET /login HTTP/1.1\r\nhost: {}\r\n\r\n", consoled.address);
    kept.write_all(request.as_bytes()).expect("sent");
    let mut body = connect();
    let head = format!("POST /login HTTP/1.1\r\nhost: {}\r\ncontent-length: 9\r\n\r\n", consoled.address);
    body.write_all(head.as_bytes()).expect("sent");
    let start = Instant::now();
    for stream in [&mut silent, &mut half, &mut kept, &mut body] {
        wait_for_end(stream);
    }
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
}

#[test]
fn a_crowd_that_says_nothing_keeps_nobody_out_for_long() {
    let consoled = Consoled::start("console-crowd");
    let crowd: Vec<_> = (0..400).map_while(|_| TcpStream::connect(consoled.address).ok()).collect();
    assert!(crowd.len() >= 300, "{} came", crowd.len());
    assert_eq!(consoled.browser().get("/login").status, 200);
    drop(crowd);
    consoled.session("ada");
}

#[test]
fn an_open_connection_does_not_hold_up_the_end() {
    let consoled = Consoled::start("console-end");
    let _open = TcpStream::connect(consoled.address).expect("it listens");
    let start = Instant::now();
    let finished = consoled.running.stop();
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a_port_that_is_taken_is_no_matter_unless_it_was_asked_for() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let home = Folder::new("console-taken");
    configure(&home, "");
    let path = home.path().display().to_string();
    let finished = finish(&mut command(&["run", "--home", &path, "--console", &address]), b"");
    assert_eq!(finished.code, Some(3), "{}", finished.err);
    assert!(finished.err.contains(&format!("the console cannot be served at {address}")), "{}", finished.err);
}

#[test]
fn metrics_tell_what_a_program_wants_to_know_in_the_form_it_reads() {
    let consoled = Consoled::start("console-metrics");
    let prometheus = Browser::with_token(consoled.address, &consoled.token("prometheus", "reader"));
    let page = prometheus.get("/metrics");
    assert_eq!(page.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    for line in page.body.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        assert!(name.starts_with("bartizan_") && value.parse::<f64>().is_ok(), "{line}");
        let family = name.split('{').next().unwrap_or_default();
        assert!(page.body.contains(&format!("# TYPE {family} ")), "{line} has no type");
    }
    for name in [
        "bartizan_build_info{version=",
        "bartizan_events_total ",
        "bartizan_alerts_total{level=\"10\"} ",
        "bartizan_searches_given_up_total 0",
        "bartizan_fields_left_out_total 0",
        "bartizan_backlog ",
        "bartizan_agents{state=\"active\"} ",
        "bartizan_store_bytes ",
        "bartizan_responses_active 0",
    ] {
        assert!(page.body.lines().any(|line| line.starts_with(name)), "{name} in {}", page.body);
    }
    // All that the shipped dashboard asks for is there.
    let dashboard = include_str!("../../../docs/grafana-dashboard.json");
    let dashboard: serde_json::Value = serde_json::from_str(dashboard).expect("it is JSON");
    let mut asked = 0;
    for panel in dashboard["panels"].as_array().expect("there are panels") {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().expect("a target asks for something");
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            for name in expression.split(|c| !is_name(c)).filter(|word| word.starts_with("bartizan_")) {
                assert!(page.body.contains(&format!("# TYPE {name} ")), "{name}");
                asked += 1;
            }
        }
    }
    assert!(asked > 5, "{asked} names");
}

/// A manager without a console that has raised the same alerts.
fn without_console() -> (Folder, Running) {
    let home = Folder::new("console-none");
    configure(&home, "");
    let path = home.path().display().to_string();
    let arguments = ["run", "--home", &path, "--no-console", "--listen", "127.0.0.1:0"];
    let mut running = Running::start(&mut command(&arguments));
    running.wait_for("control socket", |_| home.join("control.sock").exists());
    home.write("quiet.log", hostile().concat());
    let alerts = home.join("logs/alerts/alerts.log");
    running.wait_for("alerts", |_| std::fs::read_to_string(&alerts).is_ok_and(|all| all.contains(" 149 ")));
    (home, running)
}

#[test]
fn the_console_costs_less_than_30_mib_even_when_all_of_it_is_looked_at_again_and_again() {
    let (_home, plain) = without_console();
    let consoled = attacked("console-memory");
    let ada = consoled.session("ada");
    for _ in 0..10 {
        for path in places() {
            assert_eq!(ada.get(&path).status, 200, "{path}");
        }
    }
    for _ in 0..5 {
        consoled.session("rea");
    }
    let (without, with) = (plain.resident_kib(), consoled.running.resident_kib());
    let peaks = [plain.peak_memory_mib(), consoled.running.peak_memory_mib()];
    eprintln!("{without} KiB without a console, {with} KiB with one in use; at most {peaks:?} MiB");
    assert!(with < without + (30 << 10), "{without} KiB without, {with} KiB with it");
    assert!(peaks[1] < peaks[0] + 40, "{peaks:?} MiB at most");
}
