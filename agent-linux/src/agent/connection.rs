//! Managers, messages, batches.

use super::{Agent, LINK};
use crate::host;
use crate::identity::show_address;
use crate::link::{Keys, Trouble};
use crate::names;
use bartizan_core::spool::Whose;
use bartizan_core::time::Millis;
use bartizan_core::wire::batch::Batch;
use bartizan_core::wire::message::{Hello, Why};
use bartizan_core::wire::uplink::{Event, Reason, Step};
use bartizan_core::wire::{PROLOGUE_SESSION, PROTOCOL, SPOOL};

/// Batches that one round sends at most.
const BATCHES: usize = 16;

impl Agent {
    /// Everything about the manager. `true`: there is more to do at once.
    pub(super) fn converse(&mut self, now: Millis) -> bool {
        self.step(now);
        match self.exchange(now) {
            Ok(is_busy) => is_busy,
            Err(trouble) => {
                self.lose(&trouble.to_string());
                self.uplink.lost(now);
                self.step(now);
                false
            }
        }
    }

    /// Connects and disconnects, as the uplink says.
    fn step(&mut self, now: Millis) {
        loop {
            match self.uplink.step(now) {
                Step::Wait(until) => return self.next_step = until,
                Step::Disconnect(reason) => self.lose(explain(reason)),
                Step::Connect(number) => {
                    self.manager = number;
                    if let Err(trouble) = self.connect(number) {
                        self.lose(&trouble.to_string());
                        self.uplink.lost(now);
                    }
                }
            }
        }
    }

    fn connect(&mut self, number: usize) -> Result<(), Trouble> {
        let Some(manager) = self.managers.get(number) else {
            return Err(Trouble::Io(std::io::ErrorKind::NotFound.into()));
        };
        let keys = Keys { own: &self.identity.own, manager: &self.identity.manager };
        // The one call that may keep the loop waiting: a name is looked up here and now.
        let address = names::resolve(&manager.host, manager.port)?;
        self.responses.guard_manager(address.ip());
        self.link.connect(self.poll.registry(), LINK, address, keys, PROLOGUE_SESSION)
    }

    fn lose(&mut self, why: &str) {
        self.link.close(self.poll.registry());
        self.files.disconnected();
        (self.connected, self.greeted) = (None, false);
        self.trouble = Some(why.to_owned());
    }

    /// Takes what has come and sends what is to be said.
    fn exchange(&mut self, now: Millis) -> Result<bool, Trouble> {
        self.link.ready()?;
        if !self.link.is_open() {
            return Ok(false);
        }
        if !self.greeted {
            self.greet(now)?;
        }
        self.receive(now)?;
        // What was received may ask for an end.
        self.step(now);
        self.send(now)
    }

    fn greet(&mut self, now: Millis) -> Result<(), Trouble> {
        let hello = Hello {
            protocol: PROTOCOL,
            incarnation: self.incarnation,
            version: env!("CARGO_PKG_VERSION"),
            system: &host::system(),
            hostname: &host::name(),
            config: self.configuration.pushed,
            wall_ms: host::wall_ns() / 1_000_000,
        };
        self.greeted = true;
        // Its texts are cut to what a message takes.
        let len = self.uplink.connected(&hello, now, &mut self.control).unwrap_or(0);
        self.link.send(self.control.get(..len).unwrap_or_default())
    }

    fn receive(&mut self, now: Millis) -> Result<(), Trouble> {
        let Self { link, uplink, files, spool, responses, connected, trouble, pushed, .. } = self;
        while responses.has_room()
            && let Some(message) = link.receive()?
        {
            uplink.receive(message, now, &mut |event| match event {
                Event::Welcome { .. } => (*connected, *trouble) = (Some(now), None),
                Event::Place { index: SPOOL, position } => spool.rewind(position),
                Event::Place { index, position } => files.place(index, now, position),
                Event::Acknowledged { index: SPOOL, position } => spool.acknowledged(position),
                Event::Acknowledged { index, position } => files.acknowledged(index, position),
                Event::Configuration { config, text } => *pushed = Some((config, text.to_vec())),
                Event::Order { id, what } => responses.take(id, what, now),
            });
        }
        Ok(())
    }

    /// Sends as long as the socket and the manager's window take something.
    fn send(&mut self, now: Millis) -> Result<bool, Trouble> {
        let mut batches = 0;
        while self.link.can_send() {
            let roster = &self.roster;
            // Messages without batches fit into what is lent for them.
            let said = self.uplink.send(now, &|index| roster.name(index), &mut self.control);
            if let Some(len) = said.unwrap_or(None) {
                self.link.send(self.control.get(..len).unwrap_or_default())?;
            } else if batches == BATCHES {
                return Ok(true);
            } else if !self.send_batch(now)? {
                return Ok(false);
            } else {
                batches += 1;
            }
        }
        Ok(false)
    }

    /// Fills and sends one batch. `false`: there is nothing, or no room.
    fn send_batch(&mut self, now: Millis) -> Result<bool, Trouble> {
        let room = self.uplink.room();
        let has_spool =
            self.uplink.is_placed(SPOOL) && !self.spool.is_sent() && self.listening.is_gathered(now);
        if !room.is_enough() || !(has_spool || self.files.has_more()) {
            return Ok(false);
        }
        let Self { uplink, roster, files, spool, link, batch, spool_first, .. } = self;
        let mut batch = Batch::new(batch, room);
        let mut index_of = |whose: Whose<'_>| {
            let index = match whose {
                Whose::Index(index) => index,
                Whose::Name(name) => roster.add(name, |index| uplink.open(index))?,
            };
            uplink.is_placed(index).then_some(index)
        };
        // In turns, so that neither starves the other.
        if has_spool && *spool_first {
            spool.fill(&mut batch, now, &mut index_of);
        }
        files.fill(&mut batch, now);
        if has_spool && !*spool_first {
            spool.fill(&mut batch, now, &mut index_of);
        }
        *spool_first = !*spool_first;
        match uplink.seal(batch, now) {
            Some(message) => link.send(message).map(|()| true),
            None => Ok(false),
        }
    }

    /// What the connection is waiting for, for messages: `ADDRESS`.
    pub(super) fn manager_name(&self) -> String {
        self.managers.get(self.manager).map(show_address).unwrap_or_default()
    }
}

fn explain(reason: Reason) -> &'static str {
    match reason {
        Reason::Silent => "the manager does not answer",
        Reason::Owing => "the manager takes records but does not store them",
        Reason::Closed(Why::Replaced) => {
            "another agent with the same key has connected: is the key on two machines?"
        }
        Reason::Closed(Why::Removed) => "the manager has removed this agent; enrol again",
        Reason::Closed(Why::NotKnown) => "the manager does not know this agent's key; enrol again",
        Reason::Closed(Why::Protocol) => "the manager speaks another version of the protocol",
        Reason::Protocol => "the manager's messages make no sense to this version",
        Reason::Numbers => "the numbers of batches were used up",
        Reason::Lost => "the connection broke",
    }
}
