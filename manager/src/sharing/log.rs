//! New lines of a log, from a place on, over rotations.
//!
//! Each round takes stock anew of what the log has become: `series` says which
//! files there are, `stock` what of them is new. A place is what was read of
//! each of them (`marks`). A line without an end waits for it.
//!
//! No complete line is lost or told twice by renaming, by copying and
//! truncating, by compression at any time, also while it goes on, or by kills.
//! Beyond the promise is what is written between somebody's copy and
//! truncation, and a round at that very moment of files of less than a
//! kilobyte, which may be told twice.

use super::marks;
use super::stock::Stock;
use bartizan_core::follow::{Disk, Trouble};
use jiff::civil::Date;

/// Takes lines.
pub trait Taker {
    /// Whether it takes no more now.
    fn is_full(&self) -> bool;
    /// Takes a line.
    fn take(&mut self, line: &[u8]);
}

/// How far a log was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Where the next round goes on; `None` if there never was a file.
    pub place: Option<Vec<u8>>,
    /// Lines that were not read cannot be found any more.
    pub lost: bool,
    /// Why it cannot be read.
    pub trouble: Option<Trouble>,
}

/// Hands on the lines behind a place, or all of the log, until there are no
/// more or the taker is full.
pub fn read<D: Disk>(
    disk: &D,
    today: Date,
    path: &[u8],
    place: Option<&[u8]>,
    taker: &mut dyn Taker,
) -> Reached {
    let marks = place.and_then(marks::decode);
    let mut stock = Stock::take(disk, path, today, marks.as_deref().unwrap_or_default());
    let (lost, trouble) = (stock.has_lost(), stock.trouble);
    if marks.is_none() {
        if !stock.has_log() {
            return Reached { trouble, ..Reached::default() };
        }
        stock.pass_old();
    }
    let trouble = stock.read(taker).or(trouble);
    Reached { place: Some(marks::encode(&stock.marks())), lost, trouble }
}

#[cfg(test)]
mod tests;
