//! The kernel's ring, `/dev/kmsg`.
//!
//! Every record becomes `Mmm dd HH:MM:SS HOST kernel: TEXT`, the line of a
//! syslog daemon, with the time at which it is read; what programs have
//! written there brings its own name and gets only time and host. Reading
//! begins behind the last record. Records that the kernel overwrote before
//! they were read are counted by their sequence numbers and reported.

use super::text::{Text, host};
use crate::file;
use crate::live::{Heard, Live, Sink, Unopened};
use bartizan_core::time::Millis;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::fcntl::OFlag;
use nix::libc;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;

/// Where the records come from, for rules and alerts.
pub const PLACE: &str = "/dev/kmsg";

/// A record is at most 8 KiB; a smaller buffer is refused by the kernel.
const READ: usize = 8 * 1024;

/// Records of one turn.
const TURN: usize = 64;

/// Reads the kernel's ring.
#[derive(Debug)]
pub struct Kernel {
    file: Option<File>,
    host: String,
    text: Text,
    /// Sequence number of the record that comes next, once one was read.
    next: Option<u64>,
}

impl Default for Kernel {
    fn default() -> Self {
        Self::new()
    }
}

impl Kernel {
    /// The ring of this machine.
    pub fn new() -> Self {
        Self { file: None, host: host(), text: Text::new(), next: None }
    }

    /// Opens the ring behind its last record.
    fn open() -> io::Result<File> {
        let mut file = file::open(PLACE, OFlag::O_RDONLY | OFlag::O_NONBLOCK)?;
        file.seek(SeekFrom::End(0))?;
        Ok(file)
    }

    fn record(&mut self, record: &[u8], sink: &mut Sink<'_>) {
        let Some(record) = Record::read(record) else { return };
        let lost = self.next.map_or(0, |next| record.sequence.saturating_sub(next));
        self.next = Some(record.sequence.saturating_add(1));
        if lost > 0 {
            self.text.begin(&self.host);
            // A text takes all that is written.
            let _ =
                write!(self.text, "bartizan-agent: {lost} records of the kernel came too fast and are lost");
            self.give(sink);
        }
        self.text.begin(&self.host);
        if record.is_kernel {
            self.text.push(b"kernel: ");
        }
        self.text.push(record.text);
        self.give(sink);
    }

    fn give(&self, sink: &mut Sink<'_>) {
        sink(Heard { place: PLACE, queue: b'1', cut: self.text.cut(), text: self.text.bytes() });
    }
}

/// `PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT\n KEY=…`.
#[derive(Debug, PartialEq, Eq)]
struct Record<'r> {
    sequence: u64,
    /// Facility 0 is the kernel's own.
    is_kernel: bool,
    text: &'r [u8],
}

impl<'r> Record<'r> {
    fn read(record: &'r [u8]) -> Option<Self> {
        let semicolon = memchr::memchr(b';', record)?;
        let (head, text) = (record.get(..semicolon)?, record.get(semicolon + 1..)?);
        let mut numbers = std::str::from_utf8(head).ok()?.split(',');
        let priority: u32 = numbers.next()?.parse().ok()?;
        let sequence = numbers.next()?.parse().ok()?;
        let text = text.split(|&byte| byte == b'\n').next()?;
        Some(Self { sequence, is_kernel: priority >> 3 == 0, text })
    }
}

impl Live for Kernel {
    fn register(&mut self, registry: &Registry, first: Token) -> Result<(), Unopened> {
        let file = Self::open().map_err(|error| {
            Unopened(format!("cannot read {PLACE}: {error}; root may, outside of most containers"))
        })?;
        registry.register(&mut SourceFd(&file.as_raw_fd()), first, Interest::READABLE)?;
        self.file = Some(file);
        Ok(())
    }

    fn ready(&mut self, _token: Token, _now: Millis, sink: &mut Sink<'_>) -> bool {
        let mut buffer = [0; READ];
        for _ in 0..TURN {
            let Some(file) = &mut self.file else { return false };
            match file.read(&mut buffer) {
                Ok(0) => return false,
                Ok(count) => self.record(buffer.get(..count).unwrap_or(b""), sink),
                // EPIPE: records were overwritten; the next read gives the oldest.
                Err(error) if matches!(error.raw_os_error(), Some(libc::EPIPE | libc::EINTR)) => {}
                Err(_) => return false,
            }
        }
        true
    }

    fn tick(&mut self, _now: Millis, _sink: &mut Sink<'_>) {}

    fn next_deadline(&self) -> Option<Millis> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(records: &[&str]) -> Vec<String> {
        let mut kernel = Kernel::new();
        let mut texts = Vec::new();
        for record in records {
            kernel.record(record.as_bytes(), &mut |heard| {
                assert_eq!((heard.place, heard.queue), ("/dev/kmsg", b'1'));
                let text = String::from_utf8_lossy(heard.text).into_owned();
                texts.push(text.split_once(&host()).expect("a host").1.to_owned());
            });
        }
        texts
    }

    #[test]
    fn a_record_becomes_the_line_of_a_syslog_daemon() {
        let records =
            ["6,339,5140900,-;usb 1-1: new device; x\n SUBSYSTEM=usb\n", "30,340,5,-;systemd[1]: Started."];
        assert_eq!(heard(&records), [" kernel: usb 1-1: new device; x", " systemd[1]: Started."]);
        assert!(heard(&["", ";", "x,1;y", "6,x,2;y", "6", "-1,2;y"]).is_empty());
    }

    #[test]
    fn records_that_were_overwritten_are_counted() {
        let texts = heard(&["6,10,1,-;a", "6,11,1,-;b", "6,15,1,-;c"]);
        assert_eq!(texts.len(), 4);
        assert_eq!(texts[2], " bartizan-agent: 3 records of the kernel came too fast and are lost");
    }

    #[test]
    fn reading_begins_at_the_end_and_does_not_wait() {
        // Where it may not be read there is nothing to promise.
        let Ok(file) = Kernel::open() else { return };
        let mut kernel = Kernel { file: Some(file), ..Kernel::new() };
        let mut count = 0;
        while kernel.ready(Token(0), Millis(0), &mut |_| count += 1) {}
        assert!(count < 64, "{count} records although nothing happened");
    }
}
