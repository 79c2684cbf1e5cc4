//! Whether sealed days are what they were.

use super::sums::{self, Sum};
use super::{added, day};
use flate2::read::MultiGzDecoder;
use serde::Serialize;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// What was found out about one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is what was sealed.
    Intact,
    /// It is not what was sealed.
    Changed,
    /// It is gone, its sum is there.
    Missing,
    /// It is intact, but the sum of the day before is not the one that was
    /// there when this day was sealed.
    ChainBroken,
    /// It cannot be read, or its sum cannot.
    Unreadable,
    /// It has no sum: its day is not over, or nothing has sealed it.
    NotSealed,
}

impl State {
    /// Whether somebody ought to look.
    pub fn is_bad(self) -> bool {
        !matches!(self, Self::Intact | Self::NotSealed)
    }
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Where it is, or was.
    pub path: PathBuf,
    /// What was found out.
    pub state: State,
}

/// Looks at all daily files below a home folder, in the order of their days.
pub fn verify(home: &Path) -> Vec<Verified> {
    let mut all = Vec::new();
    day::each_month(&home.join("logs"), |folder, _, _, begins| {
        let names = day::entries(folder);
        let name = |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(begins));
        let mut files: Vec<_> = names.iter().filter(|path| name(path)).map(|path| plain(path)).collect();
        files.dedup();
        all.extend(files.into_iter().map(|path| Verified { state: look(&path), path }));
    });
    all
}

/// The name without what sealing adds to it.
fn plain(path: &Path) -> PathBuf {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz" | "sum") => path.with_extension(""),
        _ => path.to_owned(),
    }
}

fn look(path: &Path) -> State {
    let written = match fs::read(added(path, "sum")) {
        Ok(text) => sums::read(&String::from_utf8_lossy(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return State::NotSealed,
        Err(_) => return State::Unreadable,
    };
    match found(path) {
        Ok(sum) if !written.0.agrees_with(&sum) => State::Changed,
        Ok(_) if !is_chained(path, &written.1) => State::ChainBroken,
        Ok(_) => State::Intact,
        Err(error) if error.kind() == io::ErrorKind::NotFound => State::Missing,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => State::Unreadable,
        // What does not decompress is not what was compressed.
        Err(_) => State::Changed,
    }
}

fn found(path: &Path) -> io::Result<Sum> {
    match File::open(added(path, "gz")) {
        Ok(file) => Sum::of(MultiGzDecoder::new(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Sum::of_file(path),
        Err(error) => Err(error),
    }
}

fn is_chained(path: &Path, written: &Sum) -> bool {
    let before = day::sum_before(path).and_then(|path| Sum::of_file(&path).ok());
    match before {
        Some(found) => written.agrees_with(&found),
        None => written.is_none(),
    }
}
