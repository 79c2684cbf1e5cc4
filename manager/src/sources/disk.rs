//! The files of this machine, as [`bartizan_core::follow`] reads them.
//!
//! A file may be meant by more than one name that is followed: by a link, or
//! by a pattern that also matches rotated files. It is read under one name at
//! a time: for the others it is not found, and when it is closed they go on
//! where it was left.

use super::NONBLOCK;
use bartizan_core::follow::{self, FileId, Stat, Trouble};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::ffi::OsStr;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Names of one folder that are looked at.
const NAMES_MAX: usize = 10_000;

/// Files that were read and closed and are remembered.
const FINISHED_MAX: usize = 1024;

/// The files of this machine.
#[derive(Debug, Default)]
pub(crate) struct LocalDisk {
    /// Which name has a file open.
    open: HashMap<FileId, usize>,
    /// Files that were read and closed: how far.
    finished: HashMap<FileId, u64>,
    /// The same, the oldest first.
    order: VecDeque<FileId>,
    /// Which name is looked at.
    name: usize,
    /// Why something failed last.
    error: RefCell<Option<io::Error>>,
}

impl LocalDisk {
    /// Forgets which name has which file open.
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    /// From now on this name is looked at.
    pub(super) fn look_at(&mut self, name: usize) {
        self.name = name;
    }

    /// A name has these files open, and has closed those.
    pub(super) fn note(
        &mut self,
        name: usize,
        open: impl Iterator<Item = FileId>,
        closed: impl Iterator<Item = (FileId, u64)>,
    ) {
        for (id, high) in closed {
            if self.open.get(&id).is_none_or(|owner| *owner == name) {
                self.open.remove(&id);
                self.finish(id, high);
            }
        }
        for id in open {
            self.open.entry(id).or_insert(name);
        }
    }

    fn finish(&mut self, id: FileId, high: u64) {
        let known = self.finished.entry(id).or_insert_with(|| {
            self.order.push_back(id);
            high
        });
        // It may have been read on under another name.
        *known = high.max(*known);
        if self.order.len() > FINISHED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.finished.remove(&oldest);
        }
    }

    /// Whether this file is read under another name.
    pub(super) fn is_elsewhere(&self, path: &Path) -> bool {
        path.metadata().is_ok_and(|meta| self.has_other(id_of(&meta)))
    }

    fn has_other(&self, id: FileId) -> bool {
        self.open.get(&id).is_some_and(|owner| *owner != self.name)
    }

    /// Why something failed last.
    pub(super) fn take_error(&self) -> io::Error {
        self.error.take().unwrap_or_else(|| io::Error::other("it cannot be read"))
    }

    fn failed(&self, error: io::Error) -> Trouble {
        let trouble = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Trouble::NotFound,
            io::ErrorKind::PermissionDenied => Trouble::Denied,
            _ => Trouble::Other,
        };
        self.error.replace(Some(error));
        trouble
    }
}

impl follow::Disk for LocalDisk {
    type File = File;

    fn stat(&self, path: &[u8]) -> Result<Stat, Trouble> {
        let stat = stat_of(&path_of(path).metadata().map_err(|error| self.failed(error))?);
        if self.has_other(stat.id) { Err(Trouble::NotFound) } else { Ok(stat) }
    }

    fn open(&self, path: &[u8]) -> Result<File, Trouble> {
        let file = OpenOptions::new().read(true).custom_flags(NONBLOCK).open(path_of(path));
        let file = file.map_err(|error| self.failed(error))?;
        if !file.metadata().map_err(|error| self.failed(error))?.is_file() {
            self.failed(io::Error::other("it is not a regular file; only files can be followed"));
            return Err(Trouble::NotAFile);
        }
        Ok(file)
    }

    fn stat_open(&self, file: &File) -> Result<Stat, Trouble> {
        file.metadata().map(|meta| stat_of(&meta)).map_err(|error| self.failed(error))
    }

    fn read_at(&self, file: &File, at: u64, buffer: &mut [u8]) -> Result<usize, Trouble> {
        file.read_at(buffer, at).map_err(|error| self.failed(error))
    }

    fn siblings(&self, path: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) {
        let path = path_of(path);
        let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else { return };
        let folder = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        let names = entries.take(NAMES_MAX).filter_map(Result::ok).map(|entry| entry.file_name());
        let is_sibling =
            |other: &std::ffi::OsString| other != name && other.as_bytes().starts_with(name.as_bytes());
        for other in names.filter(is_sibling) {
            if !visit(parent.join(other).as_os_str().as_bytes()) {
                return;
            }
        }
    }

    fn read_before(&self, id: FileId) -> Option<u64> {
        self.finished.get(&id).copied()
    }
}

fn path_of(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

fn id_of(meta: &Metadata) -> FileId {
    FileId { device: meta.dev(), inode: meta.ino(), born: meta.created().map_or(0, nanoseconds) }
}

fn stat_of(meta: &Metadata) -> Stat {
    Stat { id: id_of(meta), size: meta.len(), modified: meta.modified().map_or(0, nanoseconds) }
}

/// Nanoseconds since 1970: enough until 2554.
fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
