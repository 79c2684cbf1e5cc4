//! Where a record stands in a spool.

/// The place of a record: its sequence number, and in which opening of the
/// spool it was given. Numbers follow each other through all openings; but
/// records that were sent and never written are forgotten by a power cut,
/// and their numbers are given again. So the opening comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) opening: u32,
    pub(super) sequence: u64,
}

/// To this number no spool comes in its life; it leaves room to count.
pub(super) const NUMBER_MAX: u64 = 1 << 62;

/// Bytes of a position.
pub const POSITION_SIZE: usize = 8 + 4 + 8;

/// A position as it travels: the spool's id, the opening and the sequence
/// number of the next record, little-endian.
pub(super) fn write(id: u64, key: Key) -> [u8; POSITION_SIZE] {
    let mut bytes = [0; POSITION_SIZE];
    bytes[..8].copy_from_slice(&id.to_le_bytes());
    bytes[8..12].copy_from_slice(&key.opening.to_le_bytes());
    bytes[12..].copy_from_slice(&key.sequence.to_le_bytes());
    bytes
}

/// The place that a position names; none if it is not one of this
/// spool.
pub(super) fn read(id: u64, position: &[u8]) -> Option<Key> {
    let (of, rest) = position.split_first_chunk()?;
    let (opening, rest) = rest.split_first_chunk()?;
    let sequence = u64::from_le_bytes(rest.try_into().ok()?);
    let is_ours = u64::from_le_bytes(*of) == id && sequence < NUMBER_MAX;
    is_ours.then_some(Key { opening: u32::from_le_bytes(*opening), sequence })
}
