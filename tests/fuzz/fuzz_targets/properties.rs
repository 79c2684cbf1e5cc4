//! Property files of graphs: any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bartizan::graph::properties::exercise(bytes));
