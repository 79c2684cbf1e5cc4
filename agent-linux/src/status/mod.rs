//! What the agent does, for whoever asks over the status socket.
//!
//! A client connects, writes one line (`json` or `text`) and reads until the
//! end. The answer is made when it is asked for; nothing is kept ready. The
//! socket belongs to the agent's user, and tells names of files and numbers,
//! never a line of a log.

mod page;

pub use page::{json, push_quoted, text};

use bartizan_core::time::Millis;
use mio::net::{UnixListener, UnixStream};
use mio::{Interest, Registry, Token};
use std::cell::Cell;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Clients at a time; a further one waits.
const CLIENTS: usize = 4;

/// Everything that is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What the manager calls this agent.
    pub name: String,
    /// Milliseconds since the agent was started.
    pub uptime_ms: u64,
    /// The manager that is or was last spoken to.
    pub manager: String,
    /// Milliseconds since the session began; `None` when there is none.
    pub connected_ms: Option<u64>,
    /// Why the last connection ended or could not be made.
    pub trouble: Option<String>,
    /// Where the configuration comes from.
    pub configuration: String,
    /// Number of the pushed configuration; 0 for none.
    pub pushed: u64,
    /// Batches that are sent and not acknowledged.
    pub unacknowledged: u32,
    /// The spool.
    pub spool: Spool,
    /// What a manager has ordered.
    pub responses: Responses,
    /// Files and whatever else is listened to.
    pub sources: Vec<Source>,
}

/// The spool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spool {
    /// Where it is: `memory` or a path.
    pub place: String,
    /// Bytes it can hold.
    pub size: u64,
    /// Bytes of these that hold records.
    pub used: u64,
    /// Blocks that were found damaged since the start.
    pub damaged: u64,
}

/// What a manager has ordered, and is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Responses {
    /// What drops packets: `nft`, `ipset`, `none`, or `disabled`.
    pub tool: &'static str,
    /// How many are in force.
    pub count: u32,
    /// The first of them.
    pub first: Vec<Response>,
}

/// One response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Its number.
    pub id: u64,
    /// The address it is about; empty for none.
    pub about: String,
    /// Milliseconds until it is undone; `None` for when it is ended.
    pub left_ms: Option<u64>,
    /// Whether it was done, as far as is known.
    pub is_done: bool,
}

/// One source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Its name: a path, a command's label, …
    pub name: String,
    /// What it does: `read`, `not there`, `waits for its place`, or why it
    /// cannot be read.
    pub state: String,
    /// Records since the start.
    pub records: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Records a second, see [`Meter::rate`].
    pub rate: u32,
    /// Offset up to which it was read; files only.
    pub offset: Option<u64>,
    /// Bytes that are there and not read; files only.
    pub behind: Option<u64>,
}

/// What came of one source.
#[derive(Clone, Debug)]
pub struct Meter {
    /// Records since the start.
    pub records: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// When the rate was begun anew, and the records then.
    since: Cell<(Millis, u64)>,
}

impl Meter {
    /// Nothing yet.
    pub fn new(now: Millis) -> Self {
        Self { records: 0, bytes: 0, since: Cell::new((now, 0)) }
    }

    /// So many records more.
    pub fn count(&mut self, records: u64, bytes: u64) {
        self.records += records;
        self.bytes += bytes;
    }

    /// Records a second since somebody asked before, but of no less than the
    /// last minute.
    pub fn rate(&self, now: Millis) -> u32 {
        let (since, records) = self.since.get();
        let ms = now.since(since);
        if ms >= 60_000 {
            self.since.set((now, self.records));
        }
        u32::try_from((self.records - records) * 1000 / ms.max(1000)).unwrap_or(u32::MAX)
    }
}

/// The socket.
#[derive(Debug)]
pub struct Desk {
    listener: UnixListener,
    path: PathBuf,
    first: Token,
    clients: [Option<Client>; CLIENTS],
}

#[derive(Debug)]
struct Client {
    stream: UnixStream,
    asked: [u8; 8],
    len: usize,
    answer: Vec<u8>,
    sent: usize,
}

impl Desk {
    /// Opens the socket; uses `first` and as many tokens behind it as there
    /// are clients.
    pub fn open(path: &Path, registry: &Registry, first: Token) -> io::Result<Self> {
        // One that an earlier agent has left. A running one keeps its open
        // socket and merely loses the name.
        let _ = std::fs::remove_file(path);
        let mut listener = UnixListener::bind(path)?;
        registry.register(&mut listener, first, Interest::READABLE)?;
        Ok(Self { listener, path: path.to_owned(), first, clients: [const { None }; CLIENTS] })
    }

    /// Tokens from the first one on.
    pub const TOKENS: usize = 1 + CLIENTS;

    /// Accepts, reads and answers. `report` is called when somebody has asked.
    pub fn ready(&mut self, token: Token, registry: &Registry, report: &dyn Fn() -> Report) {
        match token.0.checked_sub(self.first.0 + 1) {
            None => self.accept(registry),
            Some(at) => {
                let Some(place) = self.clients.get_mut(at) else { return };
                let is_over = place.as_mut().is_none_or(|client| !matches!(client.go_on(report), Ok(false)));
                if is_over && let Some(mut client) = place.take() {
                    let _ = registry.deregister(&mut client.stream);
                    drop(client);
                    // One may have waited for the place.
                    self.accept(registry);
                }
            }
        }
    }

    fn accept(&mut self, registry: &Registry) {
        for (at, place) in self.clients.iter_mut().enumerate().filter(|(_, place)| place.is_none()) {
            let Ok((mut stream, _)) = self.listener.accept() else { return };
            let token = Token(self.first.0 + 1 + at);
            if registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE).is_ok() {
                *place = Some(Client { stream, asked: [0; 8], len: 0, answer: Vec::new(), sent: 0 });
            }
        }
    }

    /// Removes the socket's name.
    pub fn close(&self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Client {
    /// `true` when all is said.
    fn go_on(&mut self, report: &dyn Fn() -> Report) -> io::Result<bool> {
        if self.answer.is_empty() {
            if !self.listen()? {
                return Ok(false);
            }
            let report = report();
            let page = if self.asked.starts_with(b"json") { json(&report) } else { text(&report) };
            self.answer = page.into_bytes();
        }
        self.speak()
    }

    /// `true` when the line of the question is there.
    fn listen(&mut self) -> io::Result<bool> {
        while self.len < self.asked.len() {
            match self.stream.read(&mut self.asked[self.len..]) {
                Ok(0) => break,
                Ok(len) => self.len += len,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(self.asked[..self.len].contains(&b'\n') || self.len == self.asked.len())
    }

    fn speak(&mut self) -> io::Result<bool> {
        while self.sent < self.answer.len() {
            match self.stream.write(&self.answer[self.sent..]) {
                Ok(len) => self.sent += len,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}
