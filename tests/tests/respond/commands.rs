//! What people and tools ask for.

use crate::town::{Town, Watch, wait_for};
use std::os::unix::net::UnixDatagram;

#[test]
fn a_response_is_run_listed_and_undone_by_hand() {
    let Some(town) = Town::enter() else { return };
    let mut watch = Watch::start("by-hand", "");
    let done = watch.respond("run block --agent gate --ip 10.77.0.10 --for 10m");
    let row = watch.wait_for_state("done");
    let id = row["id"].as_u64().expect("a number");
    assert_eq!((done.code, done.out), (Some(0), format!("response {id} is done on gate\n")), "{}", done.err);
    assert!(!town.reaches(watch.port()));
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
        let said = watch.respond(&format!("run block --agent gate --ip {own}"));
        assert_eq!(said.code, Some(1), "{own}: {}", said.out);
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

#[test]
fn a_range_is_blocked_on_all_agents_and_everything_is_undone_everywhere() {
    let Some(town) = Town::enter() else { return };
    let watch = Watch::start("everywhere", "");
    let states = |state: &str| {
        let rows = watch.rows(&format!(r#"{{"ask":"history","state":"{state}"}}"#));
        rows.iter().map(|row| (row["name"].clone(), row["ip"].clone())).collect::<Vec<_>>()
    };
    for words in [
        "run block --agent all --ip 10.77.0.16/28",
        "run null-route --agent gate --ip 10.77.0.11",
        "run ipset --agent gate --ip 10.77.0.12",
        "run ipset --agent server --ip 10.77.0.32",
        "run block --agent server --ip 10.77.0.13",
        "run null-route --agent server --ip 10.77.0.14 --for 1h",
    ] {
        let done = watch.respond(words);
        assert_eq!(done.code, Some(0), "{words}: {}", done.err);
    }
    assert_eq!(states("done").len(), 6);
    let all = [0, 1, 2, 3, 4, 6, 21, 22];
    let reaching = || all.map(|attacker| town.answers(attacker));
    // 10.77.0.16 and .31 are in the range, .15 and .33 are not.
    assert_eq!(reaching(), [true, false, false, false, false, false, false, false]);
    assert!(town.answers(5) && town.answers(23));
    assert!(states("done").contains(&("gate".into(), "10.77.0.16/28".into())));
    let undone = watch.respond("undo --all");
    assert_eq!((undone.code, undone.out.lines().count()), (Some(0), 6), "{} {}", undone.out, undone.err);
    wait_for("the end of all", || states("undone").len() == 6);
    assert_eq!(reaching(), [true; 8]);
    assert_eq!(watch.respond("list").out, "no response is in force\n");
    assert_eq!(watch.respond("undo --all").out, "nothing is in force\n");
}

#[test]
fn agent_control_prints_csv_and_json_and_blocks_on_all() {
    let Some(town) = Town::enter() else { return };
    let response = "<command><name>host-deny</name><executable>own.sh</executable><expect>srcip</expect>\
        <timeout_allowed>yes</timeout_allowed></command><active-response><command>host-deny</command>\
        <location>local</location><level>12</level><timeout>600</timeout></active-response>\
        <active-response><command>block</command><location>all</location><level>12</level><timeout>60</timeout>\
        </active-response>";
    let mut watch = Watch::start("agent-control", response);
    let csv = watch.run("agent-control", "-ls");
    let lines: Vec<&str> = csv.out.lines().collect();
    assert!(
        lines[0].starts_with("000,") && lines[0].ends_with(" (server),127.0.0.1,Active/Local,"),
        "{csv:?}"
    );
    assert!(lines.contains(&"002,gate,127.0.0.1,Active,"), "{csv:?}");
    let json = |words: &str| -> serde_json::Value {
        let said = watch.run("agent-control", words);
        assert_eq!(said.code, Some(0), "{words}: {}", said.err);
        serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{words}: {}", said.out))
    };
    let listed = json("-lcj");
    let gate = serde_json::json!({"id": "002", "name": "gate", "ip": "127.0.0.1", "status": "Active"});
    assert_eq!((&listed["error"], &listed["response"][1]), (&0.into(), &gate));
    assert_eq!(json("-i 002 -j")["response"]["name"], "gate");
    let responses = json("-Lj");
    let names: Vec<_> =
        responses["response"].as_array().into_iter().flatten().map(|one| &one["response"]).collect();
    assert_eq!(names, ["host-deny600", "block60"]);
    let text = watch.run("agent-control", "-L").out;
    assert!(text.contains("   Response name: host-deny600, command: own.sh\n"), "{text}");
    let done = watch.run("agent-control", "-b 10.77.0.10 -f block60 -u all");
    assert_eq!(
        done.out, "\nOSSEC HIDS agent_control. Running active response 'block60' on: all\n",
        "{}",
        done.err
    );
    watch.wait_for_state("done");
    assert!(!town.reaches(watch.port()));
    let refused = watch.run("agent-control", "-b 10.77.0.300 -f block60 -u all");
    assert_eq!((refused.code, refused.out), (Some(1), String::new()), "{}", refused.err);
}
