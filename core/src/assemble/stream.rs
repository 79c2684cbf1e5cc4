//! Messages out of a stream of bytes: syslog over TCP.
//!
//! RFC 6587: a message is framed by its length (`123 <13>…`) or by its end, a
//! newline or NUL. Senders do not say which and some mix them, so each message
//! shows it anew: digits and a space are a length.

/// Digits of a length: more make it text.
const DIGITS_MAX: usize = 8;

/// A message of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The message, without its frame and without line ends behind it.
    pub text: &'a [u8],
    /// Bytes at its end that were left out.
    pub cut: u32,
}

/// Where a stream is.
#[derive(Clone, Copy, Debug)]
enum State {
    /// At the start of a message: so many bytes are kept, all digits.
    Start,
    /// In a message of which so many bytes are to come.
    Counted(usize),
    /// In a message that a newline or NUL ends.
    Line,
}

/// Cuts a stream into messages, in lent memory that says how long a message
/// may be. What a message has beyond it is left out and counted; the next
/// message is whole.
#[derive(Debug)]
pub struct Stream<M> {
    memory: M,
    state: State,
    len: usize,
    cut: u64,
    /// The length that stands before a message, as far as it was read.
    digits: usize,
    length: usize,
}

impl<M: AsRef<[u8]> + AsMut<[u8]>> Stream<M> {
    /// A stream at its start.
    pub fn new(memory: M) -> Self {
        Self { memory, state: State::Start, len: 0, cut: 0, digits: 0, length: 0 }
    }

    /// Takes the next bytes; gives out the messages that end in them. Empty
    /// messages are none. Looks at each byte a fixed number of times.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut dyn FnMut(Message<'_>)) {
        while !bytes.is_empty() {
            let taken = match self.state {
                State::Start => self.start(bytes),
                State::Counted(left) => self.counted(bytes, left, out),
                State::Line => self.line(bytes, out),
            };
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    /// The stream has ended: gives out what there is of a last message. What
    /// its length announced and did not come counts as cut.
    pub fn finish(&mut self, out: &mut dyn FnMut(Message<'_>)) {
        if let State::Counted(left) = self.state {
            self.cut = self.cut.saturating_add(left as u64);
        }
        self.give(out);
    }

    /// Reads one byte at the start of a message; bytes taken.
    fn start(&mut self, bytes: &[u8]) -> usize {
        match bytes.first() {
            Some(b'\n' | b'\r' | 0) if self.digits == 0 => 1,
            Some(digit @ b'0'..=b'9') if self.digits < DIGITS_MAX && (self.digits > 0 || *digit != b'0') => {
                self.digits += 1;
                self.length = self.length * 10 + usize::from(digit - b'0');
                self.add(&[*digit]);
                1
            }
            Some(b' ') if self.digits > 0 => {
                (self.len, self.cut) = (0, 0);
                self.state = State::Counted(self.length);
                1
            }
            _ => {
                self.state = State::Line;
                0
            }
        }
    }

    /// Reads a message whose length is known; bytes taken.
    fn counted(&mut self, bytes: &[u8], left: usize, out: &mut dyn FnMut(Message<'_>)) -> usize {
        let piece = bytes.get(..left).unwrap_or(bytes);
        self.add(piece);
        self.state = State::Counted(left - piece.len());
        if left == piece.len() {
            self.give(out);
        }
        piece.len()
    }

    /// Reads a message up to its end; bytes taken.
    fn line(&mut self, bytes: &[u8], out: &mut dyn FnMut(Message<'_>)) -> usize {
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | 0));
        self.add(bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default());
        if end.is_some() {
            self.give(out);
        }
        end.map_or(bytes.len(), |end| end + 1)
    }

    /// Keeps bytes of the message.
    fn add(&mut self, bytes: &[u8]) {
        let free = self.memory.as_mut().get_mut(self.len..).unwrap_or_default();
        let (fit, over) = bytes.split_at(bytes.len().min(free.len()));
        free.iter_mut().zip(fit).for_each(|(to, from)| *to = *from);
        self.len += fit.len();
        self.cut = self.cut.saturating_add(over.len() as u64);
    }

    /// Gives the message out and begins the next one.
    fn give(&mut self, out: &mut dyn FnMut(Message<'_>)) {
        let mut text = self.memory.as_ref().get(..self.len).unwrap_or_default();
        while let Some((b'\n' | b'\r' | 0, rest)) = text.split_last().filter(|_| self.cut == 0) {
            text = rest;
        }
        if !text.is_empty() || self.cut > 0 {
            out(Message { text, cut: u32::try_from(self.cut).unwrap_or(u32::MAX) });
        }
        self.state = State::Start;
        (self.len, self.cut, self.digits, self.length) = (0, 0, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate std;
    use proptest::prelude::*;
    use std::string::String;
    use std::vec::Vec;

    fn messages(pieces: &[&[u8]], size: usize) -> Vec<(String, u32)> {
        let mut stream = Stream::new(std::vec![0; size]);
        let mut seen = Vec::new();
        let mut out =
            |message: Message<'_>| seen.push((String::from_utf8_lossy(message.text).into(), message.cut));
        pieces.iter().for_each(|piece| stream.push(piece, &mut out));
        stream.finish(&mut out);
        seen
    }

    fn whole(texts: &[&str]) -> Vec<(String, u32)> {
        texts.iter().map(|text| (String::from(*text), 0)).collect()
    }

    #[test]
    fn each_message_shows_how_it_is_framed() {
        let stream = b"<13>one\n<13>two\r\n\n\0<13>three\x005 <1>a\n12 <1>line\nfeed<13>four\n7 <1>five";
        let expected = ["<13>one", "<13>two", "<13>three", "<1>a", "<1>line\nfeed", "<13>four", "<1>five"];
        assert_eq!(messages(&[stream], 99), whole(&expected));
    }

    #[test]
    fn digits_alone_are_not_a_length() {
        assert_eq!(
            messages(&[b"12:30 up\n0 zero\n123456789 many\n42"], 99),
            whole(&["12:30 up", "0 zero", "123456789 many", "42"])
        );
    }

    #[test]
    fn the_message_behind_one_that_is_too_long_is_whole() {
        assert_eq!(messages(&[b"<13>long\n<1>a\n"], 4), [("<13>".into(), 4), ("<1>a".into(), 0)]);
        assert_eq!(messages(&[b"8 <13>long4 <1>a"], 4), [("<13>".into(), 4), ("<1>a".into(), 0)]);
    }

    #[test]
    fn what_a_closed_connection_left_is_a_message() {
        assert_eq!(messages(&[b"<13>hal"], 9), whole(&["<13>hal"]));
        assert_eq!(messages(&[b"9 <13>hal"], 9), [("<13>hal".into(), 2)]);
        assert!(messages(&[b"\n\0\r\n"], 9).is_empty());
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(bytes in "[<a0-3 \\n\\r\\x00]{0,40}", cuts in proptest::collection::vec(0usize..9, 0..9), size in 0usize..12) {
            let (mut rest, mut pieces) = (bytes.as_bytes(), Vec::new());
            for cut in cuts {
                let (piece, more) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = more;
            }
            pieces.push(rest);
            prop_assert_eq!(messages(&pieces, size), messages(&[bytes.as_bytes()], size));
        }
    }
}
