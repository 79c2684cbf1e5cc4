//! Responses on the manager's own machine: the events of its own logs, and
//! those that are to be carried out where the manager is.
//!
//! One thread owns the [`Responder`] with its journal in the home folder; each
//! job that it gives out runs on a thread of its own, which the responder
//! bounds. What becomes of a response is told to the desk.

mod accounts;
mod hosts_deny;
mod journal;
pub(crate) mod program;
pub(crate) mod script;
mod shielding;
mod webhook;

pub use webhook::Webhooks;

use super::desk::{Desk, Errand, Said};
use super::order::OwnedOrder;
use bartizan_core::limits::{RESPONSE_JOB_MAX, RESPONSES_MAX};
use bartizan_core::respond::ipset;
use bartizan_core::respond::order::What;
use bartizan_core::respond::report::Report;
use bartizan_core::respond::responder::{Job, Moment, Outcome, Responder, SLOT_WORDS, Ticket, Tool};
use bartizan_core::respond::shield::Shield;
use bartizan_core::time::Millis;
use journal::FileJournal;
use nix::time::{ClockId, clock_gettime};
use program::Failure;
use script::Call;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// For how long what the system says of addresses and sessions is believed.
const BELIEVED: Duration = Duration::from_secs(2);

/// How often it is looked whether somebody who must not be blocked is.
const GUARD: Duration = Duration::from_secs(10);

/// Where hosts are denied.
const HOSTS_DENY: &str = "/etc/hosts.deny";

#[derive(Debug)]
enum Heard {
    Order(OwnedOrder),
    Ended(Ticket, Result<(), Failure>),
    Stop,
}

/// A way to the thread of the manager's own machine.
#[derive(Debug)]
pub struct Local {
    to: Sender<Heard>,
    thread: JoinHandle<()>,
}

impl Local {
    /// Starts the thread: what was in force before is made true again.
    pub fn start(home: &Path, desk: Desk) -> io::Result<Self> {
        let at = moment();
        let block = match (program::find("nft"), program::find("ipset")) {
            (None, Some(_)) => Tool::Ipset,
            _ => Tool::Nft,
        };
        let words = vec![0; SLOT_WORDS * RESPONSES_MAX].into_boxed_slice();
        let responder = Responder::open(words, FileJournal::open(home)?, block, boot(), at);
        let (to, heard) = channel();
        let machine = Machine {
            home: home.to_owned(),
            responder,
            memory: vec![0; RESPONSE_JOB_MAX].into_boxed_slice(),
            shield: None,
            guarded: Instant::now(),
            desk,
            ended: to.clone(),
        };
        let thread =
            thread::Builder::new().name("own responses".to_owned()).spawn(move || machine.run(&heard))?;
        Ok(Self { to, thread })
    }

    /// Hands over an order.
    pub fn order(&self, order: OwnedOrder) {
        // The thread ends with the program only.
        let _ = self.to.send(Heard::Order(order));
    }

    /// Ends the thread. What is in force stays, and is undone in time by the
    /// next start; the kernel itself forgets blocks that have an end.
    pub fn finish(self) {
        let _ = self.to.send(Heard::Stop);
        let _ = self.thread.join();
    }
}

/// What the thread owns.
struct Machine {
    home: PathBuf,
    responder: Responder<Box<[u64]>, FileJournal>,
    memory: Box<[u8]>,
    shield: Option<(Instant, Shield)>,
    guarded: Instant,
    desk: Desk,
    ended: Sender<Heard>,
}

impl Machine {
    fn run(mut self, heard: &Receiver<Heard>) {
        loop {
            self.start_jobs();
            let first = match heard.recv_timeout(self.patience()) {
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
                Ok(first) => Some(first),
            };
            // All that waits is one script for the packet filter.
            for heard in first.into_iter().chain(heard.try_iter()) {
                match heard {
                    Heard::Order(order) => self.take(&order),
                    Heard::Ended(ticket, result) => self.finished(ticket, &result),
                    Heard::Stop => return,
                }
            }
            if self.guarded.elapsed() >= GUARD {
                self.guarded = Instant::now();
                self.refresh();
                if let Some((_, shield)) = &self.shield {
                    self.responder.guard(shield);
                }
            }
        }
    }

    fn patience(&self) -> Duration {
        let left = self.responder.deadline().0.saturating_sub(moment().now.0);
        let guard = match self.responder.in_force().next() {
            Some(_) => GUARD.saturating_sub(self.guarded.elapsed()),
            None => Duration::from_secs(3600),
        };
        Duration::from_millis(left).min(guard)
    }

    fn refresh(&mut self) {
        if self.shield.as_ref().is_none_or(|(at, _)| at.elapsed() >= BELIEVED) {
            self.shield = Some((Instant::now(), shielding::shield()));
        }
    }

    fn take(&mut self, order: &OwnedOrder) {
        let Some(mut order) = order.lend() else { return };
        if let What::Begin(begin) = &mut order.what
            && let Some(built_in) = script::stock(&self.home, begin.means)
        {
            begin.means = built_in;
        }
        self.refresh();
        let Some((_, shield)) = &self.shield else { return };
        let desk = &self.desk;
        self.responder.take(&order, shield, moment(), &mut |report| tell(desk, &report));
    }

    fn start_jobs(&mut self) {
        let desk = &self.desk;
        while let Some(job) =
            self.responder.next_job(moment(), &mut self.memory, &mut |report| tell(desk, &report))
        {
            let (ticket, work) = work(&self.home, job);
            let ended = self.ended.clone();
            let act = move || drop(ended.send(Heard::Ended(ticket, work())));
            if let Err(error) = thread::Builder::new().spawn(act) {
                let why = Failure::NotStarted(error.to_string());
                let _ = self.ended.send(Heard::Ended(ticket, Err(why)));
            }
        }
    }

    fn finished(&mut self, ticket: Ticket, result: &Result<(), Failure>) {
        let outcome = match result {
            Ok(()) => Outcome::Done,
            Err(Failure::NotStarted(why)) => Outcome::NotDone(why),
            Err(Failure::Failed(why) | Failure::Ended(why)) => Outcome::Unsure(why),
        };
        let desk = &self.desk;
        self.responder.finished(ticket, outcome, moment(), &mut |report| tell(desk, &report));
    }
}

fn tell(desk: &Desk, report: &Report<'_>) {
    desk.errand(Errand::Own(Said { id: report.id, state: report.state, text: report.text.to_owned() }));
}

type Work = Box<dyn FnOnce() -> Result<(), Failure> + Send>;

/// What a job is, with texts of its own.
fn work(home: &Path, job: Job<'_>) -> (Ticket, Work) {
    match job {
        Job::Filter { ticket, tool, script } => {
            let script = script.to_owned();
            (ticket, Box::new(move || privileged().and_then(|()| filter(tool, &script))))
        }
        Job::Route { ticket, script } => {
            let script = script.to_owned();
            (
                ticket,
                Box::new(move || {
                    privileged().and_then(|()| system("ip", &["-force", "-batch", "-"], &script))
                }),
            )
        }
        Job::HostsDeny { ticket, network, add } => {
            (ticket, Box::new(move || hosts_deny::enter(Path::new(HOSTS_DENY), &network, add)))
        }
        Job::LockAccount { ticket, user, lock } => {
            let (home, user) = (home.to_owned(), user.to_owned());
            (ticket, Box::new(move || accounts::lock(&home, &user, lock)))
        }
        Job::Script { ticket, file, talk, add, begin } => {
            let call = Call::new(home, file, talk, add, &begin);
            (ticket, Box::new(move || call.run()))
        }
    }
}

fn filter(tool: Tool, script: &str) -> Result<(), Failure> {
    match tool {
        // All of it or nothing.
        Tool::Nft => system("nft", &["-f", "-"], script).map_err(|failure| match failure {
            Failure::Failed(why) => Failure::NotStarted(why),
            other => other,
        }),
        Tool::Ipset => {
            system("ipset", &["-exist", "restore"], script)?;
            ipset::RULES.iter().try_for_each(insert)
        }
    }
}

/// Sees to it that a rule of iptables is there. Without the program there is
/// nothing that it could drop.
fn insert(rule: &ipset::Rule) -> Result<(), Failure> {
    if program::find(rule.program).is_none() {
        return Ok(());
    }
    let arguments = |what| [&["-w", what][..], &rule.arguments].concat();
    system(rule.program, &arguments("-C"), "").or_else(|_| system(rule.program, &arguments("-I"), ""))
}

fn system(name: &str, arguments: &[&str], input: &str) -> Result<(), Failure> {
    let program = program::find(name)
        .ok_or_else(|| Failure::NotStarted(format!("{name} is not installed on the manager's machine")))?;
    program::run(&program, arguments, input, program::LIMIT)
}

/// Whether programs that are started here may change packet filter and routes.
fn privileged() -> Result<(), Failure> {
    const NET_ADMIN: u64 = 1 << 12;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let has = |field: &str| {
        let set = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
        u64::from_str_radix(set.trim(), 16).is_ok_and(|set| set & NET_ADMIN != 0)
    };
    // Programs of root have what root has; those of others only what is ambient.
    let is_root = nix::unistd::geteuid().is_root();
    if has("CapAmb:") || (is_root && has("CapEff:")) {
        return Ok(());
    }
    let why = "`bartizan run` may not change the packet filter: run it as root, or with the ambient \
        capability CAP_NET_ADMIN";
    Err(Failure::NotStarted(why.to_owned()))
}

/// Both clocks.
fn moment() -> Moment {
    let boot = clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from);
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Moment { now: Millis(ms(boot)), wall_ms: ms(wall) }
}

/// A number for this boot.
fn boot() -> u64 {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    u64::from_str_radix(&digits, 16).unwrap_or(0)
}
