//! File names with wildcards: `*`, `?` and `[a-z]`, in any part of a path.
//!
//! As a shell matches: a wildcard means neither `/` nor the dot in front of a
//! hidden name. A pattern remembers the folders that it has listed and lists
//! them again only when one of them has changed, so that looking again every
//! few seconds costs a stat per folder.

use crate::sys::{self, FileStat};
use bartizan_core::follow::wildcard::{is_pattern, matches};
use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Paths that one pattern may match.
pub const MATCHES_MAX: usize = 4096;

/// Folders that one pattern may look into.
const FOLDERS_MAX: usize = 1024;

/// A folder that has changed within so many nanoseconds may change again
/// without showing it: its clock ticks every few milliseconds at best, and
/// every two seconds on FAT.
const SETTLED: u64 = 4_000_000_000;

/// A pattern, and what is known of its folders.
#[derive(Clone, Debug)]
pub struct Glob {
    parts: Vec<Vec<u8>>,
    is_absolute: bool,
    folders: Vec<(CString, Option<FileStat>)>,
}

impl Glob {
    /// A pattern that has not been looked at.
    pub fn new(pattern: &[u8]) -> Self {
        let parts = pattern.split(|b| *b == b'/').filter(|part| !part.is_empty());
        Self {
            parts: parts.map(<[u8]>::to_vec).collect(),
            is_absolute: pattern.starts_with(b"/"),
            folders: Vec::new(),
        }
    }

    /// Whether [`Glob::expand`] may give something else than last time.
    /// `wall` is nanoseconds since 1970.
    pub fn is_stale(&self, wall: u64) -> bool {
        self.folders.is_empty()
            || self.folders.iter().any(|(path, known)| {
                let now = sys::stat(None, path).ok();
                let is_settled = now.is_none_or(|stat| stat.modified.saturating_add(SETTLED) < wall);
                !is_settled || now.map(changes) != known.map(changes)
            })
    }

    /// Existing paths that match, sorted, at most [`MATCHES_MAX`]. Folders that
    /// cannot be read match nothing.
    pub fn expand(&mut self) -> Vec<Vec<u8>> {
        let mut folders = Vec::new();
        let mut found = vec![if self.is_absolute { b"/".to_vec() } else { Vec::new() }];
        for part in &self.parts {
            let mut next = Vec::new();
            for folder in found {
                step(folder, part, &mut folders, &mut next);
                next.truncate(MATCHES_MAX);
            }
            found = next;
        }
        found.retain(|path| Path::new(std::ffi::OsStr::from_bytes(path)).symlink_metadata().is_ok());
        self.folders = folders;
        found
    }
}

/// What of a folder's state tells that names came or went.
fn changes(stat: FileStat) -> (u64, u64, u64) {
    (stat.device, stat.inode, stat.modified)
}

/// What one part of a pattern names in one folder.
fn step(
    folder: Vec<u8>,
    part: &[u8],
    folders: &mut Vec<(CString, Option<FileStat>)>,
    found: &mut Vec<Vec<u8>>,
) {
    if !is_pattern(part) {
        found.push(join(&folder, part));
        return;
    }
    if folders.len() >= FOLDERS_MAX {
        return;
    }
    let list = if folder.is_empty() { b".".to_vec() } else { folder.clone() };
    let Ok(path) = CString::new(list) else { return };
    // Before it is listed: what comes after that is found next time.
    let known = sys::stat(None, &path).ok();
    let entries = fs::read_dir(std::ffi::OsStr::from_bytes(path.as_bytes()));
    folders.push((path, known));
    let Ok(entries) = entries else { return };
    let names = entries.flatten().map(|entry| entry.file_name().into_vec());
    let mut names: Vec<_> = names.filter(|name| matches(part, name)).take(MATCHES_MAX).collect();
    names.sort_unstable();
    found.extend(names.iter().map(|name| join(&folder, name)));
}

fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let between: &[u8] = if folder.is_empty() || folder.ends_with(b"/") { b"" } else { b"/" };
    [folder, between, name].concat()
}

/// Whether a whole path matches a pattern, part by part.
pub fn matches_path(pattern: &[u8], path: &[u8]) -> bool {
    let mut parts = pattern.split(|b| *b == b'/');
    let mut names = path.split(|b| *b == b'/');
    loop {
        match (parts.next(), names.next()) {
            (None, None) => return true,
            (Some(part), Some(name)) if part == name || matches(part, name) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_part_by_part() {
        assert!(matches_path(b"/var/*/x.log", b"/var/a/x.log"));
        assert!(!matches_path(b"/var/*", b"/var/a/x.log"));
        assert!(!matches_path(b"/var/*/x.log", b"/var/a"));
    }

    #[test]
    fn a_file_that_comes_later_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let pattern = folder.path().join("?/*.log");
        let mut glob = Glob::new(pattern.as_os_str().as_bytes());
        assert!(glob.is_stale(u64::MAX) && glob.expand().is_empty());
        fs::create_dir(folder.path().join("a")).unwrap();
        assert!(glob.is_stale(u64::MAX) && glob.expand().is_empty());
        fs::write(folder.path().join("a/1.log"), "").unwrap();
        assert!(glob.is_stale(u64::MAX));
        assert_eq!(glob.expand(), [folder.path().join("a/1.log").as_os_str().as_bytes()]);
        assert!(!glob.is_stale(u64::MAX), "nothing has changed for long");
        assert!(glob.is_stale(0), "a folder that has just changed is not trusted");
    }
}
