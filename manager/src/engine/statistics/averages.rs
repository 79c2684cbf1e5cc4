//! What is usual at each hour of a day: 24 averages and the number of days
//! they were learned from, each in a file of its own that holds one number,
//! as OSSEC 4.3 has them.

use super::{read_state, replace};
use std::io;
use std::path::PathBuf;

/// Index of the number of days, behind those of the hours.
const DAYS: usize = 24;

/// The largest number that OSSEC reads back.
const NUMBER_MAX: u64 = i32::MAX as u64;

/// Bytes of a file that may be a number.
const FILE_MAX: u64 = 32;

/// Days beyond which a new one counts no less.
const WEIGHT_MAX: u32 = 7;

/// Averages of one kind of day.
#[derive(Debug)]
pub(super) struct Averages {
    folder: PathBuf,
    numbers: [u32; DAYS + 1],
    /// Which numbers the files do not have yet.
    unsaved: [bool; DAYS + 1],
}

impl Averages {
    /// Nothing learned.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, numbers: [0; DAYS + 1], unsaved: [false; DAYS + 1] }
    }

    /// Reads the files; those missing or garbled are zero.
    pub(super) fn load(&mut self) -> io::Result<()> {
        for (index, number) in self.numbers.iter_mut().enumerate() {
            let bytes = read_state(&self.folder.join(index.to_string()), FILE_MAX)?;
            *number = parse(&bytes).unwrap_or(0);
        }
        Ok(())
    }

    /// Days learned from.
    pub(super) fn days(&self) -> u32 {
        self.numbers[DAYS]
    }

    /// The average of an hour, if something is known about it.
    pub(super) fn at(&self, hour: usize) -> Option<u32> {
        self.numbers[..DAYS].get(hour).copied().filter(|average| *average != 0)
    }

    /// Learns from the events of a day; faster if they were too many
    /// (`noisy`). An hour without events teaches nothing.
    pub(super) fn learn(&mut self, counted: &[u32; DAYS], noisy: bool) {
        let days = self.days().min(WEIGHT_MAX);
        for (hour, &count) in counted.iter().enumerate().filter(|(_, count)| **count > 0) {
            self.set(hour, learned(self.numbers[hour], count, days, noisy));
        }
        self.set(DAYS, u64::from(self.days()) + 1);
    }

    fn set(&mut self, index: usize, number: u64) {
        self.numbers[index] = number.min(NUMBER_MAX) as u32;
        self.unsaved[index] = true;
    }

    /// Writes what has changed. All files are tried; the first error is told
    /// and what failed is tried again the next time.
    pub(super) fn save(&mut self) -> io::Result<()> {
        let mut result = Ok(());
        for (index, unsaved) in self.unsaved.iter_mut().enumerate().filter(|(_, unsaved)| **unsaved) {
            let written =
                replace(&self.folder.join(index.to_string()), self.numbers[index].to_string().as_bytes());
            *unsaved = written.is_err();
            result = result.and(written);
        }
        result
    }
}

/// The new average of an hour (OSSEC 4.3). The constants let averages grow by
/// themselves, so that an hour of few events is not soon unusual.
fn learned(average: u32, count: u32, days: u32, noisy: bool) -> u64 {
    let [average, count, days] = [average, count, days].map(u64::from);
    match (average, noisy) {
        (0, _) => count + 20,
        (_, true) => (3 * count + days * average) / (days + 3) + 25,
        (_, false) => (count + days * average) / (days + 1) + 5,
    }
}

fn parse(bytes: &[u8]) -> Option<u32> {
    let number: u32 = str::from_utf8(bytes).ok()?.trim().parse().ok()?;
    (u64::from(number) <= NUMBER_MAX).then_some(number)
}
