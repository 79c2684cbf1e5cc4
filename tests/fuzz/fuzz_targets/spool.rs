//! Any bytes as the storage of a spool and as operations on it: nothing
//! panics, the spool never sends a record twice without being told to go
//! back, and it comes to an end.
//!
//! Input: operations, a line `%%`, bytes of the storage. So that blocks can
//! be reached at all, checksums are put right in some of them.
#![no_main]

use bartizan_core::limits::BLOCK_SIZE;
use bartizan_core::spool::{Ram, Slot, Spool, Whose};
use bartizan_core::time::Millis;
use bartizan_core::wire::batch::{Batch, Record, Room};
use libfuzzer_sys::fuzz_target;

const BLOCKS: usize = 4;

/// CRC-32, computed bit by bit: another code than the one under test.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// The blocks: hostile bytes behind a right magic and with a right checksum.
fn storage(bytes: &[u8]) -> Vec<u8> {
    let mut storage = vec![0; BLOCKS * BLOCK_SIZE];
    for (block, part) in storage.chunks_mut(BLOCK_SIZE).zip(bytes.chunks(bytes.len().div_ceil(BLOCKS).max(1)))
    {
        let len = part.len().min(BLOCK_SIZE);
        block[..len].copy_from_slice(&part[..len]);
        let used = usize::from(u16::from_le_bytes([block[28], block[29]]));
        if block[7] & 1 == 0 && (8..=BLOCK_SIZE).contains(&used) {
            block[..4].copy_from_slice(b"BzS1");
            let checksum = crc32(&block[8..used]);
            block[4..8].copy_from_slice(&checksum.to_le_bytes());
        }
    }
    storage
}

type Fuzzed = Spool<Ram<Vec<u8>>, Vec<Slot>>;

fn fill(spool: &mut Fuzzed, room: usize) -> bool {
    let mut memory = vec![0; 9000];
    let mut batch = Batch::new(&mut memory, Room { body: room, positions: 1000 });
    spool.fill(&mut batch, Millis(7), &mut |whose| match whose {
        Whose::Index(index) => Some(index),
        Whose::Name(name) => Some(name.len() as u16),
    });
    !batch.is_empty()
}

fuzz_target!(|data: &[u8]| {
    let cut = data.windows(4).position(|bytes| bytes == b"\n%%\n");
    let (operations, blocks) = cut.map_or((data, &b""[..]), |cut| (&data[..cut], &data[cut + 4..]));
    let mut spool = Spool::open(Ram(storage(blocks)), vec![Slot::default(); BLOCKS], 1, 1);
    let mut position = spool.position();
    for operation in operations.chunks(2).take(500) {
        let amount = usize::from(operation.get(1).copied().unwrap_or_default());
        match operation[0] % 8 {
            0 | 1 => {
                let text = vec![b'x'; amount * 25];
                let record = Record { source: amount as u16, queue: 1, age_ms: 0, cut: 0, text: &text };
                spool.push(&record, "name", Millis(amount as u64));
            }
            2 => spool.flush(),
            3 | 4 => drop(fill(&mut spool, amount * 36)),
            5 => position = spool.position(),
            6 => spool.acknowledged(&position),
            _ => spool.rewind(Some(operation).filter(|_| amount > 9).map(|_| &position[..])),
        }
    }
    let sent = (0..10_000).take_while(|_| fill(&mut spool, 9000)).count();
    assert!(sent < 10_000, "the spool sends for ever");
});
