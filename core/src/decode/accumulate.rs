//! Values carried over between events that belong together by their id.
//!
//! Some programs write who did something in one line and what in another,
//! joined by a number. A decoder with `accumulate` lends later events of the
//! same host, decoder and id the values that earlier ones had. The host lends
//! the memory; when it is full, the oldest record goes.
//!
//! OSSEC 4.3: records live 120 s; the first value of a field wins; values
//! longer than 80 bytes are not carried.

use crate::event::{Event, Field};
use crate::image::Image;
use crate::image::rows::decoder_flag;
use heapless::Vec;

/// Seconds that a record lives after its last use.
pub const LIFETIME_S: i64 = 120;
const VALUE_MAX: usize = 80;
const KEY_MAX: usize = 255;

/// The fields that are carried over.
const CARRIED: [Field; 7] =
    [Field::DstUser, Field::SrcUser, Field::DstIp, Field::SrcIp, Field::DstPort, Field::SrcPort, Field::Data];

/// One record of lent memory.
#[derive(Clone, Debug, Default)]
pub struct Carried {
    key: Vec<u8, KEY_MAX>,
    time: i64,
    values: [Option<Vec<u8, VALUE_MAX>>; CARRIED.len()],
}

/// The lent records.
#[derive(Debug)]
pub struct Accumulator<'m> {
    records: &'m mut [Carried],
}

/// Whether the event's decoder carries values over.
pub fn applies(image: &Image<'_>, event: &Event<'_>) -> bool {
    let decoder = event.decoder.and_then(|row| image.decoder(row));
    decoder.is_some_and(|decoder| decoder.flags & decoder_flag::ACCUMULATE != 0)
}

impl<'m> Accumulator<'m> {
    /// An empty store in lent memory.
    pub fn new(records: &'m mut [Carried]) -> Self {
        let mut new = Self::resume(records);
        new.forget();
        new
    }

    /// A store that goes on with what another has left in its memory. Records
    /// are found by texts alone, whatever the decoders.
    pub fn resume(records: &'m mut [Carried]) -> Self {
        Self { records }
    }

    /// Forgets all records.
    pub fn forget(&mut self) {
        self.records.iter_mut().for_each(|record| record.key.clear());
    }

    /// Completes the event from what earlier ones left, and remembers it.
    /// Looks at every record once.
    pub fn complete(&mut self, image: &Image<'_>, event: &mut Event<'_>) {
        let Some(key) = key(image, event) else { return };
        let now = event.now.epoch;
        let Some(record) = self.record(&key, now) else { return };
        for (field, stored) in CARRIED.into_iter().zip(&mut record.values) {
            let missing = event.field(field).is_none_or(<[u8]>::is_empty);
            match stored {
                Some(value) if missing && !value.is_empty() => {
                    let kept = event.keep(value);
                    event.set(field, kept);
                }
                Some(_) => {}
                None => *stored = event.field(field).and_then(|v| Vec::from_slice(v).ok()),
            }
        }
        record.time = now;
    }

    /// The record of a key, fresh if it is new or too old.
    fn record(&mut self, key: &[u8], now: i64) -> Option<&mut Carried> {
        let oldest_or_same = |r: &(usize, &Carried)| (r.1.key != key, !r.1.key.is_empty(), r.1.time);
        let place = self.records.iter().enumerate().min_by_key(oldest_or_same)?.0;
        let record = self.records.get_mut(place)?;
        if record.key != key || now - record.time >= LIFETIME_S {
            record.key.clear();
            // Cannot fail: the key was built in a buffer of this size.
            let _ = record.key.extend_from_slice(key);
            record.values = Default::default();
        }
        Some(record)
    }
}

/// `host decoder id`; none for events without an id or a name, or too long.
fn key(image: &Image<'_>, event: &Event<'_>) -> Option<Vec<u8, KEY_MAX>> {
    let mut key = Vec::new();
    let name = image.decoder_name(event.decoder)?;
    for (n, part) in [event.hostname(), name, event.field(Field::Id)?].into_iter().enumerate() {
        if n > 0 {
            key.push(b' ').ok()?;
        }
        key.extend_from_slice(part).ok()?;
    }
    Some(key)
}
