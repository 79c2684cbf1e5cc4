//! Ten thousand at once.

use crate::begin;
use crate::keeper::{Home, Keeper};
use crate::reports;
use crate::world::{World, run};
use bartizan_core::respond::order::{Means, Order, What};
use bartizan_core::respond::report::State;
use std::fs;
use std::time::{Duration, Instant};

const COUNT: u64 = 10_000;

/// What it may take on a busy machine, in a build for tests.
const GENEROUS: Duration = Duration::from_secs(30);

fn memory_kib(id: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Milliseconds of processor time: its own, and that of programs it ran.
fn processor_ms(id: u32) -> (u64, u64) {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let words = stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11);
    let ticks: Vec<u64> = words.take(4).map(|word| word.parse().unwrap()).collect();
    ((ticks[0] + ticks[1]) * 10, (ticks[2] + ticks[3]) * 10)
}

fn elements() -> u64 {
    run("nft list table inet bartizan").matches("timeout").count() as u64
}

#[test]
fn ten_thousand_addresses_are_blocked_and_let_go_in_bounded_memory() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let agent = home.run();
    keeper.wait("the agent", |ledger| ledger.sessions == 1);
    let idle = memory_kib(agent.id(), "VmRSS");
    let orders: Vec<_> = (0..COUNT)
        .map(|n| {
            let address = Box::leak(format!("10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255).into_boxed_str());
            begin(n + 1, Means::Block, address, 3600)
        })
        .collect();
    let count = |state: State| {
        move |ledger: &crate::keeper::Ledger| {
            // Only what can be all of them is counted, for that takes time.
            ledger.count >= COUNT
                && reports(ledger).filter(|report| report.state == state).count() as u64 >= COUNT
        }
    };
    let start = Instant::now();
    keeper.ways.orders.lock().unwrap().extend(orders);
    keeper.wait("all blocks", count(State::Done));
    let blocked = start.elapsed();
    let full = memory_kib(agent.id(), "VmRSS");
    assert!(elements() >= COUNT);
    assert!(world.connects_from("192.0.2.3"));
    let start = Instant::now();
    keeper.order(Order { id: COUNT + 1, what: What::EndAll });
    keeper.wait("the end of all blocks", count(State::Undone));
    let undone = start.elapsed();
    assert!(elements() < 10);
    let most = memory_kib(agent.id(), "VmHWM");
    println!("processor time, own and of programs: {:?} ms", processor_ms(agent.id()));
    println!("{COUNT} blocked in {blocked:?}, undone in {undone:?}");
    println!("resident: {idle} KiB idle, {full} KiB with all, {most} KiB at most");
    assert!(blocked < GENEROUS && undone < GENEROUS);
    assert_eq!(keeper.ledger().lost, 0, "every report has arrived");
}
