//! File names with wildcards: `*`, `?` and `[a-z]`, in any part of a path.
//!
//! A wildcard never matches `/`, and not the dot in front of a hidden name. An
//! expansion stops at [`MATCHES_MAX`] paths, so that a pattern over a hostile
//! directory stays bounded.

use bartizan_core::follow::wildcard::{is_pattern, matches};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Paths that one pattern may match.
pub const MATCHES_MAX: usize = 1024;

/// Existing paths that match, sorted. A pattern without wildcards gives the
/// path if it exists. Folders that cannot be read match nothing.
pub fn expand(pattern: &str) -> Vec<PathBuf> {
    let root = if pattern.starts_with('/') { "/" } else { "" };
    let mut found = vec![PathBuf::from(root)];
    for part in pattern.split('/').filter(|p| !p.is_empty()) {
        found = found.iter().flat_map(|folder| step(folder, part)).take(MATCHES_MAX).collect();
    }
    found.retain(|path| !path.as_os_str().is_empty() && path.symlink_metadata().is_ok());
    found
}

/// What `part` names in one folder.
fn step(folder: &Path, part: &str) -> Vec<PathBuf> {
    if !is_pattern(part.as_bytes()) {
        return vec![folder.join(part)];
    }
    let list = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = std::fs::read_dir(list) else { return Vec::new() };
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|e| e.file_name()))
        .filter(|name| matches(part.as_bytes(), name.as_bytes()))
        .collect();
    names.sort();
    names.into_iter().map(|name| folder.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_may_stand_in_any_part() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a/x.log", "b/x.log", "b/y.txt"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("has one")).expect("created");
            std::fs::write(path, "").expect("written");
        }
        let root = folder.path().to_str().expect("plain name");
        let found = expand(&format!("{root}/*/x.*"));
        assert_eq!(found, [folder.path().join("a/x.log"), folder.path().join("b/x.log")]);
        assert_eq!(expand(&format!("{root}/b/y.txt")), [folder.path().join("b/y.txt")]);
        assert!(expand(&format!("{root}/c/*")).is_empty());
        assert!(expand(&format!("{root}/none")).is_empty());
    }
}
