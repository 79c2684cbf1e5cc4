//! A loop for one source, as the agent has it.

use crate::live::{Heard, Live};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::time::Millis;
use mio::{Events, Poll, Registry, Token};
use std::time::{Duration, Instant};

/// The first token of the source under test.
const FIRST: usize = 1000;

/// How long a test waits for what it waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A record that was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) place: String,
    pub(super) queue: u8,
    pub(super) cut: u32,
    pub(super) text: String,
}

/// A loop with one source and the records it gave.
pub(super) struct Bench {
    poll: Poll,
    events: Events,
    again: Vec<Token>,
    pub(super) heard: Vec<Kept>,
    pub(super) now: Millis,
    began: Instant,
}

impl Bench {
    pub(super) fn new(live: &mut dyn Live) -> Self {
        let poll = Poll::new().expect("a poll");
        live.register(poll.registry(), Token(FIRST)).expect("registered");
        let events = Events::with_capacity(64);
        Self { poll, events, again: Vec::new(), heard: Vec::new(), now: Millis(1), began: Instant::now() }
    }

    pub(super) fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    pub(super) fn token(&self, number: usize) -> Token {
        Token(FIRST + number)
    }

    /// Ticks if that is due, waits a moment for events, hands them on.
    pub(super) fn turn(&mut self, live: &mut dyn Live) {
        if live.next_deadline().is_some_and(|due| due <= self.now) {
            self.tick(live);
        }
        let wait = if self.again.is_empty() { Duration::from_millis(10) } else { Duration::ZERO };
        self.poll.poll(&mut self.events, Some(wait)).expect("polled");
        let ready: Vec<_> =
            self.again.drain(..).chain(self.events.iter().map(|event| event.token())).collect();
        for token in ready {
            let heard = &mut self.heard;
            if live.ready(token, self.now, &mut |record| heard.push(Kept::of(record))) {
                self.again.push(token);
            }
        }
        self.now = self.now.plus(10);
    }

    pub(super) fn tick(&mut self, live: &mut dyn Live) {
        let heard = &mut self.heard;
        live.tick(self.now, &mut |record| heard.push(Kept::of(record)));
    }

    pub(super) fn wait_for_event(&mut self) {
        self.poll.poll(&mut self.events, Some(PATIENCE)).expect("polled");
    }

    /// Until the records are what they should be.
    pub(super) fn run<L: Live>(&mut self, live: &mut L, done: impl Fn(&[Kept]) -> bool) {
        self.run_until(live, |_, heard| done(heard));
    }

    pub(super) fn run_until<L: Live>(&mut self, live: &mut L, mut done: impl FnMut(&mut L, &[Kept]) -> bool) {
        while !done(live, &self.heard) {
            assert!(self.began.elapsed() < PATIENCE, "waited in vain: {:?}", self.heard);
            self.turn(live);
        }
    }

    /// Until a turn brings nothing.
    pub(super) fn run_dry(&mut self, live: &mut dyn Live) {
        loop {
            self.turn(live);
            if self.events.is_empty() && self.again.is_empty() {
                return;
            }
        }
    }
}

impl Kept {
    fn of(heard: Heard<'_>) -> Self {
        assert!(heard.text.len() <= TEXT_MAX);
        Self {
            place: heard.place.to_owned(),
            queue: heard.queue,
            cut: heard.cut,
            text: String::from_utf8_lossy(heard.text).into_owned(),
        }
    }
}
