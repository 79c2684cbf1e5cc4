//! The bytes of one record and how parts of it are named.
//!
//! A record is never copied while it is understood: header, fields and
//! captures are [`Span`]s into its text. Values that do not stand in the text
//! (a plug-in decoder's `block`, a joined URL) live in a small side buffer of
//! the event, so every value is found by a [`Value`] of six bytes.

/// A part of a byte string: start and length in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u16,
    /// Number of bytes.
    pub len: u16,
}

impl Span {
    /// The span `start..end`. Ends beyond 65,535 are cut to that; records and
    /// side buffers are shorter.
    pub fn new(start: usize, end: usize) -> Self {
        let end = end.min(u16::MAX.into());
        let start = start.min(end);
        Self { start: start as u16, len: (end - start) as u16 }
    }

    /// The bytes of `text` that the span names; empty where it does not fit.
    pub fn of(self, text: &[u8]) -> &[u8] {
        text.get(usize::from(self.start)..self.end()).unwrap_or(b"")
    }

    /// One past the last byte.
    pub fn end(self) -> usize {
        usize::from(self.start) + usize::from(self.len)
    }

    /// The same span in a text that starts `by` bytes earlier.
    pub fn shifted(self, by: usize) -> Self {
        Self::new(usize::from(self.start) + by, self.end() + by)
    }
}

/// Where the value of a field is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// The field is not set. An empty value is set.
    #[default]
    Unset,
    /// In the text of the record.
    Text(Span),
    /// In the side buffer of the event.
    Side(Span),
}

impl Value {
    /// Whether the field is set, be it to an empty value.
    pub fn is_set(self) -> bool {
        self != Self::Unset
    }
}
