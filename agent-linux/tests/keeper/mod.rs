//! A manager small enough to see through, for tests of the agent: real TCP,
//! real Noise, the manager's side of a session from core, a ledger in memory.
#![allow(dead_code, reason = "each test uses what it needs")]

use bartizan_core::limits::SOURCES_MAX;
use bartizan_core::respond::order::Order;
use bartizan_core::time::Millis;
use bartizan_core::wire::batch::{Entries, Entry, Lost, Record};
use bartizan_core::wire::downlink::{Downlink, Outcome, Received, Slot};
use bartizan_core::wire::message::{TO_AGENT_MAX, ToAgent, ToManager};
use bartizan_core::wire::token::{TOKEN_TEXT_MAX, Token};
use bartizan_core::wire::{NOISE, PROLOGUE_ENROL, PROLOGUE_SESSION};
use snow::TransportState;
use std::collections::{HashMap, VecDeque};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What the manager has committed.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Source and text, in the order in which they were committed.
    pub(crate) records: Vec<(String, String)>,
    /// How many there were, also of those that are not kept.
    pub(crate) count: u64,
    /// Records are counted and not kept.
    pub(crate) forgets: bool,
    pub(crate) positions: HashMap<String, Vec<u8>>,
    pub(crate) lost: u64,
    pub(crate) sessions: u32,
    pub(crate) batches: u32,
    pub(crate) applied: Option<u64>,
    pub(crate) refused: Option<String>,
}

impl Ledger {
    /// Texts of one source.
    pub(crate) fn of(&self, source: &Path) -> Vec<&str> {
        let source = source.to_string_lossy();
        self.records.iter().filter(|(name, _)| *name == source).map(|(_, text)| text.as_str()).collect()
    }
}

/// How the manager behaves.
pub(crate) struct Ways {
    /// Accepts connections.
    pub(crate) listens: AtomicBool,
    /// Commits and acknowledges what it receives.
    pub(crate) acknowledges: AtomicBool,
    /// Breaks each connection after so many batches; 0 for never. Every other
    /// time what was received last is committed before.
    pub(crate) breaks_after: AtomicU32,
    /// Takes an enrolment instead of sessions.
    pub(crate) enrols: AtomicBool,
    pub(crate) window: AtomicU32,
    /// Bytes of batches that came while nothing was acknowledged.
    pub(crate) unacknowledged: AtomicU64,
    pub(crate) stop: AtomicBool,
    /// Orders that are to be sent.
    pub(crate) orders: Mutex<VecDeque<Order<'static>>>,
}

/// A configuration that is to be pushed: its number and text.
pub(crate) type Pushed = Option<(u64, Vec<u8>)>;

/// A manager.
pub(crate) struct Keeper {
    pub(crate) address: SocketAddr,
    pub(crate) key: snow::Keypair,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    pub(crate) ways: Arc<Ways>,
    pub(crate) push: Arc<Mutex<Pushed>>,
    thread: Option<JoinHandle<()>>,
}

pub(crate) const SECRET: [u8; 16] = [9; 16];

impl Keeper {
    pub(crate) fn start() -> Self {
        Self::start_at("127.0.0.1:0")
    }

    /// Listens at an address.
    pub(crate) fn start_at(address: &str) -> Self {
        let key = snow::Builder::new(NOISE.parse().unwrap()).generate_keypair().unwrap();
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let ways = Arc::new(Ways {
            listens: true.into(),
            acknowledges: true.into(),
            breaks_after: 0.into(),
            enrols: false.into(),
            window: (1 << 20).into(),
            unacknowledged: 0.into(),
            stop: false.into(),
            orders: Mutex::default(),
        });
        let (ledger, push) = (Arc::<Mutex<Ledger>>::default(), Arc::<Mutex<Pushed>>::default());
        let private = key.private.clone();
        let shared = (Arc::clone(&ledger), Arc::clone(&ways), Arc::clone(&push));
        let thread = thread::spawn(move || serve(&listener, &private, &shared.0, &shared.1, &shared.2));
        Self { address, key, ledger, ways, push, thread: Some(thread) }
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    /// Counts records from now on instead of keeping them.
    pub(crate) fn forget(&self) {
        self.ledger().forgets = true;
    }

    /// Waits until the ledger satisfies a condition.
    pub(crate) fn wait(&self, what: &str, mut is_so: impl FnMut(&Ledger) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so(&self.ledger()) {
            assert!(Instant::now() < end, "waited in vain: {what}; {} records", self.ledger().records.len());
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn token(&self, name: &str) -> String {
        let address = self.address.to_string();
        let addresses = heapless_vec(&address);
        let key = self.key.public.clone().try_into().unwrap();
        let token = Token { key, secret: SECRET, name, addresses };
        token.write(&mut [0; TOKEN_TEXT_MAX]).unwrap().to_owned()
    }
}

fn heapless_vec(address: &str) -> heapless::Vec<&str, { bartizan_core::limits::MANAGERS_MAX }> {
    heapless::Vec::from_slice(&[address]).unwrap()
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.ways.stop.store(true, SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(listener: &TcpListener, private: &[u8], ledger: &Mutex<Ledger>, ways: &Ways, push: &Mutex<Pushed>) {
    let mut connections = 0;
    while !ways.stop.load(SeqCst) {
        match listener.accept() {
            Ok((stream, _)) if ways.listens.load(SeqCst) => {
                connections += 1;
                let mut session = Session { ledger, ways, push, number: connections };
                let _ = session.run(stream, private);
            }
            Ok(_) => {}
            Err(_) => thread::sleep(Duration::from_millis(2)),
        }
    }
}

struct Session<'k> {
    ledger: &'k Mutex<Ledger>,
    ways: &'k Ways,
    push: &'k Mutex<Pushed>,
    number: u32,
}

struct Wire {
    stream: TcpStream,
    noise: TransportState,
    inbox: Vec<u8>,
}

impl Session<'_> {
    fn run(&mut self, mut stream: TcpStream, private: &[u8]) -> std::io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let is_enrolment = self.ways.enrols.load(SeqCst);
        let prologue = if is_enrolment { PROLOGUE_ENROL } else { PROLOGUE_SESSION };
        let mut handshake = snow::Builder::new(NOISE.parse().unwrap())
            .local_private_key(private)
            .unwrap()
            .prologue(prologue)
            .unwrap()
            .build_responder()
            .unwrap();
        let mut buffer = vec![0; 65535];
        let hello = frame(&mut stream)?;
        if handshake.read_message(&hello, &mut buffer).is_err() {
            return Ok(());
        }
        let len = handshake.write_message(&[], &mut buffer).unwrap();
        write_frame(&mut stream, &buffer[..len])?;
        let noise = handshake.into_transport_mode().unwrap();
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_millis(2)))?;
        let mut wire = Wire { stream, noise, inbox: Vec::new() };
        match is_enrolment {
            true => enrol(&mut wire),
            false => self.session(&mut wire),
        }
    }

    fn session(&mut self, wire: &mut Wire) -> std::io::Result<()> {
        let mut down = Downlink::new(vec![Slot::Free; SOURCES_MAX]);
        let mut names = HashMap::new();
        let mut batches = 0;
        let mut out = vec![0; TO_AGENT_MAX];
        let start = Instant::now();
        down.connected(Millis(0));
        let (mut waiting, mut pushed) = (Vec::new(), Vec::new());
        while !self.ways.stop.load(SeqCst) && self.ways.listens.load(SeqCst) {
            let now = Millis(start.elapsed().as_millis() as u64);
            while let Some(message) = wire.receive()? {
                match down.receive(&message, now).expect("the agent keeps to the protocol") {
                    Received::Hello(_) => {
                        self.ledger.lock().unwrap().sessions += 1;
                        let window = self.ways.window.load(SeqCst);
                        let len = down.welcome("tested", window, 1, now, &mut out).unwrap();
                        wire.send(&out[..len])?;
                        if let Some((number, text)) = self.push.lock().unwrap().take() {
                            down.configure(number);
                            pushed = text;
                        }
                    }
                    Received::Source { index, name } => {
                        names.insert(index, name.to_owned());
                    }
                    Received::Gone { index } => {
                        names.remove(&index);
                    }
                    Received::Batch { ticket, body } => {
                        batches += 1;
                        waiting.push((ticket, body.to_vec()));
                        let limit = self.ways.breaks_after.load(SeqCst);
                        if limit > 0 && batches >= limit {
                            if self.number.is_multiple_of(2) {
                                self.commit(&waiting.pop().unwrap().1, &names);
                            }
                            return Ok(());
                        }
                        self.ways.unacknowledged.fetch_add(body.len() as u64, SeqCst);
                    }
                    Received::Applied { config } => self.ledger.lock().unwrap().applied = Some(config),
                    Received::Refused { why, .. } => {
                        self.ledger.lock().unwrap().refused = Some(why.to_owned())
                    }
                    Received::Nothing => {}
                }
                if self.ways.acknowledges.load(SeqCst) {
                    for (ticket, body) in waiting.drain(..) {
                        self.commit(&body, &names);
                        down.settled(ticket, Outcome::Committed);
                    }
                }
                while let Some(index) = down.wanted() {
                    let position = self.ledger.lock().unwrap().positions.get(&names[&index]).cloned();
                    let len = down.place(index, position.as_deref(), now, &mut out).unwrap();
                    wire.send(&out[..len])?;
                }
            }
            if self.ways.acknowledges.load(SeqCst) {
                for (ticket, body) in waiting.drain(..) {
                    self.commit(&body, &names);
                    down.settled(ticket, Outcome::Committed);
                }
            }
            while let Some(len) = down.send(now, &pushed, &mut out).unwrap() {
                wire.send(&out[..len])?;
            }
            let mut orders = self.ways.orders.lock().unwrap();
            while let Some(order) = orders.front()
                && let Some(len) = down.order(order, now, &mut out).unwrap()
            {
                wire.send(&out[..len])?;
                orders.pop_front();
            }
        }
        Ok(())
    }

    fn commit(&self, body: &[u8], names: &HashMap<u16, String>) {
        let mut ledger = self.ledger.lock().unwrap();
        ledger.batches += 1;
        for entry in Entries::new(body) {
            match entry.unwrap() {
                Entry::Record(Record { source, text, .. }) => {
                    ledger.count += 1;
                    if ledger.forgets {
                        continue;
                    }
                    let text = String::from_utf8_lossy(text).into_owned();
                    ledger.records.push((names[&source].clone(), text));
                }
                Entry::Position { source, position } => {
                    ledger.positions.insert(names[&source].clone(), position.to_vec());
                }
                Entry::Lost(Lost { records, .. }) => ledger.lost += records,
            }
        }
    }
}

fn enrol(wire: &mut Wire) -> std::io::Result<()> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let Some(message) = wire.receive()? else { continue };
        let Ok(ToManager::Enrol { secret, name, .. }) = ToManager::read(&message) else { return Ok(()) };
        let answer = match secret == SECRET {
            true => ToAgent::Enrolled { id: 1, name },
            false => ToAgent::EnrolRefused { why: "the token was used" },
        };
        let mut out = [0; 1024];
        let len = answer.write(&mut out).unwrap();
        wire.send(&out[..len])?;
    }
    Ok(())
}

impl Wire {
    fn receive(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        loop {
            if let Some((head, rest)) = self.inbox.split_first_chunk() {
                let len = usize::from(u16::from_be_bytes(*head));
                if let Some(frame) = rest.get(..len) {
                    let mut message = vec![0; 65535];
                    let size = self.noise.read_message(frame, &mut message).expect("an honest agent");
                    message.truncate(size);
                    self.inbox.drain(..2 + len);
                    return Ok(Some(message));
                }
            }
            let mut part = [0; 65536];
            match self.stream.read(&mut part) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(len) => self.inbox.extend_from_slice(&part[..len]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn send(&mut self, message: &[u8]) -> std::io::Result<()> {
        let mut buffer = vec![0; 65535];
        let len = self.noise.write_message(message, &mut buffer).unwrap();
        write_frame(&mut self.stream, &buffer[..len])
    }
}

fn frame(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    let mut frame = vec![0; usize::from(u16::from_be_bytes(head))];
    stream.read_exact(&mut frame)?;
    Ok(frame)
}

fn write_frame(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    let mut frame = (bytes.len() as u16).to_be_bytes().to_vec();
    frame.extend_from_slice(bytes);
    stream.write_all(&frame)
}

/// A home of an agent, enrolled with a keeper.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
}

impl Home {
    pub(crate) fn new(keeper: &Keeper) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = snow::Builder::new(NOISE.parse().unwrap()).generate_keypair().unwrap().private;
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let key = format!(
            "name tested\nmanager {}\nkey {}\naddress {}\n",
            hex(&keeper.key.public),
            hex(&own),
            keeper.address
        );
        std::fs::write(folder.path().join("agent.key"), key).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A configuration that follows these locations from their beginnings.
    pub(crate) fn follow(&self, locations: &[&Path]) {
        let files = locations.iter().map(|location| {
            format!(
                "<localfile><log_format>syslog</log_format><location>{}</location>\
                 <only-future-events>no</only-future-events></localfile>\n",
                location.display()
            )
        });
        self.configure(&files.collect::<String>());
    }

    pub(crate) fn configure(&self, sections: &str) {
        std::fs::write(self.path("agent.conf"), format!("<ossec_config>\n{sections}</ossec_config>\n"))
            .unwrap();
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let binary =
            std::env::var_os("BARTIZAN_AGENT").unwrap_or(env!("CARGO_BIN_EXE_bartizan-agent").into());
        let mut command = Command::new(binary);
        command.args(words).arg("--home").arg(self.folder.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self) -> Running {
        self.start(self.command(&["run"]))
    }

    /// An agent that finds programs here.
    pub(crate) fn run_with_path(&self, path: &str) -> Running {
        let mut command = self.command(&["run"]);
        command.env("PATH", path);
        self.start(command)
    }

    fn start(&self, mut command: Command) -> Running {
        let log = std::fs::File::options().append(true).create(true).open(self.path("stderr")).unwrap();
        Running(command.stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }

    pub(crate) fn output(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        std::fs::read_to_string(self.path("stderr")).unwrap_or_default()
    }
}

/// A running agent; ends with the test.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.0.id() as i32), signal).unwrap();
    }

    /// As a power cut: no time to say anything.
    pub(crate) fn kill(mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    pub(crate) fn has_ended(&mut self) -> Option<std::process::ExitStatus> {
        self.0.try_wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until something is so.
pub(crate) fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Numbered lines of a name.
pub(crate) fn lines(name: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers
        .map(|n| {
            format!(
                "Dec 29 10:00:01 host {name}[{n}]: something worth a line of a hundred bytes or so, {n:07}"
            )
        })
        .collect()
}

pub(crate) fn append(path: &Path, lines: &[String]) {
    let mut file = std::fs::File::options().append(true).create(true).open(path).unwrap();
    file.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
}
