//! What a compressed file gives, read like a file.
//!
//! It is unpacked as it is read and nowhere kept. Work: going back further
//! than [`WINDOW`] begins again at its start; no file gives more than
//! [`UNPACKED_MAX`] bytes.

use bartizan_core::follow::Disk;
use flate2::read::MultiGzDecoder;
use std::io::{self, Read};
use std::rc::Rc;

/// Bytes that a compressed file gives at most.
const UNPACKED_MAX: u64 = 16 << 30;

/// Unpacked bytes that are kept, so that going back a little costs nothing.
const WINDOW: usize = 256 << 10;

/// Bytes that are unpacked at once.
const CHUNK: usize = 64 << 10;

/// The bytes of a file, from its start on.
struct Bytes<'d, D: Disk> {
    disk: &'d D,
    file: Rc<D::File>,
    at: u64,
}

impl<D: Disk> Read for Bytes<'_, D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count =
            self.disk.read_at(&self.file, self.at, buffer).map_err(|_| io::Error::other("a read failed"))?;
        self.at += count as u64;
        Ok(count)
    }
}

/// What a compressed file gives.
pub(super) struct Unpacked<'d, D: Disk> {
    disk: &'d D,
    file: Rc<D::File>,
    decoder: MultiGzDecoder<Bytes<'d, D>>,
    /// The last bytes that it gave, and the offset of the first of them.
    window: Vec<u8>,
    from: u64,
}

impl<'d, D: Disk> Unpacked<'d, D> {
    pub(super) fn new(disk: &'d D, file: Rc<D::File>) -> Self {
        let bytes = Bytes { disk, file: Rc::clone(&file), at: 0 };
        Self { disk, file, decoder: MultiGzDecoder::new(bytes), window: Vec::new(), from: 0 }
    }

    /// How many bytes it gives. All of it is unpacked.
    pub(super) fn len(&mut self) -> io::Result<u64> {
        while self.unpack()? {}
        Ok(self.end())
    }

    fn end(&self) -> u64 {
        self.from + self.window.len() as u64
    }

    /// Reads at an offset, as much as there is and fits.
    pub(super) fn read_at(&mut self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if at < self.from {
            *self = Self::new(self.disk, Rc::clone(&self.file));
        }
        let wanted = at.saturating_add(buffer.len() as u64);
        while self.end() < wanted && self.unpack()? {}
        let start = usize::try_from(at - self.from).unwrap_or(usize::MAX);
        let rest = self.window.get(start..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Ok(count)
    }

    /// Unpacks some more; false at the end. What is cut off ends there.
    fn unpack(&mut self) -> io::Result<bool> {
        if self.end() >= UNPACKED_MAX {
            return Err(io::Error::other("it gives too much"));
        }
        let spare = self.window.len().saturating_sub(WINDOW);
        self.window.drain(..spare);
        self.from += spare as u64;
        let before = self.window.len();
        self.window.resize(before + CHUNK, 0);
        let read = self.decoder.read(self.window.get_mut(before..).unwrap_or_default());
        let count = match read {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            read => read,
        };
        self.window.truncate(before + *count.as_ref().unwrap_or(&0));
        count.map(|count| count > 0)
    }
}
