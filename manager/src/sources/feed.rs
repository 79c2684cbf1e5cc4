//! From the intake to the engine, until other rules take over.

use super::intake::{Arrived, Door, Intake, Raw, Taken};
use crate::engine::pipeline::{Batch, Feed};
use crate::ledger::{Completed, Promises};
use crate::outputs::clock::LocalClock;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// How long a batch waits for its first line.
const PATIENCE: Duration = Duration::from_millis(200);

/// Feeds the engine with what arrives.
pub struct LiveFeed<T> {
    intake: Intake,
    /// Taken from the intake, not yet fed.
    taken: VecDeque<Arrived>,
    /// Whether the first of them is fed in part.
    is_open: bool,
    promises: Promises,
    clock: LocalClock,
    signals: Signals,
    /// Keeps the intake open until the program is to stop.
    door: Option<Door>,
    others: Receiver<T>,
    other: Option<T>,
}

/// Flags that somebody else sets.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// The program is to stop: sources and guests end, what has arrived is
    /// judged, the feed ends.
    pub stop: Arc<AtomicBool>,
    /// The rules are to be read again.
    pub reload: Arc<AtomicBool>,
}

impl<T> LiveFeed<T> {
    /// What comes from `others` (rules that are to take over) ends the feed,
    /// between two events, until it is taken.
    pub fn new(intake: Intake, promises: Promises, signals: Signals, others: Receiver<T>) -> Self {
        let (clock, door) = (LocalClock::default(), Some(intake.door()));
        Self {
            intake,
            taken: VecDeque::new(),
            is_open: false,
            promises,
            clock,
            signals,
            door,
            others,
            other: None,
        }
    }

    /// Who takes over, if that is why the feed ended.
    pub fn take_other(&mut self) -> Option<T> {
        self.other.take()
    }

    /// Moves what was taken into the batch until it is full; notes what is
    /// complete with it. When a batch that completes something is judged,
    /// nothing is in the files that can come again: it holds whole deliveries
    /// and passages, and lines that come once.
    fn pour(&mut self, batch: &mut Batch) -> Completed {
        let mut completed = Completed::default();
        while !batch.is_full() {
            let Some(mut next) = self.taken.pop_front() else { break };
            let fits = batch.room() >= events(&next);
            if !(fits || completed.is_empty()) {
                self.taken.push_front(next);
                break;
            }
            self.is_open = !self.put(&mut next, batch);
            if self.is_open {
                self.taken.push_front(next);
                break;
            }
            match next {
                Arrived::Line(_) => {}
                Arrived::Passage(passage) => completed.local.push(passage.reached),
                Arrived::Delivery(delivery) => completed.deliveries.push(delivery),
            }
        }
        completed
    }

    /// Puts events into the batch until it is full; true if it took all.
    fn put(&mut self, arrived: &mut Arrived, batch: &mut Batch) -> bool {
        match arrived {
            Arrived::Line(line) => self.push(line, batch),
            Arrived::Delivery(delivery) => return delivery.feed(batch, &mut self.clock),
            Arrived::Passage(passage) => {
                while !batch.is_full() {
                    let Some(line) = passage.lines.pop_front() else { return true };
                    self.push(&line, batch);
                }
                return passage.lines.is_empty();
            }
        }
        true
    }

    fn push(&mut self, line: &Raw, batch: &mut Batch) {
        if !line.bytes.is_empty() {
            batch.push(&line.bytes, &line.location, self.clock.moment(line.time));
            batch.is_merged(line.is_merged);
        }
    }
}

/// How many events it brings at most.
fn events(arrived: &Arrived) -> usize {
    match arrived {
        Arrived::Line(_) => 1,
        Arrived::Passage(passage) => passage.lines.len(),
        Arrived::Delivery(delivery) => delivery.events(),
    }
}

impl<T> Feed for LiveFeed<T> {
    fn fill(&mut self, batch: &mut Batch) -> io::Result<bool> {
        if self.signals.stop.load(Relaxed) && self.door.take().is_some() {
            self.intake.close();
        }
        self.other = self.other.take().or_else(|| self.others.try_recv().ok());
        if self.other.is_some() {
            return Ok(false);
        }
        if self.taken.is_empty() && self.intake.take(&mut self.taken, PATIENCE) == Taken::Over {
            return Ok(false);
        }
        let completed = self.pour(batch);
        // Alerts of lines that come once are committed without waiting for more.
        if !completed.is_empty() || !(self.is_open || batch.is_empty()) {
            batch.ticket = Some(self.promises.completes(completed));
        }
        Ok(true)
    }
}
