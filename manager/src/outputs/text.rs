//! Alerts, archives and packet-filter events as lines of text.
//!
//! The layouts are OSSEC 4.3's, to the byte: people's tools read them. Alerts
//! of Wazuh's rules name the dynamic fields behind the log, as Wazuh 4.14 does.

use crate::alert::Alert;
use crate::engine::session::firewall_word;
use bartizan_core::event::Field;
use bartizan_core::packet::merged::Target;
use std::io::Write;

/// Bytes of a log that an alert shows.
const LOG_SHOWN: usize = 1256;

/// Appends an alert as `alerts.log` has it, with the empty line behind it.
pub fn write_alert(out: &mut Vec<u8>, alert: &Alert<'_>) {
    let Some(rule) = &alert.rule else { return };
    out.extend_from_slice(b"** Alert ");
    write_number(out, alert.id.epoch);
    out.push(b'.');
    write_number(out, alert.id.ticket);
    out.extend_from_slice(if rule.mail { b": mail  - " } else { b": - " });
    out.extend_from_slice(rule.groups);
    out.push(b'\n');
    alert.time.write(out);
    out.push(b' ');
    write_origin(out, alert);
    out.extend_from_slice(b"\nRule: ");
    write_number(out, rule.id);
    out.extend_from_slice(b" (level ");
    write_number(out, rule.level);
    out.extend_from_slice(b") -> '");
    out.extend_from_slice(&alert.description());
    out.extend_from_slice(b"'\n");
    for (label, field) in LABELS {
        if let Some(value) = alert.field(field) {
            out.extend_from_slice(label);
            write_line(out, value);
        }
    }
    let shown = if rule.wazuh { usize::MAX } else { LOG_SHOWN };
    let write_log = |out: &mut Vec<u8>, text: &[u8]| write_line(out, text.get(..shown).unwrap_or(text));
    write_log(out, alert.log);
    if rule.wazuh {
        write_dynamic(out, alert);
    }
    alert.previous.iter().for_each(|text| write_log(out, text));
    out.push(b'\n');
}

/// Wazuh: the dynamic fields, one a line.
fn write_dynamic(out: &mut Vec<u8>, alert: &Alert<'_>) {
    for (name, value) in alert.dynamic.iter().filter(|(_, value)| !value.is_empty()) {
        write_line(out, &[name, &b": "[..], value].concat());
    }
}

/// Appends a text as one line. What a text has of lines is glued, as OSSEC 4.3
/// has it: else the output of a command could look like another alert.
fn write_line(out: &mut Vec<u8>, text: &[u8]) {
    let mut from = 0;
    for end in memchr::memchr_iter(b'\n', text) {
        out.extend_from_slice(&text[from..end]);
        from = end + 1;
    }
    out.extend_from_slice(&text[from..]);
    out.push(b'\n');
}

/// Labels of fields, in the order in which they are written.
pub(crate) const LABELS: [(&[u8], Field); 7] = [
    (b"Src IP: ", Field::SrcIp),
    (b"Src Location: ", Field::SrcGeo),
    (b"Src Port: ", Field::SrcPort),
    (b"Dst IP: ", Field::DstIp),
    (b"Dst Location: ", Field::DstGeo),
    (b"Dst Port: ", Field::DstPort),
    (b"User: ", Field::DstUser),
];

/// `host->location`, or the location alone where it names the agent.
pub fn write_origin(out: &mut Vec<u8>, alert: &Alert<'_>) {
    if !alert.is_from_agent() {
        out.extend_from_slice(alert.hostname);
        out.extend_from_slice(b"->");
    }
    out.extend_from_slice(alert.location);
}

/// Appends a line of `archives.log`. Signs of life are left out.
pub fn write_archive(out: &mut Vec<u8>, alert: &Alert<'_>) {
    let location = alert.location;
    if location == b"ossec-keepalive" || location.ends_with(b"->ossec-keepalive") {
        return;
    }
    alert.time.write(out);
    out.push(b' ');
    write_origin(out, alert);
    out.push(b' ');
    write_line(out, alert.log);
}

/// Appends a line of `firewall.log`, if all is known that it needs: for
/// several packets in one record a line for each port that they went to.
///
/// How many they are stands at the end of the origin, ` [3 packets]`, since
/// that is free text and tools read the rest from the end. An origin that ends
/// so by itself cannot pretend to be many: one packet then says so, too.
pub fn write_firewall(out: &mut Vec<u8>, alert: &Alert<'_>) {
    let Some(merged) = alert.merged else {
        let port = |field| alert.field(field).unwrap_or(b"0");
        return write_packets(out, alert, 1, port(Field::SrcPort), port(Field::DstPort));
    };
    // Which of them came from the port of the first is not known.
    let known = alert.field(Field::SrcPort).filter(|_| !merged.has_other_ports);
    for (target, count) in merged.parts() {
        let port = match target {
            Target::Port(port) => port.to_string(),
            Target::Icmp(..) | Target::Whole => "0".to_owned(),
        };
        write_packets(out, alert, count, known.unwrap_or(b"0"), port.as_bytes());
    }
}

fn write_packets(out: &mut Vec<u8>, alert: &Alert<'_>, count: u32, sport: &[u8], dport: &[u8]) {
    let field = |field| alert.field(field);
    let all = (field(Field::Action), field(Field::Protocol), field(Field::SrcIp), field(Field::DstIp));
    let (Some(action), Some(protocol), Some(src), Some(dst)) = all else { return };
    alert.time.write(out);
    out.push(b' ');
    write_origin(out, alert);
    if count > 1 || out.ends_with(b"]") {
        // Writing to memory does not fail.
        let _ = write!(out, " [{count} packets]");
    }
    let parts: [&[u8]; 12] =
        [b" ", firewall_word(action), b" ", protocol, b" ", src, b":", sport, b"->", dst, b":", dport];
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out.push(b'\n');
}

/// Appends an alert in the administrator's own layout
/// (`custom_alert_output`): tokens are replaced, in OSSEC 4.3's order.
pub fn write_custom(out: &mut Vec<u8>, format: &str, alert: &Alert<'_>) {
    let Some(rule) = &alert.rule else { return };
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes.get(..1023).unwrap_or(bytes)).into_owned();
    let field = |field| alert.field(field).map_or_else(|| "None".to_owned(), lossy);
    let log = String::from_utf8_lossy(alert.log).replace(['\n', '\r'], "\\n");
    let values = [
        ("$TIMESTAMP", alert.id.epoch.to_string()),
        ("$FTELL", alert.id.ticket.to_string()),
        ("$RULEALERT", if rule.mail { "mail ".to_owned() } else { String::new() }),
        ("$HOSTNAME", lossy(alert.hostname)),
        ("$LOCATION", lossy(alert.location)),
        ("$RULEID", rule.id.to_string()),
        ("$RULELEVEL", rule.level.to_string()),
        ("$SRCIP", field(Field::SrcIp)),
        ("$DSTUSER", field(Field::DstUser)),
        ("$FULLLOG", log),
        ("$RULECOMMENT", lossy(&alert.description())),
        ("$RULEGROUP", lossy(rule.groups)),
    ];
    out.extend_from_slice(replace_tokens(format, &values).as_bytes());
    out.push(b'\n');
}

/// Replaces tokens of the format in one pass, so that a token in a value
/// (which an attacker may have put into a log) stays what it is.
fn replace_tokens(format: &str, values: &[(&str, String)]) -> String {
    let mut out = String::new();
    let mut rest = format;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        rest = &rest[dollar..];
        match values.iter().find(|(token, _)| rest.starts_with(token)) {
            Some((token, value)) => {
                out.push_str(value);
                rest = &rest[token.len()..];
            }
            None => {
                out.push('$');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

/// Appends a number in decimal.
pub fn write_number(out: &mut Vec<u8>, number: impl core::fmt::Display) {
    // Writing to memory does not fail.
    let _ = write!(out, "{number}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::packet::{self, merged::Merged};

    #[test]
    fn a_log_of_several_lines_cannot_look_like_another_alert() {
        let log = b"ossec: output: 'x':\n\n** Alert 1.1: - x,\nUser: root";
        let rule = Some(crate::alert::Rule::default());
        let alert = Alert { rule, log, previous: vec![b"a\nb"], ..Alert::default() };
        let mut out = Vec::new();
        write_alert(&mut out, &alert);
        let shown = String::from_utf8_lossy(&out);
        assert!(shown.ends_with("\nossec: output: 'x':** Alert 1.1: - x,User: root\nab\n\n"), "{shown}");
    }

    /// An alert about what a packet filter said, and its line of `firewall.log`.
    fn firewall_lines(location: &[u8], merged: Option<&str>) -> Vec<String> {
        let mut fields = [None; Field::COUNT];
        let values = [
            (Field::Action, "DROP"),
            (Field::Protocol, "TCP"),
            (Field::SrcIp, "192.0.2.7"),
            (Field::DstIp, "198.51.100.1"),
            (Field::SrcPort, "40000"),
            (Field::DstPort, "22"),
        ];
        values.iter().for_each(|(field, value)| fields[*field as usize] = Some(value.as_bytes()));
        let merged = merged.map(|text| Merged::read(text.as_bytes()).expect("merged"));
        let alert = Alert { fields, location, hostname: b"gw", merged, ..Alert::default() };
        let mut out = Vec::new();
        write_firewall(&mut out, &alert);
        let text = String::from_utf8(out).expect("text");
        text.lines().map(|line| line.split_once("gw->").expect("an origin").1.to_owned()).collect()
    }

    #[test]
    fn several_packets_are_a_line_for_each_port_with_their_number() {
        let merged = " [merged 6 packets in 9 s: 22x3 23 80x2]";
        let expected = [
            "/var/log/fw [3 packets] DROP TCP 192.0.2.7:40000->198.51.100.1:22",
            "/var/log/fw DROP TCP 192.0.2.7:40000->198.51.100.1:23",
            "/var/log/fw [2 packets] DROP TCP 192.0.2.7:40000->198.51.100.1:80",
        ];
        assert_eq!(firewall_lines(b"/var/log/fw", Some(merged)), expected);
        let merged = " [merged 2 packets in 0 s from other ports: 22x2]";
        let expected = ["/var/log/fw [2 packets] DROP TCP 192.0.2.7:0->198.51.100.1:22"];
        assert_eq!(firewall_lines(b"/var/log/fw", Some(merged)), expected);
    }

    #[test]
    fn an_origin_that_ends_like_a_number_of_packets_is_still_one_packet() {
        let lines = firewall_lines(b"/var/log/fw [9 packets]", None);
        assert_eq!(lines, ["/var/log/fw [9 packets] [1 packets] DROP TCP 192.0.2.7:40000->198.51.100.1:22"]);
        let line = format!("2026 Nov 21 23:00:00 gw->{}", lines[0]);
        assert_eq!(packet::read(line.as_bytes()).and_then(|packet| packet.count), Some(1));
    }

    #[test]
    fn a_token_inside_a_value_stays_what_it_is() {
        let values = [("$LOG", "$USER $LOG".to_owned()), ("$USER", "root".to_owned())];
        assert_eq!(replace_tokens("$USER: $LOG $5", &values), "root: $USER $LOG $5");
    }
}
