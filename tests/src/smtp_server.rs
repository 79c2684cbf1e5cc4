//! A mail server for tests, on this machine: it does what RFC 5321 says until
//! it is told to fail, and remembers every mail it was given.

use crate::process::DEADLINE;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use smtp_proto::request::receiver::DataReceiver;
use smtp_proto::{AUTH_LOGIN, AUTH_PLAIN, MAIL_BODY_8BITMIME, MAIL_SMTPUTF8, Request};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long it waits between two bytes, if it drips.
const DRIP: Duration = Duration::from_millis(50);

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

/// A connection, in the open or not.
enum Line {
    Open(TcpStream),
    Secret(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Line {
    fn secure(self, tls: &Arc<ServerConfig>) -> io::Result<Self> {
        let Self::Open(stream) = self else { return Ok(self) };
        let session = ServerConnection::new(Arc::clone(tls)).map_err(io::Error::other)?;
        Ok(Self::Secret(Box::new(StreamOwned::new(session, stream))))
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Open(stream) => stream,
            Self::Secret(stream) => &stream.sock,
        }
    }
}

impl Read for Line {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Open(stream) => stream.read(bytes),
            Self::Secret(stream) => stream.read(bytes),
        }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(stream) => stream.write(bytes),
            Self::Secret(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(stream) => stream.flush(),
            Self::Secret(stream) => stream.flush(),
        }
    }
}

/// One connection to its end; an error is an end, too.
fn serve(
    stream: TcpStream,
    options: &SmtpOptions,
    tls: &Arc<ServerConfig>,
    shared: &Shared,
) -> io::Result<()> {
    stream.set_read_timeout(Some(DEADLINE))?;
    let mut line = Line::Open(stream);
    if options.tls_first {
        line = line.secure(tls)?;
    }
    let secret = options.tls_first;
    let mut talk = Talk { stream: BufReader::new(line), options, shared, secret, login: None, mail: None };
    if !talk.answer(Stage::Greeting, "220 test.example ESMTP")? {
        return Ok(());
    }
    loop {
        let line = talk.line()?;
        let request = Request::parse(&mut line.as_bytes().iter()).map(Request::into_owned);
        match request {
            Ok(Request::StartTls) if options.starttls && !talk.secret => {
                if !talk.answer(Stage::StartTls, "220 2.0.0 go ahead")? {
                    continue;
                }
                let line = talk.stream.into_inner().secure(tls)?;
                talk.stream = BufReader::new(line);
                (talk.secret, talk.mail) = (true, None);
            }
            Ok(Request::Quit) => return talk.say("221 2.0.0 bye"),
            Ok(request) => talk.request(request)?,
            Err(_) => talk.say("500 5.5.1 what?")?,
        }
    }
}

struct Talk<'t> {
    stream: BufReader<Line>,
    options: &'t SmtpOptions,
    shared: &'t Shared,
    secret: bool,
    login: Option<String>,
    mail: Option<Received>,
}

impl Talk<'_> {
    fn request(&mut self, request: Request<String>) -> io::Result<()> {
        match request {
            Request::Ehlo { .. } if !self.options.extended => self.say("502 5.5.1 no such command"),
            Request::Ehlo { .. } => {
                let offers = self.offers();
                self.answer(Stage::Hello, &offers).map(drop)
            }
            Request::Helo { .. } => self.answer(Stage::Hello, "250 test.example").map(drop),
            Request::Auth { mechanism, initial_response } => self.log_in(mechanism, &initial_response),
            Request::Mail { .. } if self.options.login.is_some() && self.login.is_none() => {
                self.say("530 5.7.0 log in first")
            }
            Request::Mail { from } => {
                self.mail = Some(Received {
                    from: from.address,
                    eight_bit: from.flags & MAIL_BODY_8BITMIME != 0,
                    utf8: from.flags & MAIL_SMTPUTF8 != 0,
                    secret: self.secret,
                    login: self.login.clone(),
                    ..Received::default()
                });
                self.answer(Stage::Sender, "250 2.1.0 ok").map(drop)
            }
            Request::Rcpt { to } => self.recipient(to.address),
            Request::Data if self.mail.as_ref().is_none_or(|mail| mail.to.is_empty()) => {
                self.say("503 5.5.1 for whom?")
            }
            Request::Data => self.data(),
            Request::Noop { .. } | Request::Rset => self.say("250 2.0.0 ok"),
            _ => self.say("502 5.5.1 not here"),
        }
    }

    /// The answer to `EHLO`, its lines joined.
    fn offers(&self) -> String {
        let mut lines = vec!["test.example".to_owned()];
        lines.extend(self.options.extensions.iter().map(|extension| (*extension).to_owned()));
        if self.options.starttls && !self.secret {
            lines.push("STARTTLS".to_owned());
        }
        if self.options.login.is_some() {
            lines.push(format!("AUTH {}", self.options.mechanisms));
        }
        let last = lines.len() - 1;
        let mark = |at| if at == last { ' ' } else { '-' };
        let lines: Vec<_> =
            lines.iter().enumerate().map(|(at, line)| format!("250{}{line}", mark(at))).collect();
        lines.join("\r\n")
    }

    fn log_in(&mut self, mechanism: u64, initial: &str) -> io::Result<()> {
        let Some((user, password)) = self.options.login else { return self.say("502 5.5.1 not here") };
        let right = match mechanism {
            AUTH_PLAIN => decode(initial) == format!("\0{user}\0{password}"),
            AUTH_LOGIN => {
                self.say("334 VXNlcm5hbWU6")?;
                let said_user = decode(self.line()?.trim());
                self.say("334 UGFzc3dvcmQ6")?;
                said_user == user && decode(self.line()?.trim()) == password
            }
            _ => return self.say("504 5.5.4 not so"),
        };
        if !right {
            return self.say("535 5.7.8 wrong name or password");
        }
        self.login = Some(user.to_owned());
        self.answer(Stage::Login, "235 2.7.0 welcome").map(drop)
    }

    fn recipient(&mut self, to: String) -> io::Result<()> {
        let Some(mail) = &mut self.mail else { return self.say("503 5.5.1 from whom?") };
        if self.options.unknown.contains(&to.as_str()) {
            return self.say("550 5.1.1 no such mailbox");
        }
        let pair = (mail.from.clone(), to.clone());
        let mut seen = lock(&self.shared.seen);
        if self.options.greylist && !seen.contains(&pair) {
            seen.push(pair);
            drop(seen);
            return self.say("451 4.7.1 greylisted, come again later");
        }
        drop(seen);
        if self.answer(Stage::Recipient, "250 2.1.5 ok")? {
            self.mail.iter_mut().for_each(|mail| mail.to.push(to.clone()));
        }
        Ok(())
    }

    fn data(&mut self) -> io::Result<()> {
        if !self.answer(Stage::Data, "354 go ahead")? {
            return Ok(());
        }
        let Some(mut mail) = self.mail.take() else { return Ok(()) };
        let mut receiver = DataReceiver::new();
        loop {
            let bytes = self.stream.fill_buf()?;
            if bytes.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let count = bytes.len();
            let mut rest = bytes.iter();
            let done = receiver.ingest(&mut rest, &mut mail.bytes);
            let used = count - rest.len();
            self.stream.consume(used);
            if done {
                break;
            }
        }
        let at = {
            let mut mails = lock(&self.shared.mails);
            mails.push(mail);
            mails.len() - 1
        };
        if self.answer(Stage::Message, "250 2.0.0 taken")? {
            lock(&self.shared.mails)[at].confirmed = Some(Instant::now());
            self.shared.arrived.notify_all();
        }
        Ok(())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        lock(&self.shared.heard).push_str(&line);
        Ok(line)
    }

    fn say(&mut self, reply: &str) -> io::Result<()> {
        let line = self.stream.get_mut();
        line.write_all(format!("{reply}\r\n").as_bytes())?;
        line.flush()
    }

    /// Answers, or fails as it was told; says whether it answered well.
    fn answer(&mut self, stage: Stage, reply: &str) -> io::Result<bool> {
        match self.fault(stage) {
            None => self.say(reply).map(|()| true),
            Some(Fault::Say(reply)) => self.say(reply).map(|()| false),
            Some(Fault::Close) => {
                let _ = self.stream.get_ref().socket().shutdown(Shutdown::Both);
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Some(Fault::Silence) => loop {
                // Whatever comes: no answer.
                self.line()?;
            },
            Some(Fault::Drip) => {
                for byte in reply.bytes() {
                    self.stream.get_mut().write_all(&[byte])?;
                    self.stream.get_mut().flush()?;
                    thread::sleep(DRIP);
                }
                self.say("").map(|()| true)
            }
        }
    }

    fn fault(&self, stage: Stage) -> Option<Fault> {
        let mut faults = lock(&self.shared.faults);
        let (_, fault, times) = faults.iter_mut().find(|(at, _, times)| *at == stage && *times > 0)?;
        *times -= 1;
        Some(fault.clone())
    }
}

/// Base64 as text; nothing if it is none.
fn decode(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte));
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in digits {
        bits = bits << 6 | digit as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
