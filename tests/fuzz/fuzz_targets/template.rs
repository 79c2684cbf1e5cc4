//! Any bytes as the body of a web hook, filled in with an alert that holds
//! the same bytes: what is JSON stays JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bartizan::integrations::template::exercise(data));
