//! Lines, port lists and time zones of what others are told do no harm.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| bartizan::sharing::exercise(bytes));
