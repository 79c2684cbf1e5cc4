use super::*;
use crate::wire::message::ToManager;

const AMPLE: Room = Room { body: BATCH_MAX, positions: 4096 };

fn record(text: &[u8]) -> Record<'_> {
    Record { source: 3, queue: b'1', age_ms: 5, cut: 0, text }
}

#[test]
fn entries_come_back_in_order() {
    let mut memory = [0; 1024];
    let mut batch = Batch::new(&mut memory, AMPLE);
    let lost = Lost { source: 9, records: 1 << 40, first_age_ms: 70, last_age_ms: 60 };
    assert!(batch.is_empty());
    batch.record(&record(b"one")).unwrap();
    batch.lost(&lost).unwrap();
    batch.position(3, b"here").unwrap();
    let read: [_; 3] = {
        let mut entries = Entries::new(batch.body());
        core::array::from_fn(|_| entries.next().unwrap().unwrap())
    };
    assert_eq!(read[0], Entry::Record(record(b"one")));
    assert_eq!(read[1], Entry::Lost(lost));
    assert_eq!(read[2], Entry::Position { source: 3, position: b"here" });
}

#[test]
fn a_finished_batch_is_the_message_itself() {
    for number in [1, 127, 128, 70_000, u32::MAX] {
        for len in [1, 100, 3000] {
            let mut memory = [0; 4096];
            let mut batch = Batch::new(&mut memory, AMPLE);
            batch.record(&record(&[b'x'; 3000][..len])).unwrap();
            let mut body = [0; 4096];
            let body_len = batch.body().len();
            body[..body_len].copy_from_slice(batch.body());
            let body = &body[..body_len];
            assert_eq!(ToManager::read(batch.finish(number)), Ok(ToManager::Batch { number, body }));
        }
    }
}

#[test]
fn behind_every_record_there_is_room_for_a_position() {
    let mut memory = [0; 2000];
    for text in 0..300 {
        let mut batch = Batch::new(&mut memory, Room { body: 2000, positions: 2000 });
        while batch.record(&record(&[b'x'; 300][..text])).is_ok() {
            let mark = batch.mark();
            batch.position(u16::MAX - 1, &[1; POSITION_MAX]).unwrap();
            batch.truncate(mark);
        }
        assert!(!batch.fits(text + 20));
        assert!(batch.room() < text + 20);
    }
}

#[test]
fn no_record_is_taken_whose_position_could_not_be_remembered() {
    let mut memory = [0; 4096];
    let room = Room { body: 4096, positions: POSITION_MAX + POSITION_KEPT };
    let mut batch = Batch::new(&mut memory, room);
    batch.record(&record(b"one")).unwrap();
    batch.position(3, b"x").unwrap();
    assert_eq!(batch.record(&record(b"two")), Err(Full));
    assert!(!batch.fits(3));
    assert_eq!(batch.position(3, &[0; POSITION_MAX]), Err(Full));
    assert_eq!(batch.position(3, &[0; POSITION_MAX + 1]), Err(Full));
}

#[test]
fn what_fits_is_taken() {
    let mut memory = [0; 1000];
    for text in 0..700 {
        let mut batch = Batch::new(&mut memory, AMPLE);
        let fits = batch.fits(text);
        let widest =
            Record { source: u16::MAX, queue: 255, age_ms: u32::MAX, cut: u32::MAX, text: &[0; 700][..text] };
        assert!(batch.record(&widest).is_ok() || !fits);
    }
}

#[test]
fn a_text_that_is_too_long_is_cut_and_counted() {
    let mut memory = [0; 8192];
    let mut batch = Batch::new(&mut memory, AMPLE);
    batch.record(&Record { cut: 5, ..record(&[b'x'; RECORD_MAX + 7]) }).unwrap();
    let Some(Ok(Entry::Record(read))) = Entries::new(batch.body()).next() else {
        panic!("a record was added")
    };
    assert_eq!((read.text.len(), read.cut), (RECORD_MAX, 12));
}

#[test]
fn memory_that_is_too_small_takes_nothing() {
    for size in 0..20 {
        let mut memory = [0; 20];
        let mut batch = Batch::new(&mut memory[..size], AMPLE);
        assert_eq!(batch.record(&record(b"")), Err(Full));
        assert!(!batch.fits(0) && batch.is_empty() && batch.room() == 0);
    }
}

#[test]
fn rubbish_is_refused_and_ends_the_reading() {
    let rubbish: [(&[u8], MessageError); 5] = [
        (&[3], MessageError::Malformed),
        (&[0, 1, b'1', 0, 0, 5, b'x'], MessageError::Malformed),
        (&[0, 0x80, 0x80, 0x04, 0, 0, 0, 0], MessageError::Malformed),
        (&[1, 0xFF, 0xFF, 3, 0], MessageError::Limit),
        (&[2, 1], MessageError::Malformed),
    ];
    for (body, error) in rubbish {
        let mut entries = Entries::new(body);
        assert_eq!(entries.next(), Some(Err(error)), "{body:?}");
        assert_eq!(entries.next(), None);
    }
}
