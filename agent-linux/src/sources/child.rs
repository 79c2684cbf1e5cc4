//! A program that this process has started, and the pipe its output comes by.
//!
//! A child leads a process group of its own, and what it leaves behind in
//! there ends with it: a command that forks and leaves does not pile up. The
//! group is signalled only as long as the leader is not reaped, so its number
//! cannot have gone to another process.

use mio::unix::pipe::{self, Receiver};
use mio::{Interest, Registry, Token};
use nix::libc::{STDERR_FILENO, STDIN_FILENO, STDOUT_FILENO};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp};
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use std::ffi::{CString, OsString};
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;

/// A running child.
#[derive(Debug)]
pub(super) struct Child {
    /// The child and its group have this number.
    leader: Pid,
    is_reaped: bool,
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

/// The words of a command for the shell, as users know it.
pub(super) fn shell(line: &str) -> Vec<String> {
    ["/bin/sh", "-c", line].map(str::to_owned).into()
}

impl Child {
    /// Starts the program that the first of these words names; what it writes
    /// is read with `token`.
    pub(super) fn start(words: &[String], registry: &Registry, token: Token) -> io::Result<Self> {
        let (output, pipe) = pipe::new()?;
        output.set_nonblocking(false)?;
        let mut child = Self { leader: spawn(words, output.as_raw_fd())?, is_reaped: false, pipe };
        registry.register(&mut child.pipe, token, Interest::READABLE)?;
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
        self.wait(WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT)
    }

    /// Ends the group; [`Child::reap`] follows.
    pub(super) fn kill(&self) {
        // It may have ended already.
        let _ = killpg(self.leader, Signal::SIGKILL);
    }

    /// Whether the leader is gone for good. One that sits in a call of the
    /// kernel is not, even after a signal: ask again.
    pub(super) fn reap(&mut self) -> bool {
        self.is_reaped = self.is_reaped || self.wait(WaitPidFlag::WNOHANG);
        self.is_reaped
    }

    /// Whether the leader has ended, or is none of ours.
    fn wait(&self, flags: WaitPidFlag) -> bool {
        !matches!(waitid(Id::Pid(self.leader), WaitPidFlag::WEXITED | flags), Ok(WaitStatus::StillAlive))
    }
}

impl Drop for Child {
    /// A child that was not reaped does not outlive whoever started it.
    fn drop(&mut self) {
        if !self.reap() {
            self.kill();
            self.wait(WaitPidFlag::empty());
        }
    }
}

/// Starts a program in a group of its own, with this process's environment and
/// none of its signals blocked, that reads nothing and writes to `output`.
/// (`std::process::Command` can do much more and is 15 KB larger.)
fn spawn(words: &[String], output: i32) -> io::Result<Pid> {
    let words = words.iter().map(|word| CString::new(word.as_str())).collect::<Result<Vec<_>, _>>()?;
    let program = words.first().ok_or(io::ErrorKind::InvalidInput)?;
    let variable = |(name, value): (OsString, OsString)| {
        CString::new([name.as_bytes(), b"=", value.as_bytes()].concat())
    };
    let environment: Vec<_> = std::env::vars_os().flat_map(variable).collect();
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    let mut files = PosixSpawnFileActions::init()?;
    files.add_dup2(null.as_raw_fd(), STDIN_FILENO)?;
    files.add_dup2(output, STDOUT_FILENO)?;
    files.add_dup2(null.as_raw_fd(), STDERR_FILENO)?;
    let mut how = PosixSpawnAttr::init()?;
    how.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETPGROUP
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
    )?;
    how.set_sigmask(&SigSet::empty())?;
    // The standard library ignores it in this process.
    how.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;
    Ok(posix_spawnp(program, &files, &how, &words, &environment)?)
}
