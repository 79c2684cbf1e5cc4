//! Syslog from others: datagrams and connections from the networks that may
//! send, and the Unix socket of this machine.
//!
//! A sender's address is the place of its records (OSSEC 4.3); messages get
//! the layout that the manager reads in `core::assemble::syslog`. Nobody can
//! take more than a share: a turn takes [`TURN`] datagrams or [`READS`] reads
//! of one connection and the loop goes on to others; a connection beyond
//! [`CONNECTIONS`] is closed at once, one that is silent for [`IDLE_MS`] later;
//! what a message has beyond a record's size is cut and counted.

use super::text::{epoch_s, host, stamp};
use crate::config;
use crate::live::{Heard, Live, Sink, Unopened};
use crate::sys::local_time;
use bartizan_core::assemble::stream::Stream;
use bartizan_core::assemble::syslog::{Origin, message};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::rules::address::list_matches;
use bartizan_core::time::Millis;
use mio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram};
use mio::{Interest, Registry, Token};
use std::fmt::Write;
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Connections that are open together.
pub const CONNECTIONS: usize = 32;

/// Datagrams and new connections of one turn.
pub const TURN: usize = 64;

/// Reads of one connection in one turn.
pub const READS: usize = 4;

/// Milliseconds after which a silent connection is closed.
pub const IDLE_MS: u64 = 15 * 60 * 1000;

/// Bytes of a datagram that are looked at; the rest of a longer one is gone.
const DATAGRAM: usize = 16 * 1024;

/// Bytes of one read of a connection.
const READ: usize = 4096;

// What a token means, counted from the first one.
const UDP: usize = 0;
const TCP: usize = 1;
const LOCAL: usize = 2;
const CONNECTED: usize = 3;

const _: () = assert!(CONNECTED + CONNECTIONS <= crate::live::TOKENS);

/// One listener of a configuration.
#[derive(Debug)]
pub struct Listener {
    config: config::Listener,
    registered: Option<(Registry, Token)>,
    udp: Option<UdpSocket>,
    tcp: Option<TcpListener>,
    local: Option<UnixDatagram>,
    connections: Vec<Slot>,
    datagram: Vec<u8>,
    writer: Writer,
    deadline: Option<Millis>,
}

/// Room for one connection. Its memory is taken with the first and kept.
#[derive(Debug, Default)]
struct Slot {
    open: Option<Connection>,
    messages: Option<Stream<Vec<u8>>>,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    sender: IpAddr,
    /// When something came last.
    heard: Millis,
}

/// Makes records of messages.
#[derive(Debug)]
struct Writer {
    host: String,
    place: String,
    stamp: [u8; 15],
    text: Vec<u8>,
}

impl Listener {
    /// A listener as it is configured; its doors open in [`Live::register`].
    pub fn new(config: &config::Listener) -> Self {
        Self {
            config: config.clone(),
            registered: None,
            udp: None,
            tcp: None,
            local: None,
            connections: (0..CONNECTIONS).map(|_| Slot::default()).collect(),
            datagram: vec![0; DATAGRAM],
            writer: Writer { host: host(), place: String::new(), stamp: [b' '; 15], text: vec![0; TEXT_MAX] },
            deadline: None,
        }
    }

    /// All addresses of this machine, IPv6 among them where there is IPv6.
    fn bind<T>(&self, bind: impl Fn(SocketAddr) -> io::Result<T>) -> Result<T, Unopened> {
        let port = self.config.port;
        let bound = match self.config.local {
            Some(address) => bind(SocketAddr::new(address, port)),
            None => bind((Ipv6Addr::UNSPECIFIED, port).into())
                .or_else(|_| bind((Ipv4Addr::UNSPECIFIED, port).into())),
        };
        bound.map_err(|error| cannot_bind(port, &error))
    }

    fn open_udp(&mut self, registry: &Registry, first: Token) -> Result<(), Unopened> {
        if self.config.udp {
            let udp = self.udp.insert(self.bind(UdpSocket::bind)?);
            registry.register(udp, Token(first.0 + UDP), Interest::READABLE)?;
        }
        Ok(())
    }

    fn open_tcp(&mut self, registry: &Registry, first: Token) -> Result<(), Unopened> {
        if self.config.tcp {
            let tcp = self.tcp.insert(self.bind(TcpListener::bind)?);
            registry.register(tcp, Token(first.0 + TCP), Interest::READABLE)?;
        }
        Ok(())
    }

    fn open_local(&mut self, registry: &Registry, first: Token) -> Result<(), Unopened> {
        if let Some(path) = &self.config.socket {
            let local = self.local.insert(open_local(path)?);
            registry.register(local, Token(first.0 + LOCAL), Interest::READABLE)?;
        }
        Ok(())
    }

    /// Who may send: denied senders first, then allowed ones (OSSEC 4.3).
    fn may_send(&mut self, sender: IpAddr) -> bool {
        self.writer.from(sender);
        let sender = self.writer.place.as_bytes();
        let denied = self.config.denied.iter().any(|row| row.accepts(sender));
        !denied && list_matches(&self.config.allowed, sender)
    }

    fn datagrams(&mut self, sink: &mut Sink<'_>) -> bool {
        for _ in 0..TURN {
            let Some(udp) = &self.udp else { return false };
            match udp.recv_from(&mut self.datagram) {
                Ok((count, sender)) if self.may_send(sender.ip().to_canonical()) => {
                    let datagram = self.datagram.get(..count).unwrap_or(b"");
                    self.writer.give(datagram, 0, false, sink);
                }
                Ok(_) => {}
                Err(error) if goes_on(&error) => {}
                Err(_) => return false,
            }
        }
        true
    }

    fn local_datagrams(&mut self, sink: &mut Sink<'_>) -> bool {
        self.writer.place.clear();
        let socket = self.config.socket.as_deref().map(Path::to_string_lossy).unwrap_or_default();
        self.writer.place.push_str(&socket);
        for _ in 0..TURN {
            let Some(local) = &self.local else { return false };
            match local.recv(&mut self.datagram) {
                Ok(count) => {
                    let datagram = self.datagram.get(..count).unwrap_or(b"");
                    self.writer.give(datagram, 0, true, sink);
                }
                Err(error) if goes_on(&error) => {}
                Err(_) => return false,
            }
        }
        true
    }

    fn accept(&mut self, now: Millis) -> bool {
        for _ in 0..TURN {
            let Some(tcp) = &self.tcp else { return false };
            match tcp.accept() {
                // One that is not kept is closed here.
                Ok((stream, sender)) => self.keep(stream, sender.ip().to_canonical(), now),
                Err(error) if goes_on(&error) => {}
                Err(_) => return false,
            }
        }
        true
    }

    fn keep(&mut self, mut stream: TcpStream, sender: IpAddr, now: Millis) {
        if !self.may_send(sender) {
            return;
        }
        let Some((registry, first)) = &self.registered else { return };
        let free = self.connections.iter_mut().enumerate().find(|(_, slot)| slot.open.is_none());
        let Some((at, slot)) = free else { return };
        let token = Token(first.0 + CONNECTED + at);
        if registry.register(&mut stream, token, Interest::READABLE).is_ok() {
            slot.messages.get_or_insert_with(|| Stream::new(vec![0; TEXT_MAX]));
            slot.open = Some(Connection { stream, sender, heard: now });
        }
    }

    /// Reads a connection; true if more may be left.
    fn read(&mut self, at: usize, now: Millis, sink: &mut Sink<'_>) -> bool {
        let Some(slot) = self.connections.get_mut(at) else { return false };
        let writer = &mut self.writer;
        let mut buffer = [0; READ];
        for _ in 0..READS {
            let Slot { open: Some(connection), messages: Some(messages) } = slot else { return false };
            writer.from(connection.sender);
            match connection.stream.read(&mut buffer) {
                Ok(count @ 1..) => {
                    connection.heard = now;
                    let bytes = buffer.get(..count).unwrap_or(b"");
                    messages.push(bytes, &mut |message| writer.give(message.text, message.cut, false, sink));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) if goes_on(&error) => {}
                Ok(_) | Err(_) => {
                    slot.close(writer, sink);
                    return false;
                }
            }
        }
        true
    }
}

/// Whether the next call may bring something although this one failed.
fn goes_on(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused
    )
}

impl Slot {
    /// Closes the connection and hands on what it left.
    fn close(&mut self, writer: &mut Writer, sink: &mut Sink<'_>) {
        let (Some(connection), Some(messages)) = (self.open.take(), &mut self.messages) else { return };
        writer.from(connection.sender);
        messages.finish(&mut |message| writer.give(message.text, message.cut, false, sink));
    }
}

impl Writer {
    /// What follows comes from this sender.
    fn from(&mut self, sender: IpAddr) {
        self.place.clear();
        // A text takes all that is written.
        let _ = write!(self.place, "{sender}");
    }

    fn give(&mut self, bytes: &[u8], cut: u32, local: bool, sink: &mut Sink<'_>) {
        let host = if local { &self.host } else { &self.place };
        let origin = Origin { host: host.as_bytes(), stamp: &self.stamp, local };
        let message = message(bytes, &origin, &mut self.text);
        if !message.text.is_empty() {
            let (queue, cut) = (if local { b'1' } else { b'2' }, cut.saturating_add(message.cut));
            sink(Heard { place: &self.place, queue, cut, text: message.text });
        }
    }
}

fn cannot_bind(port: u16, error: &io::Error) -> Unopened {
    Unopened(format!("cannot receive syslog on port {port}: {error}"))
}

/// Opens the Unix socket; one that nobody listens on any more is replaced.
fn open_local(path: &Path) -> Result<UnixDatagram, Unopened> {
    let failed =
        |why: &dyn std::fmt::Display| Unopened(format!("cannot receive syslog at {}: {why}", path.display()));
    if std::os::unix::net::UnixDatagram::unbound()?.connect(path).is_ok() {
        return Err(failed(&"another program receives there; end it, or leave this <socket> out"));
    }
    let is_socket = |path: &Path| {
        use std::os::unix::fs::FileTypeExt;
        path.symlink_metadata().is_ok_and(|found| found.file_type().is_socket())
    };
    if is_socket(path) {
        std::fs::remove_file(path).map_err(|error| failed(&error))?;
    }
    let socket = UnixDatagram::bind(path).map_err(|error| failed(&error))?;
    // Every program may log.
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o666)).map_err(|error| failed(&error))?;
    Ok(socket)
}

impl Live for Listener {
    /// A door that cannot open does not keep the others closed.
    fn register(&mut self, registry: &Registry, first: Token) -> Result<(), Unopened> {
        self.registered = Some((registry.try_clone()?, first));
        let doors = [
            self.open_udp(registry, first),
            self.open_tcp(registry, first),
            self.open_local(registry, first),
        ];
        doors.into_iter().collect()
    }

    fn ready(&mut self, token: Token, now: Millis, sink: &mut Sink<'_>) -> bool {
        let Some((_, first)) = &self.registered else { return false };
        let what = token.0.wrapping_sub(first.0);
        self.writer.stamp = stamp(local_time(epoch_s()));
        let more = match what {
            UDP => self.datagrams(sink),
            TCP => self.accept(now),
            LOCAL => self.local_datagrams(sink),
            _ => self.read(what.wrapping_sub(CONNECTED), now, sink),
        };
        if self.deadline.is_none() && self.connections.iter().any(|slot| slot.open.is_some()) {
            self.deadline = Some(now.plus(IDLE_MS));
        }
        more
    }

    fn tick(&mut self, now: Millis, sink: &mut Sink<'_>) {
        let silent = |slot: &&mut Slot| {
            slot.open.as_ref().is_some_and(|connection| now.since(connection.heard) >= IDLE_MS)
        };
        self.connections.iter_mut().filter(silent).for_each(|slot| slot.close(&mut self.writer, sink));
        let open = self.connections.iter().filter_map(|slot| slot.open.as_ref());
        self.deadline = open.map(|connection| connection.heard.plus(IDLE_MS)).min();
    }

    fn next_deadline(&self) -> Option<Millis> {
        self.deadline
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let (Some(_), Some(path)) = (&self.local, &self.config.socket) {
            // Nobody else receives there, and who comes next replaces it anyway.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests;
