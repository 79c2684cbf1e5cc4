//! What the program has to say of itself, on standard error.
//!
//! Perhaps nobody listens: a pipe is closed, a disk is full. That must not
//! end the watch, so what cannot be said is left unsaid; the standard macros
//! would panic.

use std::fmt::Display;
use std::io::{self, Write};

/// Says one thing in one line, with the program's name in front.
pub fn tell(news: impl Display) {
    show(&format!("bartizan: {news}\n"));
}

/// Writes a text as it is, in one piece.
pub fn show(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
