//! Counts over many packets, in bounded memory.

use bartizan_core::packet::{self, Action, Format, Packet};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::net::IpAddr;

/// Different values that are counted one by one; the rest is counted together.
const KEYS_MAX: usize = 500_000;

/// Different ports or addresses of one source that are told apart.
const SPREAD_MAX: usize = 1024;

/// How often each value came.
#[derive(Clone, Debug)]
pub struct Count<K> {
    each: HashMap<K, u64>,
    others: u64,
}

impl<K> Default for Count<K> {
    fn default() -> Self {
        Self { each: HashMap::new(), others: 0 }
    }
}

impl<K: Hash + Eq + Ord + Clone> Count<K> {
    fn add(&mut self, key: K, times: u64) {
        let is_full = self.each.len() >= KEYS_MAX;
        match self.each.get_mut(&key) {
            Some(count) => *count += times,
            None if !is_full => drop(self.each.insert(key, times)),
            None => self.others += times,
        }
    }

    /// The values that came most often, most of all first; equal ones in their
    /// own order.
    pub fn top(&self, most: usize) -> Vec<(K, u64)> {
        let mut all: Vec<_> = self.each.iter().map(|(key, count)| (key.clone(), *count)).collect();
        all.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        all.truncate(most);
        all
    }

    /// How many different values there are.
    pub fn different(&self) -> usize {
        self.each.len()
    }

    /// Packets whose values are not told apart any more.
    pub fn others(&self) -> u64 {
        self.others
    }
}

/// What one source did.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Packets.
    pub packets: u64,
    /// Different ports that it tried, up to a thousand.
    pub ports: BTreeSet<u16>,
    /// Different targets that it tried, up to a thousand.
    pub targets: BTreeSet<IpAddr>,
}

/// Counts of all lines, and of the packets that are asked for.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Packets of all actions are counted, not only those that did not get through.
    all_actions: bool,
    /// Lines.
    pub lines: u64,
    /// Lines that are no packet filter's.
    pub other: u64,
    /// Lines of which a part was not understood.
    pub partly: u64,
    /// Lines by format.
    pub formats: BTreeMap<Format, u64>,
    /// Packets by action.
    pub actions: BTreeMap<Action, u64>,
    /// Packets by protocol.
    pub protocols: Count<String>,
    /// Packets by port of the target.
    pub ports: Count<(String, u16)>,
    /// Packets by target.
    pub targets: Count<IpAddr>,
    /// Packets by rule.
    pub rules: Count<String>,
    /// Packets by the interface that they came in by.
    pub interfaces: Count<String>,
    /// Packets by device.
    pub devices: Count<String>,
    sources: HashMap<IpAddr, Source>,
    /// Packets of sources that are not told apart any more.
    pub other_sources: u64,
}

impl Tally {
    /// Counts of packets that did not get through, or of all.
    pub fn new(all_actions: bool) -> Self {
        Self { all_actions, ..Self::default() }
    }

    /// Counts a line, whatever it is.
    pub fn line(&mut self, line: &[u8]) {
        match packet::read(line) {
            Some(packet) => self.packet(&packet),
            None => {
                self.lines += 1;
                self.other += 1;
            }
        }
    }

    /// Counts a line's packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        self.lines += 1;
        self.partly += u64::from(!packet.is_whole());
        *self.formats.entry(packet.format).or_default() += 1;
        let times = u64::from(packet.count.unwrap_or(1).max(1));
        *self.actions.entry(packet.action).or_default() += times;
        // Most kernels do not say what they did: what is logged is refused mostly.
        if self.all_actions || !matches!(packet.action, Action::Allow | Action::Closed) {
            self.details(packet, times);
        }
    }

    fn details(&mut self, packet: &Packet<'_>, times: u64) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let protocol = packet.protocol.map_or_else(
            || "?".to_owned(),
            |protocol| protocol.name().map_or_else(|| format!("{protocol:?}"), text),
        );
        if let Some(port) = packet.dport {
            self.ports.add((protocol.clone(), port), times);
        }
        self.protocols.add(protocol, times);
        if let Some(target) = packet.dst {
            self.targets.add(target, times);
        }
        let texts = [
            (packet.rule, &mut self.rules),
            (packet.in_interface, &mut self.interfaces),
            (packet.device, &mut self.devices),
        ];
        for (value, count) in texts {
            if let Some(value) = value {
                count.add(text(value), times);
            }
        }
        self.source(packet, times);
    }

    fn source(&mut self, packet: &Packet<'_>, times: u64) {
        let Some(address) = packet.src else { return };
        if self.sources.len() >= KEYS_MAX && !self.sources.contains_key(&address) {
            self.other_sources += times;
            return;
        }
        let source = self.sources.entry(address).or_default();
        source.packets += times;
        if let Some(port) = packet.dport.filter(|_| source.ports.len() < SPREAD_MAX) {
            source.ports.insert(port);
        }
        if let Some(target) = packet.dst.filter(|_| source.targets.len() < SPREAD_MAX) {
            source.targets.insert(target);
        }
    }

    /// The sources with the most packets.
    pub fn top_sources(&self, most: usize) -> Vec<(IpAddr, &Source)> {
        let mut all: Vec<_> = self.sources.iter().map(|(address, source)| (*address, source)).collect();
        all.sort_by(|one, other| other.1.packets.cmp(&one.1.packets).then(one.0.cmp(&other.0)));
        all.truncate(most);
        all
    }

    /// How many different sources there are.
    pub fn different_sources(&self) -> usize {
        self.sources.len()
    }

    /// Lines of packet filters.
    pub fn packets(&self) -> u64 {
        self.lines - self.other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::packet;

    fn line(number: u32, action: &str) -> String {
        format!(
            "kernel: {action} IN=eth0 OUT= SRC=192.0.2.{} DST=198.51.100.1 PROTO=TCP SPT=4000 DPT={}",
            number % 2,
            number % 4
        )
    }

    #[test]
    fn packets_that_got_through_are_counted_when_asked_for() {
        for (all, expected) in [(false, 6), (true, 8)] {
            let mut tally = Tally::new(all);
            for number in 0..8 {
                let line = line(number, if number < 2 { "ACCEPT" } else { "DROP" });
                tally.packet(&packet::read(line.as_bytes()).expect("a packet"));
            }
            tally.line(b"no packet");
            assert_eq!((tally.lines, tally.other, tally.packets()), (9, 1, 8));
            assert_eq!(tally.actions[&Action::Allow], 2);
            let sources = tally.top_sources(5);
            let packets: u64 = sources.iter().map(|(_, source)| source.packets).sum();
            assert_eq!((packets, sources.len()), (expected, 2));
            assert_eq!(sources[0].1.ports.len(), 2);
            assert_eq!(tally.ports.top(1)[0].1, 2);
        }
    }

    #[test]
    fn memory_is_bounded_however_many_values_there_are() {
        let mut count = Count::default();
        (0..KEYS_MAX + 10).for_each(|key| count.add(key, 1));
        assert_eq!((count.different(), count.others()), (KEYS_MAX, 10));
        let mut tally = Tally::new(false);
        for port in 0..3000 {
            let line = format!("kernel: DROP IN=a SRC=192.0.2.1 DST=198.51.100.1 PROTO=TCP SPT=1 DPT={port}");
            tally.packet(&packet::read(line.as_bytes()).expect("a packet"));
        }
        assert_eq!(tally.top_sources(1)[0].1.ports.len(), SPREAD_MAX);
    }
}
