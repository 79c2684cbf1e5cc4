//! One name that is followed: what core does, told in the manager's words.

use crate::pattern::Expressions;
use crate::sources::disk::LocalDisk;
use crate::sources::hints::Hints;
use crate::sources::layout::{self, Layout};
use crate::sources::{Arrival, Line, News, access};
use bartizan_core::assemble::{Assembler, Context, Format, Record};
use bartizan_core::follow::{self, Begin, Followed, Position, Progress, Trouble};
use bartizan_core::packet::merged::MERGED;
use bartizan_core::pattern::{Matcher, NoPatterns};
use bartizan_core::time::Millis;
use nix::sys::inotify::WatchDescriptor;
use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How long a line is held whose LF has not come.
const HOLD_MS: u64 = 5_000;

/// Reads of one file by one look: 1 MiB.
const READS: usize = 16;

/// What a look at one file may use.
pub(super) struct Look<'a> {
    pub(super) now: Millis,
    pub(super) epoch: i64,
    pub(super) buffer: &'a mut [u8],
    pub(super) disk: &'a LocalDisk,
    pub(super) hints: &'a Hints,
    pub(super) sink: &'a mut dyn FnMut(Arrival<'_>),
}

/// A name that is followed.
#[derive(Debug)]
pub(super) struct FollowedFile {
    path: PathBuf,
    location: String,
    /// Which of the wanted it is.
    pub(super) wanted: usize,
    /// Since when it is not wanted any more.
    pub(super) past_since: Option<Instant>,
    pub(super) followed: Followed<File, Box<[u8]>>,
    format: Format,
    expressions: Option<Expressions>,
    /// Where it stood in an earlier life.
    position: Option<Vec<u8>>,
    is_placed: bool,
    /// Where it begins is to be told, so that it is known when nothing comes.
    owes_position: bool,
    /// Named by the user, not matched by a pattern: waited for.
    is_named: bool,
    /// It was not there when following began.
    is_new: bool,
    /// It is to be looked at at once.
    has_more: bool,
    /// What hints call it.
    watch: Option<WatchDescriptor>,
}

impl FollowedFile {
    /// [`None`] if the format does not say how much memory it needs, which
    /// none does.
    pub(super) fn new(
        path: PathBuf,
        wanted: usize,
        begin: Begin,
        (is_named, is_new): (bool, bool),
        layout: &Layout,
        position: Option<Vec<u8>>,
    ) -> Option<Self> {
        let assembler: Assembler<Box<[u8]>> = layout.assembler()?;
        let mut followed = Followed::new(begin, assembler);
        followed.hold(HOLD_MS);
        Some(Self {
            location: path.display().to_string(),
            path,
            wanted,
            past_since: None,
            followed,
            format: layout.format(),
            expressions: layout.expressions(),
            owes_position: position.is_none(),
            position,
            is_placed: false,
            is_named,
            is_new,
            has_more: false,
            watch: None,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether nothing is to be expected of it: matched by a pattern, gone and
    /// read to its end.
    pub(super) fn is_over(&self) -> bool {
        !self.is_named && self.followed.is_over()
    }

    /// Looks at the name if it is due. Returns whether there is more to read.
    pub(super) fn look(&mut self, look: &mut Look<'_>) -> bool {
        if look.now < self.followed.next_look() && !self.has_more {
            return false;
        }
        // First, so that what comes behind the look is told.
        self.watch = look.hints.watch(&self.path);
        let path = self.path.as_os_str().as_bytes();
        if self.is_placed {
            self.followed.look(look.disk, path, look.now);
        } else {
            self.is_placed = true;
            let position = self.position.take().and_then(|bytes| Position::decode(&bytes));
            self.followed.place(look.disk, path, look.now, position.as_ref());
            if self.is_new && self.followed.position().is_some() {
                (look.sink)(Arrival::News(&self.location, News::Appeared));
            }
        }
        self.tell_news(look);
        self.has_more = (0..READS).all(|_| self.read(look) == Progress::More);
        self.has_more
    }

    /// It is to be looked at at once if one of these watches is its own.
    pub(super) fn heed(&mut self, told: &HashSet<WatchDescriptor>) {
        self.has_more |= self.watch.is_some_and(|watch| told.contains(&watch));
    }

    /// Reads once, hands on the records, and says where the file stands then.
    fn read(&mut self, look: &mut Look<'_>) -> Progress {
        let mut out = Out { location: &self.location, time: look.epoch, count: 0, sink: look.sink };
        let header = match self.format {
            Format::DjbMultilog => layout::header(&self.path, look.epoch),
            _ => Vec::new(),
        };
        let mut none = NoPatterns;
        let patterns: &mut dyn Matcher = match &mut self.expressions {
            Some(expressions) => expressions,
            None => &mut none,
        };
        let mut context = Context { now: look.now, header: &header, patterns };
        let path = self.path.as_os_str().as_bytes();
        let progress = self.followed.read(look.disk, path, look.buffer, &mut context, &mut out);
        let has_given = out.count > 0;
        if (has_given || self.owes_position)
            && let Some(position) = self.followed.position()
        {
            self.owes_position = false;
            (look.sink)(Arrival::Reached(&self.location, &position.encode()));
        }
        self.tell_news(look);
        progress
    }

    fn tell_news(&mut self, look: &mut Look<'_>) {
        let told = self.followed.take_news();
        // While its file is read under another name, it is not gone.
        let is_gone = told.gone && !look.disk.is_elsewhere(&self.path);
        let between = usize::from(told.rotated.saturating_sub(1));
        let news = [
            told.trouble.map(|trouble| News::Unreadable(self.explain(trouble, look.disk))),
            told.truncated.then_some(News::Truncated),
            (told.rotated > 0).then_some(News::Rotated { between }),
            told.lost.then_some(News::Lost),
            is_gone.then_some(News::Gone),
            told.appeared.then_some(News::Appeared),
        ];
        for news in news.into_iter().flatten() {
            (look.sink)(Arrival::News(&self.location, news));
        }
    }

    fn explain(&self, trouble: Trouble, disk: &LocalDisk) -> String {
        let error = match trouble {
            Trouble::Denied => io::ErrorKind::PermissionDenied.into(),
            _ => disk.take_error(),
        };
        access::explain(&self.path, &error)
    }
}

/// Hands records on. There is always room: a sink that has none waits.
struct Out<'a> {
    location: &'a str,
    time: i64,
    count: usize,
    sink: &'a mut dyn FnMut(Arrival<'_>),
}

impl follow::Sink for Out<'_> {
    fn has_room(&self, _records: usize) -> bool {
        true
    }

    fn take(&mut self, record: Record<'_>) {
        let Self { location, time, .. } = *self;
        self.count += 1;
        let Record { text: bytes, queue, cut, .. } = record;
        let (is_merged, cut) = (queue & MERGED != 0, cut.into());
        (self.sink)(Arrival::Line(Line { location, bytes, is_merged, cut, time }));
    }
}
