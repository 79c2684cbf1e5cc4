//! What the loop and a source that cannot wait ask of each other.
//!
//! A file waits until it is read; the output of a command, a datagram and the
//! kernel's ring do not. A [`Live`] source hands each record on at once, and
//! it goes into the spool. The loop is edge-triggered and alone: a source
//! never blocks, does a bounded amount of work per call, and takes no memory
//! once it runs.

use bartizan_core::time::Millis;
use mio::{Registry, Token};
use std::fmt;
use std::io;

/// A record on its way into the spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard<'a> {
    /// Where it comes from, as the manager shows it: `/dev/kmsg`, a command's
    /// alias, the address of a sender.
    pub place: &'a str,
    /// Which stage of the manager reads it: `b'1'` for logs, `b'2'` for
    /// remote syslog.
    pub queue: u8,
    /// Bytes that were cut off behind `text`.
    pub cut: u32,
    /// The record without its line end, at most `limits::TEXT_MAX` bytes; the
    /// rest of a longer one is cut and counted.
    pub text: &'a [u8],
}

/// Takes records.
pub type Sink<'s> = dyn FnMut(Heard<'_>) + 's;

/// Tokens that one source may use: `first.0 .. first.0 + TOKENS`.
pub const TOKENS: usize = 64;

/// Why a source cannot be opened, for the user: what, and what to do.
#[derive(Debug)]
pub struct Unopened(pub String);

impl From<io::Error> for Unopened {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A source that cannot wait.
pub trait Live {
    /// Opens what is to be read and gives it to the loop; what it opens later
    /// (an accepted connection, the pipe of a command) is registered with a
    /// clone of the registry.
    fn register(&mut self, registry: &Registry, first: Token) -> Result<(), Unopened>;

    /// Something of this source can be read. One call reads a bounded amount;
    /// `true` when more may be left, and the loop asks again after the others
    /// had their turn.
    fn ready(&mut self, token: Token, now: Millis, sink: &mut Sink<'_>) -> bool;

    /// Does what is due: starts a command, ends one that takes too long.
    fn tick(&mut self, now: Millis, sink: &mut Sink<'_>);

    /// When [`Live::tick`] wants to be called; `None` for never.
    fn next_deadline(&self) -> Option<Millis>;

    /// It will not be asked again: what it holds back is handed on.
    fn end(&mut self, _now: Millis, _sink: &mut Sink<'_>) {}
}
