//! How far a file was read, and how it is known again.
//!
//! A file has no name and no number for good: it is renamed, copied and
//! compressed. What stays is how it begins. A [`Mark`] is what is kept of what
//! was read: its length, and fingerprints of its first and its last bytes.

use super::log::Taker;
use super::series::{HEAD, Member};
use bartizan_core::follow::{Disk, FileId, Trouble};
use bartizan_core::limits::RECORD_MAX;
use sha2::{Digest, Sha256};

/// Bytes before a place that are known.
const TAIL: usize = 64;

/// All of a file, however long it is.
pub(super) const WHOLE: u64 = u64::MAX;

/// What encoded marks begin with.
const VERSION: [u8; 3] = [0, 0, 2];

/// Bytes of an encoded mark.
const MARK: usize = 65;

/// The beginning of a file, which was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Passage {
    /// Bytes of it.
    pub(super) high: u64,
    /// The first ones, at most [`HEAD`].
    head: Vec<u8>,
    /// The last ones, at most [`TAIL`].
    tail: Vec<u8>,
}

impl Passage {
    /// The beginning of a file; `None` if it is not so long.
    pub(super) fn of<D: Disk>(member: &Member<'_, D>, high: u64) -> Option<Self> {
        let head = member.head.get(..high.min(HEAD as u64) as usize)?.to_vec();
        let len = if high == WHOLE { 0 } else { high.min(TAIL as u64) };
        let mut tail = vec![0; len as usize];
        let is_there = len == 0 || member.read_at(high - len, &mut tail) == Ok(tail.len());
        is_there.then_some(Self { high, head, tail })
    }

    /// Hands on the lines behind it and goes on to their end. `true`: there
    /// are no more, now.
    pub(super) fn read_on<D: Disk>(
        &mut self,
        member: &Member<'_, D>,
        buffer: &mut [u8],
        taker: &mut dyn Taker,
    ) -> Result<bool, Trouble> {
        while self.high < WHOLE && !taker.is_full() {
            let (new, is_end) = self.behind(member, buffer)?;
            let hole = new.iter().take_while(|byte| **byte == 0).count();
            let lines = memchr::memrchr(b'\n', new).and_then(|last| new.get(..=last));
            for line in lines.unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
                if taker.is_full() {
                    return Ok(false);
                }
                give(line, taker);
                self.pass(line);
            }
            if lines.is_some() {
                continue;
            }
            if is_end {
                return Ok(true);
            }
            if hole > 0 {
                self.pass(new.get(..hole).unwrap_or_default());
            } else if !self.pass_long(member, buffer, taker)? {
                return Ok(true);
            }
        }
        Ok(self.high == WHOLE)
    }

    /// What stands behind it, as much as fits, and whether that is all; nothing
    /// if the file has been truncated, which the next round sees.
    fn behind<'b, D: Disk>(
        &self,
        member: &Member<'_, D>,
        buffer: &'b mut [u8],
    ) -> Result<(&'b [u8], bool), Trouble> {
        let count = member.read_at(self.high - self.tail.len() as u64, buffer)?;
        let is_end = count < buffer.len();
        let new = buffer.get(..count).and_then(|all| all.strip_prefix(&self.tail[..]));
        Ok((new.unwrap_or_default(), is_end || new.is_none()))
    }

    fn pass(&mut self, bytes: &[u8]) {
        let room = HEAD - self.head.len();
        self.head.extend(bytes.iter().take(room));
        self.tail.extend(bytes.get(bytes.len().saturating_sub(TAIL)..).unwrap_or_default());
        self.tail.drain(..self.tail.len().saturating_sub(TAIL));
        self.high += bytes.len() as u64;
    }

    /// Hands on what the buffer has of a line that is longer. `false`: it has
    /// no end yet.
    fn pass_long<D: Disk>(
        &mut self,
        member: &Member<'_, D>,
        buffer: &mut [u8],
        taker: &mut dyn Taker,
    ) -> Result<bool, Trouble> {
        let (mut ahead, mut text) = (self.clone(), Vec::new());
        loop {
            let (new, is_end) = ahead.behind(member, buffer)?;
            if text.is_empty() {
                text = new.to_vec();
            }
            let line = memchr::memchr(b'\n', new).and_then(|end| new.get(..=end));
            ahead.pass(line.unwrap_or(new));
            if line.is_some() {
                give(&text, taker);
                *self = ahead;
                return Ok(true);
            }
            if is_end {
                return Ok(false);
            }
        }
    }
}

/// Hands on a line without its end and without a hole in front of it.
fn give(line: &[u8], taker: &mut dyn Taker) {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let hole = line.iter().take_while(|byte| **byte == 0).count();
    let line = line.get(hole..).unwrap_or_default();
    if !line.is_empty() {
        taker.take(line.get(..RECORD_MAX).unwrap_or(line));
    }
}

/// What is kept of a passage, and of the file when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    id: FileId,
    stamp: (u64, u64),
    pub(super) high: u64,
    head: u64,
    tail: u64,
    /// There was no more to read.
    is_dry: bool,
    /// There may be more to come.
    pub(super) is_awaited: bool,
}

impl Mark {
    pub(super) fn of<D: Disk>(member: &Member<'_, D>, passage: &Passage, is_dry: bool) -> Self {
        Self {
            id: member.id,
            stamp: member.stamp,
            high: passage.high,
            head: fingerprint(&passage.head),
            tail: fingerprint(&passage.tail),
            is_dry,
            is_awaited: !is_dry || member.is_log(),
        }
    }

    /// Whether this is the file, by whatever name.
    pub(super) fn is_of<D: Disk>(&self, member: &Member<'_, D>) -> bool {
        self.id == member.id
    }

    /// Whether this is the file, and all of it was read.
    pub(super) fn is_all_of<D: Disk>(&self, member: &Member<'_, D>) -> bool {
        self.is_dry && self.is_of(member) && self.stamp == member.stamp
    }

    /// What was read, if a file begins with it.
    pub(super) fn passage_in<D: Disk>(&self, member: &Member<'_, D>) -> Option<Passage> {
        let head = member.head.get(..self.high.min(HEAD as u64) as usize)?;
        let passage = (fingerprint(head) == self.head).then(|| Passage::of(member, self.high))?;
        passage.filter(|passage| fingerprint(&passage.tail) == self.tail)
    }

    /// The same of a file that is gone.
    pub(super) fn given_up(self) -> Self {
        Self { is_awaited: false, ..self }
    }

    fn encode(&self) -> [u8; MARK] {
        let FileId { device, inode, born } = self.id;
        let (size, modified) = self.stamp;
        let mut bytes = [0; MARK];
        let numbers = [device, inode, born, size, modified, self.high, self.head, self.tail];
        let (fields, flags) = bytes.as_chunks_mut::<8>();
        fields.iter_mut().zip(numbers).for_each(|(field, number)| *field = number.to_le_bytes());
        flags.fill(u8::from(self.is_dry) | (u8::from(self.is_awaited) << 1));
        bytes
    }

    fn decode(bytes: &[u8; MARK]) -> Self {
        let (fields, flags) = bytes.as_chunks::<8>();
        let number = |at: usize| fields.get(at).copied().map(u64::from_le_bytes).unwrap_or_default();
        let flags = flags.first().copied().unwrap_or_default();
        Self {
            id: FileId { device: number(0), inode: number(1), born: number(2) },
            stamp: (number(3), number(4)),
            high: number(5),
            head: number(6),
            tail: number(7),
            is_dry: flags & 1 != 0,
            is_awaited: flags & 2 != 0,
        }
    }
}

/// The first bytes of the SHA-256.
fn fingerprint(bytes: &[u8]) -> u64 {
    Sha256::digest(bytes).first_chunk().copied().map(u64::from_le_bytes).unwrap_or_default()
}

/// Marks as bytes.
pub(super) fn encode(marks: &[Mark]) -> Vec<u8> {
    let marks: Vec<_> = marks.iter().map(Mark::encode).collect();
    [&VERSION[..], marks.as_flattened()].concat()
}

/// Marks of bytes; `None` if these are something else.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<Mark>> {
    let (marks, rest) = bytes.strip_prefix(&VERSION)?.as_chunks();
    rest.is_empty().then(|| marks.iter().map(Mark::decode).collect())
}
