//! Devices that send syslog: datagrams and connections, from the networks
//! that the configuration allows.
//!
//! Where a message comes from is the address of its sender, as in OSSEC 4.3.
//! While the engine is behind, connections are not read further; datagrams
//! wait a moment in the system's memory and are dropped then, counted, and
//! reported as an event.

use super::epoch_now;
use super::intake::{Door, Raw};
use crate::config::{Connection, Remote};
use crate::news;
use crate::outputs::clock::LocalClock;
use bartizan_core::assemble::stream::Stream;
use bartizan_core::assemble::syslog::{self, Origin};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::rules::address::AddressRow;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;

/// Bytes of a datagram; a longer one is cut by the system.
const DATAGRAM_MAX: usize = 65_535;

/// Connections at a time, of one `<remote>`.
const CONNECTIONS_MAX: usize = 1024;

/// How long a connection may be silent.
const IDLE: Duration = Duration::from_secs(3600);

/// How long a datagram waits for room.
const PATIENCE: Duration = Duration::from_millis(100);

/// How often what was dropped is reported.
const REPORT: Duration = Duration::from_secs(60);

/// Serves what the configuration asks for, on the runtime of the caller.
/// A port that cannot be had is told, and tried again.
pub fn serve(remotes: &[Remote], door: &Door) {
    for remote in remotes.iter().filter(|remote| remote.connection == Connection::Syslog) {
        let remote = Arc::new(remote.clone());
        if remote.udp {
            tokio::spawn(datagrams(Arc::clone(&remote), Desk::new(door)));
        }
        if remote.tcp {
            tokio::spawn(connections(remote, door.clone()));
        }
    }
}

/// Where the listener of a `<remote>` is.
pub fn address(remote: &Remote) -> SocketAddr {
    let any = if remote.ipv6 { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { Ipv4Addr::UNSPECIFIED.into() };
    SocketAddr::new(remote.local_ip.unwrap_or(any), remote.port)
}

/// Whether a sender may send.
fn is_allowed(remote: &Remote, sender: IpAddr) -> bool {
    let text = sender.to_string();
    let Some(sender) = AddressRow::parse(text.as_bytes()) else { return false };
    let any = |list: &[AddressRow]| list.iter().any(|row| row.matches(&sender));
    any(&remote.allowed) && !any(&remote.denied)
}

/// Makes lines of messages.
struct Desk {
    door: Door,
    clock: LocalClock,
    buffer: Box<[u8]>,
    stamp: Vec<u8>,
}

impl Desk {
    fn new(door: &Door) -> Self {
        let (buffer, stamp) = (vec![0; TEXT_MAX].into_boxed_slice(), Vec::new());
        Self { door: door.clone(), clock: LocalClock::default(), buffer, stamp }
    }

    fn line(&mut self, message: &[u8], location: &Arc<[u8]>) -> Option<Raw> {
        let now = epoch_now();
        self.stamp.clear();
        self.clock.local(now).write_syslog(&mut self.stamp);
        let origin = Origin { host: location, stamp: &self.stamp, local: false };
        let text = syslog::message(message, &origin, &mut self.buffer).text;
        let (location, bytes) = (Arc::clone(location), text.to_vec());
        (!bytes.is_empty()).then_some(Raw { location, bytes, is_merged: false, time: now })
    }

    /// Gives a line as soon as there is room; gives it back after `patience`.
    async fn give(&self, mut line: Raw, patience: Duration) -> Result<(), Raw> {
        let start = Instant::now();
        loop {
            match self.door.try_line(line) {
                Ok(()) => return Ok(()),
                Err(back) if start.elapsed() >= patience => return Err(back),
                Err(back) => line = back,
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn location(sender: IpAddr) -> Arc<[u8]> {
    Arc::from(sender.to_string().into_bytes())
}

async fn datagrams(remote: Arc<Remote>, mut desk: Desk) {
    let socket = bound(&remote, "UDP", UdpSocket::bind).await;
    let mut datagram = vec![0; DATAGRAM_MAX];
    let mut dropped = 0u64;
    let mut reported = Instant::now();
    loop {
        // An answer that nobody listens to shows up as an error here.
        let Ok((length, sender)) = socket.recv_from(&mut datagram).await else { continue };
        let sender = sender.ip().to_canonical();
        if is_allowed(&remote, sender)
            && let Some(line) = desk.line(datagram.get(..length).unwrap_or_default(), &location(sender))
            && desk.give(line, if dropped == 0 { PATIENCE } else { Duration::ZERO }).await.is_err()
        {
            dropped += 1;
        }
        if dropped > 0 && reported.elapsed() >= REPORT {
            let text = format!("ossec: Agent lost {dropped} records of 'syslog', which came too fast.");
            let (location, bytes) = (Arc::from(&b"bartizan"[..]), text.into());
            let raw = Raw { location, bytes, is_merged: false, time: epoch_now() };
            desk.door.note(raw);
            (dropped, reported) = (0, Instant::now());
        }
    }
}

async fn connections(remote: Arc<Remote>, door: Door) {
    let listener = bound(&remote, "TCP", TcpListener::bind).await;
    let open = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&open).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, sender)) => {
                let sender = sender.ip().to_canonical();
                if is_allowed(&remote, sender) {
                    let desk = Desk::new(&door);
                    tokio::spawn(async move {
                        let _place = place;
                        // A sender that goes away is no news.
                        let _ = messages(stream, sender, desk).await;
                    });
                }
            }
            // Out of descriptors: others give some back.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn messages(mut stream: TcpStream, sender: IpAddr, mut desk: Desk) -> io::Result<()> {
    let location = location(sender);
    let mut messages = Stream::new(vec![0; TEXT_MAX]);
    let mut bytes = vec![0; 16 << 10];
    loop {
        let length = tokio::time::timeout(IDLE, stream.read(&mut bytes)).await??;
        let mut lines = Vec::new();
        let mut take = |text: &[u8]| lines.extend(desk.line(text, &location));
        if length == 0 {
            messages.finish(&mut |message| take(message.text));
        } else {
            messages.push(bytes.get(..length).unwrap_or_default(), &mut |message| take(message.text));
        }
        for line in lines {
            // Waits as long as it takes: the sender's connection fills up.
            let _ = desk.give(line, Duration::MAX).await;
        }
        if length == 0 {
            return Ok(());
        }
    }
}

/// Binds, and tries again as long as it cannot be done.
async fn bound<T, F: Future<Output = io::Result<T>>>(
    remote: &Remote,
    kind: &str,
    bind: impl Fn(SocketAddr) -> F,
) -> T {
    let address = address(remote);
    let mut told = false;
    loop {
        match bind(address).await {
            Ok(bound) => {
                news::tell(format_args!("syslog is heard on {address} ({kind})"));
                return bound;
            }
            Err(error) if !told => {
                let help = match error.kind() {
                    io::ErrorKind::PermissionDenied => "; ports below 1024 need root or CAP_NET_BIND_SERVICE",
                    _ => "",
                };
                news::tell(format_args!(
                    "syslog cannot be heard on {address} ({kind}): {error}; it is tried again{help}"
                ));
                told = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}
