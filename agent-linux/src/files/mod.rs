//! Every file that is followed: which there are, when each is looked at, and
//! whose turn it is to fill a batch.
//!
//! Files are looked at now and then (four times a second where something
//! happens, once a second and less where nothing does) and read only into a
//! batch that can be sent: what is not sent is not read. Looking costs one
//! stat; with thousands of quiet files they are looked at less often, so that
//! the cost stays below half a percent of a processor. Where the kernel gives
//! hints, a file that has changed is looked at at once.

mod hints;
mod tail;
mod turns;

pub use turns::Priority;

use crate::agent::Up;
use crate::config::File;
use crate::disk::Disk;
use crate::glob::{self, Glob};
use crate::roster::Roster;
use crate::status::{self, Meter};
use crate::{host, sys};
use bartizan_core::assemble::Format;
use bartizan_core::follow::{Begin, Disk as _, Followed, News, Position, dated, wildcard};
use bartizan_core::limits::SOURCES_MAX;
use bartizan_core::time::Millis;
use bartizan_core::wire::batch::Batch;
use hints::Hints;
use mio::{Registry, Token};
use std::io;
use tail::{Means, Rate, Tail, Turn, assembler};
use turns::{SHARE, Turns};

/// How often patterns and dated names are looked at.
const SCAN_MS: u64 = 5_000;

/// Looks happen at multiples of this, so that the loop wakes up for many.
const GRID_MS: u64 = 32;

/// From so many files on each one is looked at less often: a millisecond
/// later for each two of them.
const FEW: usize = 256;

/// Bytes that one read takes at most.
const BUFFER: usize = 64 * 1024;

/// Bytes of a path.
const PATH_MAX: usize = 4096;

/// What happened to a file, for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// The file.
    pub path: String,
    /// What happened.
    pub news: News,
}

/// One `<localfile>`.
#[derive(Debug)]
struct Entry {
    file: File,
    kind: Kind,
    next_scan: Millis,
    /// Files are new if they come later.
    is_known: bool,
    /// Files are followed that it does not mean any more.
    has_past: bool,
}

#[derive(Debug)]
enum Kind {
    Plain,
    Pattern(Glob),
    Dated,
}

/// All files.
pub struct Files {
    entries: Vec<Entry>,
    /// By number of the source.
    tails: Vec<Option<Box<Tail>>>,
    /// When each is to be looked at; beside them, because it is searched in
    /// every round.
    due: Vec<Millis>,
    /// What hints call each.
    watches: Vec<i32>,
    hints: Hints,
    count: usize,
    turns: Turns,
    buffer: Box<[u8]>,
    happenings: Vec<Happening>,
}

impl Default for Files {
    fn default() -> Self {
        Self::new()
    }
}

impl Files {
    /// No files.
    pub fn new() -> Self {
        Self {
            entries: Vec::new(),
            tails: Vec::new(),
            due: Vec::new(),
            watches: Vec::new(),
            hints: Hints::new(),
            count: 0,
            turns: Turns::default(),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            happenings: Vec::new(),
        }
    }

    /// Has the loop told when files have changed; then [`Files::wake`] is called.
    pub fn register(&self, registry: &Registry, token: Token) -> io::Result<()> {
        self.hints.register(registry, token)
    }

    /// Some files have changed.
    pub fn wake(&mut self) {
        self.hints.wake();
    }

    /// Follows these from now on. What is followed in the same way already
    /// goes on; what is not named any more ends.
    pub fn configure(&mut self, files: &[File], roster: &mut Roster, uplink: &mut Up) {
        let old = std::mem::take(&mut self.entries);
        self.entries = files.iter().map(|file| Entry::new(file.clone())).collect();
        let moved: Vec<Option<usize>> =
            old.iter().map(|entry| self.entries.iter().position(|new| new.file == entry.file)).collect();
        for index in 0..self.tails.len() {
            let Some(tail) = self.tails.get_mut(index).and_then(Option::as_mut) else { continue };
            match moved.get(tail.entry).copied().flatten() {
                Some(entry) => {
                    tail.entry = entry;
                    // Its files were there before.
                    self.entries[entry].is_known = true;
                }
                None => self.remove(index as u16, roster, uplink),
            }
        }
    }

    /// Does what is due: looks for new names, and at files.
    pub fn tick(&mut self, now: Millis, roster: &mut Roster, uplink: &mut Up) {
        for entry in 0..self.entries.len() {
            if self.entries[entry].next_scan <= now {
                self.scan(entry, now, roster, uplink);
            }
        }
        self.heed(now);
        for index in 0..self.due.len() {
            if self.due[index] <= now {
                self.look(index, now);
            }
        }
    }

    /// When [`Files::tick`] has something to do.
    pub fn next_deadline(&self) -> Millis {
        let looks = self.due.iter().copied().min().unwrap_or(Millis::NEVER);
        let looks = looks.min(self.hints.next_deadline());
        self.entries.iter().map(|entry| entry.next_scan).fold(looks, Millis::min)
    }

    /// Whether a file waits for its turn.
    pub fn has_more(&self) -> bool {
        !self.turns.is_empty()
    }

    /// The manager says where a file stands.
    pub fn place(&mut self, source: u16, now: Millis, position: Option<&[u8]>) {
        if let Some(tail) = self.tails.get_mut(usize::from(source)).and_then(Option::as_mut) {
            tail.place(now, position);
            self.look(usize::from(source), now);
        }
    }

    /// The manager has committed a position of a file.
    pub fn acknowledged(&mut self, source: u16, position: &[u8]) {
        let tail = self.tails.get_mut(usize::from(source)).and_then(Option::as_mut);
        if let (Some(tail), Some(position)) = (tail, Position::decode(position)) {
            tail.followed.acknowledged(position);
        }
    }

    /// The session is over: no file has a place.
    pub fn disconnected(&mut self) {
        for tail in self.tails.iter_mut().flatten() {
            (tail.is_placed, tail.is_waiting) = (false, false);
        }
        self.turns = Turns::default();
        self.turns.reserve(self.count);
    }

    /// Fills a batch from the files that have something to say.
    pub fn fill(&mut self, batch: &mut Batch<'_>, now: Millis) {
        while let Some(source) = self.turns.next() {
            let is_alone = self.turns.is_empty();
            let Some(tail) = self.tails.get_mut(usize::from(source)).and_then(Option::as_mut) else {
                continue;
            };
            let (share, priority) = (if is_alone { usize::MAX } else { SHARE }, tail.priority);
            // Sharing, what is read and not taken would be read again.
            let len = if is_alone { BUFFER } else { SHARE + SHARE / 4 };
            let buffer = self.buffer.get_mut(..len).unwrap_or_default();
            let header = tail.program.as_deref().map(stamp).unwrap_or_default();
            let (turn, bytes) = tail.read(source, Means { batch, buffer, share, header: &header, now });
            self.turns.took(bytes, priority);
            match turn {
                Turn::More => self.turns.add(source, priority),
                Turn::BatchFull => return self.turns.put_back(source, priority, bytes == 0),
                Turn::Dry | Turn::Later(_) => {
                    tail.is_waiting = false;
                    if let Turn::Later(at) = turn {
                        self.due[usize::from(source)] = at;
                    }
                }
            }
        }
    }

    /// What happened since this was asked last.
    pub fn take_happenings(&mut self) -> Vec<Happening> {
        std::mem::take(&mut self.happenings)
    }

    /// Each file for the status.
    pub fn report(&self, roster: &Roster, now: Millis, sources: &mut Vec<status::Source>) {
        for (index, tail) in self.tails.iter().enumerate() {
            let Some(tail) = tail else { continue };
            sources.push(status::Source {
                name: roster.name(index as u16).to_owned(),
                state: tail.state().to_owned(),
                records: tail.meter.records,
                bytes: tail.meter.bytes,
                rate: tail.meter.rate(now),
                offset: tail.followed.standing().map(|(offset, _)| offset),
                behind: tail.followed.standing().map(|(_, behind)| behind),
            });
        }
    }

    /// Files that are followed.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Makes those files due that have changed.
    fn heed(&mut self, now: Millis) {
        let Self { hints, buffer, watches, due, .. } = self;
        hints.take(now, buffer, |told| {
            let mut found = 0;
            for (watch, due) in watches.iter_mut().zip(&mut *due) {
                // Where hints were lost, any file may have changed.
                if *watch == told || told == hints::NONE {
                    (*watch, *due) = (hints::NONE, now);
                    found += 1;
                }
            }
            found
        });
    }

    /// Looks at one file; if it has a place, it waits for its turn to be read.
    fn look(&mut self, index: usize, now: Millis) {
        let Some(tail) = self.tails.get_mut(index).and_then(Option::as_mut) else {
            self.due[index] = Millis::NEVER;
            return;
        };
        // First, so that what comes behind the look is told.
        if self.watches[index] == hints::NONE {
            self.watches[index] = self.hints.watch(&tail.path);
        }
        tail.look(now);
        let news = tail.followed.take_news();
        if news != News::default() {
            // Another file may have the name now.
            self.watches[index] = self.hints.watch(&tail.path);
            tail.notice(news);
            let path = String::from_utf8_lossy(&tail.path).into_owned();
            self.happenings.push(Happening { path, news });
        }
        if tail.is_placed && !tail.is_waiting {
            tail.is_waiting = true;
            self.turns.add(index as u16, tail.priority);
        }
        let late = if self.count > FEW { self.count as u64 / 2 } else { 0 };
        let at = tail.followed.next_look().plus(late).max(now.plus(1)).0;
        self.due[index] = Millis(at.div_ceil(GRID_MS).saturating_mul(GRID_MS));
    }

    /// Looks which files one entry means now.
    fn scan(&mut self, at: usize, now: Millis, roster: &mut Roster, uplink: &mut Up) {
        let Some(entry) = self.entries.get_mut(at) else { return };
        let was_known = std::mem::replace(&mut entry.is_known, true);
        let Some(paths) = entry.paths(now) else { return };
        self.entries[at].has_past = self.remove_past(at, &paths, roster, uplink);
        let begin = if was_known || self.entries[at].file.from_start { Begin::Start } else { Begin::End };
        for path in paths {
            self.add(at, path, begin, now, (roster, uplink));
        }
    }

    /// Ends files that an entry does not mean any more, once they are read to
    /// their ends. `true`: some are not. The paths are sorted.
    fn remove_past(&mut self, at: usize, paths: &[Vec<u8>], roster: &mut Roster, uplink: &mut Up) -> bool {
        let mut is_left = false;
        for index in 0..self.tails.len() {
            let Some(tail) = self.tails[index].as_deref() else { continue };
            if tail.entry != at || paths.binary_search(&tail.path).is_ok() {
                continue;
            }
            if tail.is_past() {
                self.remove(index as u16, roster, uplink);
            } else {
                is_left = true;
            }
        }
        is_left
    }

    fn add(
        &mut self,
        entry: usize,
        path: Vec<u8>,
        begin: Begin,
        now: Millis,
        (roster, uplink): (&mut Roster, &mut Up),
    ) {
        let name = String::from_utf8_lossy(&path);
        if roster.find(&name).is_some() {
            return;
        }
        let Some(assembler) = assembler(self.entries[entry].file.format.format()) else { return };
        let Some(index) = roster.add(&name, |index| uplink.open(index)).map(usize::from) else { return };
        let file = &self.entries[entry].file;
        let tail = Tail {
            entry,
            followed: Followed::new(begin, assembler),
            expressions: file.format.expressions(),
            priority: file.priority,
            rate: file.rate_limit.map(Rate::new),
            is_waiting: false,
            owes_position: false,
            is_placed: false,
            trouble: None,
            meter: Meter::new(now),
            program: program_of(&path, file),
            path,
        };
        if self.tails.len() <= index {
            self.tails.resize_with(index + 1, || None);
            self.due.resize(index + 1, Millis::NEVER);
            self.watches.resize(index + 1, hints::NONE);
        }
        self.tails[index] = Some(Box::new(tail));
        self.count += 1;
        self.turns.reserve(self.count);
        // What it has now is old, what comes from now on is not.
        self.look(index, now);
        // Further looks are spread over the first second.
        self.due[index] = now.plus((index as u64 * 37) % 1000);
    }

    fn remove(&mut self, index: u16, roster: &mut Roster, uplink: &mut Up) {
        if let Some(tail) = self.tails.get_mut(usize::from(index))
            && tail.take().is_some()
        {
            self.turns.remove(index);
            self.due[usize::from(index)] = Millis::NEVER;
            self.hints.forget(std::mem::replace(&mut self.watches[usize::from(index)], hints::NONE));
            self.count -= 1;
            roster.remove(index);
            uplink.close(index);
        }
    }
}

impl Entry {
    fn new(file: File) -> Self {
        let location = file.location.as_bytes();
        let kind = if dated::is_dated(&file.location) {
            Kind::Dated
        } else if wildcard::is_pattern(location) {
            Kind::Pattern(Glob::new(location))
        } else {
            Kind::Plain
        };
        Self { file, kind, next_scan: Millis(0), is_known: false, has_past: false }
    }

    /// The paths that it means now, sorted; `None` if they are those of last time.
    fn paths(&mut self, now: Millis) -> Option<Vec<Vec<u8>>> {
        self.next_scan = now.plus(SCAN_MS);
        let location = self.file.location.as_bytes();
        match &mut self.kind {
            Kind::Plain => {
                self.next_scan = Millis::NEVER;
                Some(vec![location.to_vec()])
            }
            Kind::Dated => Some(vec![dated_path(&self.file.location)]),
            Kind::Pattern(glob) => {
                let wall = host::wall_ns();
                if !glob.is_stale(wall) && !self.has_past {
                    return None;
                }
                let excluded = |path: &Vec<u8>| {
                    self.file.exclude.iter().any(|pattern| glob::matches_path(pattern.as_bytes(), path))
                };
                let mut paths = glob.expand();
                paths.retain(|path| !excluded(path) && !is_too_old(path, self.file.age_s, wall));
                paths.sort_unstable();
                paths.truncate(SOURCES_MAX);
                Some(paths)
            }
        }
    }
}

/// The name that a dated pattern has today; the pattern itself where it has
/// none.
fn dated_path(pattern: &str) -> Vec<u8> {
    let time = sys::local_time(host::wall_ns() / 1_000_000_000);
    match dated::name::<PATH_MAX>(pattern, &time) {
        Ok(name) => name.to_vec(),
        Err(_) => pattern.as_bytes().to_vec(),
    }
}

/// Whether a file was written last more than so many seconds ago.
fn is_too_old(path: &[u8], age_s: Option<u32>, wall: u64) -> bool {
    let Some(age_s) = age_s else { return false };
    let oldest = wall.saturating_sub(u64::from(age_s) * 1_000_000_000);
    Disk.stat(path).is_ok_and(|stat| stat.modified < oldest)
}

/// `djb-multilog`: the program of a path `…/PROGRAM/current`.
fn program_of(path: &[u8], file: &File) -> Option<Vec<u8>> {
    if file.format.format() != Format::DjbMultilog {
        return None;
    }
    let folder = path.rsplit(|b| *b == b'/').nth(1)?;
    Some(folder.to_vec())
}

/// `djb-multilog`: what stands before a text without a date of its own:
/// `Mon DD HH:MM:SS HOST PROG: `.
fn stamp(program: &[u8]) -> Vec<u8> {
    let time = sys::local_time(host::wall_ns() / 1_000_000_000);
    let date = dated::name::<32>("%b %d %T", &time).unwrap_or_default();
    [&date, b" ".as_slice(), host::name().as_bytes(), b" ", program, b": "].concat()
}

#[cfg(test)]
mod tests;
