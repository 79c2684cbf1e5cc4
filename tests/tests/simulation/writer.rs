//! A program that writes a log, and what rotates it.

use crate::random::Random;
use bartizan_core::follow::memory::{MemoryDisk, MemoryFile};

/// Rotations of one file: as many as its generations are found again.
const ROTATIONS_MAX: usize = 3;

/// How a log is rotated.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Rename,
    CopyAndTruncate,
}

pub(crate) struct Writer {
    pub(crate) path: String,
    /// Whole lines that were written.
    pub(crate) written: usize,
    handle: MemoryFile,
    way: Way,
    rotations: usize,
    /// The second half of a line is still to be written.
    is_half: bool,
}

impl Writer {
    pub(crate) fn new(path: String, disk: &MemoryDisk, random: &mut Random) -> Self {
        let way = if random.percent(50) { Way::Rename } else { Way::CopyAndTruncate };
        let handle = disk.writer(path.as_bytes());
        let mut writer = Self { path, written: 0, handle, way, rotations: 0, is_half: false };
        writer.line(disk, random);
        writer
    }

    /// Some lines, or a part of one.
    pub(crate) fn write(&mut self, disk: &MemoryDisk, random: &mut Random) {
        for _ in 0..1 + random.skewed(30) {
            self.line(disk, random);
        }
        if random.percent(10) {
            disk.write(&self.handle, format!("{} {} ", self.path, self.written).as_bytes());
            self.is_half = true;
        }
    }

    fn line(&mut self, disk: &MemoryDisk, random: &mut Random) {
        let mut text = String::new();
        if !self.is_half {
            text = format!("{} {} ", self.path, self.written);
        }
        text.extend(std::iter::repeat_n('x', random.skewed(2000) as usize));
        text.push('\n');
        disk.write(&self.handle, text.as_bytes());
        self.is_half = false;
        self.written += 1;
    }

    /// Ends what was begun.
    pub(crate) fn finish(&mut self, disk: &MemoryDisk, random: &mut Random) {
        if self.is_half {
            self.line(disk, random);
        }
    }

    /// Rotates, if there is still a generation for it. After a renaming the
    /// program goes on in the old file until [`Writer::reopen`].
    pub(crate) fn rotate(&mut self, disk: &MemoryDisk, random: &mut Random) {
        if self.rotations == ROTATIONS_MAX {
            return;
        }
        self.rotations += 1;
        self.reopen(disk, random);
        let generation = |number: usize| format!("{}.{number}", self.path).into_bytes();
        for number in (1..=ROTATIONS_MAX).rev().filter(|number| disk.has(&generation(*number))) {
            disk.rename(&generation(number), &generation(number + 1));
        }
        let path = self.path.clone().into_bytes();
        match self.way {
            Way::Rename => {
                disk.rename(&path, &generation(1));
                disk.writer(&path);
            }
            Way::CopyAndTruncate => {
                disk.copy(&path, &generation(1));
                disk.truncate(&path, 0);
                self.line(disk, random);
            }
        }
    }

    /// The program notices that its file has another name.
    pub(crate) fn reopen(&mut self, disk: &MemoryDisk, random: &mut Random) {
        self.finish(disk, random);
        self.handle = disk.writer(self.path.as_bytes());
    }
}
