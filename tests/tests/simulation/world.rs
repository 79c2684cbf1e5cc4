//! One agent, its managers and everything between them, from one seed.

use crate::agent::{Agent, Settings};
use crate::manager::{Ledger, Manager};
use crate::network::Network;
use crate::random::Random;
use crate::storage::Blocks;
use crate::writer::Writer;
use bartizan_core::follow::memory::MemoryDisk;
use std::collections::BTreeMap;

/// How long after the last fault everything must have arrived: a manager that
/// owes an answer is left after a minute, and the longest wait is another.
const PATIENCE_MS: u64 = 400_000;

/// What happens by itself.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Write(usize),
    Rotate(usize),
    Reopen(usize),
    Spool(usize),
    StartAgent,
    StartManager(usize),
    Unstick(usize),
    Fault,
    Calm,
}

/// A record that the spool was given.
struct Given {
    /// It was flushed in the life in which it was given.
    is_safe: bool,
}

pub(crate) struct World {
    seed: u64,
    now: u64,
    random: Random,
    is_traced: bool,
    settings: Settings,
    disk: MemoryDisk,
    blocks: Blocks,
    agent: Option<Agent>,
    agent_next: u64,
    managers: Vec<Option<Manager>>,
    manager_next: Vec<u64>,
    ledgers: Vec<Ledger>,
    network: Network,
    writers: Vec<Writer>,
    given: Vec<Given>,
    /// Records that were given before this life of the agent.
    born: usize,
    happenings: BTreeMap<(u64, u64), Happening>,
    happened: u64,
    /// When faults and writers stop.
    calm: u64,
    slowness_ms: u64,
    has_killed_agent: bool,
    may_kill_agent: bool,
    may_rotate: bool,
}

impl World {
    pub(crate) fn new(seed: u64, is_traced: bool) -> Self {
        let mut random = Random::new(seed);
        let managers = if random.percent(70) { 1 } else { random.of(2..4) as usize };
        // Where each manager knows another part of a file, generations that
        // the agent has seen in an earlier life only are nobody's.
        let may_rotate = managers == 1 || random.percent(50);
        let may_kill_agent = managers == 1 || !may_rotate;
        let names = |what: &str, count: u64| (0..count).map(|number| format!("{what} {number}")).collect();
        let settings = Settings {
            files: names("/log/file", random.of(1..4)),
            commands: names("command", random.of(1..4)),
            managers,
            batch: 16_000 + random.skewed(40_000) as usize,
            flush_ms: 200 + random.of(0..5000),
        };
        let disk = MemoryDisk::new();
        let writers =
            settings.files.iter().map(|path| Writer::new(path.clone(), &disk, &mut random)).collect();
        let mut network = Network::default();
        network.latency_ms = 1 + random.skewed(20_000);
        network.silent_deaths = random.of(0..100);
        let slowness_ms = 1 + random.skewed(40_000);
        let blocks = Blocks::new(random.of(3..10) as usize);
        let mut world = Self {
            seed,
            now: 0,
            is_traced,
            agent: Some(Agent::start(&settings, &blocks, &mut random)),
            agent_next: 0,
            managers: (0..managers).map(|number| Some(Manager::start(number, slowness_ms))).collect(),
            manager_next: vec![0; managers],
            ledgers: (0..managers).map(|_| Ledger::default()).collect(),
            network,
            writers,
            given: Vec::new(),
            born: 0,
            happenings: BTreeMap::new(),
            happened: 0,
            calm: random.of(20_000..200_000),
            slowness_ms,
            has_killed_agent: false,
            may_kill_agent,
            may_rotate,
            settings,
            disk,
            blocks,
            random,
        };
        (0..world.writers.len()).for_each(|writer| world.begin_writer(writer));
        (0..world.settings.commands.len()).for_each(|command| world.after(10, Happening::Spool(command)));
        world.plan_fault();
        world.after(world.calm, Happening::Calm);
        world
    }

    fn begin_writer(&mut self, writer: usize) {
        self.after(10, Happening::Write(writer));
        self.after(5000, Happening::Rotate(writer));
    }

    fn plan_fault(&mut self) {
        let ms = 1 + self.random.skewed(60_000);
        self.after(ms, Happening::Fault);
    }

    fn after(&mut self, ms: u64, happening: Happening) {
        self.happened += 1;
        self.happenings.insert((self.now + ms, self.happened), happening);
    }

    fn trace(&self, what: impl FnOnce() -> String) {
        if self.is_traced {
            eprintln!("{:>9} {}", self.now, what());
        }
    }

    /// Lets the world go on until all has arrived.
    pub(crate) fn run(&mut self) {
        while !self.is_over() {
            assert!(self.now < self.calm + PATIENCE_MS, "somebody is stuck: {}", self.state());
            self.step();
        }
        self.check();
    }

    fn is_over(&self) -> bool {
        self.now > self.calm
            && self.happenings.is_empty()
            && self.agent.as_ref().is_some_and(Agent::is_done)
            && { self.writers.iter().all(|writer| self.has_all(writer)) }
    }

    /// Whether the last line has arrived somewhere.
    fn has_all(&self, writer: &Writer) -> bool {
        let last =
            |ledger: &Ledger| ledger.records.get(&writer.path)?.last().map(|text| line_number(writer, text));
        self.ledgers.iter().filter_map(last).max() == Some(writer.written - 1)
    }

    fn state(&self) -> String {
        let up = self.managers.iter().map(Option::is_some).collect::<Vec<_>>();
        let written: Vec<_> =
            self.writers.iter().map(|writer| (writer.written, self.has_all(writer))).collect();
        format!("seed {}, managers {up:?}, lines {written:?}, agent done {:?}", self.seed, {
            self.agent.as_ref().map(Agent::is_done)
        })
    }

    /// Goes to the next moment at which something happens.
    fn step(&mut self) {
        let next = self.happenings.first_key_value().map_or(u64::MAX, |((at, _), _)| *at);
        let next = next.min(self.network.next_arrival()).min(self.agent_next);
        let next = self.manager_next.iter().fold(next, |next, at| next.min(*at));
        self.now = next.max(self.now + 1).min(self.calm + PATIENCE_MS);
        self.network.arrive(self.now);
        while let Some(entry) = self.happenings.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let happening = entry.remove();
            self.happen(happening);
        }
        self.poll_managers();
        self.poll_agent();
    }

    fn poll_managers(&mut self) {
        for (number, manager) in self.managers.iter_mut().enumerate() {
            self.manager_next[number] = manager.as_mut().map_or(u64::MAX, |manager| {
                manager.poll(&mut self.ledgers[number], &mut self.network, self.now, &mut self.random)
            });
        }
    }

    fn poll_agent(&mut self) {
        let Some(agent) = &mut self.agent else {
            self.agent_next = u64::MAX;
            return;
        };
        let listening: Vec<bool> = self.managers.iter().map(Option::is_some).collect();
        self.agent_next = agent.poll(&self.disk, &mut self.network, &listening, self.now, &mut self.random);
        if !self.blocks.has_power() {
            return self.kill_agent();
        }
        let safe = agent.safe;
        self.given.iter_mut().skip(self.born).take(safe).for_each(|given| given.is_safe = true);
    }

    fn kill_agent(&mut self) {
        self.trace(|| "the agent is killed".into());
        self.agent = None;
        self.has_killed_agent = true;
        self.network.break_all(|_| true, &mut self.random);
        self.blocks.power_on();
        let ms = 1 + self.random.skewed(100_000);
        self.after(ms, Happening::StartAgent);
    }

    fn kill_manager(&mut self, number: usize) {
        self.trace(|| format!("manager {number} is killed"));
        self.managers[number] = None;
        self.network.kill(number, &mut self.random);
        let ms = 1 + self.random.skewed(100_000);
        self.after(ms, Happening::StartManager(number));
    }

    fn happen(&mut self, happening: Happening) {
        let is_calm = self.now >= self.calm;
        match happening {
            Happening::Write(_) | Happening::Rotate(_) | Happening::Spool(_) | Happening::Fault
                if is_calm => {}
            Happening::Write(writer) => {
                self.writers[writer].write(&self.disk, &mut self.random);
                let ms = 1 + self.random.skewed(5000);
                self.after(ms, happening);
            }
            Happening::Rotate(writer) => self.rotate(writer),
            Happening::Reopen(writer) => self.writers[writer].reopen(&self.disk, &mut self.random),
            Happening::Spool(command) => self.spool(command),
            Happening::StartAgent => {
                self.trace(|| "the agent is started".into());
                self.born = self.given.len();
                self.agent = Some(Agent::start(&self.settings, &self.blocks, &mut self.random));
            }
            Happening::StartManager(number) => {
                self.trace(|| format!("manager {number} is started"));
                self.managers[number] = Some(Manager::start(number, self.slowness_ms));
            }
            Happening::Unstick(number) => {
                if let Some(manager) = &mut self.managers[number] {
                    manager.is_stuck = false;
                }
            }
            Happening::Fault => self.fault(),
            Happening::Calm => self.calm_down(),
        }
    }

    /// Nothing fails any more, and nothing is slow.
    fn calm_down(&mut self) {
        self.trace(|| "all is calm".into());
        self.network.latency_ms = self.network.latency_ms.min(300);
        self.slowness_ms = self.slowness_ms.min(300);
        for manager in self.managers.iter_mut().flatten() {
            (manager.is_stuck, manager.slowness_ms) = (false, self.slowness_ms);
        }
        self.writers.iter_mut().for_each(|writer| writer.finish(&self.disk, &mut self.random));
    }

    fn rotate(&mut self, writer: usize) {
        // A file of which no manager has heard has no place to go back to.
        let path = &self.writers[writer].path;
        if self.may_rotate && self.ledgers.iter().all(|ledger| ledger.positions.contains_key(path)) {
            self.trace(|| format!("{path} is rotated"));
            self.writers[writer].rotate(&self.disk, &mut self.random);
            let ms = 1 + self.random.of(0..3000);
            self.after(ms, Happening::Reopen(writer));
        }
        let ms = 5000 + self.random.of(0..100_000);
        self.after(ms, Happening::Rotate(writer));
    }

    fn spool(&mut self, command: usize) {
        let ms = 1 + self.random.skewed(4000);
        self.after(ms, Happening::Spool(command));
        let Some(agent) = &mut self.agent else { return };
        for _ in 0..1 + self.random.skewed(20) {
            let filling = "x".repeat(self.random.skewed(4000) as usize);
            agent.spool(command, &format!("spooled {} {filling}", self.given.len()), self.now);
            self.given.push(Given { is_safe: false });
        }
    }

    fn fault(&mut self) {
        self.plan_fault();
        let manager = self.random.of(0..self.managers.len() as u64) as usize;
        match self.random.of(0..10) {
            0..4 => {
                self.trace(|| "connections break".into());
                self.network.break_all(|_| true, &mut self.random);
            }
            4 => self.kill_manager_if_alive(manager),
            5 if self.may_kill_agent && self.agent.is_some() => self.kill_agent(),
            6 if self.may_kill_agent && self.agent.is_some() => {
                let bytes = self.random.skewed(60_000) as usize;
                self.trace(|| format!("the power will fail after {bytes} bytes"));
                self.blocks.cut_after(bytes);
            }
            7 if self.may_kill_agent && self.agent.is_some() => {
                self.kill_agent();
                self.kill_manager_if_alive(manager);
            }
            8 => self.stick(manager),
            _ => {
                if let Some(manager) = &mut self.managers[manager] {
                    manager.drop_jobs();
                }
            }
        }
    }

    fn kill_manager_if_alive(&mut self, number: usize) {
        if self.managers[number].is_some() {
            self.kill_manager(number);
        }
    }

    /// A manager takes everything and answers nothing, for a while.
    fn stick(&mut self, number: usize) {
        self.trace(|| format!("manager {number} is stuck"));
        if let Some(manager) = &mut self.managers[number] {
            manager.is_stuck = true;
            let ms = 1 + self.random.of(0..200_000);
            self.after(ms, Happening::Unstick(number));
        }
    }

    /// What has come out of this world.
    pub(crate) fn fingerprint(&self) -> (u64, String) {
        (self.now, format!("{:?}", self.ledgers))
    }

    /// The promise.
    fn check(&self) {
        for writer in &self.writers {
            self.check_lines(writer);
        }
        for ledger in &self.ledgers {
            let is_rising = ledger.spooled.is_sorted_by(|one, next| one < next);
            assert!(is_rising, "spooled records are doubled or out of order: {:?}", ledger.spooled);
        }
        self.check_spool();
    }

    fn check_lines(&self, writer: &Writer) {
        let mut has = vec![false; writer.written];
        for ledger in &self.ledgers {
            let mut last = None;
            for text in ledger.records.get(&writer.path).into_iter().flatten() {
                let number =
                    text.strip_prefix(&*writer.path).and_then(|rest| rest.trim_start().split(' ').next());
                let number: usize = number.and_then(|number| number.parse().ok()).expect("a line is whole");
                assert!(
                    last < Some(number),
                    "line {number} of {} is doubled or late, after {last:?}",
                    writer.path
                );
                (last, has[number]) = (Some(number), true);
            }
        }
        let missing: Vec<usize> = (0..writer.written).filter(|number| !has[*number]).collect();
        assert!(missing.is_empty(), "lines {missing:?} of {} are lost", writer.path);
    }

    fn check_spool(&self) {
        let mut has = vec![false; self.given.len()];
        for number in self.ledgers.iter().flat_map(|ledger| &ledger.spooled) {
            has[*number] = true;
        }
        let missing = has.iter().filter(|has| !**has).count() as u64;
        let safe = self.given.iter().zip(&has).filter(|(given, has)| given.is_safe && !**has).count() as u64;
        let lost = self.ledgers.iter().map(|ledger| ledger.lost).sum::<u64>();
        assert!(safe <= lost, "{safe} flushed records are missing, {lost} are counted");
        // A second manager may be told of losses that the first knows already.
        if self.ledgers.len() == 1 {
            assert!(lost <= missing, "{lost} are counted as lost, {missing} are missing");
            assert!(self.has_killed_agent || lost == missing, "{missing} are missing, {lost} are counted");
        }
    }
}

/// The number of a line that arrived.
fn line_number(writer: &Writer, text: &str) -> usize {
    let number = text.strip_prefix(&*writer.path).and_then(|rest| rest.trim_start().split(' ').next());
    number.and_then(|number| number.parse().ok()).expect("a line is whole")
}
