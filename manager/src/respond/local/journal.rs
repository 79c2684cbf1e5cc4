//! The journal of the manager's own machine: `responses.journal` in the home
//! folder, for nobody else to read.

use crate::news;
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
    /// None as long as it could not be opened.
    file: Option<File>,
    length: u64,
    /// What will take its place.
    second: Option<File>,
}

const NAME: &str = "responses.journal";
const SECOND: &str = "responses.journal.new";

impl FileJournal {
    /// The journal of a home folder; it is made on first use.
    pub(super) fn new(home: &Path) -> Self {
        Self { folder: home.to_owned(), file: None, length: 0, second: None }
    }

    fn find(&mut self) -> io::Result<()> {
        let file = options().open(self.folder.join(NAME))?;
        self.length = file.metadata()?.len();
        self.file = Some(file);
        // Its name must outlive a power cut, too.
        File::open(&self.folder)?.sync_all()
    }

    fn file(&mut self) -> Result<&mut File, Failed> {
        self.file.as_mut().ok_or(Failed)
    }

    /// Tells why it cannot be read.
    fn told(&self, read: io::Result<()>) -> Result<(), Failed> {
        let path = self.folder.join(NAME);
        read.map_err(|error| news::tell(format_args!("cannot read {}: {error}", path.display())))
            .map_err(|()| Failed)
    }

    fn put_in_place(&mut self) -> io::Result<()> {
        let second = self.second.take().ok_or(io::ErrorKind::NotFound)?;
        second.sync_all()?;
        fs::rename(self.folder.join(SECOND), self.folder.join(NAME))?;
        self.length = second.metadata()?.len();
        self.file = Some(second);
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
        let found = self.find();
        self.told(found)
    }

    fn len(&self) -> u32 {
        u32::try_from(self.length).unwrap_or(u32::MAX)
    }

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), Failed> {
        let read = self.file()?.read_exact_at(into, at.into());
        self.told(read)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let end = self.length + bytes.len() as u64;
        if end > SIZE_MAX {
            return Err(Failed);
        }
        let file = self.file()?;
        let written = file.write_all(bytes);
        self.length = match &written {
            Ok(()) => end,
            Err(_) => file.metadata().map_err(failed)?.len(),
        };
        written.map_err(failed)
    }

    fn sync(&mut self) -> Result<(), Failed> {
        self.file()?.sync_data().map_err(failed)
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

    fn open(home: &Path) -> FileJournal {
        let mut journal = FileJournal::new(home);
        journal.open().expect("a journal");
        journal
    }

    #[test]
    fn what_was_written_is_there_after_a_restart_and_a_second_file_takes_its_place() {
        let home = tempfile::tempdir().expect("a folder");
        let mut journal = open(home.path());
        journal.append(b"one").expect("room");
        journal.append(b"two").expect("room");
        journal.sync().expect("a disk");
        let mut journal = open(home.path());
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
        assert_eq!(open(home.path()).len(), 6);
    }

    #[test]
    fn a_journal_that_could_not_be_opened_takes_nothing_until_it_can() {
        let home = tempfile::tempdir().expect("a folder");
        fs::create_dir(home.path().join(NAME)).expect("in its way");
        let mut journal = FileJournal::new(home.path());
        assert_eq!(
            (journal.open(), journal.append(b"x"), journal.sync()),
            (Err(Failed), Err(Failed), Err(Failed))
        );
        fs::remove_dir(home.path().join(NAME)).expect("ours");
        assert_eq!((journal.open(), journal.append(b"x"), journal.len()), (Ok(()), Ok(()), 1));
    }
}
