//! Headers, addresses and forms of any bytes do no harm to the console.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| bartizan::console::exercise(bytes));
