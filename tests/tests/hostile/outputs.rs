//! Nobody listens, or the disk is full.

use super::assert_sane;
use bartizan_tests::process::{command, finish};
use bartizan_tests::{Folder, bartizan};
use std::fs::{self, File, OpenOptions};
use std::process::{Command, Stdio};

const REFUSED: &[u8] =
    b"Nov 21 09:00:00 gate sshd[7]: Failed password for root from 192.0.2.1 port 22 ssh2\n";

/// Commands that print, in a folder with a rule test and a broken rule file.
fn commands(folder: &Folder) -> Vec<Vec<String>> {
    let test = folder.write("case.ini", "[a]\nlog 1 pass = x\nrule = 1\nalert = 1\ndecoder = x\n");
    let conf = folder.write("etc/ossec.conf", "<ossec_config><bogus/></ossec_config>");
    let (test, conf) = (test.display().to_string(), conf.display().to_string());
    let all: [&[&str]; 12] = [
        &["check"],
        &["check", "--json"],
        &["check", "-c", &conf],
        &["rules", "list"],
        &["rules", "test", &test],
        &["rules", "test", "--json", &test],
        &["rules", "export", "/proc/no/such"],
        &["analyze", "-"],
        &["analyze", "no/such"],
        &["logtest"],
        &["logtest", "-a"],
        &["logtest", "--json"],
    ];
    all.iter().map(|arguments| arguments.iter().map(ToString::to_string).collect()).collect()
}

fn full_disk() -> Stdio {
    Stdio::from(OpenOptions::new().write(true).open("/dev/full").expect("Linux has it"))
}

/// Runs a command with both streams as given, since a test cannot hear what
/// is not said; the exit code tells of a panic.
fn code(folder: &Folder, arguments: &[String], out: Stdio, err: Stdio) -> Option<i32> {
    let input = File::open(folder.write("input", REFUSED)).expect("it was written");
    let mut command = Command::new(bartizan());
    let status = command.args(arguments).stdin(input).stdout(out).stderr(err).status();
    status.expect("the binary can be started").code()
}

#[test]
fn a_full_disk_is_an_error_and_no_panic() {
    let folder = Folder::new("full");
    for arguments in commands(&folder) {
        for (out, err) in
            [(full_disk(), Stdio::null()), (Stdio::null(), full_disk()), (full_disk(), full_disk())]
        {
            let code = code(&folder, &arguments, out, err);
            assert!(matches!(code, Some(0..=3)), "{arguments:?}: {code:?}");
        }
    }
    let list = ["rules".to_owned(), "list".to_owned()];
    assert_eq!(code(&folder, &list, full_disk(), Stdio::null()), Some(3));
}

#[test]
fn a_reader_who_has_had_enough_is_no_error() {
    let folder = Folder::new("closed");
    for arguments in commands(&folder) {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        drop(reader);
        let code = code(&folder, &arguments, Stdio::from(writer), Stdio::null());
        let is_export = arguments.iter().any(|argument| argument == "export");
        assert!(matches!(code, Some(0..=2)) || is_export, "{arguments:?}: {code:?}");
    }
}

#[test]
fn an_output_folder_that_cannot_be_is_an_error_and_no_panic() {
    let folder = Folder::new("no-output");
    let alerts = folder.join("out/alerts");
    fs::create_dir_all(&alerts).expect("a folder can be made");
    // A file where a folder is needed.
    folder.write("out/alerts/2026", "");
    let mut analyze = command(&["analyze", "-", "--write"]);
    let line = String::from_utf8_lossy(REFUSED).replace("Nov 21 09:00:00", "2026-11-20T09:00:00+00:00");
    let finished = finish(analyze.arg(folder.join("out")), line.as_bytes());
    assert_sane("write", &finished);
    assert_eq!(finished.code, Some(3), "{}", finished.err);
}
