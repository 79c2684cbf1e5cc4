//! The file that says how far a command has come (`--statefile`).
//!
//! It is a queue of the outbox. That of ossec2dshield 1.3 is one time stamp:
//! it is understood once, becomes a queue that begins behind that time, and is
//! kept beside it as `NAME.ossec2dshield`.

use crate::database::DatabaseError;
use crate::outbox::Queue;
use crate::sources::stamp::Stamper;
use jiff::tz::TimeZone;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What files of SQLite begin with.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// Bytes of a time stamp with anything around it.
const STAMP_MAX: u64 = 4096;

/// Why a file cannot say how far a command has come.
#[derive(Debug, Error)]
pub enum StateError {
    /// It cannot be read or written.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is something else.
    #[error("{} is no state file of bartizan or ossec2dshield: name another one", .0.display())]
    Other(PathBuf),
    /// It cannot be used as a queue.
    #[error(transparent)]
    Queue(#[from] DatabaseError),
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing, or empty.
    Nothing,
    /// A queue.
    Queue,
    /// The time stamp of ossec2dshield: lines of up to this second were sent.
    Stamp(i64),
}

/// Looks what a file is. Changes nothing.
pub fn look(path: &Path, zone: &TimeZone, now: i64) -> Result<Found, StateError> {
    let failed = |source| StateError::Io { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        file => file.and_then(|file| file.take(STAMP_MAX).read_to_end(&mut bytes)).map_err(failed)?,
    };
    match bytes.trim_ascii() {
        b"" => Ok(Found::Nothing),
        _ if bytes.starts_with(SQLITE) => Ok(Found::Queue),
        stamp => match time(stamp, zone, now) {
            Some(second) => Ok(Found::Stamp(second)),
            None => Err(StateError::Other(path.to_owned())),
        },
    }
}

/// Seconds since 1970, or a date and a time.
fn time(stamp: &[u8], zone: &TimeZone, now: i64) -> Option<i64> {
    let line = stamp.split(|byte| *byte == b'\n').next()?.trim_ascii();
    let text = std::str::from_utf8(line).ok()?;
    text.parse().ok().or_else(|| Stamper::in_zone(zone.clone(), now).time_of(line))
}

/// Opens the queue at a path, which is made if there is none. That of
/// ossec2dshield becomes one: `destination` begins behind its time. A kill
/// meanwhile leaves the one or the other.
pub fn open(path: &Path, destination: &str, zone: &TimeZone, now: i64) -> Result<Queue, StateError> {
    let failed = |source| StateError::Io { path: path.to_owned(), source };
    if let Found::Stamp(sent) = look(path, zone, now)? {
        let added = |ending: &str| PathBuf::from(format!("{}.{ending}", path.display()));
        let new = added("new");
        for left in [new.clone(), added("new-wal"), added("new-shm")] {
            let _ = fs::remove_file(left);
        }
        Queue::open_file(new.clone())?.begin_at(destination, sent.saturating_add(1))?;
        match fs::hard_link(path, added("ossec2dshield")) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
            _ => fs::rename(&new, path).map_err(failed)?,
        }
    }
    Ok(Queue::open_file(path.to_owned())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_of_the_old_tool_is_understood_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        for (text, expected) in [
            ("1310471717", Some(1_310_471_717)),
            ("1310471717\n", Some(1_310_471_717)),
            ("2011 Jul 12 11:55:17\n", Some(1_310_471_717)),
            ("2011-07-12 11:55:17", Some(1_310_471_717)),
            ("root:x:0:0", None),
        ] {
            fs::write(&path, text).expect("a file");
            let found = look(&path, &TimeZone::UTC, 0).ok();
            assert_eq!(found, expected.map(Found::Stamp), "{text}");
        }
        assert!(open(&path, "dshield", &TimeZone::UTC, 0).is_err());
        fs::write(&path, "1310471717\n").expect("a file");
        for _ in 0..2 {
            let queue = open(&path, "dshield", &TimeZone::UTC, 0).expect("a queue");
            assert_eq!(queue.readings("dshield").expect("readings").0, Some(1_310_471_718));
        }
        assert_eq!(look(&path, &TimeZone::UTC, 0).expect("a state"), Found::Queue);
        let kept = fs::read_to_string(folder.path().join("state.ossec2dshield"));
        assert_eq!(kept.expect("it is kept"), "1310471717\n");
    }
}
