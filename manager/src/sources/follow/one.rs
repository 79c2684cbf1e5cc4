//! One name that is followed, and the files that have had it.

use super::open::{FileId, OpenFile, Reading, give};
use super::{HOLD, Look, TICK, rotated};
use crate::sources::access;
use crate::sources::{Arrival, News};
use std::collections::HashSet;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// How long a file that lost its name stays open after its last new byte, and
/// from when on a file counts as quiet.
const QUIET: Duration = Duration::from_secs(60);

/// How often a quiet file, or a name without a file, is looked at.
const SLOW: Duration = Duration::from_secs(1);

/// How long a name may be without a file before it is reported: between the
/// two steps of a rotation it is.
const GONE: Duration = Duration::from_secs(10);

/// The longest wait before a file that cannot be read is tried again.
const RETRY_MAX: Duration = Duration::from_secs(30);

/// Reads of one file by one look: 1 MiB.
const READS: usize = 16;

/// Files that lost the name and are still open.
const OLD_MAX: usize = 16;

/// Where to begin with the next file of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    Start,
    End,
    /// It existed and could not be read: what it had then is old.
    At(FileId, u64),
}

/// A name that is followed.
#[derive(Debug)]
pub(super) struct Followed {
    path: PathBuf,
    location: String,
    line_max: usize,
    begin: Begin,
    /// Named by the user, not matched by a pattern: waited for.
    is_named: bool,
    current: Option<OpenFile>,
    /// Files that had the name, the oldest first.
    old: Vec<OpenFile>,
    /// Generations that existed when the current file was opened.
    older: HashSet<FileId>,
    /// When the name was last known to be that of the current file.
    seen: Option<SystemTime>,
    gone: Option<Instant>,
    /// What was reported last and still holds.
    reported: Option<News>,
    next_look: Instant,
    retry: Duration,
}

impl Followed {
    pub(super) fn new(path: PathBuf, begin: Begin, is_named: bool, line_max: usize, now: Instant) -> Self {
        Self {
            location: path.display().to_string(),
            path,
            line_max,
            begin,
            is_named,
            current: None,
            old: Vec::new(),
            older: HashSet::new(),
            seen: None,
            gone: None,
            reported: None,
            next_look: now,
            retry: SLOW,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The files that are open under this name.
    pub(super) fn ids(&self) -> impl Iterator<Item = FileId> {
        self.current.iter().chain(&self.old).map(|file| file.id)
    }

    /// Whether nothing is to be expected of it: matched by a pattern, gone and
    /// read to its end.
    pub(super) fn is_over(&self) -> bool {
        !self.is_named && self.gone.is_some() && self.current.is_none() && self.old.is_empty()
    }

    /// Looks at the name if it is due. Returns whether there is more to read.
    pub(super) fn look(&mut self, look: &mut Look<'_>) -> bool {
        if look.now < self.next_look {
            return false;
        }
        let more = self.read_old(look) || self.read_name(look);
        let quiet = self.current.as_ref().is_none_or(|f| look.now >= f.moved + QUIET);
        self.next_look = match (more, &self.reported) {
            (true, _) => look.now,
            (_, Some(News::Unreadable(_))) => look.now + self.retry,
            _ if quiet && self.old.is_empty() => look.now + SLOW,
            _ => look.now + TICK,
        };
        more
    }

    fn read_name(&mut self, look: &mut Look<'_>) -> bool {
        // Taken before the look: what is born later is born behind it.
        let seen = SystemTime::now();
        let meta = match self.path.metadata() {
            Ok(meta) => meta,
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return self.without_file(look);
            }
            Err(error) => return self.trouble(&error, look),
        };
        self.gone = None;
        match &self.current {
            Some(file) if file.id == FileId::of(&meta) => {
                let more = self.read_current(&meta, look);
                self.seen = Some(seen);
                more
            }
            _ => match self.take_next(&meta, seen, look) {
                Ok(more) => more,
                Err(error) => self.trouble(&error, look),
            },
        }
    }

    /// The name has another file than before: opens it and sorts the others
    /// behind each other. They are read by the next look, in their order.
    fn take_next(&mut self, meta: &Metadata, seen: SystemTime, look: &mut Look<'_>) -> io::Result<bool> {
        let id = FileId::of(meta);
        // Whatever becomes of the new one, the old one is read to its end.
        let was_followed = self.current.is_some();
        self.old.extend(self.current.take());
        // The same file under another name is read there already.
        if look.open.contains(&id) {
            return Ok(false);
        }
        // Before the new one is opened: what is listed is older than it.
        let older = rotated::ids(&self.path);
        let opened = OpenFile::open(&self.path, self.line_max, look.now);
        let mut file = match opened {
            Ok(file) => file,
            Err(error) => {
                if self.begin == Begin::End {
                    self.begin = Begin::At(id, meta.len());
                }
                return Err(error);
            }
        };
        self.skip_old_part(&mut file, look)?;
        let between = self.find_missed(file.id, look);
        if was_followed {
            let news = News::Rotated { between };
            (look.sink)(Arrival::News(&self.location, news));
        } else if self.begin == Begin::Start || self.reported.is_some() {
            (look.sink)(Arrival::News(&self.location, News::Appeared));
        }
        look.open.insert(file.id);
        self.current = Some(file);
        self.older = older;
        self.begin = Begin::Start;
        self.seen = Some(seen);
        self.reported = None;
        self.retry = SLOW;
        Ok(true)
    }

    fn skip_old_part(&self, file: &mut OpenFile, look: &Look<'_>) -> io::Result<()> {
        match (self.begin, look.finished.position(file.id)) {
            (Begin::End, _) => file.skip_to_end(HOLD),
            (Begin::At(id, position), _) if id == file.id => file.skip_to(position),
            (_, Some(position)) => file.skip_to(position),
            _ => Ok(()),
        }
    }

    /// Files that had the name since it was last seen, and lost it again.
    fn find_missed(&mut self, new: FileId, look: &mut Look<'_>) -> usize {
        let Some(since) = self.seen else { return 0 };
        let known = |id| {
            id == new
                || self.older.contains(&id)
                || look.open.contains(&id)
                || look.finished.position(id).is_some()
        };
        let mut missed = rotated::born_since(&self.path, since, known, self.line_max, look.now);
        if let Some(last) = self.old.last() {
            // Rotation by copy and delete: the copy brings nothing new.
            missed.retain_mut(|file| !last.is_copied_in(file));
        }
        look.open.extend(missed.iter().map(|file| file.id));
        let count = missed.len();
        self.old.extend(missed);
        count
    }

    fn read_current(&mut self, meta: &Metadata, look: &mut Look<'_>) -> bool {
        let Some(file) = &mut self.current else { return false };
        if file.is_unchanged(meta) {
            flush_if_held(file, &self.location, look);
            return false;
        }
        let reading = match read_some(file, Some(meta), &self.location, look) {
            Ok(reading) => reading,
            Err(error) => return self.trouble(&error, look),
        };
        self.reported = None;
        if reading == Reading::Replaced {
            self.start_again(look);
        }
        reading != Reading::Dry
    }

    /// The file was truncated: what was not read of it may be in a copy.
    fn start_again(&mut self, look: &mut Look<'_>) {
        let Some(file) = &mut self.current else { return };
        let since = self.seen.unwrap_or(SystemTime::UNIX_EPOCH);
        if let Some(copy) = rotated::copy_of(file, &self.path, since, self.line_max, look.now) {
            look.open.insert(copy.id);
            self.old.push(copy);
        }
        file.finish_line(give(&self.location, look.epoch, look.sink));
        file.restart();
        (look.sink)(Arrival::News(&self.location, News::Truncated));
    }

    /// Reads the files that lost the name, the oldest first; closes those that
    /// have been quiet for long. Returns whether there is more to read.
    fn read_old(&mut self, look: &mut Look<'_>) -> bool {
        let mut at = 0;
        loop {
            let is_crowded = self.old.len() > OLD_MAX;
            let Some(file) = self.old.get_mut(at) else { return false };
            let reading = read_some(file, None, &self.location, look);
            if matches!(reading, Ok(Reading::More)) {
                return true;
            }
            let is_quiet = look.now >= file.moved + QUIET;
            if is_quiet || !matches!(reading, Ok(Reading::Dry)) || is_crowded {
                let file = self.old.remove(at);
                self.close(file, look);
            } else {
                flush_if_held(file, &self.location, look);
                at += 1;
            }
        }
    }

    fn close(&self, mut file: OpenFile, look: &mut Look<'_>) {
        file.finish_line(give(&self.location, look.epoch, look.sink));
        look.finished.add(file.id, file.position);
        look.open.remove(&file.id);
    }

    /// The name is that of no file: what had it may still be written.
    fn without_file(&mut self, look: &mut Look<'_>) -> bool {
        let since = *self.gone.get_or_insert(look.now);
        // What comes later is new from its first line on.
        self.begin = Begin::Start;
        let Some(file) = &mut self.current else { return false };
        let reading = read_some(file, None, &self.location, look);
        if matches!(reading, Ok(Reading::More)) {
            return true;
        }
        flush_if_held(file, &self.location, look);
        let (moved, is_late) = (file.moved, look.now >= since + GONE);
        if is_late && self.reported != Some(News::Gone) {
            self.reported = Some(News::Gone);
            (look.sink)(Arrival::News(&self.location, News::Gone));
        }
        if look.now >= since.max(moved) + QUIET
            && let Some(file) = self.current.take()
        {
            self.close(file, look);
        }
        false
    }

    /// Reports once what stands in the way; tries again, ever more slowly.
    fn trouble(&mut self, error: &io::Error, look: &mut Look<'_>) -> bool {
        let news = News::Unreadable(access::explain(&self.path, error));
        if self.reported.as_ref() == Some(&news) {
            self.retry = (self.retry * 2).min(RETRY_MAX);
        } else {
            (look.sink)(Arrival::News(&self.location, news.clone()));
            self.reported = Some(news);
        }
        false
    }
}

/// Reads a file until it is dry, but not more than one look may.
fn read_some(
    file: &mut OpenFile,
    meta: Option<&Metadata>,
    location: &str,
    look: &mut Look<'_>,
) -> io::Result<Reading> {
    for _ in 0..READS {
        let out = give(location, look.epoch, look.sink);
        let reading = file.read(look.buffer, meta, look.now, out)?;
        if reading != Reading::More {
            return Ok(reading);
        }
    }
    Ok(Reading::More)
}

/// A line whose LF does not come is handed on as it is.
fn flush_if_held(file: &mut OpenFile, location: &str, look: &mut Look<'_>) {
    if file.is_holding() && look.now >= file.moved + HOLD {
        file.finish_line(give(location, look.epoch, look.sink));
    }
}
