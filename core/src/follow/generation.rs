//! One open file and how far its lines have been read.

use super::finger::{HEAD, Head, hash, read_head, tail_at, tail_len, tail_of};
use super::position::Mark;
use super::siblings::Age;
use super::{Disk, Stat, Trouble};
use crate::assemble::Line;
use crate::time::Millis;

/// Bytes before the end in which the beginning of an unfinished line is
/// looked for.
const BACK: u64 = 8 * 1024;

/// How a read ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// All lines that are there have been read.
    Dry,
    /// There is more.
    More,
    /// A line was not taken.
    Full,
    /// The content before the place is not what was read.
    Replaced,
}

/// The beginning of a line that is longer than the buffer.
#[derive(Debug)]
struct Long {
    /// Bytes that hold no LF, from `high` on.
    len: u64,
    /// Fingerprint of the bytes before their end.
    tail: u64,
}

/// An open file.
#[derive(Debug)]
pub(super) struct Generation<F> {
    file: F,
    pub(super) mark: Mark,
    /// Size and time of change when its name was looked at last.
    seen: (u64, u64),
    /// The most bytes that it was seen to have.
    pub(super) size: u64,
    /// The same before the last look that showed a change.
    pub(super) size_before: u64,
    /// When it grew last, was opened, or lost its name.
    pub(super) moved: Millis,
    /// It has grown since it was opened.
    pub(super) has_grown: bool,
    /// It may have something new.
    pub(super) is_due: bool,
    /// It is a copy: nobody writes to it.
    pub(super) is_copy: bool,
    /// It ends in a line without LF.
    pub(super) is_partial: bool,
    /// It could not be read, which was told.
    pub(super) is_broken: bool,
    long: Option<Long>,
}

impl<F> Generation<F> {
    /// A file at its beginning.
    pub(super) fn new<D: Disk<File = F>>(
        disk: &D,
        file: F,
        stat: &Stat,
        now: Millis,
    ) -> Result<Self, Trouble> {
        let mut buffer = [0; HEAD];
        let head = Head::of(read_head(disk, &file, &mut buffer)?);
        let mark = Mark { id: stat.id, modified: stat.modified, high: 0, head, tail: hash(b"") };
        Ok(Self {
            file,
            mark,
            seen: (stat.size, stat.modified),
            size: stat.size,
            size_before: 0,
            moved: now,
            has_grown: false,
            is_due: true,
            is_copy: false,
            is_partial: false,
            is_broken: false,
            long: None,
        })
    }

    /// Opens what has this name, if it is a file.
    pub(super) fn open<D: Disk<File = F>>(disk: &D, path: &[u8], now: Millis) -> Result<Self, Trouble> {
        let file = disk.open(path)?;
        let stat = disk.stat_open(&file)?;
        Self::new(disk, file, &stat, now)
    }

    /// Begins with the first line, whatever is in it now.
    pub(super) fn begin_again<D: Disk<File = F>>(&mut self, disk: &D) {
        self.go_to(disk, 0);
        let mut buffer = [0; HEAD];
        if let Ok(bytes) = read_head(disk, &self.file, &mut buffer) {
            self.mark.head = Head::of(bytes);
        }
        (self.size, self.is_copy) = (0, false);
    }

    /// Goes to an offset from which lines are read. `false`: the file does not
    /// reach so far.
    pub(super) fn go_to<D: Disk<File = F>>(&mut self, disk: &D, high: u64) -> bool {
        (self.long, self.is_due) = (None, true);
        let tail = tail_at(disk, &self.file, high);
        if let Some(tail) = tail {
            (self.mark.high, self.mark.tail) = (high, tail);
        }
        tail.is_some()
    }

    /// Goes behind the last line that is complete at `size`, or to `size` if
    /// that line is long: at most [`BACK`] bytes are looked at.
    pub(super) fn go_to_end<D: Disk<File = F>>(&mut self, disk: &D, size: u64) {
        let (mut chunk, mut end) = ([0; HEAD], size);
        while end > size.saturating_sub(BACK) {
            let from = end.saturating_sub(HEAD as u64);
            let count = disk.read_at(&self.file, from, &mut chunk).unwrap_or(0).min((end - from) as usize);
            if let Some(at) = chunk.get(..count).unwrap_or_default().iter().rposition(|byte| *byte == b'\n') {
                self.go_to(disk, from + at as u64 + 1);
                return;
            }
            end = from;
        }
        self.go_to(disk, if end == 0 { 0 } else { size });
    }

    /// Whether this file has the content of which a mark tells, as far as it
    /// tells.
    pub(super) fn has<D: Disk<File = F>>(&self, disk: &D, mark: &Mark) -> bool {
        let mut buffer = [0; HEAD];
        read_head(disk, &self.file, &mut buffer).is_ok_and(|bytes| mark.head.begins(bytes))
            && (mark.high == 0 || tail_at(disk, &self.file, mark.high) == Some(mark.tail))
    }

    /// Whether this is the file that a mark tells of.
    pub(super) fn is_again<D: Disk<File = F>>(&self, disk: &D, mark: &Mark) -> bool {
        // Numbers are used again; an empty file cannot be told from another.
        let is_sure = mark.id.born > 0 || mark.head.len > 0;
        self.mark.id == mark.id && is_sure && self.has(disk, mark)
    }

    /// Whether two files have the same content as far as both reach.
    pub(super) fn is_same_as<D: Disk<File = F>>(&self, disk: &D, other: &Self) -> bool {
        let end = self.size.min(other.size);
        let (mut mine, mut theirs) = ([0; HEAD], [0; HEAD]);
        let (Ok(mine), Ok(theirs)) =
            (read_head(disk, &self.file, &mut mine), read_head(disk, &other.file, &mut theirs))
        else {
            return false;
        };
        let len = end.min(HEAD as u64) as usize;
        len > 0
            && mine.get(..len).is_some_and(|head| theirs.starts_with(head))
            && tail_at(disk, &self.file, end)
                .is_some_and(|tail| tail_at(disk, &other.file, end) == Some(tail))
    }

    /// Notes what a look at its name has shown.
    pub(super) fn notice<D: Disk<File = F>>(&mut self, disk: &D, stat: &Stat, now: Millis) {
        if self.seen == (stat.size, stat.modified) {
            return;
        }
        (self.seen, self.is_due) = ((stat.size, stat.modified), true);
        self.size_before = self.size;
        self.grow(stat.size, now);
        let mut buffer = [0; HEAD];
        if usize::from(self.mark.head.len) < HEAD
            && let Ok(bytes) = read_head(disk, &self.file, &mut buffer)
            && self.mark.head.begins(bytes)
        {
            self.mark.head = Head::of(bytes);
        }
    }

    /// Sets what the mark says of its age, until a look at its name shows more.
    pub(super) fn date(&mut self, age: Age) {
        (self.mark.modified, self.seen.1) = (age.modified, age.modified);
    }

    fn grow(&mut self, size: u64, now: Millis) {
        if size > self.size {
            (self.size, self.moved, self.has_grown) = (size, now, true);
        }
    }

    /// Reads once and hands on the complete lines, and with `to_end` also an
    /// incomplete one at the end of the file; `take` says whether it took the
    /// line.
    ///
    /// Nothing is read beyond `until`: what ends there is complete.
    ///
    /// Work: one read of the buffer; a second one at the end of a line that is
    /// longer than that.
    pub(super) fn read<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        now: Millis,
        buffer: &mut [u8],
        (to_end, until): (bool, u64),
        take: &mut dyn FnMut(Line<'_>) -> bool,
    ) -> Result<Reading, Trouble> {
        let (reach, tail) = match &self.long {
            Some(long) => (self.mark.high.saturating_add(long.len), long.tail),
            None => (self.mark.high, self.mark.tail),
        };
        let known = tail_len(reach);
        let room = usize::try_from(until.saturating_sub(reach)).unwrap_or(usize::MAX).saturating_add(known);
        let is_clipped = room <= buffer.len();
        let size = buffer.len().min(room);
        let count =
            disk.read_at(&self.file, reach - known as u64, buffer.get_mut(..size).unwrap_or_default())?;
        let all = buffer.get(..count).unwrap_or_default();
        let is_same = match reach {
            0 if size < HEAD => self.has(disk, &self.mark),
            0 => self.mark.head.begins(all),
            _ => all.get(..known).is_some_and(|bytes| hash(bytes) == tail),
        };
        if !is_same {
            return Ok(Reading::Replaced);
        }
        self.mark.modified = self.mark.modified.max(self.seen.1);
        self.grow(reach + (count - known) as u64, now);
        let is_full = count == size && !is_clipped;
        let to_end = to_end || is_clipped;
        let reading = match self.long {
            None => self.split(all, known, is_full, to_end, take),
            Some(_) => {
                let end = self.find_end(all, known, is_full, to_end);
                match end {
                    Ok(end) => self.give_long(disk, buffer, end, take)?,
                    Err(reading) => reading,
                }
            }
        };
        (self.is_due, self.is_broken) = (reading != Reading::Dry, false);
        Ok(reading)
    }

    /// Hands on the lines of a buffer, of which `known` bytes were read before.
    fn split(
        &mut self,
        all: &[u8],
        known: usize,
        is_full: bool,
        to_end: bool,
        take: &mut dyn FnMut(Line<'_>) -> bool,
    ) -> Reading {
        let base = self.mark.high - known as u64;
        let mut place = known + usize::from(owes_newline(all, known));
        let mut is_taken = true;
        while is_taken {
            let rest = all.get(place..).unwrap_or_default();
            let at = place + rest.iter().take_while(|byte| **byte == 0).count();
            let rest = all.get(at..).unwrap_or_default();
            let is_end = to_end && !is_full;
            let (text, next) = match memchr::memchr(b'\n', rest) {
                Some(len) => (rest.get(..len).unwrap_or_default(), at + len + 1),
                None if is_end && !rest.is_empty() => (rest, all.len()),
                None => {
                    // A hole is left behind where nothing else can be done.
                    place = if is_end || is_full { at } else { place };
                    break;
                }
            };
            is_taken = take(Line { text, at: base + at as u64, cut: 0 });
            place = if is_taken { next } else { place };
        }
        self.mark.high = base + place as u64;
        self.mark.tail = tail_of(all.get(..place).unwrap_or_default());
        self.is_partial = place < all.len();
        match (is_taken, is_full) {
            (false, _) => Reading::Full,
            (true, false) => Reading::Dry,
            (true, true) => {
                if place == known {
                    self.long = Some(Long { len: (all.len() - place) as u64, tail: tail_of(all) });
                }
                Reading::More
            }
        }
    }

    /// Looks for the end of a long line: how many bytes it has, and how many
    /// with its LF.
    fn find_end(
        &mut self,
        all: &[u8],
        known: usize,
        is_full: bool,
        to_end: bool,
    ) -> Result<(u64, u64), Reading> {
        let Some(long) = &mut self.long else { return Err(Reading::More) };
        let new = all.get(known..).unwrap_or_default();
        let end = memchr::memchr(b'\n', new);
        let len = long.len + end.unwrap_or(new.len()) as u64;
        self.is_partial = true;
        if end.is_some() {
            return Ok((len, len + 1));
        }
        if to_end && !is_full {
            return Ok((len, len));
        }
        *long = Long { len, tail: tail_of(all) };
        Err(if is_full { Reading::More } else { Reading::Dry })
    }

    /// Hands on a long line: as much of it as the buffer holds.
    fn give_long<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        buffer: &mut [u8],
        (len, whole): (u64, u64),
        take: &mut dyn FnMut(Line<'_>) -> bool,
    ) -> Result<Reading, Trouble> {
        let count = disk.read_at(&self.file, self.mark.high, buffer)? as u64;
        let text = buffer.get(..count.min(len) as usize).unwrap_or_default();
        let cut = u32::try_from(len - text.len() as u64).unwrap_or(u32::MAX);
        if !take(Line { text, at: self.mark.high, cut }) {
            return Ok(Reading::Full);
        }
        if !self.go_to(disk, self.mark.high + whole) {
            return Ok(Reading::Replaced);
        }
        self.is_partial = false;
        Ok(Reading::More)
    }
}

/// A line was handed out without its LF: an LF that comes next belongs to it.
fn owes_newline(all: &[u8], known: usize) -> bool {
    let before = known.checked_sub(1).and_then(|at| all.get(at));
    before.is_some_and(|byte| !matches!(byte, b'\n' | 0)) && all.get(known) == Some(&b'\n')
}
