//! Where a machine is whose name is known: `/etc/hosts`, then the name servers
//! of `/etc/resolv.conf`, as musl asks them.
//!
//! All servers are asked at once for both kinds of address, and the first
//! answer counts. It takes at most [`ROUNDS`] times [`ROUND_MS`] for each name
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

use crate::host;
use bartizan_core::time::Millis;
use dns::{ANSWER_MAX, Answer, Kind};
use files::Conf;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::AsFd;

/// How often a question is sent.
const ROUNDS: usize = 2;

/// How long each time is waited for an answer.
const ROUND_MS: u64 = 2500;

/// Where a machine is: the first of its addresses that there is a route to.
/// Those of IPv6 come first if a server names them.
///
/// # Errors
/// The name has no address, no server answers, or it is no name.
pub fn resolve(host: &str, port: u16) -> io::Result<SocketAddr> {
    if let Ok(address) = host.parse() {
        return Ok(SocketAddr::new(address, port));
    }
    if let Some((address, zone)) = host.split_once('%') {
        return in_zone(address, zone, port).ok_or_else(|| io::ErrorKind::InvalidInput.into());
    }
    let mut found = files::hosts(&files::read("/etc/hosts"), host);
    if found.is_empty() {
        found = ask_for(host, &Conf::read(&files::read("/etc/resolv.conf")))?;
    }
    let there = |address: &IpAddr| has_route(SocketAddr::new(*address, port));
    let best = found.iter().copied().find(there).or(found.first().copied());
    let best = best.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))?;
    Ok(SocketAddr::new(best, port))
}

/// An address that only counts on one network: `fe80::1%eth0`, `fe80::1%2`.
fn in_zone(address: &str, zone: &str, port: u16) -> Option<SocketAddr> {
    let address: Ipv6Addr = address.parse().ok()?;
    let index = || fs::read_to_string(["/sys/class/net/", zone, "/ifindex"].concat()).ok();
    let index = zone.parse().ok().or_else(|| index()?.trim().parse().ok())?;
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
fn ask_for(host: &str, conf: &Conf) -> io::Result<Vec<IpAddr>> {
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
fn ask(name: &str, servers: &[SocketAddr]) -> io::Result<Vec<IpAddr>> {
    let id = host::random()? as u16;
    let questions = [(id, Kind::V6), (!id, Kind::V4)].map(|(id, kind)| dns::question(id, name, kind));
    let [Some(v6), Some(v4)] = questions else { return Err(io::ErrorKind::InvalidInput.into()) };
    let sockets = servers.iter().filter_map(|server| socket_to(*server).ok()).collect();
    let mut asking = Asking { sockets, questions: [(v6, None), (v4, None)], is_owed: 0 };
    for _ in 0..ROUNDS {
        asking.send();
        asking.receive(host::now().plus(ROUND_MS))?;
    }
    let [(_, v6), (_, v4)] = asking.questions;
    match (v6, v4) {
        (None, None) => Err(io::Error::new(io::ErrorKind::TimedOut, "no name server answers")),
        (v6, v4) => Ok([v6, v4].into_iter().flatten().flatten().collect()),
    }
}

/// Questions on their way.
struct Asking {
    /// One to each server: what another one sends does not come in.
    sockets: Vec<UdpSocket>,
    /// Each with its answer.
    questions: [(Vec<u8>, Option<Vec<IpAddr>>); 2],
    /// Answers that may still come.
    is_owed: usize,
}

impl Asking {
    fn is_answered(&self) -> bool {
        self.questions.iter().all(|(_, answer)| answer.is_some())
    }

    /// Sends what is not answered.
    fn send(&mut self) {
        for (question, _) in self.questions.iter().filter(|(_, answer)| answer.is_none()) {
            let sent = self.sockets.iter().filter(|socket| socket.send(question).is_ok());
            self.is_owed += sent.count();
        }
    }

    /// Receives until all is answered, nothing more can come, or it is time.
    fn receive(&mut self, end: Millis) -> io::Result<()> {
        while self.is_owed > 0 && !self.is_answered() {
            let mut files: Vec<_> =
                self.sockets.iter().map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)).collect();
            let left = u16::try_from(end.since(host::now())).unwrap_or(u16::MAX);
            if left == 0 || poll(&mut files, PollTimeout::from(left))? == 0 {
                return Ok(());
            }
            self.take();
        }
        Ok(())
    }

    /// Takes one message of each server, if there is one.
    fn take(&mut self) {
        let mut buffer = [0; ANSWER_MAX];
        for socket in &self.sockets {
            let answer = match socket.recv(&mut buffer) {
                Ok(len) => self.questions.iter_mut().find_map(|(question, answer)| {
                    Some((dns::answer(question, buffer.get(..len)?)?, answer))
                }),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                // Nobody is there.
                Err(_) => {
                    self.is_owed = self.is_owed.saturating_sub(1);
                    continue;
                }
            };
            let Some((said, answer)) = answer else { continue };
            self.is_owed = self.is_owed.saturating_sub(1);
            if let Answer::Addresses(addresses) = said {
                answer.get_or_insert(addresses);
            }
        }
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
