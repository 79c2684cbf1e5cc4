//! One name that is followed, and the files that have had it.
//!
//! The files stand in a queue from the oldest to the newest. They are read in
//! this order: a file only when those before it are read to their ends. Those
//! stay in the queue for a while, since their writers may not have noticed.

use super::finger::HEAD;
use super::generation::{Generation, Reading};
use super::position::{MARKS_MAX, Mark, Position};
use super::siblings::{self, Age};
use super::{Disk, FileId, GENERATIONS_MAX, Sink, Trouble};
use crate::assemble::{Assembler, Context};
use crate::time::Millis;
use heapless::{HistoryBuf, Vec};

/// How often a quiet one, or a name without a file.
pub(super) const SLOW_MS: u64 = 1_000;

/// How long a file that lost its name stays open after its last new byte, and
/// from when on a file counts as quiet.
pub(super) const QUIET_MS: u64 = 60_000;

/// Files that were read and closed and are remembered.
const CLOSED: usize = 4;

/// Where reading of a file begins that is there when following begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With its first line.
    Start,
    /// Behind the last line that it had when it was looked at first.
    End,
}

/// What a call of [`Followed::read`] leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Progress {
    /// Nothing more before the next look.
    Idle,
    /// There is more to read at once.
    More,
    /// There is more, but the sink has no room for it.
    Full,
}

/// What happened to a file, for whoever watches over it. Each is told once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// It was not there, or not readable, and is read now.
    pub appeared: bool,
    /// So many times another file took the name; all are read.
    pub rotated: u16,
    /// It was emptied; it is read from its start.
    pub truncated: bool,
    /// The name has been without a file for a while.
    pub gone: bool,
    /// Lines that were not read yet cannot be found any more.
    pub lost: bool,
    /// It cannot be read.
    pub trouble: Option<Trouble>,
}

/// A name that is followed.
#[derive(Debug)]
pub struct Followed<F, M> {
    pub(super) assembler: Assembler<M>,
    pub(super) begin: Begin,
    hold_ms: u64,
    /// The oldest first.
    pub(super) queue: Vec<Generation<F>, GENERATIONS_MAX>,
    /// Whose lines the assembler holds.
    pub(super) active: usize,
    /// What has the name.
    pub(super) named: Option<FileId>,
    /// Of the newest file that is known: what comes next is younger.
    pub(super) youngest: Option<Age>,
    /// Files that were read to their ends and closed.
    pub(super) closed: HistoryBuf<Mark, CLOSED>,
    /// What was read last, if nothing is open.
    pub(super) ended: Option<Mark>,
    /// A place left, up to which lines are read for the second time.
    pub(super) target: Option<Position>,
    /// What could not be found and was told.
    pub(super) lost: Option<Mark>,
    pub(super) origin: Option<Position>,
    pub(super) acknowledged: Option<Position>,
    pub(super) is_placed: bool,
    /// More files wait than can be open.
    pub(super) is_crowded: bool,
    /// It was there and could not be read: what it had then is old.
    pub(super) unread: Option<(FileId, u64)>,
    pub(super) news: News,
    pub(super) gone: Option<Millis>,
    pub(super) trouble: Option<Trouble>,
    pub(super) retry_ms: u64,
    pub(super) next_look: Millis,
}

impl<F, M: AsRef<[u8]> + AsMut<[u8]>> Followed<F, M> {
    /// Follows a name. Nothing is read before [`Followed::place`].
    pub fn new(begin: Begin, assembler: Assembler<M>) -> Self {
        Self {
            assembler,
            begin,
            hold_ms: u64::MAX,
            queue: Vec::new(),
            active: 0,
            named: None,
            youngest: None,
            closed: HistoryBuf::new(),
            ended: None,
            target: None,
            lost: None,
            origin: None,
            acknowledged: None,
            is_placed: false,
            is_crowded: false,
            unread: None,
            news: News::default(),
            gone: None,
            trouble: None,
            retry_ms: SLOW_MS,
            next_look: Millis(0),
        }
    }

    /// Gives out a line without LF when its file has not grown for so long.
    /// Unless this is called, it waits as long as its file has its name.
    pub fn hold(&mut self, ms: u64) {
        self.hold_ms = ms;
    }

    /// When to look and to read again, if nothing else is a reason to.
    pub fn next_look(&self) -> Millis {
        self.assembler.deadline().map_or(self.next_look, |at| at.min(self.next_look))
    }

    /// What happened since this was asked last.
    pub fn take_news(&mut self) -> News {
        core::mem::take(&mut self.news)
    }

    /// The files that are open under this name.
    pub fn files(&self) -> impl Iterator<Item = FileId> {
        self.queue.iter().map(|file| file.mark.id)
    }

    /// The last files that were read to their ends and closed, and how far
    /// they were read: see [`Disk::read_before`].
    pub fn closed(&self) -> impl Iterator<Item = (FileId, u64)> {
        self.closed.iter().map(|mark| (mark.id, mark.high))
    }

    /// For people: how far the file is read that is being read, and how many
    /// bytes are left of it.
    pub fn standing(&self) -> Option<(u64, u64)> {
        let file = self.queue.get(self.active)?;
        Some((file.mark.high, file.size.saturating_sub(file.mark.high)))
    }

    /// Whether the name has no file and none is open.
    pub fn is_over(&self) -> bool {
        self.gone.is_some() && self.queue.is_empty()
    }

    /// Reads what is new and gives its records to the sink.
    ///
    /// Work: one read of the buffer for lines, two at the end of a line that is
    /// longer than the buffer; a short one for each file of which the name is
    /// gone. A file that was truncated is looked for among its siblings, as in
    /// [`Followed::look`]. The buffer should have 16 KiB or more; what of a
    /// line does not fit into it is cut, however long it is, and counted.
    pub fn read<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        path: &[u8],
        buffer: &mut [u8],
        context: &mut Context<'_>,
        sink: &mut dyn Sink,
    ) -> Progress {
        debug_assert!(buffer.len() > 2 * HEAD);
        if !self.is_placed {
            return Progress::Idle;
        }
        let now = context.now;
        if self.target.is_none() && self.assembler.deadline().is_some_and(|at| at <= now) {
            if !has_room_for_open(&self.assembler, sink) {
                return Progress::Full;
            }
            self.assembler.tick(context, &mut |record| sink.take(record));
        }
        // What is read for the second time comes before all else.
        let mut at = if self.target.is_some() { self.active } else { 0 };
        while let Some(file) = self.queue.get(at) {
            let is_over = self.is_past(at, now);
            let is_held = file.has_grown && now >= file.moved.plus(self.hold_ms);
            let to_end = file.is_partial && !file.is_due && (is_over || is_held);
            if !file.is_due && !to_end {
                if is_over && !self.close(at, context, sink) {
                    return Progress::Full;
                }
                at += usize::from(!is_over);
                continue;
            }
            if at >= MARKS_MAX {
                (self.is_crowded, at) = (true, 0);
                continue;
            }
            match self.read_one(disk, at, buffer, to_end, context, sink) {
                Ok(Reading::Dry) => {}
                Ok(Reading::More) => return Progress::More,
                Ok(Reading::Full) => return Progress::Full,
                Ok(Reading::Replaced) => return self.replace(disk, path, at, context, sink),
                Err(trouble) => self.give_up(at, trouble),
            }
        }
        Progress::Idle
    }

    /// Whether nothing more is to be expected of a file that was read dry.
    fn is_past(&self, at: usize, now: Millis) -> bool {
        let Some(file) = self.queue.get(at) else { return false };
        let is_last = at + 1 == self.queue.len();
        if self.is_crowded && at == 0 && !is_last {
            return true;
        }
        if self.named == Some(file.mark.id) || is_last && at > 0 || is_last && self.gone.is_none() {
            return false;
        }
        file.is_copy || now >= file.moved.plus(QUIET_MS)
    }

    fn read_one<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        at: usize,
        buffer: &mut [u8],
        to_end: bool,
        context: &mut Context<'_>,
        sink: &mut dyn Sink,
    ) -> Result<Reading, Trouble> {
        let until = self.target.as_ref().map_or(u64::MAX, |target| target.active_mark().high);
        let Self { queue, assembler, active, .. } = self;
        let Some(file) = queue.get_mut(at) else { return Ok(Reading::Dry) };
        let now = context.now;
        let reading = file.read(disk, now, buffer, (to_end, until), &mut |line| {
            if *active != at {
                if !has_room_for_open(assembler, sink) {
                    return false;
                }
                assembler.finish(context, &mut |record| sink.take(record));
                *active = at;
            }
            let has_room = sink.has_room(2);
            if has_room {
                assembler.push(line, context, &mut |record| sink.take(record));
            }
            has_room
        })?;
        if file.mark.high >= until {
            // All that was known is known again.
            self.target = None;
            file.is_due = true;
            return Ok(Reading::More);
        }
        Ok(reading)
    }

    /// A file cannot be read: what is left of it may come later.
    fn give_up(&mut self, at: usize, trouble: Trouble) {
        let Some(file) = self.queue.get_mut(at) else { return };
        if !file.is_broken {
            self.news.trouble = Some(trouble);
        }
        (file.is_due, file.is_partial, file.is_broken) = (false, false, true);
    }

    /// Closes a file that was read to its end. `false`: not before the sink has
    /// room for what is open of it.
    fn close(&mut self, at: usize, context: &mut Context<'_>, sink: &mut dyn Sink) -> bool {
        if at == self.active {
            if !has_room_for_open(&self.assembler, sink) {
                return false;
            }
            self.assembler.finish(context, &mut |record| sink.take(record));
        }
        if at < self.queue.len() {
            let file = self.queue.remove(at);
            self.closed.write(file.mark);
            self.ended = self.queue.is_empty().then_some(file.mark);
        }
        self.active -= usize::from(at < self.active);
        if self.is_crowded {
            // There is room for one that waits.
            (self.is_crowded, self.next_look) = (false, context.now);
        }
        true
    }

    /// A file was truncated: what was not read of it may be in a copy.
    fn replace<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        path: &[u8],
        at: usize,
        context: &mut Context<'_>,
        sink: &mut dyn Sink,
    ) -> Progress {
        let Some(file) = self.queue.get(at) else { return Progress::Idle };
        if !has_room_for_open(&self.assembler, sink) {
            return Progress::Full;
        }
        let (mark, now) = (file.mark, context.now);
        let is_known = |file: &Generation<F>| self.is_open(file.mark.id);
        let copy = match mark.head.len {
            0 => None,
            _ => siblings::with_content(disk, path, &mark, &is_known, now),
        };
        self.news.truncated = true;
        self.news.lost |= copy.is_none() && file.size_before > mark.high;
        if copy.is_none() && at == self.active {
            self.assembler.finish(context, &mut |record| sink.take(record));
            self.target = None;
        }
        self.put_in_place(disk, at, copy, now);
        self.look(disk, path, now);
        Progress::More
    }

    /// Puts the copy of a file that was truncated before it, or nothing.
    fn put_in_place<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        at: usize,
        copy: Option<Generation<F>>,
        now: Millis,
    ) {
        let mut file = self.queue.remove(at);
        let is_last = at == self.queue.len();
        let old = file.mark;
        let has_copy = copy.is_some();
        if is_last {
            self.youngest = Some(Age::of_lost(&old));
            let anew = Mark { high: 0, head: Default::default(), ..old };
            self.ended = self.queue.is_empty().then_some(anew);
        }
        if let Some(mut copy) = copy {
            copy.go_to(disk, old.high);
            copy.is_copy = true;
            if is_last {
                self.push(copy, now);
            } else {
                let _ = self.queue.insert(at, copy);
            }
        }
        // One whose name is gone is not found again by its name.
        if !is_last && !self.queue.is_full() {
            file.begin_again(disk);
            let at = at + usize::from(has_copy);
            let _ = self.queue.insert(at, file);
            self.active += usize::from(has_copy && self.active >= at);
        }
    }
}

/// Whether what is open in an assembler fits into the sink.
fn has_room_for_open<M: AsRef<[u8]> + AsMut<[u8]>>(assembler: &Assembler<M>, sink: &dyn Sink) -> bool {
    let open = assembler.open();
    let count = open.keys.len().max(usize::from(open.low.is_some()));
    count == 0 || sink.has_room(count)
}
