//! Any bytes as system files: nothing panics, and what was guarded before
//! stays guarded.
//!
//! Input: a byte that chooses the file, then the file.
#![no_main]

use bartizan_core::respond::network::Network;
use bartizan_core::respond::shield::{Guarded, Shield};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    let mut shield = Shield::new();
    let manager = Network::parse("192.0.2.10").unwrap();
    shield.add(manager, Guarded::Manager);
    match kind % 8 {
        0 => shield.read_routes4(bytes),
        1 => shield.read_routes6(bytes),
        2 => shield.read_own4(bytes),
        3 => shield.read_own6(bytes),
        4 => shield.read_resolv_conf(bytes),
        5 => shield.read_utmp(bytes),
        6 => shield.read_logind(bytes),
        _ => shield.read_environ(bytes),
    }
    for text in ["192.0.2.10", "192.0.2.0/24", "127.0.0.1", "::/0"] {
        assert!(shield.refuses(&Network::parse(text).unwrap()).is_some(), "{text}");
    }
});
