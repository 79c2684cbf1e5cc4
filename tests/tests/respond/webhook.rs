//! A web server is told, and what it answers stands in the history.

use crate::town::{Town, Watch, address, wait_for};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// What a server was told: the lines of the head, and the body.
type Told = (Vec<String>, Value);

/// A web server that gives these answers, one after the other; a caller behind
/// them is not answered.
fn serve(answers: &'static [&'static str]) -> (SocketAddr, Receiver<Told>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (tell, told) = channel();
    // It ends with the test.
    thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().expect("a caller");
            let _ = tell.send(hear(stream, answer));
        }
    });
    (address, told)
}

fn hear(mut stream: TcpStream, answer: &str) -> Told {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut head = Vec::new();
    for line in reader.by_ref().lines().map(|line| line.expect("a line")) {
        if line.is_empty() {
            break;
        }
        head.push(line.to_ascii_lowercase());
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    let mut body = vec![0; length.parse().expect("a number")];
    reader.read_exact(&mut body).expect("a body");
    let end = "content-length: 0\r\nconnection: close\r\n\r\n";
    write!(stream, "HTTP/1.1 {answer}\r\n{end}").expect("it is heard");
    (head, serde_json::from_slice(&body).expect("it is JSON"))
}

fn configuration(url: &str) -> String {
    format!(
        "<active-response><command>webhook</command><location>server</location><rules_id>5716</rules_id>\
         <url>{url}</url></active-response>"
    )
}

#[test]
fn a_server_is_told_of_an_alert_and_only_a_good_answer_counts() {
    let answers = &[
        "204 No Content",
        "500 Broken\r\nx-secret: 1",
        "302 Found\r\nlocation: http://127.0.0.1:1/",
        "403 No",
    ];
    let Some(_town) = Town::enter() else { return };
    let (server, told) = serve(answers);
    let mut watch = Watch::start("webhook", &configuration(&format!("http://me:word@{server}/secret?key=1")));
    for (attacker, (state, why)) in
        (0..).zip([("done", "204"), ("failed", "500"), ("failed", "302"), ("failed", "403")])
    {
        watch.attack(address(attacker));
        let (head, body) = told.recv_timeout(bartizan_tests::process::DEADLINE).expect("a call");
        assert_eq!(head[0], "post /secret?key=1 http/1.1");
        assert!(head.iter().any(|line| line == "content-type: application/json"), "{head:?}");
        let row = watch.wait_for_state(state);
        let said = row["why"].as_str().unwrap_or_default();
        assert!(said.contains(why) && said.contains(&server.to_string()), "{row}");
        assert!(!said.contains("secret") && !said.contains("word"), "{row}");
        assert_eq!((&body["id"], &body["response"]), (&row["id"], &"webhook0".into()), "{body}");
        assert_eq!((&body["rule"], &body["user"]), (&5716.into(), &"root".into()), "{body}");
        let about = address(attacker).to_string();
        assert!(body["ip"] == about && body["alert"]["data"]["srcip"] == about, "{body}");
        assert!(body["alert"]["full_log"].as_str().is_some_and(|log| log.contains(&about)), "{body}");
    }
    assert_eq!(watch.respond("list").out, "no response is in force\n");
    let undone = watch.respond("undo 1");
    assert_eq!(undone.code, Some(1), "{}", undone.out);
}

#[test]
fn a_server_that_is_not_there_or_says_nothing_holds_nobody_up() {
    let Some(town) = Town::enter() else { return };
    let deaf = TcpListener::bind("127.0.0.1:0").expect("a port");
    let hook = configuration(&format!("http://{}/", deaf.local_addr().expect("an address")));
    let block = hook.replace("webhook", "block").replace("server", "local");
    let block = block.split("<url>").next().unwrap_or_default().to_owned() + "</active-response>";
    let watch = Watch::start("deaf", &format!("{hook}{block}"));
    watch.attack(address(0));
    wait_for("block", || !town.reaches(watch.port()));
    let of_hook = || watch.rows(r#"{"ask":"history","response":"webhook0"}"#)[0].clone();
    assert_eq!(of_hook()["state"], "sent", "the block did not wait for the server");
    wait_for("end of the call", || of_hook()["state"] == "failed");
    assert!(of_hook()["why"].as_str().is_some_and(|why| why.contains("timeout")), "{}", of_hook());
}
