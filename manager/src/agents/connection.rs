//! One connection: handshake, enrolment or session.
//!
//! The meaning of messages is [`Downlink`]'s; here they are decrypted, given
//! to whom they concern, and answered. A session reads from its socket only
//! while there is room for what it may bring: an agent that floods fills its
//! own window, and then its own socket.

use super::about;
use super::delivery::{Delivery, Source, Sources};
use super::hub::{Entered, Hub, WINDOW};
use super::noise::{self, Caller, Purpose};
use super::registry::{About, Agent, ConfigurationState};
use super::shared::{self, Configuration};
use crate::news;
use crate::respond::OwnedOrder;
use crate::sources::epoch_now;
use bartizan_core::limits::SOURCES_MAX;
use bartizan_core::time::Millis;
use bartizan_core::wire::downlink::{Downlink, Outcome, Received, Slot, Step, Ticket};
use bartizan_core::wire::frame::{self, Frames};
use bartizan_core::wire::message::{Hello, TO_AGENT_MAX, ToAgent, ToManager, Why};
use snow::TransportState;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

/// How long an agent may take to receive what it is told.
const WRITING: Duration = Duration::from_secs(30);

/// How long an agent may take for its first message.
const GREETING: Duration = Duration::from_secs(15);

/// Seconds by which the clock of an agent may differ.
const SKEW_S: i64 = 60;

/// An encrypted connection.
pub(super) struct Wire {
    stream: TcpStream,
    frames: Frames<Box<[u8]>>,
    noise: TransportState,
    /// A decrypted message.
    plain: Box<[u8]>,
    /// What is written next.
    out: Vec<u8>,
    started: Instant,
}

impl Wire {
    /// Waits for the first message and answers it.
    pub(super) async fn shake_hands(
        hub: &Hub,
        mut stream: TcpStream,
    ) -> io::Result<(Self, [u8; 32], Purpose)> {
        let memory = || vec![0; frame::HEAD + noise::MESSAGE_MAX].into_boxed_slice();
        let mut frames = Frames::new(memory());
        let first = loop {
            if let Some(first) = frames.next_frame().map_err(|_| broken())? {
                break first;
            }
            read_more(&mut stream, &mut frames).await?;
        };
        let Caller { key, purpose, answer, transport } =
            noise::answer(&hub.identity.private, first).ok_or_else(broken)?;
        let length = u16::try_from(answer.len()).map_err(|_| broken())?;
        stream.write_all(&[&frame::head(length)[..], &answer].concat()).await?;
        let (plain, out, started) = (memory(), Vec::new(), Instant::now());
        Ok((Self { stream, frames, noise: transport, plain, out, started }, key, purpose))
    }

    fn now(&self) -> Millis {
        Millis(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// The next message that has been received whole, decrypted.
    fn next_message(&mut self) -> io::Result<Option<&[u8]>> {
        let Some(frame) = self.frames.next_frame().map_err(|_| broken())? else { return Ok(None) };
        let length = self.noise.read_message(frame, &mut self.plain).map_err(|_| broken())?;
        Ok(self.plain.get(..length))
    }

    /// Reads what has come. May be given up at any time.
    async fn read(&mut self) -> io::Result<()> {
        read_more(&mut self.stream, &mut self.frames).await
    }

    /// Waits for the next message.
    async fn message(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(message) = self.next_message()? {
                return Ok(message.to_vec());
            }
            self.read().await?;
        }
    }

    /// Puts a message behind what is to be written.
    fn put(&mut self, message: &[u8]) -> io::Result<()> {
        let length = u16::try_from(message.len() + noise::TAG).map_err(|_| broken())?;
        let start = self.out.len();
        self.out.extend_from_slice(&frame::head(length));
        self.out.resize(start + frame::HEAD + usize::from(length), 0);
        let room = self.out.get_mut(start + frame::HEAD..).unwrap_or_default();
        self.noise.write_message(message, room).map_err(|_| broken())?;
        Ok(())
    }

    /// Writes what was put. An agent that does not take it is gone.
    async fn flush(&mut self) -> io::Result<()> {
        if !self.out.is_empty() {
            tokio::time::timeout(WRITING, self.stream.write_all(&self.out)).await??;
            self.out.clear();
        }
        Ok(())
    }

    async fn tell(&mut self, message: &ToAgent<'_>) -> io::Result<()> {
        let mut bytes = [0; TO_AGENT_MAX];
        let length = message.write(&mut bytes).map_err(|_| broken())?;
        self.put(bytes.get(..length).unwrap_or_default())?;
        self.flush().await
    }
}

async fn read_more(stream: &mut TcpStream, frames: &mut Frames<Box<[u8]>>) -> io::Result<()> {
    match stream.read(frames.space()).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        bytes => {
            frames.filled(bytes);
            Ok(())
        }
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the protocol was broken")
}

/// Serves a caller who has shaken hands.
pub(super) async fn serve(hub: &Arc<Hub>, (wire, key, purpose): (Wire, [u8; 32], Purpose), peer: SocketAddr) {
    let result = match purpose {
        Purpose::Enrolment => enrol(hub, wire, &key, peer).await,
        Purpose::Session => session(hub, wire, &key, peer).await,
    };
    // A connection that ends is no news; agents come again.
    if let Err(error) = result
        && error.kind() == io::ErrorKind::Other
    {
        news::tell(format_args!("the session of {peer} ended: {error}"));
    }
}

async fn enrol(hub: &Hub, mut wire: Wire, key: &[u8; 32], peer: SocketAddr) -> io::Result<()> {
    let message = tokio::time::timeout(GREETING, wire.message()).await??;
    let Ok(ToManager::Enrol { secret, .. }) = ToManager::read(&message) else { return Err(broken()) };
    let enrolled = hub.enrol(&secret, key);
    match enrolled {
        Ok(agent) => {
            news::tell(format_args!("agent {} {} has enrolled from {}", agent.id, agent.name, peer.ip()));
            wire.tell(&ToAgent::Enrolled { id: agent.id.0, name: &agent.name }).await
        }
        Err(error) => {
            news::tell(format_args!("an agent from {} cannot enrol: {error}", peer.ip()));
            wire.tell(&ToAgent::EnrolRefused { why: &error.to_string() }).await
        }
    }
}

async fn session(hub: &Arc<Hub>, mut wire: Wire, key: &[u8; 32], peer: SocketAddr) -> io::Result<()> {
    let Some(agent) = hub.registry(|registry| registry.agent_by_key(key)).map_err(io::Error::other)? else {
        return wire.tell(&ToAgent::Closed { why: Why::NotKnown }).await;
    };
    // Only who can encrypt a message is really here, and not played back.
    let hello = tokio::time::timeout(GREETING, wire.message()).await??;
    let Some(entered) = hub.enter(agent.id).await else {
        return wire.tell(&ToAgent::Closed { why: Why::Replaced }).await;
    };
    let number = entered.number;
    let mut session = Session {
        hub,
        agent,
        peer,
        entered,
        wire,
        downlink: Downlink::new(vec![Slot::Free; SOURCES_MAX].into_boxed_slice()),
        sources: Sources::default(),
        configuration: None,
        in_use: 0,
    };
    let result = session.run(&hello).await;
    hub.left(&session.agent, number);
    result
}

/// A session of an agent.
struct Session<'h> {
    hub: &'h Arc<Hub>,
    agent: Agent,
    peer: SocketAddr,
    entered: Entered,
    wire: Wire,
    downlink: Downlink<Box<[Slot]>>,
    sources: Sources,
    /// What is being pushed.
    configuration: Option<Configuration>,
    /// Number of the configuration that the agent says it uses.
    in_use: u64,
}

impl Session<'_> {
    async fn run(&mut self, hello: &[u8]) -> io::Result<()> {
        self.downlink.connected(self.wire.now());
        self.receive(hello).await?;
        let mut shared = self.hub.shared.subscribe();
        loop {
            while let Some(message) = self.wire.next_message()? {
                let message = message.to_vec();
                self.receive(&message).await?;
            }
            self.answer()?;
            self.wire.flush().await?;
            if let Some(why) = self.entered.must_end() {
                return self.wire.tell(&ToAgent::Closed { why }).await;
            }
            let now = self.wire.now();
            let wait = match self.downlink.step(now) {
                Step::Disconnect => return Ok(()),
                Step::Wait(until) => Duration::from_millis(until.0.saturating_sub(now.0)),
            };
            tokio::select! {
                read = self.wire.read() => read?,
                Some(ticket) = self.entered.committed.recv() => self.settle(ticket),
                Some(order) = self.entered.orders.recv() => self.order(&order)?,
                _ = self.entered.end.changed() => {}
                _ = shared.changed() => self.push_configuration(),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn receive(&mut self, message: &[u8]) -> io::Result<()> {
        let now = self.wire.now();
        let Ok(received) = self.downlink.receive(message, now) else {
            self.wire.tell(&ToAgent::Closed { why: Why::Protocol }).await?;
            return Err(broken());
        };
        match received {
            Received::Nothing => {}
            Received::Hello(hello) => self.greet(&hello)?,
            Received::Source { index, name } => self.add_source(index, Some(name)),
            Received::Gone { index } => self.add_source(index, None),
            Received::Batch { ticket, body } => self.deliver(ticket, body).await?,
            Received::Applied { config } => {
                self.in_use = config;
                self.configured(config, ConfigurationState::Applied);
            }
            Received::Refused { config, why } => {
                let text = about::refused_configuration(&self.agent.name, why);
                self.hub.say(&self.agent, self.peer, text);
                self.configured(config, ConfigurationState::Refused(why.to_owned()));
            }
        }
        Ok(())
    }

    fn greet(&mut self, hello: &Hello<'_>) -> io::Result<()> {
        let about = About {
            address: self.peer.to_string(),
            version: hello.version.to_owned(),
            system: hello.system.to_owned(),
            hostname: hello.hostname.to_owned(),
            incarnation: hello.incarnation,
        };
        self.hub.arrived(&self.agent, &about, self.peer, &self.entered).map_err(io::Error::other)?;
        self.agent.about = about;
        let wall_ms =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        let ahead_s = (hello.wall_ms as i64).saturating_sub(wall_ms as i64) / 1000;
        if hello.wall_ms != 0 && ahead_s.abs() > SKEW_S {
            self.hub.say(&self.agent, self.peer, about::clock_differs(&self.agent.name, ahead_s));
        }
        let now = self.wire.now();
        let mut out = [0; TO_AGENT_MAX];
        let written = self.downlink.welcome(&self.agent.name, WINDOW, wall_ms, now, &mut out);
        let length = written.map_err(|_| broken())?;
        self.wire.put(out.get(..length).unwrap_or_default())?;
        self.in_use = hello.config;
        self.push_configuration();
        Ok(())
    }

    /// The numbers that earlier deliveries carry keep their meaning: they
    /// share the list as it was.
    fn add_source(&mut self, index: u16, name: Option<&str>) {
        let sources = Arc::make_mut(&mut self.sources);
        let index = usize::from(index);
        if sources.len() <= index {
            sources.resize(index + 1, None);
        }
        if let Some(slot) = sources.get_mut(index) {
            *slot = name.map(|name| {
                let shown = if name.is_empty() { "bartizan-agent" } else { name };
                let location = about::location(&self.agent.name, self.peer.ip(), shown);
                Source { name: Arc::from(name), location: Arc::from(location.into_bytes()) }
            });
        }
    }

    async fn deliver(&mut self, ticket: Ticket, body: &[u8]) -> io::Result<()> {
        let now = epoch_now();
        let room = self.room(body.len()).await?;
        let delivery = Delivery::new(&self.entered.session, ticket, &self.sources, body.to_vec(), now, room);
        self.listen(&delivery);
        self.hub.door.delivery(delivery);
        Ok(())
    }

    /// Waits in line with all other agents until so many bytes may come in;
    /// the agent hears meanwhile that it is not forgotten.
    async fn room(&mut self, bytes: usize) -> io::Result<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.hub.budget).acquire_many_owned(bytes);
        tokio::pin!(room);
        loop {
            tokio::select! {
                room = &mut room => return room.map_err(io::Error::other),
                Some(ticket) = self.entered.committed.recv() => self.settle(ticket),
                Some(order) = self.entered.orders.recv() => self.order(&order)?,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
            self.answer()?;
            self.wire.flush().await?;
        }
    }

    /// Counts records, and notes which sources were heard.
    fn listen(&self, delivery: &Delivery) {
        let records = delivery.progress().map(|(source, progress)| (&source.name, progress.records));
        let heard = records.filter(|(_, records)| *records > 0);
        self.entered.session.records.fetch_add(heard.clone().map(|(_, records)| records).sum(), Relaxed);
        self.hub.heard(self.agent.id, heard, delivery.received());
    }

    fn settle(&mut self, ticket: Ticket) {
        self.downlink.settled(ticket, Outcome::Committed);
    }

    /// Puts an order behind what is to be written.
    fn order(&mut self, order: &OwnedOrder) -> io::Result<()> {
        let now = self.wire.now();
        let mut out = [0; TO_AGENT_MAX];
        // Before the session is up nobody knows of it who could give orders.
        let Some(order) = order.lend() else { return Ok(()) };
        match self.downlink.order(&order, now, &mut out).map_err(|_| broken())? {
            Some(length) => self.wire.put(out.get(..length).unwrap_or_default()),
            None => Ok(()),
        }
    }

    /// Puts all there is to say behind what is to be written.
    fn answer(&mut self) -> io::Result<()> {
        let now = self.wire.now();
        let mut out = [0; TO_AGENT_MAX];
        while let Some(index) = self.downlink.wanted() {
            let position = self.position(index)?;
            let written = self.downlink.place(index, position.as_deref(), now, &mut out);
            self.wire.put(out.get(..written.map_err(|_| broken())?).unwrap_or_default())?;
        }
        let text = self.configuration.as_ref().map_or(&b""[..], |configuration| &configuration.text);
        while let Some(length) = self.downlink.send(now, text, &mut out).map_err(|_| broken())? {
            self.wire.put(out.get(..length).unwrap_or_default())?;
        }
        Ok(())
    }

    fn position(&self, index: u16) -> io::Result<Option<Vec<u8>>> {
        let Some(Some(source)) = self.sources.get(usize::from(index)) else { return Ok(None) };
        let position = self.hub.registry(|registry| registry.position(self.agent.id, &source.name));
        position.map_err(io::Error::other)
    }

    /// Pushes the configuration for this agent if it uses another one.
    fn push_configuration(&mut self) {
        // Groups and name may have changed since it connected.
        if let Ok(Some(agent)) = self.hub.registry(|registry| registry.agent(self.agent.id)) {
            self.agent = agent;
        }
        match shared::configuration_for(&self.hub.home, &self.agent) {
            Ok(Some(configuration)) if configuration.hash != self.in_use => {
                self.configured(configuration.hash, ConfigurationState::Pending);
                self.downlink.configure(configuration.hash);
                self.configuration = Some(configuration);
            }
            Ok(_) => {}
            Err(error) => news::tell(format_args!("agent {}: its configuration: {error}", self.agent.name)),
        }
    }

    fn configured(&self, hash: u64, state: ConfigurationState) {
        let stored =
            self.hub.registry(|registry| registry.configuration(self.agent.id, hash, &state, epoch_now()));
        if let Err(error) = stored {
            news::tell(format_args!("agent {}: {error}", self.agent.name));
        }
    }
}
