//! What became of a log: its rotated generations and copies.
//!
//! A generation has the name of the log and then `.` or `-` with a number or
//! a date: `syslog.1`, `syslog-20260501`, `app.log.2026-05-01`.

use super::open::{FileId, OpenFile};
use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// By how much the time of a file may lag behind the clock.
const COARSE: Duration = Duration::from_millis(20);

/// Names of one folder that are looked at.
const NAMES_MAX: usize = 10_000;

/// How often a folder is read again because it changed while it was read.
const TRIES: usize = 5;

/// Endings of compressed files.
const COMPRESSED: [&str; 8] = ["gz", "bz2", "xz", "zst", "zip", "lz4", "lzma", "Z"];

/// Whether the name is that of a compressed file.
pub(super) fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|e| COMPRESSED.iter().any(|known| e == *known))
}

/// Whether `path` is a rotated generation of `log`, by its name.
pub(super) fn is_generation_of(path: &Path, log: &Path) -> bool {
    let (Some(name), Some(log_name)) = (path.file_name(), log.file_name()) else { return false };
    let Some(rest) = name.as_bytes().strip_prefix(log_name.as_bytes()) else { return false };
    let is_number = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_' | b'T');
    path.parent() == log.parent()
        && matches!(rest.first(), Some(b'.' | b'-'))
        && rest.get(1).is_some_and(u8::is_ascii_digit)
        && rest.iter().all(is_number)
}

/// The generations that exist now.
pub(super) fn ids(log: &Path) -> HashSet<FileId> {
    let metas = generations(log).into_iter().filter_map(|path| path.metadata().ok());
    metas.map(|meta| FileId::of(&meta)).collect()
}

fn generations(log: &Path) -> Vec<PathBuf> {
    let folder = match log.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.take(NAMES_MAX).filter_map(Result::ok);
    let parent = log.parent().unwrap_or(Path::new(""));
    paths.map(|entry| parent.join(entry.file_name())).filter(|path| is_generation_of(path, log)).collect()
}

/// Generations of `log` that were born after `since`, the oldest first: files
/// that had its name between two looks. `known` ones are left out.
pub(super) fn born_since(
    log: &Path,
    since: SystemTime,
    known: impl Fn(FileId) -> bool,
    line_max: usize,
    now: Instant,
) -> Vec<OpenFile> {
    let since = since.checked_sub(COARSE).unwrap_or(since);
    let mut found: Vec<(SystemTime, OpenFile)> = Vec::new();
    // Names move on while they are listed: only a list that shows nothing new
    // is complete.
    for _ in 0..TRIES {
        let before = found.len();
        for path in generations(log) {
            let born = path.metadata().ok().and_then(|meta| meta.created().ok());
            if born.is_none_or(|born| born < since) {
                continue;
            }
            // The name may have moved to another file since: ask the open one.
            let Ok(file) = OpenFile::open(&path, line_max, now) else { continue };
            let Some(born) = file.id.born().filter(|born| *born >= since) else { continue };
            if !known(file.id) && !found.iter().any(|(_, other)| other.id == file.id) {
                found.push((born, file));
            }
        }
        if found.len() == before {
            break;
        }
    }
    // Births are recorded in coarse steps; what was written last decides then.
    found.sort_by_key(|(born, file)| (*born, file.changed()));
    found.into_iter().map(|(_, file)| file).collect()
}

/// The copy that was made of a file before it was truncated, opened where
/// reading of the file had ended.
pub(super) fn copy_of(
    file: &mut OpenFile,
    log: &Path,
    since: SystemTime,
    line_max: usize,
    now: Instant,
) -> Option<OpenFile> {
    let since = since.checked_sub(COARSE).unwrap_or(since);
    generations(log).into_iter().find_map(|path| {
        let meta = path.metadata().ok()?;
        let (born, changed) = (meta.created().ok(), meta.modified().ok());
        // Nothing had been read: then only a new file can be the copy.
        let when = if file.position == 0 { born } else { changed };
        if when.is_none_or(|when| when < since) {
            return None;
        }
        let mut copy = OpenFile::open(&path, line_max, now).ok()?;
        if file.position > 0 && !file.is_copied_in(&mut copy) {
            return None;
        }
        file.go_on_in(&mut copy);
        Some(copy)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_told_by_number_or_date() {
        let is = |name: &str| is_generation_of(Path::new(name), Path::new("/log/app.log"));
        for name in ["app.log.1", "app.log-20260501", "app.log.2026-05-01", "app.log.12"] {
            assert!(is(&format!("/log/{name}")), "{name}");
        }
        for name in ["app.log", "app.log.gz", "app.log.err", "app.log1", "app.log.", "app.log.1.gz"] {
            assert!(!is(&format!("/log/{name}")), "{name}");
        }
        assert!(!is("/other/app.log.1"));
        assert!(is_compressed(Path::new("app.log.1.gz")) && !is_compressed(Path::new("gz")));
    }
}
