//! The systemd journal, read through its own program.
//!
//! A child `journalctl --follow --output=json` brings the entries; the format
//! of the files is not ours to read. Each entry becomes the line that a syslog
//! daemon would have written, `Mmm dd HH:MM:SS HOST IDENT[PID]: MESSAGE`, since
//! that is what decoders understand; its location is `journald` (OSSEC 4.3).
//!
//! If the child ends it is started again behind the last entry that was read,
//! so nothing is lost, with a wait that grows to a minute. Every process may
//! write anything to the journal: an identifier cannot bring a second header
//! into the line (its spaces and control characters become `_`), line breaks
//! in a message become spaces, messages are cut, and an entry that is too
//! large or not JSON is counted and left out.

use super::lines::LineReader;
use super::stamp::syslog_time;
use super::{Arrival, Line, News, local_host};
use serde_json::Value;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Where the journal's lines come from, for rules and alerts.
pub const LOCATION: &str = "journald";

/// Bytes of one entry as JSON. Bytes of a binary message take four of them.
const ENTRY_MAX: usize = 256 * 1024;

/// Bytes of a message in a line.
const MESSAGE_MAX: usize = 64 * 1024;

/// Bytes of an identifier or host name in a line.
const NAME_MAX: usize = 128;

/// Entries that wait between the child and whoever takes them.
const QUEUE: usize = 256;

/// How soon a stop is noticed.
const TICK: Duration = Duration::from_millis(250);

/// The fields that are asked for.
const FIELDS: &str = "MESSAGE,_HOSTNAME,SYSLOG_IDENTIFIER,_COMM,SYSLOG_PID,_PID";

/// How the journal is read.
#[derive(Clone, Debug)]
pub struct JournalOptions {
    /// The program, looked for in `PATH`.
    pub program: PathBuf,
    /// The wait before the first restart; it doubles up to a minute.
    pub wait: Duration,
    /// How many of the last entries are brought at the start.
    pub lines: u32,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self { program: PathBuf::from("journalctl"), wait: Duration::from_secs(1), lines: 0 }
    }
}

/// What the thread that reads the child hands over.
enum Brought {
    Entry(Vec<u8>),
    TooLarge,
}

/// Reads the journal.
#[derive(Debug)]
pub struct Journal {
    options: JournalOptions,
    /// Where the last entry stands in the journal.
    cursor: Option<String>,
    host: String,
    skipped: u64,
}

impl Journal {
    /// Nothing is started before [`Journal::run`].
    pub fn new(options: JournalOptions) -> Self {
        Self { options, cursor: None, host: local_host(), skipped: 0 }
    }

    /// Entries that were left out: too large, or without a message.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Hands on new entries until `stop` is set. Returns within half a second;
    /// the child is ended.
    pub fn run(&mut self, stop: &AtomicBool, sink: &mut dyn FnMut(Arrival<'_>)) {
        let mut wait = self.options.wait;
        let mut reported = None;
        while !stop.load(Relaxed) {
            let before = self.cursor.clone();
            let news = News::Ended(self.run_once(stop, sink));
            if self.cursor != before {
                (wait, reported) = (self.options.wait, None);
            }
            if stop.load(Relaxed) {
                return;
            }
            if reported.as_ref() != Some(&news) {
                sink(Arrival::News(LOCATION, news.clone()));
                reported = Some(news);
            }
            let until = Instant::now() + wait;
            while Instant::now() < until && !stop.load(Relaxed) {
                std::thread::sleep(TICK.min(until.saturating_duration_since(Instant::now())));
            }
            wait = (wait * 2).min(Duration::from_secs(60));
        }
    }

    /// One life of the child; returns why it ended.
    fn run_once(&mut self, stop: &AtomicBool, sink: &mut dyn FnMut(Arrival<'_>)) -> String {
        let mut running = match Running::start(&self.options, self.cursor.as_deref()) {
            Ok(running) => running,
            Err(error) => return format!("cannot start {}: {error}", self.options.program.display()),
        };
        while !stop.load(Relaxed) {
            match running.entries.recv_timeout(TICK) {
                Ok(Brought::Entry(json)) => self.hand_on(&json, sink),
                Ok(Brought::TooLarge) => self.skipped += 1,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return running.reason(),
            }
        }
        String::new()
    }

    fn hand_on(&mut self, json: &[u8], sink: &mut dyn FnMut(Arrival<'_>)) {
        let Ok(entry) = serde_json::from_slice::<Value>(json) else {
            self.skipped += 1;
            return;
        };
        if let Some(cursor) = entry.get("__CURSOR").and_then(Value::as_str) {
            self.cursor = Some(cursor.to_owned());
        }
        match rendered(&entry, &self.host) {
            Some(Rendered { text, cut, time }) => {
                sink(Arrival::Line(Line { location: LOCATION, bytes: &text, is_merged: false, cut, time }));
            }
            None => self.skipped += 1,
        }
    }
}

/// The child and the threads that read it.
struct Running {
    child: Child,
    entries: Receiver<Brought>,
    reader: Option<JoinHandle<()>>,
    errors: Option<JoinHandle<String>>,
}

impl Running {
    fn start(options: &JournalOptions, cursor: Option<&str>) -> std::io::Result<Self> {
        let mut command = Command::new(&options.program);
        command.args(["--follow", "--all", "--output=json", "--no-pager", "--quiet"]);
        command.arg(format!("--output-fields={FIELDS}"));
        match cursor {
            // Without --no-tail only the last ten entries would come.
            Some(cursor) => command.arg("--no-tail").arg(format!("--after-cursor={cursor}")),
            None => command.arg(format!("--lines={}", options.lines)),
        };
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (send, entries) = sync_channel(QUEUE);
        let reader = child.stdout.take().map(|out| std::thread::spawn(move || bring(out, &send)));
        let errors = child.stderr.take().map(|mut err| {
            std::thread::spawn(move || {
                let mut said = Vec::new();
                // A little is enough to say why; the rest is read and dropped,
                // or the child would wait for it.
                let _ = err.by_ref().take(1024).read_to_end(&mut said);
                let _ = std::io::copy(&mut err, &mut std::io::sink());
                String::from_utf8_lossy(&said).trim().replace('\n', "; ")
            })
        });
        Ok(Self { child, entries, reader, errors })
    }

    /// Why the child ended: what it said, else its exit code.
    fn reason(&mut self) -> String {
        let status = self.child.wait().map_or_else(|e| e.to_string(), |s| s.to_string());
        let said = self.errors.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        if said.is_empty() { status } else { format!("{said} ({status})") }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // The reader may wait for room in the queue: without a receiver it ends.
        drop(std::mem::replace(&mut self.entries, sync_channel(1).1));
        self.reader.take().map(JoinHandle::join);
    }
}

fn bring(out: ChildStdout, send: &SyncSender<Brought>) {
    let mut lines = LineReader::new(out, ENTRY_MAX);
    while let Ok(Some(line)) = lines.next_line() {
        let brought = match line.cut {
            0 => Brought::Entry(line.bytes.to_vec()),
            _ => Brought::TooLarge,
        };
        if send.send(brought).is_err() {
            return;
        }
    }
}

struct Rendered {
    text: Vec<u8>,
    cut: u64,
    time: i64,
}

/// The line for an entry; `None` if it has no message or no time.
fn rendered(entry: &Value, host: &str) -> Option<Rendered> {
    let micros: i64 = entry.get("__REALTIME_TIMESTAMP")?.as_str()?.parse().ok()?;
    let time = micros.div_euclid(1_000_000);
    let message = field(entry, "MESSAGE")?;
    let host = name(entry, "_HOSTNAME").unwrap_or_else(|| host.to_owned());
    let ident = name(entry, "SYSLOG_IDENTIFIER")
        .or_else(|| name(entry, "_COMM"))
        .unwrap_or_else(|| "unknown".to_owned());
    let pid = name(entry, "SYSLOG_PID").or_else(|| name(entry, "_PID"));
    let pid = pid.filter(|pid| pid.bytes().all(|b| b.is_ascii_digit()));
    let pid = pid.map_or(String::new(), |pid| format!("[{pid}]"));
    let mut text = format!("{} {host} {ident}{pid}: ", syslog_time(time)).into_bytes();
    let cut = message.len().saturating_sub(MESSAGE_MAX);
    let kept = message.get(..message.len() - cut).unwrap_or(b"");
    let trimmed = kept.trim_ascii_end();
    text.extend(trimmed.iter().map(|b| if matches!(b, b'\n' | b'\r' | b'\t') { b' ' } else { *b }));
    Some(Rendered { text, cut: cut as u64, time })
}

/// The bytes of a field: text, or an array of bytes; of a field that occurs
/// more than once, the first.
fn field(entry: &Value, key: &str) -> Option<Vec<u8>> {
    fn bytes(value: &Value) -> Option<Vec<u8>> {
        match value {
            Value::String(text) => Some(text.clone().into_bytes()),
            Value::Array(numbers) => {
                numbers.iter().map(|n| n.as_u64().and_then(|n| u8::try_from(n).ok())).collect()
            }
            _ => None,
        }
    }
    match entry.get(key)? {
        Value::Array(values) if !values.first().is_some_and(Value::is_number) => bytes(values.first()?),
        value => bytes(value),
    }
}

/// A field that stands in the header: one word without control characters.
fn name(entry: &Value, key: &str) -> Option<String> {
    let bytes = field(entry, key)?;
    let word = bytes.iter().take(NAME_MAX).map(|&b| match b {
        0x21..=0x7e => char::from(b),
        _ => '_',
    });
    Some(word.collect()).filter(|name: &String| !name.is_empty())
}

#[cfg(test)]
mod tests;
