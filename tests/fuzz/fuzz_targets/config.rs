//! Any bytes as `ossec.conf` and as internal options, with the problems shown
//! as text and as JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bartizan::config::exercise(data));
