//! One spool, its disk, and a manager that commits batches and positions
//! together.

use super::std::cell::RefCell;
use super::std::collections::{BTreeMap, VecDeque};
use super::std::rc::Rc;
use super::std::string::{String, ToString};
use super::std::vec::Vec;
use super::std::{format, vec};

use super::super::{Slot, Spool, Storage, Whose};
use crate::limits::BLOCK_SIZE;
use crate::spool::BlockBytes;
use crate::time::Millis;
use crate::wire::SPOOL;
use crate::wire::batch::{Batch, Entries, Entry, Record, Room};

#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    Push { source: u16, len: usize },
    Burst { source: u16, len: usize, times: usize },
    Flush,
    Send { room: usize },
    Commit,
    Acknowledge,
    Break,
    Restart,
    RestartAlone,
    Cut { bytes: usize },
}

/// A disk whose power fails after some bytes.
#[derive(Clone)]
pub(super) struct Disk {
    blocks: Rc<RefCell<Vec<BlockBytes>>>,
    left: Rc<RefCell<Option<usize>>>,
}

#[derive(Debug)]
pub(super) struct NoPower;

impl Storage for Disk {
    type Error = NoPower;

    fn blocks(&self) -> usize {
        self.blocks.borrow().len()
    }

    fn read(&mut self, block: usize, into: &mut BlockBytes) -> Result<(), NoPower> {
        *into = *self.blocks.borrow().get(block).ok_or(NoPower)?;
        if *self.left.borrow() == Some(0) { Err(NoPower) } else { Ok(()) }
    }

    fn write(&mut self, block: usize, from: &BlockBytes) -> Result<(), NoPower> {
        let mut left = self.left.borrow_mut();
        let written = left.unwrap_or(BLOCK_SIZE).min(BLOCK_SIZE);
        self.blocks.borrow_mut()[block][..written].copy_from_slice(&from[..written]);
        *left = left.map(|left| left - written);
        if written < BLOCK_SIZE { Err(NoPower) } else { Ok(()) }
    }
}

pub(super) struct World {
    disk: Disk,
    spool: Spool<Disk, Vec<Slot>>,
    lives: u64,
    /// A manager has said where the spool stands.
    is_connected: bool,
    /// How many records had been pushed when this life began.
    born: usize,
    now: u64,
    /// Source and whether it is surely on disk.
    pushed: Vec<(u16, bool)>,
    /// Batches on their way, then those that are committed and not
    /// acknowledged.
    sent: VecDeque<Vec<u8>>,
    committed: VecDeque<Vec<u8>>,
    position: Option<Vec<u8>>,
    arrived: Vec<usize>,
    lost: BTreeMap<u16, u64>,
}

impl World {
    pub(super) fn new(blocks: usize) -> Self {
        let disk = Disk {
            blocks: Rc::new(RefCell::new(vec![[0; BLOCK_SIZE]; blocks])),
            left: Rc::new(RefCell::new(None)),
        };
        let spool = Spool::open(disk.clone(), vec![Slot::default(); blocks], 77, 1);
        Self {
            disk,
            spool,
            lives: 1,
            is_connected: true,
            born: 0,
            now: 1000,
            pushed: Vec::new(),
            sent: VecDeque::new(),
            committed: VecDeque::new(),
            position: None,
            arrived: Vec::new(),
            lost: BTreeMap::new(),
        }
    }

    pub(super) fn perform(&mut self, operation: Operation) {
        self.now += 7;
        match operation {
            Operation::Push { source, len } => self.push(source, len),
            Operation::Burst { source, len, times } => (0..times).for_each(|_| self.push(source, len)),
            Operation::Flush => {
                self.spool.flush();
                if self.has_power() {
                    self.pushed.iter_mut().skip(self.born).for_each(|(_, is_flushed)| *is_flushed = true);
                }
            }
            Operation::Send { room } => self.send(room),
            Operation::Commit => self.commit(),
            Operation::Acknowledge => self.acknowledge(),
            Operation::Break => self.reconnect(),
            Operation::Restart => {
                self.restart();
                self.reconnect();
            }
            Operation::RestartAlone => self.restart(),
            Operation::Cut { bytes } => *self.disk.left.borrow_mut() = Some(bytes),
        }
        if !self.has_power() {
            self.restart();
        }
    }

    fn has_power(&self) -> bool {
        *self.disk.left.borrow() != Some(0)
    }

    fn push(&mut self, source: u16, len: usize) {
        let mut text = self.pushed.len().to_string().into_bytes();
        text.push(b' ');
        text.resize(text.len() + len, b'x');
        self.pushed.push((source, false));
        let record = Record { source, queue: b'1', age_ms: 0, cut: 0, text: &text };
        self.spool.push(&record, &name(source), Millis(self.now));
    }

    fn send(&mut self, room: usize) {
        if !self.is_connected {
            return;
        }
        let mut memory = vec![0; 9009];
        let mut batch = Batch::new(&mut memory, Room { body: room, positions: 1000 });
        let now = Millis(self.now);
        self.spool.fill(&mut batch, now, &mut |whose| match whose {
            Whose::Index(index) => Some(index),
            Whose::Name(name) => Some(name.strip_prefix("source ").unwrap().parse().unwrap()),
        });
        if !batch.is_empty() {
            self.sent.push_back(batch.body().to_vec());
        }
    }

    /// The manager commits the oldest batch on its way.
    fn commit(&mut self) {
        let Some(body) = self.sent.pop_front() else { return };
        for entry in Entries::new(&body) {
            match entry.unwrap() {
                Entry::Record(record) => self.arrive(&record),
                Entry::Position { source, position } => {
                    assert_eq!(source, SPOOL);
                    self.position = Some(position.to_vec());
                }
                Entry::Lost(lost) => *self.lost.entry(lost.source).or_default() += lost.records,
            }
        }
        self.committed.push_back(self.position.clone().unwrap());
    }

    fn arrive(&mut self, record: &Record<'_>) {
        let text = core::str::from_utf8(record.text).unwrap();
        let number: usize = text.split_once(' ').unwrap().0.parse().unwrap();
        assert_eq!(record.source, self.pushed[number].0, "record {number} has another source's index");
        assert!(self.arrived.last().is_none_or(|last| *last < number), "record {number} is late or double");
        self.arrived.push(number);
    }

    fn acknowledge(&mut self) {
        if let Some(position) = self.committed.pop_front() {
            self.spool.acknowledged(&position);
        }
    }

    /// All that is on its way is gone.
    fn reconnect(&mut self) {
        self.sent.clear();
        self.committed.clear();
        self.is_connected = true;
        self.spool.rewind(self.position.as_deref());
    }

    fn restart(&mut self) {
        *self.disk.left.borrow_mut() = None;
        self.lives += 1;
        self.born = self.pushed.len();
        let slots = vec![Slot::default(); self.disk.blocks()];
        self.spool = Spool::open(self.disk.clone(), slots, 77 + self.lives, self.lives);
        self.sent.clear();
        self.committed.clear();
        self.is_connected = false;
    }

    /// The connection breaks once more, then all goes well.
    pub(super) fn drain(&mut self) {
        *self.disk.left.borrow_mut() = None;
        self.reconnect();
        let rounds = (0..1000).take_while(|_| {
            self.send(9000);
            self.commit();
            self.acknowledge();
            !self.spool.is_sent()
        });
        assert!(rounds.count() < 1000, "the spool is stuck");
    }

    /// Nothing was restarted: the numbers are exact, also for each source
    /// unless the spool itself was charged.
    pub(super) fn check_all_are_accounted_for(&self) {
        let lost: u64 = self.lost.values().sum();
        assert_eq!(self.arrived.len() as u64 + lost, self.pushed.len() as u64);
        for (source, lost) in self.lost.iter().filter(|(source, _)| **source != SPOOL) {
            let missing = self.missing().filter(|number| self.pushed[*number].0 == *source).count() as u64;
            assert!(*lost <= missing, "source {source}: {lost} lost, {missing} missing");
        }
    }

    /// What was flushed has arrived or is counted; nothing is counted that
    /// has arrived.
    pub(super) fn check_flushed_are_accounted_for(&self) {
        let lost: u64 = self.lost.values().sum();
        let missing = self.missing().count() as u64;
        let flushed = self.missing().filter(|number| self.pushed[*number].1).count() as u64;
        assert!(flushed <= lost && lost <= missing, "{flushed} flushed of {missing} missing, {lost} lost");
    }

    fn missing(&self) -> impl Iterator<Item = usize> {
        let mut arrived = self.arrived.iter().peekable();
        (0..self.pushed.len()).filter(move |number| arrived.next_if_eq(&number).is_none())
    }

    pub(super) fn lost(&self, source: u16) -> u64 {
        self.lost.get(&source).copied().unwrap_or_default()
    }

    pub(super) fn order_of_arrival(&self) -> &[usize] {
        &self.arrived
    }
}

fn name(source: u16) -> String {
    format!("source {source}")
}
