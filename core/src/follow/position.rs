//! Where following stands, in at most [`POSITION_MAX`] bytes that somebody
//! keeps who does not understand them.

use super::FileId;
use super::finger::{HEAD, Head};
use crate::limits::{OPEN_RECORDS_MAX, POSITION_MAX};
use heapless::Vec;

/// Files that a position names: the one that is read and others that still
/// matter.
pub(super) const MARKS_MAX: usize = 3;

/// First byte of an encoded position.
const VERSION: u8 = 1;

/// Bytes of an encoded mark.
const MARK: usize = 58;

const _: () = assert!(3 + MARKS_MAX * MARK + 8 + 1 + OPEN_RECORDS_MAX * 8 <= POSITION_MAX);

/// One file: how it is known again and how far it was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) id: FileId,
    /// When it was written last, as far as was seen.
    pub(super) modified: u64,
    /// Its lines before this offset were read.
    pub(super) high: u64,
    pub(super) head: Head,
    /// Fingerprint of the bytes before `high`.
    pub(super) tail: u64,
}

/// Where following stands after what was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// From the oldest file to the newest; never empty.
    pub(super) marks: Vec<Mark, MARKS_MAX>,
    /// Which of them is being assembled.
    pub(super) active: usize,
    /// Offset in it of the oldest record that is not given out.
    pub(super) low: u64,
    /// Open records of mixed formats.
    pub(super) keys: Vec<u64, OPEN_RECORDS_MAX>,
}

impl Position {
    /// The file that is being assembled.
    pub(super) fn active_mark(&self) -> Mark {
        self.marks.get(self.active).copied().unwrap_or_default()
    }

    /// Whether this one is further on in the same file. One that was seen
    /// before the other is not, whatever its offset: the file may have been
    /// truncated in between.
    pub(super) fn is_beyond(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.active_mark(), other.active_mark());
        let is_later = mine.modified >= theirs.modified;
        mine.id == theirs.id && is_later && (self.low, mine.high) > (other.low, theirs.high)
    }

    /// The position as bytes.
    pub fn encode(&self) -> Vec<u8, POSITION_MAX> {
        let mut out = Vec::new();
        // All of it fits, as asserted above.
        let mut put = |bytes: &[u8]| out.extend_from_slice(bytes).unwrap_or_default();
        put(&[VERSION, self.marks.len() as u8, self.active as u8]);
        for mark in &self.marks {
            for number in [mark.id.device, mark.id.inode, mark.id.born, mark.modified, mark.high] {
                put(&number.to_le_bytes());
            }
            put(&mark.head.len.to_le_bytes());
            put(&mark.head.hash.to_le_bytes());
            put(&mark.tail.to_le_bytes());
        }
        put(&self.low.to_le_bytes());
        put(&[self.keys.len() as u8]);
        for key in &self.keys {
            put(&key.to_le_bytes());
        }
        out
    }

    /// Reads what [`Position::encode`] wrote; [`None`] for anything else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        if bytes.byte()? != VERSION {
            return None;
        }
        let (count, active) = (usize::from(bytes.byte()?), usize::from(bytes.byte()?));
        let mut marks = Vec::new();
        for _ in 0..count {
            marks.push(bytes.mark()?).ok()?;
        }
        let low = bytes.number()?;
        let mut keys = Vec::new();
        for _ in 0..bytes.byte()? {
            keys.push(bytes.number()?).ok()?;
        }
        let position = Self { marks, active, low, keys };
        let is_sound = active < count && low <= position.active_mark().high && bytes.0.is_empty();
        is_sound.then_some(position)
    }
}

/// Bytes that are taken from the front.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn mark(&mut self) -> Option<Mark> {
        let id = FileId { device: self.number()?, inode: self.number()?, born: self.number()? };
        let (modified, high) = (self.number()?, self.number()?);
        let head = Head { len: u16::from_le_bytes(self.take()?), hash: self.number()? };
        let tail = self.number()?;
        (usize::from(head.len) <= HEAD).then_some(Mark { id, modified, high, head, tail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Position {
        let mark = |n: u64| Mark {
            id: FileId { device: n, inode: u64::MAX, born: n << 60 },
            modified: 1 << 63,
            high: 1 << 40,
            head: Head { len: HEAD as u16, hash: n },
            tail: !n,
        };
        let keys = (0..OPEN_RECORDS_MAX as u64).collect();
        Position { marks: (1..4).map(mark).collect(), active: 1, low: 17, keys }
    }

    #[test]
    fn the_largest_position_fits_and_comes_back() {
        let bytes = full().encode();
        assert_eq!(bytes.len(), 3 + MARKS_MAX * MARK + 9 + OPEN_RECORDS_MAX * 8);
        assert_eq!(Position::decode(&bytes), Some(full()));
    }

    #[test]
    fn bytes_that_are_no_position_are_refused() {
        let bytes = full().encode();
        for len in 0..bytes.len() {
            assert_eq!(Position::decode(&bytes[..len]), None, "{len}");
        }
        let mut longer = bytes.to_vec();
        longer.push(0);
        assert_eq!(Position::decode(&longer), None);
        for (at, value) in [(0, 2), (1, 0), (1, 200), (2, 3), (2, 255), (44, 5), (bytes.len() - 65, 9)] {
            let mut wrong = bytes.to_vec();
            wrong[at] = value;
            assert_eq!(Position::decode(&wrong), None, "{at} {value}");
        }
    }
}
