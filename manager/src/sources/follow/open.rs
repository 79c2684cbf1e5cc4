//! One open file and how far it has been read.
//!
//! Reads by position and compares, with every read, the last bytes it knows
//! with those that the file has now: a file that was truncated is noticed even
//! if it has grown beyond the old size since.

use crate::sources::lines::LineSplitter;
use crate::sources::{Arrival, Line, NONBLOCK};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// Bytes before the position that are remembered.
const TAIL: usize = 64;

/// Bytes before the end in which the beginning of an unfinished line is found.
const BACK: u64 = 8 * 1024;

/// What makes a file this file. Numbers of deleted files are used again,
/// so the time of birth is part of it where the file system has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FileId {
    device: u64,
    number: u64,
    born: Option<SystemTime>,
}

impl FileId {
    pub(super) fn of(meta: &Metadata) -> Self {
        Self { device: meta.dev(), number: meta.ino(), born: meta.created().ok() }
    }

    /// When the file was created, where the file system records it.
    pub(super) fn born(self) -> Option<SystemTime> {
        self.born
    }
}

/// How a read ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// All that is there has been read.
    Dry,
    /// The buffer was full.
    More,
    /// The content before the position is not what was read: start again.
    Replaced,
}

#[derive(Debug)]
pub(super) struct OpenFile {
    file: File,
    pub(super) id: FileId,
    pub(super) position: u64,
    tail: Vec<u8>,
    lines: LineSplitter,
    /// When new bytes were read last.
    pub(super) moved: Instant,
    /// Size and time of change when all had been read.
    dry_at: Option<(u64, Option<SystemTime>)>,
}

impl OpenFile {
    /// Opens a regular file at its beginning.
    pub(super) fn open(path: &Path, line_max: usize, now: Instant) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).custom_flags(NONBLOCK).open(path)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::other("it is not a regular file; only files can be followed"));
        }
        Ok(Self {
            id: FileId::of(&meta),
            file,
            position: 0,
            tail: Vec::new(),
            lines: LineSplitter::new(line_max),
            moved: now,
            dry_at: None,
        })
    }

    /// When it was written last.
    pub(super) fn changed(&self) -> Option<SystemTime> {
        self.file.metadata().ok().and_then(|meta| meta.modified().ok())
    }

    /// Goes on behind the last line. A line that is just being written, its LF
    /// still missing, is read from its beginning.
    pub(super) fn skip_to_end(&mut self, fresh: Duration) -> io::Result<()> {
        let meta = self.file.metadata()?;
        let age = meta.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
        let mut end = meta.len();
        if age.is_some_and(|age| age < fresh) {
            let from = end.saturating_sub(BACK);
            let mut last = vec![0; usize::try_from(end - from).unwrap_or(0)];
            let count = self.file.read_at(&mut last, from)?;
            match last.get(..count).unwrap_or(b"").iter().rposition(|&b| b == b'\n') {
                Some(at) => end = from + at as u64 + 1,
                None if from == 0 => end = 0,
                None => {}
            }
        }
        self.skip_to(end)
    }

    /// Goes on at a position that was reached before, or at the end if the
    /// file is shorter.
    pub(super) fn skip_to(&mut self, position: u64) -> io::Result<()> {
        let position = position.min(self.file.metadata()?.len());
        let from = position.saturating_sub(TAIL as u64);
        let mut tail = vec![0; usize::try_from(position - from).unwrap_or(0)];
        self.file.read_exact_at(&mut tail, from)?;
        (self.position, self.tail) = (position, tail);
        Ok(())
    }

    /// Starts again with a file that was truncated.
    pub(super) fn restart(&mut self) {
        self.position = 0;
        self.tail.clear();
        self.lines.reset();
        self.dry_at = None;
    }

    /// Whether there is nothing new since it was read dry.
    pub(super) fn is_unchanged(&self, meta: &Metadata) -> bool {
        self.dry_at == Some((meta.len(), meta.modified().ok()))
    }

    /// Reads once. `meta`, taken before the read, spares the next one if
    /// nothing has changed.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        meta: Option<&Metadata>,
        now: Instant,
        mut give: impl FnMut(&[u8], u64),
    ) -> io::Result<Reading> {
        let known = self.tail.len();
        let count = self.file.read_at(buffer, self.position - known as u64)?;
        let (old, new) = buffer.get(..count).unwrap_or(b"").split_at(count.min(known));
        if old != self.tail {
            return Ok(Reading::Replaced);
        }
        if !new.is_empty() {
            self.moved = now;
            self.position += new.len() as u64;
            let mut rest = new;
            while let Some(piece) = self.lines.split(&mut rest) {
                give(piece.bytes, piece.cut);
            }
            let all = buffer.get(..count).unwrap_or(b"");
            self.tail = all.get(count.saturating_sub(TAIL)..).unwrap_or(b"").to_vec();
        }
        if count == buffer.len() {
            return Ok(Reading::More);
        }
        self.dry_at = meta.map(|meta| (meta.len(), meta.modified().ok()));
        Ok(Reading::Dry)
    }

    /// Hands on an unfinished line.
    pub(super) fn finish_line(&mut self, mut give: impl FnMut(&[u8], u64)) {
        if let Some(piece) = self.lines.finish() {
            give(piece.bytes, piece.cut);
        }
    }

    /// Whether an unfinished line is held.
    pub(super) fn is_holding(&self) -> bool {
        self.lines.is_holding()
    }

    /// Whether another file, of which nothing has been read, is a copy of what
    /// was read here: then it takes over the position.
    pub(super) fn is_copied_in(&self, other: &mut Self) -> bool {
        let is_copy = other.skip_to(self.position).is_ok()
            && other.position == self.position
            && other.tail == self.tail
            && self.position > 0;
        if !is_copy {
            other.restart();
        }
        is_copy
    }

    /// Hands an unfinished line on to the copy in which it goes on.
    pub(super) fn go_on_in(&mut self, copy: &mut Self) {
        std::mem::swap(&mut self.lines, &mut copy.lines);
    }
}

/// Hands on a line of a file.
pub(super) fn give<'a>(
    location: &'a str,
    time: i64,
    sink: &'a mut dyn FnMut(Arrival<'_>),
) -> impl FnMut(&[u8], u64) + 'a {
    move |bytes, cut| sink(Arrival::Line(Line { location, bytes, cut, time }))
}
