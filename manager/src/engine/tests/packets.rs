//! Packets that no decoder fits, and rules that count what differs.

use super::*;

const ROOT: &str = r#"<rule id="2" level="0" noalert="1"><category>firewall</category><description>all</description></rule>
    <rule id="100" level="3"><if_sid>2</if_sid><action>DROP</action><description>drop</description></rule>"#;

/// A dropped packet to a port of a machine, in a second.
fn packet(second: i64, machine: u32, port: u32) -> (i64, String) {
    let ends = format!("SRC=192.0.2.7 DST=198.51.100.{machine} PROTO=TCP SPT=4000 DPT={port}");
    (1000 + second, format!("Nov 21 09:00:00 gw kernel: DROP IN=eth0 OUT= {ends} SYN"))
}

/// The rules that packets to these ports fire, under a rule that counts.
fn fired(inside: &str, ports: &[u32]) -> Vec<Option<u32>> {
    let attributes = "level=\"10\" frequency=\"2\" timeframe=\"100\"";
    let counting = format!("<rule id=\"200\" {attributes}>{inside}<description>many</description></rule>");
    let events: Vec<_> = ports.iter().map(|port| packet(0, 1, *port)).collect();
    ids_of(&format!("{ROOT}{counting}"), &events)
}

#[test]
fn events_that_must_differ_from_each_other_are_not_counted_twice() {
    let (one, many) = (Some(100), Some(200));
    let inside = "<if_matched_sid>100</if_matched_sid><same_source_ip /><distinct_dst_port />";
    assert_eq!(fired(inside, &[1, 2, 3, 4]), [one, one, one, many]);
    assert_eq!(fired(inside, &[1, 2, 2, 1, 3, 2, 3, 4])[..7], [one; 7], "three ports");
    assert_eq!(fired(inside, &[1, 2, 2, 1, 3, 2, 3, 4])[7], many);
    assert_eq!(fired(inside, &[7; 40]), [one; 40], "one port many times");
    assert_eq!(fired(inside, &[1, 2, 3, 1]), [one; 4], "the last one is known already");
    let other = "<if_matched_sid>100</if_matched_sid><same_dst_ip /><distinct_dst_ip />";
    assert_eq!(fired(other, &[1, 2, 3, 4]), [one; 4], "one machine");
}

#[test]
fn ports_of_merged_packets_are_counted_once_each() {
    let inside = "<if_matched_sid>100</if_matched_sid><same_source_ip /><distinct_dst_port />";
    let attributes = "level=\"10\" frequency=\"2\" timeframe=\"100\"";
    let rules = format!("{ROOT}<rule id=\"200\" {attributes}>{inside}<description>many</description></rule>");
    let merged = |port: u32, parts: &str| {
        let (second, text) = packet(0, 1, port);
        (second, format!("{MERGED}{text} [merged 60 packets in 3 s: {parts}]"))
    };
    let (one, many) = (Some(100), Some(200));
    assert_eq!(ids_of(&rules, &[merged(1, "1x57 2 3 4")]), [many], "at once");
    let again = [merged(1, "1x58 2 3"), merged(2, "2 1 3x58"), packet(0, 1, 3), packet(0, 1, 4)];
    assert_eq!(ids_of(&rules, &again), [one, one, one, many]);
    assert_eq!(ids_of(&rules, &[merged(1, "1x59 2"), merged(3, "3x59 4")]), [one, many]);
}

#[test]
fn a_rule_cannot_ask_for_more_different_values_than_are_kept() {
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let rule = "<group name=\"a,\"><rule id=\"2\" level=\"0\"><category>firewall</category></rule>\
                <rule id=\"200\" level=\"3\" frequency=\"32\"><if_matched_sid>2</if_matched_sid>\
                <distinct_dst_ip /></rule></group>";
    let id = sources.add("rules", rule);
    let rules = vec![xml::read(&Syntax::OSSEC, &sources, id, &mut report)];
    let files = Files { rules, ..Files::default() };
    assert!(compile::compile(&files, &compile::Settings::default(), &mut report).is_none());
    assert!(report.render(&sources, Colour::None).contains("`frequency` may be 31 at most"));
}

#[test]
fn a_packet_that_no_decoder_fits_is_an_event_of_a_packet_filter_unless_switched_off() {
    let answer = |packet_events: bool| {
        let settings = Settings { packet_events, ..Settings::default() };
        let ruleset = ruleset(ROOT, settings);
        ids(&answers(&ruleset, &EngineOptions::default(), &[packet(0, 1, 22)]))[0]
    };
    assert_eq!((answer(true), answer(false)), (Some(100), None));
    let told = |text: &str| ids_of(ROOT, &[(0, text.to_owned())])[0];
    assert_eq!(told("IN=eth0 SRC=192.0.2.7 DST=198.51.100.1 DROP"), None, "no protocol");
    assert_eq!(told("who=SRC= ip=DST= id=7 DROP IN= SRC=192.0.2.7 DST=192.0.2.8 PROTO=TCP"), None, "decoded");
}

#[test]
fn what_a_decoder_of_packets_does_not_find_is_read_from_the_line() {
    let decoder = r#"<decoder name="half"><type>firewall</type><prematch>^half </prematch>
        <regex>SRC=(\S+) </regex><order>srcip</order></decoder>"#;
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let mut read = |name: &str, text: &str| {
        let id = sources.add(name, text);
        xml::read(&Syntax::OSSEC, &sources, id, &mut report)
    };
    let rules = format!("<group name=\"a,\">{ROOT}</group>");
    let files = Files {
        decoders: vec![read("decoders", decoder)],
        rules: vec![read("rules", &rules)],
        lists: vec![],
    };
    let compiled = compile::compile(&files, &compile::Settings::default(), &mut report).expect("it compiles");
    let line = "half DROP IN=eth0 SRC=2001:0db8::7 DST=2001:db8::1 PROTO=TCP SPT=1 DPT=2";
    for (packet_events, expected) in [(true, Some(100)), (false, None)] {
        let settings = Settings { packet_events, ..Settings::default() };
        let ruleset = Ruleset::new(compiled.image.clone(), Vec::new(), settings).expect("a sound image");
        let mut lent = Lent::new(&ruleset);
        let mut session = Session::new(&ruleset, &mut lent, &EngineOptions::default()).expect("an engine");
        let mut known = Known::default();
        let origin = Origin { location: b"log", local_host: b"keep", now: Moment::default() };
        let mut event = Event::new(line.as_bytes(), origin, &mut known);
        let verdict = session.judge(&mut event);
        let rule = verdict.rule.and_then(|row| session.court.image.rule(row)).map(|rule| rule.id.get());
        assert_eq!(rule, expected);
        assert_eq!(event.field(Field::SrcIp), Some(&b"2001:0db8::7"[..]), "what was found stays");
        assert_eq!(event.field(Field::DstIp).is_some(), packet_events);
    }
}
