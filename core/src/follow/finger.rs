//! Fingerprints: how a content is known again that is not kept.
//!
//! They tell the contents of one log from each other, not from those of an
//! attacker: who can write a log can also write what was never logged.

use super::{Disk, Trouble};

/// Bytes at the beginning of a file that are known.
pub(super) const HEAD: usize = 1024;

/// Bytes before a place that are known.
pub(super) const TAIL: usize = 64;

/// FNV-1a, 64 bits.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The beginning of a file, as far as it was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes, at most [`HEAD`].
    pub(super) len: u16,
    pub(super) hash: u64,
}

impl Head {
    /// Of the first bytes of a file.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let bytes = bytes.get(..HEAD).unwrap_or(bytes);
        Self { len: bytes.len() as u16, hash: hash(bytes) }
    }

    /// Whether these bytes, of the start of a file, begin in the same way.
    pub(super) fn begins(self, bytes: &[u8]) -> bool {
        let known = bytes.get(..usize::from(self.len));
        known.is_some_and(|known| self.len == 0 || hash(known) == self.hash)
    }
}

/// The first bytes of a file, at most [`HEAD`].
pub(super) fn read_head<'b, D: Disk>(
    disk: &D,
    file: &D::File,
    buffer: &'b mut [u8; HEAD],
) -> Result<&'b [u8], Trouble> {
    let count = disk.read_at(file, 0, buffer)?;
    Ok(buffer.get(..count).unwrap_or_default())
}

/// How many bytes are known before a place.
pub(super) fn tail_len(place: u64) -> usize {
    place.min(TAIL as u64) as usize
}

/// The fingerprint of the last bytes of these.
pub(super) fn tail_of(bytes: &[u8]) -> u64 {
    hash(bytes.get(bytes.len().saturating_sub(TAIL)..).unwrap_or_default())
}

/// The fingerprint of the bytes before a place of a file; [`None`] if the file
/// does not reach so far.
pub(super) fn tail_at<D: Disk>(disk: &D, file: &D::File, place: u64) -> Option<u64> {
    let mut buffer = [0; TAIL];
    let known = buffer.get_mut(..tail_len(place))?;
    let from = place - known.len() as u64;
    // What is empty is always there.
    let is_whole = known.is_empty() || disk.read_at(file, from, known) == Ok(known.len());
    is_whole.then(|| hash(known))
}
