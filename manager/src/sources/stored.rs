//! Old logs, read once: `bartizan analyze FILE…`.
//!
//! Several files are merged in the order of their lines' own times, so that
//! an attack that left traces in three logs is seen as it happened. Each file
//! is taken to be roughly in order: a line that is older than the one before
//! it comes out at once, nothing is sorted and nothing is held but one chunk
//! per open file. A line without a time has the time of the line before it; at
//! the beginning of a file it has the first time found in the file's first
//! 64 KiB (unpacked), else the file's last change.
//!
//! Files may be compressed with gzip (found by content, not by name); `-` is
//! standard input. A compressed file that ends too early gives all its good
//! lines and then an error that says so; the other files go on.
//!
//! A file is open only while its lines come, so that a year of daily logs
//! does not need a year of open files.

use super::lines::{LINE_MAX, LineReader};
use super::stamp::Stamper;
use super::{Line, epoch_now, epoch_of};
use flate2::read::MultiGzDecoder;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Bytes at the end of a file in which its last time is looked for.
const TAIL: u64 = 64 * 1024;

/// Bytes at the beginning in which its first time is looked for, at most.
const HEAD: usize = 64 * 1024;

/// Bytes that tell how a file is compressed.
const MAGIC: usize = 6;

/// Seconds of the longest year: how old a time without year can be.
const YEAR: i64 = 366 * 86_400;

/// Why a stored log cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// The file cannot be opened.
    #[error("cannot open {path}: {reason}; check the name and your right to read it")]
    Open {
        /// The file.
        path: String,
        /// What the system says.
        reason: io::Error,
    },
    /// The file is a folder.
    #[error("{path} is a folder: name the files in it, such as {path}/*.log")]
    Folder {
        /// The folder.
        path: String,
    },
    /// Compressed, but not with gzip.
    #[error("{path} is compressed with {with}: unpack it, as in `{tool} {path} | bartizan analyze -`")]
    Compression {
        /// The file.
        path: String,
        /// Name of the compression.
        with: &'static str,
        /// Command that unpacks to standard output.
        tool: &'static str,
    },
    /// A compressed file ends in the middle. Its good part has been read.
    #[error(
        "{path} ends too early after {lines} lines: the compressed file is incomplete; what came before was read"
    )]
    Truncated {
        /// The file.
        path: String,
        /// Lines that were read.
        lines: u64,
    },
    /// Reading failed. What came before has been read.
    #[error("cannot read on in {path} after {lines} lines: {reason}; what came before was read")]
    Read {
        /// The file.
        path: String,
        /// Lines that were read.
        lines: u64,
        /// What the system or the decompressor says.
        reason: io::Error,
    },
}

/// How far the reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read from the files, compressed ones counted as they lie there.
    pub read: u64,
    /// Bytes of all files; `None` if one has no size (standard input, a pipe).
    pub total: Option<u64>,
}

/// Counts what is read from a source.
#[derive(Debug)]
struct Counted<R> {
    source: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.count.fetch_add(count as u64, Relaxed);
        Ok(count)
    }
}

/// Any source of bytes.
pub(crate) type Bytes = Box<dyn Read + Send>;

/// Where the lines of an input come from.
enum Feed {
    /// Looked into and closed again.
    Waiting,
    Open(LineReader<Bytes>),
    Done,
}

struct Input {
    path: PathBuf,
    location: String,
    feed: Feed,
    stamper: Stamper,
    /// Time of the last line that had one.
    time: i64,
    lines: u64,
    count: Arc<AtomicU64>,
    size: Option<u64>,
}

/// The lines of stored logs in the order of their times.
pub struct StoredLogs {
    inputs: Vec<Input>,
    /// Time of the next line of each input; equal times in the order in which
    /// the files were named.
    next: BinaryHeap<Reverse<(i64, usize)>>,
    /// The input whose line was handed out last.
    given: Option<usize>,
    line_max: usize,
}

impl StoredLogs {
    /// Looks into all files; `-` is standard input. Lines are cut at
    /// [`LINE_MAX`] bytes.
    ///
    /// # Errors
    /// The first file that cannot be read.
    pub fn open(paths: &[PathBuf]) -> Result<Self, StoredError> {
        let mut inputs = Vec::new();
        for path in paths {
            inputs.push(Input::look_into(path, LINE_MAX)?);
        }
        let numbered = inputs.iter().enumerate();
        let next = numbered
            // An empty stream has ended already.
            .filter(|(_, input)| !matches!(input.feed, Feed::Done))
            .map(|(number, input)| Reverse((input.time, number)))
            .collect();
        Ok(Self { inputs, next, given: None, line_max: LINE_MAX })
    }

    /// The next line with its time; `None` at the end of all files.
    ///
    /// # Errors
    /// A file that cannot be read on, once; the next call goes on with the
    /// others.
    pub fn next_line(&mut self) -> Option<Result<Line<'_>, StoredError>> {
        if let Some(last) = self.given.take()
            && let Err(error) = self.queue(last)
        {
            return Some(Err(error));
        }
        loop {
            let Reverse((_, number)) = self.next.pop()?;
            let input = self.inputs.get_mut(number)?;
            if !matches!(input.feed, Feed::Waiting) {
                self.given = Some(number);
                return self.inputs.get(number)?.line().map(Ok);
            }
            // It was its turn by the time found when it was looked into; its
            // first line may have another.
            let opened = input.open(self.line_max);
            if let Err(error) = opened.and_then(|()| self.queue(number)) {
                return Some(Err(error));
            }
        }
    }

    /// How far the reading is.
    pub fn progress(&self) -> Progress {
        let read = self.inputs.iter().map(|input| input.count.load(Relaxed)).sum();
        let total = self.inputs.iter().map(|input| input.size).sum();
        Progress { read, total }
    }

    /// Moves an input to its next line.
    fn queue(&mut self, number: usize) -> Result<(), StoredError> {
        let Some(input) = self.inputs.get_mut(number) else { return Ok(()) };
        if input.advance()? {
            self.next.push(Reverse((input.time, number)));
        }
        Ok(())
    }
}

impl Input {
    fn look_into(path: &Path, line_max: usize) -> Result<Self, StoredError> {
        let name = path.display().to_string();
        let count = Arc::new(AtomicU64::new(0));
        let mut input = Self {
            path: path.to_owned(),
            location: if name == "-" { "stdin".to_owned() } else { name },
            feed: Feed::Waiting,
            stamper: Stamper::new(epoch_now()),
            time: epoch_now(),
            lines: 0,
            count,
            size: None,
        };
        if path == Path::new("-") {
            input.look_into_stream(Box::new(io::stdin()), line_max)?;
            return Ok(input);
        }
        let mut file = File::open(path).map_err(|e| input.cannot_open(e))?;
        let meta = file.metadata().map_err(|e| input.cannot_open(e))?;
        if meta.is_dir() {
            return Err(StoredError::Folder { path: input.location });
        }
        if !meta.is_file() {
            input.look_into_stream(Box::new(file), line_max)?;
            return Ok(input);
        }
        input.size = Some(meta.len());
        input.refer_to(&mut file, meta.len(), meta.modified().map_or(input.time, epoch_of));
        file.rewind().map_err(|e| input.cannot_open(e))?;
        let mut reader = input.reader(Box::new(file), line_max)?;
        input.find_first_time(&mut reader);
        // Looking does not count: it will be read once more.
        input.count.store(0, Relaxed);
        Ok(input)
    }

    /// A source that can be read once only stays open.
    fn look_into_stream(&mut self, source: Bytes, line_max: usize) -> Result<(), StoredError> {
        let mut reader = self.reader(source, line_max)?;
        self.find_first_time(&mut reader);
        self.feed = Feed::Open(reader);
        self.advance().map(drop)
    }

    fn open(&mut self, line_max: usize) -> Result<(), StoredError> {
        let file = File::open(&self.path).map_err(|e| self.cannot_open(e));
        let reader = file.and_then(|file| self.reader(Box::new(file), line_max));
        self.feed = Feed::Done;
        self.feed = Feed::Open(reader?);
        Ok(())
    }

    fn cannot_open(&self, reason: io::Error) -> StoredError {
        StoredError::Open { path: self.location.clone(), reason }
    }

    /// Lines of a source, unpacked if it begins as gzip does.
    fn reader(&self, source: Bytes, line_max: usize) -> Result<LineReader<Bytes>, StoredError> {
        let counted = Counted { source, count: Arc::clone(&self.count) };
        Ok(LineReader::new(unpacked(Box::new(counted), &self.location)?, line_max))
    }

    /// Sets the reference for times without year: the last time in the file,
    /// which is better than the date of a copy; else its last change.
    fn refer_to(&mut self, file: &mut File, size: u64, changed: i64) {
        self.time = changed;
        self.stamper = Stamper::new(changed);
        let mut tail = Vec::new();
        let sought = file.seek(SeekFrom::Start(size.saturating_sub(TAIL)));
        if sought.and_then(|_| file.take(TAIL).read_to_end(&mut tail)).is_err() {
            return;
        }
        let last = tail.rsplit(|&b| b == b'\n').find_map(|line| self.stamper.time_of(line));
        // An older one has its year written and says nothing of those without.
        if let Some(last) = last.filter(|last| (changed - YEAR..changed).contains(last)) {
            self.stamper = Stamper::new(last);
        }
    }

    fn find_first_time(&mut self, reader: &mut LineReader<Bytes>) {
        let mut lines = reader.peek().split(|&b| b == b'\n');
        if let Some(first) = lines.find_map(|line| self.stamper.time_of(line)) {
            self.time = first;
        }
    }

    /// Moves to the next line; `false` at the end.
    fn advance(&mut self) -> Result<bool, StoredError> {
        let Feed::Open(reader) = &mut self.feed else { return Ok(false) };
        match reader.advance() {
            Ok(true) => {
                self.lines += 1;
                let bytes = reader.line().map_or(&b""[..], |piece| piece.bytes);
                self.time = self.stamper.time_of(bytes).unwrap_or(self.time);
                Ok(true)
            }
            Ok(false) => {
                self.feed = Feed::Done;
                Ok(false)
            }
            Err(error) => {
                self.feed = Feed::Done;
                Err(self.broken(error))
            }
        }
    }

    fn broken(&self, reason: io::Error) -> StoredError {
        let (path, lines) = (self.location.clone(), self.lines);
        match reason.kind() {
            io::ErrorKind::UnexpectedEof => StoredError::Truncated { path, lines },
            _ => StoredError::Read { path, lines, reason },
        }
    }

    fn line(&self) -> Option<Line<'_>> {
        let Feed::Open(reader) = &self.feed else { return None };
        let piece = reader.line()?;
        let (location, bytes, cut, time) = (&*self.location, piece.bytes, piece.cut, self.time);
        Some(Line { location, bytes, is_merged: false, cut, time })
    }
}

/// A source as it was before gzip packed it, if it did.
pub(crate) fn unpacked(mut source: Bytes, path: &str) -> Result<Bytes, StoredError> {
    let head = head_of(&mut source).map_err(|reason| StoredError::Open { path: path.to_owned(), reason })?;
    if let Some((with, tool)) = foreign_compression(&head) {
        return Err(StoredError::Compression { path: path.to_owned(), with, tool });
    }
    let is_gzip = head.starts_with(&[0x1f, 0x8b]);
    let whole = io::Cursor::new(head).chain(source);
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}

/// What one read gives, and more only if that is too little to tell what it is.
fn head_of(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = vec![0; HEAD];
    let mut length = 0;
    while length < MAGIC {
        match source.read(head.get_mut(length..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head.truncate(length);
    Ok(head)
}

/// Compressions that are told apart only to name them.
fn foreign_compression(head: &[u8]) -> Option<(&'static str, &'static str)> {
    match head {
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(("xz", "xz -dc")),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(("zstd", "zstd -dc")),
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', ..] => Some(("bzip2", "bzip2 -dc")),
        [b'P', b'K', 3, 4, ..] => Some(("zip", "unzip -p")),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
