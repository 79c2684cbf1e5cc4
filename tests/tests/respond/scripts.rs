//! Scripts as people have them, unchanged, run by an agent and by the
//! manager's own machine.

use crate::town::{Watch, address, wait_for};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// As scripts for OSSEC are: `$1` what, `$2` user, `$3` address.
const BLOCKER: &str = r#"#!/bin/sh
# Adds an address to a list, or takes it out.
ACTION=$1
USER=$2
IP=$3
LOCAL=`dirname $0`;
cd $LOCAL
cd ../
PWD=`pwd`
echo "`date` $0 $1 $2 $3 $4 $5" >> ${PWD}/active-responses.log

if [ "x${IP}" = "x" ]; then
   echo "$0: <action> <username> <ip>"
   exit 1;
fi
if [ "x${ACTION}" = "xadd" ]; then
   echo "${IP} ${USER} $5" >> ${PWD}/blocked
elif [ "x${ACTION}" = "xdelete" ]; then
   grep -v "^${IP} " ${PWD}/blocked > ${PWD}/blocked.new
   mv ${PWD}/blocked.new ${PWD}/blocked
else
   echo "$0: invalid action: ${ACTION}"
   exit 1;
fi
exit 0;
"#;

/// As scripts for Wazuh are: a line of JSON, and the dialogue about keys.
const TALKER: &str = r#"#!/usr/bin/env python3
import json, os, sys
home = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0])))
def note(text):
    with open(os.path.join(home, "talked"), "a") as out:
        out.write(text + "\n")
message = json.loads(sys.stdin.readline())
alert = message["parameters"]["alert"]
address = alert["data"]["srcip"]
if message["command"] == "add":
    keys = {"version": 1, "origin": {"name": sys.argv[0], "module": "active-response"},
            "command": "check_keys", "parameters": {"keys": [address]}}
    print(json.dumps(keys), flush=True)
    answer = json.loads(sys.stdin.readline())
    if answer["command"] != "continue":
        note("aborted")
        sys.exit(0)
    note("add %s rule %s %s" % (address, alert["rule"]["id"], message["parameters"]["extra_args"]))
else:
    note("delete " + address)
"#;

/// The same in the shell, with what a shell has.
const SHELL_TALKER: &str = r#"#!/bin/sh
read -r INPUT_JSON
IP=$(echo "$INPUT_JSON" | sed -e 's/.*"srcip":"\([^"]*\)".*/\1/')
COMMAND=$(echo "$INPUT_JSON" | sed -e 's/.*"command":"\([^"]*\)".*/\1/')
cd "$(dirname "$0")/.."
if [ "$COMMAND" = add ]; then
  printf '{"version":1,"origin":{"name":"x","module":"active-response"},"command":"check_keys","parameters":{"keys":["%s"]}}\n' "$IP"
  read -r RESPONSE
  case $RESPONSE in *'"command":"continue"'*) echo "add $IP" >> shell-talked ;; *) exit 0 ;; esac
else
  echo "$COMMAND $IP" >> shell-talked
fi
"#;

const MAILER: &str = "#!/bin/sh\ncd \"$(dirname \"$0\")/..\"\necho \"$3\" >> mailed\n";

const FAILS: &str = "#!/bin/sh\necho checking\necho \"no such table: $3\" >&2\nexit 7\n";

fn configuration() -> String {
    let command = |name: &str, more: &str| {
        format!("<command><name>{name}</name><executable>{name}</executable>{more}</command>")
    };
    let expect = "<expect>srcip</expect>";
    let commands = [
        command("blocker.sh", "<expect>srcip,user</expect><timeout_allowed>yes</timeout_allowed>"),
        command("talker.py", "<timeout_allowed>yes</timeout_allowed><extra_args>-x a</extra_args>"),
        command("shell-talker", "<timeout_allowed>yes</timeout_allowed>"),
        command("mailer", expect),
        command("fails", expect),
    ];
    let response = |name: &str, place: &str, time: &str| {
        format!(
            "<active-response><command>{name}</command><location>{place}</location><rules_id>5716</rules_id>\
             {time}</active-response>"
        )
    };
    let of = |name: &str, time: &str| response(name, "local,server", time);
    let time = "<timeout>2</timeout>";
    let all = [
        of("blocker.sh", time),
        of("talker.py", time),
        of("shell-talker", time),
        of("mailer", ""),
        of("fails", ""),
    ];
    commands.concat() + &all.concat()
}

/// Puts the scripts where a machine looks for them; the folder where they
/// write.
fn equip(home: &Path) -> PathBuf {
    let folder = home.join("active-response");
    fs::create_dir_all(folder.join("bin")).expect("a folder");
    for (name, text) in [
        ("blocker.sh", BLOCKER),
        ("talker.py", TALKER),
        ("shell-talker", SHELL_TALKER),
        ("mailer", MAILER),
        ("fails", FAILS),
    ] {
        let path = folder.join("bin").join(name);
        fs::write(&path, text).expect("a script");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("a script");
    }
    folder
}

fn text(path: PathBuf) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn scripts_for_ossec_and_wazuh_work_unchanged_on_both_kinds_of_machine() {
    let watch = Watch::start("scripts", &configuration());
    let folders = [equip(&watch.home), equip(watch.manager.home.path())];
    watch.attack(address(0));
    watch.attack(address(0));
    for folder in &folders {
        let place = folder.display();
        let log = || text(folder.join("active-responses.log"));
        let line = |word: &str| format!(" {place}/bin/blocker.sh {word} root 10.77.0.10 ");
        wait_for(&format!("`delete` in {place}"), || log().contains(&line("delete")));
        assert_eq!(log().matches(&line("add")).count(), 1, "what is in force is not done again: {}", log());
        wait_for(&format!("an empty list in {place}"), || text(folder.join("blocked")).is_empty());
        let said = "add 10.77.0.10 rule 5716 ['-x', 'a']\ndelete 10.77.0.10\n";
        wait_for(&format!("a dialogue in {place}"), || text(folder.join("talked")) == said);
        let said = "add 10.77.0.10\ndelete 10.77.0.10\n";
        wait_for(&format!("another in {place}"), || text(folder.join("shell-talked")) == said);
        let twice = "10.77.0.10\n10.77.0.10\n";
        wait_for(&format!("two mails in {place}"), || text(folder.join("mailed")) == twice);
    }
    let of_fails = || watch.rows(r#"{"ask":"history","response":"fails0","state":"failed"}"#);
    wait_for("four failures", || of_fails().len() == 4);
    for row in of_fails() {
        let why = row["why"].as_str().unwrap_or_default();
        assert!(why.contains("checking") && why.contains("no such table: 10.77.0.10"), "{row}");
        assert!(why.contains('7'), "{row}");
    }
    wait_for("the end of all", || watch.respond("list").out == "no response is in force\n");
    assert_eq!(watch.rows(r#"{"ask":"history","response":"mailer0","state":"done"}"#).len(), 4);
}
