//! Worlds out of one seed: a log that grows and is rotated, a mail server that
//! fails, and a command that is killed between any two of its steps. In the
//! end each line has been delivered once. `BARTIZAN_SEEDS=10000` tries more.

use super::{counts, wanted};
use bartizan::outbox::engine::Courier;
use bartizan::outbox::{Failure, Parcel, Queue};
use bartizan::sharing::dshield::Mailed;
use bartizan::sharing::hit::{Hit, Scope};
use bartizan::sharing::service::{Limits, Service};
use bartizan::sharing::{LogFile, Plan};
use bartizan_core::follow::Disk;
use bartizan_core::follow::memory::{MemoryDisk, MemoryFile};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Worlds of each kind.
const SEEDS: u64 = 1000;

const LOG: &str = "/log/firewall.log";

/// Generations of the log that are kept.
const KEPT: u64 = 12;

/// The time of all worlds.
const NOW: i64 = 1_795_246_190;

/// All chance of a world, from its seed (SplitMix64).
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A mail server, and whether the one who talks to it lives.
#[derive(Debug)]
struct Server {
    random: Random,
    /// Nothing fails any more.
    is_sound: bool,
    is_killed: bool,
    taken: BTreeMap<String, Vec<u8>>,
    /// Mails of which the sender cannot know that they were taken.
    unsure: BTreeSet<String>,
    repeated: u64,
    kills: u64,
}

impl Server {
    /// Whether the sender is killed here.
    fn kill(&mut self) -> bool {
        if !self.is_sound && !self.is_killed && self.random.percent(9) {
            self.is_killed = true;
            self.kills += 1;
        }
        self.is_killed
    }

    fn take(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        let for_now = |why: &str| Err(Failure::Temporary(why.to_owned(), None));
        if self.kill() || !self.is_sound && self.random.percent(20) {
            return for_now("451 not now");
        }
        let is_new = self.taken.insert(parcel.id.clone(), parcel.payload.clone());
        if let Some(before) = is_new {
            assert_eq!(before, parcel.payload, "a repetition is the same mail");
            assert!(self.unsure.remove(&parcel.id), "only what may not have arrived is repeated");
            self.repeated += 1;
        }
        if self.kill() || !self.is_sound && self.random.percent(10) {
            self.unsure.insert(parcel.id.clone());
            return for_now("the connection broke");
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Told {
    form: Mailed,
    server: Mutex<Server>,
}

impl Service for Told {
    fn kind(&self) -> &'static str {
        "dshield"
    }
    fn limits(&self) -> Limits {
        self.form.limits()
    }
    fn portions(&self, hits: &[Hit]) -> Vec<Vec<Hit>> {
        self.form.portions(hits)
    }
    fn render(&self, id: &str, hits: &[Hit], now: i64) -> Vec<u8> {
        self.form.render(id, hits, now)
    }
    fn deliver(&self, parcel: &Parcel) -> Result<(), Failure> {
        self.server.lock().expect("one thread").take(parcel)
    }
}

struct World {
    random: Random,
    disk: MemoryDisk,
    writer: MemoryFile,
    /// A line that is not written to its end.
    rest: String,
    lines: Vec<String>,
    told: Arc<Told>,
    plan: Plan,
    state: PathBuf,
    /// The log is copied and truncated.
    is_copied: bool,
    /// The command also runs in the middle of a rotation.
    is_disturbed: bool,
}

impl World {
    fn new(seed: u64, is_disturbed: bool, folder: &Path) -> Self {
        let mut random = Random(seed);
        let disk = MemoryDisk::new();
        let form = Mailed {
            user_id: 42,
            from: "me@example.com".to_owned(),
            to: "you@example.com".to_owned(),
            authkey: None,
            route: None,
            zone: TimeZone::UTC,
            host: "keep".to_owned(),
            split: 1 + random.below(40) as usize,
            max_lines: 1 + random.below(60) as usize,
        };
        let server = Server {
            random: Random(seed ^ 0x5eed),
            is_sound: false,
            is_killed: false,
            taken: BTreeMap::new(),
            unsure: BTreeSet::new(),
            repeated: 0,
            kills: 0,
        };
        let told = Arc::new(Told { form, server: Mutex::new(server) });
        let plan = Plan {
            name: "dshield".to_owned(),
            logs: vec![LogFile { path: LOG.into(), zone: TimeZone::UTC }],
            devices: Vec::new(),
            scope: Scope::default(),
            since: None,
            first_s: None,
            obfuscate: random.percent(50),
            service: told.clone(),
        };
        let writer = disk.writer(LOG.as_bytes());
        let state = folder.join(format!("{seed}.state"));
        let is_copied = is_disturbed && random.percent(30);
        if is_disturbed && random.percent(30) {
            disk.forget_births();
        }
        let (rest, lines) = Default::default();
        Self { random, disk, writer, rest, lines, told, plan, state, is_copied, is_disturbed }
    }

    /// Some lines, the last one perhaps without its end; some are alike.
    fn write(&mut self) {
        for _ in 0..1 + self.random.below(20) {
            let again = self.random.percent(10).then(|| self.lines.last().cloned()).flatten();
            let line = again.unwrap_or_else(|| super::line(self.lines.len() as u64));
            self.lines.push(line.clone());
            self.rest.push_str(&line);
        }
        let end = if self.random.percent(20) { self.rest.len() - 10 } else { self.rest.len() };
        self.disk.write(&self.writer, &self.rest.as_bytes()[..end]);
        self.rest.drain(..end);
    }

    /// The log gets another name or is copied, those before it get further
    /// names, some are compressed, the older one first. The writer notices at
    /// once.
    fn rotate(&mut self) {
        self.disk.write(&self.writer, self.rest.as_bytes());
        self.rest.clear();
        let name = |n: u64, ending: &str| format!("{LOG}.{n}{ending}").into_bytes();
        for n in (1..KEPT).rev() {
            self.disk.rename(&name(n, ".gz"), &name(n + 1, ".gz"));
            self.disk.rename(&name(n, ""), &name(n + 1, ""));
        }
        if self.is_copied {
            self.copy(&name(1, ""));
        } else {
            self.disk.rename(LOG.as_bytes(), &name(1, ""));
            self.disturb();
            let old = std::mem::replace(&mut self.writer, self.disk.writer(LOG.as_bytes()));
            drop(old);
        }
        for n in (1..3).rev() {
            if self.disk.has(&name(n, "")) && self.random.percent(40) {
                self.pack(&name(n, ""), &name(n, ".gz"));
            }
        }
    }

    /// Two short files may begin alike by chance: which of them is a copy
    /// nobody can know.
    fn copy(&mut self, to: &[u8]) {
        self.disk.copy(LOG.as_bytes(), to);
        if self.disk.stat(to).expect("it is there").size >= 1024 {
            self.disturb();
        }
        self.disk.truncate(LOG.as_bytes(), 0);
    }

    fn pack(&mut self, from: &[u8], to: &[u8]) {
        let file = self.disk.open(from).expect("it is there");
        let size = self.disk.stat_open(&file).expect("it is there").size;
        let mut bytes = vec![0; size as usize];
        self.disk.read_at(&file, 0, &mut bytes).expect("it is read");
        drop(file);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&bytes).expect("memory");
        let packed = encoder.finish().expect("memory");
        let (first, second) = packed.split_at(packed.len() / 2);
        self.disk.remove(to);
        self.disk.append(to, first);
        self.disturb();
        self.disk.append(to, second);
        self.disk.remove(from);
    }

    fn disturb(&mut self) {
        if self.is_disturbed && self.random.percent(50) {
            self.live_or_die();
        }
    }

    fn live_or_die(&mut self) {
        self.live();
        self.told.server.lock().expect("one thread").is_killed = false;
    }

    /// One life of the command. `None` if it was killed.
    fn live(&mut self) -> Option<()> {
        let queue = Queue::open_file(self.state.clone()).expect("a queue");
        let mut queue = self.survives(queue)?;
        queue.join(&self.plan.name, "dshield").expect("it is noted");
        let courier = Courier::new(queue, self.plan.destination()).expect("a courier");
        let mut courier = self.survives(courier)?;
        let is_through = self.deliver(&mut courier)?;
        if !is_through {
            return Some(());
        }
        let round = self.plan.read(&self.disk, Some(courier.queue()), NOW).expect("it is read");
        let round = self.survives(round)?;
        self.plan.write_down(courier.queue(), &round, NOW).expect("it is noted");
        let mut courier = self.survives(courier)?;
        self.deliver(&mut courier).map(drop)
    }

    /// Hands over what waits; false if something was not taken.
    fn deliver(&self, courier: &mut Courier) -> Option<bool> {
        loop {
            self.survives(())?;
            let outcome = courier.attempt().expect("the queue is read");
            let (is_killed, taken) = {
                let mut server = self.told.server.lock().expect("one thread");
                let is_killed = server.kill();
                (is_killed, matches!(outcome, Some(Ok(()))))
            };
            if is_killed {
                if taken {
                    self.unsure_of_last();
                }
                return None;
            }
            courier.settle(NOW).expect("it is noted");
            self.survives(())?;
            match outcome {
                None => return Some(true),
                Some(Ok(())) => {}
                Some(Err(_)) => return Some(false),
            }
        }
    }

    /// The last mail that was taken was not noted.
    fn unsure_of_last(&self) {
        let mut server = self.told.server.lock().expect("one thread");
        let number = |id: &String| id.rsplit('-').next().and_then(|number| number.parse::<u64>().ok());
        let last = server.taken.keys().max_by_key(|id| number(id)).cloned();
        server.unsure.extend(last);
    }

    fn be_sound(&self, is_sound: bool) {
        self.told.server.lock().expect("one thread").is_sound = is_sound;
    }

    /// What is held, unless the process is killed here.
    fn survives<T>(&self, held: T) -> Option<T> {
        let is_killed = self.told.server.lock().expect("one thread").kill();
        (!is_killed).then_some(held)
    }

    fn run(&mut self) -> (u64, u64) {
        // What was rotated before the first round is not new.
        self.be_sound(true);
        self.write();
        self.live().expect("nobody is killed yet");
        self.be_sound(false);
        for _ in 0..20 {
            match self.random.below(10) {
                0..4 => self.write(),
                4..6 => self.rotate(),
                _ => self.live_or_die(),
            }
        }
        self.disk.write(&self.writer, self.rest.as_bytes());
        self.be_sound(true);
        // As much as a round takes at once, until there is no more.
        for _ in 0..self.lines.len() + 2 {
            self.live().expect("nobody is killed any more");
        }
        let server = self.told.server.lock().expect("one thread");
        let bodies = server.taken.values().map(|mail| String::from_utf8_lossy(mail).into_owned());
        assert_eq!(counts(bodies), wanted(self.lines.iter().cloned()));
        (server.kills, server.repeated)
    }
}

/// Memory, where there is a folder of it: nothing is cut here but processes.
fn folder(name: &str) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = base.join(format!("bartizan-dshield-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn worlds(name: &str, is_disturbed: bool) {
    let folder = folder(name);
    let seeds = std::env::var("BARTIZAN_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let (mut kills, mut repeated, mut failed) = (0, 0, Vec::new());
    for seed in 0..seeds {
        let mut world = World::new(seed, is_disturbed, &folder);
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.run())) {
            Ok((killed, again)) => (kills, repeated) = (kills + killed, repeated + again),
            Err(_) => failed.push(seed),
        }
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{ending}", world.state.display()));
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    println!("{seeds} worlds, {kills} kills, {repeated} mails repeated");
    assert!(failed.is_empty(), "seeds that end otherwise: {failed:?}");
    assert!(kills > seeds && repeated > seeds / 20, "{kills} kills, {repeated} repeated");
}

#[test]
fn each_line_is_delivered_once_whatever_is_killed() {
    worlds("killed", false);
}

#[test]
fn each_line_is_delivered_once_while_the_log_is_rotated() {
    worlds("rotated", true);
}
