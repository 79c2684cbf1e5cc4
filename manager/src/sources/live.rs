//! Lines as they come, from all live sources of this machine.
//!
//! Each kind of source has a thread of its own: files, journal, kernel log,
//! the demo. All write to one [`intake`](super::intake); when the judging
//! falls behind, the sources wait, and nothing is lost that is still in its
//! file. What a source has to say (a rotation, a file that cannot be read)
//! goes to standard error.

use super::command::Planned;
use super::demo::{Demo, Pace};
use super::follow::{Follower, Positions, Start, Wanted};
use super::intake::{Door, Passage, Raw};
use super::journal::{Journal, JournalOptions};
use super::kernel::KernelLog;
use super::layout::Layout;
use super::machine::{self, Survey};
use super::stamp::Stamper;
use super::{Arrival, Line, epoch_now, glob};
use crate::agents::delivery::Progress;
use crate::config::{LocalFile, LogFormat};
use crate::ledger::Reached;
use crate::news;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Instant;

/// Bytes at the end of each file that are looked at first.
const RECENT: u64 = 256 * 1024;

/// What is to be watched.
#[derive(Debug, Default)]
pub struct Watch {
    files: Vec<Wanted>,
    commands: Vec<Planned>,
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
            files: if survey.is_empty() { Vec::new() } else { lines_of(survey.files()) },
            journal: survey.reads_journal(),
            kernel: survey.reads_kernel(),
            recent,
            notes: survey.lines(),
            ..Self::default()
        }
    }

    /// What a configuration names. Channels of Windows are not followed: one
    /// note each.
    pub fn configured(local_files: &[LocalFile]) -> Self {
        let mut watch = Self::default();
        for file in local_files {
            let name = file.location.as_deref().or(file.command.as_deref()).unwrap_or("");
            match (file.format, &file.location, Layout::of(file)) {
                (LogFormat::Journald, ..) => watch.journal = true,
                (_, Some(path), Some(layout)) => watch.files.push(Wanted {
                    name: path.clone(),
                    layout,
                    exclude: file.exclude.clone(),
                    age: file.age,
                }),
                _ => match Planned::of(file) {
                    Some(command) => watch.commands.push(command),
                    None => {
                        watch.notes.push(format!("{name}: not followed, there is no such thing here"));
                        continue;
                    }
                },
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
        Ok(Self { files: lines_of(vec![path]), demo: Some(demo), notes, ..Self::default() })
    }

    /// Whether there is nothing to watch.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.commands.is_empty() && !self.journal && !self.kernel
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

impl Watch {
    /// Starts a thread for each kind of source; they end when `stop` is set.
    /// Files are read from these positions on.
    pub fn start(self, to: Door, stop: Arc<AtomicBool>, positions: Positions) {
        let watch = self;
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
        for command in watch.commands {
            let (to, stop) = (to.clone(), Arc::clone(&stop));
            thread::spawn(move || command.run(&stop, &mut Sender::new(to).sink()));
        }
        // The demo's file is its own: it is read from its beginning.
        let (start, positions) = match watch.demo {
            Some(_) => (Start::Beginning, Positions::new()),
            None => (Start::End, positions),
        };
        if let Some(mut demo) = watch.demo {
            let stop = Arc::clone(&stop);
            thread::spawn(move || {
                if let Err(error) = demo.play(Pace::default(), &stop) {
                    news::tell(format_args!("the demonstration ended: {error}"));
                }
            });
        }
        if !watch.files.is_empty() {
            let past = watch.files.iter().filter(|_| watch.recent).map(|file| file.name.clone()).collect();
            let follower = Follower::with(watch.files, start, positions);
            thread::spawn(move || follow(follower, past, &stop, to));
        }
    }
}

/// Files of which each line is a record.
fn lines_of(names: Vec<String>) -> Vec<Wanted> {
    names.into_iter().map(|name| Wanted { name, ..Wanted::default() }).collect()
}

/// Entries of the journal that are looked at first.
const RECENT_ENTRIES: u32 = 2000;

/// Seconds that a first look goes back.
const RECENT_AGE_S: i64 = 24 * 3600;

/// Follows files, after a look at the end of some.
fn follow(mut follower: Follower, past: Vec<String>, stop: &AtomicBool, to: Door) {
    let mut sender = Sender::new(to);
    let past = recent_lines(&past);
    // Files are opened at their ends before the past is handed on, which may
    // take a while.
    follower.poll(Instant::now(), epoch_now(), &mut sender.passages());
    past.into_iter().for_each(|line| sender.send(line));
    follower.run(stop, &mut sender.passages());
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
                let (location, bytes) = (Arc::clone(&location), line.to_vec());
                all.push(Raw { location, bytes, is_merged: false, time });
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
    to: Door,
    location: Arc<[u8]>,
    /// Lines of files, until it is said how far their file is with them.
    passage: VecDeque<Raw>,
}

impl Sender {
    fn new(to: Door) -> Self {
        Self { to, location: Arc::from(&b""[..]), passage: VecDeque::new() }
    }

    fn send(&mut self, line: Raw) {
        self.to.line(line);
    }

    /// For sources whose lines come once.
    fn sink(&mut self) -> impl FnMut(Arrival<'_>) + '_ {
        |arrival| match arrival {
            Arrival::Line(line) => {
                let line = self.raw(line);
                self.send(line);
            }
            Arrival::News(location, news) => news::tell(format_args!("{location} {news}")),
            Arrival::Reached(..) => {}
        }
    }

    /// For files, which are read again from the last position that is kept.
    fn passages(&mut self) -> impl FnMut(Arrival<'_>) + '_ {
        |arrival| match arrival {
            Arrival::Line(line) => {
                let line = self.raw(line);
                self.passage.push_back(line);
            }
            Arrival::News(location, news) => news::tell(format_args!("{location} {news}")),
            Arrival::Reached(location, position) => {
                let lines = std::mem::take(&mut self.passage);
                let (position, records) = (Some(position.to_vec()), lines.len() as u64);
                let progress = Progress { position, records, last_event: epoch_now(), lost: None };
                self.to
                    .passage(Passage { lines, reached: Reached { source: Arc::from(location), progress } });
            }
        }
    }

    fn raw(&mut self, line: Line<'_>) -> Raw {
        if *self.location != *line.location.as_bytes() {
            self.location = Arc::from(line.location.as_bytes());
        }
        let Line { bytes, is_merged, time, .. } = line;
        Raw { location: Arc::clone(&self.location), bytes: bytes.to_vec(), is_merged, time }
    }
}
