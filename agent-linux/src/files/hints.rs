//! Hints of the kernel (inotify) that a file has changed, so that a line in a
//! quiet file need not wait until it is looked at again.
//!
//! Nothing relies on them: some file systems give none, and watches may be
//! used up. A watch tells of one change and is gone; the next look at the file
//! sets it anew before it looks, so that no change falls in between. Thus a
//! file tells nothing while it is read, and all that wait are a few bytes for
//! each.

use crate::sys;
use bartizan_core::time::Millis;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::NixPath;
use nix::libc;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;

/// No watch; told as one when hints were lost (`IN_Q_OVERFLOW`).
pub(super) const NONE: i32 = -1;

/// How long hints gather after some were taken: busy files are read in gulps.
const GATHER_MS: u64 = 32;

/// Files that may be looked at in each millisecond because of hints.
const LOOKS: u64 = 4;

/// What is told of a file, and of the folder of one that is not there.
const CHANGES: u32 = libc::IN_MODIFY | libc::IN_ATTRIB | libc::IN_MOVE_SELF | libc::IN_ONESHOT;
const ARRIVALS: u32 = libc::IN_CREATE | libc::IN_MOVED_TO | libc::IN_ONESHOT;

/// Bytes of an event (`struct inotify_event`) in front of its name, and where
/// the length of that stands.
const EVENT: usize = 16;
const NAME_LEN_AT: usize = 12;

/// All watches.
pub(super) struct Hints {
    /// `None`: there are no hints here.
    inotify: Option<File>,
    is_awake: bool,
    /// When hints may be taken again.
    calm: Millis,
}

impl Hints {
    pub(super) fn new() -> Self {
        Self { inotify: sys::inotify().ok(), is_awake: false, calm: Millis(0) }
    }

    pub(super) fn register(&self, registry: &Registry, token: Token) -> io::Result<()> {
        let Some(inotify) = &self.inotify else { return Ok(()) };
        registry.register(&mut SourceFd(&inotify.as_raw_fd()), token, Interest::READABLE)
    }

    /// There are some.
    pub(super) fn wake(&mut self) {
        self.is_awake = true;
    }

    /// When they are to be taken.
    pub(super) fn next_deadline(&self) -> Millis {
        if self.is_awake { self.calm } else { Millis::NEVER }
    }

    /// Watches a file; as long as it is not there, its folder.
    pub(super) fn watch(&self, path: &[u8]) -> i32 {
        let Some(inotify) = &self.inotify else { return NONE };
        let watch =
            |path: &[u8], mask| path.with_nix_path(|path| sys::watch(inotify, path, mask)).unwrap_or(NONE);
        match watch(path, CHANGES) {
            NONE => {
                let folder = path.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
                watch(path.get(..folder).unwrap_or_default(), ARRIVALS)
            }
            watch => watch,
        }
    }

    /// Forgets a watch.
    pub(super) fn forget(&self, watch: i32) {
        if let Some(inotify) = &self.inotify {
            sys::unwatch(inotify, watch);
        }
    }

    /// Takes the hints that have come, if it is time; `each` says how many
    /// files have a watch.
    pub(super) fn take(&mut self, now: Millis, buffer: &mut [u8], mut each: impl FnMut(i32) -> u64) {
        if self.next_deadline() > now {
            return;
        }
        self.is_awake = false;
        let Some(mut inotify) = self.inotify.as_ref() else { return };
        let mut found = 0;
        while let Ok(len) = inotify.read(buffer) {
            let mut events = buffer.get(..len).unwrap_or_default();
            while let Some((event, rest)) = events.split_first_chunk::<EVENT>() {
                let number = |at: usize| {
                    event
                        .get(at..)
                        .and_then(|bytes| bytes.first_chunk())
                        .map_or(0, |bytes| i32::from_ne_bytes(*bytes))
                };
                found += each(number(0));
                events = rest.get(number(NAME_LEN_AT) as usize..).unwrap_or_default();
            }
        }
        if found > 0 {
            self.calm = now.plus(GATHER_MS + found / LOOKS);
        }
    }
}
