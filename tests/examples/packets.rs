//! How many lines of iptables a second core reads: one core, lines that
//! differ, the best of five runs. Prints a JSON object.

use bartizan_core::packet;
use std::hint::black_box;
use std::time::Instant;

const LINES: usize = 200_000;
const RUNS: usize = 5;

fn main() {
    let lines: Vec<String> = (0..LINES).map(line).collect();
    let best = (0..RUNS).map(|_| seconds(&lines)).fold(f64::INFINITY, f64::min);
    let bytes: usize = lines.iter().map(String::len).sum();
    println!(
        "{{\"lines_per_second\": {:.0}, \"bytes_per_line\": {}, \"lines\": {LINES}}}",
        LINES as f64 / best,
        bytes / LINES
    );
}

fn line(number: usize) -> String {
    let (a, b, port) = (number / 256 % 256, number % 256, number % 60_000 + 1024);
    format!(
        "Nov 21 07:29:50 gateway kernel: [50028442.088484] DROP wan in: IN=eth0 OUT= \
         MAC=00:08:a2:0c:1f:12:00:c8:8b:e2:d6:87:08:00 SRC=203.0.{a}.{b} DST=198.51.100.1 LEN=40 TOS=0x00 \
         PREC=0x00 TTL=245 ID={number} PROTO=TCP SPT={port} DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0"
    )
}

fn seconds(lines: &[String]) -> f64 {
    let begin = Instant::now();
    for line in lines {
        let packet = black_box(packet::read(black_box(line.as_bytes())));
        assert!(packet.is_some_and(|packet| packet.is_whole()));
    }
    begin.elapsed().as_secs_f64()
}
