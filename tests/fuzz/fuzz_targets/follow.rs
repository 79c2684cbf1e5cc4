//! Any deeds of a writer and a rotator, any positions: following ends, and a
//! position that is taken comes back as it was.
//!
//! Input: deeds of three bytes: what, and two for how much or which. The bytes
//! that are written, and those of made-up positions, are those that follow.
#![no_main]

use bartizan_core::assemble::{Assembler, Context, Format, Record, Wait};
use bartizan_core::follow::memory::{MemoryDisk, MemoryFile};
use bartizan_core::follow::{Begin, Followed, Position, Progress, Sink};
use bartizan_core::limits::{POSITION_MAX, RECORD_MAX};
use bartizan_core::pattern::NoPatterns;
use bartizan_core::time::Millis;
use libfuzzer_sys::fuzz_target;

const LOG: &[u8] = b"a.log";

struct Batch(usize);

impl Sink for Batch {
    fn has_room(&self, records: usize) -> bool {
        self.0 >= records
    }

    fn take(&mut self, record: Record<'_>) {
        assert!(record.text.len() <= RECORD_MAX && self.0 > 0);
        self.0 -= 1;
    }
}

fn followed(kind: u8) -> Followed<MemoryFile, Vec<u8>> {
    let format = match kind % 3 {
        0 => Format::Lines,
        1 => Format::Indented,
        _ => Format::LinuxAuditd { wait: Wait::Timeout(1_000) },
    };
    let begin = if kind.is_multiple_of(2) { Begin::Start } else { Begin::End };
    let assembler = Assembler::new(format, vec![0; format.memory()]).expect("enough memory");
    Followed::new(begin, assembler)
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, mut data)) = data.split_first() else { return };
    let (disk, mut now, mut buffer) = (MemoryDisk::new(), Millis(0), vec![0; 3_000]);
    let (mut follower, mut committed) = (followed(*kind), None);
    while let Some(([what, much, more], rest)) = data.split_first_chunk() {
        data = rest;
        let size = usize::from(*much) * if *more > 250 { 64 } else { 1 };
        let sibling = [LOG, &b".1.2.3.4.gz"[..2 + usize::from(*much) % 9]].concat();
        match what % 14 {
            0 | 1 => {
                let bytes = data.get(..size).unwrap_or(data);
                disk.append(LOG, bytes);
                data = data.get(size..).unwrap_or_default();
            }
            2 => disk.append(LOG, &vec![*more; size]),
            3 => disk.append(LOG, b"\n"),
            4 => disk.rename(LOG, &sibling),
            5 => disk.rename(&sibling, LOG),
            6 => disk.copy(LOG, &sibling),
            7 => disk.truncate(LOG, size),
            8 => disk.remove(LOG),
            9 => now = now.plus(u64::from(*much) * u64::from(*more)),
            10 => committed = follower.position(),
            11 => follower.place(&disk, LOG, now, committed.as_ref()),
            12 => {
                follower = followed(*kind);
                follower.place(&disk, LOG, now, committed.as_ref());
            }
            _ => {
                let bytes = data.get(..size.min(POSITION_MAX)).unwrap_or(data);
                if let Some(position) = Position::decode(bytes) {
                    assert_eq!(&position.encode()[..], bytes);
                    committed = Some(position);
                }
            }
        }
        follower.look(&disk, LOG, now);
        let mut batch = Batch(usize::from(*more));
        let mut context = Context { now, header: b"", patterns: &mut NoPatterns };
        // A buffer of bytes at a time, from at most five files: it ends.
        let ends = (0..10_000)
            .any(|_| follower.read(&disk, LOG, &mut buffer, &mut context, &mut batch) != Progress::More);
        assert!(ends);
        if let Some(position) = follower.position() {
            let bytes = position.encode();
            assert_eq!(Position::decode(&bytes), Some(position));
        }
    }
});
