//! Files that are still written: new lines as they come, through any rotation.
//!
//! Every name is looked at four times a second, once a second when it has
//! been quiet for a minute: one `stat` per look, and a read only if size or
//! time have changed. That is plain, works on every file system, and costs a
//! thousandth of a CPU for a hundred quiet files.
//!
//! Nothing is lost and nothing doubled by
//! * rotation by rename: the old file stays open, is read to its end first,
//!   and stays open until it has been quiet for a minute, since its writer
//!   may not have noticed; then comes the new file, from its start;
//! * more than one rotation between two looks: files of that name with a
//!   number or date behind it that were born since the last look are read in
//!   the order of their birth (on file systems that record births);
//! * copy and truncate: the end of the old content is found in the copy. Also
//!   seen when the file has grown beyond its old size again, since the last
//!   64 bytes read are compared with the file before more is read.
//!
//! Beyond that promise are two truncations between two looks, the truncation
//! of a file of which nothing had been read yet, and what a program writes
//! between somebody else's copy and truncation. Files born within the same
//! step of the file system's clock (10 ms at most) may be read in another
//! order.
//!
//! A name that exists when following begins is read from its end (or its
//! beginning, if asked); one that appears later from its beginning. A line
//! without LF is held for five seconds: then it is handed on as it is, since
//! some programs end without a last LF. What comes behind it is a line again.
//!
//! Patterns are matched anew every five seconds; compressed files and the
//! rotated generations of files that are followed already are left out.

mod one;
mod open;
mod rotated;

use super::glob;
use super::lines::LINE_MAX;
use super::{Arrival, News, epoch_now};
use one::{Begin, Followed};
use open::FileId;
use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How often files are looked at.
pub const TICK: Duration = Duration::from_millis(250);

/// How often patterns are matched anew.
pub const SCAN: Duration = Duration::from_secs(5);

/// How long a line is held whose LF has not come.
pub const HOLD: Duration = Duration::from_secs(5);

/// Bytes read at once.
const BUFFER: usize = 64 * 1024;

/// Files that were read and closed and are remembered, so that they are not
/// read again under another name.
const FINISHED_MAX: usize = 1024;

/// Where reading of a file begins that exists when following begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Behind its last line: only what comes.
    End,
    /// With its first line.
    Beginning,
}

/// Files that were read and closed: how far.
#[derive(Debug, Default)]
struct Finished(VecDeque<(FileId, u64)>);

impl Finished {
    fn add(&mut self, id: FileId, position: u64) {
        self.0.retain(|(known, _)| *known != id);
        self.0.push_back((id, position));
        if self.0.len() > FINISHED_MAX {
            self.0.pop_front();
        }
    }

    fn position(&self, id: FileId) -> Option<u64> {
        self.0.iter().find(|(known, _)| *known == id).map(|(_, position)| *position)
    }
}

/// What a look at one file may use.
struct Look<'a> {
    now: Instant,
    epoch: i64,
    buffer: &'a mut [u8],
    /// Files that are open, under whatever name.
    open: &'a mut HashSet<FileId>,
    finished: &'a mut Finished,
    sink: &'a mut dyn FnMut(Arrival<'_>),
}

/// Follows files.
#[derive(Debug)]
pub struct Follower {
    patterns: Vec<String>,
    start: Start,
    files: Vec<Followed>,
    finished: Finished,
    buffer: Vec<u8>,
    next_scan: Option<Instant>,
    /// Patterns for which too many files were reported.
    crowded: HashSet<String>,
}

impl Follower {
    /// Follows paths and patterns (`*`, `?`, `[a-z]`). Nothing is opened
    /// before the first [`Follower::poll`].
    pub fn new(patterns: &[String], start: Start) -> Self {
        Self {
            patterns: patterns.to_vec(),
            start,
            files: Vec::new(),
            finished: Finished::default(),
            buffer: vec![0; BUFFER],
            next_scan: None,
            crowded: HashSet::new(),
        }
    }

    /// Looks at all files that are due and hands on what is new. `now` is any
    /// clock that does not jump, `epoch` the time that lines get. Returns
    /// whether there is more to read at once: at most 1 MiB per file is read
    /// by one call.
    pub fn poll(&mut self, now: Instant, epoch: i64, sink: &mut dyn FnMut(Arrival<'_>)) -> bool {
        if self.next_scan.is_none_or(|at| now >= at) {
            self.scan(now, sink);
        }
        let mut open: HashSet<FileId> = self.files.iter().flat_map(Followed::ids).collect();
        let mut more = false;
        for file in &mut self.files {
            let (buffer, finished) = (&mut self.buffer[..], &mut self.finished);
            more |= file.look(&mut Look { now, epoch, buffer, open: &mut open, finished, sink });
        }
        self.files.retain(|file| !file.is_over());
        more
    }

    /// Polls until `stop` is set; then once more, so that what was written
    /// before is handed on. Returns within a tick.
    pub fn run(&mut self, stop: &AtomicBool, sink: &mut dyn FnMut(Arrival<'_>)) {
        loop {
            let last = stop.load(Relaxed);
            let more = self.poll(Instant::now(), epoch_now(), sink);
            if last {
                return;
            }
            if !more {
                std::thread::sleep(TICK);
            }
        }
    }

    /// Number of files that are open now.
    pub fn open_files(&self) -> usize {
        self.files.iter().map(|file| file.ids().count()).sum()
    }

    fn scan(&mut self, now: Instant, sink: &mut dyn FnMut(Arrival<'_>)) {
        let is_first = self.next_scan.is_none();
        self.next_scan = Some(now + SCAN);
        for pattern in self.patterns.clone() {
            if !glob::is_pattern(&pattern) {
                if is_first {
                    self.add(PathBuf::from(pattern), is_first, true, now);
                }
                continue;
            }
            let paths = glob::expand(&pattern);
            if paths.len() == glob::MATCHES_MAX && self.crowded.insert(pattern.clone()) {
                sink(Arrival::News(&pattern, News::TooMany(glob::MATCHES_MAX)));
            }
            for path in paths {
                if !self.is_left_out(&path) {
                    self.add(path, is_first, false, now);
                }
            }
        }
    }

    fn add(&mut self, path: PathBuf, is_first: bool, is_named: bool, now: Instant) {
        if self.files.iter().any(|file| file.path() == path) {
            return;
        }
        let begin = if is_first && self.start == Start::End { Begin::End } else { Begin::Start };
        self.files.push(Followed::new(path, begin, is_named, LINE_MAX, now));
    }

    /// Whether a match of a pattern is not a log that is written, but what
    /// became of one.
    fn is_left_out(&self, path: &Path) -> bool {
        rotated::is_compressed(path)
            || path.is_dir()
            || self.files.iter().any(|file| rotated::is_generation_of(path, file.path()))
    }
}

#[cfg(test)]
mod tests;
