//! Others are told who was refused here: DShield, AbuseIPDB, Blocklist.de, or
//! any web server. Nobody is told of anything unless a person says so.
//!
//! ```text
//!  firewall.log ──► reader ──► heap ──► parcels, and the place behind them ──► courier ──► service
//!  (its series)    (left out?) (merged)        (outbox.db, one step)          (outbox)
//! ```
//!
//! | room | what happens there |
//! |---|---|
//! | [`plan`] | who is told what of which logs; one round of it |
//! | [`log`] | new lines of a log, over rotations |
//! | `series`, `unpacked` | what the log has become: renamed, daily, compressed |
//! | `stock`, `marks` | what of it was read before |
//! | [`hit`] | a line as a packet, or why nothing is told of it |
//! | [`ports`], [`zone`], [`special`] | which ports; time zones; addresses that are nobody's |
//! | [`heap`] | packets that are alike are counted |
//! | [`service`] | what all services have in common |
//! | [`dshield`], [`others`] | the services |
//! | `hmac` | how a request is signed |
//! | [`statefile`] | how far a command has come |
//! | [`configured`] | plans of a configuration |
//! | [`schedule`] | the thread of the daemon |

pub mod configured;
pub mod dshield;
pub mod heap;
pub mod hit;
mod hmac;
pub mod log;
mod marks;
pub mod others;
pub mod plan;
pub mod ports;
pub mod schedule;
mod series;
pub mod service;
pub mod special;
pub mod statefile;
mod stock;
mod unpacked;
pub mod zone;

pub use plan::{LogFile, Plan, Round};
pub use ports::PortList;

/// Reads any bytes as a line of a log, as a list of ports, as a time zone and
/// as a place in a log: for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let scope = hit::Scope::default();
    let mut reader = hit::Reader::new(&scope, i64::MIN, jiff::tz::TimeZone::UTC, &[], 1_795_246_190);
    let limits = heap::Limits { lines: 16, sources: 16, merges: true };
    let mut heap = heap::Heap::new(limits);
    for line in bytes.split(|byte| *byte == b'\n').take(32) {
        heap.take(reader.read(line));
    }
    let text = String::from_utf8_lossy(bytes);
    if let Ok(ports) = PortList::parse(&text) {
        let _ = ports.wants(Some(80));
    }
    let _ = marks::decode(bytes).map(|marks| marks::encode(&marks));
    let _ = zone::read(&text).map(|zone| zone::written(&zone, 0));
}
