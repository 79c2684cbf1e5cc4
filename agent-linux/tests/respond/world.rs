//! Two machines: the test's thread lives on the agent's, a thread of its own
//! on a neighbour's. Between them is a cable.
//!
//! | | agent's | neighbour's |
//! |---|---|---|
//! | IPv4 | 192.0.2.1 | 192.0.2.2, .3, .4 |
//! | IPv6 | 2001:db8::1 | 2001:db8::2, ::3, ::4 |
//!
//! The gateway is 192.0.2.2, and 2001:db8::2.

use crate::keeper::wait;
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, SockaddrIn6, bind, connect, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeVal;
use nix::unistd::{geteuid, gettid};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use tempfile::TempDir;

/// Programs that the tests, or what they test, start.
const TOOLS: [&str; 8] = ["nft", "ip", "ipset", "iptables", "mount", "passwd", "useradd", "setpriv"];

pub(crate) fn is_installed(tool: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join(tool).exists())
}

type Errand = Box<dyn FnOnce() + Send>;

/// The neighbour's machine, and what is on the agent's.
pub(crate) struct World {
    neighbour: Sender<Errand>,
    /// Something that listens, so that a neighbour can connect.
    listener: TcpListener,
    etc: TempDir,
}

impl World {
    /// Makes both machines. `None`, and a line that says so, where that is not
    /// allowed, or a program is missing.
    pub(crate) fn new() -> Option<Self> {
        if !geteuid().is_root() {
            eprintln!("left out: only root makes network name spaces");
            return None;
        }
        if let Some(missing) = TOOLS.iter().find(|tool| !is_installed(tool)) {
            eprintln!("left out: there is no `{missing}` here");
            return None;
        }
        if let Err(error) = unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS) {
            eprintln!("left out: no name spaces of its own: {error}");
            return None;
        }
        run("mount --make-rprivate /");
        let etc = tempfile::tempdir().unwrap();
        run(&format!("cp -a /etc/. {}", etc.path().display()));
        run(&format!("mount --bind {} /etc", etc.path().display()));
        run("mount -t tmpfs tmpfs /run");
        std::fs::write("/etc/resolv.conf", "nameserver 198.51.100.53\n").unwrap();
        let neighbour = neighbour();
        run("ip link set lo up");
        for address in ["192.0.2.1/24", "2001:db8::1/64"] {
            run(&format!("ip address add {address} dev cable nodad"));
        }
        run("ip link set cable up");
        run("ip route add default via 192.0.2.2");
        run("ip route add default via 2001:db8::2");
        let listener = TcpListener::bind("[::]:0").unwrap();
        let world = Self { neighbour, listener, etc };
        for address in ["192.0.2.3", "2001:db8::3"] {
            wait("the cable", || world.connects_from(address));
        }
        Some(world)
    }

    /// Does something on the neighbour's machine.
    pub(crate) fn there<T: Send + 'static>(&self, errand: impl FnOnce() -> T + Send + 'static) -> T {
        let (answer, answered) = channel();
        self.neighbour.send(Box::new(move || answer.send(errand()).unwrap())).unwrap();
        answered.recv().unwrap()
    }

    /// Whether a neighbour of this address can connect to the agent's machine.
    pub(crate) fn connects_from(&self, address: &str) -> bool {
        let from: IpAddr = address.parse().unwrap();
        let to = if from.is_ipv4() { "192.0.2.1" } else { "2001:db8::1" };
        let to = SocketAddr::new(to.parse().unwrap(), self.listener.local_addr().unwrap().port());
        self.there(move || try_connect(from, to))
    }

    /// The agent's `/etc`.
    pub(crate) fn etc(&self) -> &std::path::Path {
        self.etc.path()
    }
}

/// Makes the other machine; its end of the cable is up.
fn neighbour() -> Sender<Errand> {
    let (errands, to_run) = channel::<Errand>();
    let (made, is_made) = channel();
    let first = gettid();
    thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        run("ip link set lo up");
        run(&format!("ip link add far type veth peer name cable netns {first}"));
        for last in 2..=4 {
            run(&format!("ip address add 192.0.2.{last}/24 dev far"));
            run(&format!("ip address add 2001:db8::{last}/64 dev far nodad"));
        }
        run("ip link set far up");
        made.send(()).unwrap();
        to_run.into_iter().for_each(|errand| errand());
    });
    is_made.recv().expect("a neighbour");
    errands
}

/// Connects within a moment, or not at all.
fn try_connect(from: IpAddr, to: SocketAddr) -> bool {
    let family = if from.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let socket = socket(family, SockType::Stream, SockFlag::empty(), None).unwrap();
    setsockopt(&socket, sockopt::SendTimeout, &TimeVal::new(0, 200_000)).unwrap();
    match (SocketAddr::new(from, 0), to) {
        (SocketAddr::V4(from), SocketAddr::V4(to)) => {
            bind(socket.as_raw_fd(), &SockaddrIn::from(from)).unwrap();
            connect(socket.as_raw_fd(), &SockaddrIn::from(to)).is_ok()
        }
        (SocketAddr::V6(from), SocketAddr::V6(to)) => {
            bind(socket.as_raw_fd(), &SockaddrIn6::from(from)).unwrap();
            connect(socket.as_raw_fd(), &SockaddrIn6::from(to)).is_ok()
        }
        _ => unreachable!(),
    }
}

/// Runs a command on this thread's machine; its standard output.
pub(crate) fn run(line: &str) -> String {
    let output = output(line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a command on this thread's machine.
pub(crate) fn output(line: &str) -> Output {
    let words: Vec<&str> = line.split(' ').collect();
    Command::new(words[0]).args(&words[1..]).stdin(Stdio::null()).output().expect(line)
}
