//! From the name of a server to a connection, with a time limit on
//! everything.

use super::trouble::Trouble;
use super::{Said, Server, Watcher};
use crate::tls;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// A connection, in the open or not.
pub(super) enum Line {
    Open(Timed),
    Private(Box<StreamOwned<ClientConnection, Timed>>),
}

impl Line {
    /// Connects to the first address of the server that answers.
    pub(super) fn open(server: &Server, until: Instant, watch: Watcher<'_>) -> Result<Self, Trouble> {
        let Server { host, port, .. } = server;
        let addresses = resolve(host, *port, left(until))
            .map_err(|error| Trouble::Name(host.clone(), error.to_string()))?;
        let mut last = "the name has no address".to_owned();
        for address in addresses {
            watch(Said::Note(&format!("connecting to {address}")));
            match TcpStream::connect_timeout(&address, server.timing.connect.min(left(until))) {
                Ok(stream) => {
                    // Commands are short, and each waits for its answer.
                    let _ = stream.set_nodelay(true);
                    return Ok(Self::Open(Timed { stream, step: server.timing.step, until }));
                }
                Err(error) => last = format!("{address}: {error}"),
            }
        }
        Err(Trouble::Connect(last))
    }

    /// Goes on in secret.
    pub(super) fn secure(self, server: &Server, watch: Watcher<'_>) -> Result<Self, Trouble> {
        let Self::Open(mut stream) = self else { return Ok(self) };
        let verify = server.verifies();
        let config = tls::client(verify, server.ca.as_deref()).map_err(Trouble::Tls)?;
        let name = ServerName::try_from(server.host.clone())
            .map_err(|_| Trouble::Tls(format!("no certificate can be for `{}`", server.host)))?;
        let mut session =
            ClientConnection::new(config, name).map_err(|error| Trouble::Tls(error.to_string()))?;
        while session.is_handshaking() {
            session.complete_io(&mut stream).map_err(|error| Trouble::Tls(explain(&error)))?;
        }
        let version = session.protocol_version().and_then(|version| version.as_str()).unwrap_or("TLS");
        let checked = if verify { "is good" } else { "is not checked" };
        watch(Said::Note(&format!("{}, its certificate {checked}", version.replace('_', "."))));
        Ok(Self::Private(Box::new(StreamOwned::new(session, stream))))
    }

    /// Whether nobody else can listen.
    pub(super) fn is_private(&self) -> bool {
        matches!(self, Self::Private(_))
    }
}

/// What went wrong with a handshake, in words.
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            "the server does not answer in time".to_owned()
        }
        _ => error.to_string(),
    }
}

/// The addresses of a name. The system's resolver knows no time limit, so it
/// is asked on a thread of its own, which ends when the resolver gives up.
fn resolve(host: &str, port: u16, limit: Duration) -> io::Result<Vec<SocketAddr>> {
    let (to, found) = mpsc::channel();
    let name = (host.trim_matches(['[', ']']).to_owned(), port);
    thread::Builder::new().name("names".to_owned()).spawn(move || {
        let addresses = (name.0.as_str(), name.1).to_socket_addrs();
        to.send(addresses.map(|all| all.take(ADDRESSES_MAX).collect()))
    })?;
    found.recv_timeout(limit).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// What is left of the time; never nothing, which would mean for ever.
fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// A connection on which every reading and writing ends in time.
pub(super) struct Timed {
    stream: TcpStream,
    step: Duration,
    until: Instant,
}

impl Timed {
    fn limit(&self) -> io::Result<Duration> {
        match Instant::now() < self.until {
            true => Ok(self.step.min(left(self.until))),
            false => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl Read for Timed {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.limit()?))?;
        self.stream.read(bytes)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.limit()?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Read for Line {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Open(stream) => stream.read(bytes),
            Self::Private(stream) => stream.read(bytes),
        }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(stream) => stream.write(bytes),
            Self::Private(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(stream) => stream.flush(),
            Self::Private(stream) => stream.flush(),
        }
    }
}
