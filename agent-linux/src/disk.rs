//! The files of this machine, as `core::follow` wants them.
//!
//! Nothing here waits: a pipe or a device is refused before it is opened, and
//! a log on a device that hangs is the one thing that would stop the loop.

use crate::sys::{self, FileStat};
use bartizan_core::follow::{self, FileId, Stat, Trouble};
use nix::NixPath;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::sys::stat::Mode;
use nix::sys::uio::pread;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Names of a folder that are looked at for generations of a file.
const NAMES_MAX: usize = 20_000;

/// This machine's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl follow::Disk for Disk {
    type File = OwnedFd;

    fn stat(&self, path: &[u8]) -> Result<Stat, Trouble> {
        let found = path.with_nix_path(|path| sys::stat(None, path)).map_err(trouble)?;
        regular(&found.map_err(|error| trouble(errno(&error)))?)
    }

    fn open(&self, path: &[u8]) -> Result<OwnedFd, Trouble> {
        // Opening is all that a writer of a pipe waits for: so not even that.
        self.stat(path)?;
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        let file = open(path, flags, Mode::empty()).map_err(trouble)?;
        self.stat_open(&file)?;
        Ok(file)
    }

    fn stat_open(&self, file: &OwnedFd) -> Result<Stat, Trouble> {
        let found = sys::stat(Some(file.as_fd()), c"").map_err(|error| trouble(errno(&error)))?;
        regular(&found)
    }

    fn read_at(&self, file: &OwnedFd, at: u64, buffer: &mut [u8]) -> Result<usize, Trouble> {
        let at = at.try_into().map_err(|_| Trouble::Other)?;
        loop {
            match pread(file, buffer, at) {
                Err(Errno::EINTR) => {}
                other => return other.map_err(trouble),
            }
        }
    }

    fn siblings(&self, path: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) {
        let path = Path::new(OsStr::from_bytes(path));
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let Ok(names) = fs::read_dir(folder) else { return };
        for entry in names.take(NAMES_MAX).flatten() {
            let other = entry.file_name();
            let is_sibling = other != name && other.as_bytes().starts_with(name.as_bytes());
            if is_sibling && !visit(entry.path().as_os_str().as_bytes()) {
                return;
            }
        }
    }
}

fn regular(found: &FileStat) -> Result<Stat, Trouble> {
    if found.mode & libc::S_IFMT != libc::S_IFREG {
        return Err(Trouble::NotAFile);
    }
    let id = FileId { device: found.device, inode: found.inode, born: found.born };
    Ok(Stat { id, size: found.size, modified: found.modified })
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}

fn trouble(error: Errno) -> Trouble {
    match error {
        Errno::ENOENT | Errno::ENOTDIR => Trouble::NotFound,
        Errno::EACCES | Errno::EPERM => Trouble::Denied,
        Errno::ENXIO | Errno::ENODEV | Errno::EISDIR => Trouble::NotAFile,
        _ => Trouble::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::follow::Disk as _;
    use nix::unistd::mkfifo;

    fn bytes(path: &Path) -> &[u8] {
        path.as_os_str().as_bytes()
    }

    #[test]
    fn a_pipe_or_a_device_is_refused_and_stops_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mkfifo(&pipe, Mode::S_IRWXU).unwrap();
        assert_eq!(Disk.open(bytes(&pipe)).unwrap_err(), Trouble::NotAFile);
        assert_eq!(Disk.open(b"/dev/null").unwrap_err(), Trouble::NotAFile);
        assert_eq!(Disk.open(bytes(folder.path())).unwrap_err(), Trouble::NotAFile);
        assert_eq!(Disk.open(b"/nowhere/at/all").unwrap_err(), Trouble::NotFound);
    }

    #[test]
    fn a_file_keeps_its_identity_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("log"), folder.path().join("log.1"));
        fs::write(&old, "one\ntwo\n").unwrap();
        let file = Disk.open(bytes(&old)).unwrap();
        fs::rename(&old, &new).unwrap();
        assert_eq!(Disk.stat_open(&file).unwrap(), Disk.stat(bytes(&new)).unwrap());
        let mut buffer = [0; 8];
        assert_eq!(Disk.read_at(&file, 4, &mut buffer), Ok(4));
        assert_eq!(Disk.read_at(&file, 8, &mut buffer), Ok(0));
    }

    #[test]
    fn siblings_begin_with_the_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["log", "log.1", "log-2026", "other"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let mut seen = Vec::new();
        Disk.siblings(bytes(&folder.path().join("log")), &mut |path| {
            seen.push(String::from_utf8_lossy(path).into_owned());
            true
        });
        seen.sort();
        assert!(seen[0].ends_with("/log-2026") && seen[1].ends_with("/log.1") && seen.len() == 2, "{seen:?}");
    }
}
