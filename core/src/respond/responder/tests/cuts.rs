//! A journal that is cut at each of its bytes.

use super::disk::Disk;
use super::single::{Host, begin};
use super::std::vec;
use super::std::vec::Vec;
use crate::respond::order::{Begin, Means, Talk, What};
use crate::respond::responder::{Moment, Outcome, Responder, SLOT_WORDS, Tool};
use crate::time::Millis;

/// When the machine is up again, in true time, and its new clock then.
const UP: u64 = 5_000_000;
const UP_CLOCK: u64 = 5000;

/// Number, when it is over in true time, whether it is being undone.
type Entry = (u64, u64, bool);

fn entries(responder: &Responder<Vec<u64>, Disk>, booted: u64) -> Vec<Entry> {
    let mut entries: Vec<_> =
        responder.in_force().map(|it| (it.id, it.due.0.saturating_add(booted), it.is_ending)).collect();
    entries.sort_unstable();
    entries
}

/// How long the journal was, and what was in force, after each call.
struct Script {
    host: Host,
    states: Vec<(usize, Vec<Entry>)>,
}

impl Script {
    fn look(&mut self) {
        let len = self.host.disk.0.borrow().bytes.len();
        self.states.push((len, entries(&self.host.responder, 0)));
    }

    fn take(&mut self, id: u64, what: What<'_>) {
        self.host.take(id, what);
        self.look();
    }

    fn work(&mut self) {
        while let Some((ticket, _)) = self.host.job() {
            self.look();
            self.host.finish(ticket, Outcome::Done);
            self.look();
        }
    }

    /// Notes of all kinds, some of them twice.
    fn run() -> Self {
        let mut script = Self { host: Host::new(8), states: vec![(0, Vec::new())] };
        let of = |network, means, for_s| What::Begin(Begin { for_s, ..begin(network, means) });
        script.take(1, of("192.0.2.1", Means::Block, 9000));
        script.work();
        script.take(2, of("192.0.2.2", Means::HostsDeny, 0));
        script.work();
        script.take(1, What::Renew { for_s: 12_000 });
        script.work();
        script.host.now = 3_700_000;
        script.work();
        script.take(3, of("192.0.2.1", Means::Nftables, 10));
        script.work();
        script.take(2, What::End);
        script.work();
        script.take(4, of("2001:db8::/64", Means::Script { file: "x.sh", talk: Talk::Arguments }, 7000));
        script.work();
        script.take(3, What::Renew { for_s: 5000 });
        script.work();
        script.take(9, What::EndAll);
        script.work();
        script
    }

    /// What was in force before and after the call that wrote there.
    fn around(&self, len: usize) -> [&[Entry]; 2] {
        let after = self.states.iter().position(|(at, _)| *at > len).unwrap_or(self.states.len() - 1);
        let before = self.states.iter().rposition(|(at, _)| *at <= len).unwrap_or(0);
        [before, after].map(|index| &self.states[index].1[..])
    }
}

fn open_cut(bytes: &[u8], boot: u64, at: Moment) -> (Disk, Responder<Vec<u64>, Disk>) {
    let disk = Disk::default();
    disk.0.borrow_mut().bytes.extend_from_slice(bytes);
    let responder = Responder::open(vec![9; 8 * SLOT_WORDS], disk.clone(), Tool::Nft, boot, at);
    (disk, responder)
}

fn wall(true_ms: u64) -> u64 {
    1_700_000_000_000 + true_ms
}

/// Each cut of the journal, opened at the time of [`UP`].
fn each_cut(boot: u64, at: Moment, check: impl Fn(&[Entry], &[Entry]) -> bool) {
    let script = Script::run();
    let whole = script.host.disk.0.borrow().bytes.clone();
    for len in 0..=whole.len() {
        let (_, responder) = open_cut(&whole[..len], boot, at);
        let found = entries(&responder, UP - at.now.0);
        let may = script.around(len);
        assert!(may.iter().any(|must| check(must, &found)), "cut at {len}: {may:?} became {found:?}");
    }
}

#[test]
fn a_kill_at_any_byte_of_the_journal_changes_nothing_before_it() {
    let at = Moment { now: Millis(UP), wall_ms: 0 };
    each_cut(1, at, |must, found| must == found);
}

#[test]
fn a_power_cut_at_any_byte_of_the_journal_changes_nothing_before_it() {
    let at = Moment { now: Millis(UP_CLOCK), wall_ms: wall(UP) };
    each_cut(2, at, |must, found| {
        let later = |(id, due, is_ending): &Entry| (*id, due.saturating_add(5000), *is_ending);
        must.iter().map(later).eq(found.iter().copied())
    });
}

#[test]
fn a_power_cut_at_any_byte_with_a_wrong_clock_undoes_nothing_early() {
    for wall_ms in [0, wall(50 * 365 * 24 * 3_600_000)] {
        let at = Moment { now: Millis(UP_CLOCK), wall_ms };
        each_cut(2, at, |must, found| {
            must.len() == found.len()
                && must.iter().zip(found).all(|((id, due, is_ending), (of, later, is_over))| {
                    (id, is_ending) == (of, is_over) && later >= due
                })
        });
    }
}

#[test]
fn what_is_noted_behind_a_cut_at_any_byte_is_found() {
    let whole = Script::run().host.disk.0.borrow().bytes.clone();
    let at = Moment { now: Millis(UP), wall_ms: wall(UP) };
    for len in 0..=whole.len() {
        let (disk, responder) = open_cut(&whole[..len], 1, at);
        let mut host = Host { responder, disk, told: Vec::new(), now: UP };
        host.take(99, What::Begin(begin("198.51.100.1", Means::Block)));
        let before = entries(&host.responder, 0);
        let (_, responder) = open_cut(&host.disk.0.borrow().bytes, 1, at);
        assert_eq!(entries(&responder, 0), before, "cut at {len}");
        assert!(before.iter().any(|(id, _, _)| *id == 99), "cut at {len}");
    }
}

#[test]
fn while_the_journal_cannot_be_read_nothing_is_begun_undone_or_forgotten() {
    let script = Script::run();
    let whole = script.host.disk.0.borrow().bytes.clone();
    let at = Moment { now: Millis(UP), wall_ms: wall(UP) };
    let (_, expected) = open_cut(&whole, 1, at);
    let expected = entries(&expected, 0);
    for bad in 0..whole.len() {
        let disk = Disk::default();
        disk.0.borrow_mut().bytes.clone_from(&whole);
        disk.0.borrow_mut().unreadable = Some(bad);
        let responder = Responder::open(vec![9; 8 * SLOT_WORDS], disk.clone(), Tool::Nft, 1, at);
        let mut host = Host { responder, disk, told: Vec::new(), now: UP };
        assert_eq!(host.job(), None, "unreadable from {bad}");
        host.take(50, What::Begin(begin("198.51.100.1", Means::Block)));
        host.take(51, What::Renew { for_s: 1 });
        assert_eq!(host.told.len(), 3, "{:?}", host.told);
        assert!(host.told.iter().all(|line| line.contains(" failed: the journal cannot be read")));
        assert_eq!(host.disk.0.borrow().bytes, whole, "unreadable from {bad}");
        for _ in 0..20 {
            host.now = host.responder.deadline().0;
            assert_eq!(host.job(), None);
        }
        assert!(host.now > UP + 300_000 && host.told.len() < 10, "told more and more rarely");
        host.disk.0.borrow_mut().unreadable = None;
        host.now = host.responder.deadline().0;
        let _ = host.job();
        assert!(host.told.iter().any(|line| line.ends_with("responses done: the journal can be read again")));
        let known = |host: &Host| entries(&host.responder, 0);
        assert!(known(&host).iter().all(|entry| expected.contains(entry)), "unreadable from {bad}");
        assert_eq!(known(&host).len(), expected.len());
    }
}

#[test]
fn an_end_that_was_ordered_while_the_journal_could_not_be_read_comes_to_pass() {
    for end in [What::End, What::EndAll] {
        let mut host = Host::new(8);
        host.take(1, What::Begin(Begin { for_s: 0, ..begin("192.0.2.1", Means::HostsDeny) }));
        let (ticket, _) = host.job().unwrap();
        host.finish(ticket, Outcome::Done);
        host.disk.0.borrow_mut().unreadable = Some(3);
        let at = Moment { now: Millis(UP), wall_ms: wall(UP) };
        let responder = Responder::open(vec![9; 8 * SLOT_WORDS], host.disk.clone(), Tool::Nft, 1, at);
        let mut host = Host { responder, disk: host.disk.clone(), told: Vec::new(), now: UP };
        host.take(1, end);
        host.disk.0.borrow_mut().unreadable = None;
        let (ticket, job) = host.job().unwrap();
        assert_eq!(job, "deny 192.0.2.1 false");
        host.finish(ticket, Outcome::Done);
        assert_eq!(host.told.last().unwrap(), "bartizan: response 1 undone: block600 192.0.2.1");
    }
}
