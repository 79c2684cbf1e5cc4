//! Connections of agents: let in, heard, closed.
//!
//! A runtime of its own with two threads serves all of them; the engine never
//! waits for it. Nobody is let in whose first message does not prove a key,
//! and a bounded number may try at a time. The port is opened when the first
//! agent is added: a manager without agents listens to nobody.

use super::connection;
use super::control;
use super::hub::{Hub, lock};
use crate::config::Remote;
use crate::news;
use crate::respond::socket;
use crate::sources::{epoch_now, syslog};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

/// Connections that may be open.
const CONNECTIONS_MAX: usize = 16_384;

/// Connections that may be in their handshake.
const HANDSHAKES_MAX: usize = 256;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How often it is looked whether there is an agent by now, and whether
/// anybody has become silent.
const LOOK: Duration = Duration::from_secs(1);

/// How often learned rhythms are written down.
const KEEP: Duration = Duration::from_secs(600);

/// Serves agents until it is dropped.
#[derive(Debug)]
pub struct Listener {
    runtime: Option<Runtime>,
}

impl Listener {
    /// Starts serving agents at these addresses, what `remotes` asks for, and
    /// the control socket.
    pub fn start(hub: Arc<Hub>, addresses: Vec<SocketAddr>, remotes: &[Remote]) -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(2).thread_name("agents").enable_all().build()?;
        raise_descriptors();
        let inside = runtime.enter();
        runtime.spawn(control::serve(control::bind(&hub.home)?, Arc::clone(&hub)));
        match socket::bind(&hub.home) {
            Ok(socket) => drop(runtime.spawn(socket::serve(socket, hub.desk.clone()))),
            Err(error) => news::tell(format_args!("cannot listen at {}: {error}", socket::PATH)),
        }
        runtime.spawn(look_after(Arc::clone(&hub)));
        syslog::serve(remotes, &hub.door);
        for address in addresses {
            runtime.spawn(listen(Arc::clone(&hub), address));
        }
        drop(inside);
        Ok(Self { runtime: Some(runtime) })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Connections need no farewell: agents come again.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}

/// A connection is a descriptor: takes as many as the system lets us have.
fn raise_descriptors() {
    const WANTED: u64 = CONNECTIONS_MAX as u64 + 1024;
    if let Ok((now, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let wanted = WANTED.min(most).max(now);
        // With fewer there is room for fewer agents; those in excess wait.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, wanted, most);
    }
}

/// Says who is away and which sources have stopped.
async fn look_after(hub: Arc<Hub>) {
    let mut ticks = tokio::time::interval(LOOK);
    let mut kept = tokio::time::Instant::now();
    loop {
        ticks.tick().await;
        let remarks = lock(&hub.watchers).check(epoch_now());
        for remark in remarks {
            hub.note(remark.location.as_bytes(), remark.text);
        }
        if kept.elapsed() >= KEEP {
            kept = tokio::time::Instant::now();
            hub.keep_rhythms();
        }
    }
}

async fn listen(hub: Arc<Hub>, address: SocketAddr) {
    while !hub.has_agents() {
        tokio::time::sleep(LOOK).await;
    }
    let listener = bind(address).await;
    if let Ok(bound) = listener.local_addr() {
        lock(&hub.listening).push(bound);
        news::tell(format_args!("agents can connect to {bound}"));
    }
    let open = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let shaking = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let Ok(place) = Arc::clone(&open).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let (hub, shaking) = (Arc::clone(&hub), Arc::clone(&shaking));
                tokio::spawn(async move {
                    let _place = place;
                    serve(&hub, &shaking, stream, peer).await;
                });
            }
            // Out of descriptors: others give some back.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Binds, and tries again as long as somebody else has the port.
async fn bind(address: SocketAddr) -> TcpListener {
    let mut told = false;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(error) if !told => {
                news::tell(format_args!(
                    "agents cannot connect: {address}: {error}; it is tried again, or choose another with --listen"
                ));
                told = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

async fn serve(hub: &Arc<Hub>, shaking: &Semaphore, stream: TcpStream, peer: SocketAddr) {
    let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
    // Small messages go at once.
    let _ = stream.set_nodelay(true);
    let caller = {
        let Ok(_place) = shaking.acquire().await else { return };
        match tokio::time::timeout(HANDSHAKE, connection::Wire::shake_hands(hub, stream)).await {
            Ok(Ok(caller)) => caller,
            // Somebody who does not know us; there are many on the net.
            Ok(Err(_)) | Err(_) => return,
        }
    };
    connection::serve(hub, caller, peer).await;
}
