//! Any bytes as `alerts.log` or `alerts.json`: what is read can be kept,
//! written and counted.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    bartizan::alert::log_reader::exercise(data);
    bartizan::report::exercise(data);
});
