//! The agent: what agent-linux does with core, without Linux.

use crate::network::{End, Network, framed, unsealed};
use crate::random::Random;
use crate::storage::Blocks;
use bartizan_core::assemble::{Assembler, Context, Format, Record as Assembled};
use bartizan_core::follow::memory::{MemoryDisk, MemoryFile};
use bartizan_core::follow::{Begin, Followed, Position, Progress, Sink};
use bartizan_core::limits::BATCH_MAX;
use bartizan_core::pattern::NoPatterns;
use bartizan_core::spool::{Slot as SpoolSlot, Spool, Storage, Whose};
use bartizan_core::time::Millis;
use bartizan_core::wire::SPOOL;
use bartizan_core::wire::batch::{Batch, Record};
use bartizan_core::wire::frame::Frames;
use bartizan_core::wire::message::{CONTROL_MAX, Hello};
use bartizan_core::wire::uplink::{Event, Slot, Step, Uplink};

/// Files and commands of an agent; what stays the same when it is killed.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Paths; their sources have the indexes from 1.
    pub(crate) files: Vec<String>,
    /// Names of sources that are spooled; their indexes follow.
    pub(crate) commands: Vec<String>,
    pub(crate) managers: usize,
    /// Bytes of memory for a batch.
    pub(crate) batch: usize,
    /// Milliseconds between two flushes of the spool.
    pub(crate) flush_ms: u64,
}

struct File {
    path: Vec<u8>,
    followed: Followed<MemoryFile, Vec<u8>>,
}

struct Link {
    id: usize,
    frames: Frames<Vec<u8>>,
    is_greeted: bool,
}

/// One life of an agent.
pub(crate) struct Agent {
    settings: Settings,
    names: Vec<String>,
    uplink: Uplink<Vec<Slot>, Vec<u8>>,
    spool: Spool<Blocks, Vec<SpoolSlot>>,
    files: Vec<File>,
    link: Option<Link>,
    lines: Vec<u8>,
    memory: Vec<u8>,
    flushed: u64,
    /// How many records the spool was given, and how many it had when it was
    /// flushed.
    pub(crate) given: usize,
    pub(crate) safe: usize,
}

/// A batch as a place for records of one file.
struct IntoBatch<'s, 'b> {
    batch: &'s mut Batch<'b>,
    source: u16,
}

impl Sink for IntoBatch<'_, '_> {
    fn has_room(&self, records: usize) -> bool {
        self.batch.has_room(records)
    }

    fn take(&mut self, record: Assembled<'_>) {
        let Assembled { text, queue, cut, .. } = record;
        let record = Record { source: self.source, queue, age_ms: 0, cut, text };
        self.batch.record(&record).expect("there is room: it was asked for");
    }
}

impl Agent {
    pub(crate) fn start(settings: &Settings, blocks: &Blocks, random: &mut Random) -> Self {
        let mut names = vec![String::new()];
        names.extend(settings.files.iter().chain(&settings.commands).cloned());
        let file = |path: &String| File {
            path: path.clone().into_bytes(),
            followed: Followed::new(
                Begin::Start,
                Assembler::new(Format::Lines, Vec::new()).expect("lines need no memory"),
            ),
        };
        let mut uplink = Uplink::new(
            vec![Slot::Free; names.len()],
            vec![0; 4096],
            vec![0; 1024],
            settings.managers,
            random.next(),
        );
        (0..names.len() as u16).for_each(|index| assert!(uplink.open(index)));
        let slots = vec![SpoolSlot::default(); blocks.blocks()];
        Self {
            uplink,
            spool: Spool::open(blocks.clone(), slots, random.next(), random.next()),
            files: settings.files.iter().map(file).collect(),
            link: None,
            lines: vec![0; 16 * 1024],
            memory: vec![0; settings.batch.min(BATCH_MAX)],
            flushed: 0,
            given: 0,
            safe: 0,
            names,
            settings: settings.clone(),
        }
    }

    /// A command has given a record.
    pub(crate) fn spool(&mut self, command: usize, text: &str, now: u64) {
        let source = (1 + self.settings.files.len() + command) as u16;
        let name = &self.names[usize::from(source)];
        let record = Record { source, queue: b'1', age_ms: 0, cut: 0, text: text.as_bytes() };
        self.spool.push(&record, name, Millis(now));
        self.given += 1;
    }

    /// Whether all that it was given has arrived, as far as it knows.
    pub(crate) fn is_done(&self) -> bool {
        self.uplink.is_up() && self.uplink.unacknowledged() == 0 && self.spool.is_sent()
    }

    /// Does all that can be done now; when to come again at the latest.
    pub(crate) fn poll(
        &mut self,
        disk: &MemoryDisk,
        network: &mut Network,
        listening: &[bool],
        now: u64,
        random: &mut Random,
    ) -> u64 {
        self.receive(disk, network, now);
        let next = loop {
            match self.uplink.step(Millis(now)) {
                Step::Connect(manager) => {
                    let id = network.connect(manager, listening[manager], now, random);
                    self.link = Some(Link { id, frames: Frames::new(vec![0; 16 * 1024]), is_greeted: false });
                }
                Step::Disconnect(_) => self.hang_up(network, now, random),
                Step::Wait(until) => break until.0,
            }
        };
        self.greet(network, now, random);
        self.say(network, now, random);
        self.send(disk, network, now, random);
        if now >= self.flushed + self.settings.flush_ms {
            self.spool.flush();
            (self.flushed, self.safe) = (now, self.given);
        }
        let look = self.files.iter().map(|file| file.followed.next_look().0.max(now + 1)).min();
        next.min(look.unwrap_or(u64::MAX)).min(self.flushed + self.settings.flush_ms)
    }

    fn hang_up(&mut self, network: &mut Network, now: u64, random: &mut Random) {
        if let Some(link) = self.link.take() {
            network.close(link.id, End::Agent, now, random);
        }
    }

    fn greet(&mut self, network: &mut Network, now: u64, random: &mut Random) {
        let Some(link) = self.link.as_mut().filter(|link| !link.is_greeted) else { return };
        if !network.is_made(link.id, End::Agent) {
            return;
        }
        link.is_greeted = true;
        let hello = Hello {
            protocol: bartizan_core::wire::PROTOCOL,
            incarnation: 1,
            version: "0",
            system: "simulation",
            hostname: "agent",
            config: 0,
            // The wall clock goes where it will.
            wall_ms: random.next(),
        };
        let mut out = [0; CONTROL_MAX];
        let len = self.uplink.connected(&hello, Millis(now), &mut out).expect("there is room");
        network.send(link.id, End::Agent, framed(&out[..len]), now, random);
    }

    fn receive(&mut self, disk: &MemoryDisk, network: &mut Network, now: u64) {
        let Some(link) = &mut self.link else { return };
        let bytes = network.receive(link.id, End::Agent);
        let is_closed = network.is_closed(link.id, End::Agent);
        let (files, spool) = (&mut self.files, &mut self.spool);
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let space = link.frames.space();
            let len = space.len().min(rest.len());
            space[..len].copy_from_slice(&rest[..len]);
            rest = &rest[len..];
            link.frames.filled(len);
            while let Some(frame) = link.frames.next_frame().expect("the manager sends frames") {
                self.uplink
                    .receive(unsealed(frame), Millis(now), &mut |event| tell(event, files, spool, disk, now));
            }
        }
        if is_closed {
            self.link = None;
            self.uplink.lost(Millis(now));
        }
    }

    /// Says what is to be said beside batches.
    fn say(&mut self, network: &mut Network, now: u64, random: &mut Random) {
        let Some(link) = &self.link else { return };
        let mut out = [0; CONTROL_MAX];
        let names = &self.names;
        let name_of = |index: u16| &*names[usize::from(index)];
        while let Some(len) = self.uplink.send(Millis(now), &name_of, &mut out).expect("there is room") {
            network.send(link.id, End::Agent, framed(&out[..len]), now, random);
        }
    }

    /// Sends batches as long as there is room and something to send.
    fn send(&mut self, disk: &MemoryDisk, network: &mut Network, now: u64, random: &mut Random) {
        for file in &mut self.files {
            if now >= file.followed.next_look().0 {
                file.followed.look(disk, &file.path, Millis(now));
            }
        }
        let mut memory = std::mem::take(&mut self.memory);
        while self.uplink.room().is_enough() {
            let mut batch = Batch::new(&mut memory, self.uplink.room());
            self.fill(&mut batch, disk, now);
            if batch.is_empty() {
                break;
            }
            let message = self.uplink.seal(batch, Millis(now)).expect("all sources are placed");
            let link = self.link.as_ref().expect("a session has a connection");
            network.send(link.id, End::Agent, framed(message), now, random);
        }
        self.memory = memory;
    }

    fn fill(&mut self, batch: &mut Batch<'_>, disk: &MemoryDisk, now: u64) {
        let (uplink, names) = (&self.uplink, &self.names);
        if uplink.is_placed(SPOOL) {
            let index_of = |name: &str| names.iter().position(|other| other == name).expect("a name is kept");
            self.spool.fill(batch, Millis(now), &mut |whose| {
                let index = match whose {
                    Whose::Index(index) => index,
                    Whose::Name(name) => index_of(name) as u16,
                };
                uplink.is_placed(index).then_some(index)
            });
        }
        for (file, source) in self.files.iter_mut().zip(1..) {
            if uplink.is_placed(source) {
                let mut context = Context { now: Millis(now), header: b"", patterns: &mut NoPatterns };
                read(file, disk, &mut self.lines, &mut context, &mut IntoBatch { batch, source });
            }
        }
    }
}

/// Reads a file as long as there is something and room for it.
fn read(
    file: &mut File,
    disk: &MemoryDisk,
    lines: &mut [u8],
    context: &mut Context<'_>,
    sink: &mut IntoBatch<'_, '_>,
) {
    let before = sink.batch.body().len();
    while file.followed.read(disk, &file.path, lines, context, sink) == Progress::More {}
    let news = file.followed.take_news();
    assert!(!news.lost, "a file was lost: {news:?}");
    if sink.batch.body().len() > before {
        let position = file.followed.position().expect("what was read has a place");
        sink.batch.position(sink.source, &position.encode()).expect("there is room behind a record");
    }
}

/// Does what the session tells.
fn tell(
    event: Event<'_>,
    files: &mut [File],
    spool: &mut Spool<Blocks, Vec<SpoolSlot>>,
    disk: &MemoryDisk,
    now: u64,
) {
    let place_of = |index: u16| usize::from(index).wrapping_sub(1);
    match event {
        Event::Place { index: SPOOL, position } => spool.rewind(position),
        Event::Acknowledged { index: SPOOL, position } => spool.acknowledged(position),
        Event::Place { index, position } => {
            let Some(file) = files.get_mut(place_of(index)) else { return };
            let position =
                position.map(|bytes| Position::decode(bytes).expect("a position comes back whole"));
            file.followed.place(disk, &file.path, Millis(now), position.as_ref());
        }
        Event::Acknowledged { index, position } => {
            let Some(file) = files.get_mut(place_of(index)) else { return };
            file.followed.acknowledged(Position::decode(position).expect("a position comes back whole"));
        }
        Event::Welcome { .. } | Event::Configuration { .. } | Event::Order { .. } => {}
    }
}
