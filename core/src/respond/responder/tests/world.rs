//! A host with a responder, and beside it a plain table of what must be in
//! force until when, in true time.

use super::disk::Disk;
use super::machine::{Machine, wide};
use super::std::collections::{BTreeMap, BTreeSet};
use super::std::string::{String, ToString};
use super::std::vec::Vec;
use super::std::{format, vec};
use crate::limits::RESPONSE_JOB_MAX;
use crate::respond::network::Network;
use crate::respond::order::{Begin, Means, Order, Talk, What};
use crate::respond::report::{Report, State};
use crate::respond::responder::{Job, Moment, Outcome, Responder, SLOT_WORDS, Ticket, Tool};
use crate::respond::shield::{Guarded, Shield};
use crate::respond::slot::HELD;
use crate::time::Millis;

pub(super) const HOUR: u64 = 3_600_000;
pub(super) const YEAR: u64 = 365 * 24 * HOUR;
const FOR_EVER: u64 = u64::MAX;

/// How much later something may be undone for each boot: what nobody notes of
/// the wall clock, there and back.
const LATE: u64 = 10_000;

/// What a response is about: a place in the table of targets.
pub(super) const TARGETS: usize = 14;

fn target(index: usize) -> (&'static str, Means<'static>, Option<&'static str>, &'static str) {
    let script = |file| Means::Script { file, talk: Talk::Arguments };
    match index {
        0 => ("nft 192.0.2.1/32", Means::Block, Some("192.0.2.1"), ""),
        1 => ("nft 192.0.2.2/32", Means::Nftables, Some("::ffff:192.0.2.2"), ""),
        2 => ("nft 192.0.2.0/24", Means::Block, Some("192.0.2.0/24"), ""),
        3 => ("nft 192.0.0.0/16", Means::Block, Some("192.0.2.0/16"), ""),
        4 => ("nft 2001:db8::1/128", Means::Block, Some("2001:db8::1"), ""),
        5 => ("ipset 192.0.2.1/32", Means::Ipset, Some("192.0.2.1"), ""),
        6 => ("ipset 192.0.2.0/24", Means::Ipset, Some("192.0.2.0/24"), ""),
        7 => ("ipset 2001:db8::/64", Means::Ipset, Some("2001:db8::/64"), ""),
        8 => ("route 192.0.2.1/32", Means::NullRoute, Some("192.0.2.1"), ""),
        9 => ("route 2001:db8::/64", Means::NullRoute, Some("2001:db8::/64"), ""),
        10 => ("deny 192.0.2.1/32", Means::HostsDeny, Some("192.0.2.1"), ""),
        11 => ("account anna", Means::LockAccount, Some("192.0.2.1"), "anna"),
        12 => ("script x.sh anna 192.0.2.1/32", script("x.sh"), Some("192.0.2.1"), "anna"),
        _ => ("script y.sh  -", script("y.sh"), None, ""),
    }
}

/// What must be so, by target: until when in true time, and for which
/// response.
#[derive(Clone, Debug, Default, PartialEq)]
struct Must {
    until: BTreeMap<String, (u64, u64)>,
    /// What was in force and has not been undone since.
    held: BTreeSet<String>,
}

/// What happens.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Begin {
        target: usize,
        for_s: u32,
    },
    Again {
        back: u64,
    },
    Renew {
        back: u64,
        for_s: u32,
    },
    End {
        back: u64,
    },
    EndAll,
    Guard {
        target: usize,
    },
    /// Time passes; the host does what is to be done.
    Wait {
        ms: u64,
    },
    /// One job is given out, and not waited for.
    Give,
    /// A job that was given out ends.
    Finish {
        which: usize,
        ending: Ending,
    },
    /// Somebody empties the packet filter, and says so.
    Flush,
    /// Somebody empties it, and says nothing.
    Empty,
    WallJump {
        ms: i64,
    },
    /// The wall clock is set so little beside the right time that nobody
    /// notes it: by 2.5 seconds at most.
    WallNudge {
        ms: i64,
    },
    /// The process is killed; jobs that it had given out are done or not.
    Kill {
        are_done: bool,
        down: u64,
    },
    /// The power fails at once, or in the midst of the coming writing.
    Cut {
        after: Option<usize>,
        unsynced: usize,
        down: u64,
        wall: Wall,
    },
    /// The disk is full, or cannot write, or cannot be read from some byte on;
    /// or is well again.
    Disk {
        is_full: bool,
        is_stuck: bool,
        unreadable: Option<usize>,
    },
}

/// What the wall clock does while the machine is down.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wall {
    Right,
    Ahead,
    Behind,
}

/// How a job ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    Done,
    NotDone,
    UnsureDone,
    UnsureNotDone,
}

/// A job that is being done: what it does is kept as text.
struct Running {
    ticket: Ticket,
    perform: Kept,
}

/// A job without what it borrows.
enum Kept {
    Script(Option<Tool>, String),
    Look(Tool, String),
    Other(String, bool),
}

impl Kept {
    /// Whether it does or undoes this.
    fn is_about(&self, name: &str) -> bool {
        let (kind, network) = name.split_once(' ').unwrap_or_default();
        let address = network.split('/').next().unwrap_or_default();
        match self {
            Self::Script(Some(Tool::Nft), script) => kind == "nft" && script.contains(address),
            Self::Script(Some(Tool::Ipset), script) => kind == "ipset" && script.contains(address),
            Self::Script(None, script) => kind == "route" && script.contains(address),
            Self::Look(..) => false,
            Self::Other(other, _) => other == name,
        }
    }
}

pub(super) struct World {
    /// True time.
    time: u64,
    booted: u64,
    wall: i64,
    boot: u64,
    pub(super) disk: Disk,
    pub(super) machine: Machine,
    responder: Responder<Vec<u64>, Disk>,
    must: Must,
    /// What must be so if so many bytes of the journal are left.
    earlier: Vec<(usize, Must)>,
    replaced: usize,
    running: Vec<Running>,
    next_id: u64,
    orders: BTreeMap<u64, (usize, u32)>,
    pub(super) reports: Vec<(u64, State, String)>,
    guarded: BTreeSet<usize>,
    /// Until then, failures are made good.
    troubled: u64,
    /// Bytes of the next power cut that survive without being synced.
    cut: Option<(usize, u64, Wall)>,
    /// The wall clock was set, and nobody has noted it.
    has_jumped: bool,
    /// How far the wall clock was set beside the right time last.
    nudge: i64,
    /// Responses up to this number were ordered in an earlier life, and may
    /// not be known any more.
    reborn: u64,
}

impl World {
    pub(super) fn new() -> Self {
        let disk = Disk::default();
        let at = Moment { now: Millis(60_000), wall_ms: 50 * YEAR };
        let responder = Responder::open(vec![0; 40 * SLOT_WORDS], disk.clone(), Tool::Nft, 1, at);
        Self {
            time: 60_000,
            booted: 0,
            wall: (50 * YEAR - 60_000) as i64,
            boot: 1,
            disk,
            machine: Machine::default(),
            responder,
            must: Must::default(),
            earlier: Vec::new(),
            replaced: 0,
            running: Vec::new(),
            next_id: 1,
            orders: BTreeMap::new(),
            reports: Vec::new(),
            guarded: BTreeSet::new(),
            troubled: 0,
            cut: None,
            has_jumped: false,
            nudge: 0,
            reborn: 0,
        }
    }

    fn at(&self) -> Moment {
        let wall_ms = (self.time as i64 + self.wall).max(0) as u64;
        Moment { now: Millis(self.time - self.booted), wall_ms }
    }

    fn shield(&self) -> Shield {
        let mut shield = Shield::new();
        for index in &self.guarded {
            if let Some(network) = target(*index).2.and_then(Network::parse) {
                shield.add(network, Guarded::Session);
            }
        }
        shield
    }

    pub(super) fn happen(&mut self, event: &Event) {
        match *event {
            Event::Begin { target, for_s } => {
                self.next_id += 1;
                self.orders.insert(self.next_id, (target, for_s));
                self.begin(self.next_id);
            }
            Event::Again { back } => {
                let id = self.next_id.saturating_sub(back % 8);
                if self.orders.contains_key(&id) && id > self.reborn {
                    self.begin(id);
                }
            }
            Event::Renew { back, for_s } => {
                self.order(self.next_id.saturating_sub(back % 8), What::Renew { for_s })
            }
            Event::End { back } => self.order(self.next_id.saturating_sub(back % 8), What::End),
            Event::EndAll => self.order(999_999, What::EndAll),
            Event::Guard { target } => self.guard(target),
            Event::Wait { ms } => self.wait(ms),
            Event::Give => self.give(),
            Event::Finish { which, ending } => self.finish(which, ending),
            Event::Flush => {
                self.machine.flush();
                self.responder.rebuild();
            }
            Event::Empty => {
                self.machine.flush();
                self.troubled = self.troubled.max(self.time + 60_001);
            }
            Event::WallJump { ms } => {
                // A clock that is set a little in the very moment in which the
                // power fails is believed; that cannot be helped.
                let is_doomed = self.disk.0.borrow().budget.is_some();
                let ms = if is_doomed { 50 * YEAR as i64 } else { ms };
                self.wall = (self.wall + ms).max(-(self.time as i64));
                self.has_jumped = true;
                self.give();
                // Where nothing is in force, there is nothing to note.
                self.has_jumped = self.disk.0.borrow().is_dead || self.responder.count == 0;
            }
            Event::WallNudge { ms } => {
                self.wall = (self.wall + ms - self.nudge).max(-(self.time as i64));
                self.nudge = ms;
                self.give();
            }
            Event::Kill { are_done, down } => self.kill(are_done, down),
            Event::Cut { after, unsynced, down, wall } => {
                self.cut = Some((unsynced, down, wall));
                match after {
                    None => self.power_cut(),
                    after => self.disk.0.borrow_mut().budget = after,
                }
            }
            Event::Disk { is_full, is_stuck, unreadable } => {
                let mut disk = self.disk.0.borrow_mut();
                (disk.is_full, disk.is_stuck, disk.unreadable) = (is_full, is_stuck, unreadable);
                self.troubled = self.time + 300_001;
            }
        }
        self.after();
    }

    fn begin(&mut self, id: u64) {
        let (index, for_s) = self.orders[&id];
        let (_, means, network, user) = target(index);
        let begin = Begin {
            response: "test",
            means,
            network: network.and_then(Network::parse),
            user,
            file: "",
            for_s,
            dry_run: false,
            alert: "1.2",
            rule: 3,
            location: "here",
        };
        self.order(id, What::Begin(begin));
    }

    fn order(&mut self, id: u64, what: What<'_>) {
        let (at, shield, time) = (self.at(), self.shield(), self.time);
        let until = |for_s: u32| if for_s == 0 { FOR_EVER } else { time + u64::from(for_s) * 1000 };
        let known: BTreeSet<u64> = self.responder.in_force().map(|it| it.id).collect();
        let was_told = self.reports.iter().any(|(of, _, _)| *of == id);
        let said = self.told(|responder, tell| responder.take(&Order { id, what }, &shield, at, tell));
        // What is refused because the power fails may have been noted.
        let said = if self.disk.0.borrow().is_dead { Vec::new() } else { said };
        self.learn(&said.iter().copied().filter(|(_, state)| *state == State::Done).collect::<Vec<_>>());
        let is_refused = said.iter().any(|(of, state)| *of == id && *state == State::Refused);
        let has_failed = said.iter().any(|(of, state)| *of == id && *state == State::Failed);
        match what {
            What::Begin(begin) if !is_refused && !has_failed && !known.contains(&id) && !was_told => {
                let (index, _) = self.orders[&id];
                let name = target(index).0;
                let old = self.must.until.get(name).map_or(0, |(until, _)| *until);
                let old = if old > time { old } else { 0 };
                self.must.until.insert(name.into(), (until(begin.for_s).max(old), id));
            }
            What::Renew { for_s } if known.contains(&id) => {
                let (index, _) = self.orders[&id];
                if is_refused {
                    self.must.until.remove(target(index).0);
                } else if !has_failed {
                    self.must.until.insert(target(index).0.into(), (until(for_s), id));
                }
            }
            What::End => self.must.until.retain(|_, (_, of)| *of != id),
            What::EndAll => self.must.until.clear(),
            _ => {}
        }
    }

    fn guard(&mut self, index: usize) {
        self.guarded.insert(index);
        let shield = self.shield();
        self.responder.guard(&shield);
        for index in 0..TARGETS {
            let (name, means, network, _) = target(index);
            let network = network.and_then(Network::parse).filter(|_| means != Means::LockAccount);
            if network.is_some_and(|network| shield.refuses(&network).is_some()) {
                self.must.until.remove(name);
            }
        }
        self.guarded.clear();
    }

    /// Calls the responder, and notes what it tells. What could not be done
    /// must not be in force.
    fn told(
        &mut self,
        call: impl FnOnce(&mut Responder<Vec<u64>, Disk>, &mut dyn FnMut(Report<'_>)),
    ) -> Vec<(u64, State)> {
        let mut told = Vec::new();
        call(&mut self.responder, &mut |report| {
            assert!(!report.text.chars().any(char::is_control), "{report:?}");
            told.push((report.id, report.state, report.text.to_string()));
        });
        if !self.disk.0.borrow().is_dead {
            self.reports.extend(told.iter().cloned());
        }
        // What cannot be read now is tried again.
        let goes_on = |text: &str| {
            text.contains("goes on as response ") || text.ends_with("the journal cannot be read")
        };
        told.into_iter().filter(|(_, _, text)| !goes_on(text)).map(|(id, state, _)| (id, state)).collect()
    }

    /// The host does what is to be done, each at its time.
    fn wait(&mut self, ms: u64) {
        let end = self.time.saturating_add(ms);
        loop {
            self.work();
            if self.disk.0.borrow().is_dead {
                return;
            }
            let due =
                self.must.until.values().map(|(until, _)| *until).filter(|until| *until > self.time).min();
            let deadline = self.responder.deadline().0.saturating_add(self.booted);
            assert!(deadline > self.time, "there is always something to do");
            if !self.is_troubled() {
                assert!(due.is_none_or(|due| deadline <= due), "an undo would be late");
                self.check();
            }
            // What the kernel forgets by itself must be over.
            let forgets =
                self.machine.in_force.values().flatten().copied().filter(|at| *at > self.time).min();
            let next = deadline.min(forgets.unwrap_or(FOR_EVER)).min(end);
            self.time = next.max(self.time);
            let forgotten = self.machine.forget(self.time);
            self.check_over(forgotten.iter().map(String::as_str));
            if self.time >= end {
                return self.work();
            }
        }
    }

    fn is_troubled(&self) -> bool {
        let disk = self.disk.0.borrow();
        let is_ill = disk.is_dead
            || disk.is_full
            || disk.is_stuck
            || disk.unreadable.is_some()
            || disk.budget.is_some();
        is_ill || self.time < self.troubled
    }

    fn work(&mut self) {
        while !self.running.is_empty() {
            self.finish(0, Ending::Done);
        }
        for _ in 0..10_000 {
            self.give();
            if self.running.is_empty() || self.disk.0.borrow().is_dead {
                return;
            }
            self.finish(0, Ending::Done);
        }
        panic!("jobs for ever");
    }

    fn give(&mut self) {
        let (at, mut out) = (self.at(), vec![0; RESPONSE_JOB_MAX]);
        let mut kept = None;
        let said = self.told(|responder, tell| {
            kept = responder.next_job(at, &mut out, tell).map(|job| match job {
                Job::Filter { ticket, tool, script } => (ticket, Kept::Script(Some(tool), script.into())),
                Job::Look { ticket, tool, script } => (ticket, Kept::Look(tool, script.into())),
                Job::Route { ticket, script } => (ticket, Kept::Script(None, script.into())),
                Job::HostsDeny { ticket, network, add } => {
                    (ticket, Kept::Other(format!("deny {}", wide(&network.to_string())), add))
                }
                Job::LockAccount { ticket, user, lock } => {
                    (ticket, Kept::Other(format!("account {user}"), lock))
                }
                Job::Script { ticket, file, add, begin, .. } => {
                    let network = begin.network.map_or("-".into(), |network| wide(&network.to_string()));
                    (ticket, Kept::Other(format!("script {file} {} {network}", begin.user), add))
                }
            });
        });
        self.learn(&said);
        if let Some((ticket, perform)) = kept.filter(|_| !self.disk.0.borrow().is_dead) {
            self.running.push(Running { ticket, perform });
        }
        self.snapshot();
    }

    fn finish(&mut self, which: usize, ending: Ending) {
        if self.running.is_empty() {
            return;
        }
        let job = self.running.remove(which % self.running.len());
        if !matches!(ending, Ending::Done) || self.disk.0.borrow().is_full {
            self.troubled = self.time + 300_001;
        }
        let ending = match &job.perform {
            Kept::Look(tool, script)
                if matches!(ending, Ending::Done) && !self.machine.answers(*tool, script) =>
            {
                Ending::NotDone
            }
            _ => ending,
        };
        let (is_done, outcome) = match ending {
            Ending::Done => (true, Outcome::Done),
            Ending::NotDone => (false, Outcome::NotDone("no\nway")),
            Ending::UnsureDone => (true, Outcome::Unsure("killed")),
            Ending::UnsureNotDone => (false, Outcome::Unsure("killed")),
        };
        if is_done {
            self.perform(&job.perform, matches!(ending, Ending::Done));
        }
        let at = self.at();
        let said = self.told(|responder, tell| responder.finished(job.ticket, outcome, at, tell));
        self.learn(&said);
        self.snapshot();
    }

    /// What failed and was not in force is not to be in force.
    fn learn(&mut self, said: &[(u64, State)]) {
        for (id, state) in said {
            let Some((index, _)) = self.orders.get(id) else { continue };
            let name = target(*index).0;
            match state {
                State::Done => drop(self.must.held.insert(name.into())),
                State::Undone | State::Expired => drop(self.must.held.remove(name)),
                State::Failed if !self.must.held.contains(name) => {
                    self.must.until.retain(|_, (until, of)| of != id || *until <= self.time);
                }
                _ => {}
            }
        }
    }

    /// A job is done; what it undoes must be over.
    fn perform(&mut self, job: &Kept, is_known: bool) {
        let before = self.machine.in_force.clone();
        match job {
            Kept::Script(tool, script) => self.machine.run(*tool, script, self.time),
            Kept::Look(..) => {}
            Kept::Other(name, add) => self.machine.set(name.clone(), *add, None),
        }
        // The script of a rebuilding also empties what later ones fill.
        for name in (0..TARGETS).map(|index| target(index).0).filter(|name| job.is_about(name)) {
            let is_there = self.machine.in_force.contains_key(name);
            if before.contains_key(name) && !is_there {
                self.check_undone(name);
            }
            if is_known && is_there {
                self.must.held.insert(name.into());
            } else if is_known {
                self.must.held.remove(name);
            }
        }
    }

    /// What a job undoes must not be in force any more, or was ordered again
    /// after the job was given out: then it will be.
    fn check_undone(&self, name: &str) {
        if let Some((until, id)) = self.must.until.get(name) {
            let known = self.responder.in_force().find(|it| it.id == *id);
            assert!(
                *until <= self.time || known.is_some_and(|it| !it.is_done),
                "{name} is undone early: {} < {until}",
                self.time
            );
        }
    }

    fn check_over<'a>(&self, gone: impl Iterator<Item = &'a str>) {
        for name in gone {
            let until = self.must.until.get(name).map_or(0, |(until, _)| *until);
            assert!(until <= self.time, "the kernel forgets {name} early");
        }
    }

    /// When all has been done: exactly what must be in force is so.
    pub(super) fn check(&self) {
        let must: BTreeSet<&String> = self
            .must
            .until
            .iter()
            .filter(|(_, (until, _))| *until > self.time)
            .map(|(name, _)| name)
            .collect();
        let is: BTreeSet<&String> = self.machine.in_force.keys().collect();
        assert_eq!(is, must, "at {}", self.time);
    }

    fn after(&mut self) {
        self.snapshot();
        if self.disk.0.borrow().is_dead {
            self.power_cut();
        }
    }

    fn snapshot(&mut self) {
        let disk = self.disk.0.borrow();
        if disk.is_dead {
            return;
        }
        if self.replaced != disk.replaced {
            self.replaced = disk.replaced;
            let last = self.earlier.pop().map_or_else(Must::default, |(_, must)| must);
            self.earlier = vec![(0, last)];
        }
        let is = (disk.bytes.len(), self.must.clone());
        if self.earlier.last() != Some(&is) {
            self.earlier.push(is);
        }
        let needed = self.earlier.iter().rposition(|(len, _)| *len <= disk.synced);
        self.earlier.drain(..needed.unwrap_or(0));
    }

    fn kill(&mut self, are_done: bool, down: u64) {
        for job in core::mem::take(&mut self.running) {
            if are_done {
                self.perform(&job.perform, false);
            }
        }
        self.time += down;
        // The kernel forgets by the time that it was told last; the next start
        // puts right what was renewed since.
        self.machine.forget(self.time);
        let must = self.must.clone();
        self.reopen(0, [&must, &must]);
    }

    fn power_cut(&mut self) {
        let (unsynced, down, wall) = self.cut.take().unwrap_or((0, 0, Wall::Right));
        let was_replaced = self.disk.0.borrow().replaced != self.replaced;
        let [before, after] = {
            let mut disk = self.disk.0.borrow_mut();
            disk.power_up(unsynced);
            (disk.is_full, disk.is_stuck) = (false, false);
            self.replaced = disk.replaced;
            self.around(if was_replaced { usize::MAX } else { disk.bytes.len() })
        };
        self.running.clear();
        self.machine.reboot();
        self.time += down;
        (self.booted, self.boot) = (self.time - 30_000.min(down), self.boot + 1);
        let is_right = match wall {
            Wall::Right => true,
            Wall::Ahead => {
                self.wall += 50 * YEAR as i64;
                false
            }
            Wall::Behind => {
                self.wall = -(self.time as i64);
                false
            }
        };
        let is_right = is_right && !core::mem::take(&mut self.has_jumped);
        self.earlier.clear();
        self.reopen(if is_right { LATE } else { FOR_EVER }, [&before, &after]);
    }

    /// What had to be so before and after the call that was writing when
    /// there were so many bytes.
    fn around(&self, len: usize) -> [Must; 2] {
        let before = self.earlier.iter().rev().find(|(at, _)| *at <= len);
        let after = self.earlier.iter().find(|(at, _)| *at > len);
        [
            before.map_or_else(Must::default, |(_, must)| must.clone()),
            after.map_or_else(|| self.must.clone(), |(_, must)| must.clone()),
        ]
    }

    /// The next life: of each target, the note that was written last may be
    /// there or not.
    fn reopen(&mut self, late: u64, maybe: [&Must; 2]) {
        let at = self.at();
        self.responder =
            Responder::open(vec![7; 40 * SLOT_WORDS], self.disk.clone(), Tool::Nft, self.boot, at);
        self.reborn = self.next_id;
        let found = self.found();
        for index in 0..TARGETS {
            let name = target(index).0;
            let is = found.until.get(name);
            let may = maybe.map(|must| must.until.get(name));
            assert!(
                may.into_iter().any(|must| self.fits(must, is, late)),
                "{name} must be {may:?} at {} and is {is:?}",
                self.time
            );
        }
        self.must = found;
        self.snapshot();
    }

    /// What the responder believes that must be.
    fn found(&self) -> Must {
        let mut found = Must::default();
        for (it, slot) in self.responder.in_force().zip(self.responder.slots()) {
            let name = target(self.orders[&it.id].0).0;
            let until = if it.due == Millis::NEVER { FOR_EVER } else { it.due.0 + self.booted };
            if !it.is_ending {
                found.until.insert(name.into(), (until, it.id));
            }
            if slot.has(HELD) {
                found.held.insert(name.into());
            }
        }
        found
    }

    /// Whether what was found after a start is what must be: never early, and
    /// not too late.
    fn fits(&self, must: Option<&(u64, u64)>, is: Option<&(u64, u64)>, late: u64) -> bool {
        let over = |entry: Option<&(u64, u64)>| entry.is_none_or(|(until, _)| *until <= self.time);
        match (must, is) {
            (Some((must, of)), Some((is, id)))
                if of == id && is >= must && *is <= must.saturating_add(late) =>
            {
                true
            }
            _ => over(must) && over(is),
        }
    }

    /// The disk is well, all is done.
    pub(super) fn come_to_rest(&mut self) {
        if self.disk.0.borrow().budget.is_some() {
            self.power_cut();
        }
        self.happen(&Event::Disk { is_full: false, is_stuck: false, unreadable: None });
        self.wait(600_000);
        self.check();
    }

    /// Everything is ended; nothing is left, and each response has an end.
    pub(super) fn end(&mut self) {
        self.come_to_rest();
        self.happen(&Event::EndAll);
        self.wait(600_000);
        self.check();
        assert!(self.machine.in_force.is_empty() && self.responder.in_force().next().is_none());
        assert_eq!(self.responder.deadline(), Millis::NEVER);
    }

    /// How often the end of a response was told.
    pub(super) fn ends(&self) -> BTreeMap<u64, usize> {
        let mut ends = BTreeMap::new();
        for (id, _, _) in self.reports.iter().filter(|(id, state, text)| {
            matches!(state, State::Undone | State::Expired)
                && text != "nothing was in force"
                && (1..900_000).contains(id)
        }) {
            *ends.entry(*id).or_default() += 1;
        }
        ends
    }
}
