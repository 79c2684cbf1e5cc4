//! The promises of this room.

use super::*;
use crate::diagnose::{Diagnostics, Sources};
use crate::engine::pipeline::{self, Batch, Feed};
use crate::engine::session::EngineOptions;
use crate::respond::sample::config;
use crate::ruleset::{self, RulesFrom};
use bartizan_core::event::Moment;

const START: i64 = 1_764_000_000;

/// Lines, each with its second.
struct Lines(std::vec::IntoIter<(i64, String)>);

impl Feed for Lines {
    fn fill(&mut self, batch: &mut Batch) -> io::Result<bool> {
        let location: Arc<[u8]> = Arc::from(&b"/var/log/auth.log"[..]);
        while !batch.is_full() {
            let Some((second, line)) = self.0.next() else { return Ok(false) };
            let now = Moment { epoch: START + second, minute: 0, weekday: 0 };
            batch.push(line.as_bytes(), &location, now);
        }
        Ok(true)
    }
}

fn failed(second: i64, address: &str) -> (i64, String) {
    let port = 1000 + second;
    (
        second,
        format!("Nov 24 16:00:00 host sshd[7]: Failed password for root from {address} port {port} ssh2"),
    )
}

fn welcome(second: i64, address: &str) -> (i64, String) {
    (second, format!("Nov 24 16:00:00 host sshd[7]: Accepted password for anna from {address} port 5 ssh2"))
}

fn page(second: i64, address: &str, status: u16) -> (i64, String) {
    (
        second,
        format!(
            "{address} - - [24/Nov/2025:16:00:00 +0000] \"GET /index.html HTTP/1.1\" {status} 512 \"-\" \"x\""
        ),
    )
}

fn tested(inner: &str, since: i64, lines: Vec<(i64, String)>) -> Findings {
    let loaded =
        ruleset::load(&RulesFrom::BuiltIn, &mut Sources::new(), &mut Diagnostics::new()).expect("rules");
    let config = config(inner);
    let image = loaded.ruleset.image();
    let mut sink = Backtest::new(&config, &responses(&config), &image, since).expect("a test");
    let mut feed = Lines(lines.into_iter());
    pipeline::run(&loaded.ruleset, &EngineOptions::default(), 1, b"host", &mut feed, &mut sink)
        .expect("a run");
    sink.finish().expect("findings")
}

/// Somebody mistypes, and then an attack from another address.
fn day() -> Vec<(i64, String)> {
    let mut lines = vec![welcome(0, "203.0.113.9"), page(1, "203.0.113.9", 200), page(2, "203.0.113.9", 404)];
    lines.extend((10..30).map(|second| failed(second, "203.0.113.9")));
    lines.push(welcome(40, "203.0.113.9"));
    lines.push(page(41, "::ffff:203.0.113.9", 304));
    lines.push(welcome(50, "203.0.113.10"));
    lines.push(welcome(5000, "203.0.113.9"));
    lines
}

#[test]
fn without_responses_the_usual_one_is_tested_by_the_clock_of_the_events() {
    let findings = tested("", i64::MIN, day());
    let [entry] = &findings.entries[..] else { panic!("{:#?}", findings.entries) };
    assert_eq!((entry.target().as_str(), entry.for_s, entry.state), ("203.0.113.9", 600, State::Done));
    assert!((START + 10..START + 30).contains(&entry.time) && entry.ends_at == Some(entry.time + 600));
}

#[test]
fn who_was_blocked_and_welcome_is_told() {
    let findings = tested("", i64::MIN, day());
    let [(address, ordinary)] = &findings.hit[..] else { panic!("{:#?}", findings.hit) };
    assert_eq!(address.to_string(), "203.0.113.9");
    assert_eq!((ordinary.before, ordinary.during), (2, 2), "{}", ordinary.example);
    assert!(ordinary.example.contains("index.html"), "{}", ordinary.example);
}

#[test]
fn what_was_before_leads_to_nothing() {
    let findings = tested("", START + 60, day());
    assert!(findings.entries.is_empty() && findings.hit.is_empty());
}

#[test]
fn configured_responses_are_tested_as_if_they_were_in_earnest() {
    let block = "<global><allow_list>203.0.113.77</allow_list></global>
        <active-response><command>block</command><location>all</location><rules_group>authentication_failed</rules_group>
        <timeout>60</timeout><dry_run>yes</dry_run><confirm>1</confirm></active-response>";
    let lines = vec![failed(0, "203.0.113.9"), failed(70, "203.0.113.77"), failed(80, "203.0.113.9")];
    let findings = tested(block, i64::MIN, lines);
    let shown: Vec<_> = findings
        .entries
        .iter()
        .map(|entry| (entry.target(), entry.state, entry.for_s, entry.dry_run))
        .collect();
    let expected = [
        ("203.0.113.9".to_owned(), State::Expired, 60, false),
        ("203.0.113.77".to_owned(), State::Refused, 60, false),
        ("203.0.113.9".to_owned(), State::Done, 1800, false),
    ];
    assert_eq!(shown, expected);
}
