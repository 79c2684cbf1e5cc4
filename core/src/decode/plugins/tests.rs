extern crate std;

use super::*;
use crate::event::{Category, Field, Known, Moment, Origin};
use crate::record::Value;
use std::string::String;
use std::vec::Vec;

/// Runs a plug-in on a log behind a header of some bytes, as in real life.
fn with<R>(plugin: Plugin, log: &[u8], look: impl FnOnce(&Event<'_>) -> R) -> R {
    let text = [b"header: ", log].concat();
    let origin = Origin { location: b"192.0.2.9", local_host: b"keep", now: Moment::default() };
    let mut known = Known::default();
    let mut event = Event::new(&text, origin, &mut known);
    event.log = Span::new(8, text.len());
    event.category = Category::Firewall;
    run(plugin, &mut event, &Reading::default());
    look(&event)
}

/// The fields that a plug-in sets, by label.
fn fields(plugin: Plugin, log: &str) -> Vec<(&'static str, String)> {
    with(plugin, log.as_bytes(), |event| {
        let set = Field::ALL.into_iter().filter_map(|field| Some((field, event.field(field)?)));
        set.map(|(field, value)| (field.label(), String::from_utf8_lossy(value).into_owned())).collect()
    })
}

fn expect(plugin: Plugin, log: &str, expected: &[(&str, &str)]) {
    let found = fields(plugin, log);
    let found: Vec<(&str, &str)> = found.iter().map(|(label, value)| (*label, value.as_str())).collect();
    assert_eq!(found, expected, "{log}");
}

#[test]
fn names_and_numbers_go_together() {
    for (number, name) in Plugin::NAMES.into_iter().enumerate() {
        let plugin = Plugin::from_name(name).expect("a known name");
        assert_eq!(plugin as usize, number);
        assert_eq!(Plugin::from_u8(number as u8), Some(plugin));
        assert_eq!(Plugin::from_row(number as u8 + 1), Some(plugin));
    }
    assert_eq!(Plugin::from_u8(Plugin::NAMES.len() as u8), None);
    assert_eq!(Plugin::from_row(0), None);
    assert_eq!(Plugin::from_name("pf_decoder"), None);
}

const PF: &str =
    "Mar 30 15:54:22.171929 rule 3/(match) pass out on xl0: 192.168.2.10.1514 > 192.168.2.190.1030:  udp 73";

#[test]
fn pf_gives_action_both_ends_and_protocol() {
    expect(
        Plugin::Pf,
        PF,
        &[
            ("srcip", "192.168.2.10"),
            ("dstip", "192.168.2.190"),
            ("srcport", "1514"),
            ("dstport", "1030"),
            ("proto", "UDP"),
            ("action", "pass"),
        ],
    );
    expect(
        Plugin::Pf,
        "rule 4/(match) block in on lo0: 192.0.2.1 > 192.0.2.2: icmp: echo",
        &[("srcip", "192.0.2.1"), ("dstip", "192.0.2.2"), ("proto", "ICMP"), ("action", "block")],
    );
    let tcp = fields(Plugin::Pf, "(match) block in on lo0: 1.1.1.1.2 > 1.1.1.1.3: S 13");
    assert!(tcp.contains(&("proto", "TCP".into())));
}

#[test]
fn pf_keeps_what_it_found_before_a_step_failed() {
    expect(Plugin::Pf, "rule 4/(match)pass in", &[]);
    expect(Plugin::Pf, "rule 4/(match) scrub in", &[]);
    expect(Plugin::Pf, "(match) pass in on lo0", &[("action", "pass")]);
    expect(Plugin::Pf, "(match) pass in on lo0: 1.1.1.1.2", &[("action", "pass")]);
    let source = [("srcip", "1.1.1.1"), ("srcport", "2"), ("action", "pass")];
    expect(Plugin::Pf, "(match) pass in on lo0: 1.1.1.1.2 < 1.1.1.1.3: S", &source);
    expect(Plugin::Pf, "(match) pass in on lo0: 1.1.1.1.2 > 1.1.1.1.3", &source);
    let no_protocol = fields(Plugin::Pf, "(match) pass in on lo0: 1.1.1.1.2 > 1.1.1.1.3:  ");
    assert!(!no_protocol.iter().any(|(label, _)| *label == "proto"));
}

const SYMANTEC: &str =
    "20070717,73614,1=5,11=1.2.3.4,1106=News,60=http://news.bbc.co.uk/,10=userX,1000=212.58.240.42,2=27";

#[test]
fn symantec_items_are_found_by_number() {
    expect(
        Plugin::SymantecWs,
        SYMANTEC,
        &[("srcip", "1.2.3.4"), ("dstuser", "userX"), ("id", "2=27"), ("url", "http://news.bbc.co.uk/")],
    );
}

#[test]
fn symantec_ids_are_nine_bytes_of_text() {
    expect(Plugin::SymantecWs, "20070717,30044,1=3,3=1,2=302,10=a", &[("dstuser", "a"), ("id", "3=1,2=302")]);
    expect(Plugin::SymantecWs, "x,3=7,2=3,10=bob", &[("id", "3=7,2=3,1")]);
}

#[test]
fn symantec_takes_the_first_of_equal_items_and_cuts_long_ones() {
    expect(Plugin::SymantecWs, "x,10=a,10=b,2=1,2=2", &[("dstuser", "a"), ("id", "2=1,2=2")]);
    expect(Plugin::SymantecWs, "10=a,10=,11=", &[("srcip", ""), ("dstuser", "")]);
    expect(Plugin::SymantecWs, "10=a", &[]);
    let long = std::format!("x,10={},11=1.1.1.1", "u".repeat(300));
    expect(Plugin::SymantecWs, &long, &[("srcip", "1.1.1.1"), ("dstuser", &"u".repeat(128))]);
}

const SONIC: &str = "id=firewall sn=00 fw=1.1.1.1 pri=6 c=262144 m=98 msg=\"Opened\" n=2 src=2.2.2.2:36701:WAN dst=1.1.1.1:50000:WAN proto=tcp/50000";

fn category(log: &str) -> Category {
    with(Plugin::SonicWall, log.as_bytes(), |event| event.category)
}

#[test]
fn sonicwall_gives_both_ends_and_the_meaning_of_its_message() {
    let ends = [
        ("srcip", "2.2.2.2"),
        ("dstip", "1.1.1.1"),
        ("srcport", "36701"),
        ("dstport", "50000"),
        ("proto", "tcp"),
    ];
    expect(
        Plugin::SonicWall,
        SONIC,
        &[&ends[..], &[("action", "pass"), ("id", "98"), ("status", "6")]].concat(),
    );
    assert_eq!(category(SONIC), Category::Firewall);
    for (message, expected, action) in [
        ("c=32 m=98", Category::Ids, None),
        ("c=64 m=36", Category::Firewall, Some("drop")),
        ("c=64 m=174", Category::Firewall, Some("drop")),
        ("c=64 m=537", Category::Firewall, Some("close")),
        ("c=64 m=598", Category::Firewall, Some("pass")),
        ("c=64 m=97", Category::Squid, None),
        ("c=64 m=99", Category::Syslog, None),
    ] {
        let log = SONIC.replace("c=262144 m=98", message);
        assert_eq!(category(&log), expected, "{message}");
        let found = fields(Plugin::SonicWall, &log).into_iter().find(|(label, _)| *label == "action");
        assert_eq!(found.map(|(_, value)| value), action.map(String::from), "{message}");
    }
}

#[test]
fn sonicwall_patterns_match_in_either_case_at_the_first_place_that_fits() {
    let log = "pri=12 c=1 m=2 PRI=3 C=4 M=5 src=1.1.1:1:x src=1.2.3.4:5:SRC=9.9.9.9:8: DST=6.7.8.9:10:";
    expect(
        Plugin::SonicWall,
        log,
        &[
            ("srcip", "1.2.3.4"),
            ("dstip", "6.7.8.9"),
            ("srcport", "5"),
            ("dstport", "10"),
            ("id", "5"),
            ("status", "3"),
        ],
    );
}

#[test]
fn sonicwall_without_addresses_stays_syslog() {
    expect(Plugin::SonicWall, "pri=6 c=32 m=98 msg", &[("id", "98"), ("status", "6")]);
    assert_eq!(category("pri=6 c=32 m=98 msg"), Category::Syslog);
    expect(Plugin::SonicWall, "c=32 m=98 src=1.1.1.1:1:x dst=1.1.1.1:1:", &[]);
    // A word has to stand behind the source's port.
    expect(Plugin::SonicWall, "pri=6 c=1 m=8 src=1.1.1.1:1: dst=1.1.1.1:1:", &[("id", "8"), ("status", "6")]);
}

#[test]
fn sonicwall_protocols_end_at_a_slash_or_after_six_bytes() {
    let protocol = |end: &str| {
        let log = std::format!("pri=6 c=1 m=2 src=1.1.1.1:1:x dst=1.1.1.1:1:{end}");
        fields(Plugin::SonicWall, &log).into_iter().find(|(label, _)| *label == "proto").map(|(_, v)| v)
    };
    assert_eq!(protocol("WAN proto=udp/dns"), Some("udp".into()));
    assert_eq!(protocol(" proto=tcp"), Some("tcp".into()));
    assert_eq!(protocol(" proto=tcp rest"), Some("tcp re".into()));
    assert_eq!(protocol("WAN x proto=tcp"), None);
    assert_eq!(protocol("proto=tcp"), None);
}

const PROXY: &str = "pri=6 c=1024 m=97 n=2 src=2.2.2.2:36701:WAN dst=1.1.1.1:80:WAN proto=tcp/http op=GET result=200 dstname=www.example.org arg=/index.html";

#[test]
fn sonicwall_requests_join_host_and_path() {
    let found = fields(Plugin::SonicWall, PROXY);
    assert!(found.contains(&("url", "www.example.org/index.html".into())));
    assert!(found.contains(&("id", "200".into())));
    let open = std::format!("{PROXY} more");
    let found = fields(Plugin::SonicWall, &open);
    assert!(found.contains(&("id", "97".into())));
    assert!(!found.iter().any(|(label, _)| *label == "url"));
    assert_eq!(category(&open), Category::Squid);
}

const ALERT: &str = "ossec: Alert Level: 3; Rule: 5502 - Logout.; Location: (web1) 10.0.0.1->/var/log/secure; srcip: 10.0.0.2; user: root;  Dec 29 10:00:01 web1 su: x; y";

/// Rule, location, host, full log and log.
type Outcome = (u32, String, String, String, String);

fn outcome(log: &str) -> Option<Outcome> {
    with(Plugin::OssecAlert, log.as_bytes(), |event| {
        assert_eq!(event.category, Category::OssecAlert, "{log}");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let rule = event.forwarded.as_ref()?.rule;
        let origin = (text(event.shown_location()), text(event.hostname()));
        Some((rule, origin.0, origin.1, text(event.full_log()), text(event.log())))
    })
}

#[test]
fn an_alert_of_another_manager_brings_rule_place_and_text() {
    let place = String::from("192.0.2.9|(web1) 10.0.0.1->/var/log/secure");
    let log = String::from("Dec 29 10:00:01 web1 su: x; y");
    assert_eq!(outcome(ALERT), Some((5502, place.clone(), place, log.clone(), log)));
    expect(Plugin::OssecAlert, ALERT, &[("srcip", "10.0.0.2"), ("dstuser", "root")]);
    let bare = outcome("Alert Level: 3; Rule: 7 - x; Location: a;  text").expect("an alert");
    assert_eq!((bare.0, bare.1.as_str(), bare.4.as_str()), (7, "192.0.2.9|a", "text"));
}

#[test]
fn an_alert_leaves_nothing_behind_for_the_next_event() {
    let origin = Origin { location: b"192.0.2.9", local_host: b"keep", now: Moment::default() };
    let mut known = Known::default();
    run(Plugin::OssecAlert, &mut Event::new(ALERT.as_bytes(), origin, &mut known), &Reading::default());
    assert!(known.forwarded.is_some());
    let next = Event::new(b"text", origin, &mut known);
    assert_eq!((next.hostname(), next.full_log()), (&b"keep"[..], &b"text"[..]));
    assert_eq!(next.shown_location(), b"192.0.2.9");
}

#[test]
fn an_alert_that_cannot_be_read_brings_no_rule() {
    for log in [
        "",
        "Alert level: 3; Rule: 7 - x; Location: a;  text",
        "Alert Level: 3; Rule: x - x; Location: a;  text",
        "Alert Level: 3; Rule: 7 - x; Place: a;  text",
        "Alert Level: 3; Rule: 7 - x; Location: a",
        "Alert Level: 3; Rule: 99999999999 - x; Location: a;  text",
    ] {
        assert_eq!(outcome(log), None, "{log}");
    }
}

#[test]
fn long_places_and_texts_of_an_alert_are_cut() {
    let log =
        std::format!("Alert Level: 3; Rule: 7 - x; Location: {};  {}", "a".repeat(400), "t".repeat(5000));
    let (_, place, _, _, text) = outcome(&log).expect("an alert");
    assert_eq!((place.len(), text.len()), (254, 4094));
}

#[test]
fn every_prefix_and_every_changed_byte_is_read_without_harm() {
    for (plugin, sample) in [
        (Plugin::Pf, PF),
        (Plugin::SymantecWs, SYMANTEC),
        (Plugin::SonicWall, SONIC),
        (Plugin::SonicWall, PROXY),
        (Plugin::OssecAlert, ALERT),
    ] {
        let sample = sample.as_bytes();
        let sound = |log: &[u8]| {
            with(plugin, log, |event| {
                for value in Field::ALL.map(|field| event.value(field)) {
                    if let crate::record::Value::Text(span) = value {
                        assert!(span.start >= 8 && span.end() <= event.text.len());
                    }
                }
                assert!(event.log.end() <= event.text.len());
            });
        };
        for end in 0..=sample.len() {
            sound(&sample[..end]);
        }
        for place in 0..sample.len() {
            for byte in b"\0 ,:;./>=pq19\xff" {
                let mut mangled = sample.to_vec();
                mangled[place] = *byte;
                sound(&mangled);
            }
        }
    }
}

#[test]
fn sonicwall_finds_a_match_behind_starts_that_fail() {
    // Repeated starts fill a record; the match stands at the end.
    let ends = "src=1.1.1.1:1:x dst=1.1.1.1:1:";
    for start in ["pri=6 c=1 m=2", "pri=6", "m=2 "] {
        let log = std::format!("{}pri=6 c=64 m=97 {ends}", start.repeat(400));
        assert_eq!(category(&log), Category::Squid, "{start}");
    }
    for start in ["src=1.1.1.1:1:", "src=1.1.1.1:1:x ", "src=1.1.", "src= dst="] {
        let log = std::format!("pri=6 c=64 m=97 {} {ends}", start.repeat(350));
        assert_eq!(category(&log), Category::Squid, "{start}");
    }
    for start in [
        "result=1 dstname=",
        "result=1 dstname=result=1 dstname=result=1 dstname=",
        "result=1 dstname=x arg=",
        "result=1 dstname=x arg=x ",
    ] {
        let log = std::format!("pri=6 c=64 m=97 {ends} {}result=8 dstname=a arg=b", start.repeat(101));
        assert!(fields(Plugin::SonicWall, &log).contains(&("url", "ab".into())), "{start}");
    }
}

const NETFILTER: &str = "kernel: [1.5] [WAN_LOCAL-D-7]IN=eth8 OUT= SRC=2001:0db8:0000:0000:0000:0000:0000:0007 DST=2001:db8::1 LEN=60 PROTO=TCP SPT=40022 DPT=22 WINDOW=1 RES=0x00 ACK SYN URGP=0";

#[test]
fn a_packet_gives_all_that_rules_can_ask_for() {
    expect(
        Plugin::Packet,
        NETFILTER,
        &[
            ("srcip", "2001:db8::7"),
            ("dstip", "2001:db8::1"),
            ("srcport", "40022"),
            ("dstport", "22"),
            ("proto", "TCP"),
            ("action", "DROP"),
            ("id", "WAN_LOCAL-D-7"),
            ("status", "SYN,ACK"),
            ("extra_data", "eth8"),
        ],
    );
    expect(
        Plugin::Packet,
        "IN= OUT=eth0 SRC=192.0.2.7 DST=198.51.100.1 PROTO=250",
        &[("srcip", "192.0.2.7"), ("dstip", "198.51.100.1"), ("proto", "250"), ("action", "UNKNOWN")],
    );
    expect(
        Plugin::Packet,
        "Mar  3 10:09:00 fw4 ipfw: 101 Accept ICMP:8.0 192.0.2.7 198.51.100.1 out via em1",
        &[
            ("srcip", "192.0.2.7"),
            ("dstip", "198.51.100.1"),
            ("proto", "ICMP"),
            ("action", "ALLOW"),
            ("id", "101"),
            ("status", "8/0"),
        ],
    );
}

#[test]
fn parts_of_a_packets_line_are_not_copied() {
    with(Plugin::Packet, NETFILTER.as_bytes(), |event| {
        let is_in_text = |field| matches!(event.value(field), Value::Text(_));
        assert!(is_in_text(Field::Data) && is_in_text(Field::Id));
        assert!(!is_in_text(Field::SrcIp), "written in its one usual form");
    });
}

#[test]
fn what_is_no_packet_is_no_event_of_a_packet_filter() {
    let category = |log: &str| with(Plugin::Packet, log.as_bytes(), |event| event.category);
    assert_eq!(category(NETFILTER), Category::Firewall);
    assert_eq!(category("IN=eth0 OUT= SRC=192.0.2.7 DST=198.5"), Category::Firewall, "cut in the middle");
    assert_eq!(category("eth0: link is up"), Category::Syslog);
}
