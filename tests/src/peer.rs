//! The other end of a manager's connection, as plain as can be: a test says
//! and hears every message itself, be it right or wrong.

use bartizan_core::limits::{BATCH_MAX, MESSAGE_MAX, RECORD_MAX};
use bartizan_core::wire::batch::{Batch, Record, Room};
use bartizan_core::wire::frame;
use bartizan_core::wire::message::{Hello, ToAgent, ToManager};
use bartizan_core::wire::{NOISE, PROLOGUE_ENROL, PROLOGUE_SESSION, PROTOCOL};
use snow::{Builder, Keypair, TransportState};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A pair of keys.
pub fn keys() -> Keypair {
    Builder::new(NOISE.parse().expect("the name of the protocol")).generate_keypair().expect("random numbers")
}

/// A connection to a manager, behind its handshake.
pub struct Peer {
    stream: TcpStream,
    noise: TransportState,
    acknowledged: u32,
}

impl Peer {
    /// Begins a session.
    pub fn session(manager: SocketAddr, key: &[u8], own: &Keypair) -> io::Result<Self> {
        Self::connect(manager, key, own, PROLOGUE_SESSION)
    }

    /// Begins an enrolment.
    pub fn enrolment(manager: SocketAddr, key: &[u8], own: &Keypair) -> io::Result<Self> {
        Self::connect(manager, key, own, PROLOGUE_ENROL)
    }

    fn connect(manager: SocketAddr, key: &[u8], own: &Keypair, prologue: &[u8]) -> io::Result<Self> {
        let mut stream = TcpStream::connect(manager)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let handshake = || -> Result<_, snow::Error> {
            let builder = Builder::new(NOISE.parse()?).prologue(prologue)?;
            builder.local_private_key(&own.private)?.remote_public_key(key)?.build_initiator()
        };
        let mut handshake = handshake().map_err(io::Error::other)?;
        let mut message = [0; 1024];
        let length = handshake.write_message(&[], &mut message).map_err(io::Error::other)?;
        write_frame(&mut stream, &message[..length])?;
        let answer = read_frame(&mut stream)?;
        handshake.read_message(&answer, &mut message).map_err(io::Error::other)?;
        let noise = handshake.into_transport_mode().map_err(io::Error::other)?;
        Ok(Self { stream, noise, acknowledged: 0 })
    }

    /// Says something.
    pub fn say(&mut self, message: &ToManager<'_>) -> io::Result<()> {
        let mut bytes = vec![0; MESSAGE_MAX];
        let length = message.write(&mut bytes).expect("a message that can be written");
        self.say_bytes(&bytes[..length])
    }

    /// Says bytes that need not be a message.
    pub fn say_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut encrypted = vec![0; bytes.len() + 16];
        let length = self.noise.write_message(bytes, &mut encrypted).map_err(io::Error::other)?;
        write_frame(&mut self.stream, &encrypted[..length])
    }

    /// Hears the next message that is not just a sign of life, and gives it
    /// to `take`.
    pub fn hear<T>(&mut self, take: impl FnOnce(ToAgent<'_>) -> T) -> io::Result<T> {
        let mut plain = vec![0; MESSAGE_MAX];
        loop {
            let encrypted = read_frame(&mut self.stream)?;
            let length = self.noise.read_message(&encrypted, &mut plain).map_err(io::Error::other)?;
            match ToAgent::read(&plain[..length]).expect("a manager says what can be read") {
                ToAgent::Alive => {}
                message => return Ok(take(message)),
            }
        }
    }

    /// Greets, names one source, and gives the position that the manager has
    /// committed of it.
    pub fn begin(&mut self, source: &str) -> io::Result<Option<u64>> {
        self.greet(1)?;
        self.say(&ToManager::Source { index: 1, name: source })?;
        self.hear(|message| match message {
            ToAgent::Place { index: 1, position } => {
                position.map(|bytes| u64::from_le_bytes(bytes.try_into().expect("a position of these tests")))
            }
            other => panic!("a place was expected: {other:?}"),
        })
    }

    /// Greets as this run of an agent.
    pub fn greet(&mut self, incarnation: u64) -> io::Result<()> {
        self.say(&ToManager::Hello(hello(incarnation)))?;
        self.hear(|message| match message {
            ToAgent::Welcome { .. } => {}
            other => panic!("a welcome was expected: {other:?}"),
        })
    }

    /// Sends lines of source 1; behind them it stands at `position`.
    pub fn send(&mut self, number: u32, lines: &[String], position: u64) -> io::Result<()> {
        let mut memory = vec![0; BATCH_MAX + 16];
        let mut batch = Batch::new(&mut memory, Room { body: BATCH_MAX, positions: 1 << 16 });
        for line in lines {
            let text = line.as_bytes();
            assert!(text.len() <= RECORD_MAX, "lines of tests are short");
            let record = Record { source: 1, queue: b'1', age_ms: 0, cut: 0, text };
            batch.record(&record).expect("the lines of one batch fit");
        }
        batch.position(1, &position.to_le_bytes()).expect("a position fits");
        let message = batch.finish(number).to_vec();
        self.say_bytes(&message)
    }

    /// Waits until a batch is acknowledged.
    pub fn acknowledged(&mut self, number: u32) -> io::Result<()> {
        while self.acknowledged < number {
            self.acknowledged = self.hear(|message| match message {
                ToAgent::Ack { number } => number,
                other => panic!("an acknowledgement was expected: {other:?}"),
            })?;
        }
        Ok(())
    }
}

/// What a run of an agent says first.
pub fn hello(incarnation: u64) -> Hello<'static> {
    let (version, system, hostname) = ("0", "a test", "test");
    Hello { protocol: PROTOCOL, incarnation, version, system, hostname, config: 0, wall_ms: 0 }
}

fn write_frame(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    let length = u16::try_from(bytes.len()).expect("a frame of 64 KiB at most");
    stream.write_all(&[&frame::head(length)[..], bytes].concat())
}

fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; frame::HEAD];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
