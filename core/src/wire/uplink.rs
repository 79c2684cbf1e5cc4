//! The agent's side: it finds a manager, says what sources there are, learns
//! where they stand, and sends batches as far as the manager allows.
//!
//! The host asks [`Uplink::step`] what to do about the connection and when to
//! ask again, hands in what arrives ([`Uplink::receive`]), writes what is to
//! be said ([`Uplink::send`]) and, while there is [`Uplink::room`], fills a
//! [`Batch`] and has it numbered ([`Uplink::seal`]). Positions travel with
//! batches; they are kept here until their batch is acknowledged, and then
//! told to the host, which may free what lies before them.
//!
//! **Order of managers.** The first one is tried first. Where a session
//! brings nothing, the next manager is tried at once; behind the last one the
//! agent waits, one second at first, doubling to a minute, and begins again.
//! A session that had batches acknowledged begins the order anew when it
//! breaks.

use crate::limits::{FLIGHTS_MAX, MANAGERS_MAX, WHY_MAX, WINDOW_MIN};
use crate::time::Millis;
use crate::wire::batch::{Batch, Room};
use crate::wire::message::{Hello, MessageError, ToAgent, ToManager, Why};
use crate::wire::{ALIVE_MS, OWED_MS, SILENT_MS};

mod back_off;
mod configuration;
mod flights;
mod sources;

use back_off::BackOff;
use configuration::Configuration;
use flights::Flights;
pub use sources::Slot;
use sources::Sources;

/// What the host is to do about the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Connect to the manager of this number (from 0) and shake hands, then
    /// call [`Uplink::connected`], or [`Uplink::lost`] if that fails.
    Connect(usize),
    /// Close the connection, finished or not. Ask again at once.
    Disconnect(Reason),
    /// Nothing, until something happens, or until this time.
    Wait(Millis),
}

/// Why a session is at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing was heard for [`SILENT_MS`].
    Silent,
    /// An answer has been missing for [`OWED_MS`].
    Owing,
    /// The manager has said so.
    Closed(Why),
    /// The manager has broken the protocol.
    Protocol,
    /// The numbers of batches are used up; a new session has new ones.
    Numbers,
    /// The host has lost the connection, or could not make it.
    Lost,
}

/// What the host is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The session has begun.
    Welcome {
        /// The agent's name at this manager.
        name: &'a str,
        /// The manager's clock: milliseconds since 1970.
        wall_ms: u64,
    },
    /// The source is to go on from here, or from its own acknowledged
    /// position if that is further. Batches may hold it from now on.
    Place {
        /// The source.
        index: u16,
        /// What the manager has committed; none if it knows nothing.
        position: Option<&'a [u8]>,
    },
    /// All that the source has sent up to this position is committed.
    Acknowledged {
        /// The source.
        index: u16,
        /// A position of an earlier batch.
        position: &'a [u8],
    },
    /// A new configuration; answer with [`Uplink::applied`] or
    /// [`Uplink::refused`].
    Configuration {
        /// Its number.
        config: u64,
        /// Its text.
        text: &'a [u8],
    },
    /// A response that is to be carried out, renewed or undone. It was not
    /// looked at, and may have come before.
    Order {
        /// The response's number.
        id: u64,
        /// What is to be done, see [`Order::read`](crate::respond::order::Order::read).
        what: &'a [u8],
    },
}

/// Where the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No connection before this time.
    Off(Millis),
    /// The host is connecting, since then.
    Connecting(Millis),
    /// `Hello` was sent.
    Greeting,
    /// `Welcome` was received.
    Up,
    /// To be closed by the host.
    Ending(Reason),
}

/// The agent's side of its sessions, one after the other.
///
/// Memory of the host's: `S` is one [`Slot`] for each index of a source (at
/// most [`crate::limits::SOURCES_MAX`]), `B` bytes: one for positions on
/// their way (4 KiB are ample), one for a configuration that is being
/// received (at most [`crate::limits::CONFIGURATION_MAX`]; a longer one is
/// refused).
#[derive(Debug)]
pub struct Uplink<S, B> {
    sources: Sources<S>,
    flights: Flights<B>,
    configuration: Configuration<B>,
    back_off: BackOff,
    phase: Phase,
    window: usize,
    heard: Millis,
    sent: Millis,
    owed: Option<Millis>,
}

impl<S, B> Uplink<S, B>
where
    S: AsRef<[Slot]> + AsMut<[Slot]>,
    B: AsRef<[u8]> + AsMut<[u8]>,
{
    /// No session yet. `managers` is their number, 1 to [`MANAGERS_MAX`];
    /// `seed` a random number, so that a thousand agents do not return in the
    /// same millisecond.
    pub fn new(sources: S, positions: B, configuration: B, managers: usize, seed: u64) -> Self {
        Self {
            sources: Sources::new(sources),
            flights: Flights::new(positions),
            configuration: Configuration::new(configuration),
            back_off: BackOff::new(managers.clamp(1, MANAGERS_MAX), seed),
            phase: Phase::Off(Millis(0)),
            window: 0,
            heard: Millis(0),
            sent: Millis(0),
            owed: None,
        }
    }

    /// Adds a source: its position will be asked for in this and each later
    /// session. False if the index is in use, or if the manager has not yet
    /// been told that its former meaning is over.
    pub fn open(&mut self, index: u16) -> bool {
        self.sources.open(index)
    }

    /// Removes a source.
    pub fn close(&mut self, index: u16) {
        self.sources.close(index);
        self.flights.forget(index);
    }

    /// Whether batches may hold this source.
    pub fn is_placed(&self, index: u16) -> bool {
        self.phase == Phase::Up && self.sources.is_placed(index)
    }

    /// Whether a session is up.
    pub fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    /// Batches that are not acknowledged.
    pub fn unacknowledged(&self) -> usize {
        self.flights.len()
    }

    /// What to do now. Constant work.
    pub fn step(&mut self, now: Millis) -> Step {
        match self.phase {
            Phase::Off(until) if now < until => Step::Wait(until),
            Phase::Off(_) => {
                self.phase = Phase::Connecting(now);
                Step::Connect(self.back_off.manager())
            }
            Phase::Connecting(since) if now.since(since) >= SILENT_MS => self.end(Reason::Silent, now),
            Phase::Connecting(since) => Step::Wait(since.plus(SILENT_MS)),
            Phase::Ending(reason) => self.end(reason, now),
            Phase::Greeting | Phase::Up => self.watch(now),
        }
    }

    /// What a session that runs is to do.
    fn watch(&mut self, now: Millis) -> Step {
        let silent = self.heard.plus(SILENT_MS);
        let owing = self.owed.map_or(Millis::NEVER, |since| since.plus(OWED_MS));
        if now >= silent {
            return self.end(Reason::Silent, now);
        }
        if now >= owing {
            return self.end(Reason::Owing, now);
        }
        if self.flights.is_exhausted() {
            return self.end(Reason::Numbers, now);
        }
        Step::Wait(silent.min(owing).min(self.sent.plus(ALIVE_MS)))
    }

    fn end(&mut self, reason: Reason, now: Millis) -> Step {
        self.leave(reason, now);
        Step::Disconnect(reason)
    }

    /// Forgets the session. The next one begins after the wait.
    fn leave(&mut self, reason: Reason, now: Millis) {
        self.sources.disconnected();
        self.flights.clear();
        self.configuration.clear();
        self.owed = None;
        self.phase = Phase::Off(self.back_off.after(reason, now));
    }

    /// The host has lost the connection, or could not make it.
    pub fn lost(&mut self, now: Millis) {
        if !matches!(self.phase, Phase::Off(_)) {
            self.leave(Reason::Lost, now);
        }
    }

    /// The handshake is done: writes the first message to `out` (of
    /// [`super::message::CONTROL_MAX`] bytes).
    pub fn connected(
        &mut self,
        hello: &Hello<'_>,
        now: Millis,
        out: &mut [u8],
    ) -> Result<usize, MessageError> {
        let len = ToManager::Hello(*hello).write(out)?;
        self.phase = Phase::Greeting;
        self.heard = now;
        self.sent = now;
        self.owed = Some(now);
        Ok(len)
    }

    /// Takes a message that has arrived, and tells what it means. Work: one
    /// step for each position that is acknowledged. What cannot be a
    /// message, or has no place here, ends the session: [`Uplink::step`]
    /// says so.
    pub fn receive(&mut self, message: &[u8], now: Millis, tell: &mut dyn FnMut(Event<'_>)) {
        let taken = ToAgent::read(message).ok().and_then(|message| self.take(message, now, tell));
        if taken.is_none() {
            self.phase = Phase::Ending(Reason::Protocol);
        }
    }

    fn take(&mut self, message: ToAgent<'_>, now: Millis, tell: &mut dyn FnMut(Event<'_>)) -> Option<()> {
        self.heard = now;
        match (self.phase, message) {
            (Phase::Greeting | Phase::Up, ToAgent::Closed { why }) => {
                self.phase = Phase::Ending(Reason::Closed(why));
            }
            (Phase::Greeting | Phase::Up, ToAgent::Alive) => {}
            (Phase::Greeting, ToAgent::Welcome { name, window, wall_ms }) => {
                self.window = usize::try_from(window).ok().filter(|window| *window >= WINDOW_MIN)?;
                self.phase = Phase::Up;
                self.progress(now);
                tell(Event::Welcome { name, wall_ms });
            }
            (Phase::Up, ToAgent::Place { index, position }) => {
                if self.sources.placed(index)? {
                    tell(Event::Place { index, position });
                }
                self.progress(now);
            }
            (Phase::Up, ToAgent::Ack { number }) => {
                self.flights.acknowledged(number, tell)?;
                self.back_off.succeeded();
                self.progress(now);
            }
            (Phase::Up, ToAgent::Order { id, what }) => tell(Event::Order { id, what }),
            (Phase::Up, ToAgent::Configure { config, more, text }) => {
                self.configuration.part(config, more, text, tell);
            }
            (Phase::Ending(_), _) => {}
            _ => return None,
        }
        Some(())
    }

    /// An answer has come: the next one has its full time.
    fn progress(&mut self, now: Millis) {
        let is_owed = self.sources.is_waiting() || self.flights.len() > 0;
        self.owed = is_owed.then_some(now);
    }

    /// Writes the next message that is to be said to `out` (of
    /// [`super::message::CONTROL_MAX`] bytes); none if there is none. The
    /// host calls it until then. Work: at most one step for each slot.
    pub fn send<'n>(
        &mut self,
        now: Millis,
        name_of: &dyn Fn(u16) -> &'n str,
        out: &mut [u8],
    ) -> Result<Option<usize>, MessageError> {
        if self.phase != Phase::Up {
            return Ok(None);
        }
        let len = if let Some(answer) = self.configuration.answer() {
            let len = answer.write(out)?;
            self.configuration.answered();
            len
        } else if let Some((index, is_new)) = self.sources.next() {
            self.announce(index, is_new, now, name_of, out)?
        } else if now >= self.sent.plus(ALIVE_MS) {
            ToManager::Alive.write(out)?
        } else {
            return Ok(None);
        };
        self.sent = now;
        Ok(Some(len))
    }

    fn announce<'n>(
        &mut self,
        index: u16,
        is_new: bool,
        now: Millis,
        name_of: &dyn Fn(u16) -> &'n str,
        out: &mut [u8],
    ) -> Result<usize, MessageError> {
        if !is_new {
            let len = ToManager::Gone { index }.write(out)?;
            self.sources.announced(index);
            return Ok(len);
        }
        let len = ToManager::Source { index, name: name_of(index) }.write(out)?;
        self.sources.announced(index);
        self.owed.get_or_insert(now);
        Ok(len)
    }

    /// How much may be sent now: nothing where no session is up, where the
    /// window is used up, or where [`FLIGHTS_MAX`] batches are on their way.
    pub fn room(&self) -> Room {
        if self.phase != Phase::Up {
            return Room::default();
        }
        self.flights.room(self.window)
    }

    /// Numbers a batch and makes it a message, to be sent before any other.
    /// None if it is empty, or holds a source that is not placed: such a
    /// batch must not be sent. Work: one step for each entry.
    pub fn seal<'b>(&mut self, batch: Batch<'b>, now: Millis) -> Option<&'b mut [u8]> {
        let sources = &self.sources;
        let number = self.flights.add(batch.body(), |index| sources.is_placed(index))?;
        self.owed.get_or_insert(now);
        self.sent = now;
        Some(batch.finish(number))
    }

    /// The configuration that was told last is in use.
    pub fn applied(&mut self, config: u64) {
        self.configuration.reply(config, None);
    }

    /// The configuration that was told last cannot be used. Of `why`, the
    /// first [`WHY_MAX`] bytes are sent.
    pub fn refused(&mut self, config: u64, why: &str) {
        self.configuration.reply(config, Some(why));
    }
}

const _: () = assert!(WHY_MAX < super::message::CONTROL_MAX);
const _: () = assert!(FLIGHTS_MAX.is_power_of_two());

#[cfg(test)]
mod tests;
