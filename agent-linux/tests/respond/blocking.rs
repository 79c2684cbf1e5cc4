//! Packets are dropped, as long as they are to be.

use crate::begin;
use crate::keeper::{Home, Keeper, wait};
use crate::world::{World, output, run};
use bartizan_core::respond::order::{Means, Order, What};
use bartizan_core::respond::report::State;
use std::time::{Duration, Instant};

/// Seconds of a block that ends by itself.
const FOR_S: u32 = 3;

fn blocks_and_lets_go(means: Means<'static>, address: &str, spelled: &str) {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let _agent = home.run();
    assert!(world.connects_from(address));
    let ordered = Instant::now();
    keeper.order(begin(1, means, spelled, FOR_S));
    keeper.wait_for(1, State::Done);
    assert!(!world.connects_from(address), "it is blocked");
    let other = if address.contains(':') { "2001:db8::4" } else { "192.0.2.4" };
    assert!(world.connects_from(other), "others are not");
    let line = keeper.wait_for(1, State::Expired);
    let lasted = ordered.elapsed();
    assert!(line.contains(address), "{line}");
    let expected = Duration::from_secs(FOR_S.into());
    assert!(lasted >= expected && lasted < expected + Duration::from_secs(5), "{lasted:?}");
    assert!(world.connects_from(address), "it is free again");
    for state in [State::Done, State::Expired] {
        assert_eq!(keeper.count(1, state), 1, "{}", state.word());
    }
}

#[test]
fn nftables_block_an_address_until_its_time_is_over() {
    blocks_and_lets_go(Means::Block, "192.0.2.3", "192.0.2.3");
}

#[test]
fn nftables_block_an_address_of_ipv6_until_its_time_is_over() {
    blocks_and_lets_go(Means::Nftables, "2001:db8::3", "2001:db8::3");
}

#[test]
fn an_address_in_its_other_spelling_is_the_same_address() {
    blocks_and_lets_go(Means::Block, "192.0.2.3", "::ffff:192.0.2.3");
}

#[test]
fn ipset_blocks_an_address_until_its_time_is_over() {
    blocks_and_lets_go(Means::Ipset, "192.0.2.3", "192.0.2.3");
}

#[test]
fn ipset_blocks_an_address_of_ipv6_until_its_time_is_over() {
    blocks_and_lets_go(Means::Ipset, "2001:db8::3", "2001:db8::3");
}

#[test]
fn answers_go_nowhere_until_its_time_is_over() {
    blocks_and_lets_go(Means::NullRoute, "192.0.2.3", "192.0.2.3");
}

#[test]
fn answers_of_ipv6_go_nowhere_until_its_time_is_over() {
    blocks_and_lets_go(Means::NullRoute, "2001:db8::3", "2001:db8::3");
}

#[test]
fn a_block_ends_when_a_manager_says_so_and_an_end_of_nothing_is_no_trouble() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let _agent = home.run();
    keeper.order(begin(1, Means::Block, "192.0.2.3", 0));
    keeper.order(begin(2, Means::Block, "2001:db8::3", 0));
    keeper.wait_for(2, State::Done);
    assert!(!world.connects_from("192.0.2.3") && !world.connects_from("2001:db8::3"));
    keeper.order(Order { id: 1, what: What::End });
    keeper.wait_for(1, State::Undone);
    assert!(world.connects_from("192.0.2.3") && !world.connects_from("2001:db8::3"));
    keeper.order(Order { id: 9, what: What::EndAll });
    keeper.wait_for(2, State::Undone);
    assert!(world.connects_from("2001:db8::3"));
    keeper.order(Order { id: 7, what: What::End });
    assert!(keeper.wait_for(7, State::Undone).contains("nothing was in force"));
}

#[test]
fn an_order_that_comes_twice_is_carried_out_once() {
    let Some(_world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let _agent = home.run();
    for _ in 0..3 {
        keeper.order(begin(1, Means::Block, "192.0.2.3", 0));
    }
    keeper.order(begin(2, Means::Block, "192.0.2.4", 0));
    keeper.wait_for(2, State::Done);
    assert_eq!(keeper.count(1, State::Done), 1);
}

#[test]
fn an_agent_without_orders_leaves_the_packet_filter_alone() {
    let Some(_world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let _agent = home.run();
    keeper.order(begin(1, Means::Block, "127.0.0.1", 0));
    keeper.wait_for(1, State::Refused);
    assert_eq!(run("nft list ruleset"), "");
    assert!(!home.path("active-response/journal").exists());
}

#[test]
fn a_disabled_agent_does_nothing_and_says_so() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("<active-response><disabled>yes</disabled></active-response>");
    let _agent = home.run();
    keeper.order(begin(1, Means::Block, "192.0.2.3", 0));
    assert!(keeper.wait_for(1, State::Refused).contains("disabled"));
    assert!(world.connects_from("192.0.2.3"));
    let check = home.output(&["check"]);
    assert!(String::from_utf8_lossy(&check.stdout).contains("active response: disabled"));
}

#[test]
fn an_agent_that_is_not_root_any_more_still_blocks() {
    let Some(world) = World::new() else { return };
    run("useradd --system bartizan-test");
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("<client><agent_user>bartizan-test</agent_user></client>");
    run(&format!("chmod 755 {}", home.folder.path().display()));
    let agent = home.run();
    for (id, means) in [(1, Means::Block), (2, Means::NullRoute)] {
        keeper.order(begin(id, means, "192.0.2.3", 0));
        keeper.wait_for(id, State::Done);
        assert!(!world.connects_from("192.0.2.3"));
        keeper.order(Order { id, what: What::End });
        keeper.wait_for(id, State::Undone);
        assert!(world.connects_from("192.0.2.3"));
    }
    keeper.order(begin(3, Means::HostsDeny, "192.0.2.3", 0));
    assert!(keeper.wait_for(3, State::Failed).contains("<agent_user>root</agent_user>"));
    let status = std::fs::read_to_string(format!("/proc/{}/status", agent.id())).unwrap();
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    // To be lent, not to be used.
    assert_eq!((field("CapEff:"), field("CapPrm:")), ("0000000000000000".into(), "0000000000001000".into()));
    assert_ne!(field("Uid:").split_whitespace().next(), Some("0"));
}

#[test]
fn an_agent_without_the_right_to_block_says_what_failed() {
    let Some(world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    // Whoever is not root from the start has nothing to keep. The program lies
    // where such a one may read it.
    let folder = home.folder.path().display();
    std::fs::copy(home.command(&[]).get_program(), home.path("program")).unwrap();
    run(&format!("chown -R nobody {folder}"));
    let line = format!("setpriv --reuid nobody --clear-groups {folder}/program run --home {folder}");
    let mut agent = std::process::Command::new("setpriv");
    let mut agent = agent.args(line.split(' ').skip(1)).spawn().unwrap();
    keeper.order(begin(1, Means::Block, "192.0.2.3", 0));
    let said = keeper.wait_for(1, State::Failed);
    assert!(said.contains("nft: ") && said.contains("not permitted"), "{said}");
    assert!(world.connects_from("192.0.2.3"));
    agent.kill().unwrap();
    agent.wait().unwrap();
}

#[test]
fn the_status_names_what_is_in_force() {
    let Some(_world) = World::new() else { return };
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let _agent = home.run();
    keeper.order(begin(17, Means::Block, "192.0.2.3", 600));
    keeper.wait_for(17, State::Done);
    let status = |words: &[&str]| String::from_utf8(home.output(words).stdout).unwrap();
    let text = status(&["status"]);
    assert!(text.contains("active response: nft, 1 in force\n  17 192.0.2.3 done, 9 min 5"), "{text}");
    let json = status(&["status", "--json"]);
    assert!(
        json.contains(r#""responses":{"tool":"nft","in_force":1,"first":[{"id":17,"about":"192.0.2.3""#),
        "{json}"
    );
    wait("a ruleset", || !output("nft list table inet bartizan").stdout.is_empty());
}
