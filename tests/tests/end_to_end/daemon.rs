//! A configured daemon and the logs it follows.

use super::Watched;
use std::fs;

/// A refused log-in; each from an address and port of its own, so that no
/// rule counts them together.
fn refused(number: u32) -> String {
    let user = format!("user{number}");
    let (address, port) = (format!("198.18.{}.{}", number / 250, number % 250), 20_000 + number);
    format!("Nov 21 09:00:00 gate sshd[7]: Failed password for {user} from {address} port {port} ssh2")
}

/// The ports in alerts of the rule of refused log-ins, in order.
fn ports(watched: &Watched) -> Vec<u32> {
    let port = |log: &String| log.split("port ").nth(1)?.split(' ').next()?.parse().ok();
    watched.alerts_of(5716).iter().filter_map(port).collect()
}

#[test]
fn rotation_of_a_followed_log_loses_and_doubles_nothing() {
    let watched = Watched::with_built_in_rules("rotation");
    let mut running = watched.start();
    let mut numbers = 0..500;
    let mut append = |count: usize| numbers.by_ref().take(count).for_each(|n| watched.append(&refused(n)));
    append(100);
    // By rename, at any moment: the new file may not be there for a while.
    fs::rename(&watched.log, watched.folder.join("messages.1")).expect("a log can be renamed");
    append(150);
    running.wait_for("alerts before the copy", |_| ports(&watched).len() >= 250);
    // By copy and truncation, at a moment when nobody writes in between.
    fs::copy(&watched.log, watched.folder.join("messages.2")).expect("a log can be copied");
    fs::write(&watched.log, "").expect("a log can be emptied");
    append(150);
    running.wait_for("alerts after the copy", |_| ports(&watched).len() >= 400);
    fs::rename(&watched.log, watched.folder.join("messages.3")).expect("a log can be renamed");
    append(100);
    running.wait_for("all alerts", |_| ports(&watched).len() >= 500);
    let finished = running.stop();
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert_eq!(ports(&watched), (20_000..20_500).collect::<Vec<_>>());
    // `logall`: every event is kept, whether it raised an alert or not.
    let archives = watched.logs("archives/archives.log");
    assert_eq!(archives.lines().filter(|line| line.contains("Failed password")).count(), 500);
    assert_eq!(finished.out.matches("Rule: 5716 ").count(), 500);
}

#[test]
fn events_without_an_alert_are_archived_if_that_is_configured() {
    let watched = Watched::with_built_in_rules("archives");
    let mut running = watched.start();
    watched.append("Nov 21 09:00:00 gate door: nothing of interest");
    watched.wait_for_event(&mut running, "nothing of interest");
    assert_eq!(running.stop().code, Some(0));
    assert!(watched.alerts().is_empty());
}

#[test]
fn a_configuration_in_the_home_folder_decides_what_is_written() {
    let watched =
        Watched::with_own_rules("home-conf", r#"<rule id="100" level="5"><match>knock</match></rule>"#);
    let conf = watched.folder.join("etc/ossec.conf");
    let text = fs::read_to_string(&conf).expect("it was written");
    fs::write(&conf, text.replace("<jsonout_output>yes", "<jsonout_output>no")).expect("it can be written");
    let mut command = bartizan_tests::process::command(&["run", "--home"]);
    let mut running = bartizan_tests::process::Running::start(command.arg(watched.folder.path()));
    // What is written before the log has been opened is not read.
    running.wait_for("alert", |running| {
        watched.append(&super::door("knock"));
        running.out().contains("Rule: 100 ")
    });
    assert_eq!(running.stop().code, Some(0));
    assert!(watched.folder.join("logs/alerts/alerts.log").exists());
    assert!(!watched.folder.join("logs/alerts/alerts.json").exists());
}

#[test]
fn a_scan_of_a_mikrotik_router_is_an_alert_and_stands_in_firewall_log() {
    let watched = Watched::with_built_in_rules("scan");
    let mut running = watched.start();
    for port in 1000..1010 {
        watched.append(&format!(
            "2026-11-21T09:00:00.594792+01:00 192.0.2.1 firewall,info drop input: in:ether1 out:(unknown 0), \
             proto TCP (SYN), 203.0.113.7:59388->198.51.100.1:{port}, len 40"
        ));
    }
    let alert = watched.wait_for_alert(&mut running, "198.51.100.1:1009,");
    assert_eq!((&alert["rule"]["sidid"], &alert["srcip"]), (&164_105.into(), &"203.0.113.7".into()));
    assert_eq!(running.stop().code, Some(0));
    assert_eq!(watched.alerts().len(), 1, "the scan is one alert");
    let packets = watched.logs("firewall/firewall.log");
    assert_eq!(packets.matches(" DROP TCP 203.0.113.7:59388->198.51.100.1:10").count(), 10, "{packets}");
}
