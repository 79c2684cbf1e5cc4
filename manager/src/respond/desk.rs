//! What waits for the thread that carries responses out.
//!
//! The analysis puts occasions here and never waits: when [`OCCASIONS_MAX`]
//! are there, further ones are only counted. What people and agents bring
//! overtakes them, so that `undo` is heard in the middle of an attack; it is
//! bounded by who brings it (askers wait for their answer, an agent arrives
//! once a session, this machine has a bounded number of responses).

use super::decide::Decider;
use super::occasion::Occasion;
use super::request::Request;
use crate::agents::AgentId;
use crate::config::responses::Responses;
use bartizan_core::respond::report;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Occasions that may wait.
pub const OCCASIONS_MAX: usize = 4096;

/// What is said of a response of the manager's own machine.
#[derive(Debug)]
pub struct Said {
    /// The response.
    pub id: u64,
    /// What became of it.
    pub state: report::State,
    /// The words of the report.
    pub text: String,
}

/// Something that is not an occasion.
#[derive(Debug)]
pub enum Errand {
    /// Somebody asks, and waits for the answer.
    Asked(Request, oneshot::Sender<Value>),
    /// A session with an agent has begun.
    Arrived(AgentId),
    /// The manager's own machine reports.
    Own(Said),
    /// The configuration has been read again.
    Configured(Box<Decider>, Responses),
    /// The program is to stop.
    Stop,
}

/// What was taken from the desk.
#[derive(Debug, Default)]
pub struct Taken {
    /// What overtakes occasions, in the order in which it came.
    pub errands: Vec<Errand>,
    /// Occasions, in the order in which they came; none while errands wait.
    pub occasions: VecDeque<Occasion>,
    /// Occasions for which there was no room since the last time.
    pub missed: u64,
}

#[derive(Debug, Default)]
struct Room {
    inside: Mutex<Taken>,
    arrived: Condvar,
}

/// A way in; all clones lead to the same desk.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    room: Arc<Room>,
}

impl Desk {
    /// Puts an occasion. Never waits; without room it is counted.
    pub fn occasion(&self, occasion: Occasion) {
        let mut inside = self.enter();
        if inside.occasions.len() >= OCCASIONS_MAX {
            inside.missed += 1;
            return;
        }
        inside.occasions.push_back(occasion);
        drop(inside);
        self.room.arrived.notify_one();
    }

    /// Puts something that overtakes occasions.
    pub fn errand(&self, errand: Errand) {
        self.enter().errands.push(errand);
        self.room.arrived.notify_one();
    }

    /// Asks, and waits for the answer.
    pub async fn ask(&self, request: Request) -> Value {
        let (answer, answered) = oneshot::channel();
        self.errand(Errand::Asked(request, answer));
        let stopped = |_| json!({ "ok": false, "error": "the program is about to stop" });
        answered.await.unwrap_or_else(stopped)
    }

    /// Takes errands, or all occasions if there are none; waits for the first
    /// of either as long as `patience`.
    pub(super) fn take(&self, patience: Duration) -> Taken {
        let until = Instant::now() + patience;
        let mut inside = self.enter();
        while inside.errands.is_empty() && inside.occasions.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            inside = self.room.arrived.wait_timeout(inside, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        match inside.errands.is_empty() {
            true => std::mem::take(&mut inside),
            false => Taken { errands: std::mem::take(&mut inside.errands), ..Taken::default() },
        }
    }

    fn enter(&self) -> MutexGuard<'_, Taken> {
        // A panic elsewhere leaves nothing half done in here.
        self.room.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occasion() -> Occasion {
        Occasion {
            responses: [].into(),
            rule: 5712,
            level: 10,
            alert: String::new(),
            location: String::new(),
            srcip: None,
            srcuser: None,
            dstuser: None,
            filename: None,
            time: 0,
            excerpt: String::new(),
            alert_json: None,
        }
    }

    #[test]
    fn errands_overtake_and_occasions_beyond_the_limit_are_counted() {
        let desk = Desk::default();
        for _ in 0..OCCASIONS_MAX + 3 {
            desk.occasion(occasion());
        }
        desk.errand(Errand::Arrived(AgentId(7)));
        let first = desk.take(Duration::ZERO);
        assert!(matches!(first.errands[..], [Errand::Arrived(AgentId(7))]) && first.occasions.is_empty());
        let then = desk.take(Duration::ZERO);
        assert_eq!((then.occasions.len(), then.missed), (OCCASIONS_MAX, 3));
        assert_eq!(desk.take(Duration::ZERO).missed, 0, "they are counted once");
    }
}
