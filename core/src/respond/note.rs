//! The notes that the journal consists of.
//!
//! ```text
//! 4  CRC-32 of all bytes behind it
//! 2  number of all bytes
//! 1  kind
//! 1  version (1)
//! 8  number of the response
//!    of the kinds that have a time:
//! 8  name of the boot
//! 8  milliseconds since the boot
//! 8  milliseconds since 1970
//! 8  milliseconds that are left; all ones for ever
//!    of the beginning of a response:
//! 8  flags
//! n  the order
//! ```
//!
//! Numbers are little-endian. A note begins at a multiple of 16, so that what
//! stands behind a damaged one is found again.

use super::order::Begin;
use crate::crc::crc32;
use crate::limits::ORDER_MAX;
use crate::time::Millis;

/// What notes begin at a multiple of.
pub(super) const UNIT: usize = 16;

/// Bytes of a note that has no time, and those in front of a time.
const HEAD: usize = 16;

/// Bytes of a note that has a time.
const TIMED: usize = HEAD + 32;

/// Bytes in front of an order.
const BEGIN: usize = TIMED + 8;

/// Bytes of the longest note that is not the beginning of a response.
pub(super) const SHORT_MAX: usize = TIMED;

/// Bytes of the longest note.
pub(super) const NOTE_MAX: usize = (BEGIN + ORDER_MAX).next_multiple_of(UNIT);

const VERSION: u8 = 1;

/// A moment, and the boot whose clock it was read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Names the boot.
    pub(super) clock: u64,
    /// Time since the boot.
    pub(super) now: Millis,
    /// Milliseconds since 1970, right or wrong.
    pub(super) wall_ms: u64,
}

/// A note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note<'a> {
    /// A response is to begin, and `left` milliseconds are left of it.
    Begin { id: u64, stamp: Stamp, left: u64, flags: u8, begin: Begin<'a> },
    /// So much is left of it now.
    Renewed { id: u64, stamp: Stamp, left: u64 },
    /// What the clocks say, for when they will have been set.
    Clock(Stamp),
    /// It was done.
    Done(u64),
    /// It is to be undone.
    Ending(u64),
    /// It was undone, or never done.
    Ended(u64),
    /// All are to be undone.
    AllEnding,
}

impl<'a> Note<'a> {
    /// Writes it, filled up to a multiple of [`UNIT`]; how many bytes that
    /// are. `None` if it has no room.
    pub(super) fn write(&self, out: &mut [u8]) -> Option<usize> {
        let (kind, id, time) = match *self {
            Self::Begin { id, stamp, left, .. } => (1, id, Some((stamp, left))),
            Self::Renewed { id, stamp, left } => (2, id, Some((stamp, left))),
            Self::Clock(stamp) => (3, 0, Some((stamp, 0))),
            Self::Done(id) => (4, id, None),
            Self::Ending(id) => (5, id, None),
            Self::Ended(id) => (6, id, None),
            Self::AllEnding => (7, 0, None),
        };
        *out.get_mut(6..HEAD)?.first_chunk_mut()? = [kind, VERSION];
        put(out, 8, id)?;
        let mut len = HEAD;
        if let Some((stamp, left)) = time {
            put_time(out, stamp, left)?;
            len = TIMED;
        }
        if let Self::Begin { flags, begin, .. } = self {
            put(out, TIMED, (*flags).into())?;
            len = BEGIN + postcard::to_slice(begin, out.get_mut(BEGIN..)?).ok()?.len();
        }
        let padded = len.next_multiple_of(UNIT);
        out.get_mut(len..padded)?.fill(0);
        *out.get_mut(4..)?.first_chunk_mut()? = u16::try_from(len).ok()?.to_le_bytes();
        seal(out.get_mut(..len)?)?;
        Some(padded)
    }

    /// The note that bytes begin with, if it is whole.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let bytes = bytes.get(..len(bytes)?)?;
        let sum = u32::from_le_bytes(*bytes.first_chunk()?);
        if crc32(bytes.get(4..)?) != sum {
            return None;
        }
        let id = get(bytes, 8)?;
        Some(match bytes.get(6)? {
            1 => {
                let (stamp, left) = get_time(bytes)?;
                let flags = get(bytes, TIMED)? as u8;
                let begin: Begin<'a> = postcard::from_bytes(bytes.get(BEGIN..)?).ok()?;
                begin.check().ok()?;
                Self::Begin { id, stamp, left, flags, begin }
            }
            2 => get_time(bytes).map(|(stamp, left)| Self::Renewed { id, stamp, left })?,
            3 => Self::Clock(get_time(bytes)?.0),
            4 => Self::Done(id),
            5 => Self::Ending(id),
            6 => Self::Ended(id),
            7 => Self::AllEnding,
            _ => return None,
        })
    }
}

/// How long the note is that bytes begin with, if they begin with one.
pub(super) fn len(bytes: &[u8]) -> Option<usize> {
    let len = usize::from(u16::from_le_bytes(*bytes.get(4..)?.first_chunk()?));
    let is_note = *bytes.get(7)? == VERSION && (HEAD..=NOTE_MAX).contains(&len);
    is_note.then_some(len)
}

/// Writes another time and other flags into the beginning of a response.
pub(super) fn set_time(note: &mut [u8], stamp: Stamp, left: u64, flags: u8) -> Option<()> {
    let len = len(note)?;
    put_time(note, stamp, left)?;
    put(note, TIMED, flags.into())?;
    seal(note.get_mut(..len)?)
}

fn seal(note: &mut [u8]) -> Option<()> {
    let sum = crc32(note.get(4..)?);
    *note.first_chunk_mut()? = sum.to_le_bytes();
    Some(())
}

fn put_time(out: &mut [u8], stamp: Stamp, left: u64) -> Option<()> {
    let numbers = [stamp.clock, stamp.now.0, stamp.wall_ms, left];
    (HEAD..).step_by(8).zip(numbers).try_for_each(|(at, number)| put(out, at, number))
}

fn get_time(bytes: &[u8]) -> Option<(Stamp, u64)> {
    let number = |index: usize| get(bytes, HEAD + 8 * index);
    Some((Stamp { clock: number(0)?, now: Millis(number(1)?), wall_ms: number(2)? }, number(3)?))
}

fn put(out: &mut [u8], at: usize, number: u64) -> Option<()> {
    *out.get_mut(at..)?.first_chunk_mut()? = number.to_le_bytes();
    Some(())
}

fn get(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

const _: () = assert!(NOTE_MAX <= u16::MAX as usize);
const _: () = assert!(NOTE_MAX <= crate::limits::RESPONSE_JOB_MAX);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::respond::network::Network;
    use crate::respond::order::Means;

    fn all() -> [Note<'static>; 7] {
        let stamp = Stamp { clock: 1, now: Millis(2), wall_ms: 3 };
        let begin = Begin {
            response: "block600",
            means: Means::Nftables,
            network: Network::parse("192.0.2.7"),
            user: "",
            file: "",
            for_s: 600,
            dry_run: false,
            alert: "",
            rule: 0,
            location: "",
        };
        [
            Note::Begin { id: 9, stamp, left: 600_000, flags: 3, begin },
            Note::Renewed { id: 9, stamp, left: u64::MAX },
            Note::Clock(stamp),
            Note::Done(9),
            Note::Ending(9),
            Note::Ended(9),
            Note::AllEnding,
        ]
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let mut out = [7; NOTE_MAX];
        for note in all() {
            let len = note.write(&mut out).unwrap();
            assert!(len.is_multiple_of(UNIT));
            assert_eq!(Note::read(&out[..len]), Some(note));
        }
        let len = all()[0].write(&mut out).unwrap();
        assert!(len <= 96, "{len} bytes for a plain block");
    }

    #[test]
    fn a_note_with_any_damage_is_none() {
        let mut out = [0; NOTE_MAX];
        for note in all() {
            let padded = note.write(&mut out).unwrap();
            let len = len(&out).unwrap();
            for at in 0..len {
                assert_eq!(Note::read(&out[..at]), None, "cut at {at}");
                out[at] ^= 0x10;
                assert_eq!(Note::read(&out[..padded]), None, "damaged at {at}");
                out[at] ^= 0x10;
            }
        }
    }

    #[test]
    fn a_new_time_leaves_the_order_alone() {
        let mut out = [0; NOTE_MAX];
        let Note::Begin { id, begin, .. } = all()[0] else { panic!() };
        all()[0].write(&mut out).unwrap();
        let stamp = Stamp { clock: 5, now: Millis(6), wall_ms: 7 };
        set_time(&mut out, stamp, 8, 1).unwrap();
        assert_eq!(Note::read(&out), Some(Note::Begin { id, stamp, left: 8, flags: 1, begin }));
    }
}
