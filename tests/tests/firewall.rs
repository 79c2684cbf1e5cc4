//! Lines of packet filters against another engine's answers, field by field.

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
    assert!(unparsed.out.starts_with("1 lines, not understood\n"), "{}", unparsed.out);
    assert!(!unparsed.out.contains('\x1b'), "a terminal obeys nothing of a log");
    let nothing = finish(&mut command(&["firewall", "top", "-"]), b"no packet\n");
    assert_eq!(nothing.code, Some(2));
}
