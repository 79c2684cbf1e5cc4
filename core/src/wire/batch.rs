//! The body of a batch: records, positions and losses, one behind the other.
//!
//! A batch is built in memory that the host lends, in the very bytes that
//! travel: the head of its message is put in front of it when it is finished.
//! After each record or loss there is room for one position, so a source that
//! gave something can always say where it stands. Reading checks every entry.

use serde::{Deserialize, Serialize, Serializer};

use crate::limits::{BATCH_MAX, POSITION_MAX, RECORD_MAX, SOURCES_MAX};
use crate::wire::message::MessageError;

/// One entry of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry<'a> {
    /// A record.
    #[serde(borrow)]
    Record(Record<'a>),
    /// Where a source stands once this batch is committed. The bytes mean
    /// something to the agent only. The last one of a batch counts.
    Position {
        /// The source.
        source: u16,
        /// At most [`POSITION_MAX`] bytes.
        #[serde(serialize_with = "bytes")]
        position: &'a [u8],
    },
    /// Records that were dropped from a full spool.
    Lost(Lost),
}

/// A record on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record<'a> {
    /// The source that it came from.
    pub source: u16,
    /// Which decoders look at it: OSSEC's queue letter, usually `b'1'`.
    pub queue: u8,
    /// Milliseconds since it was collected; 0 for files and where unknown.
    pub age_ms: u32,
    /// Bytes that were cut off its end.
    pub cut: u32,
    /// Its text, at most [`RECORD_MAX`] bytes.
    #[serde(serialize_with = "bytes")]
    pub text: &'a [u8],
}

/// How many records of a source were lost, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// The source; [`super::SPOOL`] where several are counted together.
    pub source: u16,
    /// How many records.
    pub records: u64,
    /// Milliseconds since the first of them was collected; 0 if unknown.
    pub first_age_ms: u32,
    /// Milliseconds since the last of them was collected; 0 if unknown.
    pub last_age_ms: u32,
}

/// Postcard writes `&[u8]` byte by byte unless told so; the result is equal.
fn bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// Bytes in front of a body: variant, number and length of its message.
const HEAD: usize = 1 + 5 + 3;

/// Bytes of the largest position entry.
const POSITION_ENTRY_MAX: usize = 1 + 3 + 2 + POSITION_MAX;

/// Bytes of an entry beside the text of its record.
const RECORD_OVERHEAD: usize = 1 + 3 + 1 + 5 + 5 + 3;

/// Bytes that one position takes from [`Room::positions`], itself apart.
pub(crate) const POSITION_KEPT: usize = 4;

/// How much a session takes at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes of a batch's body.
    pub body: usize,
    /// Bytes of positions that can be remembered until they are acknowledged.
    pub positions: usize,
}

impl Room {
    /// Whether a batch with one largest record would be taken.
    pub fn is_enough(self) -> bool {
        self.body >= RECORD_MAX + RECORD_OVERHEAD + POSITION_ENTRY_MAX
            && self.positions >= POSITION_MAX + POSITION_KEPT
    }
}

/// The entry does not fit: the batch is to be finished and sent, the entry
/// goes into the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// A batch that is being built.
#[derive(Debug)]
pub struct Batch<'b> {
    buffer: &'b mut [u8],
    end: usize,
    limit: usize,
    positions: usize,
}

impl<'b> Batch<'b> {
    /// An empty batch of at most `room`, in lent memory. The body can have
    /// nine bytes less than the memory.
    pub fn new(buffer: &'b mut [u8], room: Room) -> Self {
        let limit = buffer.len().min(HEAD + room.body.min(BATCH_MAX));
        Self { buffer, end: HEAD.min(limit), limit, positions: room.positions }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.end <= HEAD
    }

    /// Whether a record of so many bytes of text, and a position after it,
    /// fit now.
    pub fn fits(&self, text: usize) -> bool {
        let needed = RECORD_OVERHEAD + text.min(RECORD_MAX) + POSITION_ENTRY_MAX;
        self.limit - self.end >= needed && self.positions >= POSITION_MAX + POSITION_KEPT
    }

    /// Bytes of text that surely fit as one record, with a position after it.
    pub fn room(&self) -> usize {
        (self.limit - self.end).saturating_sub(RECORD_OVERHEAD + POSITION_ENTRY_MAX)
    }

    /// Whether so many records of [`RECORD_MAX`] bytes, and a position after
    /// them, fit now.
    pub fn has_room(&self, records: usize) -> bool {
        let needed = records.saturating_mul(RECORD_MAX + RECORD_OVERHEAD) + POSITION_ENTRY_MAX;
        self.limit - self.end >= needed && self.positions >= POSITION_MAX + POSITION_KEPT
    }

    /// Adds a record. A text above [`RECORD_MAX`] bytes is cut to it, and
    /// what is missing is counted in `cut`.
    pub fn record(&mut self, record: &Record<'_>) -> Result<(), Full> {
        let mut record = *record;
        if let Some((text, rest)) = record.text.split_at_checked(RECORD_MAX) {
            let cut = record.cut.saturating_add(u32::try_from(rest.len()).unwrap_or(u32::MAX));
            record = Record { text, cut, ..record };
        }
        self.add(&Entry::Record(record), POSITION_ENTRY_MAX)
    }

    /// Adds a loss.
    pub fn lost(&mut self, lost: &Lost) -> Result<(), Full> {
        self.add(&Entry::Lost(*lost), POSITION_ENTRY_MAX)
    }

    /// Says where a source stands after this batch. There is always room
    /// behind a record or a loss. A position above [`POSITION_MAX`] bytes is
    /// never taken.
    pub fn position(&mut self, source: u16, position: &[u8]) -> Result<(), Full> {
        let kept = position.len() + POSITION_KEPT;
        if position.len() > POSITION_MAX || kept > self.positions {
            return Err(Full);
        }
        self.add(&Entry::Position { source, position }, 0)?;
        self.positions -= kept;
        Ok(())
    }

    /// Adds an entry whole or not at all, and leaves `spare` bytes.
    fn add(&mut self, entry: &Entry<'_>, spare: usize) -> Result<(), Full> {
        if spare > 0 && self.positions < POSITION_MAX + POSITION_KEPT {
            return Err(Full);
        }
        let limit = self.limit.saturating_sub(spare);
        let room = self.buffer.get_mut(self.end..limit).ok_or(Full)?;
        self.end += postcard::to_slice(entry, room).map_err(|_| Full)?.len();
        Ok(())
    }

    /// A mark to go back to with [`Batch::truncate`].
    pub fn mark(&self) -> Mark {
        Mark { end: self.end, positions: self.positions }
    }

    /// Takes back everything since the mark.
    pub fn truncate(&mut self, mark: Mark) {
        self.end = mark.end.min(self.end);
        self.positions = mark.positions.max(self.positions);
    }

    /// The body so far.
    pub fn body(&self) -> &[u8] {
        self.buffer.get(HEAD..self.end).unwrap_or_default()
    }

    /// The message [`super::message::ToManager::Batch`] of this number, ready
    /// to be encrypted. [`super::uplink::Uplink::seal`] calls this.
    pub fn finish(self, number: u32) -> &'b mut [u8] {
        const VARIANT: u8 = 3;
        let len = self.body().len() as u32;
        let mut head = [0; HEAD];
        // Cannot fail: the three are HEAD bytes at most.
        let head = postcard::to_slice(&(VARIANT, number, len), &mut head).map_or(&[][..], |head| head);
        let start = HEAD - head.len();
        if let Some(room) = self.buffer.get_mut(start..HEAD) {
            room.copy_from_slice(head);
        }
        self.buffer.get_mut(start..self.end).unwrap_or_default()
    }
}

/// A state of a [`Batch`].
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    end: usize,
    positions: usize,
}

/// The entries of a body. After an error nothing follows. One step reads one
/// entry; a body of n bytes has at most n/3 entries.
#[derive(Clone, Copy, Debug)]
pub struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Entries<'a> {
    /// The entries of this body.
    pub fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn one(&mut self) -> Result<Entry<'a>, MessageError> {
        let (entry, rest) = postcard::take_from_bytes(core::mem::take(&mut self.rest))
            .map_err(|_| MessageError::Malformed)?;
        let (source, fits) = match entry {
            Entry::Record(Record { source, text, .. }) => (source, text.len() <= RECORD_MAX),
            Entry::Position { source, position } => (source, position.len() <= POSITION_MAX),
            Entry::Lost(Lost { source, .. }) => (source, true),
        };
        if !fits || usize::from(source) >= SOURCES_MAX {
            return Err(MessageError::Limit);
        }
        self.rest = rest;
        Ok(entry)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, MessageError>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.rest.is_empty()).then(|| self.one())
    }
}

#[cfg(test)]
mod tests;
