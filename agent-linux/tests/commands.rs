//! The commands, as people and programs use them.

mod keeper;

use keeper::{Home, Keeper, append, lines};
use nix::sys::signal::Signal;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_machine_enrols_once_and_then_delivers() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let key = home.path("agent.key");
    std::fs::remove_file(&key).unwrap();
    keeper.ways.enrols.store(true, SeqCst);
    let output = home.output(&["enrol", &keeper.token("router-7")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("enrolled as router-7"));
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);

    let again = home.output(&["enrol", &keeper.token("router-7")]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("--force"));

    keeper.ways.enrols.store(false, SeqCst);
    let log = home.path("log");
    append(&log, &lines("a", 0..10));
    home.follow(&[&log]);
    let _agent = home.run();
    keeper.wait("the lines", |ledger| ledger.of(&log).len() >= 10);
}

#[test]
fn a_token_that_was_copied_badly_is_explained() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    std::fs::remove_file(home.path("agent.key")).unwrap();
    let token = keeper.token("a");
    let output = home.output(&["enrol", &token[..token.len() - 5]]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("copy the whole line"), "{}", text(&output.stderr));
    assert!(!home.path("agent.key").exists());
}

#[test]
fn the_status_is_json_that_names_what_is_read() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let log = home.path("lo\"g");
    append(&log, &lines("a", 0..10));
    home.follow(&[&log]);
    assert_eq!(home.output(&["status"]).status.code(), Some(3));
    let _agent = home.run();
    keeper.wait("the lines", |ledger| ledger.of(&log).len() >= 10);
    let output = home.output(&["status", "--json"]);
    let page = text(&output.stdout);
    assert!(output.status.success(), "{page}");
    assert!(page.contains(r#"lo\"g","state":"read","records":10"#), "{page}");
    let size = std::fs::metadata(&log).unwrap().len();
    assert!(page.contains(&format!(r#""offset":{size},"behind":0"#)), "{page}");
    assert!(text(&home.output(&["status"]).stdout).contains("connected to"));
}

#[test]
fn check_finds_what_is_wrong_and_starts_nothing() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let log = home.path("log");
    append(&log, &lines("a", 0..1));
    home.follow(&[&log]);
    let output = home.output(&["check"]);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("is read from its beginning"));
    home.configure("<localfile><location>/x</location><log_formt>syslog</log_formt></localfile>");
    let output = home.output(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("agent.conf:2:"), "{}", text(&output.stderr));
    assert_eq!(home.output(&["run"]).status.code(), Some(1));
    assert_eq!(home.output(&["chek"]).status.code(), Some(2));
    assert_eq!(keeper.ledger().sessions, 0);
}

#[test]
fn a_configuration_of_the_manager_is_used_and_kept() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let (own, pushed) = (home.path("own"), home.path("pushed.log"));
    append(&own, &lines("own", 0..5));
    append(&pushed, &lines("pushed", 0..5));
    home.follow(&[&own]);
    let text = format!(
        "<agent_config><localfile><log_format>syslog</log_format><location>{}</location>\
         <only-future-events>no</only-future-events></localfile></agent_config>\n",
        pushed.display()
    );
    *keeper.push.lock().unwrap() = Some((17, text.into_bytes()));
    let agent = home.run();
    keeper.wait("the answer", |ledger| ledger.applied == Some(17));
    keeper.wait("both files", |ledger| ledger.of(&own).len() >= 5 && ledger.of(&pushed).len() >= 5);
    agent.kill();
    append(&pushed, &lines("pushed", 5..9));
    let _agent = home.run();
    keeper.wait("after a restart", |ledger| ledger.of(&pushed).len() >= 9);
    assert_eq!(keeper.ledger().of(&pushed), lines("pushed", 0..9));
}

#[test]
fn a_bad_configuration_of_the_manager_is_refused_with_its_place() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let log = home.path("log");
    append(&log, &lines("a", 0..5));
    home.follow(&[&log]);
    let text = "<agent_config>\n<localfil/>\n</agent_config>\n";
    *keeper.push.lock().unwrap() = Some((18, text.as_bytes().to_vec()));
    let _agent = home.run();
    keeper.wait("the answer", |ledger| ledger.refused.is_some());
    assert!(keeper.ledger().refused.as_ref().unwrap().contains(":2:"), "{:?}", keeper.ledger().refused);
    keeper.wait("the lines", |ledger| ledger.of(&log).len() >= 5);
    assert!(!home.path("pushed/agent.conf").exists());
}

#[test]
fn commands_are_delivered_once_through_an_outage() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure(
        "<localfile><log_format>command</log_format><command>echo hello</command>\
         <alias>greeting</alias><frequency>1</frequency></localfile>",
    );
    keeper.ways.breaks_after.store(2, SeqCst);
    let _agent = home.run();
    let greetings = |ledger: &keeper::Ledger| ledger.of(Path::new("greeting")).len();
    keeper.wait("some", |ledger| greetings(ledger) >= 2);
    keeper.ways.breaks_after.store(0, SeqCst);
    let so_far = greetings(&keeper.ledger());
    keeper.wait("more", |ledger| greetings(ledger) >= so_far + 2);
    assert!(
        keeper
            .ledger()
            .of(Path::new("greeting"))
            .iter()
            .all(|text| *text == "ossec: output: 'greeting': hello")
    );
    assert_eq!(keeper.ledger().lost, 0);
}

#[test]
fn a_spool_in_a_file_outlives_the_agent() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let (spool, runs) = (home.path("spool"), home.path("runs"));
    home.configure(&format!(
        "<client><spool><file>{}</file><size>64k</size></spool></client>\
         <localfile><log_format>command</log_format><frequency>1</frequency><alias>runs</alias>\
         <command>date +%s.%N | tee -a {}</command></localfile>",
        spool.display(),
        runs.display()
    ));
    keeper.ways.listens.store(false, SeqCst);
    let mut agent = home.run();
    let lines = || std::fs::read_to_string(&runs).unwrap_or_default();
    keeper::wait("the command has run", || lines().lines().count() >= 3);
    agent.signal(Signal::SIGTERM);
    keeper::wait("the end", || agent.has_ended().is_some());
    let before = lines();
    keeper.ways.listens.store(true, SeqCst);
    let _agent = home.run();
    let told = |ledger: &keeper::Ledger, word: &str| {
        ledger.of(Path::new("bartizan-agent")).iter().filter(|text| text.contains(word)).count()
    };
    keeper.wait("the end of the first", |ledger| told(ledger, "stopped") == 1);
    let ledger = keeper.ledger();
    let heard = ledger.of(Path::new("runs"));
    // The last one may have been running when the agent ended.
    for line in before.lines().take(2) {
        let text = format!("ossec: output: 'runs': {line}");
        assert_eq!(heard.iter().filter(|heard| **heard == text).count(), 1, "{line}");
    }
    assert_eq!(ledger.lost, 0);
}

#[test]
fn sighup_reads_the_configuration_again_and_sigterm_ends_well() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    let (first, second) = (home.path("first"), home.path("second"));
    append(&first, &lines("first", 0..5));
    append(&second, &lines("second", 0..5));
    home.follow(&[&first]);
    let mut agent = home.run();
    keeper.wait("the first", |ledger| ledger.of(&first).len() >= 5);
    home.configure("<localfil/>");
    agent.signal(Signal::SIGHUP);
    keeper::wait("a refusal", || home.stderr().contains("configuration refused"));
    append(&first, &lines("first", 5..6));
    keeper.wait("the first goes on", |ledger| ledger.of(&first).len() >= 6);
    home.follow(&[&first, &second]);
    agent.signal(Signal::SIGHUP);
    keeper.wait("the second", |ledger| ledger.of(&second).len() >= 5);
    append(&first, &lines("first", 6..8));
    keeper.wait("the first still", |ledger| ledger.of(&first).len() >= 8);
    assert_eq!(keeper.ledger().of(&first), lines("first", 0..8));
    agent.signal(Signal::SIGTERM);
    keeper::wait("the end", || agent.has_ended().is_some());
    assert!(agent.has_ended().unwrap().success());
    assert!(!home.path("agent.sock").exists());
}
