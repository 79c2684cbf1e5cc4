//! What a file holds once it is read: elements, attributes and their places.

use super::places::Places;
use crate::diagnose::{SourceId, Span};
use std::borrow::Cow;
use std::ops::Range;

/// One file, read.
#[derive(Clone, Debug)]
pub struct Document {
    /// Which file.
    pub file: SourceId,
    /// The elements at the root, in order, without `<var>`.
    pub roots: Vec<Element>,
    /// False if the file has an error: OSSEC 4.3 would load nothing of it.
    pub sound: bool,
}

/// One element.
#[derive(Clone, Debug, Default)]
pub struct Element {
    /// The name as it is written; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// The name in the opening tag.
    pub name_span: Span,
    /// The attributes in order; no name twice.
    pub attributes: Vec<Attribute>,
    /// The text: without comments, with variables replaced, nothing trimmed.
    /// Of an element with children what follows the last child.
    pub text: Vec<u8>,
    /// Where the text stands in the file, comments included.
    pub text_span: Span,
    /// The elements within.
    pub children: Vec<Element>,
    /// From the `<` of the opening tag to the `>` of the closing tag.
    pub span: Span,
    pub(super) places: Places,
}

/// One attribute.
#[derive(Clone, Debug, Default)]
pub struct Attribute {
    /// The name as it is written; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// What stands between the quotes, with variables replaced.
    pub value: Vec<u8>,
    /// Where the name stands.
    pub name_span: Span,
    /// Where the value stands, without the quotes.
    pub value_span: Span,
    pub(super) places: Places,
}

impl Element {
    /// The attribute of a name (exact).
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The text for showing: bytes that are not UTF-8 are replaced.
    pub fn text_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text)
    }

    /// Where the byte at `offset` of the text stands in the file. What a
    /// variable put there stands at its `$`; an offset past the end is the end.
    pub fn position_of(&self, offset: usize) -> usize {
        self.places.position_of(offset, self.text.len(), self.text_span)
    }

    /// Where a part of the text stands in the file: at least one byte long if
    /// the part is not empty and the file has it.
    pub fn span_of(&self, part: Range<usize>) -> Span {
        self.places.span_of(part, self.text.len(), self.text_span)
    }
}

impl Attribute {
    /// The value for showing: bytes that are not UTF-8 are replaced.
    pub fn value_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.value)
    }

    /// Where the byte at `offset` of the value stands in the file, as
    /// [`Element::position_of`].
    pub fn position_of(&self, offset: usize) -> usize {
        self.places.position_of(offset, self.value.len(), self.value_span)
    }

    /// Where a part of the value stands in the file.
    pub fn span_of(&self, part: Range<usize>) -> Span {
        self.places.span_of(part, self.value.len(), self.value_span)
    }
}
