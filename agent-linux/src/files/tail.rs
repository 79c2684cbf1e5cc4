//! One file that is followed, and how its records go into a batch.

use super::turns::Priority;
use crate::config::Expressions;
use crate::disk::Disk;
use crate::status::Meter;
use bartizan_core::assemble::{Assembler, Context, Record};
use bartizan_core::follow::{self, Followed, Position, Progress};
use bartizan_core::limits::RECORD_MAX;
use bartizan_core::pattern::{Matcher, NoPatterns};
use bartizan_core::time::Millis;
use bartizan_core::wire::batch::{self, Batch};
use std::os::fd::OwnedFd;

/// Bytes that an entry of a batch has beside its text, at most.
const ENTRY: usize = 32;

/// From so many bytes on a batch is sent.
pub(crate) const BATCH_TARGET: usize = 32 * 1024;

/// A file.
#[derive(Debug)]
pub(super) struct Tail {
    /// Which `<localfile>` it belongs to.
    pub(super) entry: usize,
    pub(super) path: Vec<u8>,
    pub(super) followed: Followed<OwnedFd, Box<[u8]>>,
    pub(super) expressions: Option<Expressions>,
    pub(super) priority: Priority,
    pub(super) rate: Option<Rate>,
    /// It waits for its turn.
    pub(super) is_waiting: bool,
    /// The manager has not been told where it stands, although nothing was
    /// sent: what was there before it was first seen stays unread.
    pub(super) owes_position: bool,
    /// The manager has said where it stands, in this session.
    pub(super) is_placed: bool,
    /// What stands in the way, for people.
    pub(super) trouble: Option<follow::Trouble>,
    pub(super) meter: Meter,
    /// `djb-multilog`: what stands before a text without a date.
    pub(super) program: Option<Vec<u8>>,
}

/// Records a second at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    per_second: u32,
    left: u32,
    since: Millis,
}

impl Rate {
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second, left: per_second, since: Millis(0) }
    }

    fn renew(&mut self, now: Millis) {
        if now.since(self.since) >= 1000 {
            (self.left, self.since) = (self.per_second, now);
        }
    }

    /// When there is more to have.
    pub(super) fn renewed_at(&self) -> Millis {
        self.since.plus(1000)
    }
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// All was read.
    Dry,
    /// There is more; others have their turn.
    More,
    /// There is more, but not before this time.
    Later(Millis),
    /// There is more, and the batch is full.
    BatchFull,
}

/// What a turn may use.
pub(super) struct Means<'m, 'b> {
    pub(super) batch: &'m mut Batch<'b>,
    pub(super) buffer: &'m mut [u8],
    /// Bytes that this turn may take.
    pub(super) share: usize,
    pub(super) header: &'m [u8],
    pub(super) now: Millis,
}

impl Tail {
    pub(super) fn look(&mut self, now: Millis) {
        self.followed.look(&Disk, &self.path, now);
    }

    /// Remembers what stands in the way, for the status.
    pub(super) fn notice(&mut self, news: follow::News) {
        if news.appeared || news.rotated > 0 || news.truncated {
            self.trouble = None;
        }
        if news.gone {
            self.trouble = Some(follow::Trouble::NotFound);
        }
        self.trouble = news.trouble.or(self.trouble);
    }

    /// What it does, for people.
    pub(super) fn state(&self) -> &'static str {
        match self.trouble {
            Some(follow::Trouble::NotFound) => "is not there",
            Some(follow::Trouble::Denied) => {
                "may not be read: run the agent as root or in the group of the file"
            }
            Some(follow::Trouble::NotAFile) => "is no file: pipes and devices are not followed",
            Some(follow::Trouble::Other) => "cannot be read",
            None if !self.is_placed => "waits for the manager",
            None if self.followed.position().is_none() => "is not there",
            None => "read",
        }
    }

    /// Whether nothing more comes of a name that is not wanted any more.
    pub(super) fn is_past(&self) -> bool {
        self.followed.is_over()
            || self.is_placed && !self.is_waiting && self.followed.files().next().is_none()
    }

    pub(super) fn place(&mut self, now: Millis, position: Option<&[u8]>) {
        let position = position.and_then(Position::decode);
        self.owes_position = position.is_none();
        self.is_placed = true;
        self.followed.place(&Disk, &self.path, now, position.as_ref());
    }

    /// Reads one turn into a batch and says where the file stands then. Gives
    /// the bytes taken.
    pub(super) fn read(&mut self, source: u16, means: Means<'_, '_>) -> (Turn, usize) {
        let Means { batch, buffer, share, header, now } = means;
        if let Some(rate) = &mut self.rate {
            rate.renew(now);
        }
        let start = batch.body().len();
        let mut sink = Into { batch, source, share, start, rate: self.rate.as_mut(), records: 0, bytes: 0 };
        let mut none = NoPatterns;
        let patterns: &mut dyn Matcher = match &mut self.expressions {
            Some(expressions) => expressions,
            None => &mut none,
        };
        let mut context = Context { now, header, patterns };
        let turn = loop {
            match self.followed.read(&Disk, &self.path, buffer, &mut context, &mut sink) {
                Progress::Idle => break Turn::Dry,
                Progress::Full => break sink.obstacle(2).unwrap_or(Turn::BatchFull),
                Progress::More if sink.has_turn() => {}
                Progress::More => break Turn::More,
            }
        };
        let (records, bytes) = (sink.records, sink.bytes);
        self.meter.count(records, bytes);
        if records > 0 || self.owes_position {
            self.say_position(source, batch);
        }
        (turn, batch.body().len() - start)
    }

    fn say_position(&mut self, source: u16, batch: &mut Batch<'_>) {
        let Some(position) = self.followed.position() else { return };
        // After a record there is room; without one it can wait.
        self.owes_position = batch.position(source, &position.encode()).is_err();
    }
}

/// A batch as the records of one file see it.
struct Into<'s, 'b> {
    batch: &'s mut Batch<'b>,
    source: u16,
    share: usize,
    start: usize,
    rate: Option<&'s mut Rate>,
    records: u64,
    bytes: u64,
}

impl Into<'_, '_> {
    fn has_turn(&self) -> bool {
        self.batch.body().len() - self.start < self.share
    }

    fn obstacle(&self, records: usize) -> Option<Turn> {
        let len = self.batch.body().len();
        let needed = records.saturating_sub(1) * (RECORD_MAX + ENTRY) + RECORD_MAX;
        if len >= BATCH_TARGET || self.batch.room() < needed || !self.batch.fits(RECORD_MAX) {
            return Some(Turn::BatchFull);
        }
        if let Some(rate) = &self.rate
            && rate.left == 0
        {
            return Some(Turn::Later(rate.renewed_at()));
        }
        (!self.has_turn()).then_some(Turn::More)
    }
}

impl follow::Sink for Into<'_, '_> {
    fn has_room(&self, records: usize) -> bool {
        self.obstacle(records).is_none()
    }

    fn take(&mut self, record: Record<'_>) {
        let Record { text, queue, cut, .. } = record;
        let entry = batch::Record { source: self.source, queue, age_ms: 0, cut, text };
        // There is room: it was asked for.
        let _ = self.batch.record(&entry);
        self.records += 1;
        self.bytes += text.len() as u64;
        if let Some(rate) = &mut self.rate {
            rate.left = rate.left.saturating_sub(1);
        }
    }
}

/// An assembler in memory of its own.
pub(super) fn assembler(format: bartizan_core::assemble::Format) -> Option<Assembler<Box<[u8]>>> {
    Assembler::new(format, vec![0; format.memory()].into_boxed_slice()).ok()
}
