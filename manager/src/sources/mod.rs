//! Where events come from: raw lines, each with a place and a time.
//!
//! Nothing here understands a log. A source hands on bytes as they were
//! written, says where they stood and when they came, and promises that no
//! line is lost or doubled by a rotation, and that no input makes it grow.
//!
//! The rooms, in the order in which a line meets them:
//!
//! | room | what happens there |
//! |---|---|
//! | [`machine`] | what this machine has to watch |
//! | [`access`] | what to do about a file that cannot be read |
//! | [`glob`] | file names with wildcards |
//! | [`layout`] | how the lines of a file become records |
//! | [`follow`] | files that are still written |
//! | `hints` | which of them have changed |
//! | [`command`] | programs that are run now and then |
//! | [`journal`] | the systemd journal |
//! | [`kernel`] | the kernel log, where there is no journal |
//! | [`syslog`] | devices that send syslog |
//! | [`stored`] | old files, also compressed, merged by time |
//! | [`demo`] | an attack of our own, to look at |
//! | [`live`] | all live sources of this machine |
//! | [`intake`] | the queue of all that has arrived, from here and from agents |
//! | [`feed`] | from the queue to the engine |
//! | [`lines`] | bytes → lines |
//! | [`stamp`] | a line's own time |

pub mod access;
pub mod command;
pub mod demo;
pub(crate) mod disk;
pub mod feed;
pub mod follow;
pub mod glob;
mod hints;
pub mod intake;
pub mod journal;
pub mod kernel;
pub mod layout;
pub mod lines;
pub mod live;
pub mod machine;
pub mod stamp;
pub mod stored;
pub mod syslog;

/// One raw line of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Where it stood: the path of the file as it was given or matched,
    /// `journald`, `/dev/kmsg`.
    pub location: &'a str,
    /// The bytes without line end. May hold any byte but LF, may be empty.
    pub bytes: &'a [u8],
    /// They are a record that was [merged](bartizan_core::packet::merged).
    pub is_merged: bool,
    /// Bytes that were cut off behind `bytes` because the line was too long.
    pub cut: u64,
    /// Seconds since 1970: for live sources when it was read, for stored ones
    /// the line's own time.
    pub time: i64,
}

/// What a live source hands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival<'a> {
    /// A line of log.
    Line(Line<'a>),
    /// Something happened to the source at this location.
    News(&'a str, News),
    /// What was handed on of the source at this location ends here: for
    /// whoever keeps it, so that reading goes on there.
    Reached(&'a str, &'a [u8]),
}

/// What happened to a source. Each is reported once, not with every look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A file that was not there, or not readable, is read now.
    Appeared,
    /// A file was renamed and another has its name; both are read.
    Rotated {
        /// Files that had the name between two looks; they are read, too.
        between: usize,
    },
    /// A file was emptied and is read from its beginning.
    Truncated,
    /// A file is no longer there.
    Gone,
    /// Lines that were not read yet are in no file any more.
    Lost,
    /// A source cannot be read: why, and what to do.
    Unreadable(String),
    /// More files match a pattern than are followed.
    TooMany(usize),
    /// A program that brings the lines has ended and is started again.
    Ended(String),
    /// Records were overwritten before they could be read.
    Overrun,
    /// What the program that brings the lines says.
    Remark(String),
}

impl News {
    /// Whether somebody should do something about it.
    pub fn is_problem(&self) -> bool {
        matches!(self, Self::Unreadable(_) | Self::TooMany(_) | Self::Ended(_) | Self::Overrun | Self::Lost)
    }
}

impl std::fmt::Display for News {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Appeared => write!(f, "is there and is read from now on"),
            Self::Rotated { between: 0 } => write!(f, "was rotated; reading goes on in the new file"),
            Self::Rotated { between } => {
                let files = crate::plural::counted(*between, "file", "files");
                write!(f, "was rotated; reading goes on in {files} between and in the new file")
            }
            Self::Truncated => write!(f, "was emptied; reading goes on from its beginning"),
            Self::Gone => write!(f, "is no longer there; it will be read when it comes back"),
            Self::Lost => write!(
                f,
                "was rotated and what was not read of it is gone: it is read on from the beginning of the new file"
            ),
            Self::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Self::TooMany(limit) => {
                write!(f, "matches more than {limit} files; the others are not read: name them more exactly")
            }
            Self::Ended(why) => write!(f, "ended: {why}; it is started again"),
            Self::Overrun => write!(f, "came faster than it could be read; some records are lost"),
            Self::Remark(text) => write!(f, "says: {text}"),
        }
    }
}

/// `O_NONBLOCK` of open(2): a named pipe in the place of a log must not stop
/// the program.
#[cfg(not(any(target_arch = "mips", target_arch = "mips64", target_arch = "sparc64")))]
pub(crate) const NONBLOCK: i32 = 0o4000;
/// `O_NONBLOCK` of open(2) where it has another value.
#[cfg(any(target_arch = "mips", target_arch = "mips64"))]
pub(crate) const NONBLOCK: i32 = 0x80;
/// `O_NONBLOCK` of open(2) where it has another value.
#[cfg(target_arch = "sparc64")]
pub(crate) const NONBLOCK: i32 = 0x4000;

/// Seconds since 1970 by this machine's clock.
pub fn epoch_now() -> i64 {
    epoch_of(std::time::SystemTime::now())
}

/// Seconds since 1970 of a file's time; times before 1970 are 0.
pub(crate) fn epoch_of(time: std::time::SystemTime) -> i64 {
    let since = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Name of this host as the kernel has it, up to the first dot.
pub fn local_host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim().split('.').next() {
        Some(short) if !short.is_empty() => short.to_owned(),
        // OSSEC 4.3 says so where the system does not know.
        _ => "ossec-server".to_owned(),
    }
}
