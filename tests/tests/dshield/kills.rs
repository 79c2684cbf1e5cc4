//! The real command is killed at any point, again and again, over a log that
//! grows and is rotated, with a mail server that fails.

use super::{counts, line, once, text, wanted};
use bartizan_tests::Folder;
use bartizan_tests::process::{Running, command, finish};
use bartizan_tests::smtp_server::{Fault, SmtpOptions, SmtpServer, Stage};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

const KILLS: u64 = 40;

/// Where a command is killed.
const POINTS: [&str; 6] = [
    "at once",
    "it has connected",
    "a mail has come",
    "lines are read",
    "parcels are made",
    "a mail is noted",
];

fn append(log: &Path, from: u64, to: u64) {
    let mut file = OpenOptions::new().create(true).append(true).open(log).expect("a log");
    let lines: String = (from..to).map(line).collect();
    file.write_all(lines.as_bytes()).expect("lines");
}

fn pack(from: &Path, to: &Path) {
    let mut encoder = GzEncoder::new(fs::File::create(to).expect("a file"), Compression::fast());
    encoder.write_all(&fs::read(from).expect("a file")).expect("written");
    encoder.finish().expect("written");
    fs::remove_file(from).expect("removed");
}

#[test]
fn each_line_is_delivered_once_however_often_the_command_is_killed() {
    let smtp = SmtpServer::start(SmtpOptions::default());
    let folder = Folder::new("dshield-kills");
    let (log, state) = (folder.join("firewall.log"), folder.join("state"));
    let mta = format!("127.0.0.1:{}", smtp.address.port());
    let start = || {
        let mut command = command(&["dshield", "--userid", "42", "--from", "me@example.com", "--debug"]);
        command
            .args(["--mta", &mta, "--split", "2000"])
            .arg("--log")
            .arg(&log)
            .arg("--statefile")
            .arg(&state);
        command.arg("--home").arg(folder.path());
        command
    };
    let (mut written, mut unsure) = (0, 0);
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..KILLS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let chance = |bits: u32, limit: u64| (random >> bits) % limit;
        let count = 1 + chance(33, 2500);
        append(&log, written, written + count);
        written += count;
        if round % 4 == 3 {
            for n in (1..9).rev() {
                let name = |n: u64| folder.join(format!("firewall.log.{n}.gz"));
                let _ = fs::rename(name(n), name(n + 1));
            }
            let _ = fs::rename(folder.join("firewall.log.1"), folder.join("firewall.log.10"));
            if round % 8 == 3 {
                pack(&log, &folder.join("firewall.log.1.gz"));
            } else {
                fs::rename(&log, folder.join("firewall.log.1")).expect("rotated");
            }
            append(&log, written, written + 3);
            written += 3;
        }
        match chance(40, 6) {
            0 => smtp.fail(Stage::Greeting, Fault::Say("421 4.3.2 not now"), 1),
            1 => smtp.fail(Stage::Recipient, Fault::Say("550 5.1.1 who?"), 1),
            // Both are on the list of the server, and come again.
            2 => {
                smtp.fail(Stage::Message, Fault::Say("554 5.6.0 no"), 1);
                unsure += 1;
            }
            3 => {
                smtp.fail(Stage::Message, Fault::Close, 1);
                unsure += 1;
            }
            _ => {}
        }
        let (connections, mails) = (smtp.connections(), smtp.mails().len());
        let point = POINTS[(round % POINTS.len() as u64) as usize];
        let mut running = Running::start(&mut start());
        running.wait_for(point, |running| {
            let err = running.err();
            let has_failed = err.contains("not taken");
            has_failed
                || match point {
                    "at once" => true,
                    "it has connected" => smtp.connections() > connections,
                    "a mail has come" => smtp.mails().len() > mails,
                    "lines are read" => err.contains(" read, "),
                    "parcels are made" => err.contains(" made; "),
                    _ => err.contains("that is noted"),
                }
        });
        // SIGKILL.
        drop(running);
        unsure += 1;
        smtp.recover();
    }
    for _ in 0..2 {
        let finished = finish(&mut start(), b"");
        assert_eq!(finished.code, Some(0), "{}", finished.err);
    }
    let mails = smtp.mails();
    let unique = once(&mails);
    println!("{written} lines, {} mails, {} of them repeated", unique.len(), mails.len() - unique.len());
    let repeated = (mails.len() - unique.len()) as u64;
    assert!(repeated <= unsure, "at most one for each kill and each lost answer");
    assert_eq!(counts(unique.iter().map(text)), wanted((0..written).map(line)));
}
