//! The side that reads.

use super::StoreError;
use super::day::{self, Day, FOLDER};
use super::filter::Filter;
use super::patience::Patience;
use super::row::{Order, Seqs};
use super::search::{Search, Stop};
use crate::agents::registry::Registry;
use crate::alert::{Alert, Entry};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

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
    /// When questions are given up.
    answer_by: Option<Instant>,
}

/// What a search has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The alerts.
    pub alerts: Vec<Entry>,
    /// If time was over before all that was asked for was found: the number of
    /// the last alert that was looked at. Who goes on from there misses none.
    pub searched_to: Option<u64>,
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
            answer_by: None,
        })
    }

    /// From now on questions are given up at this time. What has no part that
    /// can be told then fails with [`StoreError::Late`]. Without a time they
    /// take as long as they take.
    pub fn answer_by(&mut self, time: Option<Instant>) {
        self.answer_by = time;
    }

    pub(super) fn patience(&self) -> Patience {
        Patience::until(self.answer_by)
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
        whole(self.look_on(seq, filter, limit)?)
    }

    /// The same, or as many of them as are found in time.
    pub fn look_on(&mut self, seq: u64, filter: &Filter, limit: usize) -> Result<Found, StoreError> {
        let committed = self.committed()?;
        if seq >= committed {
            return Ok(Found::default());
        }
        self.look(filter, seq + 1..=committed, Order::OldestFirst, limit)
    }

    /// Alerts before a number (`None`: the last), newest first, at most so many.
    pub fn page(
        &mut self,
        before: Option<u64>,
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        whole(self.look_back(before, filter, limit)?)
    }

    /// The same, or as many of them as are found in time.
    pub fn look_back(
        &mut self,
        before: Option<u64>,
        filter: &Filter,
        limit: usize,
    ) -> Result<Found, StoreError> {
        let last = self.committed()?.min(before.map_or(u64::MAX, |before| before.saturating_sub(1)));
        self.look(filter, 0..=last, Order::NewestFirst, limit)
    }

    /// Shows all committed alerts that a filter lets through, day by day, and
    /// oldest first in each.
    pub fn each(&mut self, filter: &Filter, mut show: impl FnMut(u64, &Alert<'_>)) -> Result<(), StoreError> {
        let committed = self.committed()?;
        let mut patience = self.patience();
        for part in self.parts(filter)? {
            let Some(search) = self.search(part.day)? else { continue };
            search.each(filter, 0..=committed, &mut patience, &mut show)?;
        }
        Ok(())
    }

    /// Looks for alerts with these numbers until there are so many, or time is
    /// over.
    fn look(&mut self, filter: &Filter, seqs: Seqs, order: Order, limit: usize) -> Result<Found, StoreError> {
        let mut found = Found::default();
        if limit == 0 {
            return Ok(found);
        }
        let mut stretches = stretches(&self.parts(filter)?, &seqs);
        if order == Order::NewestFirst {
            stretches.reverse();
        }
        let (mut stretches, mut patience) = (stretches.into_iter(), self.patience());
        while let Some(stretch) = stretches.next() {
            let left = limit - found.alerts.len();
            let (alerts, seqs) = self.look_at(&stretch, filter, order, &mut patience, left)?;
            found.alerts.extend(alerts);
            if found.alerts.len() >= limit {
                break;
            }
            if seqs != stretch.seqs || patience.is_over() && stretches.len() > 0 {
                found.searched_to = Some(order.last_of(&seqs));
                break;
            }
        }
        Ok(found)
    }

    /// Looks for alerts of a stretch; gives them, and the numbers of those
    /// that were looked at in all days when time was over.
    fn look_at(
        &mut self,
        stretch: &Stretch,
        filter: &Filter,
        order: Order,
        patience: &mut Patience,
        limit: usize,
    ) -> Result<(Vec<Entry>, Seqs), StoreError> {
        let (mut found, mut seqs) = (Vec::new(), stretch.seqs.clone());
        // Where days overlap, what one of them was looked at for is looked at
        // in the others, too: that is little.
        let (mut endless, mut is_late) = (Patience::default(), false);
        for day in &stretch.days {
            let Some(search) = self.search(*day)? else { continue };
            let patience = if is_late { &mut endless } else { &mut *patience };
            let mut left = limit;
            let flow = search.find(filter, seqs.clone(), order, patience, &mut |seq, alert| {
                let mut entry = Entry::new(alert);
                entry.seq = seq;
                found.push(entry);
                left -= 1;
                if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            if let ControlFlow::Break(Stop::Late(at)) = flow {
                seqs = order.up_to(&seqs, at);
                is_late = true;
            }
        }
        found.retain(|entry| seqs.contains(&entry.seq));
        order.sort(&mut found);
        found.truncate(limit);
        Ok((found, seqs))
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

/// Numbers of alerts that stand in the same days. Days overlap only where a
/// clock was set.
#[derive(Debug, PartialEq, Eq)]
struct Stretch {
    seqs: Seqs,
    days: Vec<Day>,
}

/// Numbers, cut where a day begins or ends.
fn stretches(parts: &[Part], seqs: &Seqs) -> Vec<Stretch> {
    let ends = parts.iter().flat_map(|part| [part.first, part.last.saturating_add(1)]);
    let mut cuts: BTreeSet<u64> = ends.filter(|cut| seqs.contains(cut)).collect();
    cuts.insert(*seqs.start());
    let lasts = cuts.iter().skip(1).map(|next| next - 1).chain([*seqs.end()]);
    let stretch = |(first, last): (&u64, u64)| {
        let has = |part: &&Part| part.first <= *first && part.last >= last;
        Stretch { seqs: *first..=last, days: parts.iter().filter(has).map(|part| part.day).collect() }
    };
    cuts.iter().zip(lasts).map(stretch).filter(|stretch| !stretch.days.is_empty()).collect()
}

/// What was found, if that is all.
fn whole(found: Found) -> Result<Vec<Entry>, StoreError> {
    if found.searched_to.is_some() { Err(StoreError::Late) } else { Ok(found.alerts) }
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
