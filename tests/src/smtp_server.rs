//! A mail server for tests, on this machine: it does what RFC 5321 says until
//! it is told to fail, and remembers every mail it was given.

mod line;
mod talk;

use crate::process::DEADLINE;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;
use talk::serve;

/// Where a server is in its dialogue, before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Somebody has connected.
    Greeting,
    /// `EHLO` or `HELO`.
    Hello,
    /// `STARTTLS`.
    StartTls,
    /// A name and a password.
    Login,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// `DATA`.
    Data,
    /// The whole mail has come.
    Message,
}

/// What it does instead of answering well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It says this, a line without its end.
    Say(&'static str),
    /// It says this and closes the connection.
    SayAndClose(&'static str),
    /// It closes the connection. At [`Stage::Message`] it has taken the mail,
    /// but nobody knows.
    Close,
    /// It says nothing until the other side gives up.
    Silence,
    /// It says its answer byte by byte, with pauses.
    Drip,
}

/// How a server is to be.
#[derive(Clone, Debug)]
pub struct SmtpOptions {
    /// TLS from the first byte.
    pub tls_first: bool,
    /// `STARTTLS` is offered.
    pub starttls: bool,
    /// Mail is only taken from this name with this password.
    pub login: Option<(&'static str, &'static str)>,
    /// The ways to log in that it offers.
    pub mechanisms: &'static str,
    /// What it offers besides.
    pub extensions: Vec<&'static str>,
    /// It knows `EHLO`.
    pub extended: bool,
    /// Who writes for the first time is told to come again (greylisting).
    pub greylist: bool,
    /// Mailboxes that there are not.
    pub unknown: Vec<&'static str>,
}

impl Default for SmtpOptions {
    fn default() -> Self {
        Self {
            tls_first: false,
            starttls: false,
            login: None,
            mechanisms: "PLAIN LOGIN",
            extensions: vec!["8BITMIME", "SMTPUTF8", "SIZE 10000000", "ENHANCEDSTATUSCODES"],
            extended: true,
            greylist: false,
            unknown: Vec::new(),
        }
    }
}

/// A mail as it came.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// `MAIL FROM`.
    pub from: String,
    /// `RCPT TO`, of those that were not refused.
    pub to: Vec<String>,
    /// Header and body, with the dots that belong to it.
    pub bytes: Vec<u8>,
    /// `BODY=8BITMIME` was said.
    pub eight_bit: bool,
    /// `SMTPUTF8` was said.
    pub utf8: bool,
    /// The connection was secret.
    pub secret: bool,
    /// Who had logged in.
    pub login: Option<String>,
    /// When the sender was told that it is taken; `None` if it was not.
    pub confirmed: Option<Instant>,
}

impl Received {
    /// The value of the first header of a name, on one line.
    pub fn header(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes).replace("\r\n ", " ").replace("\r\n\t", " ");
        let head = text.split("\r\n\r\n").next().unwrap_or_default().to_owned();
        let value =
            |line: &str| Some(line.split_once(':').filter(|(found, _)| *found == name)?.1.trim().to_owned());
        head.lines().find_map(value)
    }

    /// What its `Message-ID` says.
    ///
    /// # Panics
    /// If it has none.
    pub fn message_id(&self) -> String {
        self.header("Message-ID").expect("a mail has a Message-ID")
    }
}

/// What all connections share.
#[derive(Default)]
struct Shared {
    mails: Mutex<Vec<Received>>,
    arrived: Condvar,
    /// Faults, each with how often it still happens.
    faults: Mutex<Vec<(Stage, Fault, usize)>>,
    /// Who has been told to come again.
    seen: Mutex<Vec<(String, String)>>,
    connections: Mutex<usize>,
    /// Everything that was said to the server, passwords too.
    heard: Mutex<String>,
    stop: AtomicBool,
}

/// A server that runs; it ends when it is dropped.
pub struct SmtpServer {
    /// Where it listens: a port of the loopback.
    pub address: SocketAddr,
    /// The certificate that it shows, as PEM. It is for `localhost` and 127.0.0.1.
    pub certificate: String,
    shared: Arc<Shared>,
}

impl SmtpServer {
    /// Starts a server.
    ///
    /// # Panics
    /// If that fails.
    pub fn start(options: SmtpOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be opened");
        let address = listener.local_addr().expect("it has an address");
        let (tls, certificate) = certificate();
        let shared: Arc<Shared> = Arc::default();
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if of_thread.stop.load(Ordering::SeqCst) {
                    return;
                }
                *lock(&of_thread.connections) += 1;
                let (shared, options, tls) = (Arc::clone(&of_thread), options.clone(), Arc::clone(&tls));
                // A sender may break off at any moment.
                thread::spawn(move || serve(stream, &options, &tls, &shared).is_ok());
            }
        });
        Self { address, certificate, shared }
    }

    /// Fails so many times when it comes to this stage.
    pub fn fail(&self, stage: Stage, fault: Fault, times: usize) {
        lock(&self.shared.faults).push((stage, fault, times));
    }

    /// Does not fail any more.
    pub fn recover(&self) {
        lock(&self.shared.faults).clear();
    }

    /// All mails so far, those too that were not confirmed.
    pub fn mails(&self) -> Vec<Received> {
        lock(&self.shared.mails).clone()
    }

    /// The mails that were confirmed.
    pub fn confirmed(&self) -> Vec<Received> {
        self.mails().into_iter().filter(|mail| mail.confirmed.is_some()).collect()
    }

    /// Waits until so many mails are confirmed, and gives them.
    ///
    /// # Panics
    /// If that takes too long.
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        let until = Instant::now() + DEADLINE;
        let mut mails = lock(&self.shared.mails);
        while mails.iter().filter(|mail| mail.confirmed.is_some()).count() < count {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} of {count} mails came", mails.len());
            mails = self.shared.arrived.wait_timeout(mails, left).expect("nobody panics with it").0;
        }
        mails.iter().filter(|mail| mail.confirmed.is_some()).cloned().collect()
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        *lock(&self.shared.connections)
    }

    /// Everything that was said to it so far, passwords too.
    pub fn heard(&self) -> String {
        lock(&self.shared.heard).clone()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A certificate of its own, and how it is shown.
fn certificate() -> (Arc<ServerConfig>, String) {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate can be made");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a certificate and its key");
    (Arc::new(config), made.cert.pem())
}
