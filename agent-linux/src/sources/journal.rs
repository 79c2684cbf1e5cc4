//! The systemd journal, through its own program: the format of its files is
//! not ours to read.
//!
//! A child `journalctl --follow --output=export` brings the entries. Each one
//! that is wanted becomes `YYYY-MM-DDTHH:MM:SS+HH:MM HOST IDENT: MESSAGE` in
//! local time, its place is `journald` (OSSEC 4.3; the minutes of the zone are
//! right here). Entries without identifier, host or message are left out, as
//! there. If the child ends it is started again behind the last entry read.
//!
//! Every process may write anything to the journal: an identifier cannot bring
//! a second header into the line (what is not printable becomes `_`), and line
//! breaks in a message become spaces.

use super::export::Export;
use super::kept::Kept;
use super::text::{Text, iso_stamp};
use crate::child::Got;
use crate::config::{self, Expressions};
use crate::live::{Heard, Live, Sink, Unopened};
use crate::sys::local_time;
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::pattern::{Matcher, PatternId};
use bartizan_core::time::Millis;
use mio::{Registry, Token};

/// Where the entries come from, for rules and alerts.
pub const PLACE: &str = "journald";

/// Reads in one turn.
const READS: usize = 8;

/// Bytes of one read.
const READ: usize = 4096;

/// Bytes of a field that is not the message.
const FIELD_MAX: usize = 256;

// Fields that are always kept, by their position.
const MESSAGE: usize = 0;
const TIME: usize = 1;
const CURSOR: usize = 2;
const HOST: usize = 3;
const IDENTIFIER: usize = 4;
const UNIT: usize = 5;
const PRIORITY: usize = 6;
const FIELDS: [(&str, usize); 7] = [
    ("MESSAGE", TEXT_MAX),
    ("__REALTIME_TIMESTAMP", 20),
    ("__CURSOR", FIELD_MAX),
    ("_HOSTNAME", FIELD_MAX),
    ("SYSLOG_IDENTIFIER", FIELD_MAX),
    ("_SYSTEMD_UNIT", FIELD_MAX),
    ("PRIORITY", 4),
];

/// Reads the journal.
#[derive(Debug)]
pub struct Journal {
    program: String,
    wanted: Vec<Wanted>,
    kept: Kept,
    export: Export,
    /// Names of all fields, for the child.
    fields: String,
    /// Where the last entry stands; empty before the first.
    cursor: String,
    text: Text,
    deadline: Option<Millis>,
    more: bool,
}

/// One block of the configuration, with its filters compiled.
#[derive(Debug)]
struct Wanted {
    block: config::Journal,
    /// Positions of the fields of its filters.
    fields: Vec<usize>,
    expressions: Expressions,
}

impl Journal {
    /// The entries that one of these blocks wants. The strictest rate limit of
    /// all counts for all, since there is one journal.
    pub fn new(blocks: &[config::Journal]) -> Self {
        Self::with_program("journalctl", blocks)
    }

    fn with_program(program: &str, blocks: &[config::Journal]) -> Self {
        let mut fields: Vec<_> = FIELDS.iter().map(|(name, size)| (name.to_string(), *size)).collect();
        let wanted = blocks.iter().map(|block| Wanted::new(block, &mut fields)).collect();
        let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
        Self {
            program: program.to_owned(),
            wanted,
            kept: Kept::new(blocks.iter().filter_map(|block| block.rate_limit).min()),
            fields: names.join(","),
            export: Export::new(fields),
            cursor: String::with_capacity(FIELD_MAX),
            text: Text::new(),
            deadline: Some(Millis::default()),
            more: false,
        }
    }

    /// Reads a piece; false if there is no more for now.
    fn read(&mut self, now: Millis, sink: &mut Sink<'_>) -> bool {
        let mut buffer = [0; READ];
        let Got::Bytes(count) = self.kept.read(now, &mut buffer) else { return false };
        let mut rest = buffer.get(..count).unwrap_or(b"");
        while !rest.is_empty() {
            let (taken, ends) = self.export.take(rest);
            rest = rest.get(taken..).unwrap_or(b"");
            if ends {
                self.entry(sink);
            }
        }
        true
    }

    fn entry(&mut self, sink: &mut Sink<'_>) {
        if let Some(cursor) = self.export.value(CURSOR).and_then(|cursor| std::str::from_utf8(cursor).ok()) {
            self.cursor.clear();
            self.cursor.push_str(cursor);
        }
        let export = &self.export;
        if self.wanted.iter_mut().any(|wanted| wanted.wants(export))
            && write(export, &mut self.text).is_some()
        {
            self.kept.spend();
            let cut = self.text.cut().saturating_add(export.cut());
            sink(Heard { place: PLACE, queue: b'1', cut, text: self.text.bytes() });
        }
    }

    /// The words of the command that brings the entries behind the cursor.
    fn command(program: &str, fields: &str, cursor: &str) -> Vec<String> {
        let fixed = [program, "--follow", "--all", "--output=export", "--no-pager", "--quiet"];
        let mut words = fixed.map(str::to_owned).to_vec();
        words.push(format!("--output-fields={fields}"));
        match cursor {
            "" => words.push("--lines=0".to_owned()),
            // Without --no-tail only the last ten entries would come.
            cursor => words.extend(["--no-tail".to_owned(), format!("--after-cursor={cursor}")]),
        }
        words
    }

    fn turn(&mut self, now: Millis, sink: &mut Sink<'_>) -> bool {
        self.more = (0..READS).all(|_| self.read(now, sink));
        self.plan(now);
        self.more
    }

    fn plan(&mut self, now: Millis) {
        let more = self.more.then_some(now);
        self.deadline = [self.kept.next_deadline(now), more].into_iter().flatten().min();
    }
}

impl Wanted {
    /// Fields that filters ask for are added to those that are kept.
    fn new(block: &config::Journal, fields: &mut Vec<(String, usize)>) -> Self {
        let mut position = |name: &str| {
            fields.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                fields.push((name.to_string(), FIELD_MAX));
                fields.len() - 1
            })
        };
        let patterns: Vec<_> = block.filters.iter().map(|filter| Some(filter.pattern.as_str())).collect();
        Self {
            fields: block.filters.iter().map(|filter| position(&filter.field)).collect(),
            expressions: Expressions::new(&patterns),
            block: block.clone(),
        }
    }

    /// Whether all of the block holds for an entry.
    fn wants(&mut self, entry: &Export) -> bool {
        let one_of = |list: &[String], field| {
            list.is_empty()
                || entry.value(field).is_some_and(|value| list.iter().any(|name| name.as_bytes() == value))
        };
        let urgent =
            |most: u8| matches!(entry.value(PRIORITY), Some([digit]) if digit.wrapping_sub(b'0') <= most);
        let Self { block, fields, expressions } = self;
        one_of(&block.units, UNIT)
            && one_of(&block.identifiers, IDENTIFIER)
            && block.priority.is_none_or(urgent)
            && block.filters.iter().zip(fields).zip(0..).all(|((filter, field), number)| {
                entry
                    .value(*field)
                    .map_or(filter.ignore_if_missing, |value| expressions.is_match(PatternId(number), value))
            })
    }
}

/// Writes the line of an entry; `None` if it lacks a part.
fn write(entry: &Export, text: &mut Text) -> Option<()> {
    let part = |field| entry.value(field).filter(|value| !value.is_empty());
    let micros: u64 = std::str::from_utf8(part(TIME)?).ok()?.parse().ok()?;
    let (host, identifier, message) = (part(HOST)?, part(IDENTIFIER)?, part(MESSAGE)?);
    let seconds = micros / 1_000_000;
    text.clear();
    text.push(&iso_stamp(seconds, local_time(seconds)));
    for name in [host, identifier] {
        text.push(b" ");
        name.chunks(1).for_each(|byte| text.push(if byte[0].is_ascii_graphic() { byte } else { b"_" }));
    }
    text.push(b": ");
    for (number, line) in message.trim_ascii_end().split(|byte| b"\n\r\t".contains(byte)).enumerate() {
        text.push(if number > 0 { b" " } else { b"" });
        text.push(line);
    }
    Some(())
}

impl Live for Journal {
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
        if self.kept.start(now, || Self::command(&self.program, &self.fields, &self.cursor)) {
            self.export.reset();
        }
        self.plan(now);
    }

    fn next_deadline(&self) -> Option<Millis> {
        self.deadline
    }
}

#[cfg(test)]
mod tests;
