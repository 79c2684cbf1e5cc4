//! Where alerts of a report may come from, and what is said of mistakes.

use bartizan_tests::Folder;
use bartizan_tests::process::{Finished, command, finish};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::io::Write;

const ALERTS: &str = "\
** Alert 1795262400.1: - syslog,sshd,
2026 Nov 21 12:00:00 web->/var/log/auth.log
Rule: 5716 (level 5) -> 'SSHD authentication failed.'
Src IP: 192.0.2.7
User: root
Failed password for root

** Alert 1795266000.2: mail  - syslog,sshd,authentication_failures,
2026 Nov 21 13:00:00 web->/var/log/auth.log
Rule: 5720 (level 10) -> 'Multiple SSHD authentication failures.'
Src IP: 192.0.2.9
Failed password for \x1b[2Jroot

";

/// Alert of the program's own, as one line of JSON.
const JSON: &str = r#"{"rule":{"level":5,"comment":"Failed.","sidid":5716,"group":"sshd,"},"id":"1795262400.1","srcip":"192.0.2.7","location":"/var/log/auth.log","full_log":"Failed","hostname":"web","timestamp":"2026 Nov 21 12:00:00"}"#;

fn report(arguments: &[&str], input: &str) -> Finished {
    finish(command(&["report"]).args(arguments), input.as_bytes())
}

fn json(arguments: &[&str], input: &str) -> Value {
    let made = report(&[&["--json"], arguments].concat(), input);
    serde_json::from_str(&made.out).unwrap_or_else(|_| panic!("JSON was expected: {} {}", made.out, made.err))
}

#[test]
fn alerts_come_from_files_packed_or_not_and_from_a_pipe() {
    let folder = Folder::new("report-files");
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(ALERTS.as_bytes()).expect("memory can be written");
    let packed = folder.write("alerts.log.gz", packed.finish().expect("memory can be written"));
    let plain = folder.write("alerts.log", ALERTS).display().to_string();
    let lines = folder.write("alerts.json", format!("{JSON}\n{JSON}\n")).display().to_string();
    let packed = packed.display().to_string();
    assert_eq!(json(&[&plain, &packed, &lines], "")["selected"], 6);
    assert_eq!(json(&[], ALERTS)["selected"], 2, "a pipe");
    assert_eq!(json(&["-", &lines], ALERTS)["selected"], 4);
}

#[test]
fn an_empty_pipe_is_none() {
    let folder = Folder::new("report-empty-pipe");
    let mut asked = command(&["report", "--json"]);
    let made = finish(asked.env("XDG_STATE_HOME", folder.path()), b"");
    assert_eq!(made.code, Some(0), "{}", made.err);
    let value: Value = serde_json::from_str(&made.out).expect("JSON");
    assert_eq!(value["processed"], 0);
}

#[test]
fn a_time_is_asked_for_in_words_of_people() {
    let since = |time: &str| json(&["-", "--since", time], ALERTS)["processed"].clone();
    assert_eq!(
        (since("@1795262400"), since("@1795262401"), since("@1795266001")),
        (2.into(), 1.into(), 0.into())
    );
    assert_eq!(json(&["-", "--until", "@1795266000"], ALERTS)["processed"], 1);
    let wrong = report(&["-", "--since", "soon"], ALERTS);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("`soon` is no time"), "{}", wrong.err);
}

#[test]
fn nothing_to_report_is_said_and_is_no_failure() {
    let made = report(&["-", "-f", "level", "12"], ALERTS);
    assert_eq!((made.code, made.out.as_str()), (Some(0), ""));
    assert!(made.err.contains("no alert to report: 2 looked at"), "{}", made.err);
}

#[test]
fn what_is_no_alert_is_counted_and_a_wrong_field_is_named() {
    let made = report(&["-"], &format!("some text\nmore of it\n{ALERTS}"));
    assert!(made.err.contains("2 lines are no part of an alert"), "{}", made.err);
    assert!(made.out.contains("->Processed alerts: 2\n"));
    let made = report(&["-", "-r", "srcip", "colour"], ALERTS);
    assert_eq!(made.code, Some(2));
    assert!(made.err.contains("there is no field colour; fields are srcip, user"), "{}", made.err);
}

#[test]
fn a_page_and_a_table_are_printed() {
    let page = report(&["-", "--html", "-n", "Week <1>"], ALERTS).out;
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<h1>Week &lt;1&gt;</h1>"));
    assert!(page.contains("<svg") && page.ends_with("</html>\n"));
    let table = report(&["-", "--csv"], ALERTS).out;
    assert!(table.starts_with("section,entry,count,related,value\r\n"), "{table}");
    assert!(table.contains("srcip,192.0.2.7,1,,\r\n"), "{table}");
    assert!(!report(&["-", "-s"], ALERTS).out.contains('\u{1b}'));
}

#[test]
fn reports_of_the_configuration_are_listed_and_made() {
    let folder = Folder::new("report-configured");
    let conf = "<ossec_config><global><email_notification>yes</email_notification>\
        <smtp_server>localhost</smtp_server><email_from>ids@example.org</email_from>\
        <email_to>root@example.org</email_to></global>\
        <reports><title>Logins</title><category>sshd</category><email_to>a@example.org</email_to>\
        <send_empty>yes</send_empty></reports></ossec_config>";
    folder.write("etc/ossec.conf", conf);
    let home = folder.path().display().to_string();
    let listed = json(&["--list", "--home", &home], "");
    assert_eq!((&listed[0]["title"], &listed[0]["frequency"]), (&"Logins".into(), &"daily".into()));
    let made = finish(&mut command(&["report", "run", "Logins", "--home", &home]), b"");
    assert_eq!(made.code, Some(0), "{}", made.err);
    assert!(made.out.contains("Report 'Logins' completed.\n"), "{}", made.out);
    let wrong = finish(&mut command(&["report", "run", "Logout", "--home", &home]), b"");
    assert!(wrong.code == Some(2) && wrong.err.contains("reports are: Logins"), "{}", wrong.err);
}
