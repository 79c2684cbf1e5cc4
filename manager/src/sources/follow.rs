//! Files that are still written: new records as they come, through any
//! rotation.
//!
//! What became of a file, and that nothing of it is lost or doubled, is known
//! to [`bartizan_core::follow`]; this room knows which files there are. Every
//! name is looked at four times a second, once a second when it has been quiet
//! for a minute: one `stat` per look, and a read only if size or time have
//! changed. That is plain, works on every file system, and costs a thousandth
//! of a CPU for a hundred quiet files. Where the kernel tells of a change, the
//! file is looked at at once: a line is read a millisecond after it was
//! written.
//!
//! A file of which a position is known goes on there. Else a name that exists
//! when following begins is read from its end (or its beginning, if asked);
//! one that appears later from its beginning. A line without LF is held for
//! five seconds: then it is handed on as it is, since some programs end
//! without a last LF. What comes behind it is a line again.
//!
//! Patterns and dated names are matched anew every five seconds; compressed
//! files and the rotated generations of files that are followed already are
//! left out.

mod one;

use super::disk::LocalDisk;
use super::hints::Hints;
use super::layout::Layout;
use super::{Arrival, News, epoch_now, epoch_of, glob};
use bartizan_core::follow::wildcard::is_pattern;
use bartizan_core::follow::{Begin, is_generation};
use bartizan_core::time::Millis;
use one::{FollowedFile, Look};
use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How often files are looked at.
pub const TICK: Duration = Duration::from_millis(250);

/// How often patterns are matched anew.
pub const SCAN: Duration = Duration::from_secs(5);

/// How long a dated name is followed when there is a newer one.
const PAST: Duration = Duration::from_secs(3600);

/// Bytes read at once.
const BUFFER: usize = 64 * 1024;

/// Bytes of a path.
const PATH_MAX: usize = 4096;

/// Endings of compressed files.
const COMPRESSED: [&str; 8] = ["gz", "bz2", "xz", "zst", "zip", "lz4", "lzma", "Z"];

/// Where reading of a file begins that exists when following begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Behind its last line: only what comes.
    End,
    /// With its first line.
    Beginning,
}

/// Positions of files by their names, as [`Arrival::Reached`] told them.
pub type Positions = HashMap<String, Vec<u8>>;

/// What is to be followed.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// A path, a pattern (`*`, `?`, `[a-z]`) or a dated name (`%Y`, as in
    /// strftime(3)).
    pub name: String,
    /// How its lines become records.
    pub layout: Layout,
    /// Patterns of paths that a pattern does not mean.
    pub exclude: Vec<String>,
    /// Seconds since its last change after which a match is passed over.
    pub age: Option<u32>,
}

/// Follows files.
#[derive(Debug)]
pub struct Follower {
    wanted: Vec<Wanted>,
    start: Start,
    positions: Positions,
    files: Vec<FollowedFile>,
    disk: LocalDisk,
    hints: Hints,
    buffer: Vec<u8>,
    begun: Option<Instant>,
    next_scan: Option<Instant>,
    /// Patterns for which too many files were reported.
    crowded: HashSet<String>,
}

impl Follower {
    /// Follows paths and patterns; each line is a record. Nothing is opened
    /// before the first [`Follower::poll`].
    pub fn new(names: &[String], start: Start) -> Self {
        let wanted = names.iter().map(|name| Wanted { name: name.clone(), ..Wanted::default() });
        Self::with(wanted.collect(), start, Positions::new())
    }

    /// Follows what is wanted, from positions that were reached before.
    pub fn with(wanted: Vec<Wanted>, start: Start, positions: Positions) -> Self {
        Self {
            wanted,
            start,
            positions,
            files: Vec::new(),
            disk: LocalDisk::default(),
            hints: Hints::new(),
            buffer: vec![0; BUFFER],
            begun: None,
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
            self.scan(now, epoch, sink);
        }
        let begun = *self.begun.get_or_insert(now);
        let now = Millis(u64::try_from(now.duration_since(begun).as_millis()).unwrap_or(u64::MAX));
        self.disk.clear();
        for (name, file) in self.files.iter().enumerate() {
            self.disk.note(name, file.followed.files(), std::iter::empty());
        }
        let mut more = false;
        for (name, file) in self.files.iter_mut().enumerate() {
            self.disk.look_at(name);
            let (buffer, disk, hints) = (&mut self.buffer, &self.disk, &self.hints);
            more |= file.look(&mut Look { now, epoch, buffer, disk, hints, sink });
            self.disk.note(name, file.followed.files(), file.followed.closed());
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
                self.wait(TICK);
            }
        }
    }

    /// Waits until files have changed, or so long where none does.
    fn wait(&mut self, patience: Duration) {
        let told = self.hints.wait(patience);
        self.files.iter_mut().for_each(|file| file.heed(&told));
    }

    /// Number of files that are open now.
    pub fn open_files(&self) -> usize {
        self.files.iter().map(|file| file.followed.files().count()).sum()
    }

    fn scan(&mut self, now: Instant, epoch: i64, sink: &mut dyn FnMut(Arrival<'_>)) {
        let is_first = self.next_scan.is_none();
        self.next_scan = Some(now + SCAN);
        for at in 0..self.wanted.len() {
            let Some(wanted) = self.wanted.get(at).cloned() else { continue };
            if wanted.is_dated() {
                self.follow_today(at, &wanted, epoch, is_first, now);
            } else if !is_pattern(wanted.name.as_bytes()) {
                if is_first {
                    self.add(PathBuf::from(&wanted.name), at, is_first, true);
                }
            } else {
                self.expand(at, &wanted, is_first, epoch, sink);
            }
        }
    }

    /// Adds what a pattern matches now.
    fn expand(
        &mut self,
        at: usize,
        wanted: &Wanted,
        is_first: bool,
        epoch: i64,
        sink: &mut dyn FnMut(Arrival<'_>),
    ) {
        let paths = glob::expand(&wanted.name);
        if paths.len() == glob::MATCHES_MAX && self.crowded.insert(wanted.name.clone()) {
            sink(Arrival::News(&wanted.name, News::TooMany(glob::MATCHES_MAX)));
        }
        let excluded: HashSet<PathBuf> =
            wanted.exclude.iter().flat_map(|pattern| glob::expand(pattern)).collect();
        for path in paths {
            if !excluded.contains(&path) && !wanted.is_past(&path, epoch) && !self.is_left_out(&path) {
                self.add(path, at, is_first, false);
            }
        }
    }

    /// Adds the name that a dated one has now; the last one is followed for a
    /// while.
    fn follow_today(&mut self, at: usize, wanted: &Wanted, epoch: i64, is_first: bool, now: Instant) {
        let Some(path) = wanted.name_at(epoch) else { return };
        self.files.retain_mut(|file| {
            let is_past = file.wanted == at && file.path() != path;
            !is_past || now < *file.past_since.get_or_insert(now) + PAST
        });
        self.add(path, at, is_first, true);
    }

    fn add(&mut self, path: PathBuf, wanted: usize, is_first: bool, is_named: bool) {
        if self.files.iter().any(|file| file.path() == path) {
            return;
        }
        let begin = if is_first && self.start == Start::End { Begin::End } else { Begin::Start };
        let position = path.to_str().and_then(|name| self.positions.remove(name));
        let layout = self.wanted.get(wanted).map(|wanted| wanted.layout.clone()).unwrap_or_default();
        self.files.extend(FollowedFile::new(path, wanted, begin, (is_named, !is_first), &layout, position));
    }

    /// Whether a match of a pattern is not a log that is written, but what
    /// became of one.
    fn is_left_out(&self, path: &Path) -> bool {
        let is_of = |log: &Path| is_generation(path.as_os_str().as_bytes(), log.as_os_str().as_bytes());
        is_compressed(path) || path.is_dir() || self.files.iter().any(|file| is_of(file.path()))
    }
}

impl Wanted {
    fn is_dated(&self) -> bool {
        self.name_at(0).is_some_and(|name| name != Path::new(&self.name))
    }

    /// The name of a dated one at a time; [`None`] if it is none.
    fn name_at(&self, epoch: i64) -> Option<PathBuf> {
        let zone = jiff::tz::TimeZone::system();
        let time = jiff::Timestamp::from_second(epoch).unwrap_or_default().to_zoned(zone);
        let name = bartizan_core::follow::dated::name::<PATH_MAX>(&self.name, &local_time(&time)).ok()?;
        Some(PathBuf::from(std::ffi::OsStr::from_bytes(&name)))
    }

    /// Whether a match was written last before what is wanted.
    fn is_past(&self, path: &Path, epoch: i64) -> bool {
        let Some(age) = self.age else { return false };
        let modified = path.metadata().and_then(|meta| meta.modified());
        modified.is_ok_and(|modified| epoch_of(modified) + i64::from(age) < epoch)
    }
}

fn local_time(time: &jiff::Zoned) -> bartizan_core::follow::dated::LocalTime {
    bartizan_core::follow::dated::LocalTime {
        year: time.year().unsigned_abs(),
        month: time.month().unsigned_abs(),
        day: time.day().unsigned_abs(),
        hour: time.hour().unsigned_abs(),
        minute: time.minute().unsigned_abs(),
        second: time.second().unsigned_abs(),
        weekday: time.weekday().to_sunday_zero_offset().unsigned_abs(),
        day_of_year: time.day_of_year().unsigned_abs().saturating_sub(1),
    }
}

/// Whether the name is that of a compressed file.
fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|e| COMPRESSED.iter().any(|known| e == *known))
}

#[cfg(test)]
mod tests;
