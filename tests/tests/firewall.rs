//! Lines of packet filters: against another engine's answers, field by field,
//! and through the built-in rules.

use bartizan::diagnose::{Diagnostics, Sources};
use bartizan::engine::session::{EngineOptions, Lent, Session};
use bartizan::ruleset::{self, RulesFrom};
use bartizan_core::event::{Category, Event, Field, Known, Moment, Origin};
use bartizan_core::packet::{self, Action, Packet};
use bartizan_tests::corpus;
use bartizan_tests::process::{command, finish};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Which of the engine's names hold what we compare.
const SOURCE: &[&str] = &["src_ip", "source_ip"];
const TARGET: &[&str] = &["dst_ip"];
const SOURCE_PORT: &[&str] = &["src_port"];
const TARGET_PORT: &[&str] = &["dst_port"];
const PROTOCOL: &[&str] = &["proto", "ip4_proto", "ip6_proto"];
const IN: &[&str] = &["int_eth", "if_in"];
const OUT: &[&str] = &["if_out"];

/// What is expected of each line, by its number: the fields of the stage that
/// knows the maker.
fn expected(folder: &Path) -> BTreeMap<usize, BTreeMap<String, String>> {
    let text = fs::read_to_string(folder.join("parser.assert")).expect("the answers");
    let mut lines: BTreeMap<usize, BTreeMap<String, String>> = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("results[\"s01-parse\"]")) {
        let Some((place, rest)) = line.split_once("].Evt.Parsed[\"") else { continue };
        // The program of the same machine that is no packet filter.
        if place.contains("sshd-logs") {
            continue;
        }
        let number = place.rsplit('[').next().and_then(|number| number.parse().ok()).expect("a number");
        let (key, value) = rest.split_once("\"] == \"").expect("a comparison");
        let value = value.strip_suffix('"').expect("a text");
        lines.entry(number).or_default().entry(key.to_owned()).or_insert_with(|| value.to_owned());
    }
    lines
}

/// The value under the first of the names.
fn value<'e>(fields: &'e BTreeMap<String, String>, names: &[&str]) -> Option<&'e str> {
    names.iter().find_map(|name| fields.get(*name)).map(String::as_str).filter(|value| !value.is_empty())
}

fn text(bytes: Option<&[u8]>) -> Option<String> {
    bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// What differs between a packet and what is expected of it.
fn differences(packet: &Packet<'_>, fields: &BTreeMap<String, String>) -> Vec<String> {
    let port = |port: Option<u16>| port.map(|port| port.to_string());
    let address = |address: Option<std::net::IpAddr>| address.map(|address| address.to_string());
    let protocol = packet.protocol.and_then(|protocol| text(protocol.name()));
    let found = [
        ("source", address(packet.src), SOURCE),
        ("target", address(packet.dst), TARGET),
        ("source port", port(packet.sport), SOURCE_PORT),
        ("target port", port(packet.dport), TARGET_PORT),
        ("protocol", protocol, PROTOCOL),
        ("interface", text(packet.in_interface), IN),
        ("interface", text(packet.out_interface), OUT),
    ];
    let mut wrong = Vec::new();
    for (what, found, names) in found {
        let expected = value(fields, names).filter(|value| *value != "(unknown 0)");
        if let Some(expected) = expected
            && !found.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(expected))
        {
            wrong.push(format!("{what}: {found:?} in place of {expected}"));
        }
    }
    if let Some(interface) = fields.get("iface") {
        let found = if fields.get("direction").is_some_and(|to| to == "out") {
            packet.out_interface
        } else {
            packet.in_interface
        };
        if text(found).as_ref() != Some(interface) {
            wrong.push(format!("interface: {found:?} in place of {interface}"));
        }
    }
    let action = match fields.get("action").map(String::as_str) {
        Some("block" | "D") => Some(Action::Drop),
        Some("pass" | "A") => Some(Action::Allow),
        _ => None,
    };
    if action.is_some_and(|action| action != packet.action) {
        wrong.push(format!("action: {:?} in place of {action:?}", packet.action));
    }
    wrong
}

#[test]
fn packets_are_what_another_engine_says_they_are() {
    let Some(corpus) = corpus() else { return };
    let mut compared = 0;
    for name in ["iptables-logs", "mikrotik-logs", "pf-logs", "unifi-logs"] {
        let folder = corpus.join("firewall").join(name);
        let log = fs::read_to_string(folder.join(format!("{name}.log"))).expect("the lines");
        let lines: Vec<_> = log.lines().filter(|line| !line.is_empty()).collect();
        for (number, fields) in expected(&folder).iter().filter(|(_, fields)| fields.contains_key("dst_ip")) {
            let line = lines[*number];
            let packet = packet::read(line.as_bytes()).unwrap_or_else(|| panic!("no packet: {line}"));
            assert_eq!(differences(&packet, fields), Vec::<String>::new(), "{line}");
            assert!(packet.is_whole(), "{line}");
            compared += 1;
        }
    }
    assert!(compared >= 20, "only {compared} lines were compared");
}

#[test]
fn a_packet_filters_line_is_never_lost_however_it_is_damaged() {
    let Some(corpus) = corpus() else { return };
    let mut read = 0;
    for name in ["iptables-logs", "mikrotik-logs", "pf-logs", "unifi-logs"] {
        let log =
            fs::read(corpus.join("firewall").join(name).join(format!("{name}.log"))).expect("the lines");
        for line in log.split(|byte| *byte == b'\n') {
            (0..line.len()).for_each(|end| read += usize::from(packet::read(&line[..end]).is_some()));
            let mut damaged = line.to_vec();
            for at in 0..line.len() {
                for flip in 1..=255_u8 {
                    damaged[at] = line[at] ^ flip;
                    read += usize::from(packet::read(&damaged).is_some());
                }
                damaged[at] = line[at];
            }
        }
    }
    assert!(read > 100_000, "a byte that is wrong makes no line unreadable: {read}");
}

#[test]
fn the_command_tells_who_knocks_and_what_it_does_not_understand() {
    let folder = bartizan_tests::Folder::new("firewall");
    let line = |port: u32| {
        format!(
            "Nov 21 07:29:50 gw kernel: DROP IN=eth0 SRC=192.0.2.7 DST=198.51.100.1 PROTO=TCP SPT=4 DPT={port}\n"
        )
    };
    let mut log: String = (20..25).map(line).collect();
    log += "Nov 21 07:29:51 gw myfw: denied 192.0.2.8:1 to 198.51.100.1:22 \x1b[2J\n";
    let path = folder.write("kern.log", &log);
    let path = path.to_str().expect("a name");
    let top = finish(&mut command(&["firewall", "top", path]), b"");
    assert_eq!(top.code, Some(0), "{}", top.err);
    assert!(top.out.contains("5        192.0.2.7  1        5 (20 21 22 23 24)\n"), "{}", top.out);
    let summary = finish(&mut command(&["firewall", "summary", "--json", "-"]), log.as_bytes());
    let summary: serde_json::Value = serde_json::from_str(&summary.out).expect("JSON");
    assert_eq!((&summary["lines"], &summary["packet_lines"]), (&6.into(), &5.into()));
    let unparsed = finish(&mut command(&["firewall", "unparsed", path]), b"");
    assert_eq!(unparsed.code, Some(1));
    assert!(unparsed.out.starts_with("1 line, not understood\n"), "{}", unparsed.out);
    assert!(!unparsed.out.contains('\x1b'), "a terminal obeys nothing of a log");
    let nothing = finish(&mut command(&["firewall", "top", "-"]), b"no packet\n");
    assert_eq!(nothing.code, Some(2));
}

#[test]
fn every_packet_of_the_corpus_is_an_event_of_a_packet_filter_with_its_action() {
    let Some(corpus) = corpus() else { return };
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let loaded = ruleset::load(&RulesFrom::BuiltIn, &mut sources, &mut report).expect("the built-in rules");
    let mut lent = Lent::new(&loaded.ruleset);
    let mut session = Session::new(&loaded.ruleset, &mut lent, &EngineOptions::default()).expect("an engine");
    let mut known = Known::default();
    let mut packets = 0;
    for name in ["iptables-logs", "mikrotik-logs", "pf-logs", "unifi-logs"] {
        let log = fs::read_to_string(corpus.join("firewall").join(name).join(format!("{name}.log")));
        for line in log.expect("the lines").lines() {
            let Some(packet) = packet::read(line.as_bytes()) else { continue };
            let origin = Origin { location: b"log", local_host: b"here", now: Moment::default() };
            let mut event = Event::new(line.as_bytes(), origin, &mut known);
            let verdict = session.judge(&mut event);
            let rule = verdict.rule.and_then(|row| session.court.image.rule(row)).map(|rule| rule.id.get());
            assert_eq!(event.category, Category::Firewall, "{line}");
            assert_eq!(event.field(Field::Action), Some(packet.action.word().as_bytes()), "{line}");
            let named = session.court.image.decoder_name(event.decoder);
            assert_ne!(named, Some(&b"packet"[..]), "a decoder of its own: {line}");
            match packet.action {
                Action::Unknown => assert_eq!(rule, Some(4100), "{line}"),
                Action::Allow => assert_eq!(rule, Some(4103), "{line}"),
                _ => assert!(matches!(rule, Some(4101 | 164_011..=164_108)), "{rule:?}: {line}"),
            }
            packets += 1;
        }
    }
    assert!(packets >= 20, "only {packets} packets");
}

/// Lines of makers, and what stands of them in `firewall.log`.
const WRITTEN: [(&str, &str); 16] = [
    (
        "Jun  8 14:34:33 gw kernel: [1.5] IPTABLES-DROP: IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.1 LEN=40 PROTO=TCP SPT=4500 DPT=23 SYN",
        "gw->LOG DROP TCP 192.0.2.7:4500->198.51.100.1:23",
    ),
    (
        "Jun  8 14:34:33 gw kernel: IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.1 LEN=40 PROTO=ICMP TYPE=8 CODE=0",
        "gw->LOG UNKNOWN ICMP 192.0.2.7:0->198.51.100.1:0",
    ),
    (
        "Jun 13 23:29:15 UDMP UDMP [WAN_LOCAL-A-7] DESCR=\"x\" IN=eth8 OUT= SRC=192.0.2.7 DST=198.51.100.1 LEN=122 PROTO=UDP SPT=38451 DPT=54329",
        "UDMP->LOG ALLOW UDP 192.0.2.7:38451->198.51.100.1:54329",
    ),
    (
        "Sep 28 10:38:24 pf filterlog: 53,,,1,em0,match,block,in,4,0x0,,64,600,0,none,6,tcp,44,192.0.2.7,198.51.100.1,53792,22,0,S,31552001,,65535,,mss",
        "pf->LOG DROP TCP 192.0.2.7:53792->198.51.100.1:22",
    ),
    (
        "Mar 30 15:33:26 fw pf: rule 5/0(match): pass in on em0: 2001:db8::7.40000 > 2001:db8::1.81: UDP, length 20",
        "fw->LOG ALLOW UDP 2001:db8::7:40000->2001:db8::1:81",
    ),
    (
        "2023-03-18T20:36:59.594792+01:00 10.0.0.1 firewall,info drop-tcp input: in:ether1 out:(unknown 0), proto TCP (SYN), 192.0.2.7:59388->198.51.100.1:23, len 40",
        "10.0.0.1->LOG DROP TCP 192.0.2.7:59388->198.51.100.1:23",
    ),
    (
        "Nov 21 07:29:50 fw %ASA-6-302014: Teardown TCP connection 11 for outside:192.0.2.7/443 to inside:198.51.100.1/4000 duration 0:00:30 bytes 0",
        "fw->LOG CLOSED TCP 192.0.2.7:443->198.51.100.1:4000",
    ),
    (
        "Nov 21 07:29:50 pa 1,2021/07/15 11:58:58,1321,TRAFFIC,drop,0,2021/07/15 11:59:02,192.0.2.7,198.51.100.1,,,DENY-ALL,,,x,vsys1,U,T,ethernet1/1,,PAN,2021/07/15 11:59:02,0,1,500,501,0,0,0x0,udp,deny,0",
        "pa->LOG DROP UDP 192.0.2.7:500->198.51.100.1:501",
    ),
    (
        "Nov 21 07:29:50 fgt date=2026-11-21 time=07:29:50 devname=fgt devid=FG1 type=traffic srcip=192.0.2.7 srcport=40022 dstip=198.51.100.1 dstport=22 proto=6 action=accept",
        "fgt->LOG ALLOW TCP 192.0.2.7:40022->198.51.100.1:22",
    ),
    (
        "Nov 21 07:29:50 srx RT_FLOW: RT_FLOW_SESSION_DENY: session denied 192.0.2.7/1080->198.51.100.1/80 protocol-id=\"17\"",
        "srx->LOG DROP UDP 192.0.2.7:1080->198.51.100.1:80",
    ),
    (
        "Nov 21 07:29:50 sw id=firewall sn=C0 time=\"2019\" fw=203.0.113.1 msg=\"UDP packet dropped\" src=192.0.2.7:49702:X0 dst=198.51.100.1:5355:X1 proto=udp/5355",
        "sw->LOG DROP UDP 192.0.2.7:49702->198.51.100.1:5355",
    ),
    (
        "Oct  5 10:52:19 USG6300 %%01POLICY/6/POLICYPERMIT(l):vsys=public, protocol=17, source-ip=192.0.2.7, source-port=2426, destination-ip=198.51.100.1, destination-port=2234, rule-name=All.",
        "USG6300->LOG ALLOW UDP 192.0.2.7:2426->198.51.100.1:2234",
    ),
    (
        "Nov 21 07:29:50 gw CheckPoint 1234 - [action:\"Drop\"; src:\"192.0.2.7\"; dst:\"198.51.100.1\"; proto:\"6\"; s_port:\"40022\"; service:\"22\"]",
        "gw->LOG DROP TCP 192.0.2.7:40022->198.51.100.1:22",
    ),
    (
        "Nov 21 07:29:50 gw CEF:0|Ubiquiti|UniFi Network|9.4.19|201|Firewall|7|act=blocked dpt=22 dst=198.51.100.1 proto=TCP spt=40022 src=192.0.2.7",
        "gw->LOG DROP TCP 192.0.2.7:40022->198.51.100.1:22",
    ),
    (
        "Mar  3 10:09:00 fw4 kernel: ipfw: 100 Deny TCP 192.0.2.7:4500 198.51.100.1:23 in via fxp0",
        "fw4->LOG DROP TCP 192.0.2.7:4500->198.51.100.1:23",
    ),
    (
        "2026 Nov 21 07:29:50 (agent) 192.0.2.1->/var/log/ufw.log CLOSED ICMPv6 2001:db8::7:0->2001:db8::1:0",
        "(agent)->LOG CLOSED ICMPv6 2001:db8::7:0->2001:db8::1:0",
    ),
];

#[test]
fn packets_of_all_makers_stand_in_firewall_log() {
    let folder = bartizan_tests::Folder::new("firewall-log");
    let lines: String = WRITTEN.iter().map(|(line, _)| format!("{line}\n")).collect();
    let log = folder.write("lines", lines);
    let to = folder.join("out").display().to_string();
    let mut analyze = command(&[
        "analyze",
        "--quiet",
        "--workers",
        "1",
        "--time",
        "now",
        "--location",
        "LOG",
        "--write",
        &to,
    ]);
    let finished = finish(analyze.arg(log), b"");
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    let written = fs::read_to_string(folder.join("out/firewall/firewall.log")).expect("it is written");
    // Behind date and time.
    let found: Vec<_> = written.lines().map(|line| line.splitn(5, ' ').nth(4).unwrap_or_default()).collect();
    assert_eq!(found, WRITTEN.map(|(_, expected)| expected));
    for line in written.lines() {
        assert!(packet::read(line.as_bytes()).is_some_and(|packet| packet.is_whole()), "read back: {line}");
    }
}
