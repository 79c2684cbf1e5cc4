//! A web server for tests: HTTP/1.1, with or without TLS, with faults on
//! demand. It remembers what it was asked.

use crate::identity::Identity;
use rustls::{ServerConnection, StreamOwned};
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long a connection may do nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the server does with one request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers.
    Answer {
        /// The status.
        status: u16,
        /// Further headers, each with its end: `Retry-After: 7\r\n`.
        headers: String,
        /// The body.
        body: String,
    },
    /// Answers, byte by byte, with this time between them.
    Slowly(Duration),
    /// Closes the connection without reading.
    CloseAtOnce,
    /// Reads the request and closes the connection.
    CloseBeforeAnswer,
    /// Closes the connection in the middle of the body of a 200.
    CloseInAnswer,
    /// Reads the request and says nothing until the client gives up.
    Silence,
    /// Says 200 and chunks that are none.
    BadChunks,
    /// Says what is not HTTP.
    Nonsense,
    /// Says 200 and a body that has no end.
    Endless,
}

impl Reply {
    /// An answer.
    pub fn new(status: u16, body: &str) -> Self {
        Self::Answer { status, headers: String::new(), body: body.to_owned() }
    }
}

/// What the server was asked.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value; empty without.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

#[derive(Debug, Default)]
struct Shared {
    replies: Mutex<VecDeque<Reply>>,
    requests: Mutex<Vec<Request>>,
    stop: AtomicBool,
}

/// A server on a port of its own; ends when it is dropped.
#[derive(Debug)]
pub struct HttpServer {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl HttpServer {
    /// A server without TLS.
    ///
    /// # Panics
    /// If no port can be had.
    pub fn start() -> Self {
        Self::with(None, ([127, 0, 0, 1], 0).into())
    }

    /// A server without TLS at an address that is free.
    ///
    /// # Panics
    /// If it is not.
    pub fn start_at(address: SocketAddr) -> Self {
        Self::with(None, address)
    }

    /// A server with TLS.
    ///
    /// # Panics
    /// If no port can be had.
    pub fn start_tls(identity: &Identity) -> Self {
        Self::with(Some(identity), ([127, 0, 0, 1], 0).into())
    }

    fn with(identity: Option<&Identity>, address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let (for_thread, tls) = (Arc::clone(&shared), identity.map(Identity::config));
        let serve = move || {
            for stream in listener.incoming() {
                if for_thread.stop.load(Ordering::Acquire) {
                    return;
                }
                let (shared, tls) = (Arc::clone(&for_thread), tls.clone());
                // One that is silent must not keep others waiting.
                thread::spawn(move || stream.and_then(|stream| accept(&shared, tls, stream)));
            }
        };
        let scheme = if identity.is_some() { "https" } else { "http" };
        Self { address, scheme, shared, thread: Some(thread::spawn(serve)) }
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// What the next request gets; those without get `200 ok`.
    pub fn will(&self, reply: Reply) {
        locked(&self.shared.replies).push_back(reply);
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.shared.requests).clone()
    }

    /// The last that it was asked.
    ///
    /// # Panics
    /// If it was asked nothing.
    pub fn last(&self) -> Request {
        locked(&self.shared.requests).last().cloned().expect("a request")
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        // Wakes the thread that waits for callers.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(shared: &Shared, tls: Option<Arc<rustls::ServerConfig>>, stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    match tls {
        None => serve(shared, stream),
        Some(config) => {
            let connection = ServerConnection::new(config).map_err(io::Error::other)?;
            let mut stream = StreamOwned::new(connection, stream);
            serve(shared, &mut stream)?;
            stream.conn.send_close_notify();
            stream.flush()
        }
    }
}

fn serve(shared: &Shared, stream: impl Read + Write) -> io::Result<()> {
    let at_once = matches!(locked(&shared.replies).front(), Some(Reply::CloseAtOnce));
    let reply = || locked(&shared.replies).pop_front().unwrap_or_else(|| Reply::new(200, "ok"));
    if at_once {
        reply();
        return Ok(());
    }
    let mut reader = BufReader::new(stream);
    let request = read(&mut reader)?;
    // What is done is known before it is answered.
    let reply = reply();
    locked(&shared.requests).push(request);
    answer(reader, reply)
}

fn read(reader: &mut impl BufRead) -> io::Result<Request> {
    let mut request = Request::default();
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ');
    request.method = words.next().unwrap_or_default().to_owned();
    request.path = words.next().unwrap_or_default().to_owned();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if request.method.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let length = request.header("content-length").parse().unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body)?;
    Ok(request)
}

fn answer(mut reader: BufReader<impl Read + Write>, reply: Reply) -> io::Result<()> {
    let head = |status: u16, headers: &str, length: usize| {
        format!("HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n")
    };
    let stream = reader.get_mut();
    match reply {
        Reply::Answer { status, headers, body } => {
            stream.write_all(head(status, &headers, body.len()).as_bytes())?;
            stream.write_all(body.as_bytes())?;
        }
        Reply::Slowly(pause) => {
            for byte in format!("{}ok", head(200, "", 2)).as_bytes() {
                stream.write_all(&[*byte])?;
                stream.flush()?;
                thread::sleep(pause);
            }
        }
        Reply::CloseAtOnce | Reply::CloseBeforeAnswer => {}
        Reply::CloseInAnswer => stream.write_all(format!("{}{{\"errors", head(200, "", 5000)).as_bytes())?,
        // Returns when the client closes.
        Reply::Silence => drop(reader.read(&mut [0])?),
        Reply::BadChunks => {
            stream
                .write_all(b"HTTP/1.1 200 Said\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nno\r\n0\r\n\r\n")?;
        }
        Reply::Nonsense => stream.write_all(b"\x00\xff+OK hello\r\n")?,
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 Said\r\nConnection: close\r\n\r\n")?;
            // Until the client has enough.
            while stream.write_all(&[b'x'; 65_536]).is_ok() {}
        }
    }
    reader.get_mut().flush()
}
