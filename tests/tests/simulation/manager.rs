//! A manager: what the daemon does with core, with a ledger for a store.

use crate::network::{End, Network, framed, unsealed};
use crate::random::Random;
use bartizan_core::time::Millis;
use bartizan_core::wire::batch::{Entries, Entry};
use bartizan_core::wire::downlink::{Downlink, Outcome, Received, Slot, Step, Ticket};
use bartizan_core::wire::frame::Frames;
use bartizan_core::wire::message::{TO_AGENT_MAX, Why};
use std::collections::{BTreeMap, VecDeque};

/// What is on the manager's disk.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) positions: BTreeMap<String, Vec<u8>>,
    /// Texts, by the names of their sources.
    pub(crate) records: BTreeMap<String, Vec<String>>,
    /// Records of the spool in the order of their arrival.
    pub(crate) spooled: Vec<usize>,
    pub(crate) lost: u64,
}

/// An entry of a batch, with its source's name as it was when it arrived.
#[derive(Clone, Debug)]
enum Pending {
    Record(String, String),
    Position(String, Vec<u8>),
    Lost(u64),
}

/// A batch on its way to the ledger.
#[derive(Debug)]
struct Job {
    ticket: Ticket,
    entries: Vec<Pending>,
    due: u64,
}

/// One life of a manager.
pub(crate) struct Manager {
    number: usize,
    downlink: Downlink<Vec<Slot>>,
    connections: BTreeMap<usize, Frames<Vec<u8>>>,
    /// The connection that has said something last.
    current: Option<usize>,
    names: BTreeMap<u16, String>,
    jobs: VecDeque<Job>,
    /// It takes everything and commits nothing.
    pub(crate) is_stuck: bool,
    /// The longest that a batch takes to be committed.
    pub(crate) slowness_ms: u64,
}

impl Ledger {
    /// Commits a batch: all of it at once.
    fn commit(&mut self, entries: Vec<Pending>) {
        for entry in entries {
            match entry {
                Pending::Record(name, text) => {
                    if let Some(number) = text.strip_prefix("spooled ") {
                        let number = number.split(' ').next().expect("there is a first word");
                        self.spooled.push(number.parse().expect("a number"));
                    } else {
                        self.records.entry(name).or_default().push(text);
                    }
                }
                Pending::Position(name, position) => drop(self.positions.insert(name, position)),
                Pending::Lost(records) => self.lost += records,
            }
        }
    }
}

impl Manager {
    pub(crate) fn start(number: usize, slowness_ms: u64) -> Self {
        Self {
            number,
            downlink: Downlink::new(vec![Slot::Free; 16]),
            connections: BTreeMap::new(),
            current: None,
            names: BTreeMap::new(),
            jobs: VecDeque::new(),
            is_stuck: false,
            slowness_ms,
        }
    }

    /// Does all that can be done now; when to come again at the latest.
    pub(crate) fn poll(
        &mut self,
        ledger: &mut Ledger,
        network: &mut Network,
        now: u64,
        random: &mut Random,
    ) -> u64 {
        for id in network.accepted(self.number) {
            self.connections.entry(id).or_insert_with(|| Frames::new(vec![0; 64 * 1024 + 2]));
        }
        self.commit(ledger, now);
        let ids: Vec<usize> = self.connections.keys().copied().collect();
        ids.into_iter().for_each(|id| self.serve(id, network, now, random));
        self.answer(ledger, network, now, random);
        let next = match self.downlink.step(Millis(now)) {
            Step::Wait(until) => until.0,
            Step::Disconnect => {
                self.hang_up(network, now, random);
                now + 1
            }
        };
        let due = self.jobs.front().filter(|_| !self.is_stuck).map_or(u64::MAX, |job| job.due);
        next.min(due)
    }

    fn hang_up(&mut self, network: &mut Network, now: u64, random: &mut Random) {
        if let Some(id) = self.current.take() {
            network.close(id, End::Manager, now, random);
            self.connections.remove(&id);
        }
        self.names.clear();
        self.downlink.disconnected();
    }

    fn commit(&mut self, ledger: &mut Ledger, now: u64) {
        while !self.is_stuck && self.jobs.front().is_some_and(|job| job.due <= now) {
            let Some(job) = self.jobs.pop_front() else { return };
            ledger.commit(job.entries);
            self.downlink.settled(job.ticket, Outcome::Committed);
        }
    }

    /// The store fails: nothing that waits will be committed.
    pub(crate) fn drop_jobs(&mut self) {
        for job in self.jobs.drain(..) {
            self.downlink.settled(job.ticket, Outcome::Dropped);
        }
    }

    /// Takes what has arrived on one connection.
    fn serve(&mut self, id: usize, network: &mut Network, now: u64, random: &mut Random) {
        let bytes = network.receive(id, End::Manager);
        let is_closed = network.is_closed(id, End::Manager);
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let Some(frames) = self.connections.get_mut(&id) else { return };
            let space = frames.space();
            let len = space.len().min(rest.len());
            space[..len].copy_from_slice(&rest[..len]);
            rest = &rest[len..];
            frames.filled(len);
            while let Some(frame) = self.next_frame(id) {
                self.take(id, unsealed(&frame), network, now, random);
            }
        }
        if is_closed {
            self.connections.remove(&id);
            if self.current == Some(id) {
                self.hang_up(network, now, random);
            }
        }
    }

    fn next_frame(&mut self, id: usize) -> Option<Vec<u8>> {
        let frames = self.connections.get_mut(&id)?;
        frames.next_frame().expect("the agent sends frames").map(|frame| frame.to_vec())
    }

    fn take(&mut self, id: usize, message: &[u8], network: &mut Network, now: u64, random: &mut Random) {
        if self.current != Some(id) {
            self.replace(id, network, now, random);
        }
        if self.downlink.step(Millis(now)) == Step::Disconnect {
            return self.hang_up(network, now, random);
        }
        let received = self.downlink.receive(message, Millis(now)).expect("the agent keeps to the protocol");
        match received {
            Received::Hello(_) => {
                let mut out = [0; TO_AGENT_MAX];
                let window = 64 * 1024 + random.skewed(1 << 18) as u32;
                let len = self.downlink.welcome("agent", window, now, Millis(now), &mut out);
                network.send(id, End::Manager, framed(&out[..len.expect("there is room")]), now, random);
            }
            Received::Source { index, name } => drop(self.names.insert(index, name.to_owned())),
            Received::Gone { index } => drop(self.names.remove(&index)),
            Received::Batch { ticket, body } => {
                let entries = Entries::new(body).map(|entry| self.resolved(entry.expect("it was checked")));
                let entries = entries.collect();
                let after = self.jobs.back().map_or(now, |job| job.due.max(now));
                let due = after + random.skewed(self.slowness_ms);
                self.jobs.push_back(Job { ticket, entries, due });
            }
            Received::Applied { .. } | Received::Refused { .. } | Received::Nothing => {}
        }
    }

    /// Another connection of the same agent has said something: whichever was
    /// made first, it is the newer one here.
    fn replace(&mut self, id: usize, network: &mut Network, now: u64, random: &mut Random) {
        if let Some(old) = self.current {
            let mut out = [0; TO_AGENT_MAX];
            let len = self.downlink.close(Why::Replaced, &mut out).expect("there is room");
            network.send(old, End::Manager, framed(&out[..len]), now, random);
        }
        self.hang_up(network, now, random);
        self.current = Some(id);
        self.downlink.connected(Millis(now));
    }

    fn resolved(&self, entry: Entry<'_>) -> Pending {
        let name = |index: u16| self.names[&index].clone();
        match entry {
            Entry::Record(record) => {
                Pending::Record(name(record.source), String::from_utf8_lossy(record.text).into_owned())
            }
            Entry::Position { source, position } => Pending::Position(name(source), position.to_vec()),
            Entry::Lost(lost) => Pending::Lost(lost.records),
        }
    }

    /// Says where sources stand, what is committed, and that it is alive.
    fn answer(&mut self, ledger: &Ledger, network: &mut Network, now: u64, random: &mut Random) {
        let Some(id) = self.current else { return };
        let mut out = [0; TO_AGENT_MAX];
        while let Some(index) = self.downlink.wanted() {
            let position = ledger.positions.get(&self.names[&index]).map(Vec::as_slice);
            let len = self.downlink.place(index, position, Millis(now), &mut out).expect("there is room");
            network.send(id, End::Manager, framed(&out[..len]), now, random);
        }
        while let Some(len) = self.downlink.send(Millis(now), b"", &mut out).expect("there is room") {
            network.send(id, End::Manager, framed(&out[..len]), now, random);
        }
    }
}
