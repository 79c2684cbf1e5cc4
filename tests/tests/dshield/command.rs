//! `bartizan dshield` as a crontab calls it.

use super::{line, text};
use bartizan_tests::Folder;
use bartizan_tests::http_server::{HttpServer, Reply};
use bartizan_tests::process::{Finished, command, finish};
use bartizan_tests::smtp_server::{Fault, SmtpOptions, SmtpServer, Stage};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

const OLD: &str =
    "2011 Jul 12 11:55:17 (agent) 12.34.56.78->/var/log/ufw.log DROP TCP 33.44.55.66:2686->12.34.56.78:135\n";

struct Place {
    folder: Folder,
    smtp: SmtpServer,
}

impl Place {
    fn new(name: &str, log: &str) -> Self {
        let folder = Folder::new(name);
        folder.write("firewall.log", log);
        Self { folder, smtp: SmtpServer::start(SmtpOptions::default()) }
    }

    /// A call with the options that all have.
    fn call(&self, arguments: &[&str]) -> Finished {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let mut command = command(&["dshield"]);
        command.arg(format!("--log={}", path("firewall.log"))).args(["--home", &path("home")]);
        command.args(["--timezone", "+02:00"]).args(arguments);
        finish(&mut command, b"")
    }

    /// A call that sends, as ossec2dshield is called.
    fn send(&self, arguments: &[&str]) -> Finished {
        let mta = format!("--mta=127.0.0.1:{}", self.smtp.address.port());
        let state = format!("--statefile={}", self.folder.join("state").display());
        let usual = ["--userid=42", "--from=me@example.com", "--norfc1918", &mta, &state];
        self.call(&[&usual[..], arguments].concat())
    }

    fn bodies(&self) -> Vec<String> {
        let body = |mail| text(mail).split_once("\r\n\r\n").expect("a body").1.to_owned();
        self.smtp.confirmed().iter().map(body).collect()
    }
}

#[test]
fn a_crontab_line_of_ossec2dshield_works_by_changing_one_word() {
    let place = Place::new("dshield-cron", &OLD.repeat(3));
    let finished = place.send(&["--ports=135,!22", "--obfuscate"]);
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    let expected = "2011-07-12 11:55:17 +02:00\t42\t3\t33.44.55.66\t2686\t10.34.56.78\t135\tTCP\r\n";
    assert_eq!(place.bodies(), [expected]);
    let mail = &place.smtp.confirmed()[0];
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("me@example.com", &["reports@dshield.org".to_owned()][..])
    );
    let subject = mail.header("Subject").expect("a subject");
    assert!(subject.starts_with("FORMAT DSHIELD USERID 42 TZ +02:00 Bartizan "), "{subject}");
    assert_eq!(place.send(&["--ports=135,!22"]).code, Some(0));
    assert_eq!(place.smtp.mails().len(), 1, "nothing is sent twice");
}

#[test]
fn nothing_is_sent_by_a_default() {
    let place = Place::new("dshield-default", OLD);
    let mta = format!("127.0.0.1:{}", place.smtp.address.port());
    for arguments in [
        &[][..],
        &["--mta", &mta],
        &["--userid", "42", "--mta", &mta],
        &["--userid", "42", "--from", "me@x.example"],
    ] {
        let finished = place.call(arguments);
        assert_eq!(finished.code, Some(2), "{arguments:?} {}", finished.err);
        assert!(finished.err.contains("--"), "it says what is missing: {}", finished.err);
    }
    assert_eq!(place.smtp.connections(), 0);
}

#[test]
fn a_test_shows_what_would_go_and_why_the_rest_would_not_and_changes_nothing() {
    let rest = "2011 Jul 12 11:55:18 (a) x->y DROP UDP 192.168.1.7:53->12.34.56.78:53\n\
                2011 Jul 12 11:55:18 (a) x->y ALLOW TCP 33.44.55.67:9->12.34.56.78:80\n\
                2011 Jul 12 11:55:18 (a) x->y DROP TCP 33.44.55.68:9->12.34.56.78:22\nhello\n";
    let place = Place::new("dshield-test", &format!("{OLD}{rest}"));
    for _ in 0..2 {
        let shown = place.send(&["--test", "--ports", "!22"]);
        assert_eq!(shown.code, Some(0), "{}", shown.err);
        assert!(shown.out.contains("\t33.44.55.66\t2686\t12.34.56.78\t135\tTCP\n"), "{}", shown.out);
        for row in [
            "1      told, as 1 line",
            "1      source is private",
            "1      not refused",
            "1      port is not",
            "1      no line",
        ] {
            assert!(shown.out.contains(row), "{row}: {}", shown.out);
        }
    }
    let json = place.call(&["--test", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(
        (json["read"].as_u64(), json["told"].as_u64(), json["left_out"]["special"].as_u64()),
        (Some(5), Some(2), Some(1))
    );
    assert!(place.smtp.connections() == 0 && !place.folder.join("state").exists());
}

#[test]
fn a_test_shows_what_other_services_would_be_told() {
    let place = Place::new("dshield-share", &OLD.repeat(2));
    let log = place.folder.join("firewall.log");
    let share = |name: &str, needs: &str| {
        format!("<share><name>{name}</name><log timezone=\"UTC\">{}</log>{needs}</share>", log.display())
    };
    let shares = [
        share("abuseipdb", "<api_key>s3cr3t</api_key>"),
        share("blocklist_de", "<api_key>s3cr3t</api_key><server>me@example.com</server>"),
        share("webhook", "<url>http://127.0.0.1:9/</url>"),
    ];
    let conf =
        place.folder.write("bartizan.conf", format!("<ossec_config>{}</ossec_config>", shares.concat()));
    let call = |id: &str| place.call(&["-c", &conf.display().to_string(), "--test", "--share", id]);
    // The first reading goes back a day: the lines are of another year.
    for id in ["abuseipdb", "blocklist_de", "webhook"] {
        let shown = call(id);
        assert_eq!(shown.code, Some(0), "{id}: {}", shown.err);
        assert!(shown.out.contains("2      too old") && !shown.out.contains("s3cr3t"), "{}", shown.out);
    }
    let now = jiff::Timestamp::now().strftime("%Y %b %d %H:%M:%S").to_string();
    place.folder.write("firewall.log", format!("{now}{}", &OLD[20..]).repeat(2));
    for (id, part) in [
        ("abuseipdb", "\"2 packets refused by a firewall: TCP/135\""),
        ("blocklist_de", "&ip=33.44.55.66&format=json"),
        ("webhook", "\"count\":2"),
    ] {
        let shown = call(id);
        assert!(shown.out.contains(part) && !shown.out.contains("s3cr3t"), "{id}: {}", shown.out);
    }
    let wrong = call("abuseipbd");
    assert_eq!(wrong.code, Some(2), "{}", wrong.out);
    assert!(wrong.err.contains("abuseipdb, blocklist_de, webhook"), "{}", wrong.err);
}

#[test]
fn what_a_server_does_not_take_goes_with_the_next_call() {
    let place = Place::new("dshield-later", &line(1));
    for fault in ["451 4.3.0 later", "554 5.6.0 never"] {
        place.smtp.fail(Stage::Message, Fault::Say(fault), 1);
        let finished = place.send(&[]);
        assert_eq!(finished.code, Some(1), "{}", finished.err);
        assert!(finished.err.contains("not taken"), "{}", finished.err);
    }
    assert_eq!(place.send(&[]).code, Some(0));
    assert_eq!(place.smtp.confirmed().len(), 1);
    let ids: Vec<_> = place.smtp.mails().iter().map(|mail| mail.message_id()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
}

#[test]
fn a_large_log_goes_in_several_mails_and_several_calls() {
    let place = Place::new("dshield-split", &(0..1000).map(line).collect::<String>());
    assert_eq!(place.send(&["--max-lines", "600", "--split", "250"]).code, Some(0));
    let lines: Vec<_> = place.bodies().iter().map(|body| body.lines().count()).collect();
    assert_eq!(lines, [250, 250, 100]);
    assert_eq!(place.send(&["--max-lines", "600"]).code, Some(0));
    assert_eq!(place.bodies().iter().map(|body| body.lines().count()).sum::<usize>(), 1000);
}

#[test]
fn the_state_of_ossec2dshield_is_taken_over() {
    let place = Place::new(
        "dshield-state",
        &format!("{OLD}{}", OLD.replace("11:55:17", "11:55:18").replace(":135", ":136")),
    );
    place.folder.write("state", "2011 Jul 12 11:55:17\n");
    assert!(place.send(&["--test"]).out.contains("1      too old"));
    assert_eq!(place.send(&[]).code, Some(0));
    assert_eq!(place.bodies().len(), 1);
    assert!(place.bodies()[0].contains("\t136\t") && !place.bodies()[0].contains("\t135\t"));
    assert_eq!(place.send(&["--since", "2011-07-12"]).code, Some(0));
    assert_eq!(place.bodies().len(), 1);
}

#[test]
fn keys_are_never_shown_and_lie_in_files_of_their_owner() {
    let place = Place::new("dshield-key", OLD);
    let key = place.folder.write("key", "s3cr3tkey\n");
    let option = format!("--authkey-file={}", key.display());
    fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("ours");
    let refused = place.send(&[&option]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("ours");
    let mut said = String::new();
    for arguments in [&[&*option, "--test", "--debug"][..], &[&option, "--debug"]] {
        let finished = place.send(arguments);
        assert_eq!(finished.code, Some(0), "{}", finished.err);
        said += &(finished.out + &finished.err);
    }
    assert!(!said.contains("s3cr3tkey"), "{said}");
    let state = fs::read(place.folder.join("state")).expect("a state");
    assert!(!String::from_utf8_lossy(&state).contains("s3cr3tkey"));
    let subject = place.smtp.confirmed()[0].header("Subject").expect("a subject");
    assert!(subject.contains(" AUTHKEY s3cr3tkey Bartizan"), "{subject}");
}

#[test]
fn over_http_a_request_is_signed_and_goes_again_if_it_is_not_taken() {
    let place = Place::new("dshield-http", &OLD.repeat(2));
    let server = HttpServer::start();
    let key = place.folder.write("key", "s3cr3tkey\n");
    fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("ours");
    let url = server.url("/submitapi/");
    let key = key.display().to_string();
    let arguments = ["--userid", "42", "--http", &url, "--api-key-file", &key];
    server.will(Reply::new(403, "no"));
    assert_eq!(place.call(&arguments).code, Some(1));
    assert_eq!(place.call(&arguments).code, Some(0));
    let [first, second] = <[_; 2]>::try_from(server.requests()).expect("two requests");
    assert_eq!(first.json()["logs"], second.json()["logs"]);
    let entry = &second.json()["logs"][1];
    assert_eq!(
        (entry["sip"].as_str(), entry["dport"].as_u64(), entry["proto"].as_u64()),
        (Some("33.44.55.66"), Some(135), Some(6))
    );
    let signed = second.header("x-isc-authorization").to_owned();
    assert!(
        signed.starts_with("ISC-HMAC-SHA256 Credentials=") && signed.contains(" Userid=42 Nonce="),
        "{signed}"
    );
    assert_eq!(second.json()["authheader"], signed);
    assert_eq!(
        (second.header("x-isc-logtype"), second.json()["type"].as_str()),
        ("firewall", Some("firewall"))
    );
    assert!(!second.text().contains("s3cr3tkey"));
}

#[test]
fn hostile_lines_and_options_change_no_header() {
    let hostile = "2011 Jul 12 11:55:17 (a\r\nBcc: you@x) x->y DROP T\u{1b}P 33.44.55.66:1->12.34.56.78:2\r\n.\r\n\
                   2011 Jul 12 11:55:17 (a) x->y DROP TCP\tX 33.44.55.67:1\n\0\n2011 Jul 12 11:55:17 (a) x->y DROP \
                   a\"b 33.44.55.69:99999->12.34.56.78:-1\n";
    let place = Place::new("dshield-hostile", &format!("{hostile}{OLD}"));
    for wrong in ["me@example.com\nBcc: you@example.com", "me", "<me@example.com>", ""] {
        let from = format!("--from={wrong}");
        let mta = format!("--mta=127.0.0.1:{}", place.smtp.address.port());
        assert_eq!(place.call(&["--userid=1", &from, &mta]).code, Some(2), "{wrong}");
    }
    let finished = place.send(&[]);
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    for mail in place.smtp.confirmed() {
        let head = text(&mail).split("\r\n\r\n").next().expect("a head").to_owned();
        assert_eq!(head.lines().count(), 9, "{head}");
        assert!(mail.bytes.is_ascii() && mail.to == ["reports@dshield.org"], "{}", text(&mail));
    }
    for body in place.bodies() {
        assert!(body.lines().all(|line| line.split('\t').count() == 8), "{body:?}");
    }
}
