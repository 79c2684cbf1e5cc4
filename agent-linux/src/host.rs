//! This machine: its clocks, its name, a little randomness.

use crate::file;
use bartizan_core::limits::LABEL_MAX;
use bartizan_core::time::Millis;
use nix::time::{ClockId, clock_gettime};
use std::io::{self, Read};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the machine was started, with the time it slept: what
/// is old after a night in a closed laptop is old.
pub fn now() -> Millis {
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).or_else(|_| clock_gettime(ClockId::CLOCK_MONOTONIC));
    // Where neither exists there is no Linux.
    let time = time.unwrap_or(nix::sys::time::TimeSpec::new(0, 0));
    Millis(time.tv_sec() as u64 * 1000 + time.tv_nsec() as u64 / 1_000_000)
}

/// Nanoseconds since 1970 by the wall clock.
pub fn wall_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Names the clock of [`now`]: another one after the machine was started
/// again.
pub fn clock() -> u64 {
    let id = file::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A number that nobody can guess.
pub fn random() -> io::Result<u64> {
    let mut bytes = [0; 8];
    file::open_to_read("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Name of this machine.
pub fn name() -> String {
    match nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()) {
        Some(name) if !name.is_empty() => label(name),
        _ => "localhost".to_owned(),
    }
}

/// Operating system, its version, the processor: `Linux 6.1.0 x86_64`.
pub fn system() -> String {
    let kernel = |name: &str| file::text(["/proc/sys/kernel/", name].concat());
    label(format!("{} {} {}", kernel("ostype").trim(), kernel("osrelease").trim(), std::env::consts::ARCH))
}

/// A text as long as messages may have one.
fn label(mut text: String) -> String {
    while text.len() > LABEL_MAX {
        text.pop();
    }
    text
}
