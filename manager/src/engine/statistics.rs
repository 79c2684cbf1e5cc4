//! How many events an hour has, how many are usual, and an alert when there
//! are far more.
//!
//! Counters of hours and of weekdays' hours are learned from once a day and
//! then begin again; the averages live in the files that OSSEC 4.3 keeps
//! them in, so a home folder can move over. What happened in each hour is
//! appended to the day's file of totals. Time is that of the events alone.
//!
//! Promises: a count is not lost by an orderly restart (counters of the
//! running day are kept beside the averages); a state file that is garbled
//! counts as absent; a time that steps back a little ends no hour twice.
//! Memory is one entry for each rule that fired within the hour. An event
//! costs a few additions and comparisons; the end of an hour some small
//! files.
//!
//! | room | what |
//! |---|---|
//! | `averages` | what is usual: limits, learning, files |
//! | `running` | counters of the day and hour that are running |

mod averages;
mod running;
#[cfg(test)]
mod tests;

use crate::outputs::clock::{LocalTime, MONTHS};
use averages::Averages;
use running::Running;
use serde::{Deserialize, Serialize};
use std::array;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Days that must have been learned from before anything is unusual.
const DAYS_LEARNED_MIN: u32 = 3;

/// Alerts of one day. A day that reached them is learned from faster.
const ALERTS_MAX: u32 = 3;

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Id of the rule whose alert says that an hour is unusual.
pub const RULE: u32 = 11;

/// When a number of events is unusual, and how grave that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatisticsOptions {
    /// Level of the alert (`stats`); 0 switches statistics off.
    pub level: u16,
    /// Percent above the average where the limit lies (`stats_percent_diff`).
    pub percent_diff: u32,
    /// Events that the limit lies above the average at least
    /// (`stats_mindiff`).
    pub min_diff: u32,
    /// Events that the limit lies above the average at most
    /// (`stats_maxdiff`).
    pub max_diff: u32,
}

impl Default for StatisticsOptions {
    /// OSSEC 4.3's defaults.
    fn default() -> Self {
        Self { level: 4, percent_diff: 150, min_diff: 1250, max_diff: 999_000 }
    }
}

impl StatisticsOptions {
    /// The number of events that is still usual where `average` is the
    /// average; never below it.
    pub fn limit(&self, average: u32) -> u64 {
        let average = u64::from(average);
        let (min, max) = (u64::from(self.min_diff), u64::from(self.max_diff));
        let above = average * u64::from(self.percent_diff) / 100 + 1;
        // Not a clamp: with a lower limit above the upper one, the lower one
        // holds, as in OSSEC 4.3.
        average + if above < min { min } else { above.min(max) }
    }
}

/// An hour of a local day. Ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Hour {
    year: i32,
    month: u8,
    day: u8,
    /// 0 to 23.
    hour: u8,
    /// Sunday = 0, to 6.
    weekday: u8,
}

impl Hour {
    fn of(time: &LocalTime) -> Self {
        let hour = (time.second / 3600).min(23) as u8;
        Self { year: time.year, month: time.month, day: time.day, hour, weekday: time.weekday % 7 }
    }

    fn is_of_same_day(&self, other: &Self) -> bool {
        (self.year, self.month, self.day) == (other.year, other.month, other.day)
    }

    /// As an index.
    fn number(&self) -> usize {
        usize::from(self.hour)
    }

    /// As an index.
    fn weekday(&self) -> usize {
        usize::from(self.weekday)
    }

    fn month_name(&self) -> &'static str {
        MONTHS.get(usize::from(self.month).wrapping_sub(1)).copied().unwrap_or("Jan")
    }
}

/// Counts events and tells when there are too many.
#[derive(Debug)]
pub struct Statistics {
    options: StatisticsOptions,
    folder: PathBuf,
    /// What is usual at each hour.
    daily: Averages,
    /// What is usual at each hour of each weekday, Sunday first.
    weekly: [Averages; 7],
    running: Running,
}

impl Statistics {
    /// Reads what has been learned from a folder (`HOME/stats`). A folder or
    /// file that is missing is nothing learned; so is a file whose content is
    /// not understood. Nothing is created before the first hour has ended.
    ///
    /// # Errors
    /// A file is there and cannot be read: going on would overwrite it.
    pub fn open(folder: &Path, options: StatisticsOptions) -> io::Result<Self> {
        let weekly = |day: usize| folder.join("weekly-average").join(day.to_string());
        let mut statistics = Self {
            options,
            folder: folder.to_owned(),
            daily: Averages::new(folder.join("hourly-average")),
            weekly: array::from_fn(|day| Averages::new(weekly(day))),
            running: Running::default(),
        };
        if statistics.is_on() {
            statistics.daily.load()?;
            statistics.weekly.iter_mut().try_for_each(Averages::load)?;
            statistics.running = Running::load(folder)?;
        }
        Ok(statistics)
    }

    fn is_on(&self) -> bool {
        self.options.level != 0
    }

    /// Counts an event that is analysed, at its local time. If it begins
    /// another hour, the totals of the last one are written, and averages if
    /// the day is over. Tells when the hour has become unusual: once an hour,
    /// three times a day; what is given is the log of the alert.
    ///
    /// # Errors
    /// Not all files could be written. The event has been counted all the
    /// same, and averages are written again at the end of the next hour; so
    /// the caller may report the error and go on.
    pub fn event(&mut self, time: &LocalTime) -> io::Result<Option<String>> {
        if !self.is_on() {
            return Ok(None);
        }
        let ended = self.arrive(Hour::of(time));
        self.running.count_event();
        ended?;
        Ok(self.excess())
    }

    /// Counts that the current event fired a rule, whatever its level. To be
    /// called after [`event`](Self::event).
    pub fn rule_fired(&mut self, id: u32, level: u16) {
        if self.is_on() {
            self.running.count_rule(id, level);
        }
    }

    /// Counts that the current event is one of a packet filter.
    pub fn firewall_event(&mut self) {
        self.running.firewall += 1;
    }

    /// Counts that the current event is one of file integrity.
    pub fn syscheck_event(&mut self) {
        self.running.syscheck += 1;
    }

    /// Writes the counters of the day and hour that are running, so that a
    /// restart goes on from them. Done at the end of each hour and on drop.
    ///
    /// # Errors
    /// They could not be written.
    pub fn save(&mut self) -> io::Result<()> {
        if self.is_on() { self.running.save(&self.folder) } else { Ok(()) }
    }

    /// Turns to the hour of an event.
    fn arrive(&mut self, at: Hour) -> io::Result<()> {
        let Some(last) = self.running.turn_to(at) else { return Ok(()) };
        let mut totals = String::new();
        self.running.end_hour(&last, &mut totals);
        // QUIRK: days without any event are not learned from, as in OSSEC
        // 4.3. Different from it, a day that ends at the hour at which the
        // next event comes does end.
        if !last.is_of_same_day(&at) {
            self.learn();
            self.running.end_day(&mut totals);
        }
        // All are tried; the first error is told.
        let appended = append_totals(&self.folder, &last, &totals);
        appended.and(self.save_averages()).and(self.save())
    }

    /// Learns from the day.
    fn learn(&mut self) {
        let noisy = self.running.alerts_today >= ALERTS_MAX;
        self.daily.learn(&self.running.day, noisy);
        // QUIRK: every weekday counts every day as one it has learned from,
        // as in OSSEC 4.3; averages that people bring along are weighed so.
        for (averages, counted) in self.weekly.iter_mut().zip(&self.running.week) {
            averages.learn(counted, noisy);
        }
    }

    fn save_averages(&mut self) -> io::Result<()> {
        let daily = self.daily.save();
        self.weekly.iter_mut().fold(daily, |result, averages| result.and(averages.save()))
    }

    /// Whether the hour has just become unusual.
    fn excess(&mut self) -> Option<String> {
        let now = self.running.hour?;
        let running = &self.running;
        let quiet = running.alerts_today >= ALERTS_MAX || running.alerted == Some(now);
        if quiet || self.daily.days() < DAYS_LEARNED_MIN {
            return None;
        }
        let excess = self.above_day(&now).or_else(|| self.above_weekday(&now))?;
        self.running.alerts_today += 1;
        self.running.alerted = Some(now);
        Some(excess)
    }

    fn above_day(&self, now: &Hour) -> Option<String> {
        let reached = self.running.day[now.number()];
        let average = self.exceeded(&self.daily, now, reached)?;
        Some(excess_text(now.hour, None, average, reached))
    }

    fn above_weekday(&self, now: &Hour) -> Option<String> {
        let averages = &self.weekly[now.weekday()];
        if averages.days() < DAYS_LEARNED_MIN {
            return None;
        }
        let reached = self.running.week[now.weekday()][now.number()];
        let average = self.exceeded(averages, now, reached)?;
        let weekday = Some(WEEKDAYS[now.weekday()]);
        Some(excess_text(now.hour, weekday, average, reached))
    }

    /// The average, if one is known and too many events are above it.
    fn exceeded(&self, averages: &Averages, now: &Hour, reached: u32) -> Option<u32> {
        let average = averages.at(now.number())?;
        (u64::from(reached) > self.options.limit(average)).then_some(average)
    }
}

/// The log of the alert about an unusual hour, in OSSEC 4.3's words.
fn excess_text(hour: u8, weekday: Option<&str>, average: u32, reached: u32) -> String {
    let on = weekday.map_or_else(String::new, |weekday| format!(" on {weekday}"));
    let next = hour + 1;
    format!(
        "The average number of logs between {hour}:00 and {next}:00{on} is {average}. We reached {reached}."
    )
}

impl Drop for Statistics {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure; hours have saved before.
        let _ = self.save();
    }
}

/// Appends to the totals of a day: `totals/2026/Nov/ossec-totals-21.log`.
fn append_totals(folder: &Path, of: &Hour, text: &str) -> io::Result<()> {
    let folder = folder.join("totals").join(of.year.to_string()).join(of.month_name());
    let path = folder.join(format!("ossec-totals-{:02}.log", of.day));
    let append = || {
        fs::create_dir_all(&folder)?;
        OpenOptions::new().create(true).append(true).open(&path)?.write_all(text.as_bytes())
    };
    append().map_err(|error| about(&path, &error))
}

/// Puts a new file in the place of an old one in one step.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(path))?;
        fs::write(&new, text)?;
        fs::rename(&new, path)
    };
    write().map_err(|error| about(path, &error))
}

/// The content of a state file, up to a size. What is missing, too large or
/// no file at all is empty.
fn read_state(path: &Path, size_max: u64) -> io::Result<Vec<u8>> {
    let read = || match fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() <= size_max => fs::read(path),
        Ok(_) => Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    read().map_err(|error| about(path, &error))
}

/// An error that says where.
fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("statistics file {}: {error}", path.display()))
}
