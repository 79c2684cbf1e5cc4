//! Files, opened by name.
//!
//! The standard library's own way can fail with texts, and to show any text
//! it brings tables of all characters: 6 KB of program for mistakes that are
//! not made here.

use nix::fcntl::{self, OFlag};
use nix::sys::stat::Mode;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// To be written from its beginning, made if need be.
pub(crate) const WRITE: OFlag = OFlag::O_WRONLY.union(OFlag::O_CREAT).union(OFlag::O_TRUNC);

/// To be written, and not there before.
pub(crate) const WRITE_NEW: OFlag = OFlag::O_WRONLY.union(OFlag::O_CREAT).union(OFlag::O_EXCL);

/// Opens a file as open(2) says. One that is made belongs to its owner alone;
/// programs that are started do not inherit it.
pub(crate) fn open(path: impl AsRef<Path>, flags: OFlag) -> io::Result<File> {
    let file = fcntl::open(path.as_ref(), flags | OFlag::O_CLOEXEC, Mode::S_IRUSR | Mode::S_IWUSR)?;
    Ok(file.into())
}

/// Opens a file to read it.
pub(crate) fn open_to_read(path: impl AsRef<Path>) -> io::Result<File> {
    open(path, OFlag::O_RDONLY)
}

/// All of a file.
pub(crate) fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_to_read(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All of a file as text; empty without one.
pub(crate) fn text(path: impl AsRef<Path>) -> String {
    read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
