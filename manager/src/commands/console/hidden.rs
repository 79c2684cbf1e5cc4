//! What is typed at a terminal and not shown there.
//!
//! A program that is ended or stopped in between must not leave a terminal
//! that shows nothing. So signals wait until the terminal is as it was, and
//! then do what they always do.

use super::from_input;
use crate::news;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::io;
use std::os::fd::AsFd;

/// What ends or stops a program from a terminal, or asks it to end.
const SIGNALS: [Signal; 5] =
    [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGTSTP];

/// Asks for a line, which is not shown. Who stops the program and goes on is
/// asked again.
pub(super) fn ask(prompt: &str) -> io::Result<String> {
    let signals: SigSet = SIGNALS.into_iter().collect();
    let came = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC)?;
    loop {
        let before = signals.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        let line = typed(prompt, &came);
        // A signal that waits is heard here.
        before.thread_set_mask()?;
        if let Some(line) = line? {
            return Ok(line);
        }
    }
}

/// A line that is typed; none if a signal comes before it.
fn typed(prompt: &str, came: &SignalFd) -> io::Result<Option<String>> {
    let silence = Silence::begin()?;
    news::show(prompt);
    let line = if is_line_first(came)? { Some(from_input()?) } else { None };
    drop(silence);
    news::show("\n");
    Ok(line)
}

/// Waits for a line or a signal.
fn is_line_first(came: &SignalFd) -> io::Result<bool> {
    let stdin = io::stdin();
    let mut both =
        [PollFd::new(stdin.as_fd(), PollFlags::POLLIN), PollFd::new(came.as_fd(), PollFlags::POLLIN)];
    loop {
        match poll(&mut both, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            polled => {
                polled?;
                return Ok(both[1].any() != Some(true));
            }
        }
    }
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Silence {
    before: Termios,
}

impl Silence {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &silent)?;
        Ok(Self { before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // A terminal that has gone needs nothing.
        let _ = tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &self.before);
    }
}
