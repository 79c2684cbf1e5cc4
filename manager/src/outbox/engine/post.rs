//! The work of one destination, step by step: gather alerts into parcels,
//! hand the next one over, note what became of it.
//!
//! A kill between any two steps loses nothing and doubles nothing that was
//! noted as taken: parcels and the cursor behind their alerts are written in
//! one transaction, and a parcel goes when the destination has confirmed it.
//! Only a kill between that confirmation and the note sends a parcel again,
//! under the same number.

use super::circuit::{BREAKS_AFTER, Circuit};
use super::trouble::Trouble;
use crate::alert::Entry;
use crate::database::DatabaseError;
use crate::news;
use crate::outbox::budget::{Budget, RELEASES_MAX, Release, State};
use crate::outbox::queue::{Failed, Made, PARCELS_MAX, Replay, Waiting};
use crate::outbox::select::Sieve;
use crate::outbox::{Configured, Content, Destination, Failure, HeldBack, Notice, Queue};
use crate::plural::counted;
use crate::store::{Needed, StoreError};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// Alerts that are read at once.
pub(super) const BATCH: usize = 256;

/// Seconds after which a parcel that fails all the time is given up, so that
/// one which breaks its receiver does not hold up the others for ever.
pub(super) const GIVE_UP_S: i64 = 5 * 86_400;

/// Parcels that a destination may refuse one after another. One that refuses
/// all of them is out of order, by a wrong key perhaps: the next ones wait.
const REFUSALS_MAX: u32 = 3;

/// Parcels that a replay leaves room for.
const ROOM_OF_OTHERS: usize = PARCELS_MAX / 2;

/// How far the cursor may be ahead of what is written down when there was
/// nothing to send: it is read again after a kill.
const UNSAVED_MAX: u64 = 10_000;
const UNSAVED_TIME: Duration = Duration::from_secs(10);

/// Reads committed alerts behind a number: at most so many, oldest first.
pub type Read = Box<dyn FnMut(u64, usize) -> Result<Vec<Entry>, StoreError> + Send>;

/// What can hinder a step; it is tried again.
#[derive(Debug, Error)]
pub enum PostError {
    /// The queue cannot be used.
    #[error("{0}")]
    Queue(#[from] DatabaseError),
    /// The store cannot be read.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// What became of an attempt.
type Attempt = (Waiting, Result<(), Failure>);

/// One destination with all that belongs to it.
pub(super) struct Post {
    name: String,
    queue: Queue,
    read: Read,
    sieve: Sieve,
    budget: Budget,
    destination: Box<dyn Destination>,
    /// The last alert that is done with, also the last that is written down.
    cursor: u64,
    saved: (u64, Instant),
    /// Alerts of the group that waits for more.
    entries: BTreeMap<u64, Entry>,
    circuit: Circuit,
    /// Parcels that were refused since one was taken.
    refusals: u32,
    /// What happened and is not yet written down.
    unsettled: Option<Attempt>,
    trouble: Trouble,
}

impl Post {
    /// Goes on where the queue says that the destination is.
    pub(super) fn new(
        configured: Configured,
        queue: Queue,
        read: Read,
        zone: TimeZone,
        trouble: Trouble,
    ) -> Result<Self, DatabaseError> {
        let Configured { name, wants, terms, destination, .. } = configured;
        let (cursor, budget) = queue.place(&name)?.unwrap_or_default();
        let (failures, is_broken) = queue.failures(&name)?;
        Ok(Self {
            sieve: Sieve::new(&wants),
            budget: Budget::new(terms, destination.parcel_max(), zone, state(&name, &budget)),
            circuit: Circuit::new(&name, failures, is_broken),
            name,
            queue,
            read,
            destination,
            cursor,
            saved: (cursor, Instant::now()),
            entries: BTreeMap::new(),
            refusals: 0,
            unsettled: None,
            trouble,
        })
    }

    /// Makes parcels of what is to be sent now; says whether there may be
    /// more at once. Reads at most [`BATCH`] alerts of the store.
    pub(super) fn gather(&mut self, now: i64) -> Result<bool, PostError> {
        self.notices(now)?;
        let replays = self.replay(now)?;
        let (waiting, counting) = self.queue.waiting(&self.name)?;
        if self.budget.at(now, counting) && counting > 0 {
            // They will be delivered in this hour: that must not be forgotten.
            self.save(Vec::new(), now)?;
        }
        let room = PARCELS_MAX.saturating_sub(waiting);
        if room < 2 * RELEASES_MAX {
            return Ok(false);
        }
        let limit = BATCH.min(room.saturating_mul(self.destination.parcel_max()));
        let entries = (self.read)(self.cursor, limit)?;
        let is_full = entries.len() == limit;
        let lost = self.lost(&entries)?;
        let before = (self.cursor, self.budget.state.clone());
        let gathered = self.offer(entries, room);
        if let Err(error) = self.write_down(&gathered.releases, now) {
            (self.cursor, self.budget.state) = before;
            return Err(error);
        }
        self.trouble.lost(&self.name, lost);
        if self.budget.is_spent() && self.budget.held_back() > 0 {
            self.trouble.spent(&self.name, now);
        }
        Ok(replays || is_full || gathered.is_more)
    }

    /// Alerts behind the cursor that the store has given up. Missing numbers
    /// elsewhere are of alerts that were taken back after a kill.
    fn lost(&mut self, entries: &[Entry]) -> Result<u64, StoreError> {
        let missing = entries.first().map_or(0, |first| first.seq.saturating_sub(self.cursor + 1));
        if missing == 0 {
            return Ok(0);
        }
        let oldest = (self.read)(0, 1)?.first().map_or(0, |oldest| oldest.seq);
        Ok(oldest.saturating_sub(self.cursor + 1))
    }

    /// Offers alerts to the budget as long as there is room for what it may
    /// give, and asks it what is due.
    fn offer(&mut self, entries: Vec<Entry>, room: usize) -> Gathered {
        let mut gathered = Gathered::default();
        for entry in entries {
            if gathered.releases.len() + 2 * RELEASES_MAX > room {
                gathered.is_more = true;
                break;
            }
            self.cursor = entry.seq;
            if let Some(offer) = self.sieve.offer(&entry) {
                self.entries.insert(entry.seq, entry);
                gathered.releases.extend(self.budget.offer(&offer));
            }
        }
        gathered.releases.extend(self.budget.due());
        gathered
    }

    /// Parcels, cursor and budget, in one transaction. Without parcels it can
    /// wait a little: what was read is read again after a kill.
    fn write_down(&mut self, releases: &[Release], now: i64) -> Result<(), PostError> {
        let (saved, at) = self.saved;
        let is_new = self.cursor != saved;
        let is_late = self.cursor - saved > UNSAVED_MAX || at.elapsed() > UNSAVED_TIME;
        if !releases.is_empty() || is_new && is_late {
            let contents = releases.iter().map(|release| self.content(release)).collect::<Result<_, _>>()?;
            self.save(contents, now)?;
        }
        let waiting = self.budget.waiting();
        self.entries.retain(|seq, _| waiting.contains(seq));
        Ok(())
    }

    /// Writes parcels, cursor and budget down.
    fn save(&mut self, contents: Vec<Content>, now: i64) -> Result<(), PostError> {
        let Self { name, queue, destination, budget, cursor, .. } = self;
        // Only a type that cannot tell its length in advance fails, and there is none.
        let bytes = postcard::to_extend(&budget.state, Vec::new()).unwrap_or_default();
        queue.together(|queue| {
            for content in &contents {
                let made = Made { about: &about(content), counts: true, now };
                queue.make(name, &made, |id| destination.render(id, content))?;
            }
            queue.set_place(name, *cursor, &bytes, budget.held_back())
        })?;
        self.saved = (self.cursor, Instant::now());
        Ok(())
    }

    /// Writes down how far it is, before the program ends.
    pub(super) fn stop(&mut self, now: i64) -> Result<(), PostError> {
        if self.cursor == self.saved.0 { Ok(()) } else { self.save(Vec::new(), now) }
    }

    /// A release with its alerts: those that were just read, or, after a
    /// start, out of the store.
    fn content(&mut self, release: &Release) -> Result<Content, PostError> {
        let mut alerts = Vec::new();
        for seq in &release.alerts {
            match self.entries.get(seq) {
                Some(entry) => alerts.push(entry.clone()),
                None => {
                    let found = (self.read)(seq - 1, 1)?.into_iter().find(|entry| entry.seq == *seq);
                    self.trouble.lost(&self.name, u64::from(found.is_none()));
                    alerts.extend(found);
                }
            }
        }
        Ok(Content { alerts, held_back: release.held_back.clone(), notice: release.notice.clone() })
    }

    /// Texts of others become parcels.
    fn notices(&mut self, now: i64) -> Result<(), DatabaseError> {
        let (waiting, _) = self.queue.waiting(&self.name)?;
        let notices = self.queue.notices(&self.name, PARCELS_MAX.saturating_sub(waiting))?;
        let Self { name, queue, destination, .. } = self;
        for (key, notice) in notices {
            let content = Content { notice: Some(notice), ..Content::default() };
            queue.together(|queue| {
                let made = Made { about: &about(&content), counts: false, now };
                queue.make(name, &made, |id| destination.render(id, &content))?;
                queue.noticed(name, &key)
            })?;
        }
        Ok(())
    }

    /// What is to be sent again becomes parcels, a part at a time; says
    /// whether there may be more at once.
    fn replay(&mut self, now: i64) -> Result<bool, PostError> {
        let Some(mut replay) = self.queue.replay(&self.name)? else {
            return Ok(false);
        };
        let (waiting, _) = self.queue.waiting(&self.name)?;
        let room = PARCELS_MAX.saturating_sub(waiting + ROOM_OF_OTHERS);
        if room == 0 {
            return Ok(false);
        }
        let limit = BATCH.min(room.saturating_mul(self.destination.parcel_max().max(1)));
        let entries = (self.read)(replay.cursor, limit)?;
        replay.cursor = match entries.last() {
            Some(last) => last.seq.min(replay.until),
            None => replay.until,
        };
        let wanted = |entry: &Entry| entry.seq <= replay.until && self.sieve.offer(entry).is_some();
        let entries: Vec<_> = entries.into_iter().filter(wanted).collect();
        self.send_again(&entries, &replay, now)?;
        Ok(true)
    }

    fn send_again(&mut self, entries: &[Entry], replay: &Replay, now: i64) -> Result<(), DatabaseError> {
        let Self { name, queue, destination, .. } = self;
        queue.together(|queue| {
            for alerts in entries.chunks(destination.parcel_max().max(1)) {
                let content = Content { alerts: alerts.to_vec(), ..Content::default() };
                let about = format!("again: {}", about(&content));
                let made = Made { about: &about, counts: false, now };
                queue.make(name, &made, |id| destination.render(id, &content))?;
            }
            queue.replayed(name, replay)
        })
    }

    /// Forgets what is old, and says what is still needed of the store.
    pub(super) fn keep_up(&mut self, now: i64, needed: &Needed) -> Result<(), PostError> {
        self.queue.prune(now)?;
        needed.behind(self.queue.needed_behind()?);
        Ok(())
    }

    /// What became of an attempt that is not noted.
    pub(super) fn outcome(&self) -> Option<&Result<(), Failure>> {
        self.unsettled.as_ref().map(|(_, outcome)| outcome)
    }

    /// Its queue.
    pub(super) fn queue(&mut self) -> &mut Queue {
        &mut self.queue
    }

    /// Time until something may be handed over.
    pub(super) fn pause(&self) -> Duration {
        self.circuit.pause()
    }

    /// Hands the next parcel over, if there is one and it is time for it;
    /// says whether there was. Takes as long as the destination does.
    pub(super) fn attempt(&mut self) -> Result<bool, PostError> {
        if self.unsettled.is_some() || !self.pause().is_zero() {
            return Ok(self.unsettled.is_some());
        }
        let Some(next) = self.queue.next(&self.name)? else {
            return Ok(false);
        };
        let outcome = self.destination.deliver(&next.parcel);
        self.unsettled = Some((next, outcome));
        Ok(true)
    }

    /// Writes down what became of the attempt. As long as that fails there is
    /// no other one.
    pub(super) fn settle(&mut self, now: i64) -> Result<(), PostError> {
        let Some((parcel, outcome)) = self.unsettled.take() else {
            return Ok(());
        };
        let settled = self.note(&parcel, &outcome, now);
        if settled.is_err() {
            self.unsettled = Some((parcel, outcome));
        }
        Ok(settled?)
    }

    fn note(
        &mut self,
        parcel: &Waiting,
        outcome: &Result<(), Failure>,
        now: i64,
    ) -> Result<(), DatabaseError> {
        let (why, asked) = match outcome {
            Ok(()) => return self.taken(parcel, now),
            Err(Failure::Permanent(why)) if self.refusals < REFUSALS_MAX => {
                self.refused(parcel, why, now)?;
                self.refusals += 1;
                return Ok(());
            }
            Err(Failure::Permanent(why)) => (why, None),
            Err(Failure::Temporary(why, asked)) => (why, *asked),
        };
        if now - parcel.made <= GIVE_UP_S {
            return self.failed(parcel, why, asked, now);
        }
        let why = format!(
            "given up after {}: {why}",
            counted(parcel.attempts.saturating_add(1), "attempt", "attempts")
        );
        self.refused(parcel, &why, now)?;
        self.circuit.failed(self.circuit.next_pause(asked));
        Ok(())
    }

    fn taken(&mut self, parcel: &Waiting, now: i64) -> Result<(), DatabaseError> {
        self.queue.taken(&self.name, parcel.number, now)?;
        self.refusals = 0;
        if let Some(failures) = self.circuit.works() {
            self.trouble.works_again(&self.name, failures);
        }
        Ok(())
    }

    fn refused(&mut self, parcel: &Waiting, why: &str, now: i64) -> Result<(), DatabaseError> {
        self.queue.refuse(&self.name, parcel.number, why, now)?;
        self.trouble.refused(&self.name, &parcel.parcel.id, why, now);
        Ok(())
    }

    fn failed(
        &mut self,
        parcel: &Waiting,
        why: &str,
        asked: Option<Duration>,
        now: i64,
    ) -> Result<(), DatabaseError> {
        let failures = self.circuit.failures.saturating_add(1);
        let is_broken = failures >= BREAKS_AFTER;
        let pause = self.circuit.next_pause(asked);
        let next = now + pause.as_secs() as i64;
        self.queue.failed(&self.name, parcel.number, &Failed { why, failures, is_broken, next, now })?;
        self.circuit.failed(pause);
        if is_broken && !self.circuit.is_broken {
            self.circuit.is_broken = true;
            self.trouble.failed(&self.name, failures, why);
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Gathered {
    releases: Vec<Release>,
    is_more: bool,
}

/// The budget as it was written down; a damaged one begins anew.
fn state(name: &str, bytes: &[u8]) -> State {
    if bytes.is_empty() {
        return State::default();
    }
    postcard::from_bytes(bytes).unwrap_or_else(|_| {
        news::tell(format_args!("what was held back for {name} cannot be read; its budget begins anew"));
        State::default()
    })
}

/// What a parcel is about, for people.
fn about(content: &Content) -> String {
    let held: u64 = content.held_back.iter().map(|HeldBack { count, .. }| count).sum();
    match (&content.notice, content.alerts.as_slice(), held) {
        (Some(Notice { title, .. }), [], _) => title.clone(),
        (_, [], held) => format!("{} in numbers", counted(held, "alert", "alerts")),
        (_, [one], 0) => format!("alert {}", one.alert().id),
        (_, [first, ..], 0) => format!("{} alerts from {}", content.alerts.len(), first.alert().id),
        (_, alerts, held) => {
            format!("{}, and {held} in numbers", counted(alerts.len(), "alert", "alerts"))
        }
    }
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("name", &self.name).finish_non_exhaustive()
    }
}
