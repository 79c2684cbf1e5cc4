//! A live view while more comes than anybody can read.

use super::Consoled;
use super::pages::{append, json, wait};
use bartizan_tests::browser::Browser;
use bartizan_tests::process::DEADLINE;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

/// Lines that come between two events of the view, which are half a second
/// apart, and how often.
const LINES: usize = 250;
const ROUNDS: usize = 12;

/// Bytes of one event at most.
const EVENT_MAX: usize = 128 << 10;

/// The events of a live view.
struct Stream(BufReader<TcpStream>);

impl Stream {
    fn open(consoled: &Consoled, browser: &Browser, path: &str) -> Self {
        let mut stream = TcpStream::connect(consoled.address).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time limit");
        stream.write_all(browser.written("GET", path, None).as_bytes()).expect("asked");
        Self(BufReader::new(stream))
    }

    /// The next event.
    fn next(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).expect("an event comes") > 0, "the stream goes on");
            if let Some(data) = line.strip_prefix("data:") {
                assert!(data.len() <= EVENT_MAX, "{} bytes", data.len());
                return serde_json::from_str(data).expect("JSON");
            }
        }
    }
}

/// Failed log-ins.
fn lines(round: usize) -> String {
    let line = |n: usize| {
        let address = format!("198.51.{}.{}", round % 250, n % 250);
        format!("Nov 22 03:00:00 gate sshd[4]: Failed password for root from {address} port 4 ssh2\n")
    };
    (0..LINES).map(line).collect()
}

#[test]
fn every_alert_of_a_flood_is_shown_or_counted_and_memory_does_not_grow() {
    let consoled = Consoled::start("console-flood");
    let browser = consoled.session("ada");
    let mut stream = Stream::open(&consoled, &browser, "/live/events?after=0");
    let (mut shown, mut counted, mut memory) = (0, 0, Vec::new());
    for round in 0..ROUNDS {
        append(&consoled, &lines(round));
        let all = ((round + 1) * LINES) as u64;
        while shown + counted < all {
            let event = stream.next();
            shown += event["count"].as_u64().expect("a number");
            counted += event["skipped"].as_u64().expect("a number");
        }
        memory.push(consoled.running.peak_memory_mib());
    }
    let committed = json(&browser, "/api/v1/alerts?limit=1")["committed"].as_u64().expect("a number");
    assert_eq!(shown + counted, committed, "{shown} shown, {counted} counted");
    assert!(shown > 0 && counted > 0, "{shown} {counted}");
    eprintln!("{committed} alerts: {shown} shown, {counted} counted; MiB at most: {memory:?}");
    let (first, last) = (memory[ROUNDS / 3], memory[ROUNDS - 1]);
    assert!(last <= first + 16, "{memory:?} MiB");
}

#[test]
fn what_a_filter_leaves_nothing_of_is_counted_where_it_was_not_looked_at() {
    let consoled = Consoled::start("console-flood-filter");
    let browser = consoled.session("ada");
    let flood: String = (0..12).map(lines).collect();
    append(&consoled, &flood);
    let all = 12 * LINES as u64;
    wait(&browser, "/api/v1/alerts?limit=1", |answer| answer["committed"].as_u64() >= Some(all));
    let mut stream = Stream::open(&consoled, &browser, "/live/events?after=0&srcip=192.0.2.1");
    let event = stream.next();
    assert_eq!((event["count"].as_u64(), event["skipped"].as_u64()), (Some(0), Some(1000)), "{event}");
}
