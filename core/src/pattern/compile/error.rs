//! What is wrong with a pattern, for the person who wrote it.

use super::ast::NEST_MAX;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use core::fmt;

/// A pattern that cannot be used. It travels in a box: what reads patterns
/// hands on results all the time, and seldom an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// Where: bytes from the start of the pattern.
    pub offset: usize,
    /// What is wrong.
    pub what: Cow<'static, str>,
    /// What to do.
    pub help: Option<&'static str>,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (byte {} of the pattern)", self.what, self.offset)
    }
}

impl core::error::Error for PatternError {}

impl PatternError {
    /// An error at a place.
    #[cold]
    pub(super) fn at(offset: usize, what: impl Into<Cow<'static, str>>) -> Box<Self> {
        Box::new(Self { offset, what: what.into(), help: None })
    }

    /// Adds what to do.
    pub(super) fn help(mut self: Box<Self>, help: &'static str) -> Box<Self> {
        self.help = Some(help);
        self
    }

    /// A pattern without a byte.
    pub(super) fn empty() -> Box<Self> {
        Self::at(0, "the pattern is empty").help("leave the element out, or write what it should match")
    }

    /// A pattern beyond the limit of its language.
    pub(super) fn too_long(len: usize, limit: usize) -> Box<Self> {
        Self::at(limit, format!("the pattern has {len} bytes; the limit is {limit}"))
            .help("make two rules of it, or use a list")
    }

    /// Too many groups within groups.
    pub(super) fn too_deep(offset: usize) -> Box<Self> {
        Self::at(offset, format!("more than {NEST_MAX} groups within groups"))
    }

    /// A part of PCRE2 that is not understood.
    pub(super) fn not_supported(offset: usize, what: &str) -> Box<Self> {
        Self::at(offset, format!("{what} is not supported")).help(
            "recursion, conditional groups, branch resets, callouts and most verbs are left out; \
             most patterns can be written without",
        )
    }

    /// A pattern that compiles to too much.
    pub fn too_large(what: &str, limit: usize) -> Box<Self> {
        Self::at(0, format!("the pattern needs more than {limit} {what}"))
            .help("make repeat counts smaller, or make two patterns of it")
    }
}
