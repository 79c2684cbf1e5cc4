//! Where the spool keeps its blocks: memory, or a file.
//!
//! A file outlives a restart and a power cut. When it fails (the disk is full
//! or breaks), blocks go to memory from then on and the agent says so once;
//! what the file holds is still read from it. Memory is taken zeroed from the
//! system, so blocks that were never used cost nothing.

use crate::file;
use bartizan_core::limits::BLOCK_SIZE;
use bartizan_core::spool::{BlockBytes, Storage};
use nix::fcntl::OFlag;
use nix::sys::uio::{pread, pwrite};
use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::path::Path;
use std::rc::Rc;

/// Blocks of the spool.
#[derive(Debug)]
pub struct Store {
    blocks: usize,
    file: Option<File>,
    /// Empty as long as the file is good.
    memory: Box<[u8]>,
    /// Which blocks are in memory.
    in_memory: Box<[bool]>,
    trouble: Complaint,
}

/// Why the file is not used any more, for whoever holds the other end.
pub type Complaint = Rc<RefCell<Option<io::Error>>>;

impl Store {
    /// So many bytes of memory, rounded down to whole blocks.
    pub fn memory(bytes: usize) -> Self {
        let blocks = bytes / BLOCK_SIZE;
        Self {
            blocks,
            file: None,
            memory: zeroed(blocks),
            in_memory: vec![true; blocks].into_boxed_slice(),
            trouble: Complaint::default(),
        }
    }

    /// A file of so many bytes, made if it is not there; readable by its owner
    /// alone.
    pub fn file(path: &Path, bytes: usize) -> io::Result<Self> {
        let blocks = bytes / BLOCK_SIZE;
        let file = file::open(path, OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_NOFOLLOW)?;
        if !file.metadata()?.is_file() {
            return Err(io::ErrorKind::NotSeekable.into());
        }
        file.set_len((blocks * BLOCK_SIZE) as u64)?;
        let in_memory = vec![false; blocks].into_boxed_slice();
        Ok(Self {
            blocks,
            file: Some(file),
            memory: Box::default(),
            in_memory,
            trouble: Complaint::default(),
        })
    }

    /// Whether what is written here outlives the process.
    pub fn is_lasting(&self) -> bool {
        self.file.is_some() && self.memory.is_empty()
    }

    /// Where it will be said why the file is not used any more.
    pub fn complaint(&self) -> Complaint {
        Rc::clone(&self.trouble)
    }

    fn give_up_file(&mut self, error: io::Error) {
        self.memory = zeroed(self.blocks);
        *self.trouble.borrow_mut() = Some(error);
    }

    fn write_file(&self, block: usize, from: &BlockBytes) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut done = 0;
        while let Some(rest) = from.get(done..).filter(|rest| !rest.is_empty()) {
            let at = (block * BLOCK_SIZE + done) as i64;
            match pwrite(file, rest, at) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(len) => done += len,
                Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        file.sync_data()
    }

    fn read_file(&self, block: usize, into: &mut BlockBytes) -> io::Result<()> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let mut done = 0;
        while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = (block * BLOCK_SIZE + done) as i64;
            match pread(file, rest, at) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(len) => done += len,
                Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn zeroed(blocks: usize) -> Box<[u8]> {
    vec![0; blocks * BLOCK_SIZE].into_boxed_slice()
}

fn bytes_of(block: usize) -> std::ops::Range<usize> {
    block * BLOCK_SIZE..(block + 1) * BLOCK_SIZE
}

impl Storage for Store {
    type Error = io::Error;

    fn blocks(&self) -> usize {
        self.blocks
    }

    fn read(&mut self, block: usize, into: &mut BlockBytes) -> io::Result<()> {
        if self.in_memory.get(block) == Some(&false) {
            return self.read_file(block, into);
        }
        let from = self.memory.get(bytes_of(block)).ok_or(io::ErrorKind::NotFound)?;
        into.copy_from_slice(from);
        Ok(())
    }

    fn write(&mut self, block: usize, from: &BlockBytes) -> io::Result<()> {
        if self.is_lasting() {
            match self.write_file(block, from) {
                Ok(()) => return Ok(()),
                Err(error) => self.give_up_file(error),
            }
        }
        let into = self.memory.get_mut(bytes_of(block)).ok_or(io::ErrorKind::NotFound)?;
        into.copy_from_slice(from);
        self.in_memory[block] = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_a_file_are_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        let mut store = Store::file(&path, 4 * BLOCK_SIZE + 5).unwrap();
        assert_eq!((store.blocks(), store.is_lasting()), (4, true));
        store.write(3, &[7; BLOCK_SIZE]).unwrap();
        let mut bytes = [0; BLOCK_SIZE];
        Store::file(&path, 4 * BLOCK_SIZE).unwrap().read(3, &mut bytes).unwrap();
        assert_eq!(bytes, [7; BLOCK_SIZE]);
    }

    #[test]
    fn a_disk_that_is_full_costs_no_record_and_is_told_once() {
        let mut store =
            Store::file(&tempfile::tempdir().unwrap().path().join("spool"), 2 * BLOCK_SIZE).unwrap();
        store.write(0, &[1; BLOCK_SIZE]).unwrap();
        // Open for reading alone: every write fails.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other");
        std::fs::write(&path, [1; 2 * BLOCK_SIZE]).unwrap();
        store.file = Some(File::open(&path).unwrap());
        store.write(1, &[2; BLOCK_SIZE]).unwrap();
        assert!(store.complaint().take().is_some() && store.complaint().take().is_none());
        assert!(!store.is_lasting());
        let mut bytes = [0; BLOCK_SIZE];
        store.read(0, &mut bytes).unwrap();
        assert_eq!(bytes[0], 1);
        store.read(1, &mut bytes).unwrap();
        assert_eq!(bytes[0], 2);
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("spool");
        std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
        assert!(Store::file(&link, BLOCK_SIZE).is_err());
    }
}
