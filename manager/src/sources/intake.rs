//! What has arrived and waits to be judged: one queue for all sources.
//!
//! Lines of this machine wait at the door while [`LINES_MAX`] are inside, so
//! that a file is simply not read further. What agents deliver has been let
//! in by the listener, which bounds its bytes, and never waits here. The feed
//! takes all there is in one go: one lock for hundreds of lines.

use crate::agents::delivery::Delivery;
use crate::ledger::Reached;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Lines of this machine that may wait.
pub const LINES_MAX: usize = 4096;

/// A line on its way to the engine.
#[derive(Debug)]
pub struct Raw {
    /// Where it comes from, as alerts show it.
    pub location: Arc<[u8]>,
    /// The line.
    pub bytes: Vec<u8>,
    /// It was [merged](bartizan_core::packet::merged).
    pub is_merged: bool,
    /// Seconds since 1970.
    pub time: i64,
}

/// Lines of a source that is read from a position: they count as read all
/// together or not at all.
#[derive(Debug)]
pub struct Passage {
    /// The lines, in order.
    pub lines: VecDeque<Raw>,
    /// How far the source is behind them.
    pub reached: Reached,
}

/// Something that has arrived.
#[derive(Debug)]
pub enum Arrived {
    /// A line of this machine.
    Line(Raw),
    /// Lines of one source of this machine, and how far it is with them.
    Passage(Passage),
    /// A batch of an agent.
    Delivery(Delivery),
}

#[derive(Debug, Default)]
struct Inside {
    waiting: VecDeque<Arrived>,
    /// Lines among them.
    lines: usize,
    /// Doors that are open, those for guests apart.
    doors: usize,
    /// Whether guests are turned away.
    closing: bool,
}

#[derive(Debug, Default)]
struct Room {
    inside: Mutex<Inside>,
    arrived: Condvar,
    taken: Condvar,
}

impl Room {
    fn enter(&self) -> MutexGuard<'_, Inside> {
        // A panic elsewhere leaves nothing half done in here.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The side that takes.
#[derive(Debug, Default)]
pub struct Intake {
    room: Arc<Room>,
}

/// The side that gives.
#[derive(Debug)]
pub struct Door {
    room: Arc<Room>,
    is_guest: bool,
}

/// How taking ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Something was taken.
    Some,
    /// Nothing came in time.
    Nothing,
    /// Nothing can come any more.
    Over,
}

impl Intake {
    /// A further way in; the intake ends when the last one is dropped.
    pub fn door(&self) -> Door {
        self.room.enter().doors += 1;
        Door { room: Arc::clone(&self.room), is_guest: false }
    }

    /// A way in that does not keep the intake from ending: for connections,
    /// which never end by themselves.
    pub fn guest_door(&self) -> Door {
        Door { room: Arc::clone(&self.room), is_guest: true }
    }

    /// Turns guests away from now on. What they bring is dropped, and so is
    /// never acknowledged.
    pub fn close(&self) {
        self.room.enter().closing = true;
    }

    /// Takes all that waits, or waits for the first as long as `patience`.
    /// `into` should be empty; its memory is used again.
    pub fn take(&self, into: &mut VecDeque<Arrived>, patience: Duration) -> Taken {
        let until = Instant::now() + patience;
        let mut inside = self.room.enter();
        while inside.waiting.is_empty() {
            if inside.doors == 0 {
                return Taken::Over;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Taken::Nothing;
            }
            let waited = self.room.arrived.wait_timeout(inside, left);
            inside = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::swap(&mut inside.waiting, into);
        inside.lines = 0;
        self.room.taken.notify_all();
        Taken::Some
    }
}

impl Door {
    /// Gives a line; waits while too many are inside.
    pub fn line(&self, line: Raw) {
        let mut inside = self.room.enter();
        while inside.lines >= LINES_MAX {
            inside = self.room.taken.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        self.put(inside, 1, Arrived::Line(line));
    }

    /// Gives a line if there is room for it, else gives it back.
    pub fn try_line(&self, line: Raw) -> Result<(), Raw> {
        let inside = self.room.enter();
        if inside.lines >= LINES_MAX {
            return Err(line);
        }
        self.put(inside, 1, Arrived::Line(line));
        Ok(())
    }

    /// Gives a line without ever waiting, for a thread that must not: for the
    /// few that the manager writes itself.
    pub fn note(&self, line: Raw) {
        self.put(self.room.enter(), 0, Arrived::Line(line));
    }

    /// Gives lines and how far their source is with them; waits while too
    /// many lines are inside.
    pub fn passage(&self, passage: Passage) {
        let mut inside = self.room.enter();
        while inside.lines >= LINES_MAX {
            inside = self.room.taken.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        self.put(inside, passage.lines.len(), Arrived::Passage(passage));
    }

    /// Gives what an agent has delivered. Never waits.
    pub fn delivery(&self, delivery: Delivery) {
        self.put(self.room.enter(), 0, Arrived::Delivery(delivery));
    }

    /// How much waits at the moment.
    pub fn waiting(&self) -> usize {
        self.room.enter().waiting.len()
    }

    fn put(&self, mut inside: MutexGuard<'_, Inside>, lines: usize, arrived: Arrived) {
        // Else a guest who keeps on sending would keep the intake from ending.
        if self.is_guest && inside.closing {
            return;
        }
        inside.lines += lines;
        inside.waiting.push_back(arrived);
        drop(inside);
        self.room.arrived.notify_one();
    }
}

impl Clone for Door {
    fn clone(&self) -> Self {
        self.room.enter().doors += usize::from(!self.is_guest);
        Self { room: Arc::clone(&self.room), is_guest: self.is_guest }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.room.enter().doors -= usize::from(!self.is_guest);
        self.room.arrived.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn raw(text: &str) -> Raw {
        Raw { location: Arc::from(&b"here"[..]), bytes: text.into(), is_merged: false, time: 0 }
    }

    #[test]
    fn ends_when_the_last_door_is_closed_and_all_is_taken() {
        let intake = Intake::default();
        let door = intake.door();
        door.line(raw("one"));
        drop(door);
        let mut got = VecDeque::new();
        assert_eq!(intake.take(&mut got, Duration::ZERO), Taken::Some);
        assert_eq!(got.len(), 1);
        got.clear();
        assert_eq!(intake.take(&mut got, Duration::ZERO), Taken::Over);
    }

    #[test]
    fn a_stopping_intake_does_not_wait_for_a_guest_who_keeps_on_sending() {
        let intake = Intake::default();
        let (door, guest) = (intake.door(), intake.guest_door());
        guest.note(raw("before"));
        door.line(raw("mine"));
        intake.close();
        drop(door);
        let mut got = VecDeque::new();
        assert_eq!(intake.take(&mut got, Duration::ZERO), Taken::Some);
        assert_eq!(got.len(), 2, "what had come before is taken");
        for _ in 0..2 * LINES_MAX {
            assert!(guest.try_line(raw("flood")).is_ok(), "a guest who is turned away does not wait");
            guest.note(raw("flood"));
        }
        assert_eq!(intake.take(&mut got, Duration::ZERO), Taken::Over);
    }

    #[test]
    fn lines_wait_at_the_door_while_too_many_are_inside() {
        let intake = Intake::default();
        let door = intake.door();
        let writer = thread::spawn(move || (0..3 * LINES_MAX).for_each(|n| door.line(raw(&n.to_string()))));
        let mut seen = 0;
        let mut got = VecDeque::new();
        while intake.take(&mut got, Duration::from_secs(20)) == Taken::Some {
            assert!(got.len() <= LINES_MAX, "{} inside", got.len());
            for arrived in got.drain(..) {
                let Arrived::Line(line) = arrived else { panic!("only lines were given") };
                assert_eq!(line.bytes, seen.to_string().as_bytes(), "lines come in order");
                seen += 1;
            }
        }
        assert_eq!(seen, 3 * LINES_MAX);
        assert!(writer.join().is_ok());
    }
}
