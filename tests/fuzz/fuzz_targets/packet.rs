//! Lines of packet filters: any bytes, and their first halves.

#![no_main]

use bartizan_core::packet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    packet::exercise(bytes);
    packet::exercise(&bytes[..bytes.len() / 2]);
});
