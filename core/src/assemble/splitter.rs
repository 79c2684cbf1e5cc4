//! Lines out of a stream of bytes that comes in pieces: pipes and the output
//! of commands.

use super::Line;

/// Cuts a stream into lines, in lent memory that says how long a line may be.
#[derive(Debug)]
pub struct Splitter<M> {
    memory: M,
    len: usize,
    at: u64,
    cut: u32,
}

impl<M: AsRef<[u8]> + AsMut<[u8]>> Splitter<M> {
    /// A splitter for a stream of which the next byte has this offset.
    pub fn new(memory: M, at: u64) -> Self {
        Self { memory, len: 0, at, cut: 0 }
    }

    /// Takes the next bytes; gives out the lines that end in them.
    pub fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(Line<'_>)) {
        let _ = (bytes, out, self.memory.as_mut(), self.len, self.at, self.cut);
    }

    /// The stream has ended: gives out a last line without a newline.
    pub fn finish(&mut self, out: &mut dyn FnMut(Line<'_>)) {
        let _ = out;
    }
}
