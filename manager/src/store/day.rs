//! One file a day: names, tables, and what a connection needs.

use super::StoreError;
use crate::database::{self, DatabaseError};
use crate::outputs::clock::LocalTime;
use jiff::civil;
use rusqlite::{Connection, OpenFlags};
use std::fmt::{self, Display};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of the store in the home folder.
pub(super) const FOLDER: &str = "store";

/// Files that SQLite keeps beside a database while it is open.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// What changes a file from one version to the next.
///
/// * `alerts`: one row an alert, see [`packed`](super::packed).
/// * `dictionary`: what comes again: rules, places, shapes.
/// * `hours`, `counts`: roll-ups by hours since 1970.
/// * `words`: the index, see [`words`](super::words). It holds no text and no
///   positions: which rows may have a word, the rows themselves then tell.
/// * `indexed`: the last row that is in it.
const STEPS: [&str; 1] = ["
CREATE TABLE alerts (seq INTEGER PRIMARY KEY, alert BLOB NOT NULL);
CREATE TABLE dictionary (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, entry BLOB NOT NULL);
CREATE TABLE hours (
  hour INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL
);
CREATE TABLE counts (
  hour INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  key NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (hour, kind, key)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(
  document, content='', detail='none', columnsize=0, tokenize=\"ascii tokenchars '=._:-/'\"
);
CREATE TABLE indexed (id INTEGER PRIMARY KEY CHECK (id = 0), seq INTEGER NOT NULL);
INSERT INTO indexed (id, seq) VALUES (0, 0);
"];

/// The local date of alerts, which names their file. Dates that cannot be are
/// cut to the next that can, so that every alert has a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Day(civil::Date);

impl Day {
    pub(super) fn of(time: &LocalTime) -> Self {
        let year = time.year.clamp(1, 9999) as i16;
        let month = time.month.clamp(1, 12) as i8;
        let day = time.day.clamp(1, 28.max(time.day.min(31))) as i8;
        let date = civil::Date::new(year, month, day).or_else(|_| civil::Date::new(year, month, 28));
        Self(date.unwrap_or(civil::Date::ZERO))
    }

    /// The day whose file this is.
    fn of_file(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".db")?;
        let day = Self(name.parse().ok()?);
        (day.to_string() == name).then_some(day)
    }

    /// Its first second, if it were a day in UTC.
    pub(super) fn start(self) -> i64 {
        let midnight = self.0.to_zoned(jiff::tz::TimeZone::UTC);
        midnight.map_or(0, |midnight| midnight.timestamp().as_second())
    }

    /// The same day at a second of it.
    pub(super) fn at(self, second: u32) -> LocalTime {
        LocalTime {
            year: self.0.year().into(),
            month: self.0.month() as u8,
            day: self.0.day() as u8,
            second,
            weekday: self.0.weekday().to_sunday_zero_offset() as u8,
        }
    }

    pub(super) fn path(self, folder: &Path) -> PathBuf {
        folder.join(format!("{self}.db"))
    }
}

impl Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The days that have files, in order.
pub(super) fn days(folder: &Path) -> io::Result<Vec<Day>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut days = Vec::new();
    for entry in entries {
        days.extend(Day::of_file(&entry?.path()));
    }
    days.sort_unstable();
    Ok(days)
}

/// Bytes of a day on disk.
pub(super) fn size(folder: &Path, day: Day) -> u64 {
    let path = day.path(folder);
    let beside = BESIDE.map(|end| with_end(&path, end));
    beside.iter().chain([&path]).filter_map(|path| Some(fs::metadata(path).ok()?.len())).sum()
}

/// Removes the files of a day.
pub(super) fn remove(folder: &Path, day: Day) -> io::Result<()> {
    let path = day.path(folder);
    fs::remove_file(&path)?;
    for end in BESIDE {
        match fs::remove_file(with_end(&path, end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(end);
    path.into()
}

/// A connection that writes.
pub(super) fn open(folder: &Path, day: Day) -> Result<Connection, StoreError> {
    let connection = database::open(&day.path(folder), &STEPS)?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.pragma_update(None, "wal_autocheckpoint", 4096)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    Ok(connection)
}

/// A connection that only reads; none if the file has gone, or is not yet
/// made whole.
pub(super) fn open_to_read(folder: &Path, day: Day) -> Result<Option<Connection>, StoreError> {
    let path = day.path(folder);
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags)?;
    connection.busy_timeout(database::WAIT)?;
    match database::version(&connection)? {
        0 => Ok(None),
        version if version > STEPS.len() => Err(DatabaseError::Newer(path).into()),
        _ => Ok(Some(connection)),
    }
}
