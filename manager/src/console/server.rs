//! Connections: let in, counted, served, closed.
//!
//! A runtime of its own with two threads, so that neither the engine nor the
//! agents wait for a browser. There is a limit on everything: connections in
//! all and from one address, the time for a handshake, for a head, for a body,
//! and for taking an answer.

use super::front::Front;
use super::guard::Peer;
use super::tls::Files;
use super::view::rules::Rulebook;
use super::{Accounts, Console, Daemon, accounts, first, lock, route};
use crate::config;
use crate::news;
use crate::ruleset::Loaded;
use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use nix::sys::socket::{setsockopt, sockopt::TcpUserTimeout};
use rustls::ServerConfig;
use std::collections::HashMap;
use std::io::{self, IsTerminal};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// Connections that may be open, and those of one address elsewhere.
const CONNECTIONS_MAX: usize = 256;
const OF_ADDRESS_MAX: usize = 64;

/// How long a handshake may take, and the head of a request; a connection on
/// which nothing is asked is closed after that time, too.
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEAD: Duration = Duration::from_secs(10);

/// Milliseconds that somebody may not take what is sent.
const TAKING_MS: u32 = 30_000;

/// Bytes of the head of a request, which holds the filters of a page.
const HEAD_MAX: usize = 32 << 10;

/// Threads for questions, which end when there are none.
const BLOCKING_MAX: usize = 8;
const BLOCKING_REST: Duration = Duration::from_secs(5);

/// Why there is no console.
#[derive(Debug, Error)]
pub enum StartError {
    /// What is configured cannot be served safely, or at all.
    #[error("{0}")]
    Unsafe(String),
    /// The accounts cannot be used.
    #[error(transparent)]
    Accounts(#[from] accounts::AccountError),
    /// The port, or something else of the system, cannot be had.
    #[error("the console cannot be served at {address}: {source}")]
    Io {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// Serves the console until it is dropped.
#[derive(Debug)]
pub struct Server {
    runtime: Option<Runtime>,
    console: Arc<Console>,
    tls: Option<Arc<Tls>>,
}

/// How TLS is spoken at the moment.
#[derive(Debug)]
struct Tls {
    files: Files,
    config: Mutex<Arc<ServerConfig>>,
}

impl Server {
    /// Starts serving as configured.
    pub fn start(configured: &config::Console, daemon: Daemon) -> Result<Self, StartError> {
        let address = configured.address();
        let io = |source| StartError::Io { address, source };
        let accounts = Accounts::open(&daemon.home)?;
        let has_users = accounts.has_users()?;
        let tls = tls(configured, has_users)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(BLOCKING_MAX)
            .thread_keep_alive(BLOCKING_REST)
            .thread_name("console")
            .enable_all()
            .build()
            .map_err(io)?;
        let listener = runtime.block_on(TcpListener::bind(address)).map_err(io)?;
        let bound = listener.local_addr().map_err(io)?;
        let front = Front::new(bound, tls.is_some(), configured.tls == Some(false));
        let first_key = match has_users {
            true => {
                first::remove_key(&daemon.home);
                None
            }
            false => Some(first::open_key(&daemon.home).map_err(io)?),
        };
        tell(&front, first_key.as_deref(), &daemon);
        let console = Arc::new(Console::new(daemon, front, accounts, first_key));
        runtime.spawn(tick(Arc::clone(&console)));
        runtime.spawn(listen(listener, route::router(Arc::clone(&console)), tls.clone()));
        Ok(Self { runtime: Some(runtime), console, tls })
    }

    /// Rules, and perhaps certificates, are other ones from now on.
    pub fn reloaded(&self, rules: &Arc<Loaded>) {
        *lock(&self.console.rules) = Arc::new(Rulebook::new(Arc::clone(rules)));
        let Some(tls) = &self.tls else { return };
        match tls.files.read() {
            Ok(config) => *lock(&tls.config) = config,
            Err(error) => news::tell(format_args!("console: {error}; the old certificate stays in use")),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.console.stopped.send_replace(true);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}

/// What is needed to be served at an address that others can reach.
fn tls(configured: &config::Console, has_users: bool) -> Result<Option<Arc<Tls>>, StartError> {
    let address = configured.address();
    let is_for_all = !address.ip().to_canonical().is_loopback();
    if is_for_all && !has_users {
        return Err(StartError::Unsafe(format!(
            "the console cannot be served at {address} before there is a user: \
             run `bartizan console user add NAME --role administrator` first"
        )));
    }
    match (&configured.certificate, &configured.private_key) {
        (Some(certificate), Some(private_key)) => {
            let files = Files { certificate: certificate.clone(), private_key: private_key.clone() };
            let config = files.read().map_err(StartError::Unsafe)?;
            Ok(Some(Arc::new(Tls { files, config: Mutex::new(config) })))
        }
        _ if is_for_all && configured.tls != Some(false) => Err(StartError::Unsafe(format!(
            "the console cannot be served at {address} without TLS: name <certificate> and <private_key> in \
             <console>, or write <tls>no</tls> if a proxy in front speaks it"
        ))),
        _ => Ok(None),
    }
}

/// Says where the console is. The key is shown to a person only: what else
/// hears standard error may keep it.
fn tell(front: &Front, first_key: Option<&str>, daemon: &Daemon) {
    match first_key {
        None => news::show(&format!("the console is at {}\n", front.url("/"))),
        Some(key) if io::stderr().is_terminal() => {
            news::show(&format!("begin with the console: {}\n", front.url(&first::path_with(key))));
        }
        Some(_) => news::show(&format!(
            "begin with the console: {} with the key that stands in {}\n",
            front.url("/first?key=…"),
            first::key_file(&daemon.home).display()
        )),
    }
}

/// Counts seconds.
async fn tick(console: Arc<Console>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        console.pulse.tick();
    }
}

/// How many connections each address has.
#[derive(Debug, Default)]
struct Guests(Mutex<HashMap<IpAddr, usize>>);

/// One of them, until it is dropped.
#[derive(Debug)]
struct Guest {
    guests: Arc<Guests>,
    address: IpAddr,
}

impl Guests {
    /// Lets one in; none if there are too many of that address. This machine
    /// may be a proxy, behind which all are one.
    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Guest> {
        let mut all = lock(&self.0);
        let here = all.entry(address).or_default();
        if *here >= OF_ADDRESS_MAX && !address.is_loopback() {
            return None;
        }
        *here += 1;
        Some(Guest { guests: Arc::clone(self), address })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut all = lock(&self.guests.0);
        if let Some(here) = all.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                all.remove(&self.address);
            }
        }
    }
}

async fn listen(listener: TcpListener, router: Router, tls: Option<Arc<Tls>>) {
    let open = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let guests = Arc::new(Guests::default());
    loop {
        let Ok(place) = Arc::clone(&open).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            // Out of descriptors: others give some back.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let Some(guest) = guests.enter(peer.ip()) else { continue };
        let (router, tls) = (router.clone(), tls.clone());
        tokio::spawn(async move {
            let _held = (place, guest);
            // Who goes away in between is no matter.
            let _ = serve(stream, peer, router, tls.as_deref()).await;
        });
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, router: Router, tls: Option<&Tls>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    setsockopt(&stream, TcpUserTimeout, &TAKING_MS)?;
    let Some(tls) = tls else { return talk(stream, peer, router).await };
    let acceptor = TlsAcceptor::from(Arc::clone(&lock(&tls.config)));
    let stream = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await??;
    talk(stream, peer, router).await
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
) -> io::Result<()> {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.call(request)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .await
        .map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_all_places() {
        let guests = Arc::new(Guests::default());
        let stranger = IpAddr::from([192, 0, 2, 1]);
        let mut inside: Vec<_> = (0..OF_ADDRESS_MAX).map_while(|_| guests.enter(stranger)).collect();
        assert_eq!(inside.len(), OF_ADDRESS_MAX);
        assert!(guests.enter(stranger).is_none());
        assert!(guests.enter(IpAddr::from([192, 0, 2, 2])).is_some());
        inside.pop();
        assert!(guests.enter(stranger).is_some());
        inside.clear();
        assert!(lock(&guests.0).is_empty(), "who has gone is forgotten");
    }

    #[test]
    fn an_address_for_all_needs_a_user_and_tls_or_a_word_for_a_proxy() {
        let everywhere = SocketAddr::from(([0, 0, 0, 0], 1518));
        let with = |tls_option, has_users| {
            let configured =
                config::Console { address: Some(everywhere), tls: tls_option, ..config::Console::default() };
            tls(&configured, has_users).map(|tls| tls.is_some()).map_err(|error| error.to_string())
        };
        assert!(with(Some(false), false).is_err_and(|error| error.contains("before there is a user")));
        assert!(with(None, true).is_err_and(|error| error.contains("without TLS")));
        assert_eq!(with(Some(false), true), Ok(false));
        assert!(matches!(tls(&config::Console::default(), false), Ok(None)), "this machine alone needs none");
    }
}
