//! `/etc/hosts.deny` and accounts.

use crate::keeper::{Home, Keeper};
use crate::world::{World, run};
use crate::{begin, plain};
use bartizan_core::respond::order::{Begin, Means, Order, What};
use bartizan_core::respond::report::State;
use std::fs;

fn lock(id: u64, user: &'static str, for_s: u32) -> Order<'static> {
    Order { id, what: What::Begin(Begin { user, ..plain(Means::LockAccount, "", for_s) }) }
}

/// What shadow(5) has of a user's password.
fn password(user: &str) -> String {
    let shadow = fs::read_to_string("/etc/shadow").unwrap();
    let line = shadow.lines().find(|line| line.starts_with(&format!("{user}:"))).unwrap();
    line.split(':').nth(1).unwrap().to_owned()
}

#[test]
fn a_network_stands_in_hosts_deny_until_its_time_is_over() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let _agent = home.run();
    let path = world.etc().join("hosts.deny");
    let before = "# of the house\nsshd: 198.51.100.1\n";
    fs::write(&path, before).unwrap();
    keeper.order(begin(1, Means::HostsDeny, "::ffff:192.0.2.3", 2));
    keeper.order(begin(2, Means::HostsDeny, "2001:db8:5::/48", 2));
    keeper.wait_for(2, State::Done);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(before) && text.contains("\nALL: 192.0.2.3\n"), "{text}");
    assert!(text.contains("\nALL: [2001:db8:5::]/48\n"), "{text}");
    keeper.wait_for(1, State::Expired);
    keeper.wait_for(2, State::Expired);
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
}

#[test]
fn a_password_is_locked_until_its_time_is_over() {
    let Some(_world) = World::new() else { return };
    run("useradd --no-create-home --uid 54321 --password secret anna");
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let agent = home.run();
    keeper.order(lock(1, "anna", 3));
    keeper.wait_for(1, State::Done);
    assert_eq!(password("anna"), "!secret");
    // The next agent knows whose lock it is.
    agent.kill();
    let _agent = home.run();
    keeper.wait_for(1, State::Expired);
    assert_eq!(password("anna"), "secret");
}

#[test]
fn what_somebody_else_has_locked_stays_locked() {
    let Some(_world) = World::new() else { return };
    run("useradd --no-create-home --uid 54321 --password !secret bob");
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let _agent = home.run();
    keeper.order(lock(1, "bob", 1));
    keeper.wait_for(1, State::Done);
    keeper.wait_for(1, State::Expired);
    assert_eq!(password("bob"), "!secret");
}

#[test]
fn root_and_users_of_the_system_are_not_locked_and_others_are_unknown() {
    let Some(_world) = World::new() else { return };
    run("useradd --system --password secret daemon-test");
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let _agent = home.run();
    let before = fs::read("/etc/shadow").unwrap();
    keeper.order(lock(1, "root", 60));
    keeper.order(lock(2, "daemon-test", 60));
    keeper.order(lock(3, "nobody-of-this-name", 60));
    keeper.order(lock(4, "..", 60));
    assert!(keeper.wait_for(1, State::Refused).contains("root"));
    assert!(keeper.wait_for(2, State::Failed).contains("belongs to the system"));
    assert!(keeper.wait_for(3, State::Failed).contains("no such user"));
    assert!(keeper.wait_for(4, State::Failed).contains("no such user"));
    assert_eq!(fs::read("/etc/shadow").unwrap(), before);
}
