//! The journal of the manager's own machine: `responses.journal` in the home
//! folder, for nobody else to read.

use bartizan_core::respond::journal::{Failed, Journal};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes that it may have; it is rewritten long before.
const SIZE_MAX: u64 = 64 << 20;

/// A journal in a folder.
#[derive(Debug)]
pub(super) struct FileJournal {
    folder: PathBuf,
    file: File,
    length: u64,
    /// What will take its place.
    second: Option<File>,
}

const NAME: &str = "responses.journal";
const SECOND: &str = "responses.journal.new";

impl FileJournal {
    /// Opens the journal of a home folder; it is made on first use.
    pub(super) fn open(home: &Path) -> io::Result<Self> {
        let file = options().open(home.join(NAME))?;
        let length = file.metadata()?.len();
        // Its name must outlive a power cut, too.
        File::open(home)?.sync_all()?;
        Ok(Self { folder: home.to_owned(), file, length, second: None })
    }

    fn put_in_place(&mut self) -> io::Result<()> {
        let second = self.second.take().ok_or(io::ErrorKind::NotFound)?;
        second.sync_all()?;
        fs::rename(self.folder.join(SECOND), self.folder.join(NAME))?;
        self.length = second.metadata()?.len();
        self.file = second;
        File::open(&self.folder)?.sync_all()
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    options
}

fn failed(_: io::Error) -> Failed {
    Failed
}

impl Journal for FileJournal {
    fn open(&mut self) -> Result<(), Failed> {
        *self = Self::open(&self.folder).map_err(failed)?;
        Ok(())
    }

    fn len(&self) -> u32 {
        u32::try_from(self.length).unwrap_or(u32::MAX)
    }

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), Failed> {
        self.file.read_exact_at(into, at.into()).map_err(failed)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        if self.length + bytes.len() as u64 > SIZE_MAX {
            return Err(Failed);
        }
        let written = self.file.write_all(bytes);
        self.length = match &written {
            Ok(()) => self.length + bytes.len() as u64,
            Err(_) => self.file.metadata().map_err(failed)?.len(),
        };
        written.map_err(failed)
    }

    fn sync(&mut self) -> Result<(), Failed> {
        self.file.sync_data().map_err(failed)
    }

    fn begin_second(&mut self) -> Result<(), Failed> {
        let file = options().open(self.folder.join(SECOND)).map_err(failed)?;
        file.set_len(0).map_err(failed)?;
        self.second = Some(file);
        Ok(())
    }

    fn append_second(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        self.second.as_mut().ok_or(Failed)?.write_all(bytes).map_err(failed)
    }

    fn replace(&mut self) -> Result<(), Failed> {
        self.put_in_place().map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_there_after_a_restart_and_a_second_file_takes_its_place() {
        let home = tempfile::tempdir().expect("a folder");
        let mut journal = FileJournal::open(home.path()).expect("a journal");
        journal.append(b"one").expect("room");
        journal.append(b"two").expect("room");
        journal.sync().expect("a disk");
        let mut journal = FileJournal::open(home.path()).expect("a journal");
        let mut bytes = [0; 4];
        assert_eq!((journal.len(), journal.read(2, &mut bytes)), (6, Ok(())));
        assert_eq!(&bytes, b"etwo");
        assert_eq!(journal.read(3, &mut bytes), Err(Failed), "there are no more");
        journal.begin_second().expect("a second file");
        journal.append_second(b"three").expect("room");
        assert_eq!(journal.len(), 6, "the first is in use until the second is whole");
        journal.replace().expect("a disk");
        journal.append(b"4").expect("room");
        assert_eq!((journal.read(2, &mut bytes), &bytes), (Ok(()), b"ree4"));
        assert_eq!(FileJournal::open(home.path()).expect("a journal").len(), 6);
    }
}
