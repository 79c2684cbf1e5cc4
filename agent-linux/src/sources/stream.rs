//! A command that keeps running, such as `logread -f`: what it writes is read
//! like a file that grows. When it ends it is started again, with a wait that
//! grows to a minute.

use super::kept::Kept;
use crate::child::{Got, shell};
use crate::config::{self, Expressions};
use crate::live::{Heard, Live, Sink, Unopened};
use bartizan_core::assemble::splitter::Splitter;
use bartizan_core::assemble::{Assembler, Context, Record};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::pattern::{Matcher, NoPatterns};
use bartizan_core::time::Millis;
use mio::{Registry, Token};

/// Reads in one turn.
const READS: usize = 8;

/// Bytes of one read.
const READ: usize = 4096;

/// One command that keeps running.
#[derive(Debug)]
pub struct Stream {
    stream: config::Stream,
    kept: Kept,
    lines: Splitter<Vec<u8>>,
    assembler: Assembler<Vec<u8>>,
    expressions: Option<Expressions>,
    deadline: Option<Millis>,
    more: bool,
}

impl Stream {
    /// A stream as it is configured; the program starts with the first tick.
    pub fn new(stream: &config::Stream) -> Self {
        let format = stream.format.format();
        let assembler = Assembler::new(format, vec![0; format.memory()]);
        Self {
            kept: Kept::new(stream.rate_limit),
            lines: Splitter::new(vec![0; TEXT_MAX], 0),
            assembler: assembler.expect("the memory is as large as the format says"),
            expressions: stream.format.expressions(),
            stream: stream.clone(),
            deadline: Some(Millis::default()),
            more: false,
        }
    }

    /// Reads a piece; false if there is no more for now.
    fn read(&mut self, now: Millis, sink: &mut Sink<'_>) -> bool {
        let mut buffer = [0; READ];
        let got = self.kept.read(now, &mut buffer);
        let Self { stream, kept, lines, assembler, expressions, .. } = self;
        let mut out = |record: Record<'_>| {
            kept.spend();
            sink(heard(&stream.label, &record));
        };
        let mut none = NoPatterns;
        let patterns: &mut dyn Matcher = match expressions {
            Some(expressions) => expressions,
            None => &mut none,
        };
        let mut context = Context { now, header: b"", patterns };
        match got {
            Got::Bytes(count) => {
                let bytes = buffer.get(..count).unwrap_or(b"");
                lines.push(bytes, &mut |line| assembler.push(line, &mut context, &mut out));
                true
            }
            Got::Dry => false,
            Got::Ended => {
                lines.finish(&mut |line| assembler.push(line, &mut context, &mut out));
                assembler.finish(&mut context, &mut out);
                false
            }
        }
    }

    fn turn(&mut self, now: Millis, sink: &mut Sink<'_>) -> bool {
        self.more = (0..READS).all(|_| self.read(now, sink));
        self.plan(now);
        self.more
    }

    fn plan(&mut self, now: Millis) {
        let more = self.more.then_some(now);
        let dates = [self.kept.next_deadline(now), self.assembler.deadline(), more];
        self.deadline = dates.into_iter().flatten().min();
    }

    fn give_late(&mut self, now: Millis, sink: &mut Sink<'_>) {
        let mut context = Context { now, header: b"", patterns: &mut NoPatterns };
        let Self { stream, kept, assembler, .. } = self;
        assembler.tick(&mut context, &mut |record| {
            kept.spend();
            sink(heard(&stream.label, &record));
        });
    }
}

/// A record of a place. [`TEXT_MAX`] is a byte less than a record may have.
pub(super) fn heard<'a>(place: &'a str, record: &Record<'a>) -> Heard<'a> {
    let text = record.text.get(..TEXT_MAX).unwrap_or(record.text);
    let cut = record.cut.saturating_add((record.text.len() - text.len()) as u32);
    Heard { place, queue: record.queue, cut, text }
}

impl Live for Stream {
    fn register(&mut self, registry: &Registry, first: Token) -> Result<(), Unopened> {
        Ok(self.kept.register(registry, first)?)
    }

    fn ready(&mut self, _token: Token, now: Millis, sink: &mut Sink<'_>) -> bool {
        self.turn(now, sink)
    }

    fn tick(&mut self, now: Millis, sink: &mut Sink<'_>) {
        if self.kept.is_held() || self.more {
            self.turn(now, sink);
        }
        self.give_late(now, sink);
        self.kept.start(now, || shell(&self.stream.line));
        self.plan(now);
    }

    fn next_deadline(&self) -> Option<Millis> {
        self.deadline
    }

    fn end(&mut self, now: Millis, sink: &mut Sink<'_>) {
        let mut context = Context { now, header: b"", patterns: &mut NoPatterns };
        let Self { stream, assembler, .. } = self;
        assembler.finish(&mut context, &mut |record| sink(heard(&stream.label, &record)));
    }
}

#[cfg(test)]
mod tests;
