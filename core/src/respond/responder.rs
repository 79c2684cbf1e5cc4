//! Carries orders out, once, and undoes them on time.

use super::journal::Journal;
use super::network::Network;
use super::order::{Begin, Order, Talk};
use super::report::Report;
use super::shield::Shield;
use crate::time::Millis;

/// Words of lent memory for each response.
pub const SLOT_WORDS: usize = 8;

/// Both clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since the boot; sleep counts. Of all processes of a boot
    /// the same.
    pub now: Millis,
    /// Milliseconds since 1970 as the wall clock has it, right or wrong.
    pub wall_ms: u64,
}

/// What a machine has to drop packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `nft -f -`.
    Nft,
    /// `ipset -exist restore`, and the rules of [`super::ipset`].
    Ipset,
}

/// The number of a job that was given out. Never used twice by a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(pub u32);

/// What the host is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job<'o> {
    /// Give a script to the packet filter's program. It is done as a whole or
    /// not at all (nft), or can be repeated (ipset).
    Filter {
        /// The job.
        ticket: Ticket,
        /// The program.
        tool: Tool,
        /// Its standard input.
        script: &'o str,
    },
    /// Give a script to `ip -force -batch -`. Each line is also what `ip`
    /// takes as arguments, with one space between them, where it has no
    /// `-batch`.
    Route {
        /// The job.
        ticket: Ticket,
        /// Its standard input.
        script: &'o str,
    },
    /// See to it that a network stands in `/etc/hosts.deny`, or does not.
    HostsDeny {
        /// The job.
        ticket: Ticket,
        /// The network.
        network: Network,
        /// Whether it is to stand there.
        add: bool,
    },
    /// See to it that a user's password is locked, or is not.
    LockAccount {
        /// The job.
        ticket: Ticket,
        /// The user; never root.
        user: &'o str,
        /// Whether it is to be locked.
        lock: bool,
    },
    /// Run a script of the users.
    Script {
        /// The job.
        ticket: Ticket,
        /// Its name in the folder for such programs.
        file: &'o str,
        /// How it is told.
        talk: Talk<'o>,
        /// Whether it is to do it or to undo it.
        add: bool,
        /// The order.
        begin: Begin<'o>,
    },
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// Well.
    Done,
    /// Nothing of it was done, and why: a program is not there or refused
    /// all of it.
    NotDone(&'a str),
    /// It failed, and may have been done in part, and why.
    Unsure(&'a str),
}

/// A response that is in force, or has to be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its number.
    pub id: u64,
    /// The address it is about.
    pub network: Option<Network>,
    /// When it is to be undone; [`Millis::NEVER`] for when it is ended.
    pub due: Millis,
    /// Whether it was done, as far as is known.
    pub is_done: bool,
}

/// The responses of one machine. `S` is lent memory, [`SLOT_WORDS`] for each
/// response, which need not be empty and is not touched before it is needed.
/// `J` keeps the journal.
#[derive(Debug)]
pub struct Responder<S, J> {
    words: S,
    journal: J,
    block: Tool,
}

impl<S: AsRef<[u64]> + AsMut<[u64]>, J: Journal> Responder<S, J> {
    /// Reads the journal. What is in force is made true again by the next
    /// jobs; what is overdue is undone by them.
    ///
    /// `block` is what this machine has to drop packets; `clock` names the
    /// boot, and with it the clock that `at` was read from.
    pub fn open(words: S, journal: J, block: Tool, clock: u64, at: Moment) -> Self {
        let _ = (clock, at);
        Self { words, journal, block }
    }

    /// Takes an order, whose text is checked here. An order to read the
    /// configuration again is none of its business.
    pub fn take(&mut self, order: &Order<'_>, shield: &Shield, at: Moment, tell: &mut dyn FnMut(Report<'_>)) {
        let _ = (order, shield, at, tell, self.words.as_mut());
    }

    /// Undoes what would be refused now: somebody has come in from there, or
    /// it has become the gateway.
    pub fn guard(&mut self, shield: &Shield, at: Moment) {
        let _ = (shield, at);
    }

    /// Makes everything that is in force true again: somebody may have
    /// emptied the packet filter.
    pub fn rebuild(&mut self) {}

    /// The next thing to do, if there is one now and not too much is being
    /// done: one script for packet filter or routes, and four other programs.
    /// To be called until there is none, whenever something has happened and
    /// at the [deadline](Self::deadline). `out` is lent for its texts:
    /// [`crate::limits::RESPONSE_JOB_MAX`] bytes.
    pub fn next_job<'o>(
        &mut self,
        at: Moment,
        out: &'o mut [u8],
        tell: &mut dyn FnMut(Report<'_>),
    ) -> Option<Job<'o>> {
        let _ = (at, out, tell);
        None
    }

    /// A job has ended. Each that was given out must end, once.
    pub fn finished(
        &mut self,
        ticket: Ticket,
        outcome: Outcome<'_>,
        at: Moment,
        tell: &mut dyn FnMut(Report<'_>),
    ) {
        let _ = (ticket, outcome, at, tell);
    }

    /// When [`Responder::next_job`] is to be called at the latest.
    pub fn deadline(&self) -> Millis {
        Millis::NEVER
    }

    /// The responses that are in force or have to be undone.
    pub fn in_force(&self) -> impl Iterator<Item = InForce> + '_ {
        core::iter::empty()
    }

    /// The journal.
    pub fn journal(&self) -> &J {
        &self.journal
    }

    /// What drops packets here.
    pub fn block(&self) -> Tool {
        self.block
    }
}
