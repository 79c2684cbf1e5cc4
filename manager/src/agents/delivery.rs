//! A batch of an agent on its way: through the engine, to disk, and back as an
//! acknowledgement.

use super::registry::AgentId;
use crate::engine::pipeline::Batch;
use crate::outputs::clock::LocalClock;
use crate::respond::OwnedOrder;
use bartizan_core::packet::merged::MERGED;
use bartizan_core::respond::report::{self, Report};
use bartizan_core::wire::batch::{Entries, Entry, Lost, Record};
use bartizan_core::wire::downlink::Ticket;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::mpsc::{Sender, UnboundedSender};
use tokio::sync::{Notify, OwnedSemaphorePermit};

/// A source of an agent.
#[derive(Clone, Debug)]
pub struct Source {
    /// As the agent names it; empty for the spool.
    pub name: Arc<str>,
    /// As alerts show it: `(agent) 192.0.2.1->/var/log/messages`.
    pub location: Arc<[u8]>,
}

/// The sources of a session by their numbers.
pub type Sources = Arc<Vec<Option<Source>>>;

/// All that was received from an agent over any connection and is not yet on
/// disk. The next session waits until there is none.
#[derive(Debug, Default)]
pub struct Outstanding {
    batches: AtomicUsize,
    settled: Notify,
}

impl Outstanding {
    fn add(&self) {
        self.batches.fetch_add(1, Ordering::Relaxed);
    }

    fn settle(&self) {
        if self.batches.fetch_sub(1, Ordering::Release) == 1 {
            self.settled.notify_waiters();
        }
    }

    /// Waits until nothing is outstanding. Nobody may add meanwhile.
    pub async fn settled(&self) {
        loop {
            let settled = self.settled.notified();
            if self.batches.load(Ordering::Acquire) == 0 {
                return;
            }
            settled.await;
        }
    }
}

/// What a session and its deliveries share.
#[derive(Debug)]
pub struct Session {
    /// Whose it is.
    pub agent: AgentId,
    /// Where committed batches are told.
    pub committed: UnboundedSender<Ticket>,
    /// Where orders for the agent are given.
    pub orders: Sender<OwnedOrder>,
    /// What the agent has on its way.
    pub outstanding: Arc<Outstanding>,
    /// Records received.
    pub records: AtomicU64,
}

/// A batch of an agent.
#[derive(Debug)]
pub struct Delivery {
    session: Arc<Session>,
    ticket: Ticket,
    sources: Sources,
    body: Vec<u8>,
    /// What the body says of each source, by its number.
    progress: BTreeMap<u16, Progress>,
    /// Entries of the body that become events.
    events: usize,
    /// Bytes of the body that were fed to the engine.
    fed: usize,
    /// When it was received, seconds since 1970.
    received: i64,
    _room: OwnedSemaphorePermit,
}

/// What a delivery says of one source.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Where it stands, if that is said.
    pub position: Option<Vec<u8>>,
    /// Records of it.
    pub records: u64,
    /// Time of the last one, seconds since 1970.
    pub last_event: i64,
    /// Records that the agent had to drop, time of the first and of the last.
    pub lost: Option<(u64, i64, i64)>,
}

impl Delivery {
    /// A batch that was received; `room` is given back when it is done.
    pub fn new(
        session: &Arc<Session>,
        ticket: Ticket,
        sources: &Sources,
        body: Vec<u8>,
        received: i64,
        room: OwnedSemaphorePermit,
    ) -> Self {
        session.outstanding.add();
        let (progress, events) = summary(&body, received);
        let (session, sources) = (Arc::clone(session), Arc::clone(sources));
        Self { session, ticket, sources, body, progress, events, fed: 0, received, _room: room }
    }

    /// How many events it brings at most.
    pub fn events(&self) -> usize {
        self.events
    }

    /// Feeds records to the engine until the batch is full; true if all of
    /// them have been fed.
    pub fn feed(&mut self, batch: &mut Batch, clock: &mut LocalClock) -> bool {
        let mut entries = Entries::new(self.body.get(self.fed..).unwrap_or_default());
        while !batch.is_full() {
            // The listener has looked at all of it before: it is sound.
            let Some(Ok(entry)) = entries.next() else { return true };
            match entry {
                Entry::Record(Record { source, queue, age_ms, text, .. }) => {
                    if let Some(source) = find(&self.sources, source).filter(|_| !text.is_empty()) {
                        let time = time_at(self.received, age_ms);
                        batch.push(text, &source.location, clock.moment(time));
                        batch.is_merged(queue & MERGED != 0);
                    }
                }
                Entry::Lost(Lost { source, records, first_age_ms, last_age_ms }) => {
                    let times = [first_age_ms, last_age_ms].map(|age_ms| time_at(self.received, age_ms));
                    let source = find(&self.sources, source);
                    let text = lost_text(source.map_or("", |source| &source.name), records, times, clock);
                    if let Some(place) = source.or_else(|| find(&self.sources, 0)) {
                        batch.push(text.as_bytes(), &place.location, clock.moment(self.received));
                    }
                }
                Entry::Position { .. } => {}
            }
            self.fed = self.body.len() - entries.rest().len();
        }
        false
    }

    /// Whose it is.
    pub fn agent(&self) -> AgentId {
        self.session.agent
    }

    /// When it was received, seconds since 1970.
    pub fn received(&self) -> i64 {
        self.received
    }

    /// What it says of each of its sources.
    pub fn progress(&self) -> impl Iterator<Item = (&Source, &Progress)> + Clone {
        let named = |(number, progress): (&u16, _)| Some((find(&self.sources, *number)?, progress));
        self.progress.iter().filter_map(named)
    }

    /// What it says of responses: lines of their place. They are events, too.
    pub fn reports(&self) -> impl Iterator<Item = Report<'_>> {
        let place = self
            .sources
            .iter()
            .position(|source| source.as_ref().is_some_and(|source| &*source.name == report::PLACE));
        let entries = place.map(|place| (place, Entries::new(&self.body)));
        entries.into_iter().flat_map(|(place, entries)| {
            entries.flatten().filter_map(move |entry| match entry {
                Entry::Record(record) if usize::from(record.source) == place => {
                    Report::read(std::str::from_utf8(record.text).ok()?)
                }
                _ => None,
            })
        })
    }

    /// Tells the session that the batch is on disk.
    pub fn acknowledge(&self) {
        // The session may have ended.
        let _ = self.session.committed.send(self.ticket);
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.session.outstanding.settle();
    }
}

/// What a body says of each source, by its number, and how many entries
/// become events. One step for each entry.
fn summary(body: &[u8], received: i64) -> (BTreeMap<u16, Progress>, usize) {
    let mut all: BTreeMap<u16, Progress> = BTreeMap::new();
    let mut events = 0;
    for entry in Entries::new(body).flatten() {
        let (Entry::Record(Record { source, .. })
        | Entry::Position { source, .. }
        | Entry::Lost(Lost { source, .. })) = entry;
        let progress = all.entry(source).or_default();
        progress.last_event = received;
        events += usize::from(!matches!(entry, Entry::Position { .. }));
        match entry {
            Entry::Record(_) => progress.records += 1,
            Entry::Position { position, .. } => progress.position = Some(position.to_vec()),
            Entry::Lost(Lost { records, first_age_ms, last_age_ms, .. }) => {
                let (before, first) =
                    progress.lost.map_or((0, i64::MAX), |(records, first, _)| (records, first));
                let first = first.min(time_at(received, first_age_ms));
                let last = time_at(received, last_age_ms);
                progress.lost = Some((before.saturating_add(records), first, last));
            }
        }
    }
    (all, events)
}

/// The second at which something was collected that had this age when it was
/// received.
fn time_at(received: i64, age_ms: u32) -> i64 {
    received - i64::from(age_ms) / 1000
}

fn find(sources: &[Option<Source>], number: u16) -> Option<&Source> {
    sources.get(usize::from(number))?.as_ref()
}

fn lost_text(source: &str, records: u64, [first, last]: [i64; 2], clock: &mut LocalClock) -> String {
    let [first, last] = [first, last].map(|at| {
        let mut text = Vec::new();
        clock.local(at).write_time(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    let source = if source.is_empty() { "other sources" } else { source };
    format!("ossec: Agent lost {records} records of '{source}', from {first} to {last}: its spool was full.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::wire::batch::{self, Room};

    #[test]
    fn the_last_position_counts_and_records_and_losses_add_up() {
        let mut memory = vec![0; 4096];
        let mut batch = batch::Batch::new(&mut memory, Room { body: 4000, positions: 4000 });
        let record = |source| Record { source, queue: b'1', age_ms: 0, cut: 0, text: b"x" };
        let lost =
            |records, first_age_ms, last_age_ms| Lost { source: 2, records, first_age_ms, last_age_ms };
        for source in [1, 2, 1] {
            batch.record(&record(source)).expect("it fits");
            batch.position(source, if batch.body().len() < 20 { b"a" } else { b"b" }).expect("it fits");
        }
        batch.lost(&lost(3, 5000, 4000)).expect("it fits");
        batch.lost(&lost(u64::MAX, 9000, 1000)).expect("it fits");
        let (progress, events) = summary(batch.body(), 100);
        let told =
            |number| progress.get(&number).map(|p: &Progress| (p.position.as_deref(), p.records, p.lost));
        assert_eq!(events, 5);
        assert_eq!(told(1), Some((Some(&b"b"[..]), 2, None)));
        assert_eq!(told(2), Some((Some(&b"a"[..]), 1, Some((u64::MAX, 91, 99)))));
        assert_eq!(told(3), None);
    }
}
