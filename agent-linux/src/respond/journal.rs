//! The journal as a file: made when the first response begins, so an agent
//! that carries none out writes nothing.

use crate::file;
use crate::identity::beside;
use bartizan_core::respond::journal::{Failed, Journal};
use nix::fcntl::OFlag;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes of a journal; beyond, orders are refused until some have ended.
const JOURNAL_MAX: u32 = 8 << 20;

/// A journal in a file.
#[derive(Debug)]
pub(super) struct FileJournal {
    path: PathBuf,
    /// None before something is written.
    file: Option<File>,
    len: u32,
    second: Option<File>,
    /// Why it could not be read last.
    trouble: Option<io::Error>,
}

impl FileJournal {
    /// The journal of this name, which need not be there.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None, len: 0, second: None, trouble: None }
    }

    /// Why it could not be read.
    pub(super) fn trouble(&self) -> Option<&io::Error> {
        self.trouble.as_ref()
    }

    fn find(&mut self) -> io::Result<()> {
        self.file = match file::open(&self.path, FLAGS) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let found = self.file.as_ref().map(File::metadata).transpose()?;
        if found.as_ref().is_some_and(|found| !found.is_file()) {
            return Err(io::ErrorKind::NotSeekable.into());
        }
        self.len = found.map_or(0, |found| found.len().try_into().unwrap_or(u32::MAX));
        Ok(())
    }

    /// The file, made if need be.
    fn file(&mut self) -> io::Result<&File> {
        if self.file.is_none() {
            let folder = folder(&self.path);
            fs::create_dir_all(folder)?;
            // One that is there and could not be opened is not written to.
            self.file = Some(file::open(&self.path, FLAGS | OFlag::O_CREAT | OFlag::O_EXCL)?);
            sync_folder(&self.path)?;
        }
        self.file.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn put_second_first(&mut self) -> io::Result<()> {
        let second = self.second.take().ok_or(io::ErrorKind::NotFound)?;
        second.sync_all()?;
        let len = second.metadata()?.len();
        fs::rename(beside(&self.path), &self.path)?;
        (self.file, self.len) = (Some(second), len.try_into().unwrap_or(u32::MAX));
        sync_folder(&self.path)
    }
}

/// Read and written; no link is followed.
const FLAGS: OFlag = OFlag::O_RDWR.union(OFlag::O_NOFOLLOW);

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// A name that is new in its folder outlives a power cut.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    file::open_to_read(folder(path))?.sync_all()
}

impl Journal for FileJournal {
    fn open(&mut self) -> Result<(), Failed> {
        self.trouble = self.find().err();
        if self.trouble.is_none() { Ok(()) } else { Err(Failed) }
    }

    fn len(&self) -> u32 {
        self.len
    }

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), Failed> {
        let file = self.file.as_ref().ok_or(Failed)?;
        let read = file.read_exact_at(into, at.into());
        self.trouble = read.err();
        if self.trouble.is_none() { Ok(()) } else { Err(Failed) }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let at = self.len;
        let end = u32::try_from(bytes.len()).ok().and_then(|len| at.checked_add(len));
        let end = end.filter(|end| *end <= JOURNAL_MAX).ok_or(Failed)?;
        let file = self.file().map_err(|_| Failed)?;
        let written = file.write_all_at(bytes, at.into()).map_err(|_| Failed);
        let there = file.metadata().map_or(end, |found| found.len().try_into().unwrap_or(u32::MAX));
        self.len = there;
        written
    }

    fn sync(&mut self) -> Result<(), Failed> {
        let Some(file) = &self.file else { return Ok(()) };
        file.sync_data().map_err(|_| Failed)
    }

    fn begin_second(&mut self) -> Result<(), Failed> {
        let second = beside(&self.path);
        // An earlier agent may have left one, which may have been root's.
        let _ = fs::remove_file(&second);
        self.second = file::open(second, FLAGS | OFlag::O_CREAT | OFlag::O_TRUNC).ok();
        if self.second.is_some() { Ok(()) } else { Err(Failed) }
    }

    fn append_second(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let second = self.second.as_mut().ok_or(Failed)?;
        second.write_all(bytes).map_err(|_| Failed)
    }

    fn replace(&mut self) -> Result<(), Failed> {
        self.put_second_first().map_err(|_| Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> FileJournal {
        let mut journal = FileJournal::new(path.to_owned());
        journal.open().unwrap();
        journal
    }

    fn contents(journal: &mut FileJournal) -> Vec<u8> {
        let mut bytes = vec![0; journal.len() as usize];
        journal.read(0, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_journal_is_there_after_a_restart_and_is_replaced_in_one_step() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("active-response/journal");
        let mut journal = open(&path);
        assert!(journal.is_empty() && !path.exists());
        journal.append(b"one").unwrap();
        journal.append(b"two").unwrap();
        journal.sync().unwrap();
        let mut journal = open(&path);
        assert_eq!(contents(&mut journal), b"onetwo");
        journal.begin_second().unwrap();
        journal.append_second(b"2").unwrap();
        assert_eq!(contents(&mut journal), b"onetwo");
        journal.replace().unwrap();
        journal.append(b"3").unwrap();
        assert_eq!(contents(&mut open(&path)), b"23");
    }

    #[test]
    fn a_journal_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = open(&folder.path().join("journal"));
        journal.append(&vec![7; JOURNAL_MAX as usize]).unwrap();
        assert_eq!(journal.append(b"x"), Err(Failed));
        assert_eq!(journal.len(), JOURNAL_MAX);
    }

    #[test]
    fn a_journal_that_cannot_be_opened_is_not_written_to_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("journal");
        std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
        for path in [&link, folder.path()] {
            let mut journal = FileJournal::new(path.to_owned());
            assert_eq!((journal.open(), journal.append(b"x")), (Err(Failed), Err(Failed)));
            assert!(journal.trouble().is_some());
        }
        assert!(link.is_symlink());
    }

    #[test]
    fn a_journal_that_has_lost_its_end_cannot_be_read_and_can_when_it_is_opened_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = open(&path);
        journal.append(b"one and two").unwrap();
        fs::write(&path, "one").unwrap();
        assert_eq!(journal.read(0, &mut [0; 9]), Err(Failed));
        assert!(journal.trouble().is_some());
        journal.open().unwrap();
        assert_eq!(contents(&mut journal), b"one");
    }
}
