//! Any bytes as the log of an event whose decoder reads JSON: what is no JSON
//! gives no fields, what is gives fields that can be read, and the text of an
//! array is JSON again.
//!
//! Input: one byte for how it is read, then the log.
#![no_main]

use bartizan_core::decode::json::Reader;
use bartizan_core::decode::plugins::{self, Plugin, Reading};
use bartizan_core::event::{Event, Field, Known, Moment, Name, Origin};
use bartizan_core::limits::TEXT_MAX;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((how, log)) = data.split_first() else { return };
    let log = log.get(..TEXT_MAX).unwrap_or(log);
    let reading =
        Reading { from: usize::from(how >> 2), without_null: how & 1 != 0, arrays_as_csv: how & 2 != 0 };
    let mut known = Known::default();
    let origin = Origin { location: b"log", local_host: b"here", now: Moment::default() };
    let mut event = Event::new(log, origin, &mut known);
    plugins::run(Plugin::Json, &mut event, &reading);

    let is_sound = log.get(reading.from..).is_some_and(Reader::is_sound);
    let set = Field::ALL.into_iter().filter(|field| event.field(*field).is_some()).count();
    assert!(is_sound || (set, event.dynamic_fields().len()) == (0, 0), "fields of what is no JSON");
    for field in event.dynamic_fields() {
        let Name::Here(name) = field.name else { panic!("no order has named it") };
        assert!(event.bytes(name).is_some());
        let value = event.bytes(field.value).expect("a field that is set");
        // A string may look like an array; what was printed stands aside.
        let is_array =
            value.starts_with(b"[") && matches!(field.value, bartizan_core::record::Value::Side(_));
        let is_string = log.contains(&b'\\');
        assert!(!is_array || is_string || reading.arrays_as_csv || Reader::is_sound(value));
    }
});
