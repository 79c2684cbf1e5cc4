//! Equal refused packets are one record.

use super::*;
use crate::limits::{RECORD_MAX, TEXT_MAX};
use crate::packet::merged::{MERGED, Merged, Target};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::format;

const FORMAT: Format = Format::Packets { window_ms: 10_000 };

/// A line as a syslog daemon writes it for the kernel.
fn line(prefix: &str, src: u8, sport: u16, dport: u16) -> String {
    format!(
        "Nov 21 23:07:59 gw kernel: {prefix}IN=wan OUT= MAC=5e:7a:3e:7a:27:7f:4a:8e:4a:bf:6a:67:08:00 SRC=192.0.2.{src} \
         DST=198.51.100.1 LEN=44 TOS=00 PREC=0x00 TTL=58 ID={} PROTO=TCP SPT={sport} DPT={dport} SEQ=3170061740 \
         ACK=0 WINDOW=1024 SYN URGP=0 MARK=0x0",
        dport ^ 40159
    )
}

fn drop_of(src: u8, dport: u16) -> String {
    line("WAN DROP ", src, 40_000, dport)
}

/// What records say, in packets by source and target.
fn counted(seen: &[Seen]) -> BTreeMap<(String, u16), u32> {
    let mut counts = BTreeMap::new();
    for record in seen {
        let text = record.text.as_bytes();
        let merged = Merged::read(text).filter(|_| record.queue & MERGED != 0);
        let packet = crate::packet::read(merged.map_or(text, |merged| merged.line));
        let Some(packet) = packet else { continue };
        let src = format!("{:?}", packet.src);
        let mut count = |target, times| match target {
            Target::Port(port) => *counts.entry((src.clone(), port)).or_default() += times,
            other => panic!("{other:?}"),
        };
        match merged {
            Some(merged) => {
                assert_eq!(merged.packets, merged.parts().map(|(_, times)| times).sum::<u32>());
                merged.parts().for_each(|(target, times)| count(target, times));
            }
            None => count(Target::of(&packet), 1),
        }
    }
    counts
}

#[test]
fn a_scan_of_a_thousand_ports_with_retries_is_one_line_in_a_hundred() {
    // As nmap 7.93 sends them: a thousand ports, each twice, over 21 seconds.
    let mut bench = Bench::new(FORMAT);
    let ports: Vec<u16> = (0..1000_u32).map(|n| (n * 7919 % 49_000 + 1) as u16).collect();
    let mut lines = 0;
    for batch in ports.chunks(100) {
        for (sport, port) in [62_239, 62_241].into_iter().flat_map(|s| batch.iter().map(move |p| (s, p))) {
            bench.now = bench.now.plus(10);
            bench.tick();
            bench.push(line("WAN DROP ", 7, sport, *port).as_bytes(), 0);
            lines += 1;
        }
    }
    bench.finish();
    assert_eq!(lines, 2000);
    assert!(bench.seen.len() * 100 <= lines, "{} records of {lines} lines", bench.seen.len());
    assert!(bench.seen.iter().all(|seen| seen.text.len() <= TEXT_MAX && seen.queue == b'1' | MERGED));
    assert!(bench.seen.iter().all(|seen| seen.text.contains(" from other ports: ")));
    let counts = counted(&bench.seen);
    assert_eq!((counts.len(), counts.values().sum()), (1000, 2000));
}

#[test]
fn the_first_line_stays_as_it_is_and_the_others_are_counted_behind_it() {
    let mut bench = Bench::new(FORMAT);
    for port in [22, 23, 2, 22, 223, 22] {
        assert_eq!(bench.push(drop_of(7, port).as_bytes(), 0), 0);
        bench.now = bench.now.plus(1500);
    }
    bench.finish();
    let [seen] = &bench.seen[..] else { panic!("{:?}", bench.seen) };
    assert_eq!(seen.text, drop_of(7, 22) + " [merged 6 packets in 7 s: 22x3 23 2 223]");
    assert_eq!((seen.queue, seen.at), (b'1' | MERGED, 0));
}

#[test]
fn one_packet_and_what_is_no_refused_packet_stay_what_they_are() {
    let accepted = line("ACCEPT ", 7, 40_000, 22);
    let unknown = line("", 7, 40_000, 22);
    let partly = "kernel: DROP IN=wan SRC=192.0.2.7 DST=198.51.100.1 PROTO=TCP SPT=1";
    let forged = "sshd[1]: x [merged 9 packets in 1 s: 22x9]";
    let others = [&accepted, &accepted, &unknown, &unknown, partly, partly, forged];
    let mut bench = Bench::new(FORMAT);
    assert_eq!(bench.push(drop_of(7, 22).as_bytes(), 0), 0);
    for other in others {
        assert_eq!(bench.push(other.as_bytes(), 0), 1);
    }
    bench.finish();
    assert!(bench.seen.iter().all(|seen| seen.queue == b'1'));
    let mut expected = others.map(String::from).to_vec();
    expected.push(drop_of(7, 22));
    assert_eq!(bench.texts(), expected);
}

#[test]
fn packets_are_equal_only_in_all_that_counts() {
    let first = drop_of(7, 22);
    let differ = [
        ("WAN DROP ", "LAN DROP "),
        ("WAN DROP ", "WAN REJECT "),
        ("IN=wan", "IN=lan"),
        ("OUT=", "OUT=lan"),
        ("SRC=192.0.2.7", "SRC=192.0.2.8"),
        ("DST=198.51.100.1", "DST=198.51.100.2"),
        ("PROTO=TCP", "PROTO=UDP"),
        ("SYN", "ACK"),
        (" gw ", " gw2 "),
    ];
    for (from, to) in differ {
        let seen = records(FORMAT, &[&first, &first.replacen(from, to, 1)]);
        assert!(seen.len() == 2 && seen.iter().all(|seen| seen.queue == b'1'), "{to}");
    }
    for (from, to) in [("ID=", "ID=1"), ("TTL=58", "TTL=9"), ("DPT=22", "DPT=23"), ("SPT=40000", "SPT=1")] {
        assert_eq!(records(FORMAT, &[&first, &first.replacen(from, to, 1)]).len(), 1, "{to}");
    }
}

#[test]
fn a_line_cannot_pretend_to_be_several_packets() {
    let forged = drop_of(7, 22) + " [merged 900 packets in 1 s: 1x450 2x450]";
    let seen = records(FORMAT, &[&forged]);
    assert_eq!((seen[0].text.as_str(), seen[0].queue), (forged.as_str(), b'1'));
    let seen = records(FORMAT, &[&forged, &forged]);
    let merged = Merged::read(seen[0].text.as_bytes()).expect("merged");
    assert_eq!((merged.line, merged.packets), (forged.as_bytes(), 2));
    assert_eq!(merged.parts().collect::<Vec<_>>(), [(Target::Port(22), 2)]);
}

#[test]
fn a_record_goes_when_its_time_is_over() {
    let mut bench = Bench::new(FORMAT);
    bench.push(drop_of(7, 22).as_bytes(), 0);
    assert_eq!(bench.assembler.deadline(), Some(Millis(11_000)));
    bench.now = Millis(10_999);
    bench.push(drop_of(7, 23).as_bytes(), 0);
    bench.tick();
    assert!(bench.seen.is_empty());
    bench.now = Millis(11_000);
    bench.push(drop_of(7, 24).as_bytes(), 0);
    assert!(bench.texts()[0].ends_with("[merged 2 packets in 9 s: 22 23]"));
    bench.now = Millis(21_000);
    bench.tick();
    assert_eq!(bench.texts(), [drop_of(7, 24)]);
}

#[test]
fn the_one_that_is_silent_longest_makes_room() {
    let mut bench = Bench::new(FORMAT);
    for src in 0..OPEN_RECORDS_MAX as u8 {
        bench.push(drop_of(src, 22).as_bytes(), 0);
    }
    bench.push(drop_of(0, 23).as_bytes(), 0);
    assert!(bench.seen.is_empty());
    assert_eq!(bench.push(drop_of(99, 22).as_bytes(), 0), 1);
    assert_eq!(bench.texts(), [drop_of(1, 22)]);
}

#[test]
fn protocols_without_ports_are_merged_too() {
    let icmp = |kind: u8| {
        format!(
            "kernel: DROP IN=a SRC=192.0.2.7 DST=198.51.100.1 LEN=84 PROTO=ICMP TYPE={kind} CODE=0 ID=1 SEQ=1"
        )
    };
    let gre = "kernel: DROP IN=a SRC=192.0.2.7 DST=198.51.100.1 LEN=84 PROTO=47";
    let seen = records(FORMAT, &[&icmp(8), gre, &icmp(8), &icmp(13), gre]);
    let ends: Vec<_> = seen.iter().map(|seen| seen.text.split_once(" [").map(|(_, end)| end)).collect();
    assert_eq!(ends, [Some("merged 3 packets in 0 s: 8/0x2 13/0]"), Some("merged 2 packets in 0 s: -x2]")]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_packet_is_counted_once_wherever_the_source_is_left(
        packets in prop::collection::vec((0u8..12, 1u16..2000, 0u8..3), 0..500),
        stop in 0usize..500,
    ) {
        let text = |(src, port, kind): &(u8, u16, u8)| match kind {
            0 => drop_of(*src, *port % 9 + 1),
            1 => drop_of(7, *port),
            _ => line("ACCEPT ", *src, 1, *port),
        };
        let lines: Vec<String> = packets.iter().map(text).collect();
        let mut expected = BTreeMap::new();
        for line in &lines {
            let packet = crate::packet::read(line.as_bytes()).expect("a packet");
            let key = (format!("{:?}", packet.src), packet.dport.expect("a port"));
            *expected.entry(key).or_default() += 1;
        }
        let lines = super::resume::placed(&lines);
        let taken = super::resume::taken_up(FORMAT, &lines, stop.min(lines.len()));
        prop_assert!(taken.iter().all(|seen| seen.text.len() < RECORD_MAX));
        prop_assert_eq!(counted(&taken), expected);
    }
}
