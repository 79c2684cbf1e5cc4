//! Any bytes as a `client.keys` file; what is read is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bartizan::agents::client_keys::exercise(data));
