//! What is known from one run to the next.

use super::{Watched, door};

#[test]
fn a_changed_output_is_noticed_over_a_restart() {
    let watched = Watched::with_built_in_rules("differs");
    let output = |ports: &str| {
        format!("ossec: output: 'netstat -tan |grep LISTEN |grep -v 127.0.0.1 | sort': {ports}")
    };
    let mut running = watched.start();
    watched.append(&output("port 22"));
    watched.wait_for_event(&mut running, "port 22");
    assert_eq!(running.stop().code, Some(0));
    assert!(watched.alerts_of(533).is_empty(), "there is nothing to compare with");

    let mut running = watched.start();
    watched.append(&output("port 31337"));
    watched.wait_for_alert(&mut running, "port 31337");
    watched.append(&output("port 31337"));
    watched.append("Nov 21 09:00:00 gate door: the end");
    watched.wait_for_event(&mut running, "the end");
    let finished = running.stop();
    assert_eq!(watched.alerts_of(533).len(), 1, "the same again is no change");
    let previous = format!("{}\nPrevious output:\n{}\n", output("port 31337"), output("port 22"));
    assert!(watched.logs("alerts/alerts.log").contains(&previous), "{}", finished.out);
}

#[test]
fn what_was_seen_first_stays_known_over_a_restart() {
    let watched = Watched::with_built_in_rules("first-time");
    let sudo = |user: &str, number: u32| {
        format!(
            "Nov 21 09:00:0{number} gate sudo: {user} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND=/bin/ls"
        )
    };
    let mut running = watched.start();
    watched.append(&sudo("alice", 1));
    watched.wait_for_alert(&mut running, "alice");
    watched.append(&sudo("alice", 2));
    watched.wait_for_event(&mut running, "09:00:02");
    assert_eq!(running.stop().code, Some(0));

    let mut running = watched.start();
    watched.append(&sudo("alice", 3));
    watched.append(&sudo("robert", 4));
    watched.wait_for_alert(&mut running, "robert");
    assert_eq!(running.stop().code, Some(0));
    let first: Vec<_> = watched.alerts_of(5403);
    assert_eq!(first, [sudo("alice", 1), sudo("robert", 4)]);
}

#[test]
fn who_is_to_be_ignored_stays_ignored_over_a_restart() {
    let rules = r#"
        <rule id="100" level="5">
          <match>pardon</match>
          <ignore>srcip</ignore>
          <description>Whoever asks for pardon is left alone</description>
        </rule>
        <rule id="101" level="7">
          <match>trouble</match>
          <check_if_ignored>srcip</check_if_ignored>
          <description>Trouble</description>
        </rule>"#;
    let watched = Watched::with_own_rules("ignored", rules);
    let mut running = watched.start();
    watched.append(&door("trouble 1 from 192.0.2.1"));
    watched.append(&door("pardon from 192.0.2.1"));
    watched.append(&door("trouble 2 from 192.0.2.1"));
    watched.append(&door("trouble 3 from 192.0.2.2"));
    watched.wait_for_alert(&mut running, "trouble 3");
    assert_eq!(running.stop().code, Some(0));

    let mut running = watched.start();
    watched.append(&door("trouble 4 from 192.0.2.1"));
    watched.append(&door("trouble 5 from 192.0.2.2"));
    watched.wait_for_alert(&mut running, "trouble 5");
    assert_eq!(running.stop().code, Some(0));
    let trouble = ["trouble 1 from 192.0.2.1", "trouble 3 from 192.0.2.2", "trouble 5 from 192.0.2.2"];
    assert_eq!(watched.alerts_of(101), trouble.map(door));
}
