//! Who is told what of which logs, and one round of it: new lines are read,
//! and become parcels in one step with the place behind them.
//!
//! So the queue is the journal: it holds the bytes of each mail, its number
//! and that place before the mail is sent, and a mail goes from it when it was
//! confirmed. A kill in between repeats at most the mail that was confirmed
//! and not yet noted, under the same `Message-ID`.

use super::heap::Heap;
use super::hit::{Hit, Reader, Scope};
use super::log::{self, Taker};
use super::service::{Service, Told, obfuscated};
use crate::config::Terms;
use crate::database::DatabaseError;
use crate::outbox::queue::logs::Part;
use crate::outbox::{Configured, Queue};
use crate::plural::counted;
use bartizan_core::follow::{Disk, Trouble};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

/// A log that is read.
#[derive(Clone, Debug)]
pub struct LogFile {
    /// Its path; what it was rotated to is found beside it.
    pub path: PathBuf,
    /// The zone of its times.
    pub zone: TimeZone,
}

/// Who is told what of which logs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the queue calls who is told.
    pub name: String,
    /// What is read.
    pub logs: Vec<LogFile>,
    /// Firewalls by name whose times have another zone.
    pub devices: Vec<(String, TimeZone)>,
    /// What is told of.
    pub scope: Scope,
    /// Lines of before this second are left out.
    pub since: Option<i64>,
    /// How many seconds back the first reading of a log goes.
    pub first_s: Option<i64>,
    /// Targets do not tell whose they are.
    pub obfuscate: bool,
    /// Who is told.
    pub service: Arc<dyn Service>,
}

/// What one round has read.
#[derive(Debug)]
pub struct Round {
    /// What is told, and what is not.
    pub heap: Heap,
    /// Each log with the place behind what was read.
    pub places: Vec<(String, Vec<u8>)>,
    /// What went wrong, in words.
    pub news: Vec<String>,
}

impl Plan {
    /// Who is told, for the outbox.
    pub fn destination(&self) -> Configured {
        Configured {
            name: self.name.clone(),
            kind: self.service.kind(),
            wants: Vec::new(),
            terms: Terms::default(),
            destination: Box::new(Told(Arc::clone(&self.service))),
        }
    }

    /// Reads what is new, as much as goes into one round. Without a queue all
    /// is new.
    pub fn read<D: Disk>(&self, disk: &D, queue: Option<&Queue>, now: i64) -> Result<Round, DatabaseError> {
        let heap = Heap::new(self.service.limits());
        let mut round = Round { heap, places: Vec::new(), news: Vec::new() };
        let (begin, _) = queue.map(|queue| queue.readings(&self.name)).transpose()?.unwrap_or_default();
        let today = Timestamp::from_second(now).unwrap_or_default().to_zoned(TimeZone::UTC).date();
        for log in &self.logs {
            let name = log.path.display().to_string();
            let place = queue.map(|queue| queue.place_in(&self.name, &name)).transpose()?.flatten();
            let first = self.first_s.filter(|_| place.is_none()).map(|back| now - back);
            let since = [self.since, begin, first].into_iter().flatten().max().unwrap_or(i64::MIN);
            let reader = Reader::new(&self.scope, since, log.zone.clone(), &self.devices, now);
            let mut reading = Reading { reader, heap: &mut round.heap };
            let path = log.path.as_os_str().as_bytes();
            let reached = log::read(disk, today, path, place.as_deref(), &mut reading);
            round.news.extend(news(&name, reached.lost, reached.trouble, reached.place.is_none()));
            round.places.extend(reached.place.map(|place| (name, place)));
        }
        Ok(round)
    }

    /// What goes into one parcel each.
    pub fn portions(&self, round: &Round) -> Vec<Vec<Hit>> {
        let mut hits = round.heap.hits().to_vec();
        if self.obfuscate {
            hits.iter_mut().for_each(|hit| hit.key.dst = obfuscated(hit.key.dst));
        }
        if hits.is_empty() { Vec::new() } else { self.service.portions(&hits) }
    }

    /// Makes parcels of a round and notes how far it has come: both or none.
    /// Says how many parcels. On disk when it returns.
    pub fn write_down(&self, queue: &mut Queue, round: &Round, now: i64) -> Result<usize, DatabaseError> {
        let portions = self.portions(round);
        let count = portions.len();
        let service = &self.service;
        let parcels = portions.into_iter().map(|hits| {
            let render = move |id: &str| service.render(id, &hits, now);
            let lines = counted(round.heap.hits().len(), "line", "lines");
            (format!("refused packets, {lines}"), Box::new(render) as Box<_>)
        });
        let part = Part { places: &round.places, parcels: parcels.collect(), now };
        queue.read_on(&self.name, part)?;
        Ok(count)
    }
}

/// Takes the lines of one log.
struct Reading<'r> {
    reader: Reader<'r>,
    heap: &'r mut Heap,
}

impl Taker for Reading<'_> {
    fn is_full(&self) -> bool {
        self.heap.is_full()
    }

    fn take(&mut self, line: &[u8]) {
        let read = self.reader.read(line);
        self.heap.take(read);
    }
}

fn news(name: &str, lost: bool, trouble: Option<Trouble>, is_nowhere: bool) -> Vec<String> {
    let lost = lost.then(|| format!("{name}: lines that were not read yet cannot be found any more"));
    let why = match trouble {
        None if is_nowhere => Some("there is no such file"),
        None => None,
        Some(Trouble::NotFound) => Some("there is no such file"),
        Some(Trouble::Denied) => Some("there is no right to read it"),
        Some(Trouble::NotAFile) => Some("it is no ordinary file"),
        Some(Trouble::Other) => Some("it cannot be read"),
    };
    lost.into_iter().chain(why.map(|why| format!("{name}: {why}"))).collect()
}
