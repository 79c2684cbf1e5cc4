//! Whether a rule of one set is that of another.
//!
//! Rules are compared as they are written, with variables in place, so that
//! what rows and numbers they have does not matter. What they ask is told from
//! what they say: whoever mends a description or a level, or puts a rule into
//! another group, has not made another rule of it.

use crate::xml::Element;
use bartizan_core::image::Dialect;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Attributes and elements that do not decide which events a rule fires on.
const SAID: [&str; 7] = ["level", "description", "group", "info", "cve", "mitre", "options"];

/// What a rule is, as two numbers; they are equal for equal rules, and by
/// chance for one pair in 2^64 that is not. Only good within one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Definition {
    /// Everything that is written.
    pub whole: u64,
    /// What decides which events it fires on: all but its level (as long as
    /// that is not 0), groups, options and texts.
    pub asks: u64,
}

impl Definition {
    /// Of an element in a `<group>` of this name.
    pub(super) fn of(element: &Element, group: &[u8], dialect: Dialect) -> Self {
        let (mut whole, mut asks) = (DefaultHasher::new(), DefaultHasher::new());
        (group, dialect as u8).hash(&mut whole);
        write(element, &mut whole, |_| true);
        (dialect as u8, is_silent(element)).hash(&mut asks);
        write(element, &mut asks, is_asked);
        Self { whole: whole.finish(), asks: asks.finish() }
    }

    /// With what overwrites it.
    pub(super) fn overwrite(&mut self, with: Self) {
        let both = |one: u64, other: u64| {
            let mut hasher = DefaultHasher::new();
            (one, other).hash(&mut hasher);
            hasher.finish()
        };
        *self = Self { whole: both(self.whole, with.whole), asks: both(self.asks, with.asks) };
    }
}

/// Whether an attribute or element of a rule of this name decides which events
/// it fires on.
fn is_asked(name: &str) -> bool {
    !SAID.iter().any(|said| said.eq_ignore_ascii_case(name))
}

/// Events of level 0 are not remembered.
fn is_silent(element: &Element) -> bool {
    let level = element.attribute("level").map_or(&b""[..], |level| &level.value);
    level.trim_ascii().iter().all(|digit| *digit == b'0')
}

/// Adds an element, and the attributes and elements in it whose names are
/// wanted. What stands between elements says nothing.
fn write(element: &Element, to: &mut DefaultHasher, wanted: fn(&str) -> bool) {
    element.name.to_ascii_lowercase().hash(to);
    for attribute in element.attributes.iter().filter(|attribute| wanted(&attribute.name)) {
        (&attribute.name, &attribute.value).hash(to);
    }
    if element.children.is_empty() {
        element.text.hash(to);
    }
    for child in element.children.iter().filter(|child| wanted(&child.name)) {
        write(child, to, |_| true);
    }
}
