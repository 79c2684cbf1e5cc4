//! How much stack reading a packet takes, measured: a thread is filled up to
//! where its stack nearly ends, and what is left must be enough.
//!
//! A stack that does not suffice ends the process, so the test starts itself
//! again for each try.

use bartizan::ruleset::built_in;
use bartizan_core::packet;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;

/// Bytes that `bartizan_core::packet` promises not to exceed.
const PROMISE: usize = 3 * 1024;

/// Bytes of the thread's stack.
const STACK: usize = 64 * 1024;

/// Bytes of the smallest step in which a stack can be filled, roughly.
const STEP: usize = 256;

/// What a process is asked to do: `nothing 4096`, `read 4096`.
const ASKED: &str = "BARTIZAN_TEST_STACK";

/// The lines of the built-in tests, and what is long and odd.
fn lines() -> &'static [String] {
    static LINES: OnceLock<Vec<String>> = OnceLock::new();
    LINES.get_or_init(|| {
        let (_, text) = built_in::TESTS.iter().find(|(name, _)| name.contains("60-firewall")).expect("tests");
        let lines = text
            .lines()
            .filter_map(|line| line.split_once('=').map(|(_, log)| log.trim().replace("%%", "%")));
        let odd = ["SRC=1 DST=", "CEF: a=b ", "%ASA- Deny ", "filterlog ,,", "devid= src=1.2.3.4/5 "];
        lines.chain(odd.map(|part| part.repeat(6000 / part.len()))).collect()
    })
}

fn read() {
    for line in lines() {
        black_box(packet::read(black_box(line.as_bytes())));
    }
}

fn address<T>(of: &T) -> usize {
    core::ptr::from_ref(of).addr()
}

/// Does something where a number of bytes of the stack are taken.
#[inline(never)]
fn below(top: usize, bytes: usize, job: fn()) {
    let frame = black_box([0_u8; 64]);
    if top.saturating_sub(address(&frame)) < bytes {
        below(top, bytes, job)
    } else {
        job()
    }
    black_box(&frame);
}

/// Does what this process was started for.
fn act(asked: &str) {
    let (job, bytes) = asked.split_once(' ').expect("two words");
    let job = if job == "read" { read } else { || {} };
    let bytes = bytes.parse().expect("a number");
    // What is done once in a process is done now: reading tests, binding symbols.
    read();
    let filled = thread::Builder::new().stack_size(STACK).spawn(move || {
        let top = 0_u8;
        below(address(&top), bytes, job);
    });
    filled.expect("a thread").join().expect("no panic");
}

/// Whether a job can be done where so many bytes are taken.
fn fits(job: &str, bytes: usize) -> bool {
    let myself = std::env::current_exe().expect("a name");
    let mut command = Command::new(myself);
    command.args(["--exact", "reading_a_packet_takes_no_more_stack_than_promised"]);
    command.env(ASKED, format!("{job} {bytes}")).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().expect("it can be started").success()
}

/// The most bytes that may be taken for a job to fit.
fn most(job: &str) -> usize {
    let (mut good, mut bad) = (0, 2 * STACK);
    assert!(fits(job, good), "{job} does not fit into an empty stack");
    while bad - good > STEP {
        let middle = good.midpoint(bad);
        *if fits(job, middle) { &mut good } else { &mut bad } = middle;
    }
    good
}

#[test]
fn reading_a_packet_takes_no_more_stack_than_promised() {
    if let Ok(asked) = std::env::var(ASKED) {
        return act(&asked);
    }
    assert!(lines().iter().filter(|line| packet::read(line.as_bytes()).is_some()).count() > 200);
    let (nothing, read) = (most("nothing"), most("read"));
    let taken = nothing.saturating_sub(read);
    println!("reading a packet takes about {taken} bytes of stack");
    assert!(taken >= STEP, "nothing was measured");
    assert!(taken <= PROMISE, "{taken} bytes of stack are taken");
}
