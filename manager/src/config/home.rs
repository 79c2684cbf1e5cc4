//! The folder of an installation, below which names are looked up.

use std::path::{Path, PathBuf};

/// Where a configuration is looked for when none is given.
const CONFIGURATION: &str = "etc/ossec.conf";

/// An installation: a folder with `etc`, `rules`, `logs` and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    folder: PathBuf,
}

impl Home {
    /// The installation in a folder, which need not exist.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of a name in the installation; an absolute one stays.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }

    /// The configuration to read: the given one, taken as it is or, if there
    /// is no such file, below this folder; without any `etc/ossec.conf`.
    pub fn configuration(&self, given: Option<&Path>) -> PathBuf {
        match given {
            None => self.path(CONFIGURATION),
            Some(given) if given.is_file() => given.to_path_buf(),
            Some(given) => self.path(given),
        }
    }
}
