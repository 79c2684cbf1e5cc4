//! A manager in a folder of its own that agents can connect to.

use crate::Folder;
use crate::peer::{Peer, keys};
use crate::process::{Running, command, finish};
use bartizan_core::wire::message::{ToAgent, ToManager};
use bartizan_core::wire::token::{TOKEN_BYTES_MAX, Token};
use serde_json::Value;
use snow::Keypair;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// The home folder of a manager, which may run or not.
pub struct Manager {
    /// Its home folder.
    pub home: Folder,
    running: Option<Running>,
    /// Where it listens; the same over restarts.
    pub address: SocketAddr,
}

/// An agent that has enrolled.
pub struct Enrolled {
    /// Its keys.
    pub own: Keypair,
    /// The manager's public key.
    pub manager: [u8; 32],
}

impl Manager {
    /// Starts a manager that has one agent, so that it listens, and that
    /// writes every event to its archive.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start(name: &str) -> (Self, Enrolled) {
        let home = Folder::new(name);
        home.write("quiet.log", "");
        let configuration = format!(
            "<ossec_config>\n<global><logall>yes</logall></global>\n<localfile><location>{}</location>\
             <log_format>syslog</log_format></localfile>\n</ossec_config>\n",
            home.join("quiet.log").display()
        );
        home.write("bartizan.conf", configuration);
        let mut manager = Self { home, running: None, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        // The tests know the address, whatever the token says.
        let token = manager.add("first");
        manager.run();
        let enrolled = manager.enrol(&token);
        (manager, enrolled)
    }

    /// Adds an agent and gives its token.
    ///
    /// # Panics
    /// If that fails.
    pub fn add(&self, name: &str) -> String {
        self.add_at(name, &["127.0.0.1"])
    }

    /// Adds an agent that looks for the manager at these addresses.
    ///
    /// # Panics
    /// If that fails.
    pub fn add_at(&self, name: &str, addresses: &[&str]) -> String {
        let home = self.home.path().display().to_string();
        let mut arguments = vec!["agents", "--home", &home, "add", name];
        arguments.extend(addresses.iter().flat_map(|address| ["--address", *address]));
        let added = finish(&mut command(&arguments), b"");
        let token = added.out.split_whitespace().skip_while(|word| *word != "enrol").nth(1);
        token.unwrap_or_else(|| panic!("a token was expected: {} {}", added.out, added.err)).to_owned()
    }

    /// Enrols an agent by its token.
    ///
    /// # Panics
    /// If it is refused.
    pub fn enrol(&self, token: &str) -> Enrolled {
        let mut memory = [0; TOKEN_BYTES_MAX];
        let token = Token::read(token, &mut memory).expect("a good token");
        let enrolled = Enrolled { own: keys(), manager: token.key };
        let mut peer = Peer::enrolment(self.address, &token.key, &enrolled.own).expect("a connection");
        peer.say(&ToManager::Enrol { secret: token.secret, name: "", system: "a test" }).expect("said");
        peer.hear(|answer| assert!(matches!(answer, ToAgent::Enrolled { .. }), "{answer:?}")).expect("heard");
        enrolled
    }

    /// A session of an agent.
    ///
    /// # Panics
    /// If there can be none.
    pub fn session(&self, agent: &Enrolled) -> Peer {
        Peer::session(self.address, &agent.manager, &agent.own).expect("a session")
    }

    /// Starts the process, and waits until agents can connect.
    ///
    /// # Panics
    /// If they cannot.
    pub fn run(&mut self) {
        let home = self.home.path().display().to_string();
        let conf = self.home.join("bartizan.conf").display().to_string();
        let listen = self.address.to_string();
        let arguments = ["run", "--home", &home, "-c", &conf, "--listen", &listen];
        let mut running = Running::start(&mut command(&arguments));
        let socket = self.home.join("control.sock");
        running.wait_for("a port for agents", |_| {
            let status = ask_at(&socket, r#"{"ask":"status"}"#);
            let address = status.and_then(|status| status["listening"][0].as_str()?.parse().ok());
            self.address = address.unwrap_or(self.address);
            address.is_some()
        });
        self.running = Some(running);
    }

    /// The process.
    ///
    /// # Panics
    /// If it does not run.
    pub fn process(&mut self) -> &mut Running {
        self.running.as_mut().expect("the manager runs")
    }

    /// Kills the process without a warning.
    pub fn kill(&mut self) {
        // A process is killed when it is dropped.
        self.running = None;
    }

    /// Asks the process to end, and waits until it has.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }

    /// Asks over the control socket.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn ask(&self, request: &str) -> Value {
        ask_at(&self.home.join("control.sock"), request).expect("the manager answers")
    }

    /// The text of a file in the folder of logs; empty if there is none.
    pub fn log(&self, name: &str) -> String {
        let bytes = std::fs::read(self.home.join("logs").join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The lines of the archive that an agent named `first` has sent, from
    /// what stands behind their source on.
    pub fn archived(&self, source: &str) -> Vec<String> {
        let archive = self.log("archives/archives.log");
        let place = format!("->{source} ");
        let text = |line: &str| line.split_once(&place).map(|(_, text)| text.to_owned());
        archive.lines().filter_map(text).collect()
    }
}

/// Asks over a control socket; none if nobody answers.
pub fn ask_at(socket: &Path, request: &str) -> Option<Value> {
    let mut stream = UnixStream::connect(socket).ok()?;
    writeln!(stream, "{request}").ok()?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).ok()?;
    serde_json::from_str(&answer).ok()
}
