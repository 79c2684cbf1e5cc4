//! A disk in memory, for tests and simulation: everything that programs and
//! rotators do to logs, at times that the test decides.
//!
//! Numbers of deleted files are used again at once, as file systems do.

extern crate std;

use super::{Disk, FileId, Stat, Trouble};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::vec::Vec;

/// A folder of files that stay alive while they have a name or are open.
#[derive(Debug, Default)]
pub struct MemoryDisk {
    names: RefCell<BTreeMap<Vec<u8>, MemoryFile>>,
    numbers: RefCell<BTreeMap<u64, Weak<RefCell<Content>>>>,
    clock: Cell<u64>,
    has_no_births: Cell<bool>,
    denied: RefCell<Option<Vec<u8>>>,
    calls: Cell<Calls>,
}

/// A file, by whatever name.
pub type MemoryFile = Rc<RefCell<Content>>;

/// What is in a file.
#[derive(Debug)]
pub struct Content {
    inode: u64,
    born: u64,
    modified: u64,
    bytes: Vec<u8>,
}

/// Calls that a disk has had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// By name.
    pub stats: u32,
    /// Opens.
    pub opens: u32,
    /// Reads.
    pub reads: u32,
    /// Bytes read.
    pub bytes: u64,
}

impl MemoryDisk {
    /// A disk that records births.
    pub fn new() -> Self {
        Self::default()
    }

    /// Births are not recorded, as on some file systems for flash.
    pub fn forget_births(&self) {
        self.has_no_births.set(true);
    }

    /// The file of this name cannot be opened; `None`: all can.
    pub fn deny(&self, path: Option<&[u8]>) {
        *self.denied.borrow_mut() = path.map(<[u8]>::to_vec);
    }

    /// Calls since this was asked last.
    pub fn take_calls(&self) -> Calls {
        self.calls.take()
    }

    /// The file of this name, created if there is none: as a program opens it.
    pub fn writer(&self, path: &[u8]) -> MemoryFile {
        if let Some(file) = self.names.borrow().get(path) {
            return Rc::clone(file);
        }
        let now = self.tick();
        let mut numbers = self.numbers.borrow_mut();
        let is_free = |inode: &u64| numbers.get(inode).is_none_or(|file| file.strong_count() == 0);
        let inode = (1..).find(is_free).unwrap_or_default();
        let file = Rc::new(RefCell::new(Content { inode, born: now, modified: now, bytes: Vec::new() }));
        numbers.insert(inode, Rc::downgrade(&file));
        self.names.borrow_mut().insert(path.to_vec(), Rc::clone(&file));
        file
    }

    /// Writes at the end of a file that a program has open.
    pub fn write(&self, file: &MemoryFile, bytes: &[u8]) {
        let mut content = file.borrow_mut();
        content.bytes.extend_from_slice(bytes);
        content.modified = self.tick();
    }

    /// Writes at an offset; what is missing before it becomes a hole.
    pub fn write_at(&self, file: &MemoryFile, at: usize, bytes: &[u8]) {
        let mut content = file.borrow_mut();
        let end = at + bytes.len();
        let size = content.bytes.len().max(end);
        content.bytes.resize(size, 0);
        content.bytes.splice(at..end, bytes.iter().copied());
        content.modified = self.tick();
    }

    /// Writes at the end of the file of this name.
    pub fn append(&self, path: &[u8], bytes: &[u8]) {
        let file = self.writer(path);
        self.write(&file, bytes);
    }

    /// Gives a file another name, over what has it.
    pub fn rename(&self, from: &[u8], to: &[u8]) {
        let file = self.names.borrow_mut().remove(from);
        if let Some(file) = file {
            self.names.borrow_mut().insert(to.to_vec(), file);
        }
    }

    /// Copies a file, as a new one.
    pub fn copy(&self, from: &[u8], to: &[u8]) {
        let bytes = self.names.borrow().get(from).map(|file| file.borrow().bytes.clone());
        self.remove(to);
        self.append(to, &bytes.unwrap_or_default());
    }

    /// Cuts a file to this size.
    pub fn truncate(&self, path: &[u8], size: usize) {
        if let Some(file) = self.names.borrow().get(path) {
            let mut content = file.borrow_mut();
            content.bytes.truncate(size);
            content.modified = self.tick();
        }
    }

    /// Takes the name from a file.
    pub fn remove(&self, path: &[u8]) {
        self.names.borrow_mut().remove(path);
    }

    /// Whether there is a file of this name.
    pub fn has(&self, path: &[u8]) -> bool {
        self.names.borrow().contains_key(path)
    }

    fn tick(&self) -> u64 {
        self.clock.set(self.clock.get() + 1_000_000);
        self.clock.get()
    }

    fn count(&self, add: impl FnOnce(&mut Calls)) {
        let mut calls = self.calls.get();
        add(&mut calls);
        self.calls.set(calls);
    }
}

impl Disk for MemoryDisk {
    type File = MemoryFile;

    fn stat(&self, path: &[u8]) -> Result<Stat, Trouble> {
        self.count(|calls| calls.stats += 1);
        let names = self.names.borrow();
        self.stat_open(names.get(path).ok_or(Trouble::NotFound)?)
    }

    fn open(&self, path: &[u8]) -> Result<Self::File, Trouble> {
        self.count(|calls| calls.opens += 1);
        if self.denied.borrow().as_deref() == Some(path) {
            return Err(Trouble::Denied);
        }
        self.names.borrow().get(path).map(Rc::clone).ok_or(Trouble::NotFound)
    }

    fn stat_open(&self, file: &Self::File) -> Result<Stat, Trouble> {
        let content = file.borrow();
        let born = if self.has_no_births.get() { 0 } else { content.born };
        let id = FileId { device: 1, inode: content.inode, born };
        Ok(Stat { id, size: content.bytes.len() as u64, modified: content.modified })
    }

    fn read_at(&self, file: &Self::File, at: u64, buffer: &mut [u8]) -> Result<usize, Trouble> {
        let content = file.borrow();
        let rest = usize::try_from(at).ok().and_then(|at| content.bytes.get(at..)).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.count(|calls| (calls.reads, calls.bytes) = (calls.reads + 1, calls.bytes + count as u64));
        Ok(count)
    }

    fn siblings(&self, path: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) {
        let names: Vec<Vec<u8>> = self.names.borrow().keys().cloned().collect();
        for name in names.iter().filter(|name| name.starts_with(path) && name.as_slice() != path) {
            if !visit(name) {
                return;
            }
        }
    }
}
