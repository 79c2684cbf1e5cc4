//! `command` and `full_command`: programs that are run now and then and whose
//! output is events (OSSEC 4.3).
//!
//! A command is due at the start and then each `frequency` seconds after its
//! last start, never twice at a time, and at most [`AT_ONCE`] commands run
//! together. One that takes longer than its time, or writes more than
//! [`OUTPUT_MAX`], is ended with all that it has started. All memory is taken
//! when a slot runs its first command.

use crate::child::{Child, Got, shell};
use crate::config;
use crate::live::{Heard, Live, Sink, Unopened};
use bartizan_core::assemble::command::{full, line};
use bartizan_core::assemble::splitter::Splitter;
use bartizan_core::assemble::{Line, Record};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::time::Millis;
use mio::{Registry, Token};

/// Commands that run together.
pub const AT_ONCE: usize = 4;

/// Bytes that one run may write.
pub const OUTPUT_MAX: usize = 1 << 20;

/// Bytes of a line of `command` (OSSEC 4.3).
const LINE_MAX: usize = 5631;

/// Bytes of the output of `full_command` (OSSEC 4.3).
const FULL_MAX: usize = 5632;

/// Reads of one pipe in one turn.
const READS: usize = 8;

/// Bytes of one read.
const READ: usize = 4096;

/// Milliseconds between two looks at whether a command has ended.
const LOOK_MS: u64 = 250;

/// All commands of a configuration.
#[derive(Debug)]
pub struct Commands {
    commands: Vec<Planned>,
    slots: [Slot; AT_ONCE],
    registry: Option<(Registry, Token)>,
    record: Vec<u8>,
    deadline: Option<Millis>,
}

/// A command and when it is due.
#[derive(Debug)]
struct Planned {
    command: config::Command,
    due: Millis,
    runs: bool,
}

/// Room for one command that runs.
#[derive(Debug, Default)]
struct Slot {
    run: Option<Run>,
    /// The output of `full_command`; empty before the first run.
    output: Vec<u8>,
    lines: Option<Splitter<Vec<u8>>>,
}

/// A command that runs.
#[derive(Debug)]
struct Run {
    child: Child,
    /// Position in the list of commands.
    number: usize,
    ends: Millis,
    read: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Output may come.
    Reads,
    /// The output is handed on; the process may still be there.
    Leaves,
}

impl Commands {
    /// These commands; the first run is due at once.
    pub fn new(commands: &[config::Command]) -> Self {
        let planned = |command: &config::Command| Planned {
            command: command.clone(),
            due: Millis::default(),
            runs: false,
        };
        Self {
            commands: commands.iter().map(planned).collect(),
            slots: Default::default(),
            registry: None,
            record: vec![0; TEXT_MAX],
            deadline: Some(Millis::default()),
        }
    }

    /// Starts what is due while there is room.
    fn start(&mut self, now: Millis) {
        let Some((registry, first)) = &self.registry else { return };
        for (at, slot) in self.slots.iter_mut().enumerate().filter(|(_, slot)| slot.run.is_none()) {
            // The one that has waited longest, so that none starves.
            let ready = self.commands.iter_mut().enumerate().filter(|(_, c)| !c.runs && c.due <= now);
            let Some((number, planned)) = ready.min_by_key(|(_, planned)| planned.due) else { return };
            planned.due = now.plus(u64::from(planned.command.frequency_s) * 1000);
            let token = Token(first.0 + at);
            // Without memory or processes now: the next time may be better.
            let Ok(child) = Child::start(&shell(&planned.command.line), registry, token) else {
                continue;
            };
            planned.runs = true;
            let ends = now.plus(u64::from(planned.command.timeout_s) * 1000);
            slot.begin(Run { child, number, ends, read: 0, state: State::Reads });
        }
    }

    /// Reads one slot; true if more may be left.
    fn read(&mut self, at: usize, sink: &mut Sink<'_>) -> bool {
        let Some(slot) = self.slots.get_mut(at) else { return false };
        let Some(planned) = slot.run.as_ref().and_then(|run| self.commands.get(run.number)) else {
            return false;
        };
        (0..READS).all(|_| slot.read(&planned.command, &mut self.record, sink))
    }

    /// Looks after the commands that run.
    fn look(&mut self, now: Millis, sink: &mut Sink<'_>) {
        for at in 0..AT_ONCE {
            let Some(run) = self.slots.get(at).and_then(|slot| slot.run.as_ref()) else { continue };
            let (ended, late) = (run.child.has_ended(), now >= run.ends);
            // Output is handed on before the end, as much as one turn takes.
            if (!ended && !late) || (ended && self.read(at, sink)) {
                continue;
            }
            let Some(slot) = self.slots.get_mut(at) else { continue };
            let Some(planned) = slot.run.as_ref().and_then(|run| self.commands.get_mut(run.number)) else {
                continue;
            };
            planned.runs = !slot.end(&planned.command, &mut self.record, sink);
        }
    }
}

impl Slot {
    /// Reads a piece of the output; false if there is no more for now.
    fn read(&mut self, command: &config::Command, record: &mut [u8], sink: &mut Sink<'_>) -> bool {
        let mut buffer = [0; READ];
        let Some(run) = self.run.as_mut().filter(|run| run.state == State::Reads) else { return false };
        let bytes = match run.child.read(&mut buffer) {
            Got::Bytes(count) => buffer.get(..count).unwrap_or(b""),
            Got::Dry => return false,
            Got::Ended => {
                self.finish(command, record, sink);
                return false;
            }
        };
        run.read += bytes.len();
        if command.whole {
            let room = bytes.len().min(FULL_MAX - self.output.len());
            self.output.extend_from_slice(bytes.get(..room).unwrap_or(b""));
        } else if let Some(lines) = &mut self.lines {
            lines.push(bytes, &mut |line| give(command, line, record, sink));
        }
        if run.read > OUTPUT_MAX {
            run.child.kill();
            self.finish(command, record, sink);
        }
        true
    }

    fn begin(&mut self, run: Run) {
        self.output.clear();
        self.output.reserve_exact(FULL_MAX);
        self.lines.get_or_insert_with(|| Splitter::new(vec![0; LINE_MAX], 0));
        self.run = Some(run);
    }

    /// Hands on what is left of the output.
    fn finish(&mut self, command: &config::Command, record: &mut [u8], sink: &mut Sink<'_>) {
        let Some(run) = self.run.as_mut().filter(|run| run.state == State::Reads) else { return };
        run.state = State::Leaves;
        if let Some(lines) = &mut self.lines {
            lines.finish(&mut |line| give(command, line, record, sink));
        }
        let cut = run.read.saturating_sub(self.output.len());
        let cut = u32::try_from(cut).unwrap_or(u32::MAX);
        if command.whole
            && let Some(record) = full(command.label.as_bytes(), &self.output, cut, record)
        {
            hand_on(command, record, sink);
        }
    }

    /// Ends what still runs; true, and the slot is free, once it is gone.
    fn end(&mut self, command: &config::Command, record: &mut [u8], sink: &mut Sink<'_>) -> bool {
        self.finish(command, record, sink);
        let gone = self.run.as_mut().is_none_or(|run| {
            run.child.kill();
            run.child.reap()
        });
        if gone {
            self.run = None;
        }
        gone
    }
}

fn give(command: &config::Command, text: Line<'_>, record: &mut [u8], sink: &mut Sink<'_>) {
    hand_on(command, line(command.label.as_bytes(), text, record), sink);
}

fn hand_on(command: &config::Command, record: Record<'_>, sink: &mut Sink<'_>) {
    sink(Heard { place: &command.label, queue: record.queue, cut: record.cut, text: record.text });
}

impl Live for Commands {
    fn register(&mut self, registry: &Registry, first: Token) -> Result<(), Unopened> {
        self.registry = Some((registry.try_clone()?, first));
        Ok(())
    }

    fn ready(&mut self, token: Token, _now: Millis, sink: &mut Sink<'_>) -> bool {
        let Some((_, first)) = &self.registry else { return false };
        let at = token.0.wrapping_sub(first.0);
        self.read(at, sink)
    }

    fn tick(&mut self, now: Millis, sink: &mut Sink<'_>) {
        self.look(now, sink);
        self.start(now);
        let busy = self.slots.iter().filter(|slot| slot.run.is_some()).count();
        let look = (busy > 0).then(|| now.plus(LOOK_MS));
        let may_start = busy < AT_ONCE && self.registry.is_some();
        let idle = self.commands.iter().filter(|planned| !planned.runs && may_start);
        self.deadline = idle.map(|planned| planned.due).chain(look).min();
    }

    fn next_deadline(&self) -> Option<Millis> {
        self.deadline
    }
}

#[cfg(test)]
mod tests;
