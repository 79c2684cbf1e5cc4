//! Bytes → lines, for hostile input.
//!
//! A line ends with LF or CR LF; what stands behind the last LF is a line too
//! when the source says that nothing follows. A line longer than the limit is
//! cut and the bytes cut are counted; the next line is whole. Memory is at
//! most the limit, however long a line is. A line that lies whole in the
//! caller's bytes is not copied.
//!
//! NUL bytes inside a line stay. NUL bytes in front of a line are left out: a
//! file that is truncated under a writer which does not append begins with a
//! hole, gigabytes of them at worst, and the first line behind it is a good
//! one.
//!
//! What is read is read by a [`LineReader`].

use std::io::{self, Read};
use std::ops::Range;

/// Bytes that a line may have unless a caller knows better. Ten records' worth:
/// what the engine cuts is cut there, this only keeps memory in bounds.
pub const LINE_MAX: usize = 64 * 1024;

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// A line: its bytes and how many more were cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The bytes without line end.
    pub bytes: &'a [u8],
    /// Bytes of the line that did not fit the limit.
    pub cut: u64,
}

/// Where [`LineSplitter::take`] left a whole line.
#[derive(Debug)]
enum Found {
    InChunk(Range<usize>),
    InPart,
}

/// Splits chunks of any size into lines.
#[derive(Debug)]
struct LineSplitter {
    max: usize,
    /// Beginning of a line whose end has not come yet.
    part: Vec<u8>,
    /// Bytes of that line which did not fit.
    cut: u64,
    /// Whether the last byte of that line so far is CR.
    ends_with_cr: bool,
    /// `part` has been handed out and is cleared by the next call.
    spent: bool,
    /// A line was handed out without its LF: an LF that comes next belongs to it.
    owes_lf: bool,
}

impl LineSplitter {
    /// Cuts lines at `max` bytes (at least 1).
    fn new(max: usize) -> Self {
        let max = max.max(1);
        Self { max, part: Vec::new(), cut: 0, ends_with_cr: false, spent: false, owes_lf: false }
    }

    /// The next whole line at the front of `chunk`, which moves past it.
    /// `None`: `chunk` is used up, its rest is kept as the beginning of a line.
    #[cfg(test)]
    fn split<'a, 'c: 'a>(&'a mut self, chunk: &mut &'c [u8]) -> Option<Piece<'a>> {
        let whole: &'c [u8] = chunk;
        let (used, found) = self.take(whole);
        *chunk = whole.get(used..).unwrap_or(b"");
        found.map(|found| self.piece(whole, &found))
    }

    /// Nothing follows: what is kept of an unfinished line, if anything.
    fn finish(&mut self) -> Option<Piece<'_>> {
        self.clear_spent();
        if !self.is_holding() {
            return None;
        }
        self.close_part();
        self.owes_lf = true;
        Some(self.piece(b"", &Found::InPart))
    }

    /// Whether the beginning of a line is kept.
    fn is_holding(&self) -> bool {
        !self.spent && (!self.part.is_empty() || self.cut > 0)
    }

    /// Takes bytes of `chunk` up to the end of the first line, or all of them.
    fn take(&mut self, chunk: &[u8]) -> (usize, Option<Found>) {
        self.clear_spent();
        let mut from = 0;
        if self.owes_lf && !chunk.is_empty() {
            self.owes_lf = false;
            from = usize::from(chunk.first() == Some(&b'\n'));
        }
        if !self.is_holding() {
            from += leading_nuls(chunk.get(from..).unwrap_or(b""));
        }
        let rest = chunk.get(from..).unwrap_or(b"");
        let Some(length) = memchr::memchr(b'\n', rest) else {
            self.keep(rest);
            return (chunk.len(), None);
        };
        let end = from + length;
        if !self.is_holding() && length <= self.max {
            let text = rest.get(..length).unwrap_or(b"");
            let cr = usize::from(text.last() == Some(&b'\r'));
            return (end + 1, Some(Found::InChunk(from..end - cr)));
        }
        self.keep(rest.get(..length).unwrap_or(b""));
        self.close_part();
        (end + 1, Some(Found::InPart))
    }

    fn piece<'a>(&'a self, chunk: &'a [u8], found: &Found) -> Piece<'a> {
        match found {
            Found::InChunk(range) => Piece { bytes: chunk.get(range.clone()).unwrap_or(b""), cut: 0 },
            Found::InPart => Piece { bytes: &self.part, cut: self.cut },
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        let room = self.max - self.part.len();
        let (fits, over) = bytes.split_at(bytes.len().min(room));
        self.part.extend_from_slice(fits);
        self.cut += over.len() as u64;
        self.ends_with_cr = *last == b'\r';
    }

    /// The line is complete: its CR is not part of it, cut off or not.
    fn close_part(&mut self) {
        if self.ends_with_cr && self.cut > 0 {
            self.cut -= 1;
        } else if self.ends_with_cr {
            self.part.pop();
        }
        self.spent = true;
    }

    fn clear_spent(&mut self) {
        if self.spent {
            // One long line must not keep its memory for the life of a source.
            self.part.clear();
            self.part.shrink_to(1024);
            self.cut = 0;
            self.ends_with_cr = false;
            self.spent = false;
        }
    }
}

fn leading_nuls(bytes: &[u8]) -> usize {
    bytes.iter().position(|&b| b != 0).unwrap_or(bytes.len())
}

/// Reads lines from anything that can be read.
#[derive(Debug)]
pub struct LineReader<R> {
    source: R,
    splitter: LineSplitter,
    chunk: Vec<u8>,
    start: usize,
    end: usize,
    found: Option<Found>,
    /// The chunk in which `found` lies began here.
    base: usize,
    done: bool,
    failure: Option<io::Error>,
}

impl<R: Read> LineReader<R> {
    /// Lines of `source`, cut at `max` bytes.
    pub fn new(source: R, max: usize) -> Self {
        Self {
            source,
            splitter: LineSplitter::new(max),
            chunk: vec![0; CHUNK],
            start: 0,
            end: 0,
            found: None,
            base: 0,
            done: false,
            failure: None,
        }
    }

    /// The next line; `None` at the end. An error of the source comes after
    /// all that was read before it, once, and is the end.
    ///
    /// # Errors
    /// What the source says; interruptions are retried.
    pub fn next_line(&mut self) -> io::Result<Option<Piece<'_>>> {
        Ok(if self.advance()? { self.line() } else { None })
    }

    /// Moves to the next line; `false` at the end. The line itself is
    /// [`LineReader::line`]: two calls, so that a caller may look at the same
    /// line again.
    ///
    /// # Errors
    /// As [`LineReader::next_line`].
    pub fn advance(&mut self) -> io::Result<bool> {
        loop {
            if self.start < self.end {
                self.base = self.start;
                let rest = self.chunk.get(self.start..self.end).unwrap_or(b"");
                let (used, found) = self.splitter.take(rest);
                self.start += used;
                self.found = found;
            } else if self.done {
                return self.at_end();
            } else {
                self.found = None;
                self.fill();
            }
            if self.found.is_some() {
                return Ok(true);
            }
        }
    }

    /// The line to which [`LineReader::advance`] moved.
    pub fn line(&self) -> Option<Piece<'_>> {
        let chunk = self.chunk.get(self.base..).unwrap_or(b"");
        self.found.as_ref().map(|found| self.splitter.piece(chunk, found))
    }

    /// Whether bytes have been read that are not handed out yet: if not, the
    /// next call may wait for the source.
    pub fn has_more(&self) -> bool {
        self.start < self.end
    }

    /// What has been read already and not been handed out; reads once if that
    /// is nothing. For a look ahead at the beginning of a source.
    pub(crate) fn peek(&mut self) -> &[u8] {
        if self.start == self.end && !self.done {
            self.fill();
        }
        self.chunk.get(self.start..self.end).unwrap_or(b"")
    }

    fn fill(&mut self) {
        (self.start, self.end) = (0, 0);
        match self.source.read(&mut self.chunk) {
            Ok(0) => self.done = true,
            Ok(count) => self.end = count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                self.done = true;
                self.failure = Some(error);
            }
        }
    }

    fn at_end(&mut self) -> io::Result<bool> {
        self.found = self.splitter.finish().is_some().then_some(Found::InPart);
        match self.failure.take() {
            // The last words come first, the error with the next call.
            Some(error) if self.found.is_some() => self.failure = Some(error),
            Some(error) => return Err(error),
            None => {}
        }
        Ok(self.found.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lines of `text` when it comes in chunks of `size`, cut at `max`.
    fn pushed(text: &[u8], size: usize, max: usize) -> Vec<(Vec<u8>, u64)> {
        let mut splitter = LineSplitter::new(max);
        let mut lines = Vec::new();
        for mut chunk in text.chunks(size) {
            while let Some(piece) = splitter.split(&mut chunk) {
                lines.push((piece.bytes.to_vec(), piece.cut));
            }
            assert!(splitter.part.len() <= max);
        }
        lines.extend(splitter.finish().map(|p| (p.bytes.to_vec(), p.cut)));
        assert_eq!(splitter.finish(), None);
        lines
    }

    fn read(text: &[u8], max: usize) -> Vec<(Vec<u8>, u64)> {
        let mut reader = LineReader::new(text, max);
        let mut lines = Vec::new();
        while let Some(piece) = reader.next_line().expect("a slice can be read") {
            lines.push((piece.bytes.to_vec(), piece.cut));
        }
        lines
    }

    #[test]
    fn lines_are_the_same_whatever_the_size_of_the_chunks() {
        let text = b"one\r\n\r\n\ntwo\rtwo\n\0\0three\0x\n0123456789\r\n012345678901234\nlast\r";
        let want: Vec<(Vec<u8>, u64)> = [
            (&b"one"[..], 0),
            (b"", 0),
            (b"", 0),
            (b"two\rtwo", 0),
            (b"three\0x", 0),
            (b"0123456789", 0),
            (b"0123456789", 5),
            (b"last", 0),
        ]
        .map(|(bytes, cut)| (bytes.to_vec(), cut))
        .to_vec();
        for size in 1..=text.len() {
            assert_eq!(pushed(text, size, 10), want, "chunks of {size}");
        }
        assert_eq!(read(text, 10), want);
    }

    #[test]
    fn a_line_of_ten_megabytes_is_cut_and_the_next_is_whole() {
        let mut text = vec![b'x'; 10 * 1024 * 1024];
        text.extend_from_slice(b"\nnext\n");
        let lines = read(&text, 4096);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].0.len(), 4096);
        assert_eq!(lines[0].1, 10 * 1024 * 1024 - 4096);
        assert_eq!(lines[1], (b"next".to_vec(), 0));
        assert_eq!(pushed(&text, 1000, 4096), lines);
    }

    #[test]
    fn the_memory_of_a_long_line_is_given_back() {
        let mut splitter = LineSplitter::new(1 << 20);
        let long = vec![b'x'; 1 << 20];
        assert_eq!(splitter.split(&mut &long[..]), None);
        assert_eq!(splitter.split(&mut &b"\n"[..]).map(|p| p.bytes.len()), Some(1 << 20));
        assert_eq!(splitter.split(&mut &b"ab"[..]), None);
        assert!(splitter.part.capacity() <= 2048);
    }

    #[test]
    fn a_hole_of_nul_bytes_does_not_swallow_the_line_behind_it() {
        let mut text = vec![0; 100_000];
        text.extend_from_slice(b"good\n");
        assert_eq!(read(&text, 100), [(b"good".to_vec(), 0)]);
        assert_eq!(pushed(&text, 7, 100), [(b"good".to_vec(), 0)]);
    }

    #[test]
    fn a_line_handed_out_early_is_not_followed_by_an_empty_one() {
        let mut splitter = LineSplitter::new(100);
        assert_eq!(splitter.split(&mut &b"slow"[..]), None);
        assert!(splitter.is_holding());
        assert_eq!(splitter.finish().map(|p| p.bytes), Some(&b"slow"[..]));
        assert!(!splitter.is_holding());
        let mut chunk = &b"\nnext\n\n"[..];
        assert_eq!(splitter.split(&mut chunk).map(|p| p.bytes.to_vec()), Some(b"next".to_vec()));
        assert_eq!(splitter.split(&mut chunk).map(|p| p.bytes.to_vec()), Some(Vec::new()));
        assert_eq!(splitter.split(&mut chunk), None);
    }

    #[test]
    fn an_error_comes_after_all_that_was_read_before_it() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                buffer[..7].copy_from_slice(b"a\nb\nrest".get(..7).expect("seven"));
                Ok(7)
            }
        }
        let mut reader = LineReader::new(Broken(false), 100);
        for want in [&b"a"[..], b"b", b"res"] {
            assert_eq!(reader.next_line().expect("good part").map(|p| p.bytes), Some(want));
        }
        assert!(reader.next_line().is_err());
        assert_eq!(reader.next_line().expect("the end is not an error"), None);
    }
}
