//! Connections that are slow, break at any byte, and die without a word.
//!
//! Bytes of one direction arrive in order; nothing else does: an old
//! connection's bytes may arrive long after a newer connection was made.

use crate::random::Random;
use std::collections::{BTreeMap, VecDeque};

/// Which end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Agent,
    Manager,
}

impl End {
    fn other(self) -> Self {
        match self {
            Self::Agent => Self::Manager,
            Self::Manager => Self::Agent,
        }
    }
}

/// What travels in one direction.
#[derive(Debug)]
enum Travelling {
    /// The connection is made.
    Made,
    Bytes(Vec<u8>),
    Closed,
}

/// One end's view.
#[derive(Debug, Default)]
struct Half {
    /// With the times of their arrival, which do not fall.
    travelling: VecDeque<(u64, Travelling)>,
    inbox: Vec<u8>,
    is_made: bool,
    is_closed: bool,
    /// Bytes that still arrive before the connection breaks.
    left: Option<usize>,
}

#[derive(Debug)]
struct Connection {
    manager: usize,
    agent: Half,
    manager_end: Half,
    /// Nothing arrives any more, and nobody is told.
    is_dead: bool,
}

/// All connections that ever were.
#[derive(Debug, Default)]
pub(crate) struct Network {
    connections: BTreeMap<usize, Connection>,
    made: usize,
    /// The longest that bytes travel.
    pub(crate) latency_ms: u64,
    /// Of a hundred connections, how many die without a word when they break.
    pub(crate) silent_deaths: u64,
}

impl Connection {
    fn half(&mut self, end: End) -> &mut Half {
        match end {
            End::Agent => &mut self.agent,
            End::Manager => &mut self.manager_end,
        }
    }
}

impl Half {
    fn send(&mut self, now: u64, latency: u64, what: Travelling) {
        let earliest = self.travelling.back().map_or(0, |(at, _)| *at);
        self.travelling.push_back((earliest.max(now + latency), what));
    }

    fn arrive(&mut self, now: u64) {
        while self.travelling.front().is_some_and(|(at, _)| *at <= now) {
            match self.travelling.pop_front() {
                Some((_, Travelling::Bytes(bytes))) => self.take(&bytes),
                Some((_, Travelling::Made)) => self.is_made = true,
                _ => self.is_closed = true,
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let len = self.left.unwrap_or(usize::MAX).min(bytes.len());
        if !self.is_closed {
            self.inbox.extend_from_slice(&bytes[..len]);
        }
        self.left = self.left.map(|left| left - len);
        self.is_closed |= self.left == Some(0);
    }
}

impl Network {
    fn latency(&self, random: &mut Random) -> u64 {
        1 + random.skewed(self.latency_ms)
    }

    /// The agent connects; refused where nobody listens.
    pub(crate) fn connect(
        &mut self,
        manager: usize,
        is_listening: bool,
        now: u64,
        random: &mut Random,
    ) -> usize {
        self.made += 1;
        let mut connection =
            Connection { manager, agent: Half::default(), manager_end: Half::default(), is_dead: false };
        let latency = self.latency(random);
        if is_listening {
            connection.agent.send(now, latency, Travelling::Made);
            connection.manager_end.send(now, latency, Travelling::Made);
        } else {
            connection.agent.send(now, latency, Travelling::Closed);
        }
        self.connections.insert(self.made, connection);
        self.made
    }

    pub(crate) fn send(&mut self, id: usize, from: End, bytes: Vec<u8>, now: u64, random: &mut Random) {
        let latency = self.latency(random);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.half(from.other()).send(now, latency, Travelling::Bytes(bytes));
        }
    }

    /// One end closes: what it sent arrives, then the other end knows.
    pub(crate) fn close(&mut self, id: usize, from: End, now: u64, random: &mut Random) {
        let latency = self.latency(random);
        if let Some(connection) = self.connections.get_mut(&id) {
            let half = connection.half(from);
            half.is_closed = true;
            half.inbox.clear();
            connection.half(from.other()).send(now, latency, Travelling::Closed);
        }
    }

    /// The connection breaks, at some byte of each direction.
    pub(crate) fn break_off(&mut self, id: usize, random: &mut Random) {
        let is_silent = random.percent(self.silent_deaths);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if is_silent {
            connection.is_dead = true;
            return;
        }
        for end in [End::Agent, End::Manager] {
            let half = connection.half(end);
            let bytes: usize = half.travelling.iter().map(|(_, what)| what.bytes()).sum();
            half.left = Some(random.of(0..bytes as u64 + 1) as usize);
            half.is_closed |= half.left == Some(0);
        }
    }

    /// A manager is killed: nothing arrives there any more.
    pub(crate) fn kill(&mut self, manager: usize, random: &mut Random) {
        self.break_all(|of| of == manager, random);
        for connection in self.connections.values_mut().filter(|connection| connection.manager == manager) {
            connection.manager_end.is_closed = true;
            connection.manager_end.inbox.clear();
        }
    }

    /// Connections break.
    pub(crate) fn break_all(&mut self, of: impl Fn(usize) -> bool, random: &mut Random) {
        let ids: Vec<usize> = self
            .connections
            .iter()
            .filter(|(_, connection)| of(connection.manager))
            .map(|(id, _)| *id)
            .collect();
        ids.into_iter().for_each(|id| self.break_off(id, random));
    }

    /// Lets arrive what is due; drops what both ends have closed.
    pub(crate) fn arrive(&mut self, now: u64) {
        for connection in self.connections.values_mut().filter(|connection| !connection.is_dead) {
            connection.agent.arrive(now);
            connection.manager_end.arrive(now);
        }
        self.connections
            .retain(|_, connection| !(connection.agent.is_over() && connection.manager_end.is_over()));
    }

    /// When something arrives next.
    pub(crate) fn next_arrival(&self) -> u64 {
        let living = self.connections.values().filter(|connection| !connection.is_dead);
        let halves = living.flat_map(|connection| [&connection.agent, &connection.manager_end]);
        halves.filter_map(|half| half.travelling.front()).map(|(at, _)| *at).min().unwrap_or(u64::MAX)
    }

    /// Connections that were made to this manager and that it may still have.
    pub(crate) fn accepted(&self, manager: usize) -> Vec<usize> {
        let of_it = self.connections.iter().filter(|(_, connection)| connection.manager == manager);
        of_it.filter(|(_, connection)| connection.manager_end.is_made).map(|(id, _)| *id).collect()
    }

    /// What has arrived since this was asked last.
    pub(crate) fn receive(&mut self, id: usize, end: End) -> Vec<u8> {
        self.connections
            .get_mut(&id)
            .map(|found| std::mem::take(&mut found.half(end).inbox))
            .unwrap_or_default()
    }

    pub(crate) fn is_made(&mut self, id: usize, end: End) -> bool {
        self.connections.get_mut(&id).is_some_and(|connection| connection.half(end).is_made)
    }

    pub(crate) fn is_closed(&mut self, id: usize, end: End) -> bool {
        self.connections.get_mut(&id).is_none_or(|connection| connection.half(end).is_closed)
    }
}

impl Half {
    fn is_over(&self) -> bool {
        self.is_closed && self.inbox.is_empty()
    }
}

impl Travelling {
    fn bytes(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Made | Self::Closed => 0,
        }
    }
}

/// A frame as it travels; sixteen bytes stand for the seal of encryption.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(message.len() + 18);
    bytes.extend((message.len() as u16 + 16).to_be_bytes());
    bytes.extend(message);
    bytes.extend([b's'; 16]);
    bytes
}

/// The message of a frame.
pub(crate) fn unsealed(frame: &[u8]) -> &[u8] {
    frame.strip_suffix(&[b's'; 16]).expect("the seal is whole")
}
