//! Scripts of the users.

use crate::keeper::{Home, Keeper};
use crate::plain;
use bartizan_core::respond::order::{Begin, Means, Order, Talk, What};
use bartizan_core::respond::report::State;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

const JSON: Talk<'_> = Talk::Json { node: "manager-1", extra: r#"["-x"]"#, alert: r#"{"id":"17.4"}"# };

fn order(id: u64, file: &'static str, talk: Talk<'static>, for_s: u32) -> Order<'static> {
    let begin = plain(Means::Script { file, talk }, "192.0.2.3", for_s);
    Order { id, what: What::Begin(Begin { user: "anna", ..begin }) }
}

/// A script that is called so; gives its lines to the file `said`.
fn script(home: &Home, name: &str, text: &str) {
    let folder = home.path("active-response/bin");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    let said = home.path("said");
    fs::write(&path, format!("#!/bin/sh\nexec 3>>{}\n{text}\n", said.display())).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
}

fn said(home: &Home) -> String {
    fs::read_to_string(home.path("said")).unwrap_or_default()
}

#[test]
fn a_script_is_told_to_do_it_and_to_undo_it() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    script(&home, "own.sh", r#"echo "$@" >&3"#);
    let _agent = home.run();
    keeper.order(order(1, "own.sh", Talk::Arguments, 1));
    keeper.wait_for(1, State::Expired);
    let words = "anna 192.0.2.3 1764000000.42 5712 (gate) any->/var/log/auth.log -";
    assert_eq!(said(&home), format!("add {words}\ndelete {words}\n"));
}

#[test]
fn a_script_that_is_told_in_json_says_its_keys_and_continues() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let text = r#"read -r first; echo "$first" >&3
case $first in *'"command":"add"'*)
  echo '{"version":1,"origin":{"name":"own","module":"active-response"},"command":"check_keys","parameters":{"keys":["192.0.2.3"]}}'
  read -r second; echo "$second" >&3;;
esac"#;
    script(&home, "own", text);
    let _agent = home.run();
    keeper.order(order(1, "own", JSON, 1));
    keeper.wait_for(1, State::Expired);
    let said = said(&home);
    let commands: Vec<&str> = said.lines().map(|line| line.split('"').nth(15).unwrap()).collect();
    assert_eq!(commands, ["add", "continue", "delete"], "{said}");
    assert!(
        said.contains(r#""parameters":{"extra_args":["-x"],"alert":{"id":"17.4"},"program":""#),
        "{said}"
    );
}

#[test]
fn a_script_that_hangs_is_ended_and_one_that_fails_is_reported() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("<active-response><script_timeout>1</script_timeout></active-response>");
    script(&home, "hangs", "exec sleep 1000");
    script(&home, "fails", "echo no such luck >&2; exit 1");
    let _agent = home.run();
    keeper.order(order(1, "hangs", Talk::Arguments, 0));
    keeper.order(order(2, "fails", Talk::Arguments, 0));
    assert!(keeper.wait_for(1, State::Failed).contains("took too long"));
    assert!(keeper.wait_for(2, State::Failed).contains("fails: no such luck"));
}

#[test]
fn a_script_that_others_may_write_is_not_run() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    script(&home, "open", "echo run >&3");
    fs::set_permissions(home.path("active-response/bin/open"), Permissions::from_mode(0o777)).unwrap();
    let _agent = home.run();
    keeper.order(order(1, "open", Talk::Arguments, 0));
    keeper.order(order(2, "nothing", Talk::Arguments, 0));
    assert!(keeper.wait_for(1, State::Failed).contains("may write"));
    assert!(keeper.wait_for(2, State::Failed).contains("there is no script"));
    assert_eq!(said(&home), "");
}

#[test]
fn an_order_to_restart_reads_the_configuration_again() {
    let keeper = Keeper::start();
    let home = Home::new(&keeper);
    home.configure("");
    let _agent = home.run();
    keeper.order(Order { id: 1, what: What::Reload });
    keeper.wait_for(1, State::Done);
    keeper.order(order(2, "restart-ossec.sh", Talk::Arguments, 0));
    keeper.wait_for(2, State::Done);
    home.configure("<nonsense/>");
    keeper.order(Order { id: 3, what: What::Reload });
    assert!(keeper.wait_for(3, State::Failed).contains("earlier one stays"));
}
