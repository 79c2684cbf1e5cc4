//! What people and tools ask for.

use crate::town::{Town, Watch};
use std::os::unix::net::UnixDatagram;

#[test]
fn a_response_is_run_listed_and_undone_by_hand() {
    let Some(town) = Town::enter() else { return };
    let mut watch = Watch::start("by-hand", "");
    let done = watch.respond("run block --agent gate --ip 10.77.0.10 --for 10m");
    assert_eq!(done.code, Some(0), "{}", done.err);
    let row = watch.wait_for_state("done");
    assert!(!town.reaches(watch.port()));
    let id = row["id"].as_u64().expect("a number");
    let listed = watch.respond("list");
    assert!(listed.out.contains("by hand") && listed.out.contains("10.77.0.10"), "{}", listed.out);
    let undone = watch.respond(&format!("undo {id}"));
    assert_eq!(undone.out, format!("response {id} on gate is undone now\n"), "{}", undone.err);
    watch.wait_for_state("undone");
    assert!(town.reaches(watch.port()));
    let again = watch.respond(&format!("undo {id}"));
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("there is nothing to undo"), "{}", again.err);
}

#[test]
fn nobody_is_locked_out_and_nothing_is_silent() {
    let Some(town) = Town::enter() else { return };
    let mut watch = Watch::start("refused", "");
    for (words, why) in [
        ("run nothing --agent gate --ip 10.77.0.10", "there is no response `nothing`; there are block"),
        ("run block --agent moon --ip 10.77.0.10", "there is no agent `moon`"),
        ("run block --agent gate --ip 10.77.0.300", "is no address or range"),
        ("undo 4711", "there is no response 4711"),
        ("confirm 4711", "there is no response 4711"),
        ("run block --agent gate", "address"),
    ] {
        let refused = watch.respond(words);
        assert_eq!(refused.code, Some(1), "{words}: {} {}", refused.out, refused.err);
        assert!(refused.err.contains(why), "{words}: {}", refused.err);
    }
    // The agent's own address; a range that holds it; the other spelling of it.
    for own in ["10.77.0.1", "10.77.0.0/24", "::ffff:10.77.0.1", "127.0.0.1"] {
        let before = watch.history().len();
        watch.respond(&format!("run block --agent gate --ip {own}"));
        let row = watch.wait_for_state("refused");
        assert!(watch.history().len() > before, "{own}: {row}");
        assert!(town.reaches(watch.port()), "{own}");
    }
}

#[test]
fn tools_of_ossec_find_what_they_know() {
    let Some(town) = Town::enter() else { return };
    let response = "<command>\n<name>firewall-drop</name>\n<executable>firewall-drop.sh</executable>\n\
        <expect>srcip</expect>\n<timeout_allowed>yes</timeout_allowed>\n</command>\n<active-response>\n\
        <command>firewall-drop</command>\n<location>local</location>\n<level>12</level>\n<timeout>600</timeout>\n\
        </active-response>";
    let mut watch = Watch::start("ossec-tools", response);
    let listed = watch.run("agent-control", "-lc");
    assert!(
        listed.out.contains("\nOSSEC HIDS agent_control. List of available agents:\n   ID: 000, Name: "),
        "{}",
        listed.out
    );
    assert!(listed.out.contains("   ID: 002, Name: gate, IP: 127.0.0.1, Active\n"), "{}", listed.out);
    assert!(!listed.out.contains("agentless") && !listed.out.contains("Name: first"), "{}", listed.out);
    let listed = watch.run("agent-control", "-L");
    assert!(
        listed.out.contains("   Response name: firewall-drop600, command: firewall-drop"),
        "{} {}",
        listed.out,
        listed.err
    );
    let done = watch.run("agent-control", "-b 10.77.0.10 -f firewall-drop600 -u 002");
    assert!(
        done.out.contains("Running active response 'firewall-drop600' on: 002"),
        "{} {}",
        done.out,
        done.err
    );
    watch.wait_for_state("done");
    assert!(!town.reaches(watch.port()), "the stock script is built in");
    assert_eq!(watch.run("agent-control", "-R 002").code, Some(0));
    for (words, code) in
        [("-r -a", 1), ("-M status -u 002", 1), ("-b 10.77.0.11 -f nothing -u 002", 1), ("-l -R 002", 2)]
    {
        assert_eq!(watch.run("agent-control", words).code, Some(code), "{words}");
    }

    let own = UnixDatagram::bind(watch.manager.home.join("tool.sock")).expect("a socket");
    own.set_read_timeout(Some(std::time::Duration::from_secs(30))).expect("a socket");
    let ask = |text: &str| -> serde_json::Value {
        own.send_to(text.as_bytes(), watch.manager.home.join("queue/alerts/ar")).expect("it is taken");
        let mut answer = [0; 4096];
        let length = own.recv(&mut answer).expect("an answer");
        serde_json::from_slice(&answer[..length]).expect("it is JSON")
    };
    let by_hand = "firewall-drop600 - 10.77.0.12 (from_the_server) (no_rule_id)";
    let answer = ask(&format!("(msg_to_agent) [] NRS 002 {by_hand}"));
    assert_eq!((&answer["ok"], &answer["sent"][0]["ip"]), (&true.into(), &"10.77.0.12".into()), "{answer}");
    let json = r#"{"command":"firewall-drop600","parameters":{"alert":{"data":{"srcip":"10.77.0.13"}}}}"#;
    let answer = ask(&format!("(local_source) [] ARN (null) {json}"));
    assert_eq!((&answer["ok"], &answer["sent"][0]["ip"]), (&true.into(), &"10.77.0.13".into()), "{answer}");
    for wrong in [
        "",
        "hello",
        "(msg_to_agent) [] NRS 002 firewall-drop600 - ;reboot x y",
        "(x) N!S 002 syscheck restart",
    ] {
        assert_eq!(ask(wrong)["ok"], false, "{wrong}");
    }
}
