//! Lines as they come, from all live sources, in one bounded queue.
//!
//! Each kind of source has a thread of its own: files, journal, kernel log,
//! the demo. All write to one queue that holds 4,096 lines; when the judging
//! falls behind, the sources wait, and nothing is lost that is still in its
//! file. What a source has to say (a rotation, a file that cannot be read)
//! goes to standard error.

use super::demo::{Demo, Pace};
use super::follow::{Follower, Start};
use super::journal::{Journal, JournalOptions};
use super::kernel::KernelLog;
use super::machine::{self, Survey};
use super::stamp::Stamper;
use super::{Arrival, epoch_now, glob};
use crate::config::{LocalFile, LogFormat};
use crate::engine::pipeline::{Batch, Feed};
use crate::news;
use crate::outputs::clock::LocalClock;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Lines that may wait to be judged.
const WAITING: usize = 4096;

/// How long a batch waits for its first line.
const PATIENCE: Duration = Duration::from_millis(200);

/// Bytes at the end of each file that are looked at first.
const RECENT: u64 = 256 * 1024;

/// What is to be watched.
#[derive(Debug, Default)]
pub struct Watch {
    files: Vec<String>,
    journal: bool,
    kernel: bool,
    recent: bool,
    demo: Option<Demo>,
    notes: Vec<String>,
}

impl Watch {
    /// The usual logs of this machine. `recent` looks at the end of each file
    /// first: what the logs already tell.
    pub fn this_machine(recent: bool) -> Self {
        let survey: Survey = machine::survey();
        Self {
            files: if survey.is_empty() { Vec::new() } else { survey.files() },
            journal: survey.reads_journal(),
            kernel: survey.reads_kernel(),
            recent,
            demo: None,
            notes: survey.lines(),
        }
    }

    /// What a configuration names. Formats of more than one line, and
    /// commands, are not followed by this version: one note each.
    pub fn configured(local_files: &[LocalFile]) -> Self {
        let mut watch = Self::default();
        for file in local_files {
            let name = file.location.as_deref().or(file.command.as_deref()).unwrap_or("");
            match (file.format, &file.location) {
                (LogFormat::Journald, _) => watch.journal = true,
                (format, Some(path)) if format.is_line() => watch.files.push(path.clone()),
                _ => {
                    watch.notes.push(format!("{name}: not followed, this version reads formats of one line"));
                    continue;
                }
            }
            watch.notes.push(format!("{name}: followed"));
        }
        watch
    }

    /// A log of our own in a folder.
    pub fn demo(home: &Path) -> io::Result<Self> {
        let demo = Demo::prepare(home)?;
        let path = demo.path().display().to_string();
        let notes = vec![format!("{path}: a demonstration, written by bartizan itself")];
        Ok(Self { files: vec![path], demo: Some(demo), notes, ..Self::default() })
    }

    /// Whether there is nothing to watch.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && !self.journal && !self.kernel
    }

    /// Whether it is the log of our own.
    pub fn is_demo(&self) -> bool {
        self.demo.is_some()
    }

    /// What is watched and what is not, a line each.
    pub fn describe(&self) -> &[String] {
        &self.notes
    }

    /// Why there is nothing to watch, and what to do.
    pub fn explain_nothing(&self) -> String {
        let mut text = "there is no log here that can be read. Looked for:\n".to_owned();
        for note in &self.notes {
            text += &format!("  {note}\n");
        }
        text + "run as root or as a member of the group adm to read more"
    }
}

/// A line on its way to the engine.
#[derive(Debug)]
struct Raw {
    location: Arc<[u8]>,
    bytes: Vec<u8>,
    time: i64,
}

/// Running sources.
#[derive(Debug)]
pub struct Live {
    lines: Receiver<Raw>,
}

impl Live {
    /// Starts a thread for each kind of source; they end when `stop` is set.
    pub fn start(watch: Watch, stop: Arc<AtomicBool>) -> Self {
        let (to, lines) = sync_channel(WAITING);
        if watch.journal {
            let (to, stop) = (to.clone(), Arc::clone(&stop));
            let lines = if watch.recent { RECENT_ENTRIES } else { 0 };
            let options = JournalOptions { lines, ..JournalOptions::default() };
            thread::spawn(move || Journal::new(options).run(&stop, &mut Sender::new(to).sink()));
        }
        if watch.kernel {
            let (to, stop) = (to.clone(), Arc::clone(&stop));
            thread::spawn(move || match KernelLog::open() {
                Ok(mut kernel) => kernel.run(&stop, &mut Sender::new(to).sink()),
                Err(why) => news::tell(format_args!("the kernel log {why}")),
            });
        }
        // The demo's file is its own: it is read from its beginning.
        let start = if watch.demo.is_some() { Start::Beginning } else { Start::End };
        if let Some(mut demo) = watch.demo {
            let stop = Arc::clone(&stop);
            thread::spawn(move || {
                if let Err(error) = demo.play(Pace::default(), &stop) {
                    news::tell(format_args!("the demonstration ended: {error}"));
                }
            });
        }
        if !watch.files.is_empty() {
            let follower = Follower::new(&watch.files, start);
            let past = if watch.recent { watch.files } else { Vec::new() };
            thread::spawn(move || follow(follower, &past, &stop, to));
        }
        Self { lines }
    }
}

/// Entries of the journal that are looked at first.
const RECENT_ENTRIES: u32 = 2000;

/// Seconds that a first look goes back.
const RECENT_AGE_S: i64 = 24 * 3600;

/// Follows files, after a look at the end of some.
fn follow(mut follower: Follower, past: &[String], stop: &AtomicBool, to: SyncSender<Raw>) {
    let mut sender = Sender::new(to);
    let past = recent_lines(past);
    // Files are opened at their ends before the past is handed on, which may
    // take a while.
    follower.poll(Instant::now(), epoch_now(), &mut sender.sink());
    past.into_iter().for_each(|line| sender.send(line));
    follower.run(stop, &mut sender.sink());
}

/// The lines of the last day at the end of all files, in the order of their
/// own times. Lines without a time belong to the line before.
fn recent_lines(patterns: &[String]) -> Vec<Raw> {
    let oldest = epoch_now() - RECENT_AGE_S;
    let mut all = Vec::new();
    for path in patterns.iter().flat_map(|pattern| glob::expand(pattern)) {
        // What cannot be read is reported by the follower.
        if let Ok((bytes, modified)) = tail(&path) {
            let location: Arc<[u8]> = Arc::from(path.display().to_string().as_bytes());
            let mut stamper = Stamper::new(modified);
            let mut time = None;
            for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
                time = stamper.time_of(line).or(time);
                let time = time.unwrap_or(modified);
                if time < oldest {
                    continue;
                }
                all.push(Raw { location: Arc::clone(&location), bytes: line.to_vec(), time });
            }
        }
    }
    all.sort_by_key(|line| line.time);
    all
}

/// The end of a file from a line's beginning, and the file's time.
fn tail(path: &PathBuf) -> io::Result<(Vec<u8>, i64)> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let skipped = metadata.len().saturating_sub(RECENT);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(metadata.len() - skipped).read_to_end(&mut bytes)?;
    if skipped > 0 {
        let start = memchr::memchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1);
        bytes.drain(..start);
    }
    Ok((bytes, super::epoch_of(metadata.modified()?)))
}

/// Puts lines into the queue and news on standard error.
struct Sender {
    to: SyncSender<Raw>,
    location: Arc<[u8]>,
}

impl Sender {
    fn new(to: SyncSender<Raw>) -> Self {
        Self { to, location: Arc::from(&b""[..]) }
    }

    fn send(&mut self, line: Raw) {
        // Fails only when nobody judges any more, at the end.
        let _ = self.to.send(line);
    }

    fn sink(&mut self) -> impl FnMut(Arrival<'_>) + '_ {
        |arrival| match arrival {
            Arrival::Line(line) => {
                if *self.location != *line.location.as_bytes() {
                    self.location = Arc::from(line.location.as_bytes());
                }
                let location = Arc::clone(&self.location);
                self.send(Raw { location, bytes: line.bytes.to_vec(), time: line.time });
            }
            Arrival::News(location, news) => news::tell(format_args!("{location} {news}")),
        }
    }
}

/// Feeds the engine from running sources, and reads the rules again when
/// asked to.
pub struct LiveFeed<F, T> {
    live: Live,
    clock: LocalClock,
    reload: Arc<AtomicBool>,
    load: F,
    reloaded: Option<T>,
}

impl<F: FnMut() -> Option<T>, T> LiveFeed<F, T> {
    /// `load` is called when `reload` is set; what it gives ends the feed
    /// until it is taken.
    pub fn new(live: Live, reload: Arc<AtomicBool>, load: F) -> Self {
        Self { live, clock: LocalClock::default(), reload, load, reloaded: None }
    }

    /// What was loaded, if that is why the feed ended.
    pub fn take_reloaded(&mut self) -> Option<T> {
        self.reloaded.take()
    }

    fn push(&mut self, line: &Raw, batch: &mut Batch) {
        if !line.bytes.is_empty() {
            batch.push(&line.bytes, &line.location, self.clock.moment(line.time));
        }
    }
}

impl<F: FnMut() -> Option<T>, T> Feed for LiveFeed<F, T> {
    fn fill(&mut self, batch: &mut Batch) -> io::Result<bool> {
        if self.reload.swap(false, Relaxed) {
            self.reloaded = (self.load)();
            if self.reloaded.is_some() {
                return Ok(false);
            }
        }
        match self.live.lines.recv_timeout(PATIENCE) {
            Ok(line) => self.push(&line, batch),
            Err(RecvTimeoutError::Timeout) => return Ok(true),
            Err(RecvTimeoutError::Disconnected) => return Ok(false),
        }
        while !batch.is_full() {
            match self.live.lines.try_recv() {
                Ok(line) => self.push(&line, batch),
                Err(_) => break,
            }
        }
        Ok(true)
    }
}
