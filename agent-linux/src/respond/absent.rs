//! An agent without active response: every order is refused, and says so.

use crate::config;
use bartizan_core::respond::order::Order;
use bartizan_core::respond::report::{Report, State};
use bartizan_core::respond::responder::{InForce, Tool};
use bartizan_core::time::Millis;
use mio::{Registry, Token};
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Reports that wait at most before orders do.
const SAID_MAX: usize = 16;

/// What the agent's user is to own: nothing.
pub fn prepare(_: &Path) -> io::Result<[PathBuf; 0]> {
    Ok([])
}

/// What drops packets here: nothing.
pub fn tool() -> Option<Tool> {
    None
}

/// Whether an agent has anything to carry out: never.
pub fn carries_out(_: config::Responses, _: &Path) -> bool {
    false
}

/// Starts nothing.
#[derive(Debug)]
pub struct Runner;

impl Runner {
    /// Takes nothing of the loop.
    pub fn new(_: Registry, _: Token) -> Self {
        Self
    }
}

/// The responses of this machine: none.
#[derive(Debug, Default)]
pub struct Responses {
    said: Vec<String>,
    reload: Option<u64>,
    reloaded: u64,
}

impl Responses {
    /// Opens nothing.
    pub fn open(_: &Path, _: Runner, _: Millis) -> (Self, Option<String>) {
        (Self::default(), None)
    }

    /// Nothing depends on it.
    pub fn configure(&mut self, _: config::Responses) {}

    /// Nothing could shut a manager out.
    pub fn guard_managers(&mut self, _: &[config::Manager]) {}

    /// Nothing could shut a manager out.
    pub fn guard_manager(&mut self, _: IpAddr) {}

    /// Whether another order may be taken before reports are.
    pub fn has_room(&self) -> bool {
        self.said.len() < SAID_MAX
    }

    /// Refuses an order, but one to read the configuration again.
    pub fn take(&mut self, id: u64, what: &[u8], _: Millis) {
        match what {
            Order::RELOAD if id != self.reloaded => self.reload = Some(id),
            Order::RELOAD => {}
            _ => self.say(id, State::Refused, "this agent was built without active response"),
        }
    }

    /// The order to read the configuration again, once.
    pub fn take_reload(&mut self) -> Option<u64> {
        self.reload.take().inspect(|id| self.reloaded = *id)
    }

    /// Reports what became of a response.
    pub fn say(&mut self, id: u64, state: State, text: &str) {
        self.said.push(Report { id, state, text }.to_string());
    }

    /// Gives what there is to report.
    pub fn turn(&mut self, _: Millis) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    /// Never: orders come with the link.
    pub fn deadline(&self, now: Millis) -> Millis {
        if self.said.is_empty() && self.reload.is_none() { Millis::NEVER } else { now }
    }

    /// What is in force: nothing.
    pub fn in_force(&self) -> impl Iterator<Item = InForce> + '_ {
        std::iter::empty()
    }
}
