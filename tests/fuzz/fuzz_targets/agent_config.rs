//! Any bytes as the agent's `ossec.conf`, its own and a pushed one, and as
//! internal options, with the problems shown.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bartizan_agent::config::exercise(data));
