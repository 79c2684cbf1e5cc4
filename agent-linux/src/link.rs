//! One connection to a manager: TCP without blocking, Noise inside, frames.
//!
//! A frame is two bytes of length and one Noise message. The agent opens with
//! the manager's public key in hand (pattern IK), so nobody else can answer,
//! and its own key travels encrypted. Each frame is encrypted straight into
//! the outgoing buffer and leaves with one write; while a part of it is left,
//! nothing more is taken. The buffers are there once, for all connections,
//! and untouched pages of them cost nothing.

use crate::names::Unknown;
use crate::noise::builder;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use snow::{HandshakeState, TransportState};
use std::io::{self, Read, Write};
use std::net::SocketAddr;

/// Bytes of the length in front of a frame.
const LEN: usize = 2;

/// Bytes that a Noise message has at most.
const NOISE_MAX: usize = 65535;

/// Keys of one connection.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// The agent's private key.
    pub own: &'a [u8; 32],
    /// The manager's public key.
    pub manager: &'a [u8; 32],
}

/// Why a connection ended.
#[derive(Debug)]
pub enum Trouble {
    /// The system says so.
    Io(io::Error),
    /// It is not known where the other side is.
    Unknown(Unknown),
    /// The other side has closed the connection.
    Ended,
    /// The other side does not have the manager's key, or the bytes were
    /// changed on their way.
    Forged,
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Unknown> for Trouble {
    fn from(unknown: Unknown) -> Self {
        Self::Unknown(unknown)
    }
}

impl From<snow::Error> for Trouble {
    fn from(_: snow::Error) -> Self {
        Self::Forged
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Unknown(unknown) => f.write_str(unknown.why()),
            Self::Ended => f.write_str("the manager closed the connection"),
            Self::Forged => f.write_str("what answers there does not have the manager's key"),
        }
    }
}

/// How far a connection has come.
enum Stage {
    Closed,
    Connecting(Box<HandshakeState>),
    Greeting(Box<HandshakeState>),
    Open(Box<TransportState>),
}

/// A connection, or none, and its buffers.
pub struct Link {
    stream: Option<TcpStream>,
    stage: Stage,
    /// Bytes that came and are not used up: `inbox[taken..filled]`.
    inbox: Box<[u8]>,
    taken: usize,
    filled: usize,
    /// The message that was decrypted last.
    message: Box<[u8]>,
    /// The frame on its way out: `outbox[sent..end]`.
    outbox: Box<[u8]>,
    sent: usize,
    end: usize,
}

fn buffer(len: usize) -> Box<[u8]> {
    vec![0; len].into_boxed_slice()
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

impl Link {
    /// No connection yet.
    pub fn new() -> Self {
        Self {
            stream: None,
            stage: Stage::Closed,
            inbox: buffer(LEN + NOISE_MAX),
            taken: 0,
            filled: 0,
            message: buffer(NOISE_MAX),
            outbox: buffer(LEN + NOISE_MAX),
            sent: 0,
            end: 0,
        }
    }

    /// Begins a connection; [`Link::ready`] carries it on.
    pub fn connect(
        &mut self,
        registry: &Registry,
        token: Token,
        to: SocketAddr,
        keys: Keys<'_>,
        prologue: &[u8],
    ) -> Result<(), Trouble> {
        self.close(registry);
        let handshake = builder()
            .local_private_key(keys.own)?
            .remote_public_key(keys.manager)?
            .prologue(prologue)?
            .build_initiator()?;
        let mut stream = TcpStream::connect(to)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        self.stream = Some(stream);
        self.stage = Stage::Connecting(Box::new(handshake));
        Ok(())
    }

    /// Ends the connection.
    pub fn close(&mut self, registry: &Registry) {
        if let Some(mut stream) = self.stream.take() {
            // It is closed either way.
            let _ = registry.deregister(&mut stream);
        }
        self.stage = Stage::Closed;
        (self.taken, self.filled, self.sent, self.end) = (0, 0, 0, 0);
    }

    /// Whether messages can pass.
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open(_))
    }

    /// Whether [`Link::send`] takes a message now.
    pub fn can_send(&self) -> bool {
        self.is_open() && self.sent == self.end
    }

    /// The other end's address.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.stream.as_ref().and_then(|stream| stream.peer_addr().ok())
    }

    /// Goes on where the connection stands: the loop says that something
    /// changed, or simply time has passed.
    pub fn ready(&mut self) -> Result<(), Trouble> {
        if let Stage::Connecting(_) = self.stage {
            self.greet()?;
        }
        self.flush()?;
        if let Stage::Greeting(_) = self.stage {
            self.finish_greeting()?;
        }
        Ok(())
    }

    /// Once connected: our half of the handshake.
    fn greet(&mut self) -> Result<(), Trouble> {
        let Some(stream) = &self.stream else { return Ok(()) };
        if let Some(error) = stream.take_error()? {
            return Err(error.into());
        }
        if let Err(error) = stream.peer_addr() {
            let is_waiting = error.kind() == io::ErrorKind::NotConnected;
            return if is_waiting { Ok(()) } else { Err(error.into()) };
        }
        // A batch is one write; the last part of it must not wait.
        stream.set_nodelay(true)?;
        if let Stage::Connecting(mut handshake) = std::mem::replace(&mut self.stage, Stage::Closed) {
            let len = handshake.write_message(&[], &mut self.outbox[LEN..])?;
            self.stage = Stage::Greeting(handshake);
            self.framed(len);
        }
        Ok(())
    }

    /// The manager's half of the handshake.
    fn finish_greeting(&mut self) -> Result<(), Trouble> {
        let Some((start, end)) = self.next_frame()? else { return Ok(()) };
        if let Stage::Greeting(mut handshake) = std::mem::replace(&mut self.stage, Stage::Closed) {
            handshake.read_message(&self.inbox[start..end], &mut self.message)?;
            self.stage = Stage::Open(Box::new(handshake.into_transport_mode()?));
        }
        Ok(())
    }

    /// Sends a message of at most `limits::MESSAGE_MAX` bytes. Only when
    /// [`Link::can_send`]; otherwise nothing happens.
    pub fn send(&mut self, message: &[u8]) -> Result<(), Trouble> {
        if !self.can_send() {
            return Ok(());
        }
        let Stage::Open(noise) = &mut self.stage else { return Ok(()) };
        let len = noise.write_message(message, &mut self.outbox[LEN..])?;
        self.framed(len);
        self.flush()
    }

    /// The next message that has come, if any.
    pub fn receive(&mut self) -> Result<Option<&[u8]>, Trouble> {
        if !self.is_open() {
            return Ok(None);
        }
        let Some((start, end)) = self.next_frame()? else { return Ok(None) };
        let Stage::Open(noise) = &mut self.stage else { return Ok(None) };
        let len = noise.read_message(&self.inbox[start..end], &mut self.message)?;
        Ok(Some(&self.message[..len]))
    }

    fn framed(&mut self, len: usize) {
        self.outbox[..LEN].copy_from_slice(&(len as u16).to_be_bytes());
        (self.sent, self.end) = (0, LEN + len);
    }

    fn flush(&mut self) -> Result<(), Trouble> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        while self.sent < self.end {
            match stream.write(&self.outbox[self.sent..self.end]) {
                Ok(0) => return Err(Trouble::Ended),
                Ok(len) => self.sent += len,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The bytes of the next frame in the inbox; reads as long as it is not
    /// there whole.
    fn next_frame(&mut self) -> Result<Option<(usize, usize)>, Trouble> {
        loop {
            if let Some(frame) = self.frame_in_inbox() {
                return Ok(Some(frame));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    fn frame_in_inbox(&mut self) -> Option<(usize, usize)> {
        let waiting = &self.inbox[self.taken..self.filled];
        let (head, rest) = waiting.split_first_chunk::<LEN>()?;
        let len = usize::from(u16::from_be_bytes(*head));
        if rest.len() < len {
            return None;
        }
        let start = self.taken + LEN;
        self.taken = start + len;
        Some((start, start + len))
    }

    /// Reads what is there. `false` when nothing is.
    fn fill(&mut self) -> Result<bool, Trouble> {
        let Some(stream) = &mut self.stream else { return Ok(false) };
        // A frame fits behind its beginning once that stands at the front.
        if self.taken > 0 {
            self.inbox.copy_within(self.taken..self.filled, 0);
            (self.taken, self.filled) = (0, self.filled - self.taken);
        }
        loop {
            match stream.read(&mut self.inbox[self.filled..]) {
                Ok(0) => return Err(Trouble::Ended),
                Ok(len) => {
                    self.filled += len;
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
