//! Hints of the kernel (inotify) that a file has changed, so that a line in a
//! quiet file need not wait until it is looked at again.
//!
//! Nothing relies on them: some file systems give none, and watches may be
//! used up. A watch tells of one change and is gone; the next look at the file
//! sets it anew before it looks, so that no change falls in between. Thus a
//! file tells nothing while it is read, and all that wait are a few bytes for
//! each.

use bartizan_core::time::Millis;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// What a watch is called.
pub(super) type Watch = WatchDescriptor;

/// How long hints gather after some were taken: busy files are read in gulps.
const GATHER_MS: u64 = 32;

/// Files that may be looked at in each millisecond because of hints.
const LOOKS: u64 = 4;

/// All watches.
pub(super) struct Hints {
    /// `None`: there are no hints here.
    inotify: Option<Inotify>,
    is_awake: bool,
    /// When hints may be taken again.
    calm: Millis,
}

impl Hints {
    pub(super) fn new() -> Self {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok();
        Self { inotify, is_awake: false, calm: Millis(0) }
    }

    pub(super) fn register(&self, registry: &Registry, token: Token) -> io::Result<()> {
        let Some(inotify) = &self.inotify else { return Ok(()) };
        registry.register(&mut SourceFd(&inotify.as_fd().as_raw_fd()), token, Interest::READABLE)
    }

    /// There are some.
    pub(super) fn wake(&mut self) {
        self.is_awake = true;
    }

    /// When they are to be taken.
    pub(super) fn next_deadline(&self) -> Millis {
        if self.is_awake { self.calm } else { Millis::NEVER }
    }

    /// Watches a file; as long as it is not there, for it to come.
    pub(super) fn watch(&self, path: &[u8]) -> Option<Watch> {
        let inotify = self.inotify.as_ref()?;
        let folder = path.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        let once = AddWatchFlags::IN_ONESHOT;
        let changes = once | AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_ATTRIB | AddWatchFlags::IN_MOVE_SELF;
        let coming = once | AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO;
        inotify.add_watch(path, changes).or_else(|_| inotify.add_watch(&path[..folder], coming)).ok()
    }

    /// Forgets a watch.
    pub(super) fn drop(&self, watch: Watch) {
        if let Some(inotify) = &self.inotify {
            let _ = inotify.rm_watch(watch);
        }
    }

    /// Takes the hints that have come: those watches are gone.
    pub(super) fn take(&mut self, now: Millis, mut each: impl FnMut(Watch) -> u64) {
        if self.next_deadline() > now {
            return;
        }
        self.is_awake = false;
        let mut found = 0;
        while let Some(Ok(events)) = self.inotify.as_ref().map(Inotify::read_events) {
            found += events.iter().map(|event| each(event.wd)).sum::<u64>();
        }
        if found > 0 {
            self.calm = now.plus(GATHER_MS + found / LOOKS);
        }
    }
}
