//! Where a machine is whose name is known: `/etc/hosts`, then the name servers
//! of `/etc/resolv.conf`, as musl asks them.
//!
//! All servers are asked at once for both kinds of address, and the first
//! answer counts. It takes at most `ROUNDS` times `ROUND_MS` for each name
//! that is tried. (The C library's resolver can do more and is 20 KB larger.)
//!
//! | room | what happens there |
//! |---|---|
//! | `files` | what `/etc/hosts` and `/etc/resolv.conf` say |
//! | `dns` | questions and answers |

mod dns;
mod files;
#[cfg(test)]
mod tests;

use crate::file;
use crate::host;
use bartizan_core::time::Millis;
use dns::{ANSWER_MAX, Answer, Kind};
use files::Conf;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::AsFd;

/// How often a question is sent.
const ROUNDS: usize = 2;

/// How long each time is waited for an answer.
const ROUND_MS: u64 = 2500;

/// Why it is not known where a machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// No machine can have such a name.
    NoName,
    /// The name has no address.
    NoAddress,
    /// No name server answers.
    NoAnswer,
}

impl Unknown {
    /// The same, for people.
    pub fn why(self) -> &'static str {
        match self {
            Self::NoName => "this is neither a name nor an address",
            Self::NoAddress => "the name has no address",
            Self::NoAnswer => "no name server answers",
        }
    }
}

/// Where a machine is: the first of its addresses that there is a route to.
/// Those of IPv6 come first if a server names them.
///
/// # Errors
/// Why that is not known.
pub fn resolve(host: &str, port: u16) -> Result<SocketAddr, Unknown> {
    if let Ok(address) = host.parse() {
        return Ok(SocketAddr::new(address, port));
    }
    if let Some((address, zone)) = host.split_once('%') {
        return in_zone(address, zone, port).ok_or(Unknown::NoName);
    }
    let mut found = files::hosts(&files::read("/etc/hosts"), host);
    if found.is_empty() {
        found = ask_for(host, &Conf::read(&files::read("/etc/resolv.conf")))?;
    }
    let there = |address: &IpAddr| has_route(SocketAddr::new(*address, port));
    let best = found.iter().copied().find(there).or(found.first().copied());
    best.map(|best| SocketAddr::new(best, port)).ok_or(Unknown::NoAddress)
}

/// An address that only counts on one network: `fe80::1%eth0`, `fe80::1%2`.
fn in_zone(address: &str, zone: &str, port: u16) -> Option<SocketAddr> {
    let address: Ipv6Addr = address.parse().ok()?;
    let index = || file::text(["/sys/class/net/", zone, "/ifindex"].concat()).trim().parse().ok();
    let index = zone.parse().ok().or_else(index)?;
    Some(SocketAddrV6::new(address, port, 0, index).into())
}

/// Whether packets to an address would go anywhere; none is sent.
fn has_route(to: SocketAddr) -> bool {
    socket_to(to).is_ok()
}

fn socket_to(to: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
    socket.connect(to)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Asks for a name and, if it has few dots, first for it in the domains that
/// are searched.
fn ask_for(host: &str, conf: &Conf<'_>) -> Result<Vec<IpAddr>, Unknown> {
    let dots = host.bytes().filter(|byte| *byte == b'.').count();
    let domains = if dots < conf.dots { conf.search.as_slice() } else { &[] };
    for domain in domains {
        let found = ask(&[host, ".", domain].concat(), &conf.servers)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    ask(host, &conf.servers)
}

/// Asks all servers for the addresses of a whole name.
fn ask(name: &str, servers: &[SocketAddr]) -> Result<Vec<IpAddr>, Unknown> {
    let id = host::random().map_err(|_| Unknown::NoAnswer)? as u16;
    let question = |id, kind| dns::question(id, name, kind).ok_or(Unknown::NoName);
    let questions = [(question(id, Kind::V6)?, None), (question(!id, Kind::V4)?, None)];
    let servers = servers.iter().filter_map(|server| socket_to(*server).ok()).collect();
    let mut asking = Asking { servers, questions };
    for _ in 0..ROUNDS {
        asking.send();
        asking.receive(host::now().plus(ROUND_MS));
    }
    let [(_, v6), (_, v4)] = asking.questions;
    if v6.is_none() && v4.is_none() {
        return Err(Unknown::NoAnswer);
    }
    let mut found = v6.unwrap_or_default();
    found.extend(v4.unwrap_or_default());
    Ok(found)
}

/// Questions on their way.
struct Asking {
    /// A socket to each server that may answer yet. What others send does not
    /// come in.
    servers: Vec<UdpSocket>,
    /// Each with its answer.
    questions: [(Vec<u8>, Option<Vec<IpAddr>>); 2],
}

impl Asking {
    fn is_answered(&self) -> bool {
        self.questions.iter().all(|(_, answer)| answer.is_some())
    }

    /// Sends what is not answered.
    fn send(&mut self) {
        for (question, _) in self.questions.iter().filter(|(_, answer)| answer.is_none()) {
            self.servers.retain(|server| server.send(question).is_ok());
        }
    }

    /// Receives until all is answered, nobody is left to answer, or it is time.
    fn receive(&mut self, end: Millis) {
        while !self.servers.is_empty() && !self.is_answered() {
            let left = u16::try_from(end.since(host::now())).unwrap_or(u16::MAX);
            let mut files: Vec<_> =
                self.servers.iter().map(|server| PollFd::new(server.as_fd(), PollFlags::POLLIN)).collect();
            if left == 0 || poll(&mut files, PollTimeout::from(left)) == Ok(0) {
                return;
            }
            self.take();
        }
    }

    /// Takes one message of each server, if there is one. A server that cannot
    /// answer, or is not there, is waited for no longer.
    fn take(&mut self) {
        let Self { servers, questions } = self;
        servers.retain(|server| {
            let mut buffer = [0; ANSWER_MAX];
            let len = match server.recv(&mut buffer) {
                Ok(len) => len,
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            };
            let message = buffer.get(..len).unwrap_or_default();
            for (question, answer) in questions.iter_mut() {
                match dns::answer(question, message) {
                    Some(Answer::Addresses(addresses)) => *answer = Some(addresses),
                    Some(Answer::Failed) => return false,
                    None => {}
                }
            }
            true
        });
    }
}

/// Reads any bytes as the files and as an answer: for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    files::hosts(&text, "manager");
    drop(Conf::read(&text));
    if let Some(question) = dns::question(0x1234, "manager.example", Kind::V4) {
        let header = [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 9, 0, 0, 0, 0];
        let asked = question.get(header.len()..).unwrap_or_default();
        dns::answer(&question, &[&header, asked, bytes].concat());
        dns::answer(&question, bytes);
    }
    dns::question(1, &text, Kind::V6);
}
