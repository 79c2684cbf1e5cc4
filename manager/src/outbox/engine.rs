//! The threads: one for each destination.
//!
//! | room | what happens there |
//! |---|---|
//! | [`Courier`] | one destination without a thread |
//! | `post` | the work of one destination, step by step |
//! | `circuit` | when one that fails is tried again |
//! | `trouble` | what is said of it |

mod circuit;
mod courier;
mod post;
#[cfg(test)]
mod tests;
mod trouble;

pub use circuit::BREAKS_AFTER;
pub use courier::Courier;
pub use post::{PostError, Read};
pub use trouble::{PLACE, Say};

use super::{Committed, Configured, DESTINATIONS_MAX, Queue};
use crate::news;
use crate::sources::epoch_now;
use crate::store::{Filter, Needed, Reader, StoreError};
use jiff::tz::TimeZone;
use post::Post;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use trouble::Trouble;

/// How long a destination waits for alerts before it looks at what else there
/// may be.
const LOOK: Duration = Duration::from_secs(1);

/// The same for one that cannot be reached: nothing goes there, and counting what
/// waits takes longer the more it is.
const LOOK_WHILE_DOWN: Duration = Duration::from_secs(5);

/// Time between two looks at least: what comes in between goes together.
const GAP: Duration = Duration::from_millis(100);

/// How long the end of the threads is waited for. One that just talks to its
/// destination is left to it: what is not confirmed goes again.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often old rows go, and the store is told what is needed of it.
const UPKEEP: Duration = Duration::from_secs(300);

/// Why destinations cannot be served.
pub type OutboxError = PostError;

/// The destinations that are served.
pub struct Outbox {
    home: PathBuf,
    committed: Committed,
    needed: Needed,
    say: Say,
    queue: Queue,
    running: BTreeMap<String, Running>,
}

#[derive(Debug)]
struct Running {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Outbox {
    /// Serves destinations: the alerts behind those that each is done with;
    /// new ones hear of what is committed from now on. `needed` is told what the
    /// store should not give up, `say` takes events for the place [`PLACE`].
    pub fn start(
        home: &Path,
        committed: Committed,
        needed: Needed,
        say: Say,
        configured: Vec<Configured>,
    ) -> Result<Self, OutboxError> {
        let mut outbox = Self {
            home: home.to_owned(),
            committed,
            needed,
            say,
            queue: Queue::open(home)?,
            running: BTreeMap::new(),
        };
        outbox.configure(configured)?;
        Ok(outbox)
    }

    /// Serves other destinations, or the same in another way, from now on.
    pub fn configure(&mut self, mut configured: Vec<Configured>) -> Result<(), OutboxError> {
        let mut names = BTreeSet::new();
        configured.retain(|one| {
            let is_served = names.len() < DESTINATIONS_MAX && names.insert(one.name.clone());
            if !is_served {
                let why = format!("it is there twice, or there are more than {DESTINATIONS_MAX}");
                news::tell(format_args!("the destination {} is not served: {why}", one.name));
            }
            is_served
        });
        let mut before = std::mem::take(&mut self.running);
        self.stop(&before);
        let committed = Reader::open(&self.home)?.committed()?;
        let names: Vec<_> = configured.iter().map(|one| (one.name.as_str(), one.kind)).collect();
        self.queue.configure(&names, committed, epoch_now())?;
        self.queue.prune(epoch_now())?;
        self.needed.behind(self.queue.needed_behind()?);
        for one in configured {
            let name = one.name.clone();
            let stop = Arc::new(AtomicBool::new(false));
            let before = before.remove(&name).map(|running| running.thread);
            let worker = self.worker(Arc::clone(&stop));
            let thread = thread::Builder::new().name(format!("to {name}"));
            let thread = thread.spawn(move || worker.run(one, before)).map_err(StoreError::Io)?;
            self.running.insert(name, Running { stop, thread });
        }
        Ok(())
    }

    /// Ends within about a second.
    pub fn finish(mut self) {
        let running = std::mem::take(&mut self.running);
        self.stop(&running);
        let until = Instant::now() + PATIENCE;
        while running.values().any(|one| !one.thread.is_finished()) && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn stop(&self, running: &BTreeMap<String, Running>) {
        running.values().for_each(|one| one.stop.store(true, Relaxed));
        self.committed.call();
    }

    fn worker(&self, stop: Arc<AtomicBool>) -> Worker {
        let Self { home, committed, needed, say, .. } = self;
        let (committed, needed) = (committed.clone(), needed.clone());
        Worker { home: home.clone(), committed, needed, say: Arc::clone(say), stop }
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").field("running", &self.running).finish_non_exhaustive()
    }
}

/// What a thread is given.
struct Worker {
    home: PathBuf,
    committed: Committed,
    needed: Needed,
    say: Say,
    stop: Arc<AtomicBool>,
}

impl Worker {
    fn run(&self, configured: Configured, before: Option<JoinHandle<()>>) {
        // Two must not serve the same destination.
        if before.is_some_and(|thread| thread.join().is_err()) {
            news::tell(format_args!("the thread that served {} broke down", configured.name));
        }
        let name = configured.name.clone();
        match self.post(configured) {
            Ok(post) => self.serve(post, &name),
            Err(error) => news::tell(format_args!("{name} is not served: {error}")),
        }
    }

    fn post(&self, configured: Configured) -> Result<Post, OutboxError> {
        let queue = Queue::open(&self.home)?;
        let read = store_reader(&self.home)?;
        let trouble = Trouble::new(Arc::clone(&self.say));
        Ok(Post::new(configured, queue, read, TimeZone::system(), trouble)?)
    }

    fn serve(&self, mut post: Post, name: &str) {
        let mut is_told = false;
        let mut kept_up = Instant::now();
        while !self.stop.load(Relaxed) {
            let began = Instant::now();
            let seen = self.committed.last();
            let mut done = turn(&mut post);
            if done.is_ok() && kept_up.elapsed() >= UPKEEP {
                done = post.keep_up(epoch_now(), &self.needed).map(|()| true);
                kept_up = began;
            }
            if let Err(error) = &done
                && !is_told
            {
                news::tell(format_args!("{name}: {error}; it is tried until it works"));
            }
            is_told = done.is_err();
            match done {
                Ok(true) => {}
                Ok(false) => self.wait(&post, seen, began),
                Err(_) => thread::sleep(LOOK / 2),
            }
        }
        if let Err(error) = post.stop(epoch_now()) {
            news::tell(format_args!("{name}: {error}"));
        }
    }

    /// Waits for something to do: alerts behind those that were there when
    /// the turn began, or the time of the next attempt. One that cannot be
    /// reached hears of alerts in its own time, so that it costs nothing while
    /// many come.
    fn wait(&self, post: &Post, seen: u64, began: Instant) {
        let pause = post.pause();
        match pause.is_zero() {
            true => self.committed.wait(seen, LOOK),
            false => self.committed.rest(pause.min(LOOK_WHILE_DOWN)),
        }
        thread::sleep(GAP.saturating_sub(began.elapsed()));
    }
}

/// One turn: what is there becomes parcels, and the next one goes. Says
/// whether there may be more to do at once.
fn turn(post: &mut Post) -> Result<bool, OutboxError> {
    post.settle(epoch_now())?;
    let is_more = post.gather(epoch_now())?;
    let is_sent = post.attempt()?;
    post.settle(epoch_now())?;
    Ok(is_more || is_sent && post.pause().is_zero())
}

fn store_reader(home: &Path) -> Result<Read, StoreError> {
    let mut reader = Reader::open(home)?;
    Ok(Box::new(move |seq, limit| reader.after(seq, &Filter::default(), limit)))
}
