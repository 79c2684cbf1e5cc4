//! The other services: what each is sent, and what its answers mean.

use super::line;
use bartizan::config::{Config, Home};
use bartizan::diagnose::{Colour, Diagnostics, Sources};
use bartizan::outbox::engine::Courier;
use bartizan::outbox::{Failure, Queue};
use bartizan::sharing::configured::plans;
use bartizan::sharing::schedule::round;
use bartizan_tests::Folder;
use bartizan_tests::http_server::{HttpServer, Reply, Request};

const NOW: i64 = 1_795_246_190;

/// What a service is sent of lines, after these replies.
fn sent(name: &str, server: &HttpServer, options: &str, replies: Vec<Reply>) -> Vec<Request> {
    let folder = Folder::new(&format!("share-{name}"));
    let log = folder.write("firewall.log", [line(1), line(1), line(2), line(251)].concat());
    let conf = format!(
        "<ossec_config><share><name>{name}</name><consent>yes</consent><log timezone=\"UTC\">{}</log>\
         <url>{}</url>{options}</share></ossec_config>",
        log.display(),
        server.url("/report")
    );
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let source = sources.add("ossec.conf", conf);
    let config = Config::from_source(&Home::new("/nonexistent"), source, &sources, &mut report);
    assert!(!report.has_errors(), "{}", report.render(&sources, Colour::None));
    let all = plans(&config, folder.path()).expect("plans");
    let [(plan, interval)] = all.as_slice() else { panic!("one plan") };
    let mut queue = Queue::open(folder.path()).expect("a queue");
    queue.join(&plan.name, plan.service.kind()).expect("it is noted");
    // Twice: the second one comes too early.
    for _ in 0..2 {
        assert_eq!(round(plan, *interval, &mut queue, NOW).expect("a round"), Vec::<String>::new());
    }
    let count = replies.len();
    replies.into_iter().for_each(|reply| server.will(reply));
    let mut courier = Courier::new(queue, plan.destination()).expect("a courier");
    for _ in 0..=count {
        let outcome = courier.attempt().expect("an attempt");
        courier.settle(NOW).expect("it is noted");
        if outcome.is_none() {
            break;
        }
        if let Some(Err(Failure::Temporary(..))) = outcome {
            // As after a while.
            let queue = Queue::open(folder.path()).expect("a queue");
            courier = Courier::new(queue, plan.destination()).expect("a courier");
        }
    }
    server.requests()
}

#[test]
fn abuseipdb_gets_one_file_in_which_each_source_stands_once() {
    let server = HttpServer::start();
    let replies = vec![Reply::new(429, "{}"), Reply::new(200, "{\"data\":{\"savedReports\":3}}")];
    let requests =
        sent("abuseipdb", &server, "<api_key>s3cr3t</api_key><categories>14,15</categories>", replies);
    assert_eq!(requests.len(), 2, "what was not taken goes again");
    let request = &requests[1];
    assert_eq!((request.header("key"), request.header("accept")), ("s3cr3t", "application/json"));
    assert!(request.header("content-type").starts_with("multipart/form-data; boundary="));
    let text = request.text();
    assert!(text.contains("name=\"csv\"; filename=\"report.csv\"\r\n"), "{text}");
    let csv: Vec<_> = text.lines().filter(|line| line.contains(',') || line.starts_with("IP")).collect();
    assert_eq!(
        csv,
        [
            "IP,Categories,ReportDate,Comment",
            "33.44.0.1,\"14,15\",2026-11-21T07:00:01+00:00,\"2 packets refused by a firewall: TCP/22\"",
            "33.44.0.2,\"14,15\",2026-11-21T07:00:02+00:00,\"1 packet refused by a firewall: TCP/22\"",
            "33.44.1.1,\"14,15\",2026-11-21T07:04:11+00:00,\"1 packet refused by a firewall: TCP/22\"",
        ]
    );
    assert!(!text.contains("12.34.56.78"), "the target is nobody's business");
}

#[test]
fn blocklist_de_gets_a_form_for_each_source() {
    let server = HttpServer::start();
    let options = "<api_key>s3cr3t</api_key><server>fail2ban@example.com</server>";
    let good = || Reply::new(200, "{\"status\":\"success\",\"error\":0}");
    let refused = Reply::new(200, "{\"status\":\"error\",\"error\":{\"ip\":\"is white\"}}");
    let requests = sent("blocklist_de", &server, options, vec![good(), refused, good()]);
    assert_eq!(requests.len(), 3, "one that is refused holds up nobody");
    let form = requests[0].text();
    for part in
        ["server=fail2ban%40example.com&service=firewall&ip=33.44.0.1&format=json&logs=", "&apikey=s3cr3t"]
    {
        assert!(form.contains(part), "{form}");
    }
    assert!(!form.contains("12.34.56.78"), "{form}");
}

#[test]
fn a_web_hook_gets_lines_of_json() {
    let server = HttpServer::start();
    let requests = sent(
        "webhook",
        &server,
        "<api_key>t0ken</api_key><obfuscate>yes</obfuscate>",
        vec![Reply::new(500, ""), Reply::new(200, "")],
    );
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].header("idempotency-key"), requests[1].header("idempotency-key"));
    let request = &requests[1];
    assert_eq!(request.header("authorization"), "Bearer t0ken");
    let lines: Vec<serde_json::Value> =
        request.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!((lines[0]["src"].as_str(), lines[0]["count"].as_u64()), (Some("33.44.0.1"), Some(2)));
    assert_eq!((lines[0]["dst"].as_str(), lines[0]["dport"].as_u64()), (Some("10.34.56.78"), Some(22)));
}
