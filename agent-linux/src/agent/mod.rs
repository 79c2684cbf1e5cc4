//! The loop: everything that the agent does, one thing after the other.
//!
//! Each round does what is due, sends what can be sent, and sleeps until
//! something happens or is due next. Nothing in it waits, but for one thing:
//! the name of a manager that is no address is looked up when a connection
//! begins. A round is bounded: so many batches, so many reads of each source.
//!
//! | room | what happens there |
//! |---|---|
//! | `connection` | managers, messages, batches |
//! | `listening` | sources that cannot wait, and the spool |
//! | `responding` | a manager's orders, and what became of them |
//! | `configuring` | configurations: the own one, and what a manager sends |

mod configuring;
mod connection;
mod listening;
mod responding;

pub use configuring::{Configuration, Paths, load};

use crate::config::Manager;
use crate::files::Files;
use crate::host;
use crate::identity::Identity;
use crate::link::Link;
use crate::live::TOKENS;
use crate::respond::{Responses, Runner};
use crate::roster::Roster;
use crate::status::{self, Desk};
use crate::store::{Complaint, Store};
use bartizan_core::limits::{BATCH_MAX, BLOCK_SIZE, CONFIGURATION_MAX, MANAGERS_MAX, SOURCES_MAX};
use bartizan_core::spool::{self, Spool};
use bartizan_core::time::Millis;
use bartizan_core::wire::SPOOL;
use bartizan_core::wire::message::CONTROL_MAX;
use bartizan_core::wire::uplink::{Slot, Uplink};
use listening::Listening;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Duration;

/// The agent's side of a session, in memory of its own.
pub type Up = Uplink<Box<[Slot]>, Box<[u8]>>;

/// Bytes of positions that are on their way.
const POSITIONS: usize = 16 * 1024;

/// Bytes of a batch's message.
const BATCH: usize = BATCH_MAX + 16;

/// Things that happen in one round at most; the others wait.
const EVENTS: usize = 64;

/// How often what the spool has in memory goes to its file.
const FLUSH_MS: u64 = 5_000;

const LINK: Token = Token(0);
const SIGNALS: Token = Token(1);
const FILES: Token = Token(2);
const DESK: Token = Token(3);
const RESPONSES: Token = Token(DESK.0 + Desk::TOKENS);
/// The first token of the first source.
const LIVE: usize = RESPONSES.0 + 1;

/// A running agent.
pub struct Agent {
    poll: Poll,
    signals: SignalFd,
    desk: Option<Desk>,
    identity: Identity,
    managers: Vec<Manager>,
    paths: Paths,
    configuration: Configuration,
    link: Link,
    uplink: Up,
    /// The batch that is being made.
    batch: Box<[u8]>,
    /// A message that is being made.
    control: Box<[u8]>,
    roster: Roster,
    files: Files,
    listening: Listening,
    responses: Responses,
    spool: Spool<Store, Box<[spool::Slot]>>,
    /// `Some` as long as the spool is in a file.
    spool_file: Option<Complaint>,
    spool_place: String,
    next_flush: Millis,
    /// Whether the next batch begins with the spool.
    spool_first: bool,
    incarnation: u64,
    started: Millis,
    manager: usize,
    greeted: bool,
    connected: Option<Millis>,
    trouble: Option<String>,
    next_step: Millis,
    /// A configuration that has come and was not looked at.
    pushed: Option<(u64, Vec<u8>)>,
    stop: bool,
}

/// What an agent is made of.
pub struct Parts {
    /// Who it is.
    pub identity: Identity,
    /// Where its files are.
    pub paths: Paths,
    /// What it watches.
    pub configuration: Configuration,
    /// Where the spool keeps its blocks.
    pub store: Store,
    /// What the status calls that.
    pub spool_place: String,
    /// The status socket; without one nobody can ask.
    pub socket: Option<std::path::PathBuf>,
}

impl Agent {
    /// Opens everything; nothing is sent before [`Agent::run`].
    pub fn new(parts: Parts) -> io::Result<Self> {
        let Parts { identity, paths, configuration, store, spool_place, socket } = parts;
        let poll = Poll::new()?;
        let signals = signals(&poll)?;
        let files = Files::new();
        files.register(poll.registry(), FILES)?;
        let desk = socket.map(|path| Desk::open(&path, poll.registry(), DESK)).transpose()?;
        let now = host::now();
        let own = &configuration.config.client.managers;
        let mut managers = if own.is_empty() { identity.addresses.clone() } else { own.clone() };
        managers.truncate(MANAGERS_MAX);
        let uplink = Uplink::new(
            vec![Slot::Free; SOURCES_MAX].into_boxed_slice(),
            vec![0; POSITIONS].into_boxed_slice(),
            vec![0; CONFIGURATION_MAX].into_boxed_slice(),
            managers.len(),
            host::random()?,
        );
        let spool_file = store.is_lasting().then(|| store.complaint());
        let slots = vec![spool::Slot::default(); bartizan_core::spool::Storage::blocks(&store)];
        let spool = Spool::open(store, slots.into_boxed_slice(), host::random()?, host::clock());
        let runner = Runner::new(poll.registry().try_clone()?, RESPONSES);
        let (responses, trouble) = Responses::open(&paths.home, runner, now);
        let mut agent = Self {
            signals,
            desk,
            identity,
            managers,
            paths,
            configuration: Configuration::default(),
            link: Link::new(),
            uplink,
            batch: vec![0; BATCH].into_boxed_slice(),
            control: vec![0; CONTROL_MAX].into_boxed_slice(),
            roster: Roster::new(),
            files,
            listening: Listening::default(),
            responses,
            spool,
            spool_file,
            spool_place,
            next_flush: now,
            spool_first: false,
            incarnation: host::random()?,
            started: now,
            manager: 0,
            greeted: false,
            connected: None,
            trouble: None,
            next_step: now,
            pushed: None,
            stop: false,
            poll,
        };
        agent.uplink.open(SPOOL);
        agent.responses.guard_managers(&agent.managers);
        if let Some(trouble) = trouble {
            agent.note(&["bartizan: no response can be carried out: ", &trouble], now);
        }
        agent.configure(configuration, now);
        Ok(agent)
    }

    /// Runs until SIGTERM or SIGINT.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        while !self.stop {
            let is_busy = self.round(host::now());
            let now = host::now();
            let wait = if is_busy { 0 } else { self.next_deadline().since(now) };
            match self.poll.poll(&mut events, Some(Duration::from_millis(wait))) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for event in &events {
                self.happened(event.token());
            }
        }
        self.finish();
        Ok(())
    }

    /// Does what is due and sends what can be sent. `true`: there is more to
    /// do at once.
    fn round(&mut self, now: Millis) -> bool {
        self.files.tick(now, &mut self.roster, &mut self.uplink);
        self.note_happenings(now);
        let has_heard = self.listen(now);
        let has_sent = self.converse(now);
        let has_responded = self.respond(now);
        if let Some((number, text)) = self.pushed.take() {
            self.take_pushed(number, &text, now);
        }
        self.flush(now);
        has_heard || has_sent || has_responded
    }

    fn happened(&mut self, token: Token) {
        match token {
            // Looked at in every round.
            LINK | RESPONSES => {}
            SIGNALS => self.take_signals(),
            FILES => self.files.wake(),
            Token(number) if number >= LIVE => {
                self.listening.wake((number - LIVE) / TOKENS, token);
            }
            _ => self.serve(token),
        }
    }

    /// When the next round is due if nothing happens.
    fn next_deadline(&self) -> Millis {
        let files = self.files.next_deadline();
        let flush = if self.spool_file.is_some() { self.next_flush } else { Millis::NEVER };
        // Without somebody to send to there is nothing to wait for.
        let can_send = self.link.can_send() && self.uplink.is_placed(SPOOL) && self.uplink.room().is_enough();
        let gathered = if can_send { self.listening.gathered_at() } else { Millis::NEVER };
        let responses = self.responses.deadline(host::now());
        files.min(self.next_step).min(self.listening.next_deadline()).min(flush).min(gathered).min(responses)
    }

    fn flush(&mut self, now: Millis) {
        let Some(complaint) = &self.spool_file else { return };
        if let Some(error) = complaint.take() {
            self.spool_file = None;
            self.spool_place.push_str(" (failed; in memory now)");
            let text = error.to_string();
            self.note(&["bartizan: the file of the spool failed, records wait in memory: ", &text], now);
        } else if now >= self.next_flush {
            self.spool.flush();
            self.next_flush = now.plus(FLUSH_MS);
        }
    }

    fn take_signals(&mut self) {
        while let Ok(Some(signal)) = self.signals.read_signal() {
            match Signal::try_from(signal.ssi_signo as i32) {
                Ok(Signal::SIGHUP) => drop(self.reload(host::now())),
                _ => self.stop = true,
            }
        }
    }

    /// The end: what waits in memory goes to the file of the spool. Responses
    /// stay in force; the journal holds them.
    fn finish(&mut self) {
        let now = host::now();
        let name = self.identity.name.clone();
        self.end_listening(|_| true, now);
        self.note(&["ossec: Agent stopped: '", &name, "->any'."], now);
        // Once more, so that a manager that listens learns of the end.
        self.listening.hurry();
        self.converse(now);
        if self.spool_file.is_some() {
            self.spool.flush();
        }
        if let Some(desk) = &self.desk {
            desk.close();
        }
    }

    fn serve(&mut self, token: Token) {
        if let Some(mut desk) = self.desk.take() {
            desk.ready(token, self.poll.registry(), &|| self.report());
            self.desk = Some(desk);
        }
    }

    fn report(&self) -> status::Report {
        let now = host::now();
        let (used, blocks) = self.spool.usage();
        let mut sources = Vec::new();
        self.files.report(&self.roster, now, &mut sources);
        self.listening.report(now, &mut sources);
        status::Report {
            name: self.identity.name.clone(),
            uptime_ms: now.since(self.started),
            manager: self.manager_name(),
            connected_ms: self.connected.map(|since| now.since(since)),
            trouble: self.trouble.clone(),
            configuration: self.configuration.from.clone(),
            pushed: self.configuration.pushed,
            unacknowledged: self.uplink.unacknowledged() as u32,
            spool: status::Spool {
                place: self.spool_place.clone(),
                size: (blocks * BLOCK_SIZE) as u64,
                used: (used * BLOCK_SIZE) as u64,
                damaged: self.spool.damaged(),
            },
            responses: self.report_responses(now),
            sources,
        }
    }
}

/// SIGTERM, SIGINT and SIGHUP as something to read. A pipe that nobody reads
/// is an error of a write, not the end.
fn signals(poll: &Poll) -> io::Result<SignalFd> {
    let mut wanted = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        wanted.add(signal);
    }
    wanted.thread_block()?;
    let signals = SignalFd::with_flags(&wanted, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
    poll.registry().register(&mut SourceFd(&signals.as_raw_fd()), SIGNALS, Interest::READABLE)?;
    Ok(signals)
}

/// Where the spool keeps its blocks, and what the status calls that. A file
/// that cannot be used is replaced by memory; then the reason is given, too.
pub fn store(file: Option<&Path>, bytes: usize) -> (Store, String, Option<String>) {
    let Some(path) = file else { return (Store::memory(bytes), "memory".to_owned(), None) };
    match Store::file(path, bytes) {
        Ok(store) => (store, path.display().to_string(), None),
        Err(error) => {
            let why = format!("{}: {error}; records wait in memory", path.display());
            (Store::memory(bytes), "memory".to_owned(), Some(why))
        }
    }
}
