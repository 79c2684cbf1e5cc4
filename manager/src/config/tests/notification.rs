//! What is said of notifications, and which alerts a destination wants.

use super::{problems, read};
use crate::config::notification::{QuietHours, Storm, Terms};

fn terms(inner: &str) -> (Terms, Vec<String>) {
    let (config, _, report) = read(&format!("<notification>{inner}</notification>"));
    (config.notification, problems(&report))
}

#[test]
fn terms_are_read() {
    let (terms, problems) = terms(
        "<max_per_hour>30</max_per_hour><quiet_hours level=\"12\">22:00-7:30</quiet_hours>
         <deduplicate>10m</deduplicate><storm within=\"2m\">100</storm><digest>1h</digest>
         <grouping>10s</grouping>",
    );
    assert_eq!(problems, [""; 0]);
    let expected = Terms {
        max_per_hour: Some(30),
        quiet_hours: Some(QuietHours { from: 1320, until: 450, level: 12 }),
        deduplicate_s: Some(600),
        storm: Some(Storm { alerts: 100, within_s: 120 }),
        digest_s: Some(3600),
        grouping_s: Some(10),
    };
    assert_eq!(terms, expected);
}

#[test]
fn no_switches_off_what_others_say() {
    let all = "<max_per_hour>no</max_per_hour><quiet_hours>no</quiet_hours><deduplicate>no</deduplicate>
               <storm>no</storm><grouping>no</grouping>";
    let (own, problems) = terms(all);
    assert_eq!(problems, [""; 0]);
    let (general, _) = terms("<max_per_hour>5</max_per_hour><storm>9</storm><digest>5m</digest>");
    let both = own.or(&general);
    assert_eq!((both.max_per_hour, both.digest_s), (Some(0), Some(300)));
    assert_eq!(both.storm, Some(Storm::default()));
    assert_eq!(general.storm, Some(Storm { alerts: 9, within_s: 60 }));
}

#[test]
fn terms_that_make_no_sense_are_reported() {
    let (terms, problems) = terms(
        "<max_per_hour>0</max_per_hour><quiet_hours>22-7</quiet_hours><quiet_hours>08:00-08:00</quiet_hours>
         <quiet_hours level=\"high\">22:00-07:00</quiet_hours><deduplicate>25h</deduplicate>
         <storm within=\"soon\">100</storm><digest>no</digest><sturm>3</sturm>",
    );
    assert_eq!(terms, Terms::default());
    assert_eq!(
        problems,
        [
            "<max_per_hour> takes a number from 1 to 9999 | write it in digits, without spaces",
            "`22-7` are no hours | write them as 22:00-07:00, or no",
            "`08:00-08:00` are no hours | write them as 22:00-07:00, or no",
            "`high` is no level | write the level in digits: level=\"12\"",
            "<deduplicate> takes a time | write 90s, 10m or 2h, up to 24h",
            "`soon` is no time | write 90s, 10m or 2h, up to 24h",
            "<digest> takes a time | write 90s, 10m or 2h, up to 24h",
            "there is no option <sturm> in <notification> | did you mean <storm>?",
        ]
    );
}

#[test]
fn conditions_of_a_destination_are_read() {
    let (config, _, report) = read(
        "<syslog_output><server>192.0.2.1</server><level>7</level><rule_id>5712, 5720</rule_id>
         <group>sshd|web</group><location>^(gate)</location></syslog_output>",
    );
    assert_eq!(problems(&report), [""; 0]);
    let selection = &config.syslog_outputs[0].selection;
    assert_eq!((selection.level, selection.rules.as_slice()), (7, [5712, 5720].as_slice()));
    assert_eq!(selection.group_pattern.as_deref(), Some("sshd|web"));
    assert_eq!(selection.location.as_deref(), Some("^(gate)"));
    assert_eq!(selection.groups, [""; 0]);
}

#[test]
fn who_is_to_be_told_of_alerts_needs_them_to_be_kept() {
    let told = [
        "<syslog_output><server>192.0.2.1</server></syslog_output>",
        "<integration><name>ntfy</name><hook_url>https://ntfy.example/x</hook_url></integration>",
        "<database_output><type>mysql</type><hostname>db</hostname><username>u</username>\
         <password>p</password><database>d</database></database_output>",
        "<global><email_notification>yes</email_notification><smtp_server>127.0.0.1</smtp_server>\
         <email_from>a@b.example</email_from><email_to>c@d.example</email_to></global>",
    ];
    let store = |kept: &str| format!("<global><alert_store>{kept}</alert_store></global>");
    for section in told {
        let (_, _, report) = read(&format!("{}{section}", store("no")));
        let problem = "alerts are to be sent, but not to be kept: nothing would be sent | destinations read the \
            alerts from the store: write yes, or remove <email_notification>, <integration>, <syslog_output> and \
            <database_output>";
        assert_eq!(problems(&report), [problem], "{section}");
        assert!(report.has_errors());
        let (_, _, report) = read(&format!("{}{section}{}", store("no"), store("yes")));
        assert_eq!(problems(&report), [""; 0], "{section}");
    }
    assert_eq!(problems(&read(&store("no")).2), [""; 0], "nobody is told");
}
