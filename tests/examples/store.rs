//! How fast and how small the store is: prints figures as a JSON object.
//!
//!     cargo run --release -p bartizan-tests --example store -- ALERTS FOLDER
//!
//! Alerts are half failed logins and half requests to a web server, spread over
//! three days; each batch of 1000 is a transaction on disk. Rates are alerts
//! in a second of processor time (user and system) of one thread. Pages are of
//! 100 alerts; the slowest counts. FOLDER must be empty and have 300 bytes of
//! room for each alert.

use bartizan::alert::{Alert, AlertId, Decoder, Entry, Rule};
use bartizan::outputs::clock::LocalClock;
use bartizan::store::{Appender, Filter, Reader, StoreError};
use bartizan_core::event::Field;
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::json;
use std::path::Path;
use std::time::Instant;

/// Alerts of one transaction.
const BATCH: u64 = 1000;

/// The second of the first alert, and the seconds that all take.
const START: i64 = 1_795_219_200;
const SPAN: u64 = 3 * 86_400;

fn main() -> Result<(), StoreError> {
    let mut arguments = std::env::args().skip(1);
    let count: u64 = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    let folder = arguments.next().unwrap_or_else(|| ".".to_owned());
    let home = Path::new(&folder);
    let mut appender = Appender::open(home)?;
    let mut clock = LocalClock::default();
    let mut appended = 0.0;
    for first in (0..count).step_by(BATCH as usize) {
        let mut batch: Vec<_> = (first..first + BATCH).map(|n| entry(n, count, &mut clock)).collect();
        let start = cpu_seconds();
        appender.append(&mut batch)?;
        appended += cpu_seconds() - start;
    }
    let start = cpu_seconds();
    while appender.has_to_index() {
        appender.index(count)?;
    }
    let indexed = cpu_seconds() - start;
    drop(appender);
    let bytes: u64 = std::fs::read_dir(home.join("store"))?
        .flatten()
        .filter_map(|file| Some(file.metadata().ok()?.len()))
        .sum();
    let mut reader = Reader::open(home)?;
    reader.page(None, &Filter::default(), 1)?;
    let mut slowest = 0.0_f64;
    for filter in filters() {
        let start = Instant::now();
        let found = reader.page(None, &filter, 100)?.len();
        let ms = start.elapsed().as_secs_f64() * 1000.0;
        eprintln!("{ms:9.2} ms for {found:3} of {filter:?}");
        slowest = slowest.max(ms);
    }
    let start = Instant::now();
    let totals = reader.totals(&Filter::default())?;
    let totals_ms = start.elapsed().as_secs_f64() * 1000.0;
    assert_eq!(totals.selected, count.next_multiple_of(BATCH), "an alert is missing");
    let figures = json!({
        "store_alerts_per_cpu_second": (count as f64 / appended).round(),
        "store_indexed_alerts_per_cpu_second": (count as f64 / (appended + indexed)).round(),
        "store_bytes_per_alert": (10.0 * bytes as f64 / count as f64).round() / 10.0,
        "store_slowest_page_ms": (10.0 * slowest).round() / 10.0,
        "store_totals_ms": totals_ms.round(),
    });
    println!("{figures}");
    Ok(())
}

fn cpu_seconds() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the system tells");
    [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
        .sum()
}

/// What people look for: common and rare, alone and together, and in vain.
fn filters() -> Vec<Filter> {
    let all = Filter::default;
    let text = |text: &str| Some(text.to_owned());
    vec![
        Filter { level: Some(7), ..all() },
        Filter { level: Some(12), ..all() },
        Filter { level: Some(16), ..all() },
        Filter { rules: vec![31101], ..all() },
        Filter { groups: vec!["authentication_failed".to_owned()], ..all() },
        Filter { agent: text("agent3"), ..all() },
        Filter { srcip: text("198.51.100.77"), ..all() },
        Filter { srcip: text("10.9.8.7"), ..all() },
        Filter { user: text("user77"), level: Some(5), ..all() },
        Filter { text: text("password user77"), ..all() },
        Filter { text: text("198.51.100.7 port 4242"), ..all() },
        Filter { text: text("/page/777.html 404"), ..all() },
        Filter { text: text("/page/77* user77"), ..all() },
        Filter { text: text("nowhere"), ..all() },
        Filter {
            since: Some(START + 90_000),
            until: Some(START + 91_000),
            srcip: text("198.51.100.77"),
            ..all()
        },
    ]
}

/// The alert of a number, always the same.
fn entry(n: u64, count: u64, clock: &mut LocalClock) -> Entry {
    // Some order that does not come again soon.
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let epoch = START + (n * SPAN / count) as i64;
    let ip = format!("198.51.{}.{}", 100 + mixed / 250 % 8, mixed % 250);
    let user = format!("user{}", mixed / 7 % 200);
    let place = format!("(agent{}) 192.0.2.{}->", mixed % 9, mixed % 9);
    let is_login = n.is_multiple_of(2);
    let (location, log) = if is_login {
        let log = format!(
            "Nov 21 07:29:50 agent sshd[{}]: Failed password for {user} from {ip} port {} ssh2",
            1000 + mixed % 30_000,
            1024 + mixed % 60_000
        );
        (place + "/var/log/auth.log", log)
    } else {
        let page = format!("/page/{}.html", mixed / 3 % 5000);
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let log = format!(
            "{ip} - - [21/Nov/2026:07:29:50 +0000] \"GET {page} HTTP/1.1\" 404 {} \"-\" \"{agent}\"",
            mixed % 5000
        );
        (place + "/var/log/nginx/access.log", log)
    };
    let level = if mixed.is_multiple_of(5000) {
        12
    } else if is_login {
        5 + (mixed % 3) as u16
    } else {
        5
    };
    let mut alert = Alert {
        id: AlertId { epoch, ticket: n + 1 },
        time: clock.local(epoch),
        rule: Some(Rule {
            id: if is_login { 5716 + (mixed % 7) as u32 } else { 31_101 },
            level,
            description: Some(if is_login {
                b"SSHD authentication failed."
            } else {
                b"Web server 400 error code."
            }),
            groups: if is_login { b"syslog,sshd,authentication_failed," } else { b"web,accesslog," },
            ..Rule::default()
        }),
        fired: (n % 9) as u32,
        decoder: Some(Decoder {
            name: if is_login { b"sshd" } else { b"web-accesslog" },
            ..Decoder::default()
        }),
        location: location.as_bytes(),
        hostname: b"agent",
        program_name: is_login.then_some(b"sshd"),
        message: if is_login {
            log.split_once(": ").map_or(b"", |(_, rest)| rest.as_bytes())
        } else {
            log.as_bytes()
        },
        log: log.as_bytes(),
        ..Alert::default()
    };
    alert.fields[Field::SrcIp as usize] = Some(ip.as_bytes());
    if is_login {
        alert.fields[Field::DstUser as usize] = Some(user.as_bytes());
    } else {
        alert.fields[Field::Id as usize] = Some(b"404");
        alert.fields[Field::Protocol as usize] = Some(b"GET");
        alert.fields[Field::Url as usize] = log.split(' ').nth(6).map(str::as_bytes);
    }
    Entry::new(&alert)
}
