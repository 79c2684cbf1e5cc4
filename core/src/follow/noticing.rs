//! What a look at the name shows: growth, rotation, loss.

use super::followed::{Begin, Followed, QUIET_MS, SLOW_MS};
use super::generation::Generation;
use super::siblings::{self, Age};
use super::{Disk, FileId, GENERATIONS_MAX, Stat, Trouble};
use crate::time::Millis;

/// How often a file is looked at.
const TICK_MS: u64 = 250;

/// How long a name may be without a file before it is reported: between the
/// two steps of a rotation it is.
const GONE_MS: u64 = 10_000;

/// The longest wait before a file that cannot be read is tried again.
const RETRY_MAX_MS: u64 = 30_000;

impl<F, M: AsRef<[u8]> + AsMut<[u8]>> Followed<F, M> {
    /// Looks at the name: notices growth, rotation and loss, opens what is new.
    ///
    /// Work: one stat. Whenever another file has the name, the folder is listed
    /// up to [`SIBLINGS_MAX`](crate::limits::SIBLINGS_MAX) files, at most four
    /// times for each file that is opened.
    pub fn look<D: Disk<File = F>>(&mut self, disk: &D, path: &[u8], now: Millis) {
        match disk.stat(path) {
            Ok(stat) => self.see(disk, path, &stat, now),
            Err(Trouble::NotFound) => self.miss(now),
            Err(trouble) => self.report(trouble),
        }
        let named = self.named;
        for file in self.queue.iter_mut().filter(|file| Some(file.mark.id) != named) {
            file.is_due = true;
        }
        let moved = self.queue.last().map_or(Millis(0), |file| file.moved);
        let is_quiet = self.queue.len() < 2 && now >= moved.plus(QUIET_MS);
        self.next_look = now.plus(match self.trouble {
            Some(_) => self.retry_ms,
            None if is_quiet => SLOW_MS,
            None => TICK_MS,
        });
    }

    /// The name has a file.
    fn see<D: Disk<File = F>>(&mut self, disk: &D, path: &[u8], stat: &Stat, now: Millis) {
        if let Some(at) = self.queue.iter().position(|file| file.mark.id == stat.id) {
            self.named = Some(stat.id);
            (self.gone, self.trouble) = (None, None);
            let is_last = at + 1 == self.queue.len();
            if let Some(file) = self.queue.get_mut(at) {
                file.notice(disk, stat, now);
                if is_last {
                    self.youngest = Some(Age::of(&file.mark));
                }
            }
            return;
        }
        let taken = match self.youngest {
            None => self.take_first(disk, path, stat, now),
            Some(youngest) => self.take_next(disk, path, stat, youngest, now),
        };
        if let Err(trouble) = taken {
            self.report(trouble);
        }
    }

    /// The first file of this name.
    fn take_first<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        path: &[u8],
        stat: &Stat,
        now: Millis,
    ) -> Result<(), Trouble> {
        if self.begin == Begin::End && self.unread.is_none() {
            self.unread = Some((stat.id, stat.size));
        }
        let mut file = Generation::open(disk, path, now)?;
        if let Some((_, size)) = self.unread.take().filter(|(id, _)| *id == file.mark.id) {
            file.go_to_end(disk, size.min(file.size));
        }
        if let Some(high) = disk.read_before(file.mark.id) {
            file.go_to(disk, high.min(file.size));
        }
        self.news.appeared |= self.gone.is_some() || self.trouble.is_some();
        self.take_named(file, now);
        self.origin = self.position();
        Ok(())
    }

    /// Another file has the name: takes it, and those that had it in between.
    fn take_next<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        path: &[u8],
        stat: &Stat,
        mut youngest: Age,
        now: Millis,
    ) -> Result<(), Trouble> {
        let had_name = self.named.take().is_some_and(|id| id != stat.id);
        for _ in 0..GENERATIONS_MAX {
            let is_known = |file: &Generation<F>| {
                let id = file.mark.id;
                id == stat.id || self.is_open(id) || self.closed.iter().any(|mark| file.is_again(disk, mark))
            };
            let Some(mut file) = siblings::next(disk, path, youngest, &is_known, now) else { break };
            youngest = Age::of(&file.mark).after(youngest);
            file.date(youngest);
            // Rotation by copy and delete: the copy brings nothing new.
            let last = self.queue.last().filter(|last| file.size >= last.mark.high);
            if last.is_some_and(|last| last.is_same_as(disk, &file)) {
                self.closed.write(file.mark);
            } else if self.queue.is_full() {
                self.is_crowded = true;
                return Ok(());
            } else {
                self.news.rotated = self.news.rotated.saturating_add(1);
                self.push(file, now);
            }
        }
        // Unless it has moved on while the folder was listed.
        let mut file = Generation::open(disk, path, now)?;
        self.is_crowded = self.queue.is_full();
        if file.mark.id != stat.id || self.is_crowded {
            return Ok(());
        }
        let again = self.closed.iter().find(|mark| file.is_again(disk, mark)).map(|mark| mark.high);
        if let Some(high) = again.or_else(|| disk.read_before(stat.id)) {
            file.go_to(disk, high.min(file.size));
        }
        match self.gone.is_some() && self.queue.is_empty() || self.trouble.is_some() {
            true => self.news.appeared = true,
            false if had_name || self.gone.is_some() => {
                self.news.rotated = self.news.rotated.saturating_add(1);
            }
            false => {}
        }
        self.take_named(file, now);
        Ok(())
    }

    /// Puts the file in the queue that has the name now.
    fn take_named(&mut self, file: Generation<F>, now: Millis) {
        self.named = Some(file.mark.id);
        (self.gone, self.trouble, self.retry_ms) = (None, None, SLOW_MS);
        self.push(file, now);
    }

    /// Puts the youngest file in the queue, which has room.
    pub(super) fn push(&mut self, file: Generation<F>, now: Millis) {
        if let Some(last) = self.queue.last_mut() {
            last.moved = now;
        }
        self.youngest = Some(Age::of(&file.mark));
        self.ended = None;
        let _ = self.queue.push(file);
    }

    pub(super) fn is_open(&self, id: FileId) -> bool {
        self.queue.iter().any(|file| file.mark.id == id)
    }

    /// The name has no file: what had it may still be written.
    fn miss(&mut self, now: Millis) {
        self.named = None;
        (self.begin, self.unread) = (Begin::Start, None);
        let was_there = self.gone.is_none();
        let since = *self.gone.get_or_insert(now);
        if was_there && let Some(last) = self.queue.last_mut() {
            last.moved = now;
        }
        if now >= since.plus(GONE_MS) && self.trouble != Some(Trouble::NotFound) && !self.queue.is_empty() {
            self.trouble = Some(Trouble::NotFound);
            self.retry_ms = SLOW_MS;
            self.news.gone = true;
        }
    }

    /// Tells once what stands in the way; tries again, ever more slowly.
    pub(super) fn report(&mut self, trouble: Trouble) {
        if self.trouble == Some(trouble) {
            self.retry_ms = (self.retry_ms * 2).min(RETRY_MAX_MS);
        } else {
            (self.trouble, self.news.trouble, self.retry_ms) = (Some(trouble), Some(trouble), SLOW_MS);
        }
    }
}
