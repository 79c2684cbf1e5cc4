//! The XML of OSSEC 4.3, as decoders, rules and configuration are written in.
//!
//! It is not quite XML: comments run from `<!` to `!>` or `-->` and may stand
//! in a text, there are no entities, a backslash keeps a `<` from opening a
//! tag and stays in the text, a file may have many roots, and `<var>` at the
//! root defines what `$NAME` is replaced by from there on.
//!
//! [`read`] takes a file and gives its elements. What is wrong goes to the
//! report, each problem at its place, and reading goes on; after any error
//! [`Document::sound`] is false, and OSSEC would refuse the whole file. Texts
//! are bytes, because rule files in Latin-1 exist. A place in a text can be
//! found again in the file, across comments and variables:
//! [`Element::position_of`].
//!
//! Costs one walk over the file; depth, number of nodes, lengths and what
//! variables may grow to are limited by [`Syntax`] and [`limits`].

mod close;
mod element;
mod places;
mod read;
mod scan;
mod tag;
#[cfg(test)]
mod tests;
mod variables;

pub use element::{Attribute, Document, Element};
pub use read::{exercise, read};

/// What is not the same in all files of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syntax {
    /// Bytes of the text of one element, before variables are replaced.
    pub text_max: usize,
    /// Attributes of one element.
    pub attributes_max: usize,
    /// Whether `$(` is ordinary text even where variables are defined.
    pub dollar_parenthesis: bool,
}

impl Syntax {
    /// OSSEC 4.3.
    pub const OSSEC: Self = Self { text_max: 8192, attributes_max: 48, dollar_parenthesis: false };
    /// Wazuh 4.14: longer texts, and `$(field)` in descriptions.
    pub const WAZUH: Self = Self { text_max: 20_480, attributes_max: 48, dollar_parenthesis: true };
}

/// What one file may hold, in every dialect.
pub mod limits {
    /// Elements within elements.
    pub const DEPTH_MAX: usize = 1024;
    /// Elements and attributes of one file together.
    pub const NODES_MAX: usize = 400_000;
    /// Bytes of the name of an element, an attribute or a variable.
    pub const NAME_MAX: usize = 255;
    /// Variables of one file.
    pub const VARIABLES_MAX: usize = 1024;
    /// Bytes of one text or value after variables are replaced.
    pub const EXPANDED_MAX: usize = 65_536;
    /// Bytes that variables may add to one file.
    pub const GROWTH_MAX: usize = 16 << 20;
    /// Problems of one file that are reported; further ones are counted.
    pub const PROBLEMS_MAX: usize = 50;
}
