//! Active response on this machine: what a manager orders is done, undone on
//! time, and reported.
//!
//! What is to be done, and when, is `core::respond`'s to say; here it is
//! done. What is in force outlives the agent: the journal holds it, and the
//! next start goes on with it.
//!
//! | room | what happens there |
//! |---|---|
//! | `shielding` | who is never blocked, as the system's files say it |
//! | `journal` | what must outlive the process |
//! | `runner` | programs, their input and their end |
//! | `script` | scripts of the users, and what they are told |
//! | `hosts_deny` | `/etc/hosts.deny` |
//! | `accounts` | passwords of users |

mod accounts;
mod hosts_deny;
mod journal;
mod runner;
mod script;
mod shielding;

use crate::{config, host};
use bartizan_core::limits::{RESPONSE_JOB_MAX, RESPONSES_MAX};
use bartizan_core::respond::order::{Order, What};
use bartizan_core::respond::report::{Report, State};
use bartizan_core::respond::responder::{InForce, Job, Moment, Outcome, Responder, SLOT_WORDS, Ticket, Tool};
use bartizan_core::respond::shield::Shield;
use bartizan_core::time::Millis;
use journal::FileJournal;
pub use runner::Runner;
use runner::{Plan, TIME_MS};
use script::Found;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// How long what the system's files say is good for: a turn of orders.
const SHIELD_MS: u64 = 250;

/// How often is looked whether somebody has come in who is blocked.
const GUARD_MS: u64 = 60_000;

/// Reports that wait at most before orders do.
const SAID_MAX: usize = 256;

/// Addresses of managers that are remembered; names may have several.
const MANAGERS_MAX: usize = 32;

/// The folder of the journal and of scripts.
fn folder(home: &Path) -> PathBuf {
    home.join("active-response")
}

/// Makes the folder; what of it the agent's user is to own.
pub fn prepare(home: &Path) -> io::Result<[PathBuf; 2]> {
    let folder = folder(home);
    fs::create_dir_all(&folder)?;
    Ok([folder.join("journal"), folder])
}

/// What drops packets here; `None` if there is nothing.
pub fn tool() -> Option<Tool> {
    let has = |name: &str| runner::find(name).is_some();
    let has_ipset = || has("ipset") && (has("iptables") || has("ip6tables"));
    if has("nft") { Some(Tool::Nft) } else { has_ipset().then_some(Tool::Ipset) }
}

/// Whether an agent has anything to carry out: orders, or what an earlier one
/// has begun.
pub fn carries_out(config: config::Responses, home: &Path) -> bool {
    !config.disabled || fs::metadata(folder(home).join("journal")).is_ok_and(|found| found.len() > 0)
}

/// The responses of this machine.
pub struct Responses {
    folder: PathBuf,
    config: config::Responses,
    responder: Responder<Box<[u64]>, FileJournal>,
    runner: Runner,
    /// Whose password is being locked or unlocked.
    accounts: Vec<(Ticket, String)>,
    /// Addresses of managers.
    managers: Vec<IpAddr>,
    shield: Option<(Millis, Box<Shield>)>,
    next_guard: Millis,
    /// Something has happened since the last job.
    is_stirred: bool,
    said: Vec<String>,
    /// The order to read the configuration again, and the last one.
    reload: Option<u64>,
    reloaded: u64,
}

impl Responses {
    /// Reads the journal; what it holds is made true by [`Responses::turn`].
    /// One that is there and cannot be read is read again later, and nothing
    /// is carried out until then; the reason is given, too.
    pub fn open(home: &Path, runner: Runner, now: Millis) -> (Self, Option<String>) {
        let folder = folder(home);
        let words = vec![0; SLOT_WORDS * RESPONSES_MAX].into_boxed_slice();
        let path = folder.join("journal");
        let journal = FileJournal::new(path.clone());
        let tool = tool().unwrap_or(Tool::Nft);
        let responses = Self {
            folder,
            config: config::Responses::default(),
            responder: Responder::open(words, journal, tool, host::clock(), moment(now)),
            runner,
            accounts: Vec::new(),
            managers: Vec::new(),
            shield: None,
            next_guard: now,
            is_stirred: true,
            said: Vec::new(),
            reload: None,
            reloaded: 0,
        };
        let trouble = responses.responder.journal().trouble();
        let trouble = trouble.map(|error| format!("{}: {error}", path.display()));
        (responses, trouble)
    }

    /// How orders are carried out from now on. What is in force is made true
    /// again: somebody may have changed the packet filter, too.
    pub fn configure(&mut self, config: config::Responses) {
        self.config = config;
        self.responder.rebuild();
        self.is_stirred = true;
    }

    /// The managers, as far as they are named by address.
    pub fn guard_managers(&mut self, managers: &[config::Manager]) {
        let addresses = managers.iter().filter_map(|manager| manager.host.parse().ok());
        addresses.for_each(|address| self.guard_manager(address));
    }

    /// An address at which a manager is.
    pub fn guard_manager(&mut self, address: IpAddr) {
        if !self.managers.contains(&address) {
            self.managers.truncate(MANAGERS_MAX - 1);
            self.managers.insert(0, address);
            self.shield = None;
        }
    }

    /// Whether another order may be taken before reports are.
    pub fn has_room(&self) -> bool {
        self.said.len() < SAID_MAX
    }

    /// Takes an order, whatever stands in it.
    pub fn take(&mut self, id: u64, what: &[u8], now: Millis) {
        let order = match Order::read(id, what) {
            Ok(order) => script::without_stock(&order, &self.scripts()),
            Err(error) => return self.say(id, State::Refused, error.why()),
        };
        match order.what {
            What::Reload if order.id != self.reloaded => self.reload = Some(order.id),
            What::Reload => {}
            What::Begin(_) | What::Renew { .. } if self.config.disabled => {
                self.say(order.id, State::Refused, "active response is disabled on this machine");
            }
            _ => self.carry_out(&order, now),
        }
    }

    fn carry_out(&mut self, order: &Order<'_>, now: Millis) {
        self.renew_shield(now);
        let Some((_, shield)) = &self.shield else { return };
        let Self { responder, said, .. } = self;
        responder.take(order, shield, moment(now), &mut |report| said.push(report.to_string()));
        self.is_stirred = true;
    }

    fn renew_shield(&mut self, now: Millis) {
        let is_good = |(read, _): &(Millis, _)| now.since(*read) < SHIELD_MS;
        if !self.shield.as_ref().is_some_and(is_good) {
            self.shield = Some((now, shielding::shield(&self.managers)));
        }
    }

    /// The order to read the configuration again, once. Its answer is
    /// [`Responses::say`]'s.
    pub fn take_reload(&mut self) -> Option<u64> {
        self.reload.take().inspect(|id| self.reloaded = *id)
    }

    /// Reports what became of a response.
    pub fn say(&mut self, id: u64, state: State, text: &str) {
        self.said.push(Report { id, state, text }.to_string());
    }

    /// Does what is due, and gives what there is to report.
    pub fn turn(&mut self, now: Millis) -> Vec<String> {
        self.go_on(now);
        self.guard(now);
        if self.is_stirred || self.responder.deadline() <= now {
            self.is_stirred = false;
            self.begin_jobs(now);
        }
        std::mem::take(&mut self.said)
    }

    /// Looks after what runs.
    fn go_on(&mut self, now: Millis) {
        let Self { runner, responder, said, accounts, folder, is_stirred, .. } = self;
        runner.go_on(now, &mut |ticket, outcome| {
            *is_stirred = true;
            if let Some(at) = accounts.iter().position(|(of, _)| *of == ticket) {
                accounts::end(folder, &accounts.swap_remove(at).1);
            }
            responder.finished(ticket, outcome, moment(now), &mut |report| said.push(report.to_string()));
        });
    }

    /// Lets in who has come in some other way.
    fn guard(&mut self, now: Millis) {
        if now < self.next_guard || self.responder.in_force().next().is_none() {
            return;
        }
        self.next_guard = now.plus(GUARD_MS);
        self.renew_shield(now);
        if let Some((_, shield)) = &self.shield {
            self.responder.guard(shield);
            self.is_stirred = true;
        }
    }

    fn begin_jobs(&mut self, now: Millis) {
        let mut out = vec![0; RESPONSE_JOB_MAX];
        loop {
            let Self { responder, said, .. } = self;
            let job = responder.next_job(moment(now), &mut out, &mut |report| said.push(report.to_string()));
            let Some(job) = job else { return };
            let ticket = ticket(&job);
            match self.begin(&job, now) {
                Ok(true) => {}
                Ok(false) => self.finish(ticket, Outcome::Done, now),
                Err(why) if matches!(job, Job::Look { .. }) => {
                    self.finish(ticket, Outcome::Unsure(&why), now)
                }
                Err(why) => self.finish(ticket, Outcome::NotDone(&why), now),
            }
        }
    }

    fn finish(&mut self, ticket: Ticket, outcome: Outcome<'_>, now: Millis) {
        let Self { responder, said, .. } = self;
        responder.finished(ticket, outcome, moment(now), &mut |report| said.push(report.to_string()));
    }

    /// Begins a job. `Ok(false)` if it is done already.
    fn begin(&mut self, job: &Job<'_>, now: Millis) -> Result<bool, String> {
        let (plan, time_ms) = match *job {
            Job::Filter { tool: Tool::Nft, script, .. } | Job::Look { tool: Tool::Nft, script, .. } => {
                let plan = Plan::new(&["nft", "-f", "-"])?;
                (Plan { input: script.to_owned(), is_atomic: true, ..plan }, TIME_MS)
            }
            Job::Filter { tool: Tool::Ipset, script, .. } => (Plan::ipset(script, true)?, TIME_MS),
            Job::Look { tool: Tool::Ipset, script, .. } => {
                (Plan { is_atomic: true, ..Plan::ipset(script, false)? }, TIME_MS)
            }
            Job::Route { script, .. } => (Plan::ip(script)?, TIME_MS),
            Job::HostsDeny { network, add, .. } => return hosts_deny::enter(&network, add).map(|()| false),
            Job::LockAccount { ticket, user, lock } => {
                let Some(words) = accounts::begin(&self.folder, user, lock)? else { return Ok(false) };
                self.accounts.push((ticket, user.to_owned()));
                (Plan { words, is_atomic: true, ..Plan::default() }, TIME_MS)
            }
            Job::Script { file, talk, add, ref begin, .. } => {
                let path = self.scripts().join(file);
                match script::look(&path) {
                    Found::Runs => {}
                    Found::Nothing => return Err(format!("there is no script {}", path.display())),
                    Found::Refused(why) => return Err(why.to_owned()),
                }
                let script::Told { words, input, reply } = script::tell(&path, talk, add, begin);
                let plan = Plan { words, input, reply, ..Plan::default() };
                (plan, u64::from(self.config.script_timeout_s) * 1000)
            }
        };
        self.runner.begin(ticket(job), plan, now.plus(time_ms)).map(|()| true)
    }

    fn scripts(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// When [`Responses::turn`] has something to do at the latest.
    pub fn deadline(&self, now: Millis) -> Millis {
        let has_some = self.responder.in_force().next().is_some();
        let guard = if has_some { self.next_guard } else { Millis::NEVER };
        let stirred = if self.is_stirred { now } else { Millis::NEVER };
        self.responder.deadline().min(self.runner.deadline(now)).min(guard).min(stirred)
    }

    /// What is in force, for the status.
    pub fn in_force(&self) -> impl Iterator<Item = InForce> + '_ {
        self.responder.in_force()
    }
}

fn moment(now: Millis) -> Moment {
    Moment { now, wall_ms: host::wall_ns() / 1_000_000 }
}

fn ticket(job: &Job<'_>) -> Ticket {
    match *job {
        Job::Filter { ticket, .. }
        | Job::Look { ticket, .. }
        | Job::Route { ticket, .. }
        | Job::HostsDeny { ticket, .. }
        | Job::LockAccount { ticket, .. }
        | Job::Script { ticket, .. } => ticket,
    }
}
