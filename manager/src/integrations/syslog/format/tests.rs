//! The promises of this room.

use super::*;
use crate::integrations::tests::{entry, hostile};

const ALL: [Format; 5] = [Format::Default, Format::Cef, Format::Json, Format::Splunk, Format::Rfc5424];

fn written(format: Format) -> String {
    let entry = entry();
    let mut alert = entry.alert();
    alert.fields[Field::SrcPort as usize] = Some(b"4711");
    format.write(&alert, "keep")
}

#[test]
fn formats_are_those_of_ossec_to_the_byte() {
    let log = "Failed password for root from 192.0.2.7";
    let location = "(web1) 192.0.2.1->/var/log/auth.log";
    assert_eq!(
        written(Format::Default),
        format!(
            "<132>Nov 21 08:29:50 keep ossec: Alert Level: 10; Rule: 5712 - sshd: brute force; Location: {location}; \
             classification:  syslog,sshd,; srcip: 192.0.2.7; user: root; {log}"
        )
    );
    assert_eq!(
        written(Format::Cef),
        format!(
            "<132>Nov 21 08:29:50 CEF:0|OSSEC Foundation|OSSEC HIDS|v4.2.0|5712|sshd: brute force|10|dvc=keep \
             cs1Label=Location cs1={location} classification= syslog,sshd, src=192.0.2.7 spt=4711 shost=192.0.2.7 \
             suser=root msg={log}"
        )
    );
    assert_eq!(
        written(Format::Json),
        format!(
            "<132>Nov 21 08:29:50 keep ossec: {{\"crit\":10,\"id\":5712,\"component\":\"{location}\",\
             \"classification\":\" syslog,sshd,\",\"description\":\"sshd: brute force\",\"message\":\"{log}\",\
             \"acct\":\"root\",\"src_ip\":\"192.0.2.7\",\"src_port\":4711}}"
        )
    );
    assert_eq!(
        written(Format::Splunk),
        format!(
            "<132>Nov 21 08:29:50 keep ossec: crit=10 id=5712 description=\"sshd: brute force\" \
             component=\"{location}\", classification=\" syslog,sshd,\", src_ip=\"192.0.2.7\", src_port=4711, \
             acct=\"root\", message=\"{log}\""
        )
    );
    assert_eq!(
        written(Format::Rfc5424),
        format!(
            "<131>1 2026-11-21T08:29:50.000+01:00 keep bartizan - alert [alert@32473 id=\"1795246190.7\" \
             rule=\"5712\" level=\"10\" description=\"sshd: brute force\" groups=\"syslog,sshd,\" \
             location=\"{location}\" srcip=\"192.0.2.7\" srcport=\"4711\" user=\"root\"] {log}"
        )
    );
}

#[test]
fn days_before_the_tenth_have_a_space_and_earlier_events_are_lines() {
    let entry = entry();
    let mut alert = entry.alert();
    alert.time.day = 3;
    alert.previous = vec![b"two", b"one"];
    let text = Format::Default.write(&alert, "keep");
    assert!(text.starts_with("<132>Nov  3 ") && text.ends_with(" from 192.0.2.7\ntwo\none"), "{text}");
    assert!(Format::Cef.write(&alert, "keep").ends_with(" from 192.0.2.7\\ntwo\\none"));
}

#[test]
fn names_that_look_like_none_are_kept_and_none_is_left_out() {
    let entry = entry();
    let mut alert = entry.alert();
    for (user, expected) in [(&b"anna"[..], true), (b"(none)", false), (b"unknown", false), (b"", false)] {
        alert.fields[Field::DstUser as usize] = Some(user);
        assert_eq!(Format::Default.write(&alert, "keep").contains("user: "), expected, "{user:?}");
    }
}

#[test]
fn no_alert_makes_a_message_that_is_too_long_or_two_messages() {
    for (name, entry) in hostile() {
        for format in ALL {
            let text = format.write(&entry.alert(), "keep");
            assert!(text.len() <= MESSAGE_MAX, "{name}: {format:?}: {}", text.len());
            let lines = if format == Format::Default { LINES_MAX * 6144 } else { 1 };
            assert!(text.lines().count() <= lines, "{name}: {format:?}: {text}");
            assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{name}: {format:?}: {text}");
            if format == Format::Json {
                let object = text.split_once("ossec: ").map(|(_, object)| object).unwrap_or_default();
                assert!(serde_json::from_str::<Value>(object).is_ok(), "{name}: {text}");
            }
        }
    }
}

#[test]
fn a_log_that_is_too_long_ends_with_dots() {
    let long = vec![b'x'; 6144];
    let entry = entry();
    let mut alert = entry.alert();
    alert.previous = vec![&long; 19];
    for format in [Format::Default, Format::Cef, Format::Rfc5424] {
        let text = format.write(&alert, "keep");
        assert!(text.len() == MESSAGE_MAX && text.ends_with("xxx..."), "{format:?}");
    }
    assert!(Format::Splunk.write(&alert, "keep").ends_with("xxx...\""));
    assert!(Format::Json.write(&alert, "keep").ends_with("{\"crit\":10,\"id\":5712,\"truncated\":true}"));
}
