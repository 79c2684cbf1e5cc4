//! Those who are told of alerts, from the outside: a manager, a web server,
//! and what arrives there.

use bartizan::alert::{Alert, AlertId, Entry, Rule};
use bartizan::outputs::clock::LocalClock;
use bartizan::store::{Appender, Reader};
use bartizan_tests::http_server::{HttpServer, Reply};
use bartizan_tests::manager::Manager;
use bartizan_tests::process::{Finished, command, finish};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::net::TcpListener;
use std::time::{SystemTime, UNIX_EPOCH};

/// A manager that tells a web server of every alert.
fn manager(name: &str, server: &HttpServer) -> Manager {
    let (mut manager, _) = Manager::start(name);
    manager.stop();
    add(&manager, &webhook(&server.url("/hook")));
    manager.run();
    manager
}

fn webhook(url: &str) -> String {
    format!("<integration><name>webhook</name><hook_url>{url}</hook_url></integration>")
}

/// Adds a section to the configuration.
fn add(manager: &Manager, section: &str) {
    let configuration = std::fs::read_to_string(manager.home.join("bartizan.conf")).expect("a configuration");
    let with = configuration.replace("</ossec_config>", &format!("{section}</ossec_config>"));
    manager.home.write("bartizan.conf", with);
}

/// Lines `from..to` of an endless log; each of them is an alert.
fn write(manager: &Manager, from: usize, to: usize) {
    let mut log = OpenOptions::new().append(true).open(manager.home.join("quiet.log")).expect("a log");
    for n in from..to {
        writeln!(log, "Nov 21 10:00:00 gate sshd[7]: Accepted password for eve from 192.0.2.7 port {n} ssh2")
            .expect("written");
    }
}

/// The ports in the logs of alerts about eve that the server was told of, in
/// order; repetitions under the same number once.
fn told(server: &HttpServer) -> Vec<usize> {
    let mut parcels = BTreeMap::new();
    let mut ports = Vec::new();
    for request in server.requests() {
        let text = request.text();
        let before = parcels.insert(request.header("idempotency-key").to_owned(), text.clone());
        assert!(
            before.as_ref().is_none_or(|before| *before == text),
            "another parcel of that number: {text}"
        );
        let port = || text.split_once("192.0.2.7 port ")?.1.split(' ').next()?.parse::<usize>().ok();
        ports.extend(before.is_none().then(port).flatten());
    }
    ports
}

fn integrations(manager: &Manager, arguments: &[&str]) -> Finished {
    let home = manager.home.path().display().to_string();
    let configuration = manager.home.join("bartizan.conf").display().to_string();
    let all = [&["integrations"], arguments, &["--home", &home, "-c", &configuration]].concat();
    finish(&mut command(&all), b"")
}

fn object(shown: &Finished) -> Value {
    serde_json::from_str(&shown.out).unwrap_or_else(|error| panic!("{error}: {} {}", shown.out, shown.err))
}

#[test]
fn killed_again_and_again_the_manager_tells_each_alert_once_and_in_order() {
    const ALL: usize = 120;
    let server = HttpServer::start();
    let mut manager = manager("destinations_killed", &server);
    for round in 0..4 {
        write(&manager, round * ALL / 4, (round + 1) * ALL / 4);
        let some = round * ALL / 4 + 5;
        manager.process().wait_for("some alerts", |_| told(&server).len() > some);
        manager.kill();
        manager.run();
    }
    manager.process().wait_for("all alerts", |_| told(&server).len() >= ALL);
    assert_eq!(told(&server), (0..ALL).collect::<Vec<_>>());
}

#[test]
fn a_server_that_is_down_is_told_of_gets_all_later_and_what_it_got_can_be_sent_again() {
    let server = HttpServer::start();
    let mut manager = manager("destinations_down", &server);
    (0..5).for_each(|_| server.will(Reply::new(503, "not now")));
    write(&manager, 0, 10);
    manager.process().wait_for("an alert about it", |running| running.out().contains("Rule: 150981"));
    manager.process().wait_for("all alerts", |_| told(&server).len() >= 10);
    assert_eq!(told(&server), (0..10).collect::<Vec<_>>());
    manager.process().wait_for("the good news", |running| running.out().contains("Rule: 150982"));

    let listed = || object(&integrations(&manager, &["list", "--json"]));
    assert_eq!((listed()["name"].as_str(), listed()["kind"].as_str()), (Some("webhook"), Some("webhook")));
    assert_eq!(listed()["broken_since"], Value::Null);
    assert!(listed()["error"].as_str().is_some_and(|error| error.contains("503")), "{}", listed());
    assert!(integrations(&manager, &["list"]).out.contains("good"));

    let asked = integrations(&manager, &["replay", "webhook", "--since", "1h"]);
    assert_eq!(asked.code, Some(2), "{}", asked.out);
    assert!(asked.err.contains("say --yes"), "{}", asked.err);
    let requests = server.requests().len();
    let replayed =
        object(&integrations(&manager, &["replay", "webhook", "--since", "1h", "--yes", "--json"]));
    let alerts = replayed["alerts"].as_u64().unwrap_or(0) as usize;
    assert!(alerts >= 10, "{replayed}");
    manager.process().wait_for("all of them again", |_| server.requests().len() >= requests + alerts);
    assert_eq!(told(&server).len(), 20);
}

/// Fills the store with so many alerts of each of the last days, today among
/// them; their ports count from 0.
fn remember(manager: &Manager, days: usize, alerts: usize) {
    const DAY_S: i64 = 86_400;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() as i64;
    let mut store = Appender::open(manager.home.path()).expect("a store");
    for day in 0..days {
        let epoch = now - (days - 1 - day) as i64 * DAY_S;
        let entries = (0..alerts).map(|n| {
            let log = format!("Accepted password for eve from 192.0.2.7 port {} ssh2", day * alerts + n);
            Entry::new(&Alert {
                id: AlertId { epoch, ticket: n as u64 + 1 },
                time: LocalClock::default().local(epoch),
                rule: Some(Rule { id: 5715, level: 3, groups: b"sshd,", ..Rule::default() }),
                location: b"/var/log/auth.log",
                log: log.as_bytes(),
                ..Alert::default()
            })
        });
        store.append(&mut entries.collect::<Vec<_>>()).expect("appended");
    }
}

#[test]
fn what_a_server_missed_that_was_down_for_longer_than_days_are_kept_is_counted_and_told() {
    const DAYS: usize = 10;
    const A_DAY: usize = 100;
    let (mut manager, _) = Manager::start("destinations_retention");
    manager.stop();
    // Nobody listens there yet, and nobody else can.
    let port = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = port.local_addr().expect("an address");
    add(&manager, "<global><alert_store_days>4</alert_store_days></global>");
    add(&manager, &webhook(&format!("http://{address}/hook")));
    manager.run();
    manager.stop();
    let before = Reader::open(manager.home.path()).expect("a store").first().expect("read");
    assert_eq!(before, None, "no alerts yet");
    remember(&manager, DAYS, A_DAY);
    manager.run();
    let home = manager.home.path().to_owned();
    let first = || Reader::open(&home).expect("a store").first().expect("read").expect("there are alerts");
    write(&manager, DAYS * A_DAY, DAYS * A_DAY + 1);
    // Days are kept half as long again as it says: six.
    let gone = DAYS * A_DAY - 6 * A_DAY;
    manager.process().wait_for("days to go", |_| first() > gone as u64);
    assert_eq!(first(), gone as u64 + 1, "what is needed stays up to the bound");
    assert!(manager.process().err().contains("though not all of them were sent everywhere"));
    drop(port);
    let server = HttpServer::start_at(address);
    manager.kill();
    manager.run();
    manager.process().wait_for("the last alert", |_| told(&server).last() == Some(&(DAYS * A_DAY)));
    let told = told(&server);
    // The first ones had been rendered, and wait in the outbox.
    let kept = told.iter().take_while(|port| **port < gone).count();
    assert_eq!(told[..kept], (0..kept).collect::<Vec<_>>());
    assert_eq!(told[kept..], (gone..=DAYS * A_DAY).collect::<Vec<_>>(), "all else, in order");
    let lost = format!("lost: {} alerts were gone from the store before they were sent", gone - kept);
    manager.process().wait_for("an alert about it", |running| running.out().contains(&lost));
}

#[test]
fn a_test_says_what_the_server_says() {
    let server = HttpServer::start();
    let manager = manager("destinations_tested", &server);
    let taken = integrations(&manager, &["test", "webhook"]);
    assert_eq!((taken.code, taken.out.as_str()), (Some(0), "webhook has taken the test\n"));
    assert!(server.last().text().contains("A test of Bartizan"), "{}", server.last().text());
    server.will(Reply::new(403, "no"));
    let refused = integrations(&manager, &["test", "webhook"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.out.contains("403"), "{}", refused.out);
    let nobody = integrations(&manager, &["test", "slack"]);
    assert_eq!(nobody.code, Some(2));
    assert!(nobody.err.contains("there is no destination `slack`; there are webhook"), "{}", nobody.err);
}
