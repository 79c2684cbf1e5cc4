//! What each kind of receiver sees.

use super::{alert, content, destination, destination_in, entry, hostile, integration, send, tell};
use bartizan::outbox::{Content, Failure, HeldBack, Notice};
use bartizan_tests::Folder;
use bartizan_tests::http_server::{HttpServer, Reply};
use serde_json::{Value, json};

#[test]
fn a_web_hook_gets_the_alert_as_json_or_the_body_that_is_written_for_it() {
    let server = HttpServer::start();
    assert_eq!(
        tell(&mut integration("webhook", &server.url("/hook?a=b"), "<api_key>hunter2</api_key>")),
        Ok(())
    );
    let request = server.last();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/hook?a=b"));
    assert_eq!(request.header("authorization"), "Bearer hunter2");
    assert_eq!(request.header("content-type"), "application/json");
    let json = request.json();
    assert_eq!((&json["rule"]["sidid"], &json["srcip"]), (&json!(5712), &json!("192.0.2.7")));

    let wazuh = "<alert_format>json</alert_format>";
    assert_eq!(tell(&mut integration("webhook", &server.url("/"), wazuh)), Ok(()));
    let json = server.last().json();
    assert_eq!((&json["rule"]["id"], &json["data"]["srcip"]), (&json!("5712"), &json!("192.0.2.7")));

    let own = "<method>PUT</method><header name=\"X-Key\">k</header><content_type>text/plain</content_type>\
               <body>{{rule.level}} {{rule.description}} from {{srcip}}</body>";
    assert_eq!(tell(&mut integration("webhook", &server.url("/"), own)), Ok(()));
    let request = server.last();
    assert_eq!((request.method.as_str(), request.header("x-key")), ("PUT", "k"));
    assert_eq!(request.text(), "10 sshd: brute force from 192.0.2.7");
}

#[test]
fn slack_gets_an_attachment_an_alert() {
    let server = HttpServer::start();
    let options = "<options>{\"channel\": \"#ops\", \"pretext\": \"Look\"}</options>";
    let mut slack = integration("slack", &server.url("/services/T0P"), options);
    assert!(slack.destination.parcel_max() > 1);
    assert_eq!(send(&mut slack, "p-1", &content(vec![entry(1, &alert()), entry(2, &alert())])), Ok(()));
    let message = server.last().json();
    assert_eq!(
        (&message["channel"], &message["attachments"][1]["pretext"]),
        (&json!("#ops"), &json!("Look"))
    );
    let attachment = &message["attachments"][0];
    assert_eq!(
        (&attachment["title"], &attachment["ts"]),
        (&json!("sshd: brute force"), &json!(1_795_246_190))
    );
    assert_eq!(attachment["fields"][0], json!({"title": "Rule", "value": "5712 (level 10)", "short": true}));
    assert!(server.last().header("authorization").is_empty());
    let mut method = integration("slack", &server.url("/api/chat.postMessage"), "<api_key>xoxb</api_key>");
    server.will(Reply::new(200, r#"{"ok":false,"error":"channel_not_found"}"#));
    assert!(matches!(tell(&mut method), Err(Failure::Permanent(why)) if why.ends_with("channel_not_found")));
    server.will(Reply::new(200, r#"{"ok":false,"error":"ratelimited"}"#));
    assert!(matches!(tell(&mut method), Err(Failure::Temporary(..))));
    assert_eq!(server.last().header("authorization"), "Bearer xoxb");
}

#[test]
fn pagerduty_gets_an_event_that_a_repetition_does_not_double() {
    let server = HttpServer::start();
    let more = "<api_key>hunter2</api_key><options>{\"component\": \"ssh\"}</options>";
    let mut pagerduty = integration("pagerduty", &server.url("/v2/enqueue"), more);
    let parcel = pagerduty.destination.render("p-1", &content(vec![entry(1, &alert())]));
    assert!(!String::from_utf8_lossy(&parcel).contains("hunter2"), "no key waits on the disk");
    server.will(Reply::new(202, r#"{"status":"success"}"#));
    assert_eq!(tell(&mut pagerduty), Ok(()));
    let event = server.last().json();
    assert_eq!((&event["routing_key"], &event["dedup_key"]), (&json!("hunter2"), &json!("p-1")));
    assert_eq!(event["event_action"], "trigger");
    let payload = &event["payload"];
    assert_eq!(payload["summary"], "web1: sshd: brute force");
    assert_eq!((&payload["source"], &payload["severity"]), (&json!("web1"), &json!("error")));
    assert_eq!((&payload["component"], &payload["class"]), (&json!("ssh"), &json!("5712")));
    assert_eq!(payload["custom_details"]["Source"], "192.0.2.7");
}

#[test]
fn teams_gets_a_card() {
    let server = HttpServer::start();
    let mut teams = integration("teams", &server.url("/workflows/T0P"), "");
    assert_eq!(tell(&mut teams), Ok(()));
    let message = server.last().json();
    let card = &message["attachments"][0];
    assert_eq!(card["contentType"], "application/vnd.microsoft.card.adaptive");
    assert_eq!(card["content"]["body"][0]["inlines"][0]["text"], "sshd: brute force");
    server.will(Reply::new(200, "Webhook message delivery failed with error: ... HTTP error 429"));
    assert!(matches!(tell(&mut teams), Err(Failure::Temporary(..))));
    let connector = integration("teams", "https://acme.webhook.office.com/webhookb2/T0P", "");
    let card = connector.destination.render("p", &content(vec![entry(1, &alert())]));
    let card: Value = serde_json::from_slice(&card).expect("JSON");
    assert_eq!((&card["@type"], &card["title"]), (&json!("MessageCard"), &json!("sshd: brute force")));
}

#[test]
fn telegram_gets_a_message_in_its_chat() {
    let server = HttpServer::start();
    let more = "<api_key>7:T0P</api_key><options>{\"chat_id\": -1001}</options>";
    let mut telegram = integration("telegram", &server.url("/"), more);
    assert_eq!(tell(&mut telegram), Ok(()));
    let request = server.last();
    assert_eq!(request.path, "/bot7:T0P/sendMessage");
    let message = request.json();
    assert_eq!((&message["chat_id"], &message["entities"][0]["type"]), (&json!(-1001), &json!("bold")));
    let text = message["text"].as_str().expect("a text");
    assert!(text.contains("sshd: brute force\nRule: 5712 (level 10)\n"), "{text}");
    server.will(Reply::new(429, r#"{"ok":false,"error_code":429,"parameters":{"retry_after":31}}"#));
    let Err(Failure::Temporary(why, wait)) = tell(&mut telegram) else { panic!("it waits") };
    assert!(wait.is_some_and(|wait| wait.as_secs() == 31) && !why.contains("T0P"), "{why}");
}

#[test]
fn ntfy_gets_a_message_of_its_priority() {
    let server = HttpServer::start();
    let options = "<api_key>tk_1</api_key><options>{\"tags\": [\"warning\"]}</options>";
    assert_eq!(tell(&mut integration("ntfy", &server.url("/alerts"), options)), Ok(()));
    let request = server.last();
    assert_eq!((request.path.as_str(), request.header("authorization")), ("/", "Bearer tk_1"));
    let message = request.json();
    assert_eq!((&message["topic"], &message["priority"]), (&json!("alerts"), &json!(4)));
    assert_eq!((&message["title"], &message["tags"]), (&json!("sshd: brute force"), &json!(["warning"])));
}

#[test]
fn splunk_gets_many_events_in_a_request() {
    let server = HttpServer::start();
    let more = "<api_key>hunter2</api_key><options>{\"index\": \"ids\"}</options>";
    let mut splunk = integration("splunk", &server.url(""), more);
    assert_eq!(send(&mut splunk, "p-1", &content((1..=3).map(|seq| entry(seq, &alert())).collect())), Ok(()));
    let request = server.last();
    assert_eq!(
        (request.path.as_str(), request.header("authorization")),
        ("/services/collector/event", "Splunk hunter2")
    );
    let events: Vec<Value> =
        request.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(events.len(), 3);
    assert_eq!((&events[0]["time"], &events[0]["host"]), (&json!(1_795_246_190), &json!("web1")));
    assert_eq!((&events[0]["index"], &events[0]["sourcetype"]), (&json!("ids"), &json!("bartizan:alert")));
    assert_eq!(
        (&events[2]["event"]["rule"]["sidid"], &events[2]["source"]),
        (&json!(5712), &json!("/var/log/auth.log"))
    );
}

#[test]
fn elasticsearch_gets_each_alert_once_under_its_name() {
    let server = HttpServer::start();
    let more = "<api_key>hunter2</api_key><options>{\"index\": \"ids\", \"user\": \"me\"}</options>";
    let mut elastic = integration("elasticsearch", &server.url("/"), more);
    server.will(Reply::new(200, r#"{"errors":false,"items":[]}"#));
    assert_eq!(tell(&mut elastic), Ok(()));
    let request = server.last();
    assert_eq!((request.path.as_str(), request.header("content-type")), ("/_bulk", "application/x-ndjson"));
    assert_eq!(request.header("authorization"), "Basic bWU6aHVudGVyMg==");
    let text = request.text();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((lines.len(), text.ends_with('\n')), (2, true));
    assert_eq!(lines[0]["create"]["_index"], "ids-2026.11.21");
    let name = lines[0]["create"]["_id"].as_str().expect("a name");
    assert!(name.ends_with("-1795246190.7-42"), "{name}");
    assert_eq!(
        (&lines[1]["@timestamp"], &lines[1]["srcip"]),
        (&json!("2026-11-21T07:29:50Z"), &json!("192.0.2.7"))
    );
    server.will(Reply::new(
        200,
        r#"{"errors":true,"items":[{"create":{"status":409}},{"create":{"status":201}}]}"#,
    ));
    assert_eq!(tell(&mut elastic), Ok(()), "what is there already is done");
    server.will(Reply::CloseInAnswer);
    assert!(matches!(tell(&mut elastic), Err(Failure::Temporary(..))), "half an answer says nothing");
    let mut open = integration("opensearch", &server.url(""), "<api_key>k</api_key>");
    server.will(Reply::new(
        200,
        r#"{"errors":true,"items":[{"create":{"status":400,"error":{"type":"t","reason":"r"}}}]}"#,
    ));
    assert!(matches!(tell(&mut open), Err(Failure::Permanent(why)) if why.ends_with("1 of 1 alerts: t: r")));
    assert_eq!(server.last().header("authorization"), "ApiKey k");
}

#[test]
fn a_script_is_run_as_wazuh_runs_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("integrations-script");
    let script = folder.write("integrations/custom-own", "#!/bin/sh\ncp \"$1\" \"$(dirname \"$0\")/got\"\n");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let section = "<integration><name>custom-own</name><alert_format>json</alert_format></integration>";
    assert_eq!(tell(&mut destination_in(&folder, section)), Ok(()));
    let got = std::fs::read(folder.join("integrations/got")).expect("it has run");
    let alert: Value = serde_json::from_slice(&got).expect("JSON");
    assert_eq!((&alert["rule"]["id"], &alert["agent"]["name"]), (&json!("5712"), &json!("web1")));
}

/// All kinds that speak HTTP, each with what it needs.
const KINDS: [(&str, &str); 11] = [
    ("webhook", ""),
    ("webhook", "<body>{\"a\": {{full_log}}, \"b\": \"{{rule.description}}\", \"c\": {{wazuh}}}</body>"),
    ("shuffle", ""),
    ("slack", ""),
    ("pagerduty", "<api_key>k</api_key>"),
    ("teams", ""),
    ("telegram", "<api_key>k</api_key><options>{\"chat_id\": 1}</options>"),
    ("ntfy", "<options>{\"topic\": \"t\"}</options>"),
    ("splunk", "<api_key>k</api_key>"),
    ("elasticsearch", ""),
    ("webhook", "<alert_format>json</alert_format>"),
];

#[test]
fn whatever_an_alert_holds_every_receiver_gets_whole_json() {
    let server = HttpServer::start();
    for (kind, more) in KINDS {
        let mut to = integration(kind, &server.url("/x"), more);
        for (name, entry) in hostile() {
            server.will(Reply::new(200, r#"{"errors":false}"#));
            assert_eq!(send(&mut to, "p-1", &content(vec![entry])), Ok(()), "{kind}: {name}");
            let text = server.last().text();
            for line in text.lines() {
                assert!(serde_json::from_str::<Value>(line).is_ok(), "{kind}: {name}: {line}");
            }
            let odd = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{fffe}');
            assert!(!text.contains(odd), "{kind}: {name}: {text}");
            assert!(text.len() < 200_000, "{kind}: {name}: {} bytes", text.len());
        }
    }
}

#[test]
fn what_was_held_back_and_texts_of_the_manager_reach_every_receiver() {
    let server = HttpServer::start();
    let held = HeldBack { rule: 5712, level: 10, description: "odd".to_owned(), count: 37, span: (0, 60) };
    let notice = Notice { title: "a test".to_owned(), text: "of all".to_owned(), html: None };
    let both = Content { alerts: Vec::new(), held_back: vec![held], notice: Some(notice) };
    for (kind, more) in KINDS {
        let mut to = integration(kind, &server.url("/x"), more);
        server.will(Reply::new(200, r#"{"errors":false}"#));
        assert_eq!(send(&mut to, "p-1", &both), Ok(()), "{kind}");
        let text = server.last().text();
        assert!(text.contains("37") && text.contains("a test"), "{kind}: {text}");
    }
}

#[test]
fn people_are_told_on_the_terms_of_notification_and_machines_are_not() {
    let with = |section: &str| {
        destination(&format!("<notification><max_per_hour>7</max_per_hour></notification>{section}"))
    };
    let hook = |name: &str| {
        format!(
            "<integration><name>{name}</name><hook_url>http://127.0.0.1:9/x</hook_url><level>7</level></integration>"
        )
    };
    let slack = with(&hook("slack"));
    assert_eq!((slack.kind, slack.terms.max_per_hour, slack.wants[0].level), ("slack", Some(7), 7));
    assert_eq!(with(&hook("webhook")).terms.max_per_hour, None);
}
