//! The manager is killed at any time, and its disk is full.

use crate::{SOURCE, catch_up, lines, send};
use bartizan_tests::manager::Manager;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;

#[test]
fn killed_again_and_again_the_manager_loses_and_doubles_nothing() {
    let (mut manager, agent) = Manager::start("killed");
    for round in 0..6 {
        let mut peer = manager.session(&agent);
        let from = peer.begin(SOURCE).expect("a place").unwrap_or(0);
        let to = from + 4000;
        let sender = std::thread::spawn(move || send(&mut peer, from, to));
        let archive = manager.home.join("logs/archives/archives.log");
        let grown = |least: u64| std::fs::metadata(&archive).is_ok_and(|file| file.len() > least);
        let before = std::fs::metadata(&archive).map_or(0, |file| file.len());
        manager.process().wait_for("archived lines", |_| grown(before + 1000 * round));
        manager.kill();
        sender.join().expect("the sender ends");
        manager.run();
    }
    catch_up(&manager, &agent, 30_000);
    let archived = manager.archived(SOURCE);
    assert_eq!(archived.len(), 30_000);
    assert_eq!(archived, lines(0, 30_000));
}

#[test]
fn a_manager_that_is_asked_to_end_has_acknowledged_what_it_wrote() {
    let (mut manager, agent) = Manager::start("ends");
    let mut peer = manager.session(&agent);
    peer.begin(SOURCE).expect("a place");
    send(&mut peer, 0, 3000);
    manager.stop();
    let written = manager.archived(SOURCE).len();
    manager.run();
    let mut peer = manager.session(&agent);
    let position = peer.begin(SOURCE).expect("a place").unwrap_or(0);
    assert_eq!(position, written as u64);
}

#[test]
fn killed_again_and_again_the_manager_reads_its_own_files_once() {
    let (mut manager, _) = Manager::start("own_files");
    let log = manager.home.join("quiet.log");
    let source = log.display().to_string();
    let mut writer = OpenOptions::new().append(true).open(&log).expect("a log");
    let mut written = 0;
    for round in 1..=6 {
        for line in lines(written, written + 3000) {
            writeln!(writer, "{line}").expect("written");
        }
        written += 3000;
        if round == 3 {
            std::fs::rename(&log, log.with_extension("log.1")).expect("rotated");
            writer = OpenOptions::new().append(true).create(true).open(&log).expect("a new log");
        }
        let archive = manager.home.join("logs/archives/archives.log");
        let before = std::fs::metadata(&archive).map_or(0, |file| file.len());
        let has_grown = || std::fs::metadata(&archive).is_ok_and(|file| file.len() > before + 500 * round);
        manager.process().wait_for("archived lines", |_| has_grown());
        manager.kill();
        manager.run();
    }
    let archive = manager.home.join("logs/archives/archives.log");
    let last = format!("line {}", written - 1);
    manager.process().wait_for("the last line", |_| {
        std::fs::read_to_string(&archive).is_ok_and(|text| text.contains(&last))
    });
    let archived = manager.archived(&source);
    assert_eq!(archived.len() as u64, written);
    assert_eq!(archived, lines(0, written));
}

/// A limit of file sizes refuses to write as a full disk does, and can be
/// lifted while the process runs. False without the tool for it.
fn limit_files(manager: &mut Manager, bytes: &str) -> bool {
    let process = manager.process().id().to_string();
    let tool = Command::new("prlimit").args(["--pid", &process, &format!("--fsize={bytes}:")]).status();
    tool.is_ok_and(|status| status.success())
}

#[test]
fn a_full_disk_loses_nothing_and_the_manager_goes_on_when_there_is_room() {
    let (mut manager, agent) = Manager::start("full_disk");
    catch_up(&manager, &agent, 100);
    let mut peer = manager.session(&agent);
    peer.begin(SOURCE).expect("a place");
    let archive = manager.home.join("logs/archives/archives.log");
    let full = std::fs::metadata(&archive).expect("an archive").len() + 100_001;
    if !limit_files(&mut manager, &full.to_string()) {
        eprintln!("prlimit is not installed: the disk is never full");
        return;
    }
    // So long that one batch of the engine is more than any buffer takes.
    let long: Vec<_> = lines(100, 340).into_iter().map(|line| line + &" x".repeat(1000)).collect();
    for (number, batch) in (1..).zip(long.chunks(24)) {
        peer.send(number, batch, 100 + 24 * u64::from(number)).expect("sent");
    }
    let process = manager.process();
    process.wait_for("news of the disk", |process| process.err().contains("tried until it works"));
    process.wait_for("a full archive", |_| std::fs::metadata(&archive).is_ok_and(|file| file.len() == full));
    assert!(limit_files(&mut manager, "unlimited"));
    peer.acknowledged(10).expect("an acknowledgement");
    assert!(manager.archived(SOURCE) == [lines(0, 100), long].concat(), "lost or doubled");
}
