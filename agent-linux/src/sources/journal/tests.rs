use super::*;
use crate::sources::tests::Bench;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A program in the place of journalctl: a shell script.
fn program(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("journalctl");
    std::fs::write(&path, format!("#!/bin/sh\n{script}")).expect("written");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("made a program");
    path
}

fn entry(number: u32, fields: &str) -> String {
    format!("__CURSOR=s={number}\n__REALTIME_TIMESTAMP=1709798469{number:06}\n_HOSTNAME=web1\n{fields}\n\n")
}

fn texts(bench: &Bench) -> Vec<&str> {
    bench.heard.iter().map(|heard| heard.text.split_at(26).1).collect()
}

#[test]
fn an_entry_becomes_a_line_and_a_new_child_goes_on_behind_the_last_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = entry(1, "SYSLOG_IDENTIFIER=sshd\nMESSAGE=Failed password");
    let second = entry(2, "SYSLOG_IDENTIFIER=a b\x01\nMESSAGE\n\x07\0\0\0\0\0\0\0two\n2 \n");
    std::fs::write(folder.path().join("first"), first).expect("written");
    std::fs::write(folder.path().join("second"), second).expect("written");
    // The first child brings the first entry, the child behind it the second.
    let script = format!(
        "cd {}\ncase \"$*\" in *--lines=0*) cat first ;; *--no-tail*--after-cursor=s=1*) cat second; sleep 600 ;; esac",
        folder.path().display()
    );
    let program = program(folder.path(), &script);
    let mut journal = Journal::with_program(program.to_str().unwrap(), &[config::Journal::default()]);
    let mut bench = Bench::new(&mut journal);
    bench.run(&mut journal, |heard| heard.len() == 2);
    assert_eq!(texts(&bench), ["web1 sshd: Failed password", "web1 a_b_: two 2"]);
    assert!(bench.heard.iter().all(|heard| heard.place == "journald" && heard.queue == b'1'));
    let stamp = bench.heard[0].text.split_at(25).0;
    assert_eq!(stamp.as_bytes(), iso_stamp(1_709_798_469, local_time(1_709_798_469)));
}

#[test]
fn an_entry_is_wanted_if_all_of_one_block_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let entries = [
        entry(1, "SYSLOG_IDENTIFIER=sshd\nPRIORITY=6\nMESSAGE=by name"),
        entry(2, "SYSLOG_IDENTIFIER=x\n_SYSTEMD_UNIT=nginx.service\nPRIORITY=3\n_UID=33\nMESSAGE=by unit"),
        entry(3, "SYSLOG_IDENTIFIER=x\n_SYSTEMD_UNIT=nginx.service\nPRIORITY=6\n_UID=33\nMESSAGE=not urgent"),
        entry(4, "SYSLOG_IDENTIFIER=x\n_SYSTEMD_UNIT=nginx.service\nPRIORITY=3\n_UID=0\nMESSAGE=filtered"),
        entry(5, "SYSLOG_IDENTIFIER=x\n_SYSTEMD_UNIT=nginx.service\nPRIORITY=3\nMESSAGE=without the field"),
        entry(6, "SYSLOG_IDENTIFIER=x\nMESSAGE=unknown"),
        entry(7, "MESSAGE=of nobody"),
        entry(8, "SYSLOG_IDENTIFIER=sshd\nMESSAGE=last"),
    ];
    std::fs::write(folder.path().join("all"), entries.concat()).expect("written");
    let program = program(folder.path(), &format!("cat {}/all; sleep 600", folder.path().display()));
    let filter = config::Filter { field: "_UID".into(), pattern: "^33$".into(), ignore_if_missing: true };
    let blocks = [
        config::Journal { identifiers: vec!["sshd".into()], ..config::Journal::default() },
        config::Journal {
            units: vec!["nginx.service".into()],
            priority: Some(4),
            filters: vec![filter],
            ..config::Journal::default()
        },
    ];
    let mut journal = Journal::with_program(program.to_str().unwrap(), &blocks);
    let mut bench = Bench::new(&mut journal);
    bench.run(&mut journal, |heard| heard.last().is_some_and(|heard| heard.text.ends_with("last")));
    let wanted = ["web1 sshd: by name", "web1 x: by unit", "web1 x: without the field", "web1 sshd: last"];
    assert_eq!(texts(&bench), wanted);
}

#[test]
fn garbage_and_programs_that_are_not_there_do_no_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "head -c 300000 /dev/urandom; printf '\\n\\n\\n'; printf '%s' \"$*\" >>\"$0.log\"";
    let program = program(folder.path(), script);
    for program in [program.to_str().unwrap(), "/nonexistent/journalctl"] {
        let mut journal = Journal::with_program(program, &[config::Journal::default()]);
        let mut bench = Bench::new(&mut journal);
        (0..300).for_each(|_| bench.turn(&mut journal));
        assert!(bench.heard.is_empty());
    }
    // It was started more than once, with a wait between.
    assert!(std::fs::read_to_string(format!("{}.log", program.display())).is_ok());
}
