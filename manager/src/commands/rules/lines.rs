//! The lines of log files, for commands that judge them one after the other.

use super::super::CommandError;
use crate::outputs::clock::LocalClock;
use crate::sources::stored::StoredLogs;
use bartizan_core::event::Moment;
use std::path::PathBuf;

/// Gives every line that is not empty to `judge`, in the order of time: its
/// bytes, its file, the time at which it was written. The result are
/// problems with files that were read up to there.
pub(super) fn each_line(
    files: &[PathBuf],
    mut judge: impl FnMut(&[u8], &[u8], Moment),
) -> Result<Vec<String>, CommandError> {
    let mut logs = StoredLogs::open(files).map_err(|error| CommandError::Nothing(error.to_string()))?;
    let mut clock = LocalClock::default();
    let mut problems = Vec::new();
    while let Some(line) = logs.next_line() {
        match line {
            Err(error) => problems.push(error.to_string()),
            Ok(line) if line.bytes.is_empty() => {}
            Ok(line) => {
                judge(line.bytes, line.location.as_bytes(), clock.moment(line.time));
            }
        }
    }
    Ok(problems)
}
