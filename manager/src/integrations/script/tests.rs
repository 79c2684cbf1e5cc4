//! The promises of this room.

use super::*;
use crate::integrations::tests::{entry, hostile};
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

fn script(home: &Path, text: &str, layout: Option<Layout>) -> Script {
    let program = home.join(FOLDER).join("custom-own");
    fs::create_dir_all(home.join(FOLDER)).expect("a folder");
    fs::write(&program, format!("#!/bin/sh\n{text}\n")).expect("a file");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let mut options = Map::new();
    options.insert("k".to_owned(), "v".into());
    Script {
        program,
        files: home.join(FILES),
        id: "own".to_owned(),
        key: Secret::new("hunter2"),
        url: Secret::new("https://h.example/T0P"),
        layout,
        max_log: 165,
        options,
        timeout: Duration::from_secs(10),
        retries: 3,
    }
}

fn parcel(script: &Script, entry: crate::alert::Entry) -> Parcel {
    let content = Content { alerts: vec![entry], ..Content::default() };
    Parcel { id: "p-1".to_owned(), payload: script.render("p-1", &content) }
}

#[test]
fn a_script_gets_what_wazuh_gives_it() {
    let home = tempfile::tempdir().expect("a folder");
    let text = "cd \"$(dirname \"$0\")\"; for a; do echo \"[$a]\"; done >said; cat \"$1\" \"$5\" >>said; \
                stat -c %a \"$1\" \"$(dirname \"$1\")\" >>said";
    let mut script = script(home.path(), text, Some(Layout::Wazuh));
    let parcel = parcel(&script, entry());
    assert_eq!(script.deliver(&parcel), Ok(()));
    let said = fs::read_to_string(home.path().join(FOLDER).join("said")).expect("it has run");
    let files = script.files.join(format!("own-{}", std::process::id()));
    let files = files.display();
    let payload = String::from_utf8(parcel.payload).expect("JSON is UTF-8");
    assert_eq!(
        said,
        format!(
            "[{files}.alert]\n[hunter2]\n[https://h.example/T0P]\n[]\n[{files}.options]\n[10]\n[3]\n\
             [> /dev/null 2>&1]\n{payload}{{\"k\":\"v\"}}600\n700\n"
        )
    );
    assert!(payload.ends_with("}\n") && payload.contains("\"data\":{\"srcip\":\"192.0.2.7\""), "{payload}");
    assert_eq!(fs::read_dir(&script.files).expect("a folder").count(), 0, "files go");
}

#[test]
fn one_that_fails_says_why_without_secrets_and_is_tried_again() {
    let home = tempfile::tempdir().expect("a folder");
    let mut script = script(home.path(), "echo no way to $3 with $2; exit 3", None);
    let parcel = parcel(&script, entry());
    let Err(Failure::Temporary(why, None)) = script.deliver(&parcel) else { panic!("it fails") };
    assert!(why.contains('3') && why.ends_with("no way to … with …"), "{why}");
    fs::remove_file(&script.program).expect("it is there");
    assert!(matches!(script.deliver(&parcel), Err(Failure::Temporary(..))));
}

#[test]
fn variables_are_those_of_ossec_and_no_log_breaks_out_of_them() {
    let text = variables(&entry().alert(), 165);
    assert_eq!(
        text,
        "alertdate='2026 Nov 21 08:29:50'\nalertlocation='(web1) 192.0.2.1->/var/log/auth.log'\nruleid='5712'\n\
         alertlevel='10'\nruledescription='sshd: brute force'\nalertlog='Failed password for root from 192.0.2.7'\n\
         srcip='192.0.2.7'\n"
    );
    for (name, entry) in hostile() {
        let text = variables(&entry.alert(), 165);
        assert_eq!((text.lines().count(), text.matches('\'').count()), (7, 14), "{name}: {text}");
        assert!(!text.contains(['"', '`', '\\']), "{name}: {text}");
    }
    let long = &hostile()[2].1;
    assert!(variables(&long.alert(), 165).contains(&format!("alertlog='{}...'", "x".repeat(165))));
}

#[test]
fn a_script_that_hangs_is_ended() {
    let home = tempfile::tempdir().expect("a folder");
    let script = script(home.path(), "sleep 1000", None);
    let start = Instant::now();
    let ended = program::run(&script.program, &[""], "", Duration::from_millis(100));
    assert!(ended.is_err() && start.elapsed() < Duration::from_secs(20));
}
