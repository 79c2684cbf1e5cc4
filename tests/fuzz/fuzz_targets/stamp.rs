//! Any bytes as a line of an old log: its time, if it has one, can be written
//! as a local time.
//!
//! Input: lines. One reader sees them all, as in a file, because it learns
//! the year from what it has read.
#![no_main]

use bartizan::outputs::clock::LocalClock;
use bartizan::sources::stamp::Stamper;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut stamper = Stamper::new(1_700_000_000);
    let mut clock = LocalClock::default();
    for line in data.split(|byte| *byte == b'\n') {
        if let Some(epoch) = stamper.time_of(line) {
            let moment = clock.moment(epoch);
            assert!(moment.minute < 24 * 60 && moment.weekday < 7, "{moment:?}");
        }
    }
});
