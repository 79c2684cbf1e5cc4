//! One day, searched.

use super::StoreError;
use super::day::{self, Day};
use super::dictionary;
use super::filter::Filter;
use super::packed::{self, Kind, Place};
use super::patience::Patience;
use super::rollup::{self, HOUR_S, hour_of};
use super::row::{self, Order, Row, Rows, Seqs};
use super::words::{self, Question, Word};
use crate::alert::{Alert, Rule};
use rusqlite::{Connection, params};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;

/// Entries of the dictionary that are looked at to plan a search. A day that
/// has more is searched without that plan.
const ENTRIES_MAX: usize = 1 << 16;

/// One alert in so many is rare.
const RARE: u64 = 8;

/// A day that is open.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) connection: Connection,
    pub(super) rows: Rows,
}

/// What a filter means on a day.
struct Plan<'f> {
    filter: &'f Filter,
    /// Entries of the dictionary that fit.
    rules: Option<HashSet<u32>>,
    places: Option<HashSet<u32>>,
    words: Vec<Word>,
    question: Question,
}

impl Plan<'_> {
    /// Whether nothing can fit.
    fn is_empty(&self) -> bool {
        [&self.rules, &self.places].into_iter().flatten().any(HashSet::is_empty)
    }

    fn fits_head(&self, row: &Row<'_>) -> bool {
        let has = |set: &Option<HashSet<u32>>, id| set.as_ref().is_none_or(|set| set.contains(&id));
        self.filter.has_time(row.epoch())
            && has(&self.rules, row.head.rule)
            && has(&self.places, row.head.place)
    }

    /// Whether an alert fits whose head does.
    fn fits(&self, alert: &Alert<'_>) -> bool {
        let place =
            Place { location: alert.location, hostname: alert.hostname, program_name: alert.program_name };
        (self.rules.is_some() || self.filter.has_rule(alert.rule.as_ref()))
            && (self.places.is_some() || self.filter.has_place(&place))
            && self.filter.has_names(alert)
            && self.filter.has_words(&self.words, alert)
    }
}

/// What is shown of a search.
pub(super) type Show<'s> = dyn FnMut(u64, &Alert<'_>) -> ControlFlow<()> + 's;

/// Why a search ends before all is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It was told to.
    Told,
    /// Time is over; the number of the last row that was looked at.
    Late(u64),
}

impl Search {
    /// Opens a day; none if it has gone.
    pub(super) fn open(folder: &Path, day: Day) -> Result<Option<Self>, StoreError> {
        let Some(connection) = day::open_to_read(folder, day)? else { return Ok(None) };
        Ok(Some(Self { connection, rows: Rows::new(day) }))
    }

    pub(super) fn span(&self) -> rusqlite::Result<Option<(u64, u64)>> {
        row::span(&self.connection)
    }

    /// Shows the alerts of the day that a filter lets through, until it is
    /// told to stop or time is over.
    pub(super) fn find(
        &mut self,
        filter: &Filter,
        seqs: Seqs,
        order: Order,
        patience: &mut Patience,
        show: &mut Show<'_>,
    ) -> rusqlite::Result<ControlFlow<Stop>> {
        let plan = self.plan(filter)?;
        let seqs = self.within(filter, seqs)?;
        if plan.is_empty() || seqs.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        if plan.question.is_empty() {
            return self.look(&plan, seqs, order, patience, show);
        }
        let question = &plan.question.of_rare_terms(&self.connection)?;
        let indexed = words::indexed(&self.connection)?;
        let known = *seqs.start()..=indexed.min(*seqs.end());
        let unknown = (indexed + 1).max(*seqs.start())..=*seqs.end();
        if order == Order::OldestFirst {
            let flow = self.ask(&plan, question, known, order, patience, show)?;
            return if flow.is_break() { Ok(flow) } else { self.look(&plan, unknown, order, patience, show) };
        }
        let flow = self.look(&plan, unknown, order, patience, show)?;
        if flow.is_break() { Ok(flow) } else { self.ask(&plan, question, known, order, patience, show) }
    }

    /// Shows all alerts of the day that a filter lets through, oldest first.
    pub(super) fn each(
        &mut self,
        filter: &Filter,
        seqs: Seqs,
        patience: &mut Patience,
        show: &mut impl FnMut(u64, &Alert<'_>),
    ) -> Result<(), StoreError> {
        if patience.is_over() {
            return Err(StoreError::Late);
        }
        let flow = self.find(filter, seqs, Order::OldestFirst, patience, &mut |seq, alert| {
            show(seq, alert);
            ControlFlow::Continue(())
        })?;
        if flow.is_break() { Err(StoreError::Late) } else { Ok(()) }
    }

    /// Looks at row after row.
    fn look(
        &mut self,
        plan: &Plan<'_>,
        seqs: Seqs,
        order: Order,
        patience: &mut Patience,
        show: &mut Show<'_>,
    ) -> rusqlite::Result<ControlFlow<Stop>> {
        if seqs.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        self.rows.scan(&self.connection, seqs, order, |row| look_at(plan, row, patience, show))
    }

    /// Asks the index, and looks at what it finds.
    fn ask(
        &mut self,
        plan: &Plan<'_>,
        question: &str,
        seqs: Seqs,
        order: Order,
        patience: &mut Patience,
        show: &mut Show<'_>,
    ) -> rusqlite::Result<ControlFlow<Stop>> {
        if seqs.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        let sql = match order {
            Order::OldestFirst => {
                "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid"
            }
            Order::NewestFirst => {
                "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid DESC"
            }
        };
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query(params![question, seqs.start(), seqs.end()])?;
        while let Some(row) = found.next()? {
            let flow =
                self.rows.one(&self.connection, row.get(0)?, |row| look_at(plan, row, patience, show))?;
            if let Some(stop @ ControlFlow::Break(_)) = flow {
                return Ok(stop);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn plan<'f>(&self, filter: &'f Filter) -> rusqlite::Result<Plan<'f>> {
        let rules = filter.is_by_rule().then(|| {
            self.fitting(Kind::Rule, |entry| {
                packed::read::<Rule<'_>>(entry).is_some_and(|rule| filter.has_rule(Some(&rule)))
            })
        });
        let places = filter.is_by_place().then(|| {
            self.fitting(Kind::Place, |entry| {
                packed::read::<Place<'_>>(entry).is_some_and(|place| filter.has_place(&place))
            })
        });
        let (rules, places) = (rules.transpose()?.flatten(), places.transpose()?.flatten());
        let words = filter.words();
        let mut question = Question::default();
        for (letter, kind, set) in [('r', rollup::Kind::Rule, &rules), ('p', rollup::Kind::Place, &places)] {
            if let Some(set) = set
                && self.are_rare(kind, set)?
            {
                question.one_of(letter, set.iter().copied());
            }
        }
        for (kind, name) in [('s', &filter.srcip), ('u', &filter.user)] {
            name.iter().for_each(|name| question.name(kind, name));
        }
        words.iter().for_each(|word| question.word(word));
        Ok(Plan { filter, rules, places, words, question })
    }

    /// Entries of the dictionary that fit; none if there are too many.
    fn fitting(&self, kind: Kind, fits: impl Fn(&[u8]) -> bool) -> rusqlite::Result<Option<HashSet<u32>>> {
        let entries = dictionary::entries(&self.connection, kind, ENTRIES_MAX)?;
        let all = entries.len() < ENTRIES_MAX;
        Ok(all.then(|| entries.into_iter().filter(|(_, entry)| fits(entry)).map(|(id, _)| id).collect()))
    }

    /// Whether few of the day's alerts have one of these entries: if many do,
    /// looking at all is faster than asking for each.
    fn are_rare(&self, kind: rollup::Kind, entries: &HashSet<u32>) -> rusqlite::Result<bool> {
        let sql = "SELECT key, counts.count FROM hours CROSS JOIN counts USING (hour) WHERE kind = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut counts = statement.query([kind as u32])?;
        let (mut with, mut all) = (0, 0);
        while let Some(row) = counts.next()? {
            let count: u64 = row.get(1)?;
            all += count;
            with += if entries.contains(&row.get(0)?) { count } else { 0 };
        }
        Ok(with * RARE <= all)
    }

    /// The numbers among these of the hours that a filter asks for.
    fn within(&self, filter: &Filter, seqs: Seqs) -> rusqlite::Result<Seqs> {
        if filter.since.is_none() && filter.until.is_none() {
            return Ok(seqs);
        }
        let sql = "SELECT min(first), max(last) FROM hours WHERE hour BETWEEN ?1 AND ?2";
        let first = filter.since.map_or(i64::MIN, hour_of);
        let last = filter.until.map_or(i64::MAX, |until| until.saturating_add(HOUR_S - 1).div_euclid(HOUR_S));
        let span = self.connection.prepare_cached(sql)?.query_row([first, last], |row| {
            Ok(row.get::<_, Option<u64>>(0)?.zip(row.get::<_, Option<u64>>(1)?))
        })?;
        let (first, last) = span.unwrap_or((1, 0));
        Ok(first.max(*seqs.start())..=last.min(*seqs.end()))
    }
}

fn look_at(
    plan: &Plan<'_>,
    row: &mut Row<'_>,
    patience: &mut Patience,
    show: &mut Show<'_>,
) -> rusqlite::Result<ControlFlow<Stop>> {
    let seq = row.seq;
    let mut is_told = false;
    if plan.fits_head(row) {
        row.alert(|alert| is_told = plan.fits(alert) && show(seq, alert).is_break())?;
    }
    Ok(match () {
        () if is_told => ControlFlow::Break(Stop::Told),
        () if patience.ends_with_row() => ControlFlow::Break(Stop::Late(seq)),
        () => ControlFlow::Continue(()),
    })
}
