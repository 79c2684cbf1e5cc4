//! Old days go.

use super::StoreError;
use super::appender::Appender;
use std::fmt::{self, Display};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days that have alerts, today among them. It is such days that count,
    /// so that a clock that was wrong for a moment removes nothing.
    pub days: u32,
    /// Bytes on disk of all days.
    pub bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { days: 90, bytes: 10 << 30 }
    }
}

impl Retention {
    fn is_exceeded(&self, days: usize, bytes: u64) -> bool {
        days as u64 > self.days.into() || bytes > self.bytes
    }

    fn half_more(&self) -> Self {
        Self {
            days: self.days.saturating_add(self.days / 2),
            bytes: self.bytes.saturating_add(self.bytes / 2),
        }
    }
}

/// What others still need of the store: it keeps days longer for them, up to
/// half as long and half as much again as [`Retention`] says.
#[derive(Clone, Debug)]
pub struct Needed(Arc<AtomicU64>);

impl Default for Needed {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(u64::MAX)))
    }
}

impl Needed {
    /// Alerts behind this number are needed; `u64::MAX`: none is.
    pub fn behind(&self, seq: u64) {
        self.0.store(seq, Relaxed);
    }

    fn seq(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A day that was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Which, as `2026-11-21`.
    pub day: String,
    /// Its bytes on disk.
    pub bytes: u64,
    /// The number of its last alert.
    pub last: u64,
    /// Whether it had alerts that were [`Needed`].
    pub was_needed: bool,
}

impl Display for Dropped {
    /// As it is told.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the alerts of {} were removed from the store ({} KiB)", self.day, self.bytes / 1024)?;
        if self.was_needed { f.write_str(", though not all of them were sent everywhere") } else { Ok(()) }
    }
}

impl Appender {
    /// Removes the oldest days until what is left is as little as asked for.
    /// The last day stays in any case.
    pub fn keep(&mut self, retention: Retention, needed: &Needed) -> Result<Vec<Dropped>, StoreError> {
        let sizes = self.sizes()?;
        let mut total: u64 = sizes.iter().map(|(_, size)| size).sum();
        let mut days = sizes.len();
        let longer = retention.half_more();
        let mut dropped = Vec::new();
        while let Some((day, bytes)) = sizes.get(dropped.len()).copied().filter(|_| days > 1) {
            if !retention.is_exceeded(days, total) {
                break;
            }
            let last = self.last_of(day)?;
            let was_needed = last > needed.seq();
            if was_needed && !longer.is_exceeded(days, total) {
                break;
            }
            self.remove(day)?;
            (days, total) = (days - 1, total - bytes);
            dropped.push(Dropped { day: day.to_string(), bytes, last, was_needed });
        }
        Ok(dropped)
    }
}
