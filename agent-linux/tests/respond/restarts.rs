//! What is in force outlives the agent, and is undone on time all the same.

use crate::begin;
use crate::keeper::{Home, Keeper, wait};
use crate::world::{World, run};
use bartizan_core::respond::order::Means;
use bartizan_core::respond::report::{PLACE, State};
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};

#[test]
fn what_a_killed_agent_has_blocked_is_undone_on_time_by_the_next() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let agent = home.run();
    let ordered = Instant::now();
    keeper.order(begin(1, Means::Block, "192.0.2.3", 5));
    keeper.wait_for(1, State::Done);
    agent.kill();
    assert!(!world.connects_from("192.0.2.3"), "it is blocked without an agent, too");
    let _agent = home.run();
    keeper.wait_for(1, State::Expired);
    let lasted = ordered.elapsed();
    assert!(lasted >= Duration::from_secs(5) && lasted < Duration::from_secs(10), "{lasted:?}");
    assert!(world.connects_from("192.0.2.3"));
}

#[test]
fn what_was_due_while_there_was_no_agent_is_undone_at_the_next_start() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let agent = home.run();
    let ordered = Instant::now();
    keeper.order(begin(1, Means::NullRoute, "192.0.2.3", 1));
    keeper.wait_for(1, State::Done);
    agent.kill();
    wait("the end of its time", || ordered.elapsed() > Duration::from_millis(1_500));
    assert!(!world.connects_from("192.0.2.3"), "nobody has undone it");
    let _agent = home.run();
    keeper.wait_for(1, State::Expired);
    assert!(world.connects_from("192.0.2.3"));
}

#[test]
fn the_kernel_lets_go_of_a_block_when_no_agent_comes_back() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let agent = home.run();
    keeper.order(begin(1, Means::Block, "192.0.2.3", 1));
    keeper.wait_for(1, State::Done);
    agent.kill();
    assert!(!world.connects_from("192.0.2.3"));
    wait("the end of its time in the kernel", || world.connects_from("192.0.2.3"));
}

#[test]
fn a_machine_that_has_lost_its_packet_filter_gets_it_back() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let agent = home.run();
    keeper.order(begin(1, Means::Block, "192.0.2.3", 600));
    keeper.order(begin(2, Means::Block, "2001:db8::3", 0));
    keeper.order(begin(3, Means::NullRoute, "192.0.2.4", 0));
    keeper.wait_for(3, State::Done);
    let is_blocked =
        || ["192.0.2.3", "2001:db8::3", "192.0.2.4"].iter().all(|address| !world.connects_from(address));
    assert!(is_blocked());
    // As after a reboot.
    agent.kill();
    let forget = || {
        run("nft flush ruleset");
        run("ip route delete blackhole 192.0.2.4");
        assert!(world.connects_from("192.0.2.3") && world.connects_from("192.0.2.4"));
    };
    forget();
    let agent = home.run();
    wait("the blocks after a restart", is_blocked);
    // As somebody may do at any time.
    forget();
    agent.signal(Signal::SIGHUP);
    wait("the blocks after SIGHUP", is_blocked);
    for id in 1..=3 {
        assert_eq!(keeper.count(id, State::Done), 1, "{id}");
    }
}

#[test]
fn what_somebody_takes_out_of_the_packet_filter_is_back_in_a_minute_and_told() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let _agent = home.run();
    let ordered = Instant::now();
    keeper.order(begin(1, Means::Nftables, "192.0.2.3", 600));
    keeper.order(begin(2, Means::Ipset, "2001:db8::3", 600));
    for id in 1..=2 {
        keeper.wait_for(id, State::Done);
    }
    run("nft flush ruleset");
    run("ip6tables -F INPUT");
    // What is ordered next does not hide what is missing.
    keeper.order(begin(3, Means::Nftables, "192.0.2.4", 600));
    keeper.wait_for(3, State::Done);
    assert!(world.connects_from("192.0.2.3") && world.connects_from("2001:db8::3"));
    wait("most of a minute", || ordered.elapsed() > Duration::from_secs(50));
    wait("the blocks", || ["192.0.2.3", "2001:db8::3"].iter().all(|address| !world.connects_from(address)));
    assert!(!world.connects_from("192.0.2.4"));
    keeper.wait("a line that says so", |ledger| {
        let lines = ledger.of(std::path::Path::new(PLACE));
        lines.iter().any(|line| line.starts_with("bartizan: responses undone: somebody has emptied"))
    });
    for id in 1..=3 {
        assert_eq!((keeper.count(id, State::Done), keeper.count(id, State::Undone)), (1, 0), "{id}");
    }
}

#[test]
fn what_was_in_force_stays_in_force_when_the_agent_is_told_to_end() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let mut agent = home.run();
    keeper.order(begin(1, Means::Block, "192.0.2.3", 600));
    keeper.wait_for(1, State::Done);
    agent.signal(Signal::SIGTERM);
    wait("its end", || agent.has_ended().is_some());
    assert!(!world.connects_from("192.0.2.3"));
    // It is undone even by an agent that may begin nothing.
    home.configure("<active-response><disabled>yes</disabled></active-response>");
    let _agent = home.run();
    let text = || String::from_utf8(home.output(&["status"]).stdout).unwrap();
    wait("the status", || text().contains("active response: disabled, 1 in force"));
    keeper.order(bartizan_core::respond::order::Order {
        id: 1,
        what: bartizan_core::respond::order::What::End,
    });
    keeper.wait_for(1, State::Undone);
    assert!(world.connects_from("192.0.2.3"));
}

#[test]
fn a_journal_that_is_torn_anywhere_costs_nothing_that_was_done() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let agent = home.run();
    keeper.order(begin(1, Means::Block, "192.0.2.3", 0));
    keeper.wait_for(1, State::Done);
    agent.kill();
    // As a power cut amid the next entry.
    let journal = home.path("active-response/journal");
    let mut bytes = std::fs::read(&journal).unwrap();
    bytes.extend_from_slice(&bytes.clone()[..bytes.len().min(9)]);
    std::fs::write(&journal, bytes).unwrap();
    run("nft flush ruleset");
    let _agent = home.run();
    wait("the block", || !world.connects_from("192.0.2.3"));
}

#[test]
fn a_journal_that_can_be_read_again_is_carried_out() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let agent = home.run();
    keeper.order(begin(1, Means::Block, "192.0.2.3", 600));
    keeper.wait_for(1, State::Done);
    agent.kill();
    run("nft flush ruleset");
    let (journal, aside) = (home.path("active-response/journal"), home.path("aside"));
    std::fs::rename(&journal, &aside).unwrap();
    std::fs::create_dir(&journal).unwrap();
    let _agent = home.run();
    keeper.order(begin(2, Means::Block, "192.0.2.4", 600));
    keeper.wait_for(2, State::Failed);
    assert!(world.connects_from("192.0.2.3"));
    std::fs::remove_dir(&journal).unwrap();
    std::fs::rename(&aside, &journal).unwrap();
    wait("the block", || !world.connects_from("192.0.2.3"));
    assert_eq!((keeper.count(1, State::Done), keeper.count(1, State::Undone)), (1, 0));
}

#[test]
fn a_journal_that_cannot_be_read_lets_no_response_begin() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    std::fs::create_dir_all(home.path("active-response/journal")).unwrap();
    let _agent = home.run();
    keeper.order(begin(1, Means::Block, "192.0.2.3", 600));
    assert!(keeper.wait_for(1, State::Failed).contains("the journal cannot be read"));
    assert!(world.connects_from("192.0.2.3"));
    assert!(home.stderr().contains("no response can be carried out"), "{}", home.stderr());
}
