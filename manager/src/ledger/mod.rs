//! What is on disk, and what may therefore be acknowledged.
//!
//! Three parties speak to one thread, the *committer*, over one channel, in
//! the order in which things happen: the feed says what a batch of events
//! completes (deliveries of agents, positions in local files), the sink says
//! that the batch is judged and how far it wrote which file. The committer
//! brings the files to disk, appends alerts to the store, then writes
//! positions, file sizes and the last alert of the store in one transaction,
//! then acknowledges. It takes all that waits at once: the busier
//! the disk, the larger a commitment, and the judging never waits for it.
//!
//! After a kill, files may hold more than the last transaction knows of, and
//! the events behind that come again: [`take_back`] removes it first, and
//! [`storing`] from the store.

pub mod storing;
mod sums;
pub mod take_back;

use crate::agents::delivery::{Delivery, Progress};
use crate::agents::registry::{AgentId, Commit, Registry, RegistryError};
use crate::alert::Entry;
use crate::engine::pipeline::Sink;
use crate::engine::session::Court;
use crate::news;
use crate::outputs::files::{Announce, Written};
use crate::outputs::writer::AlertWriter;
use crate::plural::counted;
use crate::respond::reports::Reports;
use crate::sources::epoch_now;
use bartizan_core::event::Event;
use bartizan_core::rules::judge::Verdict;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use storing::{Storing, Weight, weight_of};
use sums::Sums;

/// Time between two commitments at least: a disk that is fast is not worn.
const GAP: Duration = Duration::from_millis(20);

/// How long nothing happens before the index of the store is written.
const IDLE: Duration = Duration::from_millis(500);

/// How often a disk that refuses is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// How far a local source has been judged.
#[derive(Clone, Debug)]
pub struct Reached {
    /// Name of the source.
    pub source: Arc<str>,
    /// Its position and what came from it.
    pub progress: Progress,
}

/// What a batch of events completes.
#[derive(Debug, Default)]
pub struct Completed {
    /// Batches of agents.
    pub deliveries: Vec<Delivery>,
    /// Local sources.
    pub local: Vec<Reached>,
}

impl Completed {
    /// Whether it completes nothing.
    pub fn is_empty(&self) -> bool {
        self.deliveries.is_empty() && self.local.is_empty()
    }
}

#[derive(Debug)]
enum Told {
    Completes(u64, Completed),
    Judged(u64, Vec<Written>, Vec<Entry>),
}

/// The side of the feed.
#[derive(Debug)]
pub struct Promises {
    to: Sender<Told>,
    last: u64,
}

impl Promises {
    /// Says what the batch that is about to leave completes; the ticket is to
    /// be written on it.
    pub fn completes(&mut self, completed: Completed) -> u64 {
        self.last += 1;
        // Without a committer nothing is acknowledged, which is what is true.
        let _ = self.to.send(Told::Completes(self.last, completed));
        self.last
    }
}

/// The side of the sink: an alert writer that tells how far it is, and that
/// waits for a full disk instead of giving up.
pub struct Settled<W> {
    /// Writes alerts.
    pub writer: AlertWriter<W>,
    to: Sender<Told>,
    weight: Weight,
    stop: Arc<AtomicBool>,
}

impl<W: Write> Sink for Settled<W> {
    fn judged(&mut self, event: &Event<'_>, verdict: &Verdict, court: &Court<'_, '_>) {
        self.writer.judged(event, verdict, court);
    }

    fn batch_done(&mut self, ticket: Option<u64>) -> io::Result<()> {
        persist("cannot write alerts", &self.stop, passes, || self.writer.batch_done(ticket))?;
        if let Some(ticket) = ticket {
            let entries = self.writer.take_entries();
            self.weight.add(weight_of(&entries));
            let _ = self.to.send(Told::Judged(ticket, self.writer.take_written(), entries));
        }
        Ok(())
    }
}

/// Tries again while what hinders passes by itself, until the program is to
/// stop.
fn persist<E: Display>(
    what: &str,
    stop: &AtomicBool,
    passes: impl Fn(&E) -> bool,
    mut act: impl FnMut() -> Result<(), E>,
) -> Result<(), E> {
    let mut told = false;
    loop {
        match act() {
            Err(error) if passes(&error) && !stop.load(Relaxed) => {
                if !told {
                    news::tell(format_args!("{what}: {error}; it is tried until it works"));
                    told = true;
                }
                thread::sleep(RETRY);
            }
            result => {
                if told && result.is_ok() {
                    news::tell(format_args!("{what}: it works again, nothing was lost"));
                }
                return result;
            }
        }
    }
}

/// Whether somebody makes room and all goes on.
fn passes(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem | FileTooLarge)
}

/// The committer's thread.
#[derive(Debug)]
pub struct Ledger {
    thread: JoinHandle<()>,
}

impl Ledger {
    /// Starts the committer. It ends when feed and sink have gone and all is
    /// on disk.
    pub fn start<W>(
        registry: Registry,
        reports: Reports,
        store: Option<Storing>,
        writer: AlertWriter<W>,
        stop: Arc<AtomicBool>,
    ) -> (Self, Promises, Settled<W>)
    where
        W: Write,
    {
        let registry = Arc::new(Mutex::new(registry));
        let mut writer = writer.announced(&announce(&registry, &stop));
        let weight = store.as_ref().map(|store| store.weight.clone()).unwrap_or_default();
        if store.is_some() {
            writer = writer.keeping();
        }
        let (to, told) = channel();
        let committer = Committer {
            registry,
            reports,
            store,
            stop: Arc::clone(&stop),
            promised: VecDeque::new(),
            grown: BTreeMap::new(),
            judged: 0,
        };
        let thread = thread::spawn(move || committer.run(&told));
        (Self { thread }, Promises { to: to.clone(), last: 0 }, Settled { writer, to, weight, stop })
    }

    /// Waits until all is on disk.
    pub fn finish(self) {
        if self.thread.join().is_err() {
            news::tell(
                "the thread that brings alerts to disk broke down; what was not acknowledged comes again",
            );
        }
    }
}

/// Writes down a file and its size before it is written to, so that whatever
/// is behind that size was not committed.
fn announce(registry: &Arc<Mutex<Registry>>, stop: &Arc<AtomicBool>) -> Announce {
    let (registry, stop) = (Arc::clone(registry), Arc::clone(stop));
    Arc::new(move |path, size| {
        let path = path.to_str().unwrap_or_default();
        let commit = Commit { outputs: &[(path, size)], ..Commit::default() };
        write_down(&registry, &stop, &commit).map_err(io::Error::other)
    })
}

/// Writes down what is true. All that hinders the database passes: a lock of
/// another process, a full disk.
fn write_down(
    registry: &Mutex<Registry>,
    stop: &AtomicBool,
    commit: &Commit<'_>,
) -> Result<(), RegistryError> {
    let commit = || registry.lock().unwrap_or_else(PoisonError::into_inner).commit(commit);
    persist("cannot write down what is done", stop, |_| true, commit)
}

/// Removes from the files of a home folder what was not committed and will
/// come again.
pub fn take_back_all(registry: &Registry) -> Result<(), RegistryError> {
    let returning = Returning::of(registry)?;
    for (path, size) in registry.outputs()? {
        match take_back::take_back(Path::new(&path), size, |entry| returning.has(entry)) {
            Ok(done) if done.removed > 0 => news::tell(format_args!(
                "{path}: {} not yet committed when the program ended; what they tell comes again",
                counted(done.removed, "entry was", "entries were")
            )),
            Ok(_) => {}
            Err(error) => news::tell(format_args!("{path}: cannot take back what comes again: {error}")),
        }
    }
    Ok(())
}

/// What sends again what was not acknowledged: agents, and local sources that
/// are read from their positions.
#[derive(Debug)]
struct Returning {
    agents: BTreeSet<String>,
    local: BTreeSet<String>,
}

impl Returning {
    fn of(registry: &Registry) -> Result<Self, RegistryError> {
        let sources = registry.sources(Some(AgentId::MANAGER))?;
        Ok(Self {
            agents: registry.agents()?.into_iter().map(|agent| agent.name).collect(),
            local: sources.into_iter().map(|source| source.name).collect(),
        })
    }

    /// Whether the event of an entry, given from its location on, comes again.
    fn has(&self, entry: &[u8]) -> bool {
        let entry = String::from_utf8_lossy(entry);
        if let Some((name, _)) = entry.strip_prefix('(').and_then(|entry| entry.split_once(") ")) {
            return self.agents.contains(name);
        }
        let Some((_, place)) = entry.split_once("->") else { return false };
        let starts = |source: &&String| place.strip_prefix(source.as_str()).is_some_and(ends_place);
        self.local.iter().any(|source| starts(&source))
    }
}

/// Whether this can stand behind a place.
fn ends_place(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([' ', '\n', '"'])
}

/// Brings to disk, writes down, acknowledges.
#[derive(Debug)]
struct Committer {
    registry: Arc<Mutex<Registry>>,
    /// Where reports of responses are written.
    reports: Reports,
    store: Option<Storing>,
    stop: Arc<AtomicBool>,
    /// What will be complete, in the order of tickets.
    promised: VecDeque<(u64, Completed)>,
    /// Files that have grown since the last commitment.
    grown: BTreeMap<PathBuf, Written>,
    /// The last ticket that is judged.
    judged: u64,
}

impl Committer {
    fn run(mut self, told: &Receiver<Told>) {
        let mut last = None::<Instant>;
        while let Some(first) = self.wait(told) {
            if let Some(rest) = last.and_then(|last| GAP.checked_sub(last.elapsed())) {
                self.rest(rest);
            }
            self.hear(first);
            told.try_iter().for_each(|more| self.hear(more));
            let complete = self.take_complete();
            let is_something = complete.iter().any(|done| !done.is_empty());
            if complete.is_empty() || !(is_something || self.store.as_ref().is_some_and(Storing::is_waiting))
            {
                continue;
            }
            if let Err(error) = self.commit(&complete) {
                news::tell(format_args!("cannot write down what is done: {error}"));
                return;
            }
            complete.iter().flat_map(|done| &done.deliveries).for_each(Delivery::acknowledge);
            last = Some(Instant::now());
        }
    }

    /// The next that is told; what can wait is done until then. None if there
    /// is nobody left to tell anything.
    fn wait(&mut self, told: &Receiver<Told>) -> Option<Told> {
        let mut patience = IDLE;
        while let Some(store) = self.store.as_mut().filter(|store| store.has_to_index()) {
            match told.recv_timeout(patience) {
                Err(RecvTimeoutError::Timeout) => store.index(),
                told => return told.ok(),
            }
            patience = Duration::ZERO;
        }
        told.recv().ok()
    }

    /// Spends the time between two commitments.
    fn rest(&mut self, rest: Duration) {
        match self.store.as_mut().filter(|store| store.is_behind()) {
            Some(store) => store.index(),
            None => thread::sleep(rest),
        }
    }

    fn hear(&mut self, told: Told) {
        match told {
            Told::Completes(ticket, completed) => self.promised.push_back((ticket, completed)),
            Told::Judged(ticket, written, entries) => {
                self.judged = ticket;
                if let Some(store) = &mut self.store {
                    store.hear(entries);
                }
                self.grown.extend(written.into_iter().map(|written| (written.path.clone(), written)));
            }
        }
    }

    fn take_complete(&mut self) -> Vec<Completed> {
        let judged = self.judged;
        let count = self.promised.iter().take_while(|(ticket, _)| *ticket <= judged).count();
        self.promised.drain(..count).map(|(_, completed)| completed).collect()
    }

    /// Files first, then what is true because of them.
    fn commit(&mut self, complete: &[Completed]) -> io::Result<()> {
        let grown = std::mem::take(&mut self.grown);
        for written in grown.values() {
            persist("cannot bring alerts to disk", &self.stop, passes, || written.file.sync_data())?;
        }
        let stop = &self.stop;
        let deliveries = complete.iter().flat_map(|done| &done.deliveries);
        let reported = || {
            deliveries
                .clone()
                .flat_map(|delivery| delivery.reports().map(|report| (delivery.agent(), report)))
        };
        let write = || self.reports.write(reported(), epoch_now());
        persist("cannot write down what agents report", stop, |_| true, write).map_err(io::Error::other)?;
        let stored = self.store.as_mut().map(|store| store.write(stop)).transpose()?;
        let sums = Sums::of(complete);
        let outputs: Vec<_> =
            grown.values().filter_map(|file| Some((file.path.to_str()?, file.size))).collect();
        let (sources, lost, seen) = (sums.advances(), sums.lost(), sums.seen());
        let commit = Commit { sources: &sources, lost: &lost, outputs: &outputs, seen: &seen, stored };
        write_down(&self.registry, &self.stop, &commit).map_err(io::Error::other)?;
        if let Some(store) = &mut self.store {
            store.committed();
            store.keep();
        }
        Ok(())
    }
}
