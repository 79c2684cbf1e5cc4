//! DShield and its like: what is sent, and that each line is sent once.

mod command;
mod daemon;
mod kills;
mod services;
mod simulation;

use bartizan_tests::smtp_server::Received;
use std::collections::BTreeMap;

/// A line of firewall.log: packet number `n`, which no other one is like.
fn line(n: u64) -> String {
    format!(
        "2026 Nov 21 07:{:02}:{:02} (gw) 1.2.3.4->/var/log/kern.log DROP TCP 33.44.{}.{}:{}->12.34.56.78:22\n",
        n / 60 % 60,
        n % 60,
        n / 250 % 250,
        n % 250,
        1024 + n % 60_000
    )
}

/// What a mail says of each packet: source and port, with its count.
fn counts(bodies: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for body in bodies {
        let lines = body.lines().skip_while(|line| !line.is_empty()).skip(1).map(str::to_owned);
        for line in lines.filter(|line| !line.is_empty()) {
            let fields: Vec<_> = line.split('\t').collect();
            assert!((8..=9).contains(&fields.len()), "{line}");
            let count: u64 = fields[2].parse().expect("a count");
            *counts.entry(format!("{}:{}", fields[3], fields[4])).or_default() += count;
        }
    }
    counts
}

/// The same of lines of firewall.log.
fn wanted(lines: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in lines {
        let ends = line.split(' ').find(|word| word.contains("->12.34")).expect("two ends");
        *counts.entry(ends.split("->").next().expect("a source").to_owned()).or_default() += 1;
    }
    counts
}

/// Mails as a mailbox shows them: each `Message-ID` once.
///
/// # Panics
/// If two of one are not the same.
fn once(mails: &[Received]) -> Vec<Received> {
    let mut all: BTreeMap<String, Received> = BTreeMap::new();
    for mail in mails {
        let first = all.entry(mail.message_id()).or_insert_with(|| mail.clone());
        assert_eq!(first.bytes, mail.bytes, "a repetition is the same mail");
    }
    all.into_values().collect()
}

fn text(mail: &Received) -> String {
    String::from_utf8_lossy(&mail.bytes).into_owned()
}
