//! The manager's side of one agent.
//!
//! A [`Downlink`] lives as long as the manager knows of the agent's batches:
//! it outlives connections. The host hands in what arrives
//! ([`Downlink::receive`]), commits the batches that it is given in their
//! order, and says so ([`Downlink::settled`]).
//!
//! **The fence.** Batches of a connection that broke may still be on their
//! way to the store when the agent is back. Were it told where a source
//! stands before they are committed, it would send them again. So the host
//! looks a position up only when [`Downlink::wanted`] names its source, and
//! that waits until every batch received before the question, on this
//! connection or an earlier one, is committed or dropped.

use crate::limits::{CONFIGURATION_PART_MAX, FLIGHTS_MAX, ORDER_MAX, SOURCES_MAX, WINDOW_MIN};
use crate::respond::order::Order;
use crate::time::Millis;
use crate::wire::batch::{Entries, Entry, Lost, Record};
use crate::wire::message::{Hello, MessageError, ToAgent, ToManager, Why};
use crate::wire::{ALIVE_MS, PROTOCOL, SILENT_MS};

/// What names a batch until it is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    connection: u32,
    number: u32,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What it caused and its positions are on disk.
    Committed,
    /// It left no trace. All later batches of its connection are to be
    /// dropped too: a position in one of them would claim the dropped ones.
    Dropped,
}

/// What a message means to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Received<'a> {
    /// Nothing.
    Nothing,
    /// Answer with [`Downlink::welcome`].
    Hello(Hello<'a>),
    /// Remember the name. Its position is asked for by [`Downlink::wanted`].
    Source {
        /// How entries of batches name it from now on.
        index: u16,
        /// Its name.
        name: &'a str,
    },
    /// The index may get another name. Batches received before mean the
    /// earlier one.
    Gone {
        /// The index.
        index: u16,
    },
    /// Commit these entries and positions in one step, in the order of
    /// tickets, then call [`Downlink::settled`]. All entries are well-formed
    /// and of sources that were placed.
    Batch {
        /// Names the batch.
        ticket: Ticket,
        /// Its entries, see [`Entries`].
        body: &'a [u8],
    },
    /// The agent uses this configuration.
    Applied {
        /// Its number.
        config: u64,
    },
    /// The agent cannot use this configuration.
    Refused {
        /// Its number.
        config: u64,
        /// The reason, for people. Hostile: show it as text.
        why: &'a str,
    },
}

/// How an agent broke the protocol. The host sends
/// `Closed { why: Protocol }` (see [`Downlink::close`]) and closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not a message.
    Message(MessageError),
    /// Another version of the protocol.
    Version(u16),
    /// A message that has no place here.
    Unexpected,
    /// A batch's number does not follow the one before.
    Number,
    /// More batches, or more bytes of them, than may be unacknowledged.
    Window,
    /// A source that does not exist, exists already, or is not placed.
    Source,
}

/// What the host is to do about the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Close the connection: the agent is silent, or one of its batches was
    /// dropped.
    Disconnect,
    /// Nothing, until something happens, or until this time.
    Wait(Millis),
}

/// The state of one index of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slot {
    /// No source has this index.
    #[default]
    Free,
    /// The agent asks where it stands; the answer waits for this batch.
    Asked(u32),
    /// The agent was told where it stands.
    Placed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Off,
    New,
    Greeted,
    Up,
    Ending,
}

/// The manager's side of one agent. `S` is memory of the host's: one
/// [`Slot`] for each source that the agent may have.
#[derive(Debug)]
pub struct Downlink<S> {
    slots: S,
    phase: Phase,
    connection: u32,
    /// Batches of earlier connections that are neither committed nor dropped.
    older: u32,
    /// Bytes of the bodies of batches that are not settled.
    bodies: [u32; FLIGHTS_MAX],
    received: u32,
    settled: u32,
    acknowledged: u32,
    window: usize,
    heard: Millis,
    sent: Millis,
    /// Slots before this one wait for no answer.
    placed: usize,
    /// The configuration that is being pushed: its number, and bytes sent.
    push: Option<(u64, usize)>,
}

impl<S: AsRef<[Slot]> + AsMut<[Slot]>> Downlink<S> {
    /// An agent that is not connected.
    pub fn new(slots: S) -> Self {
        Self {
            slots,
            phase: Phase::Off,
            connection: 0,
            older: 0,
            bodies: [0; FLIGHTS_MAX],
            received: 0,
            settled: 0,
            acknowledged: 0,
            window: 0,
            heard: Millis(0),
            sent: Millis(0),
            placed: 0,
            push: None,
        }
    }

    /// A connection with the agent's key is there. An earlier one is over: the
    /// host sends `Closed { why: Replaced }` on it and closes it.
    ///
    /// To be called when the first message could be decrypted, not when the
    /// handshake began: only then is it sure that this is not an earlier
    /// handshake that somebody plays back.
    pub fn connected(&mut self, now: Millis) {
        self.disconnected();
        self.phase = Phase::New;
        self.heard = now;
        self.sent = now;
    }

    /// The connection is gone. Work: one step for each slot.
    pub fn disconnected(&mut self) {
        self.older += self.received - self.settled;
        self.connection = self.connection.wrapping_add(1);
        (self.received, self.settled, self.acknowledged) = (0, 0, 0);
        self.slots.as_mut().fill(Slot::Free);
        self.placed = SOURCES_MAX;
        self.push = None;
        self.phase = Phase::Off;
    }

    /// Whether a session is up.
    pub fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    /// Batches, of any connection, that are neither committed nor dropped.
    /// Only where there is none may a Downlink be forgotten.
    pub fn unsettled(&self) -> u32 {
        self.older + (self.received - self.settled)
    }

    /// What to do about the connection now. Constant work.
    pub fn step(&self, now: Millis) -> Step {
        let silent = self.heard.plus(SILENT_MS);
        match self.phase {
            Phase::Off => Step::Wait(Millis::NEVER),
            Phase::Ending => Step::Disconnect,
            _ if now >= silent => Step::Disconnect,
            _ => Step::Wait(silent.min(self.sent.plus(ALIVE_MS))),
        }
    }

    /// Takes a message that has arrived. Work: two steps for each entry of a
    /// batch. After a fault nothing more is taken from this connection.
    pub fn receive<'a>(&mut self, message: &'a [u8], now: Millis) -> Result<Received<'a>, Fault> {
        let received =
            ToManager::read(message).map_err(Fault::Message).and_then(|message| self.take(message));
        self.heard = now;
        if received.is_err() {
            self.phase = Phase::Ending;
        }
        received
    }

    fn take<'a>(&mut self, message: ToManager<'a>) -> Result<Received<'a>, Fault> {
        match (self.phase, message) {
            (Phase::New, ToManager::Hello(hello)) => {
                if hello.protocol != PROTOCOL {
                    return Err(Fault::Version(hello.protocol));
                }
                self.phase = Phase::Greeted;
                Ok(Received::Hello(hello))
            }
            (Phase::Up, ToManager::Source { index, name }) => {
                self.asked(index)?;
                Ok(Received::Source { index, name })
            }
            (Phase::Up, ToManager::Gone { index }) => {
                let slot = self.slot(index).filter(|slot| **slot != Slot::Free).ok_or(Fault::Source)?;
                *slot = Slot::Free;
                Ok(Received::Gone { index })
            }
            (Phase::Up, ToManager::Batch { number, body }) => {
                let ticket = self.batch(number, body)?;
                Ok(Received::Batch { ticket, body })
            }
            (Phase::Up, ToManager::Applied { config }) => Ok(Received::Applied { config }),
            (Phase::Up, ToManager::Refused { config, why }) => Ok(Received::Refused { config, why }),
            (Phase::Greeted | Phase::Up, ToManager::Alive) => Ok(Received::Nothing),
            _ => Err(Fault::Unexpected),
        }
    }

    fn slot(&mut self, index: u16) -> Option<&mut Slot> {
        self.slots.as_mut().get_mut(usize::from(index))
    }

    fn asked(&mut self, index: u16) -> Result<(), Fault> {
        let received = self.received;
        let slot = self.slot(index).filter(|slot| **slot == Slot::Free).ok_or(Fault::Source)?;
        *slot = Slot::Asked(received);
        self.placed = self.placed.min(usize::from(index));
        Ok(())
    }

    fn batch(&mut self, number: u32, body: &[u8]) -> Result<Ticket, Fault> {
        if Some(number) != self.received.checked_add(1) {
            return Err(Fault::Number);
        }
        let count = (self.received - self.acknowledged) as usize;
        if body.is_empty() || count >= FLIGHTS_MAX || self.unacknowledged() + body.len() > self.window {
            return Err(Fault::Window);
        }
        for entry in Entries::new(body) {
            let source = match entry.map_err(Fault::Message)? {
                Entry::Record(Record { source, .. })
                | Entry::Position { source, .. }
                | Entry::Lost(Lost { source, .. }) => source,
            };
            if self.slots.as_ref().get(usize::from(source)) != Some(&Slot::Placed) {
                return Err(Fault::Source);
            }
        }
        self.received = number;
        if let Some(bytes) = self.bodies.get_mut(number as usize % FLIGHTS_MAX) {
            *bytes = body.len() as u32;
        }
        Ok(Ticket { connection: self.connection, number })
    }

    /// Bytes of bodies that the agent was not told are committed.
    fn unacknowledged(&self) -> usize {
        let numbers = self.acknowledged + 1..=self.received;
        numbers
            .filter_map(|number| self.bodies.get(number as usize % FLIGHTS_MAX))
            .map(|bytes| *bytes as usize)
            .sum()
    }

    /// A batch was committed or dropped: to be called once for each ticket,
    /// in the order of tickets. A ticket of this connection out of order is
    /// dropped with all that follow.
    pub fn settled(&mut self, ticket: Ticket, outcome: Outcome) {
        if ticket.connection != self.connection {
            self.older = self.older.saturating_sub(1);
            return;
        }
        if outcome == Outcome::Dropped || ticket.number != self.settled + 1 {
            self.phase = Phase::Ending;
        }
        self.settled = (self.settled + 1).min(self.received);
    }

    /// The next source whose position is to be looked up and told with
    /// [`Downlink::place`]. None while a batch that was received before the
    /// question is not settled: this is the fence. Work: at most one step for
    /// each slot.
    pub fn wanted(&mut self) -> Option<u16> {
        if self.older > 0 || self.phase != Phase::Up {
            return None;
        }
        let slots = self.slots.as_ref().iter().enumerate().skip(self.placed);
        let asked = slots.filter_map(|(index, slot)| match slot {
            Slot::Asked(after) => Some((index, *after)),
            _ => None,
        });
        let Some((first, _)) = asked.clone().next() else {
            self.placed = SOURCES_MAX;
            return None;
        };
        self.placed = first;
        asked.filter(|(_, after)| *after <= self.settled).map(|(index, _)| index as u16).next()
    }

    /// Tells the agent where a source stands.
    pub fn place(
        &mut self,
        index: u16,
        position: Option<&[u8]>,
        now: Millis,
        out: &mut [u8],
    ) -> Result<usize, MessageError> {
        let len = ToAgent::Place { index, position }.write(out)?;
        if let Some(slot) = self.slot(index) {
            *slot = Slot::Placed;
        }
        self.sent = now;
        Ok(len)
    }

    /// Answers `Hello`. `window` is how many bytes of batches may be
    /// unacknowledged, at least [`WINDOW_MIN`].
    pub fn welcome(
        &mut self,
        name: &str,
        window: u32,
        wall_ms: u64,
        now: Millis,
        out: &mut [u8],
    ) -> Result<usize, MessageError> {
        let window = window.max(WINDOW_MIN as u32);
        let len = ToAgent::Welcome { name, window, wall_ms }.write(out)?;
        if self.phase == Phase::Greeted {
            self.window = window as usize;
            self.phase = Phase::Up;
        }
        self.sent = now;
        Ok(len)
    }

    /// Hands an order to the agent. Before a session is up there is nobody to
    /// take it: `None`.
    pub fn order(
        &mut self,
        order: &Order<'_>,
        now: Millis,
        out: &mut [u8],
    ) -> Result<Option<usize>, MessageError> {
        if self.phase != Phase::Up {
            return Ok(None);
        }
        let mut what = [0; ORDER_MAX];
        let what = order.write(&mut what)?;
        let len = ToAgent::Order { id: order.id, what }.write(out)?;
        self.sent = now;
        Ok(Some(len))
    }

    /// Begins to push a configuration: [`Downlink::send`] sends its parts.
    pub fn configure(&mut self, config: u64) {
        self.push = (self.phase == Phase::Up).then_some((config, 0));
    }

    /// Writes the next message that is to be said to `out` (of
    /// [`super::message::TO_AGENT_MAX`] bytes); none if there is none. The
    /// host calls it until then. `configuration` is the text of the last
    /// [`Downlink::configure`].
    pub fn send(
        &mut self,
        now: Millis,
        configuration: &[u8],
        out: &mut [u8],
    ) -> Result<Option<usize>, MessageError> {
        if self.phase != Phase::Up {
            return Ok(None);
        }
        let len = if self.acknowledged < self.settled {
            let len = ToAgent::Ack { number: self.settled }.write(out)?;
            self.acknowledged = self.settled;
            len
        } else if let Some((config, at)) = self.push {
            self.part(config, at, configuration, out)?
        } else if now >= self.sent.plus(ALIVE_MS) {
            ToAgent::Alive.write(out)?
        } else {
            return Ok(None);
        };
        self.sent = now;
        Ok(Some(len))
    }

    fn part(
        &mut self,
        config: u64,
        at: usize,
        configuration: &[u8],
        out: &mut [u8],
    ) -> Result<usize, MessageError> {
        let rest = configuration.get(at..).unwrap_or_default();
        let (text, more) = match rest.split_at_checked(CONFIGURATION_PART_MAX) {
            Some((text, rest)) => (text, !rest.is_empty()),
            None => (rest, false),
        };
        let len = ToAgent::Configure { config, more, text }.write(out)?;
        self.push = more.then_some((config, at + text.len()));
        Ok(len)
    }

    /// Writes the last message of a connection. The host then closes it and
    /// calls [`Downlink::disconnected`].
    pub fn close(&mut self, why: Why, out: &mut [u8]) -> Result<usize, MessageError> {
        self.phase = Phase::Ending;
        ToAgent::Closed { why }.write(out)
    }
}

#[cfg(test)]
mod tests;
