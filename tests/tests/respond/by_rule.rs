//! What a rule finds is answered, and undone on time.

use crate::town::{ATTACKERS, Town, Watch, address};
use std::net::{IpAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Blocks who guesses a password, where he guesses it.
fn block(seconds: u32) -> String {
    format!(
        "<active-response>\n<command>block</command>\n<location>local</location>\n<rules_id>5716</rules_id>\n\
         <timeout>{seconds}</timeout>\n</active-response>"
    )
}

#[test]
fn who_guesses_a_password_is_shut_out_and_let_in_again_on_time() {
    let Some(town) = Town::enter() else { return };
    let mut watch = Watch::start("shut-out", &block(3));
    assert!(town.reaches(watch.port()), "nobody is blocked yet");
    watch.attack(address(0));
    let begun = Instant::now();
    let row = watch.wait_for_state("done");
    assert_eq!(
        (&row["ip"], &row["name"], &row["rule"]),
        (&"10.77.0.10".into(), &"gate".into(), &5716.into())
    );
    assert!(!town.reaches(watch.port()), "the connection does not come through");
    let row = watch.wait_for_state("expired");
    assert!(begun.elapsed() >= Duration::from_secs(3), "not before its time: {:?}", begun.elapsed());
    assert!(town.reaches(watch.port()), "it is let in again: {row}");
    let alerts = watch.manager.log("archives/archives.log");
    let said = alerts.lines().filter(|line| line.contains("->active-response bartizan: response ")).count();
    assert_eq!(said, 2, "each change is said once: {alerts}");
}

#[test]
fn everything_is_undone_at_once_and_history_survives_a_restart() {
    let Some(town) = Town::enter() else { return };
    let mut watch = Watch::start("undo-all", &block(600));
    watch.attack(address(0));
    watch.wait_for_state("done");
    assert!(!town.reaches(watch.port()));
    watch.manager.kill();
    assert!(!town.reaches(watch.port()), "a manager that is gone changes nothing");
    watch.manager.run();
    let listed = watch.respond("list");
    assert!(
        listed.out.contains("block600") && listed.out.contains("10.77.0.10"),
        "{} {}",
        listed.out,
        listed.err
    );
    // The agent comes back by itself.
    let socket = watch.manager.home.join("control.sock");
    watch.manager.process().wait_for("the agent", |_| {
        let agents = bartizan_tests::manager::ask_at(&socket, r#"{"ask":"agents"}"#);
        agents.is_some_and(|answer| answer["agents"][0]["name"] == "gate")
    });
    let undone = watch.respond("undo --all");
    assert_eq!(undone.code, Some(0), "{}", undone.err);
    assert!(undone.out.contains("on gate is undone now"), "{}", undone.out);
    watch.wait_for_state("undone");
    assert!(town.reaches(watch.port()), "it is let in again");
    assert_eq!(watch.respond("list").out, "no response is in force\n");
    assert_eq!(watch.history().len(), 1);
}

#[test]
fn a_wish_to_undo_reaches_an_agent_that_was_away() {
    let Some(town) = Town::enter() else { return };
    let mut watch = Watch::start("away", &block(600));
    watch.attack(address(0));
    let row = watch.wait_for_state("done");
    watch.kill_agent();
    assert!(!town.reaches(watch.port()), "who is blocked stays blocked without the agent");
    let refused = watch.respond("run block --agent gate --ip 10.77.0.11");
    assert_eq!(refused.code, Some(1), "{}", refused.out);
    assert!(refused.err.contains("gate is away"), "{}", refused.err);
    let undone = watch.respond(&format!("undo {}", row["id"]));
    assert!(undone.out.contains("as soon as the agent is here"), "{} {}", undone.out, undone.err);
    assert!(watch.respond("list").out.contains("being undone"));
    watch.start_agent();
    watch.wait_for_state("undone");
    assert!(town.reaches(watch.port()), "it is let in again");
}

#[test]
fn the_manager_answers_for_its_own_machine() {
    let Some(town) = Town::enter() else { return };
    let server = block(3).replace("<location>local<", "<location>server<");
    let mut watch = Watch::start("own", &server);
    watch.attack(address(0));
    let row = watch.wait_for_state("done");
    assert_eq!((&row["name"], &row["ip"]), (&"server".into(), &"10.77.0.10".into()));
    assert!(!town.reaches(watch.port()));
    watch.manager.kill();
    watch.manager.run();
    watch.wait_for_state("expired");
    assert!(town.reaches(watch.port()), "it is let in again, although the manager was killed");
}

/// How long it takes 50 times from a line in a log to the first packet that
/// does not come through. Says median and 99th percentile (the longest), which
/// `tests/bench/respond` records.
fn answers_quickly(name: &str, town: &Town, attack: impl Fn(IpAddr)) {
    let target = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    target.set_nonblocking(true).expect("a socket");
    let to = ("10.77.0.1", target.local_addr().expect("an address").port());
    let mut took: Vec<Duration> = (0..50)
        .map(|attacker| {
            let socket = town.socket(attacker % ATTACKERS);
            let mut packet = [0; 8];
            let mut gets_through = || {
                socket.send_to(b"knock", to).expect("it is sent");
                std::thread::yield_now();
                target.recv_from(&mut packet).is_ok()
            };
            assert!(gets_through(), "{attacker} is not blocked yet");
            attack(address(attacker));
            let begun = Instant::now();
            while gets_through() {
                assert!(begun.elapsed() < Duration::from_secs(30), "{attacker} is never blocked");
                std::thread::sleep(Duration::from_micros(500));
            }
            begun.elapsed()
        })
        .collect();
    took.sort();
    let ms = |at: usize| took[at].as_secs_f64() * 1000.0;
    eprintln!(r#"{{"latency":"{name}","median_ms":{:.1},"p99_ms":{:.1}}}"#, ms(25), ms(49));
    assert!(took[49] < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_line_on_an_agent_is_answered_quickly() {
    let Some(town) = Town::enter() else { return };
    let watch = Watch::start("quickly", &block(600));
    answers_quickly("agent", &town, |from| watch.attack(from));
}

#[test]
fn a_line_on_the_managers_own_machine_is_answered_quickly() {
    let Some(town) = Town::enter() else { return };
    let server = block(600).replace("<location>local<", "<location>server<");
    let mut watch = Watch::start("own-quickly", &server);
    // Its own file is followed once an attack in it is answered.
    watch.attack_manager(address(ATTACKERS - 1));
    watch.wait_for_state("done");
    answers_quickly("manager", &town, |from| watch.attack_manager(from));
}
