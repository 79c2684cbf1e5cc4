//! What core writes for `ipset`, and for the `ip` of BusyBox, is what these
//! programs take.

use crate::begin;
use crate::keeper::{Home, Keeper, wait};
use crate::world::{World, is_installed, output, run};
use bartizan_core::respond::order::{Means, Order, What};
use bartizan_core::respond::report::State;
use nix::sys::signal::Signal;
use std::os::unix::fs::symlink;

/// More seconds than ipset knows.
const FOREVER_S: u32 = 315_360_000;

#[test]
fn answers_go_nowhere_by_the_ip_of_busybox() {
    let Some(world) = World::new() else { return };
    if !is_installed("busybox") {
        eprintln!("left out: there is no `busybox` here");
        return;
    }
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    // As OpenWrt has it.
    let folder = home.path("bin");
    std::fs::create_dir(&folder).unwrap();
    symlink("/bin/busybox", folder.join("ip")).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let _agent = home.run_with_path(&path);
    let addresses = ["192.0.2.3", "2001:db8::3", "198.51.100.64/26", "2001:db8:5::/48", "192.0.2.4"];
    for (id, address) in (1..).zip(addresses) {
        keeper.order(begin(id, Means::NullRoute, address, 600));
    }
    for id in 1..=5 {
        keeper.wait_for(id, State::Done);
    }
    for address in ["192.0.2.3", "192.0.2.4", "2001:db8::3"] {
        assert!(!world.connects_from(address), "{address}");
    }
    assert_eq!(routes().len(), 5, "{:?}", routes());
    // What is gone already is no trouble.
    run("ip route delete blackhole 192.0.2.4");
    keeper.order(Order { id: 9, what: What::EndAll });
    for id in 1..=5 {
        keeper.wait_for(id, State::Undone);
    }
    assert_eq!(routes(), [""; 0]);
    assert!(world.connects_from("192.0.2.3") && world.connects_from("2001:db8::3"));
}

#[test]
fn ipset_takes_addresses_and_ranges_of_both_families_for_any_time() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let agent = home.run();
    let all = [
        ("192.0.2.3", 0, "192.0.2.3 timeout 0"),
        ("192.0.2.4", 600, "192.0.2.4 timeout 60"),
        ("198.51.100.64/26", FOREVER_S, "198.51.100.64/26 timeout 0"),
        ("203.0.113.128/25", 0, "203.0.113.128/25 timeout 0"),
        ("2001:db8::3", FOREVER_S, "2001:db8::3 timeout 0"),
        ("2001:db8:5::/48", 600, "2001:db8:5::/48 timeout 60"),
    ];
    for (id, (address, for_s, _)) in (1..).zip(all) {
        keeper.order(begin(id, Means::Ipset, address, for_s));
    }
    for id in 1..=6 {
        keeper.wait_for(id, State::Done);
    }
    let has_all = || {
        let sets = run("ipset list");
        all.iter().all(|(_, _, element)| sets.contains(element))
    };
    assert!(has_all(), "{}", run("ipset list"));
    let is_open = || ["192.0.2.3", "192.0.2.4", "2001:db8::3"].map(|address| world.connects_from(address));
    assert_eq!(is_open(), [false; 3]);
    // Somebody empties everything.
    for program in ["iptables", "ip6tables"] {
        run(&format!("{program} -F"));
    }
    run("ipset destroy");
    assert_eq!(is_open(), [true; 3]);
    agent.signal(Signal::SIGHUP);
    wait("the blocks after SIGHUP", || is_open() == [false; 3]);
    wait("all elements", has_all);
    for rule in ["iptables -S", "ip6tables -S"] {
        assert_eq!(run(rule).matches("bartizan").count(), 4, "a rule stands once: {}", run(rule));
    }
    keeper.order(Order { id: 9, what: What::EndAll });
    for id in 1..=6 {
        keeper.wait_for(id, State::Undone);
    }
    assert_eq!(is_open(), [true; 3]);
    assert_eq!(run("ipset list").matches(" timeout ").count(), run("ipset list").matches("Header").count());
}

#[test]
fn a_set_that_somebody_has_made_otherwise_is_a_failure_with_a_reason() {
    let Some(world) = World::new() else { return };
    run("ipset create bartizan4 hash:net");
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let _agent = home.run();
    keeper.order(begin(1, Means::Ipset, "192.0.2.3", 600));
    let said = keeper.wait_for(1, State::Failed);
    assert!(said.contains("ipset: ") && said.contains("already exists"), "{said}");
    assert!(world.connects_from("192.0.2.3"));
}

/// The routes that answers to somebody blocked take.
fn routes() -> Vec<String> {
    let all = ["ip -4 route show type blackhole", "ip -6 route show type blackhole"];
    let text = all.map(|line| String::from_utf8_lossy(&output(line).stdout).into_owned()).concat();
    text.lines().map(str::to_owned).collect()
}
