//! Nobody who is needed is locked out, in whatever way an order spells it.

use crate::begin;
use crate::keeper::{Home, Keeper, wait};
use crate::world::World;
use bartizan_core::respond::order::Means;
use bartizan_core::respond::report::State;
use std::fs;
use std::process::{Child, Command, Stdio};

/// Somebody who is logged in, as sshd starts a shell.
struct Administrator(Child);

impl Administrator {
    fn of(address: &str) -> Self {
        let mut shell = Command::new("cat");
        shell.env("SSH_CONNECTION", format!("{address} 50000 192.0.2.1 22"));
        Self(shell.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Administrator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Somebody who is there, as utmp(5) has it.
fn login(address: [u8; 4]) -> Vec<u8> {
    let mut record = vec![0; 384];
    record[0] = 7;
    record[348..352].copy_from_slice(&address);
    record
}

#[test]
fn whoever_is_needed_is_never_blocked() {
    let Some(world) = World::new() else { return };
    // A manager that is no other protected address.
    let keeper = world.there(|| Keeper::start_at("192.0.2.4:0"));
    let home = Home::new(&keeper);
    home.configure("");
    let _administrators = [Administrator::of("203.0.113.9"), Administrator::of("2001:db8:9::9")];
    fs::write("/run/utmp", login([203, 0, 113, 77])).unwrap();
    fs::create_dir_all("/run/systemd/sessions").unwrap();
    fs::write("/run/systemd/sessions/c1", "STATE=active\nREMOTE_HOST=203.0.113.88\n").unwrap();
    let _agent = home.run();
    let orders = [
        ("192.0.2.1", "own"),
        ("::ffff:192.0.2.1", "own"),
        ("2001:db8::1", "own"),
        ("192.0.2.2", "gateway"),
        ("::ffff:192.0.2.2", "gateway"),
        ("2001:db8::2", "gateway"),
        ("198.51.100.53", "DNS"),
        ("198.51.100.0/24", "DNS"),
        ("192.0.2.4", "manager"),
        ("192.0.2.4/31", "manager"),
        ("203.0.113.9", "administrator"),
        ("203.0.112.0/20", "administrator"),
        ("2001:db8:9::9", "administrator"),
        ("203.0.113.77", "administrator"),
        ("203.0.113.88", "administrator"),
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.9.9.9", "loopback"),
        ("0.0.0.0/0", ""),
        ("::/0", ""),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "broadcast"),
        ("192.0.2.255", "broadcast"),
    ];
    for (at, (address, _)) in orders.iter().enumerate() {
        for (kind, means) in [Means::Block, Means::NullRoute, Means::HostsDeny].into_iter().enumerate() {
            keeper.order(begin((at * 3 + kind + 1) as u64, means, address, 600));
        }
    }
    for (at, (address, why)) in orders.iter().enumerate() {
        for kind in 0..3 {
            let line = keeper.wait_for((at * 3 + kind + 1) as u64, State::Refused);
            assert!(line.contains(why), "{address}: {line}");
        }
    }
    keeper.order(begin(1000, Means::Block, "192.0.2.3", 600));
    keeper.wait_for(1000, State::Done);
    assert!(!world.connects_from("192.0.2.3"), "others are blocked");
}

#[test]
fn who_has_logged_out_can_be_blocked_again() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let administrator = Administrator::of("192.0.2.3");
    let _agent = home.run();
    keeper.order(begin(1, Means::Block, "192.0.2.3", 600));
    keeper.wait_for(1, State::Refused);
    drop(administrator);
    let mut id = 1;
    wait("a block", || {
        id += 1;
        keeper.order(begin(id, Means::Block, "192.0.2.3", 600));
        wait("an answer", || [State::Refused, State::Done].iter().any(|state| keeper.count(id, *state) > 0));
        keeper.count(id, State::Done) > 0
    });
    assert!(!world.connects_from("192.0.2.3"));
}
