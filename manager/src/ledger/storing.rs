//! Alerts on their way to the store.
//!
//! The sink hands over what a batch gave; the committer appends it before the
//! batch is acknowledged, and adds it to the index when there is nothing else
//! to do. What waits in between is bounded by bytes: if the disk is slower than
//! the judging for long, the judging waits.

use super::{Returning, persist};
use crate::agents::registry::{Commit, Registry};
use crate::alert::{Alert, Entry};
use crate::news;
use crate::outbox::Committed;
use crate::outputs::text::write_origin;
use crate::plural::counted;
use crate::store::{Appender, Needed, Retention, StoreError};
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of alerts that may wait for the committer.
pub const WAITING_MAX: usize = 64 << 20;

/// Alerts behind the index from which it is not put off any longer.
const INDEX_DUE: u64 = 1000;

/// How often old days are looked for.
const LOOK: Duration = Duration::from_secs(600);

/// How many bytes wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Weight(Arc<(Mutex<Weighed>, Condvar)>);

#[derive(Debug, Default)]
struct Weighed {
    bytes: usize,
    /// Nobody takes anything away any more.
    is_closed: bool,
}

impl Weight {
    fn lock(&self) -> MutexGuard<'_, Weighed> {
        // A panic elsewhere leaves nothing half done in here.
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what is about to wait, once there is room for it.
    pub(super) fn add(&self, bytes: usize) {
        let mut weighed = self.lock();
        while weighed.bytes > 0 && weighed.bytes + bytes > WAITING_MAX && !weighed.is_closed {
            weighed = self.0.1.wait(weighed).unwrap_or_else(PoisonError::into_inner);
        }
        weighed.bytes += bytes;
    }

    fn remove(&self, bytes: usize) {
        self.lock().bytes -= bytes;
        self.0.1.notify_all();
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.0.1.notify_all();
    }
}

/// Bytes of alerts.
pub(super) fn weight_of(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| entry.as_bytes().len()).sum()
}

/// The store as the committer uses it.
#[derive(Debug)]
pub struct Storing {
    appender: Appender,
    retention: Retention,
    needed: Needed,
    /// Who waits for alerts is told here.
    told: Committed,
    /// Alerts that are not yet committed.
    waiting: Vec<Entry>,
    pub(super) weight: Weight,
    committed: u64,
    /// Alerts that were committed since the index was last written.
    behind: u64,
    looked: Option<Instant>,
}

impl Storing {
    /// Opens the store below a home folder, and removes what was not committed
    /// and will come again.
    pub fn open(
        registry: &mut Registry,
        home: &Path,
        retention: Retention,
        needed: Needed,
        told: Committed,
    ) -> Result<Self, StoreError> {
        let mut appender = Appender::open(home)?;
        if let Some(committed) = registry.stored()? {
            let returning = Returning::of(registry)?;
            let settled = appender.settle(committed, |alert| returning.has(&origin(alert)))?;
            if settled.removed > 0 {
                news::tell(format_args!(
                    "{} in the store not yet committed when the program ended; what they tell comes again",
                    counted(settled.removed, "alert was", "alerts were")
                ));
            }
        }
        let committed = appender.last();
        registry.commit(&Commit { stored: Some(committed), ..Commit::default() })?;
        told.tell(committed);
        Ok(Self {
            appender,
            retention,
            needed,
            told,
            waiting: Vec::new(),
            weight: Weight::default(),
            committed,
            behind: 0,
            looked: None,
        })
    }

    pub(super) fn hear(&mut self, entries: Vec<Entry>) {
        self.waiting.extend(entries);
    }

    /// Whether alerts wait to be written.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Writes what waits; gives the last number that is valid once the
    /// registry says so.
    pub(super) fn write(&mut self, stop: &AtomicBool) -> Result<u64, StoreError> {
        let Self { appender, waiting, .. } = self;
        // All that hinders the database passes: a full disk, a lock.
        persist("cannot write alerts to the store", stop, |_| true, || appender.append(waiting))?;
        Ok(self.appender.last())
    }

    /// What was written is committed.
    pub(super) fn committed(&mut self) {
        self.committed = self.appender.last();
        self.told.tell(self.committed);
        self.behind += self.waiting.len() as u64;
        self.weight.remove(weight_of(&self.waiting));
        self.waiting.clear();
    }

    /// Whether there is something to do while nothing happens.
    pub(super) fn has_to_index(&self) -> bool {
        self.appender.has_to_index()
    }

    /// Whether so much is not in the index that it should not wait for rest.
    pub(super) fn is_behind(&self) -> bool {
        self.behind >= INDEX_DUE
    }

    /// Adds some alerts to the index: some 20 milliseconds of work.
    pub(super) fn index(&mut self) {
        self.behind = self.behind.saturating_sub(INDEX_DUE);
        if let Err(error) = self.appender.index(self.committed) {
            news::tell(format_args!("{error}; searches look at alerts one by one until it works"));
            self.appender.put_index_off();
        }
    }

    /// Lets old days go.
    pub(super) fn keep(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return;
        }
        self.looked = Some(Instant::now());
        match self.appender.keep(self.retention, &self.needed) {
            Ok(dropped) => dropped.iter().for_each(news::tell),
            Err(error) => news::tell(format_args!("cannot remove old alerts: {error}")),
        }
    }
}

impl Drop for Storing {
    fn drop(&mut self) {
        self.weight.close();
    }
}

/// The place of an alert as `alerts.log` shows it.
fn origin(alert: &Alert<'_>) -> Vec<u8> {
    let mut origin = Vec::new();
    write_origin(&mut origin, alert);
    origin
}

impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> Self {
        Self::other(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::thread;

    #[test]
    fn what_is_too_much_waits_until_there_is_room_or_nobody_left() {
        let weight = Weight::default();
        weight.add(2 * WAITING_MAX);
        let (told, heard) = channel();
        let waiter = {
            let weight = weight.clone();
            thread::spawn(move || {
                weight.add(1);
                told.send("there is room").expect("heard");
                weight.add(WAITING_MAX);
                told.send("it is closed").expect("heard");
            })
        };
        assert!(heard.try_recv().is_err());
        weight.remove(2 * WAITING_MAX);
        assert_eq!(heard.recv(), Ok("there is room"));
        assert!(heard.try_recv().is_err());
        weight.close();
        assert_eq!(heard.recv(), Ok("it is closed"));
        waiter.join().expect("it ends");
    }
}
