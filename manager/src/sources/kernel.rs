//! The kernel log, read from `/dev/kmsg`, where no journal and no syslog
//! daemon writes it down.
//!
//! Every record becomes `Mmm dd HH:MM:SS HOST kernel: TEXT`, the line of a
//! syslog daemon, with the time at which it is read; what programs have
//! written there brings its own name and gets only time and host. Reading
//! begins behind the last record. Records that the kernel overwrote before
//! they were read are reported.

use super::stamp::syslog_time;
use super::{Arrival, Line, NONBLOCK, News, access, epoch_now, local_host};
use nix::poll::{PollFd, PollFlags, poll};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Where the lines come from, for rules and alerts.
pub const LOCATION: &str = "/dev/kmsg";

/// A record is at most 8 KiB; a smaller buffer is refused by the kernel.
const RECORD: usize = 16 * 1024;

/// How soon a stop is noticed, in milliseconds.
const TICK: u8 = 250;

/// `EPIPE`: records were overwritten.
const OVERWRITTEN: i32 = 32;

/// Reads the kernel log.
#[derive(Debug)]
pub struct KernelLog {
    file: File,
    host: String,
}

impl KernelLog {
    /// Opens the kernel log behind its last record.
    ///
    /// # Errors
    /// Why it cannot be read and what to do, as a sentence.
    pub fn open() -> Result<Self, String> {
        let path = Path::new(LOCATION);
        let open = || {
            let mut file = OpenOptions::new().read(true).custom_flags(NONBLOCK).open(path)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        let file = open().map_err(|error| access::explain(path, &error))?;
        Ok(Self { file, host: local_host() })
    }

    /// Hands on what is new.
    pub fn poll(&mut self, sink: &mut dyn FnMut(Arrival<'_>)) {
        let mut buffer = [0; RECORD];
        loop {
            match self.file.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => self.hand_on(buffer.get(..count).unwrap_or(b""), sink),
                Err(error) if error.raw_os_error() == Some(OVERWRITTEN) => {
                    sink(Arrival::News(LOCATION, News::Overrun));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// Polls until `stop` is set.
    pub fn run(&mut self, stop: &AtomicBool, sink: &mut dyn FnMut(Arrival<'_>)) {
        while !stop.load(Relaxed) {
            self.poll(sink);
            // Whether something came or not: it is looked at again.
            let _ = poll(&mut [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)], TICK);
        }
    }

    fn hand_on(&self, record: &[u8], sink: &mut dyn FnMut(Arrival<'_>)) {
        let time = epoch_now();
        if let Some(text) = rendered(record, &syslog_time(time), &self.host) {
            sink(Arrival::Line(Line { location: LOCATION, bytes: &text, is_merged: false, cut: 0, time }));
        }
    }
}

/// The line for a record `PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT\n KEY=…`.
fn rendered(record: &[u8], time: &str, host: &str) -> Option<Vec<u8>> {
    let head = memchr::memchr(b';', record)?;
    let priority = record.get(..head)?.split(|&b| b == b',').next()?;
    let priority: u32 = std::str::from_utf8(priority).ok()?.parse().ok()?;
    let text = record.get(head + 1..)?.split(|&b| b == b'\n').next()?;
    // Facility 0 is the kernel's own.
    let program = if priority >> 3 == 0 { "kernel: " } else { "" };
    let mut line = format!("{time} {host} {program}").into_bytes();
    line.extend_from_slice(text);
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_becomes_the_line_of_a_syslog_daemon() {
        let line = |record: &str| {
            let text = rendered(record.as_bytes(), "Nov 21 08:00:00", "web1")?;
            Some(String::from_utf8(text).expect("text"))
        };
        assert_eq!(
            line("6,339,5140900,-;usb 1-1: new USB device; x\n SUBSYSTEM=usb\n").as_deref(),
            Some("Nov 21 08:00:00 web1 kernel: usb 1-1: new USB device; x")
        );
        assert_eq!(
            line("30,340,5690716,-;systemd[1]: Started x.").as_deref(),
            Some("Nov 21 08:00:00 web1 systemd[1]: Started x.")
        );
        for broken in ["", ";", "x,1;y", "6,1,2", "-1,2;y"] {
            assert_eq!(line(broken), None, "{broken}");
        }
    }

    #[test]
    fn reading_begins_at_the_end_and_does_not_wait() {
        match KernelLog::open() {
            Ok(mut log) => {
                let mut count = 0;
                log.poll(&mut |_| count += 1);
                // A busy kernel may say something meanwhile, not all it ever said.
                assert!(count < 100, "{count}");
            }
            Err(why) => assert!(!why.is_empty()),
        }
    }
}
