//! `bartizan run` sends by itself, if somebody has agreed to it.

use super::{line, text};
use bartizan_tests::Folder;
use bartizan_tests::process::{Running, command, finish};
use bartizan_tests::smtp_server::{SmtpOptions, SmtpServer};
use std::fs::OpenOptions;
use std::io::Write;

fn home(name: &str, smtp: &SmtpServer, dshield: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("auth.log", "");
    folder.write("logs/firewall/firewall.log", fresh(7));
    folder.write(
        "bartizan.conf",
        format!(
            "<ossec_config><global><smtp_server>127.0.0.1</smtp_server><smtp_port>{}</smtp_port></global>\
             <localfile><location>{}</location><log_format>syslog</log_format></localfile>\
             <dshield>{dshield}<user_id>42</user_id><from>me@example.com</from><timezone>UTC</timezone></dshield>\
             </ossec_config>",
            smtp.address.port(),
            folder.join("auth.log").display()
        ),
    );
    folder
}

/// A line of just now, in UTC.
fn fresh(n: u64) -> String {
    let now = jiff::Timestamp::now().strftime("%Y %b %d %H:%M:%S").to_string();
    format!("{now}{}", &line(n)[20..])
}

fn arguments(folder: &Folder) -> [String; 5] {
    let path = |name: &str| folder.join(name).display().to_string();
    ["--home".to_owned(), path(""), "-c".to_owned(), path("bartizan.conf"), "--listen=127.0.0.1:0".to_owned()]
}

fn start(folder: &Folder) -> Running {
    Running::start(command(&["run"]).args(arguments(folder)))
}

#[test]
fn the_daemon_sends_what_is_new_and_no_more_than_once_an_hour() {
    let smtp = SmtpServer::start(SmtpOptions::default());
    let folder = home("dshield-daemon", &smtp, "<consent>yes</consent>");
    let mut running = start(&folder);
    running.wait_for("a mail", |_| smtp.confirmed().len() == 1);
    let mail = smtp.confirmed().remove(0);
    assert!(text(&mail).contains("\t42\t1\t33.44.0.7\t1031\t12.34.56.78\t22\tTCP\r\n"), "{}", text(&mail));
    // While it runs the state is its own, but everybody may look.
    let [home, folder_of, conf, file, _] = arguments(&folder);
    let call =
        |more: &[&str]| finish(command(&["dshield"]).args([&home, &folder_of, &conf, &file]).args(more), b"");
    let refused = call(&[]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("sends by itself"), "{}", refused.err);
    let log = folder.join("logs/firewall/firewall.log");
    let mut log = OpenOptions::new().append(true).open(log).expect("a log");
    log.write_all(fresh(8).as_bytes()).expect("a line");
    let shown = call(&["--test"]);
    assert!(
        shown.out.contains("\t33.44.0.8\t") && !shown.out.contains("\t33.44.0.7\t"),
        "{} {}",
        shown.out,
        shown.err
    );
    // A restart makes no round too early.
    assert_eq!(running.stop().code, Some(0));
    let mut running = start(&folder);
    running.wait_for("its start", |running| running.err().contains("alerts go here"));
    let sent = call(&["--test"]);
    assert!(sent.out.contains("\t33.44.0.8\t"), "{}", sent.out);
    assert_eq!(running.stop().code, Some(0));
    assert_eq!(smtp.mails().len(), 1);
    // Without the daemon a call goes on where it was.
    assert_eq!(call(&[]).code, Some(0));
    assert_eq!(smtp.confirmed().len(), 2);
    assert!(text(&smtp.confirmed()[1]).contains("\t33.44.0.8\t"));
}

#[test]
fn without_consent_nothing_is_sent_and_the_check_says_so() {
    let smtp = SmtpServer::start(SmtpOptions::default());
    let folder = home("dshield-consent", &smtp, "");
    let [home, folder_of, conf, file, _] = arguments(&folder);
    let checked = finish(command(&["check"]).args([&conf, &file]), b"");
    assert_eq!(checked.code, Some(0), "{}", checked.err);
    assert!(checked.err.contains("<consent>yes</consent>"), "{}", checked.err);
    let call = finish(command(&["dshield"]).args([&home, &folder_of, &conf, &file]), b"");
    assert_eq!(call.code, Some(2), "{}", call.err);
    assert!(call.err.contains("consent"), "{}", call.err);
    assert_eq!(smtp.connections(), 0);
}

#[test]
fn the_check_explains_what_is_missing() {
    let folder = Folder::new("dshield-check");
    for (section, words) in [
        ("<dshield><consent>yes</consent></dshield>", &["<user_id>", "<from>"][..]),
        ("<dshield><method>http</method><user_id>1</user_id></dshield>", &["<api_key>", "<consent>"]),
        ("<dshield><user_id>1</user_id><from>a@b.example</from></dshield>", &["<smtp_server>"]),
        ("<dshield><interval>10m</interval></dshield>", &["at most once an hour"]),
        ("<dshield><ports>ssh</ports></dshield>", &["`ssh` is no port"]),
        ("<dshield><timezone>Mars</timezone></dshield>", &["no time zone"]),
        ("<share><name>abuseipbd</name></share>", &["did you mean `abuseipdb`?"]),
        ("<share><name>blocklist_de</name></share>", &["<server>", "<api_key>"]),
        ("<share><name>webhook</name></share>", &["<url>"]),
    ] {
        folder.write("bartizan.conf", format!("<ossec_config>{section}</ossec_config>"));
        let checked = finish(command(&["check", "-c"]).arg(folder.join("bartizan.conf")), b"");
        for word in words {
            assert!(checked.err.contains(word), "{section}: {word}: {}", checked.err);
        }
    }
}
