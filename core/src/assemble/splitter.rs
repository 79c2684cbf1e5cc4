//! Lines out of a stream of bytes that comes in pieces: pipes and the output
//! of commands.

use super::Line;

/// Cuts a stream into lines, in lent memory that says how long a line may be.
///
/// The lines are the same however the stream is cut into pieces. What a line
/// has beyond the memory is left out and counted; the next line is whole.
#[derive(Debug)]
pub struct Splitter<M> {
    memory: M,
    /// Bytes of the open line that are kept.
    len: usize,
    /// Offset of its first byte.
    at: u64,
    /// Bytes of it that are not kept.
    cut: u64,
}

impl<M: AsRef<[u8]> + AsMut<[u8]>> Splitter<M> {
    /// A splitter for a stream of which the next byte has this offset.
    pub fn new(memory: M, at: u64) -> Self {
        Self { memory, len: 0, at, cut: 0 }
    }

    /// Takes the next bytes; gives out the lines that end in them, without
    /// their newlines. Looks at each byte once.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut dyn FnMut(Line<'_>)) {
        while let Some(len) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(len);
            self.add(line);
            self.give(1, out);
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.add(bytes);
    }

    /// The stream has ended: gives out a last line without a newline.
    pub fn finish(&mut self, out: &mut dyn FnMut(Line<'_>)) {
        if self.len > 0 || self.cut > 0 {
            self.give(0, out);
        }
    }

    /// Keeps bytes of the open line.
    fn add(&mut self, bytes: &[u8]) {
        let free = self.memory.as_mut().get_mut(self.len..).unwrap_or_default();
        let (fit, over) = bytes.split_at(bytes.len().min(free.len()));
        free.iter_mut().zip(fit).for_each(|(to, from)| *to = *from);
        self.len += fit.len();
        self.cut = self.cut.saturating_add(over.len() as u64);
    }

    /// Gives the open line out and begins the next one, behind it and its end.
    fn give(&mut self, end: u64, out: &mut dyn FnMut(Line<'_>)) {
        let text = self.memory.as_ref().get(..self.len).unwrap_or_default();
        out(Line { text, at: self.at, cut: u32::try_from(self.cut).unwrap_or(u32::MAX) });
        self.at = self.at.saturating_add(self.len as u64).saturating_add(self.cut).saturating_add(end);
        (self.len, self.cut) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate std;
    use proptest::prelude::*;
    use std::vec::Vec;

    type Seen = (Vec<u8>, u64, u32);

    fn lines(pieces: &[&[u8]], size: usize) -> Vec<Seen> {
        let mut splitter = Splitter::new(std::vec![0; size], 100);
        let mut seen = Vec::new();
        let mut out = |line: Line<'_>| seen.push((line.text.to_vec(), line.at, line.cut));
        pieces.iter().for_each(|piece| splitter.push(piece, &mut out));
        splitter.finish(&mut out);
        seen
    }

    #[test]
    fn lines_come_without_newline_and_with_their_place() {
        let expected = [(b"ab".to_vec(), 100, 0), (b"".to_vec(), 103, 0), (b"cd".to_vec(), 104, 0)];
        assert_eq!(lines(&[b"ab\n\ncd"], 9), expected);
        assert_eq!(lines(&[b"a", b"b\n", b"", b"\nc", b"d"], 9), expected);
    }

    #[test]
    fn the_line_behind_one_that_is_too_long_is_whole() {
        let expected = [(b"abc".to_vec(), 100, 3), (b"gh".to_vec(), 107, 0)];
        assert_eq!(lines(&[b"abcd", b"ef\ng", b"h\n"], 3), expected);
    }

    #[test]
    fn nothing_gives_no_line() {
        assert!(lines(&[b""], 3).is_empty());
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), Just(b'b')], 0..40),
            cuts in proptest::collection::vec(0usize..40, 0..5),
            size in 0usize..8,
        ) {
            let (mut rest, mut pieces) = (bytes.as_slice(), Vec::new());
            for cut in cuts {
                let (piece, more) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = more;
            }
            pieces.push(rest);
            prop_assert_eq!(lines(&pieces, size), lines(&[&bytes], size));
        }
    }
}
