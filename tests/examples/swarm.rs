//! Many agents at once on one manager: `swarm [AGENTS [SECONDS]]`.
//!
//! Starts a manager in a folder of its own, enrols agents (2,000), and has
//! each send 20 events a second in one batch, for 20 seconds. Prints one line
//! of JSON: the manager's memory and CPU time, how long acknowledgements took,
//! and whether every event arrived exactly once.

use bartizan::agents::Registry;
use bartizan_tests::manager::Manager;
use bartizan_tests::peer::{Peer, keys};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::net::SocketAddr;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

const SOURCE: &str = "/var/log/messages";

/// Events of an agent in a second.
const RATE: u64 = 20;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let agents = arguments.next().map_or(2000, |text| text.parse().expect("a number of agents"));
    let seconds = arguments.next().map_or(20, |text| text.parse().expect("a number of seconds"));
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, most, most).expect("the limit is raised");
    let (mut manager, first) = Manager::start("swarm");
    let mut registry = Registry::open(manager.home.path()).expect("a registry");
    let barrier = Arc::new(Barrier::new(agents + 1));
    let threads: Vec<_> = (0..agents)
        .map(|n| {
            let own = keys();
            let agent = registry.add(&format!("agent{n}"), &[], 0).expect("an agent");
            let secret = registry.token(agent.id, i64::MAX).expect("a token");
            let public = own.public.as_slice().try_into().expect("32 bytes");
            registry.enrol(&secret, &public, 0).expect("enrolled");
            let (address, key, barrier) = (manager.address, first.manager, Arc::clone(&barrier));
            let work = move || one(address, &key, &own, n, seconds, &barrier);
            thread::Builder::new().stack_size(256 << 10).spawn(work).expect("a thread")
        })
        .collect();
    barrier.wait();
    let start = Instant::now();
    let mut waits: Vec<Duration> =
        threads.into_iter().flat_map(|thread| thread.join().expect("an agent ends")).collect();
    waits.sort_unstable();
    let at = |part: usize| waits[(waits.len() - 1) * part / 100].as_millis();
    let archived = manager.archived(SOURCE).len() as u64;
    let sent = agents as u64 * seconds * RATE;
    let took = start.elapsed().as_secs_f64();
    let peak = manager.process().peak_memory_mib();
    let cpu = manager.process().cpu_seconds();
    println!(
        "{{\"agents\":{agents},\"events\":{sent},\"archived\":{archived},\"seconds\":{took:.1},\"peak_mib\":{peak},\
         \"cpu_seconds\":{cpu:.1},\"ack_ms_median\":{},\"ack_ms_99\":{},\"ack_ms_max\":{}}}",
        at(50),
        at(99),
        at(100)
    );
    assert_eq!(archived, sent, "every event arrives exactly once");
}

/// One agent: connects, waits for all others, sends a batch a second. Gives
/// how long each acknowledgement took.
fn one(
    address: SocketAddr,
    key: &[u8; 32],
    own: &snow::Keypair,
    n: usize,
    seconds: u64,
    barrier: &Barrier,
) -> Vec<Duration> {
    let mut peer = Peer::session(address, key, own).expect("a session");
    peer.begin(SOURCE).expect("a place");
    barrier.wait();
    // Not all in the same moment.
    thread::sleep(Duration::from_millis(n as u64 * 7 % 1000));
    let start = Instant::now();
    (0..seconds)
        .map(|second| {
            let due = start + Duration::from_secs(second);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let from = second * RATE;
            let line = |n| {
                format!("Nov 21 10:00:00 gate dropbear[{n}]: Exit before auth: Exited normally, event {n}")
            };
            let lines: Vec<_> = (from..from + RATE).map(line).collect();
            let sent = Instant::now();
            let number = u32::try_from(second + 1).expect("a small number");
            peer.send(number, &lines, from + RATE).expect("sent");
            peer.acknowledged(number).expect("acknowledged");
            sent.elapsed()
        })
        .collect()
}
