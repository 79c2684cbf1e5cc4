//! Any bytes as what a mail server says, over a whole dialogue.
#![no_main]

use bartizan::mail::smtp::{Reply, exercise};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(reply) = Reply::parse(data) {
        assert!((200..600).contains(&reply.code));
        assert!(!reply.to_string().contains(char::is_control));
    }
    exercise(data);
});
