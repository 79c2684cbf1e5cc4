//! Any bytes as a file of rules: positions stay inside, and a document is
//! sound if and only if no error was reported.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bartizan::xml::exercise(data));
