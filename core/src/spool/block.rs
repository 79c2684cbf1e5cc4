//! One block: a header, then records and the names of their sources.
//!
//! A block says all that is needed to use it alone. Its checksum covers all
//! bytes that are used, so a torn write is seen.

use serde::{Deserialize, Serialize, Serializer};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::position::{Key, NUMBER_MAX};
use super::storage::BlockBytes;
use crate::crc::crc32;
use crate::limits::BLOCK_SIZE;
use crate::time::Millis;

const MAGIC: [u8; 4] = *b"BzS1";

/// The header as it is written.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Row {
    magic: [u8; 4],
    /// CRC-32 of all used bytes behind it.
    checksum: U32,
    id: U64,
    number: U64,
    opening: U32,
    used: U16,
    count: U16,
    starts: [U64; STARTS],
    first: U64,
    clock: U64,
    base_ms: U64,
    settled: U64,
    settled_opening: U32,
}

const HEADER_SIZE: usize = size_of::<Row>();
/// Openings of which a block knows where they began.
pub(super) const STARTS: usize = 8;

const CHECKED_FROM: usize = 8;

/// What a block says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The spool.
    pub(super) id: u64,
    /// Counts blocks; of two blocks with one number, the one with more
    /// records is the later state.
    pub(super) number: u64,
    /// The opening in which it was begun.
    pub(super) opening: u32,
    /// Sequence numbers with which this opening and those before it began.
    pub(super) starts: [u64; STARTS],
    /// Sequence number of its first record.
    pub(super) first: u64,
    /// Number of its records.
    pub(super) count: u16,
    /// Names the clock of its times.
    pub(super) clock: u64,
    /// Time of its first record.
    pub(super) base: Millis,
    /// All before it was committed when this was written.
    pub(super) settled: Key,
    pub(super) used: usize,
}

impl Header {
    /// Of no block.
    pub(super) const NONE: Header = Header {
        id: 0,
        number: 0,
        opening: 0,
        starts: [0; STARTS],
        first: 0,
        count: 0,
        clock: 0,
        base: Millis(0),
        settled: Key { opening: 0, sequence: 0 },
        used: HEADER_SIZE,
    };

    /// The place of its first record.
    pub(super) fn from(&self) -> Key {
        Key { opening: self.opening, sequence: self.first }
    }

    /// Records that are missing between a place and the first record of this
    /// block. Numbers follow each other through openings, but those that were
    /// given and never written were given again by the next opening.
    pub(super) fn missing_since(&self, key: Key) -> u64 {
        let later = self.opening.saturating_sub(key.opening) as usize;
        let next_start = later.checked_sub(1).map(|later| self.starts[later.min(STARTS - 1)]);
        self.first.saturating_sub(next_start.map_or(key.sequence, |start| start.min(key.sequence)))
    }

    /// The place behind its last record.
    pub(super) fn to(&self) -> Key {
        Key { opening: self.opening, sequence: self.first + u64::from(self.count) }
    }
}

/// What stands in a block.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Item<'a> {
    /// A record.
    Record(#[serde(borrow)] Kept<'a>),
    /// From here on, records of this source are of this name.
    Name { source: u16, name: &'a str },
}

/// A record as it is kept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Kept<'a> {
    pub(super) source: u16,
    pub(super) queue: u8,
    /// Milliseconds after the block's base.
    pub(super) after_ms: u64,
    pub(super) cut: u32,
    #[serde(serialize_with = "bytes")]
    pub(super) text: &'a [u8],
}

fn bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// A block in memory.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) header: Header,
    pub(super) bytes: BlockBytes,
}

impl Block {
    /// A block that is not one: its number is that of no block.
    pub(super) fn none() -> Self {
        Self { header: Header::NONE, bytes: [0; BLOCK_SIZE] }
    }

    /// Begins an empty block.
    pub(super) fn begin(&mut self, header: Header) {
        self.header = Header { used: HEADER_SIZE, count: 0, ..header };
        self.bytes.fill(0);
    }

    /// Adds an item, if it fits.
    pub(super) fn add(&mut self, item: &Item<'_>) -> bool {
        let Some(room) = self.bytes.get_mut(self.header.used..) else { return false };
        let Ok(written) = postcard::to_slice(item, room) else { return false };
        self.header.used += written.len();
        self.header.count += u16::from(matches!(item, Item::Record(_)));
        true
    }

    /// Takes back what was added behind an earlier header.
    pub(super) fn restore(&mut self, header: Header) {
        if let Some(bytes) = self.bytes.get_mut(header.used..) {
            bytes.fill(0);
        }
        self.header = header;
    }

    /// The bytes, ready to be written.
    pub(super) fn seal(&mut self) -> &BlockBytes {
        let header = &self.header;
        let mut row = Row {
            magic: MAGIC,
            checksum: U32::ZERO,
            id: header.id.into(),
            number: header.number.into(),
            opening: header.opening.into(),
            used: (header.used as u16).into(),
            count: header.count.into(),
            starts: header.starts.map(Into::into),
            first: header.first.into(),
            clock: header.clock.into(),
            base_ms: header.base.0.into(),
            settled: header.settled.sequence.into(),
            settled_opening: header.settled.opening.into(),
        };
        self.put(&row);
        row.checksum = crc32(self.bytes.get(CHECKED_FROM..self.header.used).unwrap_or_default()).into();
        self.put(&row);
        &self.bytes
    }

    fn put(&mut self, row: &Row) {
        if let Some(room) = self.bytes.first_chunk_mut::<HEADER_SIZE>() {
            room.copy_from_slice(row.as_bytes());
        }
    }

    /// Takes the bytes as a block, if they are one. Work: twice its bytes.
    pub(super) fn check(&mut self) -> bool {
        let header = self.checked();
        self.header = header.unwrap_or(Header::NONE);
        header.is_some()
    }

    fn checked(&self) -> Option<Header> {
        let (row, _) = Row::read_from_prefix(&self.bytes).ok()?;
        let used = usize::from(row.used.get());
        let checked = self.bytes.get(CHECKED_FROM..used)?;
        let header = Header {
            id: row.id.get(),
            number: row.number.get(),
            opening: row.opening.get(),
            starts: row.starts.map(U64::get),
            first: row.first.get(),
            count: row.count.get(),
            clock: row.clock.get(),
            base: Millis(row.base_ms.get()),
            settled: Key { opening: row.settled_opening.get(), sequence: row.settled.get() },
            used,
        };
        let is_block = row.magic == MAGIC && used >= HEADER_SIZE && row.checksum.get() == crc32(checked);
        let counts = (1..NUMBER_MAX).contains(&header.number)
            && header.first < NUMBER_MAX
            && header.starts.iter().all(|start| *start <= header.first)
            && header.opening < u32::MAX;
        (is_block && counts && self.has(header.count, used)).then_some(header)
    }

    /// Whether these bytes are items with so many records, and nothing else.
    fn has(&self, count: u16, used: usize) -> bool {
        let (mut at, mut records) = (HEADER_SIZE, 0);
        while at < used {
            let Some((item, next)) = self.read(at, used) else { return false };
            records += usize::from(matches!(item, Item::Record(_)));
            at = next;
        }
        records == usize::from(count)
    }

    fn read(&self, at: usize, used: usize) -> Option<(Item<'_>, usize)> {
        let bytes = self.bytes.get(at..used)?;
        let (item, rest) = postcard::take_from_bytes(bytes).ok()?;
        Some((item, used - rest.len()))
    }

    /// The first record at or behind `at`, and where the next item begins.
    pub(super) fn record(&self, mut at: usize) -> Option<(Kept<'_>, usize)> {
        loop {
            let (item, next) = self.read(at, self.header.used)?;
            if let Item::Record(record) = item {
                return Some((record, next));
            }
            at = next;
        }
    }

    /// All records.
    pub(super) fn records(&self) -> impl Iterator<Item = Kept<'_>> {
        let mut at = HEADER_SIZE;
        core::iter::from_fn(move || {
            let (record, next) = self.record(at)?;
            at = next;
            Some(record)
        })
    }

    /// Where the record of this sequence number begins, or names before it.
    pub(super) fn find(&self, sequence: u64) -> usize {
        let mut at = HEADER_SIZE;
        for _ in self.header.first..sequence {
            let Some((_, next)) = self.record(at) else { break };
            at = next;
        }
        at
    }

    /// The name that a source has before `end`; empty if it has none.
    pub(super) fn name(&self, of: u16, end: usize) -> &str {
        let (mut at, mut found) = (HEADER_SIZE, "");
        while let Some((item, next)) = self.read(at, self.header.used).filter(|_| at < end) {
            if let Item::Name { source, name } = item
                && source == of
            {
                found = name;
            }
            at = next;
        }
        found
    }
}
