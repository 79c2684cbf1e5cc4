//! The thread that makes the rounds of a daemon.
//!
//! When a round was made is written down with it, so a restart does not make
//! one too early. While parcels of the last one wait, there is no other: what
//! comes meanwhile is merged, and nobody is told several times in an hour when
//! it works again.

use super::configured::Scheduled;
use super::plan::Plan;
use crate::database::DatabaseError;
use crate::news;
use crate::outbox::Queue;
use crate::sources::disk::LocalDisk;
use crate::sources::epoch_now;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often it is looked whether a round is due: clocks are set.
const LOOK: Duration = Duration::from_secs(5);

/// The thread.
#[derive(Debug)]
pub struct Schedule {
    tell: Sender<Vec<Scheduled>>,
    thread: JoinHandle<()>,
}

impl Schedule {
    /// Makes rounds for the outbox of a home folder.
    pub fn start(home: &Path, plans: Vec<Scheduled>) -> io::Result<Self> {
        let (tell, told) = channel();
        let home = home.to_owned();
        let thread = thread::Builder::new().name("sharing".to_owned());
        let thread = thread.spawn(move || serve(&home, plans, &told))?;
        Ok(Self { tell, thread })
    }

    /// Makes these from now on.
    pub fn configure(&self, plans: Vec<Scheduled>) {
        // A thread that is gone has said why.
        let _ = self.tell.send(plans);
    }

    /// Ends when the round that is just made is done.
    pub fn finish(self) {
        drop(self.tell);
        let _ = self.thread.join();
    }
}

fn serve(home: &Path, mut plans: Vec<Scheduled>, told: &Receiver<Vec<Scheduled>>) {
    let mut said = BTreeSet::new();
    loop {
        for (plan, interval_s) in &plans {
            let made =
                Queue::open(home).and_then(|mut queue| round(plan, *interval_s, &mut queue, epoch_now()));
            let news = made.unwrap_or_else(|error| vec![error.to_string()]);
            // Each once, not every hour.
            for text in news.into_iter().filter(|text| said.insert(text.clone())) {
                news::tell(format_args!("{}: {text}", plan.name));
            }
        }
        match told.recv_timeout(LOOK) {
            Ok(new) => (plans, said) = (new, BTreeSet::new()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Makes a round if it is time for one. Says what went wrong.
pub fn round(
    plan: &Plan,
    interval_s: u32,
    queue: &mut Queue,
    now: i64,
) -> Result<Vec<String>, DatabaseError> {
    let (_, last) = queue.readings(&plan.name)?;
    let is_early = last.is_some_and(|last| (last..last + i64::from(interval_s)).contains(&now));
    if is_early || queue.waits(&plan.name)? > 0 {
        return Ok(Vec::new());
    }
    let round = plan.read(&LocalDisk::default(), Some(queue), now)?;
    plan.write_down(queue, &round, now)?;
    Ok(round.news)
}
