//! Logs that hold anything.

use super::{assert_sane, start};
use bartizan_tests::process::{Running, command, command_within, finish};
use bartizan_tests::{Folder, bartizan};
use serde_json::Value;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};

/// MiB that are enough for any log.
const ENOUGH: u64 = 160;

const REFUSED: &str = "Nov 21 09:00:00 gate sshd[7]: Failed password for root from 192.0.2.1 port 22 ssh2";

/// The beginning of a file that is no text: the program itself.
fn binary() -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = fs::File::open(bartizan()).expect("the binary is there");
    file.take(4 << 20).read_to_end(&mut bytes).expect("the binary can be read");
    bytes
}

fn logs() -> Vec<(&'static str, Vec<u8>)> {
    let long = [b"Nov 21 09:00:00 gate sshd[7]: ".as_slice(), &vec![b'x'; 10 << 20], b"\n"].concat();
    vec![
        ("nothing", Vec::new()),
        ("line ends", vec![b'\n'; 1 << 20]),
        ("a line of 10 MiB without an end", vec![b'x'; 10 << 20]),
        ("lines of 10 MiB", long.repeat(2)),
        ("bytes 0", [vec![0; 1 << 20], b"\n\0\nNov 21 09:00:00 g\0te door: \0\n".to_vec()].concat()),
        ("bytes that are no UTF-8", (0..=255).collect::<Vec<u8>>().repeat(4096)),
        ("a cut character", [REFUSED.as_bytes(), b" \xf0\x9f\x92"].concat()),
        ("parentheses and brackets", b"[({<\"'".repeat(100_000)),
        ("a program", binary()),
    ]
}

#[test]
fn logs_of_any_bytes_are_judged_in_bounded_memory() {
    let folder = Folder::new("any-bytes");
    let file = folder.join("log");
    let path = file.to_str().expect("a plain name");
    let commands: [&[&str]; 6] = [
        &["logtest"],
        &["logtest", "-v", "-a"],
        &["logtest", "--json"],
        &["analyze", "--json", "-"],
        &["analyze", "--time", "now", "-"],
        &["analyze", "--json", path],
    ];
    for (name, log) in logs() {
        fs::write(&file, &log).expect("a log can be written");
        for arguments in commands {
            let finished = finish(&mut command_within(ENOUGH, arguments), &log);
            let name = format!("{name}: {arguments:?}");
            assert_eq!(finished.code, Some(0), "{name}: {}", start(&finished.err));
            if arguments.contains(&"--json") {
                let broken = finished.out.lines().find(|line| serde_json::from_str::<Value>(line).is_err());
                assert_eq!(broken, None, "{name}");
            }
        }
    }
}

#[test]
fn what_follows_a_hostile_line_is_judged_as_ever() {
    for (name, mut log) in logs() {
        log.extend(b"\n");
        log.extend(REFUSED.as_bytes());
        let finished = finish(command(&["logtest", "-U", "5716:5:sshd"]).arg("-a"), &log);
        assert_eq!(finished.code, Some(0), "{name}: {}", start(&finished.err));
    }
}

#[test]
fn a_daemon_that_follows_hostile_logs_stays_small_and_alive() {
    let folder = Folder::new("hostile-daemon");
    let log = folder.write("messages", "");
    let conf = format!(
        "<ossec_config><global><logall>yes</logall></global><localfile><log_format>syslog</log_format>\
         <location>{}</location></localfile></ossec_config>",
        log.display()
    );
    let mut run = command(&["run", "--archives", "-c"]);
    let mut running =
        Running::start(run.arg(folder.write("etc/ossec.conf", conf)).arg("--home").arg(folder.join("home")));
    let append = |bytes: &[u8]| {
        let mut log = OpenOptions::new().append(true).open(&log).expect("a log");
        log.write_all(bytes).expect("a log can be written");
    };
    // What is written before the log has been opened is not read.
    running.wait_for("first alert", |running| {
        append(format!("{REFUSED}\n").as_bytes());
        running.out().contains("Rule: 5716 ")
    });
    for (name, bytes) in logs() {
        append(&bytes);
        append(b"\nNov 21 09:00:00 gate sudo: mallory : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=");
        append(format!("{name}\n").as_bytes());
        running.wait_for(&format!("alert after {name}"), |running| {
            running.out().contains(&format!("COMMAND={name}"))
        });
    }
    let peak = running.peak_memory_mib();
    let finished = running.stop();
    assert_sane("run", &finished);
    assert_eq!(finished.code, Some(0));
    eprintln!("peak: {peak} MiB");
    assert!(peak < ENOUGH, "{peak} MiB");
}

#[test]
fn compressed_logs_that_are_broken_or_bombs_are_reported_or_read_in_bounded_memory() {
    let folder = Folder::new("gz");
    let pack = |bytes: &[u8]| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gz.write_all(bytes).expect("memory can be written");
        gz.finish().expect("memory can be written")
    };
    let whole = pack(format!("{REFUSED}\n").repeat(2000).as_bytes());
    let cut = whole[..whole.len() / 2].to_vec();
    let mut damaged = whole.clone();
    damaged.iter_mut().skip(40).take(8).for_each(|byte| *byte ^= 0x55);
    let cases = [
        ("bomb.gz", pack(&vec![b'x'; 200 << 20]), 0),
        ("empty.gz", Vec::new(), 0),
        ("text.gz", b"plain text\n".to_vec(), 0),
        ("cut.gz", cut, 3),
        ("damaged.gz", damaged, 3),
    ];
    for (name, bytes, code) in cases {
        let file = folder.write(name, bytes).display().to_string();
        let finished = finish(&mut command_within(ENOUGH, &["analyze", "--quiet", &file]), b"");
        assert_sane(name, &finished);
        assert_eq!(finished.code, Some(code), "{name}: {}", start(&finished.err));
        assert_eq!(finished.err.contains(name), code != 0, "{name}: {}", finished.err);
    }
}
