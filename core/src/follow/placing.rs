//! Going back to a position: in this life, or in one that ended long ago.

use super::generation::Generation;
use super::position::{Mark, Position};
use super::siblings::{self, Age};
use super::{Disk, FileId, Followed, GENERATIONS_MAX};
use crate::time::Millis;
use heapless::Vec;

type Queue<F> = Vec<Generation<F>, GENERATIONS_MAX>;

impl<F, M: AsRef<[u8]> + AsMut<[u8]>> Followed<F, M> {
    /// Goes to the position that is committed, or the one acknowledged here if
    /// that is further on in the same file. [`None`]: nothing is committed;
    /// then reading goes on behind what was acknowledged here, or begins.
    ///
    /// To be called before the first read, and whenever what was given out may
    /// be lost. Work: as a rotation, for each file of the position.
    pub fn place<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        path: &[u8],
        now: Millis,
        position: Option<&Position>,
    ) {
        self.look(disk, path, now);
        let mine = self.acknowledged.as_ref();
        let target = match position {
            Some(position) => mine.filter(|mine| mine.is_beyond(position)).or(Some(position)),
            None => mine.or(self.origin.as_ref()),
        };
        self.is_placed = true;
        if let Some(target) = target.cloned() {
            self.go_to(disk, path, now, target);
            self.look(disk, path, now);
        }
    }

    /// Remembers that a position is committed, for a manager that knows less.
    pub fn acknowledged(&mut self, position: Position) {
        self.acknowledged = Some(position);
    }

    /// Where following stands after what was given out so far; [`None`] if
    /// there never was a file.
    pub fn position(&self) -> Option<Position> {
        if self.target.is_some() {
            return self.target.clone();
        }
        let mut marks: Vec<Mark, _> = Vec::new();
        for mark in self.queue.iter().map(|file| file.mark).chain(self.ended) {
            let _ = marks.push(mark);
        }
        let active = self.active.min(marks.len().checked_sub(1)?);
        let open = self.assembler.open();
        let high = marks.get(active)?.high;
        Some(Position { marks, active, low: open.low.unwrap_or(high).min(high), keys: open.keys })
    }

    fn go_to<D: Disk<File = F>>(&mut self, disk: &D, path: &[u8], now: Millis, target: Position) {
        let mut old = core::mem::take(&mut self.queue);
        self.assembler.reset();
        (self.active, self.target, self.ended) = (0, None, None);
        self.closed.clear();
        for (number, mark) in target.marks.iter().enumerate() {
            let found = find(disk, path, mark, &self.queue, &mut old, now);
            let age = match &found {
                Some(_) => Age::of(mark),
                None if disk.stat(path).is_ok_and(|stat| stat.id == mark.id) => Age::of_lost(mark),
                None => Age::of(mark),
            };
            if found.is_none() && number >= target.active {
                self.lose(mark);
            }
            if let Some(mut file) = found {
                file.go_to(disk, mark.high);
                if number == target.active {
                    file.go_to(disk, target.low);
                    self.active = self.queue.len();
                    self.resume(&target);
                }
                self.push(file, now);
            } else if number == target.active {
                self.active = self.queue.len();
            }
            self.youngest = Some(age);
        }
        self.keep_younger(disk, old, now);
    }

    /// Tells once that a file cannot be found.
    fn lose(&mut self, mark: &Mark) {
        self.news.lost |= self.lost != Some(*mark);
        self.lost = Some(*mark);
    }

    fn resume(&mut self, target: &Position) {
        let high = target.active_mark().high;
        if target.low < high {
            self.assembler.resume(high, &target.keys);
            self.target = Some(target.clone());
        }
    }

    /// Files that are open and younger than the position begin again.
    fn keep_younger<D: Disk<File = F>>(&mut self, disk: &D, old: Queue<F>, now: Millis) {
        for mut file in old {
            let is_younger = self.youngest.is_none_or(|age| Age::of(&file.mark).is_younger_than(age));
            if is_younger && !self.queue.is_full() && !self.is_open(file.mark.id) {
                file.begin_again(disk);
                self.push(file, now);
            }
        }
    }
}

/// The file of which a mark tells, at its beginning: one that is open, the one
/// that has the name, one of its siblings; the same file rather than a copy.
fn find<D: Disk>(
    disk: &D,
    path: &[u8],
    mark: &Mark,
    queue: &Queue<D::File>,
    old: &mut Queue<D::File>,
    now: Millis,
) -> Option<Generation<D::File>> {
    let is_same = |file: &Generation<D::File>| file.mark.id == mark.id && file.has(disk, mark);
    if let Some(at) = old.iter().position(is_same) {
        return Some(old.remove(at));
    }
    let is_taken = |id: FileId| queue.iter().any(|file| file.mark.id == id);
    let named = Generation::open(disk, path, now).ok().filter(|file| !is_taken(file.mark.id));
    if named.as_ref().is_some_and(is_same) {
        return named;
    }
    let mut sibling = siblings::with_content(disk, path, mark, &is_taken, now);
    if sibling.as_ref().is_some_and(|file| file.mark.id == mark.id) {
        return sibling;
    }
    // Numbers of devices may change with a restart of the machine.
    if mark.head.len > 0 && named.as_ref().is_some_and(|file| file.has(disk, mark)) {
        return named;
    }
    if let Some(copy) = &mut sibling {
        copy.is_copy = true;
    }
    sibling
}
