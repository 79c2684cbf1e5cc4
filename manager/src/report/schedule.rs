//! Reports that are made when their time is over, each exactly once.
//!
//! How far a report has come is written down behind the sending of it, and the
//! queue takes a text only once for a key: so a kill between the two neither
//! loses nor doubles one. Periods that ended while nothing ran are made up
//! for, [`MISSED_MAX`] of them at most; a report that is new begins with the
//! period in which it was first seen.

use super::made::Made;
use super::period::Period;
use super::{Query, mail, stored, text};
use crate::config::ScheduledReport;
use crate::database::DatabaseError;
use crate::news;
use crate::outbox::{Notice, Page, Queue};
use crate::sources::epoch_now;
use crate::store::{Reader, StoreError};
use jiff::tz::TimeZone;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use thiserror::Error;

/// Periods of one report that are made up for; earlier ones are left out.
pub const MISSED_MAX: usize = 31;

/// Seconds for which the last alerts of a period may be on their way to the
/// store.
const GRACE_S: i64 = 60;

/// Seconds after which it is looked whether a report is due: clocks are set.
const LOOK_S: u64 = 20;

/// Entries of a subject, and alerts, that a mail shows.
const ENTRIES_MAX: usize = 500;
const LOGS_MAX: usize = 500;

/// Why reports could not be made.
#[derive(Debug, Error)]
pub enum ReportError {
    /// What has been made cannot be asked or written down.
    #[error("reports.db: {0}")]
    Made(#[from] rusqlite::Error),
    /// A database cannot be used: of what has been made, or the one to which
    /// the report is handed over.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The alerts cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The report of a period as it is sent; none if there is nothing to tell.
pub fn notice(home: &Path, report: &ScheduledReport, period: Period) -> Result<Option<Notice>, ReportError> {
    let query = Query { since: Some(period.from), until: Some(period.until), ..report.query.clone() };
    let mut store = Reader::open(home)?;
    let mut summary = stored::summary(&mut store, query.clone())?;
    if summary.selected == 0 && !report.send_empty {
        return Ok(None);
    }
    summary.shorten(ENTRIES_MAX, LOGS_MAX);
    let picture = if report.graph { stored::picture(&mut store, &query)? } else { None };
    let period = period.describe(&TimeZone::system());
    let markup = mail::write(&summary, &period, picture.is_some());
    Ok(Some(Notice {
        title: report.title().to_owned(),
        text: format!("{period}\n{}", text::write(&summary)),
        html: Some(Page { markup, picture }),
    }))
}

/// Hands a report to those who get it: once for each `time`.
pub fn hand_over(
    queue: &mut Queue,
    report: &ScheduledReport,
    time: &str,
    notice: &Notice,
) -> Result<(), ReportError> {
    let to: Vec<_> = report.email_to.iter().map(String::as_str).collect();
    let key = format!("report {} {} {time}", report.title(), report.frequency.word());
    Ok(queue.notice(&to, &key, notice, epoch_now())?)
}

/// Up to when a report was made that comes regularly; none if it never was.
pub fn made_until(home: &Path, report: &ScheduledReport) -> Result<Option<i64>, ReportError> {
    Ok(Made::open(home)?.until(report.title(), report.frequency.word())?)
}

/// What is needed to make reports. Belongs to one thread.
#[derive(Debug)]
struct Desk {
    home: PathBuf,
    made: Made,
    queue: Queue,
    zone: TimeZone,
}

impl Desk {
    fn open(home: &Path) -> Result<Self, ReportError> {
        let (made, queue) = (Made::open(home)?, Queue::open(home)?);
        Ok(Self { home: home.to_owned(), made, queue, zone: TimeZone::system() })
    }

    /// Makes the report of the oldest period that is due; says whether there
    /// are more.
    fn make(&mut self, report: &ScheduledReport, now: i64) -> Result<bool, ReportError> {
        let mut due = self.due(report, now)?;
        let Some(period) = due.pop_front() else { return Ok(false) };
        if let Some(notice) = notice(&self.home, report, period)? {
            hand_over(&mut self.queue, report, &period.until.to_string(), &notice)?;
        }
        self.made.note(report.title(), report.frequency.word(), period.until)?;
        Ok(!due.is_empty())
    }

    /// Periods that are over and not made, the oldest first.
    fn due(&self, report: &ScheduledReport, now: i64) -> Result<VecDeque<Period>, ReportError> {
        let (title, frequency) = (report.title(), report.frequency);
        let begin = frequency.begin(now, &self.zone);
        let made = self.made.until(title, frequency.word())?;
        let mut due = VecDeque::new();
        // One that ends in times to come was written by a clock that was wrong.
        let ahead = frequency.period(begin, &self.zone).until;
        let Some(mut from) = made.filter(|until| *until <= ahead) else {
            self.made.note(title, frequency.word(), begin)?;
            return Ok(due);
        };
        loop {
            let period = frequency.period(from, &self.zone);
            if period.until.saturating_add(GRACE_S) > now {
                return Ok(due);
            }
            if due.len() == MISSED_MAX {
                due.pop_front();
            }
            due.push_back(period);
            from = period.until;
        }
    }
}

/// The thread that makes reports.
#[derive(Debug)]
pub struct Schedule {
    /// What is to be made from now on; gone when the thread is to end.
    reports: Option<Sender<Vec<ScheduledReport>>>,
    thread: Option<JoinHandle<()>>,
}

impl Schedule {
    /// Starts it.
    pub fn start(home: &Path, reports: Vec<ScheduledReport>) -> io::Result<Self> {
        let (sender, receiver) = channel();
        let desk = Desk::open(home).map_err(io::Error::other)?;
        let work = move || run(desk, reports, &receiver);
        let thread = thread::Builder::new().name("reports".to_owned()).spawn(work)?;
        Ok(Self { reports: Some(sender), thread: Some(thread) })
    }

    /// From now on these are made.
    pub fn configure(&self, reports: Vec<ScheduledReport>) {
        // If the thread has ended, nobody makes reports any more.
        self.reports.iter().for_each(|sender| drop(sender.send(reports.clone())));
    }

    /// Ends it, when the reports that are being made are done: of each, that of
    /// one period.
    pub fn finish(mut self) {
        self.reports = None;
        let ended = self.thread.take().map(JoinHandle::join);
        if matches!(ended, Some(Err(_))) {
            news::tell("the thread that makes reports has failed");
        }
    }
}

fn run(mut desk: Desk, mut reports: Vec<ScheduledReport>, new: &Receiver<Vec<ScheduledReport>>) {
    let mut told = String::new();
    loop {
        let mut more = false;
        for report in &reports {
            match desk.make(report, epoch_now()) {
                Ok(is_more) => more |= is_more,
                // It is tried again; the same is told once.
                Err(error) if error.to_string() == told => {}
                Err(error) => {
                    news::tell(format_args!("the report `{}` cannot be made: {error}", report.title()));
                    told = error.to_string();
                }
            }
        }
        let patience = if more { Duration::ZERO } else { Duration::from_secs(LOOK_S) };
        match new.recv_timeout(patience) {
            Ok(others) => reports = others,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests;
