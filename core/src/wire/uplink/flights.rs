//! Batches on their way, and the positions in them.
//!
//! Positions lie one behind the other in lent memory: the source and the
//! length in two bytes each, then the bytes.

use super::Event;
use crate::limits::{BATCH_MAX, FLIGHTS_MAX};
use crate::wire::batch::{Entries, Entry, Lost, POSITION_KEPT, Record, Room};

/// The source of a position that nobody waits for any more.
const NOBODY: u16 = u16::MAX;

#[derive(Clone, Copy, Debug, Default)]
struct Flight {
    /// Bytes of the body.
    body: usize,
    /// Bytes of positions kept.
    positions: usize,
}

#[derive(Debug)]
pub(super) struct Flights<B> {
    flights: [Flight; FLIGHTS_MAX],
    /// Number of the oldest that is not acknowledged.
    oldest: u32,
    /// Number of the next.
    next: u32,
    /// Bytes of all bodies.
    bodies: usize,
    positions: B,
    used: usize,
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Flights<B> {
    pub(super) fn new(positions: B) -> Self {
        let flights = [Flight::default(); FLIGHTS_MAX];
        Self { flights, oldest: 1, next: 1, bodies: 0, positions, used: 0 }
    }

    /// A new session.
    pub(super) fn clear(&mut self) {
        (self.oldest, self.next, self.bodies, self.used) = (1, 1, 0, 0);
    }

    pub(super) fn len(&self) -> usize {
        (self.next - self.oldest) as usize
    }

    /// Whether there is no further number.
    pub(super) fn is_exhausted(&self) -> bool {
        self.next == u32::MAX
    }

    pub(super) fn room(&self, window: usize) -> Room {
        if self.len() == FLIGHTS_MAX || self.is_exhausted() {
            return Room::default();
        }
        let positions = self.positions.as_ref().len() - self.used;
        Room { body: window.saturating_sub(self.bodies).min(BATCH_MAX), positions }
    }

    /// Takes a batch and keeps its positions; its number. None if it has no
    /// entries, or one of a source that is not placed, or if there is no room.
    pub(super) fn add(&mut self, body: &[u8], is_placed: impl Fn(u16) -> bool) -> Option<u32> {
        if body.is_empty() || self.len() == FLIGHTS_MAX || self.is_exhausted() {
            return None;
        }
        let mut end = self.used;
        for entry in Entries::new(body) {
            let (source, position) = match entry.ok()? {
                Entry::Record(Record { source, .. }) | Entry::Lost(Lost { source, .. }) => (source, None),
                Entry::Position { source, position } => (source, Some(position)),
            };
            if !is_placed(source) {
                return None;
            }
            if let Some(position) = position {
                end = self.keep(end, source, position)?;
            }
        }
        let flight = Flight { body: body.len(), positions: end - self.used };
        *self.flights.get_mut(self.next as usize % FLIGHTS_MAX)? = flight;
        self.used = end;
        self.bodies += body.len();
        self.next += 1;
        Some(self.next - 1)
    }

    fn keep(&mut self, at: usize, source: u16, position: &[u8]) -> Option<usize> {
        let end = at + POSITION_KEPT + position.len();
        let (head, bytes) = self.positions.as_mut().get_mut(at..end)?.split_at_mut_checked(POSITION_KEPT)?;
        let [low, high] = source.to_le_bytes();
        let [len_low, len_high] = (position.len() as u16).to_le_bytes();
        head.copy_from_slice(&[low, high, len_low, len_high]);
        bytes.copy_from_slice(position);
        Some(end)
    }

    /// All batches up to this one are committed. None if there is no such
    /// batch.
    pub(super) fn acknowledged(&mut self, number: u32, tell: &mut dyn FnMut(Event<'_>)) -> Option<()> {
        if number >= self.next {
            return None;
        }
        let mut end = 0;
        while self.oldest <= number {
            let flight = self.flights.get(self.oldest as usize % FLIGHTS_MAX)?;
            end += flight.positions;
            self.bodies -= flight.body;
            self.oldest += 1;
        }
        let mut at = 0;
        while let Some((index, position)) = self.kept(at).filter(|_| at < end) {
            at += POSITION_KEPT + position.len();
            if index != NOBODY {
                tell(Event::Acknowledged { index, position });
            }
        }
        self.positions.as_mut().copy_within(end..self.used, 0);
        self.used -= end;
        Some(())
    }

    /// The kept position that begins here.
    fn kept(&self, at: usize) -> Option<(u16, &[u8])> {
        let kept = self.positions.as_ref().get(at..self.used)?;
        let (&[low, high, len_low, len_high], rest) = kept.split_first_chunk()?;
        let len = u16::from_le_bytes([len_low, len_high]);
        Some((u16::from_le_bytes([low, high]), rest.get(..usize::from(len))?))
    }

    /// The source is no more: nobody waits for its positions.
    pub(super) fn forget(&mut self, source: u16) {
        let mut at = 0;
        while let Some((index, position)) = self.kept(at) {
            let next = at + POSITION_KEPT + position.len();
            if index == source
                && let Some(head) = self.positions.as_mut().get_mut(at..at + 2)
            {
                head.copy_from_slice(&NOBODY.to_le_bytes());
            }
            at = next;
        }
    }
}
