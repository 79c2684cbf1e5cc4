//! A real agent and a real manager, and everything that can happen to them.

use crate::lines;
use bartizan::agents::Registry;
use bartizan_tests::agent;
use bartizan_tests::manager::Manager;
use bartizan_tests::process::Running;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

/// A machine with an agent and one log.
struct Machine {
    home: PathBuf,
    log: PathBuf,
    file: File,
    written: u64,
    agent: Option<Running>,
}

impl Machine {
    fn new(manager: &Manager) -> Self {
        let home = manager.home.join("machine");
        fs::create_dir(&home).expect("a folder");
        let log = home.join("test.log");
        let file = File::create(&log).expect("a log");
        let configuration = format!(
            "<ossec_config><localfile><location>{}</location><log_format>syslog</log_format></localfile>\
             </ossec_config>",
            log.display()
        );
        fs::write(home.join("agent.conf"), configuration).expect("a configuration");
        let token = manager.add_at("second", &[&manager.address.to_string()]);
        let mut machine = Self { home, log, file, written: 0, agent: None };
        let enrolled = machine.command("enrol").arg(token).status().expect("it starts");
        assert!(enrolled.success(), "it enrols");
        machine.run();
        machine
    }

    fn command(&self, job: &str) -> Command {
        let mut command = Command::new(agent());
        command.arg(job).arg("--home").arg(&self.home);
        command
    }

    fn run(&mut self) {
        self.agent = Some(Running::start(self.command("run").args(["--user", "root"])));
    }

    fn kill(&mut self) {
        self.agent = None;
    }

    fn write(&mut self, count: u64) {
        let text: String =
            lines(self.written, self.written + count).iter().map(|line| line.clone() + "\n").collect();
        self.file.write_all(text.as_bytes()).expect("written");
        self.written += count;
    }

    fn rename(&mut self) {
        fs::rename(&self.log, self.home.join(format!("test.log.{}", self.written))).expect("renamed");
        self.file = File::create(&self.log).expect("a new log");
    }

    fn truncate(&mut self) {
        fs::copy(&self.log, self.home.join(format!("test.log.{}", self.written))).expect("copied");
        self.file = OpenOptions::new().append(true).open(&self.log).expect("the log");
        self.file.set_len(0).expect("truncated");
    }
}

/// Waits until all that was written is in the archive, once and in order.
fn all_arrives(manager: &mut Manager, machine: &Machine) {
    let archive = manager.home.join("logs/archives/archives.log");
    let last = format!("line {}\n", machine.written - 1);
    manager
        .process()
        .wait_for("the last line", |_| fs::read_to_string(&archive).is_ok_and(|text| text.contains(&last)));
    let archived = manager.archived(&machine.log.display().to_string());
    assert_eq!(archived.len() as u64, machine.written);
    assert_eq!(archived, lines(0, machine.written));
}

#[test]
fn outages_kills_and_rotations_lose_and_double_nothing() {
    let (mut manager, _) = Manager::start("together");
    let mut machine = Machine::new(&manager);
    // The first session finds out where the log begins.
    all_known(&mut manager, &machine);
    machine.write(10);
    all_arrives(&mut manager, &machine);
    machine.write(5000);
    manager.kill();
    machine.write(5000);
    machine.rename();
    machine.write(5000);
    manager.run();
    machine.write(5000);
    machine.kill();
    machine.write(5000);
    machine.rename();
    machine.write(5000);
    machine.run();
    machine.write(5000);
    manager.kill();
    machine.kill();
    machine.write(5000);
    manager.run();
    machine.run();
    machine.write(20_000);
    all_arrives(&mut manager, &machine);
    manager.kill();
    machine.truncate();
    machine.write(5000);
    manager.run();
    all_arrives(&mut manager, &machine);
}

/// Waits until the manager knows where the log begins: what is written before
/// that may be old to the agent.
fn all_known(manager: &mut Manager, machine: &Machine) {
    let registry = Registry::open(manager.home.path()).expect("a database");
    let name = machine.log.display().to_string();
    manager.process().wait_for("a place of the log", |_| {
        let sources = registry.sources(None).unwrap_or_default();
        sources.iter().any(|source| source.name == name && source.position.is_some())
    });
}
