//! Where the bytes of a text came from, after comments were taken out and
//! variables were put in.
//!
//! A text without either needs nothing here: byte k stands k after the start.
//! Otherwise it is a list of pieces, each either copied from the file in one
//! run or put in by a variable. Costs 12 bytes a piece.

use crate::diagnose::Span;
use std::ops::Range;

/// A piece of a text, up to where the next one begins.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Offset of its first byte in the text.
    at: u32,
    /// Offset in the file: of the first byte, or of the variable's `$`.
    file: u32,
    /// Bytes of `$NAME` in the file; 0 for a piece that was copied.
    variable: u32,
}

/// Where the bytes of one text stand in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pieces: Vec<Piece>,
}

impl Places {
    /// The text goes on at `at` with what stands at `file`.
    pub(super) fn copied(&mut self, at: usize, file: usize) {
        self.push(Piece { at: at as u32, file: file as u32, variable: 0 });
    }

    /// The text goes on at `at` with what a variable puts there.
    pub(super) fn replaced(&mut self, at: usize, span: Span) {
        let variable = (span.end - span.start) as u32;
        self.push(Piece { at: at as u32, file: span.start as u32, variable });
    }

    fn push(&mut self, piece: Piece) {
        match self.pieces.last_mut() {
            // The piece before turned out empty.
            Some(last) if last.at == piece.at => *last = piece,
            _ => self.pieces.push(piece),
        }
    }

    pub(super) fn clear(&mut self) {
        self.pieces.clear();
    }

    /// Forgets pieces that say no more than "in one run from the start".
    pub(super) fn shrink(&mut self, start: usize) {
        if let [only] = self.pieces.as_slice()
            && only.variable == 0
            && only.file as usize == start
        {
            self.pieces = Vec::new();
        }
        self.pieces.shrink_to_fit();
    }

    /// Adds the pieces of a part of this text to those of a new text, in
    /// which the part begins at `at`.
    pub(super) fn copy_to(&self, new: &mut Self, part: Range<usize>, at: usize, len: usize, span: Span) {
        if part.is_empty() {
            return;
        }
        new.copied(at, self.position_of(part.start, len, span));
        let first = self.pieces.partition_point(|piece| piece.at as usize <= part.start);
        let within = self.pieces[first..].iter().take_while(|piece| (piece.at as usize) < part.end);
        for piece in within {
            new.copied(at + piece.at as usize - part.start, piece.file as usize);
        }
    }

    fn piece_of(&self, offset: usize) -> Option<&Piece> {
        let after = self.pieces.partition_point(|piece| piece.at as usize <= offset);
        self.pieces.get(after.checked_sub(1)?)
    }

    /// See [`super::Element::position_of`]. `len` is of the text, `span` its place.
    pub(super) fn position_of(&self, offset: usize, len: usize, span: Span) -> usize {
        if offset >= len {
            return self.end_of(len, span);
        }
        match self.piece_of(offset) {
            None => (span.start + offset).min(span.end),
            Some(piece) if piece.variable > 0 => piece.file as usize,
            Some(piece) => piece.file as usize + offset - piece.at as usize,
        }
    }

    /// After the last byte of the text, which may be before a last comment.
    fn end_of(&self, len: usize, span: Span) -> usize {
        match len.checked_sub(1) {
            Some(last) => self.span_of(last..len, len, span).end,
            None => span.start,
        }
    }

    pub(super) fn span_of(&self, part: Range<usize>, len: usize, span: Span) -> Span {
        let start = self.position_of(part.start, len, span);
        if part.end <= part.start || part.start >= len {
            return Span::new(start, start);
        }
        let last = part.end.min(len) - 1;
        let end = match self.piece_of(last) {
            Some(piece) if piece.variable > 0 => (piece.file + piece.variable) as usize,
            _ => self.position_of(last, len, span) + 1,
        };
        Span::new(start, end)
    }
}
