//! Single promises.

use super::std::vec::Vec;
use super::std::{format, vec};

use super::super::{Ram, Slot, Spool, Whose};
use crate::limits::{BATCH_MAX, BLOCK_SIZE, RECORD_MAX, SOURCE_NAME_MAX};
use crate::time::Millis;
use crate::wire::batch::{Batch, Entries, Entry, Lost, Record, Room};

type InRam = Spool<Ram<Vec<u8>>, Vec<Slot>>;

fn spool(blocks: usize) -> InRam {
    Spool::open(Ram(vec![0; blocks * BLOCK_SIZE]), vec![Slot::default(); blocks], 5, 1)
}

fn record(source: u16, text: &[u8]) -> Record<'_> {
    Record { source, queue: b'1', age_ms: 0, cut: 0, text }
}

/// What a batch at this time would have.
fn sent(spool: &mut InRam, now: u64, look: &mut dyn FnMut(Entry<'_>)) {
    let mut memory = vec![0; BATCH_MAX];
    let mut batch = Batch::new(&mut memory, Room { body: BATCH_MAX, positions: 1000 });
    spool.fill(&mut batch, Millis(now), &mut |whose| match whose {
        Whose::Index(index) => Some(index),
        Whose::Name(name) => Some(name.len() as u16),
    });
    Entries::new(batch.body()).for_each(|entry| look(entry.unwrap()));
}

fn texts(spool: &mut InRam) -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    sent(spool, 0, &mut |entry| {
        if let Entry::Record(record) = entry {
            texts.push(record.text.to_vec());
        }
    });
    texts
}

#[test]
fn a_record_is_sent_once_and_again_after_a_break() {
    let mut spool = spool(4);
    spool.push(&record(1, b"one"), "a", Millis(0));
    let before = spool.position();
    assert_eq!(texts(&mut spool), [b"one"]);
    assert!(spool.is_sent() && texts(&mut spool).is_empty());
    spool.rewind(Some(&before));
    assert_eq!(texts(&mut spool), [b"one"]);
    let after = spool.position();
    spool.rewind(Some(&after));
    assert!(texts(&mut spool).is_empty());
}

#[test]
fn what_is_acknowledged_is_never_gone_back_to() {
    let mut spool = spool(4);
    spool.push(&record(1, b"one"), "a", Millis(0));
    let before = spool.position();
    assert_eq!(texts(&mut spool), [b"one"]);
    spool.acknowledged(&spool.position());
    spool.push(&record(1, b"two"), "a", Millis(0));
    for position in [Some(&before[..]), None, Some(&[9; 20]), Some(&[])] {
        spool.rewind(position);
        assert_eq!(texts(&mut spool), [b"two"]);
    }
}

#[test]
fn a_record_ages_while_it_waits() {
    let mut spool = spool(4);
    spool.push(&Record { age_ms: 30, ..record(1, b"one") }, "a", Millis(1000));
    spool.push(&record(1, b"two"), "a", Millis(2000));
    let mut ages = Vec::new();
    sent(&mut spool, 5000, &mut |entry| {
        if let Entry::Record(record) = entry {
            ages.push(record.age_ms);
        }
    });
    assert_eq!(ages, [4030, 3000]);
}

#[test]
fn after_a_restart_names_are_resolved_anew_and_ages_are_unknown() {
    let mut spool = spool(4);
    spool.push(&record(7, b"one"), "four", Millis(1000));
    spool.flush();
    let mut spool = Spool::open(spool.storage, vec![Slot::default(); 4], 6, 2);
    let mut found = Vec::new();
    sent(&mut spool, 9000, &mut |entry| {
        if let Entry::Record(record) = entry {
            found.push((record.source, record.age_ms, record.text.to_vec()));
        }
    });
    assert_eq!(found, [(4, 0, b"one".to_vec())]);
}

#[test]
fn the_same_clock_is_trusted_after_a_restart() {
    let mut spool = spool(4);
    spool.push(&record(7, b"one"), "four", Millis(1000));
    spool.flush();
    let mut spool = Spool::open(spool.storage, vec![Slot::default(); 4], 6, 1);
    sent(&mut spool, 9000, &mut |entry| {
        if let Entry::Record(record) = entry {
            assert_eq!(record.age_ms, 8000);
        }
    });
}

#[test]
fn losses_say_when_they_began_and_ended() {
    let mut spool = spool(3);
    for second in 0..10 {
        spool.push(&record(1, &[b'x'; 6000]), "a", Millis(second * 1000));
    }
    let mut losses = Vec::new();
    sent(&mut spool, 20_000, &mut |entry| {
        if let Entry::Lost(lost) = entry {
            losses.push(lost);
        }
    });
    assert_eq!(losses, [Lost { source: 1, records: 6, first_age_ms: 20_000, last_age_ms: 15_000 }]);
}

#[test]
fn a_source_that_is_not_placed_is_waited_for() {
    let mut spool = spool(3);
    spool.push(&record(1, b"one"), "a", Millis(0));
    let mut memory = [0; 8192];
    let mut batch = Batch::new(&mut memory, Room { body: 8000, positions: 1000 });
    spool.fill(&mut batch, Millis(0), &mut |_| None);
    assert!(batch.is_empty());
    assert_eq!(texts(&mut spool), [b"one"]);
}

#[test]
fn the_largest_record_with_the_longest_name_fits() {
    let mut spool = spool(4);
    let name = format!("{}ä", "n".repeat(SOURCE_NAME_MAX - 1));
    let widest = Record { source: 4000, queue: 255, age_ms: 0, cut: u32::MAX, text: &[1; RECORD_MAX] };
    spool.push(&record(1, b"small"), "a", Millis(0));
    spool.push(&widest, &name, Millis(u64::MAX));
    assert_eq!(texts(&mut spool).iter().map(Vec::len).collect::<Vec<_>>(), [5, RECORD_MAX]);
}

#[test]
fn a_spool_that_keeps_up_writes_one_block_in_its_life() {
    let mut spool = spool(4);
    for number in 0..5000u32 {
        spool.push(&record(1, &number.to_be_bytes()), "a", Millis(0));
        assert_eq!(texts(&mut spool).len(), 1);
        spool.acknowledged(&spool.position());
    }
    assert_eq!(spool.usage(), (0, 4));
    let written =
        spool.storage.0.as_chunks::<BLOCK_SIZE>().0.iter().filter(|block| block.iter().any(|b| *b != 0));
    assert_eq!(written.count(), 1);
}

#[test]
fn without_storage_records_are_counted_and_nothing_else() {
    let mut spool = spool(0);
    for _ in 0..10 {
        spool.push(&record(1, &[b'x'; 6000]), "a", Millis(0));
    }
    let (mut records, mut lost) = (0, 0);
    sent(&mut spool, 0, &mut |entry| match entry {
        Entry::Record(_) => records += 1,
        Entry::Lost(loss) => lost += loss.records,
        Entry::Position { .. } => {}
    });
    assert_eq!((records, lost), (1, 9));
}
