//! A program that this process has started, and the pipe its output comes by.
//!
//! A child leads a process group of its own, and what it leaves behind in
//! there ends with it: a command that forks and leaves does not pile up. The
//! group is signalled only as long as the leader is not reaped, so its number
//! cannot have gone to another process.

use mio::unix::pipe::Receiver;
use mio::{Interest, Registry, Token};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// A running child.
#[derive(Debug)]
pub(super) struct Child {
    process: std::process::Child,
    pipe: Receiver,
}

/// What one read of a pipe brought.
pub(super) enum Got {
    /// So many bytes.
    Bytes(usize),
    /// Nothing now.
    Dry,
    /// Nobody writes any more.
    Ended,
}

/// A command for the shell, as users know it.
pub(super) fn shell(line: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]);
    command
}

impl Child {
    /// Starts a program; what it writes is read with `token`.
    pub(super) fn start(command: &mut Command, registry: &Registry, token: Token) -> io::Result<Self> {
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn()?;
        let piped = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe).map(Receiver::from);
        let mut child = Self { pipe: piped?, process };
        let ready = child.pipe.set_nonblocking(true);
        ready.and_then(|()| registry.register(&mut child.pipe, token, Interest::READABLE))?;
        Ok(child)
    }

    /// Reads what there is.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Got {
        loop {
            return match self.pipe.read(buffer) {
                Ok(0) => Got::Ended,
                Ok(count) => Got::Bytes(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Got::Dry,
                Err(_) => Got::Ended,
            };
        }
    }

    /// Whether the leader of the group has ended. It is not reaped yet.
    pub(super) fn has_ended(&self) -> bool {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        !matches!(waitid(Id::Pid(self.group()), flags), Ok(WaitStatus::StillAlive))
    }

    /// Ends the group; [`Child::reap`] follows.
    pub(super) fn kill(&self) {
        // It may have ended already.
        let _ = killpg(self.group(), Signal::SIGKILL);
    }

    /// Whether the leader is gone for good. One that sits in a call of the
    /// kernel is not, even after a signal: ask again.
    pub(super) fn reap(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    fn group(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.process.id()).unwrap_or(i32::MAX))
    }
}

impl Drop for Child {
    /// A child that was not reaped does not outlive whoever started it.
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            self.kill();
            let _ = self.process.wait();
        }
    }
}
