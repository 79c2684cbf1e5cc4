//! Single promises, one by one.

use super::disk::Disk;
use super::std::string::{String, ToString};
use super::std::vec::Vec;
use super::std::{format, vec};
use crate::limits::RESPONSE_JOB_MAX;
use crate::respond::network::Network;
use crate::respond::order::{Begin, Means, Order, Talk, What};
use crate::respond::report::State;
use crate::respond::responder::{Job, Moment, Outcome, Responder, SLOT_WORDS, Ticket, Tool};
use crate::respond::shield::{Guarded, Shield};
use crate::time::Millis;

/// A responder, its journal and what it has told.
pub(super) struct Host {
    pub(super) responder: Responder<Vec<u64>, Disk>,
    pub(super) disk: Disk,
    pub(super) told: Vec<String>,
    pub(super) now: u64,
}

pub(super) fn begin(network: &str, means: Means<'static>) -> Begin<'static> {
    Begin {
        response: "block600",
        means,
        network: Network::parse(network),
        user: "",
        file: "",
        for_s: 600,
        dry_run: false,
        alert: "1.2",
        rule: 3,
        location: "here",
    }
}

impl Host {
    pub(super) fn new(slots: usize) -> Self {
        let disk = Disk::default();
        let responder = open(&disk, slots, 1, 1000);
        Self { responder, disk, told: Vec::new(), now: 1000 }
    }

    fn at(&self) -> Moment {
        Moment { now: Millis(self.now), wall_ms: 1_700_000_000_000 + self.now }
    }

    pub(super) fn take(&mut self, id: u64, what: What<'_>) {
        let (at, mut shield, told) = (self.at(), Shield::new(), &mut self.told);
        shield.add(Network::parse("192.0.2.10").unwrap(), Guarded::Manager);
        self.responder.take(&Order { id, what }, &shield, at, &mut |report| told.push(report.to_string()));
    }

    /// The next job: its ticket and what it is.
    pub(super) fn job(&mut self) -> Option<(Ticket, String)> {
        let (at, told, mut out) = (self.at(), &mut self.told, vec![0; RESPONSE_JOB_MAX]);
        let job = self.responder.next_job(at, &mut out, &mut |report| told.push(report.to_string()))?;
        Some(match job {
            Job::Filter { ticket, script, .. }
            | Job::Look { ticket, script, .. }
            | Job::Route { ticket, script } => (ticket, script.into()),
            Job::HostsDeny { ticket, network, add } => (ticket, format!("deny {network} {add}")),
            Job::LockAccount { ticket, user, lock } => (ticket, format!("account {user} {lock}")),
            Job::Script { ticket, file, add, begin, .. } => {
                (ticket, format!("{file} {add} {} {} {}", begin.alert, begin.rule, begin.location))
            }
        })
    }

    pub(super) fn finish(&mut self, ticket: Ticket, outcome: Outcome<'_>) {
        let (at, told) = (self.at(), &mut self.told);
        self.responder.finished(ticket, outcome, at, &mut |report| told.push(report.to_string()));
    }

    /// Does all there is to do; the jobs.
    fn work(&mut self) -> Vec<String> {
        let mut jobs = Vec::new();
        while let Some((ticket, job)) = self.job() {
            jobs.push(job);
            self.finish(ticket, Outcome::Done);
        }
        jobs
    }

    fn told(&mut self) -> Vec<String> {
        core::mem::take(&mut self.told)
    }
}

fn open(disk: &Disk, slots: usize, boot: u64, now: u64) -> Responder<Vec<u64>, Disk> {
    let at = Moment { now: Millis(now), wall_ms: 1_700_000_000_000 + now };
    Responder::open(vec![9; slots * SLOT_WORDS], disk.clone(), Tool::Nft, boot, at)
}

#[test]
fn a_block_is_done_and_undone_on_time_and_both_are_told() {
    let mut host = Host::new(4);
    assert_eq!(host.job(), None);
    host.take(7, What::Begin(begin("192.0.2.1", Means::Block)));
    let (ticket, script) = host.job().unwrap();
    assert_eq!(
        script,
        "add table inet bartizan\n\
         add set inet bartizan address4 { type ipv4_addr; flags timeout; }\n\
         add chain inet bartizan address4 { type filter hook prerouting priority -300; policy accept; }\n\
         flush chain inet bartizan address4\n\
         add rule inet bartizan address4 ip saddr @address4 drop\n\
         add chain inet bartizan whole\n\
         add element inet bartizan address4 { 192.0.2.1 }\n\
         delete element inet bartizan address4 { 192.0.2.1 }\n\
         add element inet bartizan address4 { 192.0.2.1 timeout 605s }\n"
    );
    assert!(host.disk.0.borrow().synced > 0, "the order is on disk before anything is done");
    host.finish(ticket, Outcome::Done);
    assert_eq!(host.told(), ["bartizan: response 7 done: block600 192.0.2.1"]);
    assert_eq!(host.job(), None);
    assert_eq!(host.responder.deadline(), Millis(61_000));
    host.now = 600_999;
    assert_eq!(host.work(), ["flush chain inet bartizan whole\n"]);
    assert_eq!(host.responder.deadline(), Millis(601_000));
    host.now = 601_000;
    assert!(host.work()[0].ends_with("delete element inet bartizan address4 { 192.0.2.1 }\n"));
    assert_eq!(host.told(), ["bartizan: response 7 expired: block600 192.0.2.1"]);
    assert_eq!((host.responder.in_force().count(), host.responder.deadline()), (0, Millis::NEVER));
}

#[test]
fn ranges_have_a_set_for_their_length() {
    let mut host = Host::new(4);
    host.take(1, What::Begin(begin("2001:db8::/33", Means::Nftables)));
    let script = host.work().remove(0);
    let rule = "add rule inet bartizan network6_33 ip6 saddr & ffff:ffff:8000:: @network6_33 drop\n";
    assert!(
        script.contains(rule) && script.ends_with("network6_33 { 2001:db8:: timeout 605s }\n"),
        "{script}"
    );
}

#[test]
fn the_scripts_of_ipset_and_routes_can_be_repeated() {
    let mut host = Host::new(4);
    host.take(1, What::Begin(begin("198.51.100.0/24", Means::Ipset)));
    host.take(2, What::Begin(begin("2001:db8::1", Means::NullRoute)));
    assert_eq!(
        host.work(),
        [
            "create bartizan4n hash:net family inet timeout 0 maxelem 65536\nadd bartizan4n 198.51.100.0/24 timeout 605\n",
            "route replace blackhole 2001:db8::1/128 metric 7\n"
        ]
    );
    host.take(1, What::End);
    host.take(2, What::End);
    assert_eq!(
        host.work(),
        [
            "create bartizan4n hash:net family inet timeout 0 maxelem 65536\ndel bartizan4n 198.51.100.0/24\n",
            "route replace blackhole 2001:db8::1/128 metric 7\nroute del blackhole 2001:db8::1/128 metric 7\n"
        ]
    );
}

#[test]
fn what_must_not_be_is_refused_with_its_reason() {
    let mut host = Host::new(2);
    host.take(1, What::Begin(begin("::ffff:192.0.2.10", Means::Block)));
    host.take(2, What::Begin(Begin { user: "root", ..begin("192.0.2.1", Means::LockAccount) }));
    host.take(3, What::Begin(Begin { response: "a b", ..begin("192.0.2.1", Means::Block) }));
    host.take(4, What::Begin(Begin { dry_run: true, ..begin("192.0.2.1", Means::Block) }));
    for id in 5..8 {
        host.take(id, What::Begin(begin(&format!("192.0.2.{id}"), Means::Block)));
    }
    assert_eq!(
        host.told(),
        [
            "bartizan: response 1 refused: block600 192.0.2.10: it is the manager",
            "bartizan: response 2 refused: block600 root: root is never locked out",
            "bartizan: response 3 refused: the name of the response is not one",
            "bartizan: response 4 dry-run: block600 192.0.2.1",
            "bartizan: response 7 refused: block600 192.0.2.7: too many responses are in force",
        ]
    );
    host.disk.0.borrow_mut().is_full = true;
    host.take(5, What::End);
    host.disk.0.borrow_mut().is_full = false;
    host.work();
    host.disk.0.borrow_mut().is_full = true;
    host.take(8, What::Begin(begin("192.0.2.8", Means::Block)));
    assert!(host.told().last().unwrap().ends_with("so its end would not be certain"));
}

#[test]
fn an_order_that_comes_twice_is_carried_out_once() {
    let mut host = Host::new(4);
    for _ in 0..2 {
        host.take(1, What::Begin(begin("192.0.2.1", Means::HostsDeny)));
        assert!(host.work().len() <= 1);
    }
    host.take(1, What::End);
    host.work();
    host.take(1, What::Begin(begin("192.0.2.1", Means::HostsDeny)));
    assert_eq!(host.told().len(), 2);
    host.responder = open(&host.disk, 4, 1, 2000);
    host.take(1, What::Begin(begin("192.0.2.1", Means::HostsDeny)));
    assert_eq!((host.work().len(), host.told().len()), (0, 0), "nor after a restart");
    host.take(1, What::End);
    assert_eq!(host.told(), ["bartizan: response 1 undone: nothing was in force"]);
}

#[test]
fn an_undo_that_fails_is_tried_again_more_and_more_rarely() {
    let mut host = Host::new(4);
    host.take(1, What::Begin(begin("192.0.2.1", Means::HostsDeny)));
    host.work();
    host.take(1, What::End);
    let mut waits = Vec::new();
    for _ in 0..12 {
        let (ticket, _) = host.job().unwrap();
        host.finish(ticket, Outcome::Unsure("disk\nfull"));
        assert_eq!(host.job(), None);
        waits.push((host.responder.deadline().0 - host.now) / 1000);
        host.now = host.responder.deadline().0;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    let told = host.told();
    assert_eq!(told[1], "bartizan: response 1 failed: block600 192.0.2.1: disk full");
    assert_eq!(told.len(), 1 + 4, "a failure is told after 1, 2, 4, 8 attempts");
    host.work();
    assert_eq!(host.told(), ["bartizan: response 1 undone: block600 192.0.2.1"]);
}

#[test]
fn a_script_gets_its_order_when_it_does_and_when_it_undoes() {
    let mut host = Host::new(4);
    let means = Means::Script { file: "x.sh", talk: Talk::Arguments };
    host.take(1, What::Begin(begin("192.0.2.1", means)));
    assert_eq!(host.work(), ["x.sh true 1.2 3 here"]);
    host.responder = open(&host.disk, 4, 1, 1000);
    assert_eq!(host.work(), [""; 0], "a script that has run is not run again");
    host.now = 601_000;
    assert_eq!(host.work(), ["x.sh false 1.2 3 here"]);
}

#[test]
fn a_second_order_about_the_same_lengthens_the_first() {
    let mut host = Host::new(4);
    host.take(1, What::Begin(begin("192.0.2.1", Means::Block)));
    host.work();
    host.told();
    host.now = 2000;
    host.take(2, What::Begin(Begin { for_s: 10, ..begin("::ffff:192.0.2.1", Means::Nftables) }));
    host.work();
    assert_eq!(
        host.told(),
        [
            "bartizan: response 1 undone: block600 192.0.2.1: goes on as response 2",
            "bartizan: response 2 done: block600 192.0.2.1"
        ]
    );
    let only = host.responder.in_force().next().unwrap();
    assert_eq!((only.id, only.due), (2, Millis(601_000)), "the first was promised to be so long");
}

#[test]
fn ten_thousand_are_done_and_undone_in_few_jobs() {
    let mut host = Host::new(10_000);
    for number in 0..10_000_u32 {
        let network = Network::from(core::net::IpAddr::from((0x0B00_0000 + number).to_be_bytes()));
        let begin = Begin { network: Some(network), ..begin("192.0.2.1", Means::Block) };
        host.take(u64::from(number) + 1, What::Begin(begin));
    }
    assert!(host.work().len() <= 40);
    assert!(host.disk.len_in_mib() < 2, "the journal stays small");
    host.take(99_999, What::EndAll);
    assert!(host.work().len() <= 40);
    let told = host.told();
    let count =
        |state: State| told.iter().filter(|line| line.contains(&format!(" {}: ", state.word()))).count();
    assert_eq!((count(State::Done), count(State::Undone)), (10_001, 10_000));
    assert_eq!(host.responder.in_force().count(), 0);
}

#[test]
fn damage_anywhere_in_the_journal_costs_one_note_at_most() {
    let mut host = Host::new(40);
    for id in 1..=5 {
        host.take(id, What::Begin(begin(&format!("192.0.2.{id}"), Means::Block)));
    }
    let whole = host.disk.0.borrow().bytes.clone();
    for at in 0..whole.len() {
        let disk = Disk::default();
        disk.0.borrow_mut().bytes.clone_from(&whole);
        disk.0.borrow_mut().bytes[at] ^= 0xFF;
        let found = open(&disk, 40, 1, 2000);
        assert!(found.in_force().count() >= 4, "damage at {at}");
        assert!(found.in_force().all(|it| it.network == Network::parse(&format!("192.0.2.{}", it.id))));
    }
}

/// A response of ten minutes after a power cut, if the wall clock was set on
/// by ten days before, and something happened then.
fn left_after_a_jump(means: Means<'static>, happen: impl FnOnce(&mut Host, Moment)) -> u64 {
    let mut host = Host::new(4);
    host.take(1, What::Begin(begin("192.0.2.1", means)));
    host.work();
    let jumped = Moment { wall_ms: host.at().wall_ms + 10 * 24 * 3_600_000, ..host.at() };
    happen(&mut host, jumped);
    host.disk.0.borrow_mut().power_up(0);
    let at = Moment { now: Millis(0), ..jumped };
    let next = Responder::open(vec![0; 4 * SLOT_WORDS], host.disk.clone(), Tool::Nft, 2, at);
    next.in_force().next().unwrap().due.0
}

#[test]
fn an_order_does_not_hide_that_the_wall_clock_was_set() {
    let left = left_after_a_jump(Means::HostsDeny, |host, at| {
        let order = Order { id: 2, what: What::Begin(begin("192.0.2.2", Means::HostsDeny)) };
        host.responder.take(&order, &Shield::new(), at, &mut |_| {});
    });
    assert_eq!(left, 600_000);
}

#[test]
fn a_clock_that_could_not_be_noted_is_noted_as_soon_as_it_can() {
    let left = left_after_a_jump(Means::HostsDeny, |host, at| {
        for is_stuck in [true, false] {
            host.disk.0.borrow_mut().is_stuck = is_stuck;
            let mut out = vec![0; RESPONSE_JOB_MAX];
            assert!(host.responder.next_job(at, &mut out, &mut |_| {}).is_none());
        }
    });
    assert_eq!(left, 600_000);
}

#[test]
fn a_longer_time_that_was_told_outlives_a_power_cut() {
    let mut host = Host::new(4);
    host.take(1, What::Begin(begin("192.0.2.1", Means::HostsDeny)));
    host.work();
    host.take(1, What::Renew { for_s: 6000 });
    assert_eq!(host.told().last().unwrap(), "bartizan: response 1 done: block600 192.0.2.1: renewed");
    assert_eq!(host.job(), None);
    host.disk.0.borrow_mut().power_up(0);
    let next = open(&host.disk, 4, 1, 2000);
    assert_eq!(next.in_force().next().unwrap().due, Millis(6_001_000));
}

#[test]
fn a_script_whose_order_cannot_be_read_now_is_run_when_it_can() {
    let mut host = Host::new(4);
    let means = Means::Script { file: "x.sh", talk: Talk::Arguments };
    host.take(1, What::Begin(begin("192.0.2.1", means)));
    host.take(2, What::Begin(begin("192.0.2.2", Means::HostsDeny)));
    host.disk.0.borrow_mut().unreadable = Some(0);
    assert_eq!(host.work(), ["deny 192.0.2.2 true"], "what needs no text is done");
    assert!(host.told()[0].contains("response 1 failed: the journal cannot be read"));
    host.take(3, What::Begin(begin("192.0.2.1", means)));
    assert!(
        host.told()
            .last()
            .unwrap()
            .contains("response 3 failed: block600 192.0.2.1: the journal cannot be read")
    );
    host.disk.0.borrow_mut().unreadable = None;
    host.now += 1000;
    assert_eq!(host.work(), ["x.sh true 1.2 3 here"]);
    assert_eq!(host.told(), ["bartizan: response 1 done: block600 192.0.2.1"]);
}

#[test]
fn what_somebody_has_taken_out_of_the_packet_filter_is_put_back_within_a_minute() {
    let mut host = Host::new(4);
    host.take(1, What::Begin(begin("192.0.2.1", Means::Nftables)));
    host.take(2, What::Begin(begin("192.0.2.2", Means::Ipset)));
    host.take(3, What::Begin(begin("198.51.100.0/24", Means::Ipset)));
    host.work();
    host.told();
    host.now = host.responder.deadline().0;
    assert_eq!(host.now, 61_000);
    let (ticket, question) = host.job().unwrap();
    assert_eq!(question, "flush chain inet bartizan whole\n");
    host.finish(ticket, Outcome::Unsure("it could not be started"));
    let (ticket, question) = host.job().unwrap();
    assert_eq!(
        question,
        "create bartizan4 hash:ip family inet timeout 0 maxelem 65536\n\
         create bartizan4n hash:net family inet timeout 0 maxelem 65536\n"
    );
    host.finish(ticket, Outcome::Done);
    assert_eq!((host.job(), host.told()), (None, Vec::new()), "nobody knows of anything that is missing");
    host.now = host.responder.deadline().0;
    let (ticket, _) = host.job().unwrap();
    host.finish(ticket, Outcome::NotDone("no such chain"));
    let line = "bartizan: responses undone: somebody has emptied the packet filter; what should stand there is put back";
    assert_eq!(host.told(), [line]);
    let jobs = host.work();
    assert!(jobs[0].contains("delete table") && jobs[0].contains("add chain inet bartizan whole\n"));
    assert!(jobs[0].contains("add element inet bartizan address4 { 192.0.2.1 timeout "), "{jobs:?}");
    host.take(9, What::EndAll);
    host.work();
    assert_eq!(host.responder.deadline(), Millis::NEVER, "where nothing stands, nobody looks");
}

#[test]
fn a_new_block_does_not_hide_that_the_packet_filter_was_emptied() {
    let mut host = Host::new(4);
    host.take(1, What::Begin(begin("192.0.2.1", Means::Nftables)));
    assert!(host.work()[0].contains("whole"));
    host.take(2, What::Begin(begin("192.0.2.2", Means::Nftables)));
    assert!(!host.work()[0].contains("whole"));
}

#[test]
fn a_clock_that_was_set_by_less_than_is_noted_ends_nothing_early() {
    let mut host = Host::new(4);
    host.take(1, What::Begin(begin("192.0.2.1", Means::HostsDeny)));
    host.work();
    host.disk.0.borrow_mut().power_up(0);
    let at = Moment { now: Millis(0), wall_ms: host.at().wall_ms + 4_999 };
    let next = Responder::open(vec![0; 4 * SLOT_WORDS], host.disk.clone(), Tool::Nft, 2, at);
    assert_eq!(next.in_force().next().unwrap().due, Millis(600_000));
}
