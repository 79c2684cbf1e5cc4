//! Reports, from the configuration to mailboxes.

use bartizan::alert::{Alert, AlertId, Entry, Rule};
use bartizan::outputs::clock::LocalClock;
use bartizan::store::Appender;
use bartizan_tests::Folder;
use bartizan_tests::process::{Running, command};
use bartizan_tests::smtp_server::{Received, SmtpOptions, SmtpServer};
use mail_parser::{MessageParser, MimeHeaders};
use rusqlite::Connection;
use std::time::{SystemTime, UNIX_EPOCH};

const HOUR_S: i64 = 3600;

fn configuration(smtp: &SmtpServer, log: &str) -> String {
    format!(
        "<ossec_config><global><email_notification>yes</email_notification>\
         <smtp_server>127.0.0.1</smtp_server><smtp_port>{}</smtp_port>\
         <email_from>ids@example.com</email_from><email_to>root@example.com</email_to></global>\
         <reports><title>Log-ins</title><group>sshd</group><srcip type=\"relation\">user</srcip>\
         <graph>yes</graph>\
         <frequency>hourly</frequency><email_to>one@example.com</email_to><email_to>two@example.com</email_to>\
         </reports><reports><title>Everything</title><frequency>hourly</frequency><send_empty>yes</send_empty>\
         <email_to>one@example.com</email_to></reports>\
         <localfile><location>{log}</location><log_format>syslog</log_format></localfile></ossec_config>",
        smtp.address.port()
    )
}

/// Alerts of one hour.
fn remember(folder: &Folder, epoch: i64) {
    let mut store = Appender::open(folder.path()).expect("a store");
    let entries = (0..30).map(|n| {
        let address = format!("192.0.2.{}", n % 3);
        let mut alert = Alert {
            id: AlertId { epoch: epoch + n, ticket: n as u64 + 1 },
            time: LocalClock::default().local(epoch + n),
            rule: Some(Rule {
                id: 5716,
                level: 5,
                description: Some(b"<b>SSHD</b> said no"),
                groups: b"syslog,sshd,",
                ..Rule::default()
            }),
            location: b"/var/log/auth.log",
            hostname: b"gate",
            log: b"Failed password",
            ..Alert::default()
        };
        alert.fields[bartizan_core::event::Field::SrcIp as usize] = Some(address.as_bytes());
        alert.fields[bartizan_core::event::Field::DstUser as usize] = Some(b"<script>eve");
        Entry::new(&alert)
    });
    store.append(&mut entries.collect::<Vec<_>>()).expect("appended");
}

/// Up to when each report has been made.
fn made(folder: &Folder) -> Vec<i64> {
    let read = || {
        let database = Connection::open(folder.join("reports.db"))?;
        let mut rows = database.prepare("SELECT until FROM made")?;
        rows.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()
    };
    read().unwrap_or_default()
}

fn titled<'m>(mails: &'m [Received], title: &str) -> Vec<&'m Received> {
    mails.iter().filter(|mail| mail.header("Subject").as_deref() == Some(title)).collect()
}

#[test]
fn a_report_that_is_configured_arrives_once_for_each_who_gets_it() {
    let smtp = SmtpServer::start(SmtpOptions::default());
    let folder = Folder::new("mail-reports");
    let log = folder.write("auth.log", "").display().to_string();
    let conf = folder.write("bartizan.conf", configuration(&smtp, &log)).display().to_string();
    let home = folder.path().display().to_string();
    let start =
        || Running::start(&mut command(&["run", "--home", &home, "-c", &conf, "--listen", "127.0.0.1:0"]));
    let mut running = start();
    running.wait_for("a first look at reports", |_| made(&folder).len() == 2);
    assert_eq!(running.stop().code, Some(0));
    assert!(smtp.mails().is_empty(), "nothing is over yet");
    // As if it had not run for some hours, of which the third had alerts.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() as i64;
    let this_hour = now - now % HOUR_S;
    remember(&folder, this_hour - 2 * HOUR_S + 600);
    let database = Connection::open(folder.join("reports.db")).expect("a database");
    database.execute("UPDATE made SET until = ?1", [this_hour - 4 * HOUR_S]).expect("set back");
    drop(database);
    let mut running = start();
    running.wait_for("reports", |_| made(&folder).iter().all(|until| *until >= this_hour - HOUR_S));
    running.wait_for("mails", |_| {
        let mails = smtp.confirmed();
        titled(&mails, "Log-ins").len() >= 2 && titled(&mails, "Everything").len() >= 3
    });
    assert_eq!(running.stop().code, Some(0));
    let mails = smtp.confirmed();
    let log_ins = titled(&mails, "Log-ins");
    let mut to: Vec<_> = log_ins.iter().flat_map(|mail| &mail.to).map(String::as_str).collect();
    to.sort_unstable();
    assert_eq!(to, ["one@example.com", "two@example.com"], "hours with nothing to say send nothing");
    for mail in log_ins {
        let read = MessageParser::default().parse(&mail.bytes).expect("a mail");
        assert_eq!(read.parts[0].content_type().and_then(|kind| kind.subtype()), Some("alternative"));
        let text = read.body_text(0).expect("a text");
        assert!(text.contains("->Processed alerts: 30") && text.contains("192.0.2.1"), "{text}");
        let html = read.body_html(0).expect("HTML");
        assert!(html.contains("192.0.2.1") && html.contains("&lt;script&gt;eve"), "{html}");
        assert!(!html.contains("<script") && !html.contains("<b>SSHD"), "{html}");
        assert!(html.contains("<img src=\"cid:picture\""), "{html}");
        let picture = read.parts.iter().find(|part| part.content_id() == Some("picture")).expect("a picture");
        assert!(picture.contents().starts_with(b"\x89PNG"), "no PNG");
    }
    let everything = titled(&mails, "Everything");
    assert!(everything.iter().all(|mail| mail.to == ["one@example.com"]));
}
