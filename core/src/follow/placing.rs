//! Going back to a position: in this life, or in one that ended long ago.

use super::generation::Generation;
use super::position::{Mark, Position};
use super::siblings::{self, Age};
use super::{Disk, Followed, GENERATIONS_MAX};
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
            let mut found = take_open(disk, mark, &mut old);
            if found.is_none() {
                // What follows what is open is not what follows the mark.
                old.clear();
                found = find(disk, path, mark, &self.queue, now);
            }
            if number == target.active {
                self.active = self.queue.len();
            }
            let Some(mut file) = found else {
                if number >= target.active {
                    self.lose(mark);
                }
                let is_truncated = disk.stat(path).is_ok_and(|stat| stat.id == mark.id);
                self.youngest = Some(if is_truncated { Age::of_lost(mark) } else { Age::of(mark) });
                continue;
            };
            file.date(Age::of(mark));
            file.go_to(disk, mark.high);
            if number == target.active {
                file.go_to(disk, target.low);
                self.resume(&target);
            }
            self.push(file, now);
            self.youngest = Some(Age::of(mark));
        }
        for mut file in old {
            file.go_to(disk, 0);
            self.push(file, now);
        }
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
}

/// The file of which a mark tells, if it is open; those before it are closed.
fn take_open<D: Disk>(disk: &D, mark: &Mark, old: &mut Queue<D::File>) -> Option<Generation<D::File>> {
    let is_same = |file: &Generation<D::File>| file.mark.id == mark.id && file.has(disk, mark);
    let is_copy = |file: &Generation<D::File>| file.is_copy && mark.head.len > 0 && file.has(disk, mark);
    let at = old.iter().position(is_same).or_else(|| old.iter().position(is_copy))?;
    for _ in 0..at {
        old.remove(0);
    }
    Some(old.remove(0))
}

/// The file of which a mark tells, at its beginning: the one that has the name
/// or one of its siblings; the same file rather than a copy.
fn find<D: Disk>(
    disk: &D,
    path: &[u8],
    mark: &Mark,
    queue: &Queue<D::File>,
    now: Millis,
) -> Option<Generation<D::File>> {
    let is_same = |file: &Generation<D::File>| file.mark.id == mark.id && file.has(disk, mark);
    let is_taken = |file: &Generation<D::File>| queue.iter().any(|other| other.mark.id == file.mark.id);
    let named = Generation::open(disk, path, now).ok().filter(|file| !is_taken(file));
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
