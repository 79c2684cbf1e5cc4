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

mod audit;
pub mod command;
mod date;
mod desk;
pub mod djb_multilog;
mod format;
mod indented;
mod linux_auditd;
mod modsec_audit;
mod mssql_log;
mod multi_line;
mod mysql_log;
mod nmapg;
mod ossec_alert;
mod packets;
mod postgresql_log;
mod regex;
mod snort_full;
pub mod splitter;
pub mod stream;
pub mod syslog;

#[cfg(test)]
mod tests;

pub use format::{Format, Join, TIMEOUT_MS, Wait};

use crate::limits::OPEN_RECORDS_MAX;
use crate::pattern::Matcher;
use crate::time::Millis;
use desk::{Desk, Pendings, Resumed};
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
    /// Which way it takes through analysis; `b'1'` is the usual one. With
    /// [`MERGED`](crate::packet::merged::MERGED) it is several packets.
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
    pending: Pendings,
    /// Offset behind the last line.
    seen: u64,
    /// Lines that begin before this offset were pushed before.
    high: u64,
    /// What was open there.
    resumed: Vec<Resumed, OPEN_RECORDS_MAX>,
}

impl<M: AsRef<[u8]> + AsMut<[u8]>> Assembler<M> {
    /// An assembler that works in this memory, of which the contents do not
    /// matter.
    pub fn new(format: Format, memory: M) -> Result<Self, MemoryTooSmall> {
        if memory.as_ref().len() < format.memory() {
            return Err(MemoryTooSmall(format.memory()));
        }
        Ok(Self { format, memory, pending: Vec::new(), seen: 0, high: 0, resumed: Vec::new() })
    }

    /// The format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Takes a line; gives out at most two records. A carriage return at the
    /// end of the line is no part of it.
    pub fn push(&mut self, line: Line<'_>, context: &mut Context<'_>, out: &mut dyn FnMut(Record<'_>)) {
        let len = (line.text.len() as u64).saturating_add(u64::from(line.cut));
        self.seen = line.at.saturating_add(len).saturating_add(1);
        let replayed = line.at < self.high;
        let text = if line.cut == 0 { line.text.strip_suffix(b"\r") } else { None };
        let line = Line { text: text.unwrap_or(line.text), ..line };
        let format = self.format;
        place(format, &mut self.desk(replayed, context.now, out), &line, context);
        if self.seen >= self.high {
            self.high = 0;
            self.resumed.clear();
        }
    }

    /// Gives out the records of which the time is over: at most
    /// [`OPEN_RECORDS_MAX`].
    pub fn tick(&mut self, context: &mut Context<'_>, out: &mut dyn FnMut(Record<'_>)) {
        if self.is_resuming() {
            return;
        }
        let now = context.now;
        let mut desk = self.desk(false, now, out);
        while let Some(index) = desk.pending.iter().position(|record| record.due <= now) {
            desk.give(index);
        }
    }

    /// Gives out all that is open, because the source has ended: at most
    /// [`OPEN_RECORDS_MAX`] records. Offsets may then start again.
    pub fn finish(&mut self, context: &mut Context<'_>, out: &mut dyn FnMut(Record<'_>)) {
        if self.format != Format::MysqlLog {
            let mut desk = self.desk(false, context.now, out);
            while !desk.pending.is_empty() {
                desk.give(0);
            }
        }
        self.reset();
    }

    /// When to call [`Assembler::tick`] next.
    pub fn deadline(&self) -> Option<Millis> {
        let due = self.pending.iter().map(|record| record.due).min();
        due.filter(|due| *due != Millis::NEVER && !self.is_resuming())
    }

    /// What would be lost if this assembler were. While it
    /// [is resuming](Assembler::is_resuming), what it was resumed with is
    /// still the answer.
    pub fn open(&self) -> Open {
        let mut keys = Vec::new();
        if self.format.is_mixed() {
            let encoded = |record| Resumed::of(self.memory.as_ref(), record).encoded(self.seen);
            keys.extend(self.pending.iter().map(encoded));
        }
        Open { low: self.pending.iter().map(|record| record.at).min(), keys }
    }

    /// Prepares a fresh assembler for lines that are pushed for the second
    /// time, from [`Open::low`] on. Lines that begin before `high`, the offset
    /// behind the newline of the last line pushed before, only bring back what
    /// was open. Keys beyond [`OPEN_RECORDS_MAX`] are not looked at.
    pub fn resume(&mut self, high: u64, keys: &[u64]) {
        self.reset();
        self.high = high;
        self.resumed.extend(keys.iter().take(OPEN_RECORDS_MAX).map(|key| Resumed::decoded(*key, high)));
    }

    /// Whether lines are awaited that were pushed before.
    pub fn is_resuming(&self) -> bool {
        self.high > self.seen
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        self.pending.clear();
        self.resumed.clear();
        (self.seen, self.high) = (0, 0);
    }

    /// Where the work is done.
    fn desk<'d>(&'d mut self, replayed: bool, now: Millis, out: &'d mut dyn FnMut(Record<'_>)) -> Desk<'d> {
        Desk {
            now,
            wait: self.format.wait(),
            room: if self.format.is_mixed() { OPEN_RECORDS_MAX } else { 1 },
            queue: self.format.queue(),
            replayed: replayed.then_some(self.resumed.as_slice()),
            slots: self.memory.as_mut(),
            pending: &mut self.pending,
            out,
        }
    }
}

/// Takes a line in a format.
fn place(format: Format, desk: &mut Desk<'_>, line: &Line<'_>, context: &mut Context<'_>) {
    match format {
        Format::Lines | Format::Json => desk.single(line),
        Format::Multi { lines } => multi_line::push(desk, line, lines),
        Format::Indented => indented::push(desk, line),
        Format::Regex { start, end, key, join, .. } => {
            regex::push(desk, line, regex::Marks { start, end, key, join }, context);
        }
        Format::RegexAll { pattern, join, .. } => regex::push_all(desk, line, pattern, join, context),
        Format::ModsecAudit => modsec_audit::push(desk, line),
        Format::LinuxAuditd { .. } => linux_auditd::push(desk, line),
        Format::Audit => audit::push(desk, line),
        Format::SnortFull => snort_full::push(desk, line),
        Format::Nmapg => nmapg::push(desk, line),
        Format::MysqlLog => mysql_log::push(desk, line),
        Format::MssqlLog => mssql_log::push(desk, line),
        Format::PostgresqlLog => postgresql_log::push(desk, line),
        Format::DjbMultilog => djb_multilog::push(desk, line, context.header),
        Format::OssecAlert => ossec_alert::push(desk, line),
        Format::Packets { window_ms } => packets::push(desk, line, window_ms),
    }
}

/// Where a piece stands in a text first. Pieces are a few bytes that the code
/// names, so this costs no more than a large search would and is no code.
fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    text.windows(piece.len().max(1)).position(|part| part == piece)
}
