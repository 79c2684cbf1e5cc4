//! Agents on the command line: added, invited, grouped, taken over, removed.

use bartizan_tests::Folder;
use bartizan_tests::process::{Finished, command, finish};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// A home folder with agents.
struct Home(Folder);

impl Home {
    fn new(name: &str) -> Self {
        Self(Folder::new(name))
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        let mut agents = command(&["agents"]);
        finish(agents.args(arguments).arg("--home").arg(self.0.path()).env("TZ", "UTC0"), b"")
    }

    /// What a command prints that must succeed.
    fn out(&self, arguments: &[&str]) -> String {
        let finished = self.run(arguments);
        assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.err);
        finished.out
    }

    /// What a command says that must not succeed, and its exit code.
    fn refused(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let finished = self.run(arguments);
        assert_ne!(finished.code, Some(0), "{arguments:?}: {}", finished.out);
        (finished.code, finished.err)
    }

    fn add(&self, name: &str) -> String {
        self.out(&["add", name, "--address", "192.0.2.1"])
    }

    fn agents(&self) -> Vec<Value> {
        let json = |line: &str| serde_json::from_str(line).expect("it is JSON");
        self.out(&["list", "--json"]).lines().map(json).collect()
    }
}

/// The token in what a command says.
fn token(said: &str) -> &str {
    let line = said.lines().find_map(|line| line.trim().strip_prefix("bartizan-agent enrol "));
    line.expect("it says what to run")
}

#[test]
fn an_agent_is_added_with_the_command_to_run_there() {
    let home = Home::new("agents-add");
    assert!(home.out(&["list"]).contains("`bartizan agents add NAME`"));
    let added =
        home.out(&["add", "gate1", "--group", "edge,web", "-a", "192.0.2.1", "-a", "keep.example.org:99"]);
    assert!(added.starts_with("agent 001 is gate1\n"), "{added}");
    assert!(
        added.contains("within 7 days") && added.contains("  192.0.2.1:1517\n  keep.example.org:99\n"),
        "{added}"
    );
    let again = home.out(&["token", "gate1", "-a", "192.0.2.1", "--valid", "2"]);
    assert!(again.contains("within 2 h") && token(&again) != token(&added), "{again}");
    let agents = home.agents();
    assert_eq!((&agents[0]["name"], &agents[0]["state"]), (&"gate1".into(), &"never connected".into()));
    assert_eq!(agents[0]["groups"], serde_json::json!(["edge", "web"]));
    let shown = home.out(&["show", "001"]);
    assert!(shown.contains("token          not used yet, good until 2"), "{shown}");
    assert!(
        shown.contains("enrolled       never") && shown.contains("configuration  none was given"),
        "{shown}"
    );
    let key = home.0.join("agents/manager.key");
    let (bytes, mode) =
        (fs::read(&key).expect("a key"), fs::metadata(&key).expect("a key").permissions().mode());
    assert_eq!((bytes.len(), mode & 0o777), (64, 0o600));
}

#[test]
fn a_token_holds_the_port_that_is_configured() {
    let home = Home::new("agents-port");
    let remote = "<remote><connection>bartizan</connection><port>2518</port></remote>";
    home.0.write("etc/ossec.conf", format!("<ossec_config>{remote}</ossec_config>"));
    let added = home.add("gate1");
    assert!(added.contains("  192.0.2.1:2518\n"), "{added}");
}

#[test]
fn an_agent_is_renamed_grouped_and_removed() {
    let home = Home::new("agents-change");
    home.add("gate1");
    home.add("gate2");
    home.out(&["rename", "gate1", "door"]);
    home.out(&["group", "door", "edge,web"]);
    let listed = home.out(&["list"]);
    let lines: Vec<_> = listed.lines().collect();
    assert!(lines[0].starts_with("ID   NAME   STATE            SINCE"), "{listed}");
    assert!(
        lines[1].starts_with("001  door   never connected  20") && lines[1].ends_with("edge,web"),
        "{listed}"
    );
    home.out(&["group", "door"]);
    assert_eq!(home.agents()[0]["groups"], serde_json::json!([]));
    home.out(&["remove", "1"]);
    assert_eq!(home.agents().len(), 1);
    assert!(home.add("door").starts_with("agent 003 is door"), "numbers are not used again");
}

#[test]
fn what_cannot_be_is_refused_with_what_to_do() {
    let home = Home::new("agents-refused");
    home.add("gate1");
    let refused = |arguments: &[&str], expected: &str| {
        let (code, said) = home.refused(arguments);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    };
    refused(&["add", "gate1", "-a", "192.0.2.1"], "there is already an agent `gate1`: choose another name");
    refused(&["add", "no name", "-a", "192.0.2.1"], "names have 2 to 128 characters");
    refused(&["add", "gate2", "-a", "no address"], "write HOST, or HOST:PORT");
    refused(&["add", "gate2", "-a", "h", "-g", "../x"], "`../x` cannot be a name");
    refused(&["show", "gate3"], "there is no agent `gate3`: `bartizan agents list` shows all");
    refused(&["import", "nowhere"], "there is no such file");
    assert_eq!(home.agents().len(), 1, "nothing was added");
    let key = home.0.join("agents/manager.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("it is ours");
    let (code, said) = home.refused(&["token", "gate1", "-a", "h"]);
    assert_eq!(code, Some(3));
    assert!(said.contains("others can read it") && said.contains("chmod 600"), "{said}");
}

#[test]
fn agents_of_ossec_are_taken_over_and_given_back() {
    let home = Home::new("agents-import");
    let lines = "001 gate any 0123456789abcdef\n1024 web-1 192.0.2.0/24 fedcba9876543210\n";
    let file = home.0.write("client.keys", format!("# old\n{lines}002 #*#*#*# any x\n"));
    let file = file.to_str().expect("a path in UTF-8");
    assert_eq!(home.out(&["import", file]), "2 agents are imported, 0 were here already\n");
    assert_eq!(home.out(&["import", file]), "0 agents are imported, 2 were here already\n");
    assert_eq!(home.out(&["export"]), lines);
    assert!(home.add("new").starts_with("agent 1025 is new"));

    let wrong = home.0.write("wrong.keys", "2000 fine any x\n001 other any y\n3 x any z\n");
    let (code, said) = home.refused(&["import", wrong.to_str().expect("a path in UTF-8")]);
    assert_eq!(code, Some(1));
    assert!(said.contains("wrong.keys:2:1") && said.contains("agent 001 `gate` is in the way"), "{said}");
    assert!(said.contains("wrong.keys:3:3") && said.contains("no agent is imported"), "{said}");
    assert_eq!(home.agents().len(), 3, "not even the good ones");
}

#[test]
fn an_agent_is_given_what_is_meant_for_it() {
    let home = Home::new("agents-config");
    home.out(&["add", "gate1", "-g", "edge", "-a", "192.0.2.1"]);
    assert_eq!(home.out(&["config", "gate1"]), "");
    let block = "<agent_config>\n  <localfile>\n    <log_format>syslog</log_format>\n    \
        <location>/var/log/messages</location>\n  </localfile>\n</agent_config>";
    home.0.write("shared/agent.conf", format!("{block}\n<agent_config name=\"^other\"></agent_config>\n"));
    home.0.write("shared/edge/agent.conf", "<agent_config></agent_config>");
    assert_eq!(home.out(&["config", "gate1"]), format!("{block}\n<agent_config></agent_config>\n"));

    let check = || finish(command(&["check", "--home"]).arg(home.0.path()), b"");
    assert_eq!(check().code, Some(0), "{}", check().err);
    home.0.write("shared/edge/agent.conf", "<agent_config>\n<localfle></localfle></agent_config>");
    assert_eq!(check().code, Some(1));
    assert!(check().err.contains("shared/edge/agent.conf:2:2"), "{}", check().err);
    home.0.write("shared/edge/agent.conf", "<agent_config>");
    let (code, said) = home.refused(&["config", "gate1"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("agent gate1 keeps what it has") && said.contains("has errors"), "{said}");
}
