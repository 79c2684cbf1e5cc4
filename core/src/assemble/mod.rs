//! Lines to records, one small machine per log format.
//!
//! A host pushes lines and tells the time; records come out as soon as they
//! are complete: at the line that ends them, at a deadline ([`Assembler::tick`])
//! or when the source ends ([`Assembler::finish`]). Nothing is lost on the way:
//! what fits no form is a record of its own unless the format says that it is
//! no part of the log's content, and what is longer than
//! [`RECORD_MAX`](crate::limits::RECORD_MAX) is cut there and counted.
//!
//! A place in a source can be left and taken up again: [`Assembler::open`]
//! says from where on lines are still needed, [`Assembler::resume`] that those
//! up to the place left were seen before.
//!
//! Cost: a push looks at its line a fixed number of times, and once at up to
//! [`OPEN_RECORDS_MAX`] open records; expressions
//! cost what `pattern` says. Read `format` first, then `desk`.

pub mod command;
mod format;
pub mod splitter;
pub mod stream;

pub use format::{Format, Join, TIMEOUT_MS, Wait};

use crate::limits::OPEN_RECORDS_MAX;
use crate::pattern::Matcher;
use crate::time::Millis;
use heapless::Vec;

/// A line of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The line, without its newline.
    pub text: &'a [u8],
    /// Offset of its first byte in the source.
    pub at: u64,
    /// Bytes at its end that the reader had to leave out.
    pub cut: u32,
}

/// A record that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The text, at most [`RECORD_MAX`](crate::limits::RECORD_MAX) bytes.
    pub text: &'a [u8],
    /// Which way it takes through analysis; `b'1'` is the usual one.
    pub queue: u8,
    /// Offset of its first line in the source.
    pub at: u64,
    /// Bytes that were left out.
    pub cut: u32,
}

/// What an assembler must know of the world when it gets a line.
pub struct Context<'c> {
    /// The time.
    pub now: Millis,
    /// `djb-multilog`: what stands before a text without a date of its own,
    /// `Mon DD HH:MM:SS HOST PROG: `; empty for other formats.
    pub header: &'c [u8],
    /// Runs the expressions of the format;
    /// [`NoPatterns`](crate::pattern::NoPatterns) if it has none.
    pub patterns: &'c mut dyn Matcher,
}

/// What of a source has been seen but not been given out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// Offset of the first line that is needed again; `None` if all lines so
    /// far are done with.
    pub low: Option<u64>,
    /// Mixed formats: which of the lines from there on, for
    /// [`Assembler::resume`].
    pub keys: Vec<u64, OPEN_RECORDS_MAX>,
}

/// The memory lent is smaller than [`Format::memory`], given here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryTooSmall(pub usize);

/// Makes records of the lines of one source.
#[derive(Debug)]
pub struct Assembler<M> {
    format: Format,
    memory: M,
}

impl<M: AsRef<[u8]> + AsMut<[u8]>> Assembler<M> {
    /// An assembler that works in this memory, of which the contents do not
    /// matter.
    pub fn new(format: Format, memory: M) -> Result<Self, MemoryTooSmall> {
        if memory.as_ref().len() < format.memory() {
            return Err(MemoryTooSmall(format.memory()));
        }
        Ok(Self { format, memory })
    }

    /// The format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Takes a line; gives out at most two records.
    pub fn push(&mut self, line: Line<'_>, context: &mut Context<'_>, out: &mut dyn FnMut(Record<'_>)) {
        let _ = (line, context, out, self.memory.as_mut());
    }

    /// Gives out the records of which the time is over: at most
    /// [`OPEN_RECORDS_MAX`].
    pub fn tick(&mut self, context: &mut Context<'_>, out: &mut dyn FnMut(Record<'_>)) {
        let _ = (context, out);
    }

    /// Gives out all that is open, because the source has ended: at most
    /// [`OPEN_RECORDS_MAX`] records. Offsets may then start again.
    pub fn finish(&mut self, context: &mut Context<'_>, out: &mut dyn FnMut(Record<'_>)) {
        let _ = (context, out);
    }

    /// When to call [`Assembler::tick`] next.
    pub fn deadline(&self) -> Option<Millis> {
        None
    }

    /// What would be lost if this assembler were.
    pub fn open(&self) -> Open {
        Open::default()
    }

    /// Prepares a fresh assembler for lines that are pushed for the second
    /// time, from [`Open::low`] on. Lines that begin before `high`, the offset
    /// behind the last line pushed before, only bring back what was open.
    pub fn resume(&mut self, high: u64, keys: &[u64]) {
        let _ = (high, keys);
    }

    /// Forgets everything.
    pub fn reset(&mut self) {}
}
