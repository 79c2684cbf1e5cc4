//! A program that this process has started, and the pipes to it and from it.
//!
//! A child leads a process group of its own, and what it leaves behind in
//! there ends with it: a command that forks and leaves does not pile up. The
//! group is signalled only as long as the leader is not reaped, so its number
//! cannot have gone to another process.

use crate::file;
use mio::unix::pipe::{self, Receiver, Sender};
use mio::{Interest, Registry, Token};
use nix::fcntl::OFlag;
use nix::libc::{STDERR_FILENO, STDIN_FILENO, STDOUT_FILENO};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp};
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use std::ffi::{CString, NulError, OsString};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;

/// A running child.
#[derive(Debug)]
pub(crate) struct Child {
    /// The child and its group have this number.
    leader: Pid,
    is_reaped: bool,
    pipe: Receiver,
    input: Option<Sender>,
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With this exit code; 0 is success.
    Code(i32),
    /// By a signal, or in a way that nobody knows.
    Signal,
}

/// What one read of a pipe brought.
pub(crate) enum Got {
    /// So many bytes.
    Bytes(usize),
    /// Nothing now.
    Dry,
    /// Nobody writes any more.
    Ended,
}

/// The words of a command for the shell, as users know it.
pub(crate) fn shell(line: &str) -> Vec<String> {
    ["/bin/sh", "-c", line].map(str::to_owned).into()
}

#[cfg_attr(
    not(feature = "respond"),
    allow(dead_code, reason = "responses alone are given something to read")
)]
impl Child {
    /// Starts the program that the first of these words names, with this
    /// process's environment and nothing to read; what it writes to standard
    /// output is read with `token`.
    pub(crate) fn start(words: &[String], registry: &Registry, token: Token) -> io::Result<Self> {
        let (output, pipe) = pipe::new()?;
        output.set_nonblocking(false)?;
        let null = file::open("/dev/null", OFlag::O_RDWR)?;
        let output = output.as_raw_fd();
        let leader = spawn(words, &inherited()?, [null.as_raw_fd(), output, null.as_raw_fd()])?;
        Self { leader, is_reaped: false, pipe, input: None }.registered(registry, token)
    }

    /// Starts a program with nothing of this process but the folders in which
    /// programs are found. It reads what [`Child::write`] gives it, and all
    /// that it writes is read with `token`.
    pub(crate) fn start_apart(
        words: &[String],
        folders: &str,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        let (output, pipe) = pipe::new()?;
        output.set_nonblocking(false)?;
        let (input, source) = pipe::new()?;
        source.set_nonblocking(false)?;
        let environment = [CString::new(["PATH=", folders].concat())?];
        let output = output.as_raw_fd();
        let leader = spawn(words, &environment, [source.as_raw_fd(), output, output])?;
        Self { leader, is_reaped: false, pipe, input: Some(input) }.registered(registry, token)
    }

    fn registered(mut self, registry: &Registry, token: Token) -> io::Result<Self> {
        registry.register(&mut self.pipe, token, Interest::READABLE)?;
        if let Some(input) = &mut self.input {
            registry.register(input, token, Interest::WRITABLE)?;
        }
        Ok(self)
    }

    /// Gives the program something to read; how many bytes it took. 0 when it
    /// takes nothing now.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> usize {
        let Some(input) = &mut self.input else { return bytes.len() };
        match input.write(bytes) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            // It does not read: its business.
            Err(_) => bytes.len(),
        }
    }

    /// There is nothing more to read for it.
    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    /// Reads what there is.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Got {
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
    pub(crate) fn has_ended(&self) -> bool {
        self.end().is_some()
    }

    /// How the leader of the group has ended; it is not reaped yet. `None` as
    /// long as it runs.
    pub(crate) fn end(&self) -> Option<End> {
        self.wait(WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT)
    }

    /// Ends the group; [`Child::reap`] follows.
    pub(crate) fn kill(&self) {
        // It may have ended already.
        let _ = killpg(self.leader, Signal::SIGKILL);
    }

    /// Whether the leader is gone for good. One that sits in a call of the
    /// kernel is not, even after a signal: ask again.
    pub(crate) fn reap(&mut self) -> bool {
        self.is_reaped = self.is_reaped || self.wait(WaitPidFlag::WNOHANG).is_some();
        self.is_reaped
    }

    /// How the leader has ended; one that is none of ours has.
    fn wait(&self, flags: WaitPidFlag) -> Option<End> {
        match waitid(Id::Pid(self.leader), WaitPidFlag::WEXITED | flags) {
            Ok(WaitStatus::StillAlive) => None,
            Ok(WaitStatus::Exited(_, code)) => Some(End::Code(code)),
            _ => Some(End::Signal),
        }
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

/// This process's environment.
fn inherited() -> Result<Vec<CString>, NulError> {
    let variable = |(name, value): (OsString, OsString)| {
        CString::new([name.as_bytes(), b"=", value.as_bytes()].concat())
    };
    std::env::vars_os().map(variable).collect()
}

/// Starts a program in a group of its own, with none of this process's signals
/// blocked, and with these as standard input, output and error.
/// (`std::process::Command` can do much more and is 15 KB larger.)
fn spawn(words: &[String], environment: &[CString], standard: [RawFd; 3]) -> io::Result<Pid> {
    let words = words.iter().map(|word| CString::new(word.as_str())).collect::<Result<Vec<_>, _>>()?;
    let program = words.first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut files = PosixSpawnFileActions::init()?;
    for (file, number) in standard.into_iter().zip([STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]) {
        files.add_dup2(file, number)?;
    }
    let mut how = PosixSpawnAttr::init()?;
    how.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETPGROUP
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
    )?;
    how.set_sigmask(&SigSet::empty())?;
    // The standard library ignores it in this process.
    how.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;
    Ok(posix_spawnp(program, &files, &how, &words, environment)?)
}
