//! Any bytes as a syslog message, from others and from this machine.
#![no_main]

use bartizan_core::assemble::syslog::{Origin, message};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for local in [false, true] {
        let origin = Origin { host: b"gate", stamp: b"Nov 21 08:00:00", local };
        for size in [0, 40, 7000] {
            let mut buffer = vec![0; size];
            assert!(message(data, &origin, &mut buffer).text.len() <= size);
        }
    }
});
