//! Names of addresses, asked in the background.
//!
//! Each address is asked once, by a few threads at a time, and all of it ends
//! at a deadline: an address whose answer has not come keeps itself as name.

use super::{Role, Triples};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Addresses that are asked at once.
const THREADS: usize = 32;

/// Addresses of one graph that are asked, the busiest first.
const ASKED_MAX: usize = 500;

/// Puts names beside the addresses of the busiest sources: `host (address)`.
/// Ends after `patience` at the latest.
pub fn resolve(triples: &mut Triples, patience: Duration) {
    resolve_by(triples, patience, |address| dns_lookup::lookup_addr(&address).ok());
}

fn resolve_by(
    triples: &mut Triples,
    patience: Duration,
    ask: impl Fn(IpAddr) -> Option<String> + Send + Sync + 'static,
) {
    let names = ask_all(busiest(triples), patience, ask);
    for triple in &mut triples.list {
        let source = &mut triple.names[Role::Source as usize];
        let name = source.as_ref().and_then(|text| names.get(&text.parse().ok()?));
        if let (Some(source), Some(name)) = (source.as_mut(), name) {
            *source = format!("{name} ({source})");
        }
    }
    triples.list.sort_unstable_by(|a, b| a.names.cmp(&b.names));
}

/// Addresses by their alerts.
fn busiest(triples: &Triples) -> Vec<IpAddr> {
    let mut counts: BTreeMap<IpAddr, u64> = BTreeMap::new();
    for triple in &triples.list {
        if let Ok(address) = triple.name(Role::Source).parse() {
            *counts.entry(address).or_default() += triple.alerts;
        }
    }
    let mut ranked: Vec<_> = counts.into_iter().collect();
    ranked.sort_by_key(|(_, alerts)| std::cmp::Reverse(*alerts));
    ranked.into_iter().map(|(address, _)| address).take(ASKED_MAX).collect()
}

fn ask_all(
    mut addresses: Vec<IpAddr>,
    patience: Duration,
    ask: impl Fn(IpAddr) -> Option<String> + Send + Sync + 'static,
) -> BTreeMap<IpAddr, String> {
    let deadline = Instant::now() + patience;
    addresses.reverse();
    let mut open: BTreeSet<IpAddr> = addresses.iter().copied().collect();
    let (waiting, ask) = (Arc::new(Mutex::new(addresses)), Arc::new(ask));
    let (tell, answers) = mpsc::channel();
    for _ in 0..THREADS.min(open.len()) {
        let (waiting, ask, tell) = (Arc::clone(&waiting), Arc::clone(&ask), tell.clone());
        // One that waits for a silent server ends with the process.
        thread::spawn(move || {
            while let Some(address) = waiting.lock().ok().and_then(|mut waiting| waiting.pop()) {
                if Instant::now() >= deadline || tell.send((address, ask(address))).is_err() {
                    return;
                }
            }
        });
    }
    drop(tell);
    let mut names = BTreeMap::new();
    while !open.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok((address, name)) = answers.recv_timeout(left) else { break };
        open.remove(&address);
        if let Some(name) = name.filter(|name| name.parse::<IpAddr>().is_err()) {
            names.insert(address, name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Triple;

    fn triples(addresses: &[&str]) -> Triples {
        let triple = |address: &&str| Triple {
            names: [Some((*address).to_owned()), Some("event".to_owned()), None],
            alerts: 1,
            level: 5,
            group: String::new(),
        };
        Triples { list: addresses.iter().map(triple).collect(), alerts: addresses.len() as u64 }
    }

    #[test]
    fn an_address_that_is_not_answered_in_time_keeps_its_name() {
        let mut triples = triples(&["192.0.2.1", "192.0.2.2", "root"]);
        let (hold, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        resolve_by(&mut triples, Duration::from_millis(300), move |address| {
            if address.to_string() == "192.0.2.2" {
                let _ = held.lock().expect("nobody panics").recv();
            }
            Some("host.example".to_owned())
        });
        drop(hold);
        let names: Vec<_> = triples.list.iter().map(|triple| triple.name(Role::Source)).collect();
        assert_eq!(names, ["192.0.2.2", "host.example (192.0.2.1)", "root"]);
    }
}
