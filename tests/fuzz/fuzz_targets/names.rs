//! Any bytes as `/etc/hosts`, as `/etc/resolv.conf`, as a name that is asked
//! for and as a name server's answer.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bartizan_agent::names::exercise(data));
