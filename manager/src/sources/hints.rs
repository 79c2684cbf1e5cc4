//! Hints of the kernel (inotify) that a file has changed, so that a line in a
//! quiet file need not wait until it is looked at again.
//!
//! Nothing relies on them: some file systems give none, and watches may be
//! used up. A watch tells of one change and is gone; the next look at the file
//! sets it anew before it looks, so that no change falls in between. Thus a
//! file tells nothing while it is read, and a busy one is read in gulps.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use std::collections::HashSet;
use std::os::fd::AsFd;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// What is told of files that are looked at.
const CHANGES: AddWatchFlags = AddWatchFlags::IN_MODIFY
    .union(AddWatchFlags::IN_ATTRIB)
    .union(AddWatchFlags::IN_MOVE_SELF)
    .union(AddWatchFlags::IN_ONESHOT);

/// What is told of the folder of a file that is not there.
const ARRIVALS: AddWatchFlags =
    AddWatchFlags::IN_CREATE.union(AddWatchFlags::IN_MOVED_TO).union(AddWatchFlags::IN_ONESHOT);

/// How long hints gather after some were taken.
const GATHER: Duration = Duration::from_millis(32);

/// How much longer for each file that they told of: so many busy files are
/// looked at less often, as if there were no hints.
const GATHER_EACH: Duration = Duration::from_micros(250);

/// All watches.
#[derive(Debug)]
pub(super) struct Hints {
    /// Without it there are no hints.
    inotify: Option<Inotify>,
    /// When hints may be taken again.
    calm: Instant,
}

impl Hints {
    pub(super) fn new() -> Self {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok();
        Self { inotify, calm: Instant::now() }
    }

    /// Watches a file; as long as it is not there, its folder.
    pub(super) fn watch(&self, path: &Path) -> Option<WatchDescriptor> {
        let inotify = self.inotify.as_ref()?;
        let coming = || inotify.add_watch(path.parent()?, ARRIVALS).ok();
        inotify.add_watch(path, CHANGES).ok().or_else(coming)
    }

    /// Waits until there are hints, or so long; gives the watches that told
    /// something.
    pub(super) fn wait(&mut self, patience: Duration) -> HashSet<WatchDescriptor> {
        let mut told = HashSet::new();
        let Some(inotify) = &self.inotify else {
            thread::sleep(patience);
            return told;
        };
        let timeout = PollTimeout::try_from(patience).unwrap_or(PollTimeout::ZERO);
        if poll(&mut [PollFd::new(inotify.as_fd(), PollFlags::POLLIN)], timeout) == Ok(0) {
            return told;
        }
        thread::sleep(self.calm.saturating_duration_since(Instant::now()));
        while let Ok(events) = inotify.read_events() {
            told.extend(events.iter().map(|event| event.wd));
        }
        let files = u32::try_from(told.len()).unwrap_or(u32::MAX);
        self.calm = Instant::now() + GATHER_EACH.saturating_mul(files).saturating_add(GATHER).min(patience);
        told
    }
}
