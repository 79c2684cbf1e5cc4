//! Passwords that are asked for at a terminal.

use super::*;
use nix::pty::{OpenptyResult, openpty};
use nix::sys::termios::{LocalFlags, tcgetattr};
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::process::Stdio;

/// A terminal: who types, and what programs have of it.
struct Terminal {
    keys: File,
    line: OwnedFd,
}

impl Terminal {
    fn open() -> Self {
        let OpenptyResult { master, slave } = openpty(None, None).expect("a terminal");
        Self { keys: master.into(), line: slave }
    }

    /// Whether it shows what is typed.
    fn shows(&self) -> bool {
        let settings = tcgetattr(&self.line).expect("it is a terminal");
        settings.local_flags.contains(LocalFlags::ECHO)
    }

    fn write(&mut self, line: &str) {
        self.keys.write_all(format!("{line}\n").as_bytes()).expect("typed");
    }

    /// Adds a user `eve`, up to the question for the password.
    fn asked(&self, home: &Folder) -> Running {
        let path = home.path().display().to_string();
        let mut command = command(&["console", "--home", &path, "user", "add", "eve"]);
        let stdin = self.line.try_clone().expect("a descriptor");
        let mut running = Running::start_with(command.stdin(Stdio::from(stdin)));
        running.wait_for("question", |running| running.err().contains("password: "));
        assert!(!self.shows(), "what is typed now is not shown");
        running
    }
}

/// Whether a signal is ignored here, and so in what is started from here.
fn is_ignored(number: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells it");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask");
    let mask = u64::from_str_radix(mask.trim(), 16).expect("a number");
    (mask >> (number - 1)) & 1 == 1
}

#[test]
fn a_terminal_shows_again_what_is_typed_whatever_ends_the_question() {
    let home = Folder::new("console-terminal");
    for (signal, number) in [("HUP", 1), ("INT", 2), ("TERM", 15)] {
        if is_ignored(number) {
            eprintln!("whoever started the tests has {signal} ignored");
            continue;
        }
        let terminal = Terminal::open();
        let running = terminal.asked(&home);
        running.signal(signal);
        assert_eq!(running.end().code, None, "{signal} ends it as always");
        assert!(terminal.shows(), "{signal}");
    }
    let mut terminal = Terminal::open();
    let mut running = terminal.asked(&home);
    terminal.write(PASSWORD);
    running.wait_for("second question", |running| running.err().contains("again: "));
    terminal.write("correct horse batterx");
    assert!(running.end().code.is_some_and(|code| code > 0), "a password that differs is refused");
    assert!(terminal.shows());
    assert_eq!(console(&home, &["user", "list", "--json"], ""), "", "nobody was added");
}

#[test]
fn who_stops_at_the_question_and_goes_on_is_asked_again() {
    let home = Folder::new("console-stopped");
    let mut terminal = Terminal::open();
    let mut running = terminal.asked(&home);
    terminal.write(PASSWORD);
    running.wait_for("second question", |running| running.err().contains("again: "));
    // Where nobody could go on with it, the system does not stop it.
    let is_asked_again = |running: &mut Running| running.err().matches("again: ").count() > 1;
    running.signal("TSTP");
    running.wait_for("terminal as it was", |running| terminal.shows() || is_asked_again(running));
    running.signal("CONT");
    running.wait_for("question again", is_asked_again);
    assert!(!terminal.shows());
    terminal.write(PASSWORD);
    let finished = running.end();
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(terminal.shows() && finished.out.contains("eve may log in"), "{}", finished.out);
}
