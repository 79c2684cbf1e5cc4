//! The side that reads.

use super::StoreError;
use super::day::{self, Day, FOLDER};
use super::filter::Filter;
use super::row::Order;
use super::search::Search;
use crate::agents::registry::Registry;
use crate::alert::{Alert, Entry};
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Days that are kept open.
const OPEN_MAX: usize = 8;

/// Age of a file from which its times tell whether it was changed.
const SETTLED: Duration = Duration::from_secs(2);

const DAY_S: i64 = 86_400;

/// The side that reads; any number, in any process.
#[derive(Debug)]
pub struct Reader {
    home: PathBuf,
    folder: PathBuf,
    registry: Option<Registry>,
    /// Days that are open, the one used last at the end.
    open: VecDeque<Search>,
    spans: BTreeMap<Day, Span>,
}

/// First and last number of a file, as long as its stamp is the same.
#[derive(Clone, Copy, Debug)]
struct Span {
    stamp: Stamp,
    ends: Option<(u64, u64)>,
}

/// Sizes and times of a database and of its log.
type Stamp = [Option<(u64, SystemTime)>; 2];

/// A day with the numbers of its alerts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) day: Day,
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Reader {
    /// Opens the store below a home folder. There may be none yet.
    pub fn open(home: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            home: home.to_owned(),
            folder: home.join(FOLDER),
            registry: None,
            open: VecDeque::new(),
            spans: BTreeMap::new(),
        })
    }

    /// The number of the last alert that is committed: one that will not be
    /// taken back after a kill. Without a manager that writes this down, all
    /// are. Whoever goes on from a number asks this first, and then
    /// [`after`](Self::after): if that gives less than its limit, all up to
    /// here is seen.
    pub fn committed(&mut self) -> Result<u64, StoreError> {
        if self.registry.is_none() && Registry::exists(&self.home) {
            self.registry = Some(Registry::open(&self.home)?);
        }
        if let Some(registry) = &self.registry
            && let Some(committed) = registry.stored()?
        {
            return Ok(committed);
        }
        let parts = self.parts(&Filter::default())?;
        Ok(parts.iter().map(|part| part.last).max().unwrap_or(0))
    }

    /// The number of the first alert that is still there.
    pub fn first(&mut self) -> Result<Option<u64>, StoreError> {
        Ok(self.parts(&Filter::default())?.iter().map(|part| part.first).min())
    }

    /// Committed alerts behind a number, oldest first, at most so many.
    pub fn after(&mut self, seq: u64, filter: &Filter, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let committed = self.committed()?;
        if seq >= committed {
            return Ok(Vec::new());
        }
        let mut parts = self.parts(filter)?;
        parts.retain(|part| part.last > seq);
        parts.sort_by_key(|part| part.first.max(seq + 1));
        let mut found: Vec<Entry> = Vec::new();
        for part in parts {
            // Days overlap only where a clock was set.
            if found.len() >= limit && found.last().is_none_or(|last| last.seq < part.first) {
                break;
            }
            self.collect(&part, filter, seq + 1..=committed, Order::OldestFirst, limit, &mut found)?;
            found.sort_by_key(|entry| entry.seq);
            found.truncate(limit);
        }
        Ok(found)
    }

    /// Alerts before a number (`None`: the last), newest first, at most so many.
    pub fn page(
        &mut self,
        before: Option<u64>,
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let last = self.committed()?.min(before.map_or(u64::MAX, |before| before.saturating_sub(1)));
        let mut parts = self.parts(filter)?;
        parts.retain(|part| part.first <= last);
        parts.sort_by_key(|part| std::cmp::Reverse(part.last.min(last)));
        let mut found: Vec<Entry> = Vec::new();
        for part in parts {
            if found.len() >= limit && found.last().is_none_or(|last| last.seq > part.last) {
                break;
            }
            self.collect(&part, filter, 0..=last, Order::NewestFirst, limit, &mut found)?;
            found.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
            found.truncate(limit);
        }
        Ok(found)
    }

    /// Shows all committed alerts that a filter lets through, day by day, and
    /// oldest first in each.
    pub fn each(&mut self, filter: &Filter, mut show: impl FnMut(u64, &Alert<'_>)) -> Result<(), StoreError> {
        let committed = self.committed()?;
        for part in self.parts(filter)? {
            let Some(search) = self.search(part.day)? else { continue };
            let _ = search.find(filter, 0..=committed, Order::OldestFirst, &mut |seq, alert| {
                show(seq, alert);
                ControlFlow::Continue(())
            })?;
        }
        Ok(())
    }

    fn collect(
        &mut self,
        part: &Part,
        filter: &Filter,
        seqs: super::row::Seqs,
        order: Order,
        limit: usize,
        found: &mut Vec<Entry>,
    ) -> Result<(), StoreError> {
        let Some(search) = self.search(part.day)? else { return Ok(()) };
        let mut left = limit;
        let _ = search.find(filter, seqs, order, &mut |seq, alert| {
            if left == 0 {
                return ControlFlow::Break(());
            }
            left -= 1;
            let mut entry = Entry::new(alert);
            entry.seq = seq;
            found.push(entry);
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(())
    }

    /// The days that may have alerts of the time a filter asks for, in order.
    pub(super) fn parts(&mut self, filter: &Filter) -> Result<Vec<Part>, StoreError> {
        let days = day::days(&self.folder)?;
        self.spans.retain(|day, _| days.binary_search(day).is_ok());
        self.open.retain(|open| days.binary_search(&open.rows.day).is_ok());
        // Local time is less than a day away from UTC.
        let since = filter.since.map_or(i64::MIN, |since| since.saturating_sub(2 * DAY_S));
        let until = filter.until.map_or(i64::MAX, |until| until.saturating_add(DAY_S));
        let mut parts = Vec::new();
        for day in days.into_iter().filter(|day| (since..=until).contains(&day.start())) {
            if let Some((first, last)) = self.span(day)? {
                parts.push(Part { day, first, last });
            }
        }
        Ok(parts)
    }

    /// First and last number of a day.
    fn span(&mut self, day: Day) -> Result<Option<(u64, u64)>, StoreError> {
        let stamp = stamp(&day.path(&self.folder));
        if let Some(known) = self.spans.get(&day).filter(|known| known.stamp == stamp && is_settled(&stamp)) {
            return Ok(known.ends);
        }
        let Some(search) = self.search(day)? else { return Ok(None) };
        let ends = search.span()?;
        self.spans.insert(day, Span { stamp, ends });
        Ok(ends)
    }

    /// A day, opened if need be; none if it has gone.
    pub(super) fn search(&mut self, day: Day) -> Result<Option<&mut Search>, StoreError> {
        if let Some(at) = self.open.iter().position(|open| open.rows.day == day) {
            let found = self.open.remove(at);
            self.open.extend(found);
        } else {
            let Some(search) = Search::open(&self.folder, day)? else { return Ok(None) };
            if self.open.len() >= OPEN_MAX {
                self.open.pop_front();
            }
            self.open.push_back(search);
        }
        Ok(self.open.back_mut())
    }
}

fn stamp(path: &Path) -> Stamp {
    let of = |path: &Path| {
        let file = fs::metadata(path).ok()?;
        Some((file.len(), file.modified().ok()?))
    };
    [of(path), of(&day::with_end(path, "-wal"))]
}

/// Whether a change from now on would show.
fn is_settled(stamp: &Stamp) -> bool {
    stamp.iter().flatten().all(|(_, time)| time.elapsed().is_ok_and(|age| age > SETTLED))
}
