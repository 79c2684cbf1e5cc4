//! Many threads, one order.
//!
//! A feeder fills batches of events and deals them to the workers in turn; a
//! worker does the half that needs no memory; the calling thread takes the
//! batches back in the same turn and does the other half. So the order of
//! events is the order of batches, without a lock or a queue to sort, and the
//! result with one worker or eight is the same, byte for byte. Batches are
//! used again; channels are bounded, so a slow disk slows the feeder down and
//! nothing piles up.

use super::Ruleset;
use super::session::{Court, EngineOptions, Lent, Understanding};
use bartizan_core::event::{Event, Known, Moment, Origin};
use bartizan_core::image::Dialect;
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::predecode;
use bartizan_core::rules::judge::{Manner, Verdict};
use bartizan_core::rules::walk::Candidates;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Events of one batch.
pub const BATCH_MAX: usize = 64;

/// Batches that may wait for each worker, on either side of it.
const WAITING: usize = 2;

/// One event that has arrived.
#[derive(Debug)]
struct Item {
    end: usize,
    is_merged: bool,
    location: Arc<[u8]>,
    now: Moment,
}

/// Events on their way, with room for what becomes known of them.
#[derive(Debug)]
pub struct Batch {
    dialect: Dialect,
    text: Vec<u8>,
    /// Room to clean a text in.
    cleaned: Vec<u8>,
    items: Vec<Item>,
    known: Vec<Known>,
    found: Vec<Candidates>,
    /// Told to the sink when the batch is done.
    pub ticket: Option<u64>,
}

impl Batch {
    /// An empty batch for rules of a dialect.
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            text: Vec::new(),
            cleaned: vec![0; TEXT_MAX],
            items: Vec::new(),
            known: Vec::new(),
            found: Vec::new(),
            ticket: None,
        }
    }

    /// Adds an event; control bytes are removed where the rules are written
    /// for that, a text too long is cut.
    pub fn push(&mut self, text: &[u8], location: &Arc<[u8]>, now: Moment) {
        self.text.extend_from_slice(predecode::clean(text, self.dialect, &mut self.cleaned));
        let (end, location) = (self.text.len(), Arc::clone(location));
        self.items.push(Item { end, is_merged: false, location, now });
    }

    /// Says of the event that was added last that its record was
    /// [merged](bartizan_core::packet::merged).
    pub fn is_merged(&mut self, is_merged: bool) {
        if let Some(item) = self.items.last_mut() {
            item.is_merged = is_merged;
        }
    }

    /// Whether it is time to send it on.
    pub fn is_full(&self) -> bool {
        self.items.len() >= BATCH_MAX
    }

    /// How many events it takes until it is full.
    pub fn room(&self) -> usize {
        BATCH_MAX.saturating_sub(self.items.len())
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    fn clear(&mut self) {
        self.text.clear();
        self.items.clear();
        self.ticket = None;
    }

    /// The first half for all events.
    fn understand(&mut self, understanding: &mut Understanding<'_>, local_host: &[u8]) {
        self.known.resize_with(self.items.len().max(self.known.len()), Known::default);
        self.found.resize_with(self.items.len().max(self.found.len()), Candidates::default);
        let mut start = 0;
        for ((item, known), found) in self.items.iter().zip(&mut self.known).zip(&mut self.found) {
            let origin = Origin { location: &item.location, local_host, now: item.now };
            let mut event = Event::new(&self.text[start..item.end], origin, known);
            if item.is_merged {
                event.take_apart();
            }
            understanding.decode(&mut event);
            understanding.find(&event, found);
            start = item.end;
        }
    }

    /// The second half for all events.
    fn settle(
        &mut self,
        court: &mut Court<'_, '_>,
        sink: &mut impl Sink,
        local_host: &[u8],
    ) -> io::Result<()> {
        let mut start = 0;
        for ((item, known), found) in self.items.iter().zip(&mut self.known).zip(&self.found) {
            let origin = Origin { location: &item.location, local_host, now: item.now };
            let mut event = Event::resume(&self.text[start..item.end], origin, known);
            start = item.end;
            if !sink.admits(&event) {
                continue;
            }
            let verdict = court.settle(&mut event, found);
            sink.judged(&event, &verdict, court);
            court.remember(&event, &verdict);
        }
        sink.batch_done(self.ticket)
    }
}

/// Where events come from. Called on a thread of its own if there are workers.
pub trait Feed {
    /// Adds events until the batch is full, nothing more is there for now, or
    /// all is over; then false. May wait for events; an empty batch is passed
    /// on too, so that the sink can do what is due.
    fn fill(&mut self, batch: &mut Batch) -> io::Result<bool>;
}

/// Where verdicts go, in the order of events.
pub trait Sink {
    /// Whether the event is judged at all.
    fn admits(&mut self, _event: &Event<'_>) -> bool {
        true
    }
    /// Takes the verdict on an event. Cannot fail: what there is to write
    /// waits for the end of the batch, so [`BATCH_MAX`] verdicts at most.
    fn judged(&mut self, event: &Event<'_>, verdict: &Verdict, court: &Court<'_, '_>);
    /// A batch is done: the moment to write. The ticket is what the feed wrote
    /// on the batch.
    fn batch_done(&mut self, ticket: Option<u64>) -> io::Result<()>;
}

/// Judges all events of a feed, without a memory of others. With fewer than
/// two workers everything happens on the calling thread.
pub fn run(
    ruleset: &Ruleset,
    options: &EngineOptions,
    workers: usize,
    local_host: &[u8],
    feed: &mut (impl Feed + Send),
    sink: &mut impl Sink,
) -> io::Result<()> {
    let mut lent = Lent::open(ruleset, &options.memory)?;
    resume(ruleset, &mut lent, options.manner, workers, local_host, feed, sink)
}

/// The same with what is remembered, in memory for these rules; what is new
/// is there afterwards.
pub fn resume(
    ruleset: &Ruleset,
    lent: &mut Lent,
    manner: Manner,
    workers: usize,
    local_host: &[u8],
    feed: &mut (impl Feed + Send),
    sink: &mut impl Sink,
) -> io::Result<()> {
    let mut court = Court::resume(ruleset, lent, manner);
    if workers < 2 {
        return run_alone(ruleset, manner, local_host, feed, sink, &mut court);
    }
    let dialect = ruleset.image().dialect();
    thread::scope(|scope| {
        let (back, empty) = sync_channel(workers * (2 * WAITING + 2));
        let mut to_workers = Vec::new();
        let mut from_workers = Vec::new();
        for _ in 0..workers {
            let (to, inbox) = sync_channel::<Batch>(WAITING);
            let (outbox, from) = sync_channel::<Batch>(WAITING);
            to_workers.push(to);
            from_workers.push(from);
            scope.spawn(move || work(Understanding::new(ruleset, manner), local_host, &inbox, &outbox));
        }
        let feeder = scope.spawn(move || deal(feed, dialect, &to_workers, &empty));
        let settled = settle_all(&from_workers, &back, &mut court, sink, local_host);
        // Whoever still sends meets a closed channel and ends.
        drop((from_workers, back));
        let fed = feeder.join().unwrap_or_else(|_| Err(io::Error::other("the reading thread broke down")));
        settled.and(fed)
    })
}

fn run_alone(
    ruleset: &Ruleset,
    manner: Manner,
    local_host: &[u8],
    feed: &mut impl Feed,
    sink: &mut impl Sink,
    court: &mut Court<'_, '_>,
) -> io::Result<()> {
    let mut understanding = Understanding::new(ruleset, manner);
    let mut batch = Batch::new(ruleset.image().dialect());
    loop {
        batch.clear();
        let more = feed.fill(&mut batch)?;
        batch.understand(&mut understanding, local_host);
        batch.settle(court, sink, local_host)?;
        if !more {
            return Ok(());
        }
    }
}

/// The feeder's thread: fills batches and deals them out in turn.
fn deal(
    feed: &mut impl Feed,
    dialect: Dialect,
    workers: &[SyncSender<Batch>],
    empty: &Receiver<Batch>,
) -> io::Result<()> {
    for worker in workers.iter().cycle() {
        let mut batch = empty.try_recv().unwrap_or_else(|_| Batch::new(dialect));
        batch.clear();
        let more = feed.fill(&mut batch)?;
        if worker.send(batch).is_err() || !more {
            break;
        }
    }
    Ok(())
}

/// A worker's thread.
fn work(
    mut understanding: Understanding<'_>,
    local_host: &[u8],
    inbox: &Receiver<Batch>,
    outbox: &SyncSender<Batch>,
) {
    while let Ok(mut batch) = inbox.recv() {
        batch.understand(&mut understanding, local_host);
        if outbox.send(batch).is_err() {
            return;
        }
    }
}

/// Takes batches back in the order in which they were dealt. The first worker
/// without one is where the deal ended.
fn settle_all(
    workers: &[Receiver<Batch>],
    back: &SyncSender<Batch>,
    court: &mut Court<'_, '_>,
    sink: &mut impl Sink,
    local_host: &[u8],
) -> io::Result<()> {
    for worker in workers.iter().cycle() {
        let Ok(mut batch) = worker.recv() else { break };
        batch.settle(court, sink, local_host)?;
        // Kept if there is room; a batch more or less is no matter.
        let _ = back.try_send(batch);
    }
    Ok(())
}
