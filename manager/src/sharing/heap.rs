//! What was read, merged and counted, in bounded memory.

use super::hit::{Hit, Key, LeftOut};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

/// How much is taken at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Lines that are told, merged ones counting once.
    pub lines: usize,
    /// Different sources.
    pub sources: usize,
    /// Packets that are alike become one line.
    pub merges: bool,
}

/// Packets of one round.
#[derive(Clone, Debug)]
pub struct Heap {
    limits: Limits,
    hits: Vec<Hit>,
    known: HashMap<Key, usize>,
    sources: HashSet<IpAddr>,
    /// Lines that were read.
    pub lines: u64,
    /// Lines that are left out, by reason.
    pub left_out: BTreeMap<LeftOut, u64>,
}

impl Heap {
    /// An empty one.
    pub fn new(limits: Limits) -> Self {
        let (hits, known, sources) = Default::default();
        Self { limits, hits, known, sources, lines: 0, left_out: BTreeMap::new() }
    }

    /// Whether the next line may be more than fits.
    pub fn is_full(&self) -> bool {
        self.hits.len() >= self.limits.lines || self.sources.len() >= self.limits.sources
    }

    /// Takes what a line tells.
    pub fn take(&mut self, read: Result<Hit, LeftOut>) {
        self.lines += 1;
        let hit = match read {
            Ok(hit) => hit,
            Err(why) => {
                *self.left_out.entry(why).or_default() += 1;
                return;
            }
        };
        self.sources.insert(hit.key.src);
        let same = self.known.get(&hit.key).and_then(|at| self.hits.get_mut(*at));
        match same.filter(|_| self.limits.merges) {
            Some(same) => merge(same, hit),
            None => {
                self.known.insert(hit.key, self.hits.len());
                self.hits.push(hit);
            }
        }
    }

    /// Lines that are told of.
    pub fn told(&self) -> u64 {
        self.lines - self.left_out.values().sum::<u64>()
    }

    /// What is told, in the order of the first line of each.
    pub fn hits(&self) -> &[Hit] {
        &self.hits
    }
}

/// The count grows, the time becomes the latest (ossec2dshield 1.3).
fn merge(same: &mut Hit, hit: Hit) {
    same.count = same.count.saturating_add(hit.count);
    if hit.time >= same.time {
        let count = same.count;
        *same = Hit { count, ..hit };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sharing::hit::{Reader, Scope};
    use jiff::tz::TimeZone;

    const ALL: Limits = Limits { lines: 100, sources: 100, merges: true };

    fn heap(limits: Limits, lines: &[(&str, &str)]) -> Heap {
        let scope = Scope::default();
        let mut reader = Reader::new(&scope, 0, TimeZone::UTC, &[], 0);
        let mut heap = Heap::new(limits);
        for (clock, ends) in lines {
            let line = format!("2011 Jul 12 {clock} gw->x DROP TCP {ends}");
            if !heap.is_full() {
                heap.take(reader.read(line.as_bytes()));
            }
        }
        heap
    }

    #[test]
    fn packets_that_are_alike_are_counted_and_the_time_is_the_latest() {
        let same = "33.1.1.1:4000->12.34.56.78:22";
        let other = "33.1.1.1:4001->12.34.56.78:22";
        let lines = [("10:00:02", same), ("10:00:01", other), ("10:00:09", same), ("10:00:03", same)];
        let heap = heap(ALL, &lines);
        let counts: Vec<_> =
            heap.hits().iter().map(|hit| (hit.key.sport, hit.count, hit.time % 60)).collect();
        assert_eq!(counts, [(Some(4000), 3, 9), (Some(4001), 1, 1)]);
        assert_eq!((heap.lines, heap.told()), (4, 4));
        let single = super::tests::heap(Limits { merges: false, ..ALL }, &lines);
        assert_eq!(single.hits().len(), 4);
    }

    #[test]
    fn no_more_is_taken_than_fits() {
        let lines: Vec<_> = (0..20).map(|n| format!("33.1.1.{n}:1->12.34.56.78:22")).collect();
        let lines: Vec<_> = lines.iter().map(|line| ("10:00:00", line.as_str())).collect();
        assert_eq!(heap(Limits { lines: 7, ..ALL }, &lines).lines, 7);
        assert_eq!(heap(Limits { sources: 5, ..ALL }, &lines).lines, 5);
    }
}
