//! Those who are told of alerts, from the outside: a manager, a web server,
//! and what arrives there.

use bartizan_tests::http_server::{HttpServer, Reply};
use bartizan_tests::manager::Manager;
use bartizan_tests::process::{Finished, command, finish};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;

/// A manager that tells a web server of every alert.
fn manager(name: &str, server: &HttpServer) -> Manager {
    let (mut manager, _) = Manager::start(name);
    manager.stop();
    let configuration = std::fs::read_to_string(manager.home.join("bartizan.conf")).expect("a configuration");
    let integration = format!(
        "<integration><name>webhook</name><hook_url>{}</hook_url></integration></ossec_config>",
        server.url("/hook")
    );
    manager.home.write("bartizan.conf", configuration.replace("</ossec_config>", &integration));
    manager.run();
    manager
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
        let port = || text.split_once("192.0.2.7 port ")?.1.split(' ').next()?.parse().ok();
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
