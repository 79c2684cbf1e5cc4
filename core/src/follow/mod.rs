//! A file that is written to and rotated: lines, each once.
//!
//! [`Followed`] is one file name. It is told when to look and when to read,
//! over a [`Disk`] that the host lends, and gives records to a [`Sink`]. It
//! keeps nothing on any disk: a [`Position`] says where it stands, somebody
//! else keeps it, and [`Followed::place`] goes back to it, in this life or the
//! next.
//!
//! No complete line is lost or doubled by
//! * rotation by rename: the old file stays open, is read to its end first, and
//!   is watched for a minute more, since its writer may not have noticed; then
//!   comes the new file, from its start;
//! * several rotations between two looks: generations of that name (a number
//!   or a date behind it) that are younger than the last file known are read
//!   in the order of their birth, or of their last change on file systems that
//!   do not record births;
//! * copy and truncate: what was not read yet is found in the copy, by its
//!   head and by the 64 bytes before the place that was reached, which are
//!   compared before more is read. So a truncation is seen even when the file
//!   has grown beyond its old size again;
//! * a restart with any of these in between.
//!
//! What cannot be found any more, because it was compressed or deleted, is
//! reported: [`News::lost`]. Beyond the promise are files that change their
//! way of rotation between two looks, the truncation of a file that was empty
//! when it was looked at last, and what a program writes between somebody
//! else's copy and truncation. Where births are not recorded, two rotations
//! between two looks need writers that notice the first at once.
//!
//! A line waits for its LF. It is given out without one when its file has lost
//! its name and been quiet for a minute, or is a finished copy, or after
//! [`Followed::hold`]. NUL bytes in front of a line are left out: a file that
//! is truncated under a writer which does not append begins with a hole.
//!
//! Cost: one stat per look; one read per buffer of new bytes, and a short one
//! per look for each of at most [`GENERATIONS_MAX`] files whose names are
//! gone. Only a rotation lists the folder. Read `generation` first, then
//! `followed`.

pub mod dated;
mod finger;
mod followed;
mod generation;
#[cfg(any(test, feature = "simulation"))]
pub mod memory;
mod noticing;
mod placing;
mod position;
mod siblings;
pub mod wildcard;

pub use followed::{Begin, Followed, News, Progress};
pub use position::Position;
pub use siblings::is_generation;

pub use crate::limits::{GENERATIONS_MAX, POSITION_MAX};

use crate::assemble::Record;

/// What makes a file this file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FileId {
    /// Number of the device.
    pub device: u64,
    /// Number of the inode.
    pub inode: u64,
    /// Nanoseconds since 1970 when it was created, 0 if that is not recorded.
    /// Numbers of deleted files are used again; births are not.
    pub born: u64,
}

/// A file at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Which file it is.
    pub id: FileId,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970 when it was written last.
    pub modified: u64,
}

/// Why a file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no file of that name.
    NotFound,
    /// No right to read it.
    Denied,
    /// It is a folder, a pipe or a device.
    NotAFile,
    /// Anything else.
    Other,
}

/// The files of a host. Paths are bytes as the host's system has them.
pub trait Disk {
    /// An open file. It stays readable when its name is gone.
    type File;

    /// The file that has this name.
    fn stat(&self, path: &[u8]) -> Result<Stat, Trouble>;

    /// Opens a regular file for reading; must not wait (a pipe would make it).
    fn open(&self, path: &[u8]) -> Result<Self::File, Trouble>;

    /// The file behind an open one.
    fn stat_open(&self, file: &Self::File) -> Result<Stat, Trouble>;

    /// Reads at an offset, as much as there is and fits; 0 at the end.
    fn read_at(&self, file: &Self::File, at: u64, buffer: &mut [u8]) -> Result<usize, Trouble>;

    /// Shows the paths of the other files in the same folder whose names begin
    /// with the name of this one, in any order, until `visit` says `false`. A
    /// host bounds how many names of the folder it looks at.
    fn siblings(&self, path: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool);

    /// How far this file was read when it had another name that is followed,
    /// for hosts that follow patterns: reading goes on there. Whether it still
    /// is read there a host says in [`Disk::stat`]: then it is not found.
    fn read_before(&self, id: FileId) -> Option<u64> {
        let _ = id;
        None
    }
}

/// Where records go: a batch on its way, a queue, a test.
pub trait Sink {
    /// Whether so many records of [`RECORD_MAX`](crate::limits::RECORD_MAX)
    /// bytes fit. An empty one has room for
    /// [`OPEN_RECORDS_MAX`](crate::limits::OPEN_RECORDS_MAX).
    fn has_room(&self, records: usize) -> bool;

    /// Takes a record. Nothing is given that was not asked for.
    fn take(&mut self, record: Record<'_>);
}

#[cfg(test)]
mod tests;
