//! Alerts out of files: `alerts.log`, and `alerts.json` of this program in the
//! layout of either dialect.
//!
//! What an `alerts.log` holds is OSSEC 4.3's layout, read so that nothing is
//! lost of it: an alert ends where the next one begins or the file ends, its
//! lines may be longer and more than OSSEC reads (2,047 bytes, 20 lines), and
//! labels (`User: `) count only where they can stand, in front of the log and
//! in their order, so that a log line which begins like one stays a log line.
//! The lines that tell of a changed file (`Old md5sum was: `) stay in the log.
//!
//! Which of the two it is, its first line tells, so files may also stand
//! behind one another. Whatever is no alert is passed over and counted.
//! Memory is bounded by a few times [`BLOCK_MAX`], whatever the input.

mod block;
mod json;
#[cfg(test)]
mod tests;
mod wazuh;

use super::{Alert, AlertId, Entry};
use crate::outputs::clock::LocalClock;
use crate::sources::lines::LineReader;
use serde_json::{Map, Value};
use std::io::{self, Read};
use std::mem;

/// Bytes of one alert that are read; what is over is passed over.
pub const BLOCK_MAX: usize = 1 << 20;

/// The last second of the year 9999: no alert is of a later one.
const EPOCH_MAX: i64 = 253_402_300_799;

/// Reads one alert after the other.
#[derive(Debug)]
pub struct AlertReader<R> {
    lines: LineReader<R>,
    /// The first line of what comes next, if it has been read already.
    next: Vec<u8>,
    found: Found,
    /// For times that the alert does not say so that they can be read.
    clock: LocalClock,
    skipped: u64,
    failure: Option<io::Error>,
}

/// What has been read last.
#[derive(Debug)]
enum Found {
    Block(Vec<u8>),
    Object(Map<String, Value>),
}

impl<R: Read> AlertReader<R> {
    /// Alerts of a source.
    pub fn new(source: R) -> Self {
        Self {
            lines: LineReader::new(source, BLOCK_MAX),
            next: Vec::new(),
            found: Found::Block(Vec::new()),
            clock: LocalClock::default(),
            skipped: 0,
            failure: None,
        }
    }

    /// The next alert; none at the end.
    ///
    /// # Errors
    /// What the source says, after all that was read before it; it is the end.
    pub fn next_alert(&mut self) -> io::Result<Option<Alert<'_>>> {
        loop {
            if !self.advance()? {
                return Ok(None);
            }
            if self.alert().is_some() {
                break;
            }
            self.skipped += 1;
        }
        Ok(self.alert())
    }

    /// How many lines and blocks so far were no alert.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    fn advance(&mut self) -> io::Result<bool> {
        if self.next.is_empty() && !self.seek()? {
            return Ok(false);
        }
        let first = mem::take(&mut self.next);
        self.found = match block::is_header(&first) {
            true => Found::Block(self.rest_of_block(first)),
            false => Found::Object(json::object(&first)),
        };
        Ok(true)
    }

    /// Finds the first line of something.
    fn seek(&mut self) -> io::Result<bool> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        while let Some(line) = self.lines.next_line()? {
            if block::is_header(line.bytes) || line.bytes.first() == Some(&b'{') {
                self.next = line.bytes.to_vec();
                return Ok(true);
            }
            self.skipped += u64::from(!line.bytes.is_empty());
        }
        Ok(false)
    }

    /// A block from its first line to the next block.
    fn rest_of_block(&mut self, mut block: Vec<u8>) -> Vec<u8> {
        let mut behind_empty = false;
        loop {
            let line = match self.lines.next_line() {
                Ok(Some(line)) => line.bytes,
                Ok(None) => return block,
                Err(error) => {
                    self.failure = Some(error);
                    return block;
                }
            };
            if behind_empty && block::is_header(line) {
                self.next = line.to_vec();
                return block;
            }
            behind_empty = line.is_empty();
            if block.len() + line.len() < BLOCK_MAX {
                block.push(b'\n');
                block.extend_from_slice(line);
            }
        }
    }

    fn alert(&self) -> Option<Alert<'_>> {
        match &self.found {
            Found::Block(text) => block::alert(text, &self.clock),
            Found::Object(object) => json::alert(object, &self.clock),
        }
    }
}

/// The number of an alert, `1700000000.1`; none if its time cannot be.
fn id(epoch: &str, ticket: &str) -> Option<AlertId> {
    let epoch = epoch.parse().ok().filter(|epoch| (0..=EPOCH_MAX).contains(epoch))?;
    Some(AlertId { epoch, ticket: ticket.parse().unwrap_or(0) })
}

/// Reads any bytes as alerts, and writes what is read: for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let mut reader = AlertReader::new(bytes);
    let mut out = Vec::new();
    while let Ok(Some(alert)) = reader.next_alert() {
        crate::outputs::text::write_alert(&mut out, &alert);
        crate::outputs::json::write_alert(&mut out, &alert);
        assert_eq!(Entry::new(&alert).alert(), alert);
    }
}
