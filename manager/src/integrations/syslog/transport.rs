//! Messages over UDP, TCP and TLS.

use crate::config::{SyslogOutput, Transport};
use crate::integrations::Format;
use crate::tls;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a connection to one address may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 3;

/// How long one write or read may take.
const STEP: Duration = Duration::from_secs(10);

/// How long the server is waited for to close what was closed.
const GOODBYE: Duration = Duration::from_secs(2);

/// Time in which a machine nearby says that nobody read what came, beside
/// twice the time that it took to connect.
const DOUBT: Duration = Duration::from_millis(5);

/// How a server is reached.
#[derive(Debug)]
pub(super) struct Way {
    server: String,
    port: u16,
    transport: Kind,
}

#[derive(Debug)]
enum Kind {
    Udp,
    Tcp,
    Tls {
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        /// Each message begins with its length (RFC 5425).
        counted: bool,
    },
}

impl Way {
    pub(super) fn new(output: &SyslogOutput) -> Result<Self, String> {
        let transport = match &output.transport {
            Transport::Udp => Kind::Udp,
            Transport::Tcp => Kind::Tcp,
            Transport::Tls { verify, ca } => Kind::Tls {
                config: tls::client(*verify, ca.as_deref())?,
                name: ServerName::try_from(output.server.clone())
                    .map_err(|_| format!("`{}` cannot be the name in a certificate", output.server))?,
                counted: output.format == Format::Rfc5424,
            },
        };
        Ok(Self { server: output.server.clone(), port: output.port, transport })
    }

    /// Sends messages, in order. An error says that some may not have arrived.
    pub(super) fn send<'m>(&self, messages: impl Iterator<Item = &'m [u8]>) -> Result<(), String> {
        let sent = match &self.transport {
            Kind::Udp => self.datagrams(messages),
            Kind::Tcp => self.connect().and_then(|(mut stream, distance)| {
                stream.write_all(&lines(messages))?;
                stream.shutdown(Shutdown::Write)?;
                let written = Instant::now();
                until_closed(&mut stream)?;
                was_read(&stream, written, distance)
            }),
            Kind::Tls { config, name, counted } => self.connect().and_then(|(stream, distance)| {
                let connection =
                    ClientConnection::new(Arc::clone(config), name.clone()).map_err(io::Error::other)?;
                let mut tls = StreamOwned::new(connection, stream);
                let bytes = if *counted { counted_messages(messages) } else { lines(messages) };
                tls.write_all(&bytes)?;
                tls.conn.send_close_notify();
                tls.flush()?;
                tls.sock.shutdown(Shutdown::Write)?;
                let written = Instant::now();
                until_closed(&mut tls)?;
                was_read(&tls.sock, written, distance)
            }),
        };
        sent.map_err(|error| format!("{}: {error}", self.server))
    }

    fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let found: Vec<_> =
            (self.server.as_str(), self.port).to_socket_addrs()?.take(ADDRESSES_MAX).collect();
        match found.is_empty() {
            true => Err(io::Error::new(ErrorKind::NotFound, "there is no such host")),
            false => Ok(found),
        }
    }

    /// A connection, and how long it took to make.
    fn connect(&self) -> io::Result<(TcpStream, Duration)> {
        let mut last = None;
        for address in self.addresses()? {
            let begun = Instant::now();
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(STEP))?;
                    stream.set_write_timeout(Some(STEP))?;
                    stream.set_nodelay(true)?;
                    return Ok((stream, begun.elapsed()));
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| ErrorKind::NotFound.into()))
    }

    fn datagrams<'m>(&self, messages: impl Iterator<Item = &'m [u8]>) -> io::Result<()> {
        let address = self.addresses()?[0];
        let any: SocketAddr =
            if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
        let socket = UdpSocket::bind(any)?;
        socket.connect(address)?;
        for message in messages {
            socket.send(message)?;
        }
        Ok(())
    }
}

fn lines<'m>(messages: impl Iterator<Item = &'m [u8]>) -> Vec<u8> {
    messages.flat_map(|message| message.iter().copied().chain([b'\n'])).collect()
}

fn counted_messages<'m>(messages: impl Iterator<Item = &'m [u8]>) -> Vec<u8> {
    messages.flat_map(|message| [format!("{} ", message.len()).as_bytes(), message].concat()).collect()
}

/// Reads until the server closes, too. One that keeps its side open is not
/// waited for; one that says that it did not read is believed.
fn until_closed(stream: &mut impl ReadSide) -> io::Result<()> {
    let until = Instant::now() + GOODBYE;
    let mut bytes = [0; 512];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        stream.wait_at_most(left)?;
        match stream.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok(());
            }
            // Closed without TLS's own goodbye.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Fails if the server had closed before it read all. It looks like one that
/// closes behind the last byte, until its machine answers the bytes that came
/// too late (RFC 9293 §3.10.7.1), which takes as long as to go there and back.
fn was_read(stream: &TcpStream, written: Instant, distance: Duration) -> io::Result<()> {
    thread::sleep((2 * distance + DOUBT).saturating_sub(written.elapsed()));
    stream.take_error()?.map_or(Ok(()), Err)
}

/// What can be read from, with a limit on each wait.
trait ReadSide: Read {
    fn wait_at_most(&self, limit: Duration) -> io::Result<()>;
}

impl ReadSide for TcpStream {
    fn wait_at_most(&self, limit: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(limit))
    }
}

impl ReadSide for StreamOwned<ClientConnection, TcpStream> {
    fn wait_at_most(&self, limit: Duration) -> io::Result<()> {
        self.sock.set_read_timeout(Some(limit))
    }
}
