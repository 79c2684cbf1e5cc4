//! How fast the console answers over a large store: prints figures as a JSON
//! object, times of single pages to standard error.
//!
//!     cargo run --release -p bartizan-tests --example store -- 10000000 FOLDER
//!     cargo run --release -p bartizan-tests --example pages -- FOLDER
//!
//! Each page is asked for six times, each time over a connection of its own. The
//! time to the first byte is from the last byte of the request to the first one
//! of the answer; the first time counts apart, since nothing has been read then.
//! Memory is that of the process before the first page and after all of them.

use bartizan_tests::browser::{Browser, read_answer, said_address};
use bartizan_tests::process::{Running, command, finish};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How often a page is asked for after the first time.
const AGAIN: usize = 5;

/// What people look at, with the words that they look for.
const PAGES: [&str; 29] = [
    "/",
    "/?time=90d",
    "/?time=7d",
    "/alerts",
    "/alerts?level=12",
    "/alerts?level=16",
    "/alerts?rule=31101",
    "/alerts?group=authentication_failed",
    "/alerts?agent=agent3",
    "/alerts?srcip=198.51.100.77",
    "/alerts?srcip=10.9.8.7",
    "/alerts?user=user77&level=5",
    "/alerts?text=password+user77",
    "/alerts?text=/page/777.html+404",
    "/alerts?text=/page/77*+user77",
    "/alerts?text=nowhere",
    "/alerts?location=nowhere",
    "/alerts?before=5000000",
    "/alerts/5000000",
    "/live",
    "/agents",
    "/responses",
    "/firewall",
    "/rules",
    "/rules/5716",
    "/rules/try",
    "/reports",
    "/system",
    "/api/v1/alerts",
];

fn main() {
    let home = std::env::args().nth(1).expect("usage: pages FOLDER");
    let conf = format!("{home}/etc/ossec.conf");
    let log = format!("{home}/quiet.log");
    std::fs::create_dir_all(format!("{home}/etc")).expect("the folder can be written");
    std::fs::write(&log, "").expect("the folder can be written");
    let text = format!(
        "<ossec_config><localfile><location>{log}</location><log_format>syslog</log_format></localfile></ossec_config>\n"
    );
    std::fs::write(&conf, text).expect("the folder can be written");
    let _ = finish(&mut command(&["console", "--home", &home, "token", "remove", "bench"]), b"");
    let added = finish(&mut command(&["console", "--home", &home, "token", "add", "bench"]), b"");
    let token = added.out.trim().to_owned();
    let arguments = ["run", "--home", &home, "--console", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
    let mut running = Running::start(&mut command(&arguments));
    let mut address = None;
    running.wait_for("console", |running| {
        address = said_address(&running.err());
        address.is_some()
    });
    let address = address.expect("it was waited for");
    let browser = Browser::with_token(address, &token);
    let before = running.resident_kib();
    let (mut first, mut again, mut largest) = (0.0_f64, 0.0_f64, 0);
    for page in PAGES {
        let (cold, bytes) = ask(address, &browser, page);
        let warm = (0..AGAIN).map(|_| ask(address, &browser, page).0).fold(0.0, f64::max);
        eprintln!("{cold:8.1} ms, again at most {warm:6.1} ms, {bytes:7} bytes  {page}");
        (first, again, largest) = (first.max(cold), again.max(warm), largest.max(bytes));
    }
    let figures = json!({
        "console_slowest_first_byte_ms": rounded(again),
        "console_slowest_first_byte_unread_ms": rounded(first),
        "console_largest_page_bytes": largest,
        "console_pages_kib": running.resident_kib().saturating_sub(before),
        "console_resident_kib": running.resident_kib(),
    });
    println!("{figures}");
}

/// Milliseconds to the first byte of an answer, and the bytes of all of it.
fn ask(address: SocketAddr, browser: &Browser, page: &str) -> (f64, usize) {
    let mut stream = TcpStream::connect(address).expect("the console listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    stream.write_all(browser.written("GET", page, None).as_bytes()).expect("it is read");
    let asked = Instant::now();
    let mut bytes = vec![0];
    stream.read_exact(&mut bytes).expect("there is an answer");
    let ms = asked.elapsed().as_secs_f64() * 1000.0;
    stream.read_to_end(&mut bytes).expect("the answer has an end");
    let answer = read_answer(&bytes).expect("the answer is whole");
    assert_eq!(answer.status, 200, "{page}: {}", answer.body);
    (ms, bytes.len())
}

fn rounded(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}
