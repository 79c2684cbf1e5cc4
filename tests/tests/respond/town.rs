//! Two networks with a wire between them: in one a manager and an agent, in
//! the other who attacks. All of it vanishes with the test.

use bartizan_tests::manager::{Manager, ask_at};
use bartizan_tests::process::{DEADLINE, Finished, Running, command, finish};
use bartizan_tests::{Folder, agent, bartizan};
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::gettid;
use serde_json::Value;
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

/// How many attackers there are: 10.77.0.10 and on.
pub(crate) const ATTACKERS: u8 = 60;

fn is_installed(tool: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join(tool).exists())
}

/// The two networks. The test's own thread, and what it starts, is in that of
/// the agent.
pub(crate) struct Town {
    outside: File,
}

impl Town {
    /// Moves this thread to a new network that has a wire to another one.
    /// `None` where that is not allowed.
    pub(crate) fn enter() -> Option<Self> {
        // They are built on first use, and there is no way to the world below.
        let _ = (bartizan(), agent());
        if let Some(missing) = ["ip", "nft"].iter().find(|tool| !is_installed(tool)) {
            eprintln!("there is no `{missing}` here: nothing is tested");
            return None;
        }
        if let Err(error) = unshare(CloneFlags::CLONE_NEWNET) {
            eprintln!("no network of its own ({error}): nothing is tested");
            return None;
        }
        let outside = thread::scope(|scope| {
            let (tell, told) = channel();
            let (done, wait) = channel::<()>();
            let outsider = scope.spawn(move || {
                unshare(CloneFlags::CLONE_NEWNET).expect("a second network");
                tell.send(gettid()).expect("told");
                // The wire is laid meanwhile.
                let _ = wait.recv();
                ip("link set lo up");
                for attacker in 0..ATTACKERS {
                    ip(&format!("addr add {}/24 dev wire", address(attacker)));
                }
                ip("addr add fd77::10/64 dev wire nodad");
                ip("link set wire up");
                File::open("/proc/thread-self/ns/net").expect("the network")
            });
            let outsider_id = told.recv().expect("it is there");
            ip("link set lo up");
            ip(&format!("link add wire type veth peer name wire netns {outsider_id}"));
            ip("addr add 10.77.0.1/24 dev wire");
            ip("addr add fd77::1/64 dev wire nodad");
            ip("link set wire up");
            drop(done);
            outsider.join().expect("the second network is there")
        });
        Some(Self { outside })
    }

    /// Does something where the attackers are.
    pub(crate) fn outside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let there = scope.spawn(|| {
                setns(&self.outside, CloneFlags::CLONE_NEWNET).expect("it can go there");
                act()
            });
            there.join().expect("it comes back")
        })
    }

    /// Whether an attacker gets through to a port.
    pub(crate) fn reaches(&self, port: u16) -> bool {
        let to = SocketAddr::from(([10, 77, 0, 1], port));
        self.outside(|| TcpStream::connect_timeout(&to, Duration::from_millis(300)).is_ok())
    }

    /// Whether this one gets through, and is answered.
    pub(crate) fn answers(&self, attacker: u8) -> bool {
        let wait = Some(Duration::from_millis(300));
        let target = UdpSocket::bind("10.77.0.1:0").expect("a socket");
        let knocks = self.socket(attacker);
        for socket in [&target, &knocks] {
            socket.set_read_timeout(wait).expect("a time");
        }
        knocks.send_to(b"knock", target.local_addr().expect("an address")).expect("it is sent");
        let mut packet = [0; 8];
        let heard = target.recv_from(&mut packet);
        heard.is_ok_and(|(_, from)| target.send_to(b"who", from).is_ok()) && knocks.recv(&mut packet).is_ok()
    }

    /// A socket of an attacker.
    pub(crate) fn socket(&self, attacker: u8) -> UdpSocket {
        self.outside(|| UdpSocket::bind((address(attacker), 0)).expect("a socket"))
    }
}

/// The address of an attacker.
pub(crate) fn address(attacker: u8) -> IpAddr {
    IpAddr::from([10, 77, 0, 10 + attacker])
}

/// Changes the network of this thread.
pub(crate) fn ip(words: &str) {
    let done = Command::new("ip").args(words.split(' ')).output().expect("ip can be started");
    assert!(done.status.success(), "ip {words}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A manager and an agent that follows a log.
pub(crate) struct Watch {
    /// The manager.
    pub(crate) manager: Manager,
    /// The agent's home.
    pub(crate) home: PathBuf,
    /// The log.
    log: PathBuf,
    agent: Option<Running>,
    /// Something that listens, so that there is something to attack.
    pub(crate) service: TcpListener,
}

impl Watch {
    /// Starts both; `responses` is the configuration of active response.
    pub(crate) fn start(name: &str, responses: &str) -> Self {
        Self::start_with(name, responses, &[], &[])
    }

    /// The same with more addresses at which the agent looks for a manager,
    /// and with files in the manager's home.
    pub(crate) fn start_with(name: &str, responses: &str, managers: &[&str], files: &[(&str, &str)]) -> Self {
        let (mut manager, _) = Manager::start(name);
        manager.stop();
        for (file, text) in files {
            manager.home.write(file, text);
        }
        let configuration = format!(
            "<ossec_config>\n<global><logall>yes</logall><jsonout_output>yes</jsonout_output></global>\n\
             <localfile><location>{}</location><log_format>syslog</log_format></localfile>\n{responses}\n\
             </ossec_config>\n",
            manager.home.join("quiet.log").display()
        );
        manager.home.write("bartizan.conf", configuration);
        manager.run();
        let home = manager.home.join("machine");
        let log = manager.home.write("machine/auth.log", "");
        let configuration = format!(
            "<ossec_config><localfile><location>{}</location><log_format>syslog</log_format></localfile>\
             </ossec_config>",
            log.display()
        );
        manager.home.write("machine/agent.conf", configuration);
        let own = manager.address.to_string();
        let token = manager.add_at("gate", &[&[own.as_str()][..], managers].concat());
        let service = TcpListener::bind("0.0.0.0:0").expect("a service");
        let mut watch = Self { manager, home, log, agent: None, service };
        let enrolled = finish(watch.command("enrol").arg(token), b"");
        assert_eq!(enrolled.code, Some(0), "{}", enrolled.err);
        watch.start_agent();
        watch.is_heard();
        watch
    }

    fn command(&self, job: &str) -> Command {
        let mut command = Command::new(agent());
        command.arg(job).arg("--home").arg(&self.home);
        command
    }

    /// Starts the agent.
    pub(crate) fn start_agent(&mut self) {
        let mut command = self.command("run");
        let socket = self.home.join("agent.sock");
        command.args(["--user", "root", "--socket"]).arg(socket);
        self.agent = Some(Running::start(&mut command));
    }

    /// Kills the agent, and waits until the manager knows.
    pub(crate) fn kill_agent(&mut self) {
        self.agent = None;
        let socket = self.manager.home.join("control.sock");
        self.manager.process().wait_for("end of the session", |_| {
            ask_at(&socket, r#"{"ask":"agents"}"#)
                .is_some_and(|answer| answer["agents"] == Value::Array(Vec::new()))
        });
    }

    /// Waits until the agent follows the log.
    pub(crate) fn is_heard(&mut self) {
        let archive = self.manager.home.join("logs/archives/archives.log");
        let (log, id) = (self.log.clone(), self.agent.as_ref().map_or(0, Running::id));
        let mut number = 0;
        self.manager.process().wait_for("look at the agent's log", |_| {
            number += 1;
            append(&log, &format!("Nov 21 10:00:00 gate greeting: hello {id} {number}"));
            std::fs::read_to_string(&archive).is_ok_and(|text| text.contains(&format!("hello {id} ")))
        });
    }

    /// Somebody guesses a password; the log may say anything of where.
    pub(crate) fn attack(&self, from: impl Display) {
        append(&self.log, &guess(from));
    }

    /// The same in the log of the manager's own machine.
    pub(crate) fn attack_manager(&self, from: impl Display) {
        append(&self.manager.home.join("quiet.log"), &guess(from));
    }

    /// Runs `bartizan respond` with these words.
    pub(crate) fn respond(&self, words: &str) -> Finished {
        self.run("respond", words)
    }

    /// Runs a command of the manager.
    pub(crate) fn run(&self, job: &str, words: &str) -> Finished {
        let home: &Folder = &self.manager.home;
        finish(
            command(&[job]).args(words.split_whitespace()).arg("--home").arg(home.path()).env("TZ", "UTC0"),
            b"",
        )
    }

    /// The history, the newest first.
    pub(crate) fn history(&self) -> Vec<Value> {
        let listed = self.respond("history --json");
        assert_eq!(listed.code, Some(0), "{}", listed.err);
        listed.out.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect()
    }

    /// The rows that an answer on the control socket has.
    pub(crate) fn rows(&self, request: &str) -> Vec<Value> {
        self.manager.ask(request)["responses"].as_array().cloned().unwrap_or_default()
    }

    /// Waits until the newest row of the history has a state.
    pub(crate) fn wait_for_state(&mut self, state: &str) -> Value {
        let socket = self.manager.home.join("control.sock");
        let mut row = Value::Null;
        self.manager.process().wait_for(&format!("response that is {state}"), |_| {
            row =
                ask_at(&socket, r#"{"ask":"history","limit":1}"#).unwrap_or_default()["responses"][0].clone();
            row["state"] == state
        });
        row
    }

    /// The port of the service.
    pub(crate) fn port(&self) -> u16 {
        self.service.local_addr().expect("an address").port()
    }
}

fn guess(from: impl Display) -> String {
    format!("Nov 21 10:00:00 gate sshd[7]: Failed password for root from {from} port 4022 ssh2")
}

/// Waits until something is so.
pub(crate) fn wait_for(what: &str, is_so: impl FnMut() -> bool) {
    wait_within(DEADLINE, what, is_so);
}

/// Waits for so long at most until something is so.
pub(crate) fn wait_within(deadline: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < deadline, "no {what} in {deadline:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn append(log: &PathBuf, line: &str) {
    let mut log = OpenOptions::new().append(true).open(log).expect("a log");
    log.write_all(format!("{line}\n").as_bytes()).expect("a line can be written");
}
