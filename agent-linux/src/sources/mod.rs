//! Sources that cannot wait: what is said once and kept nowhere.
//!
//! Files wait until they are read and are no part of this. Each source here
//! lives in the one loop: it never blocks, reads a bounded amount per call,
//! and takes its memory when it begins.
//!
//! | room | what is heard there |
//! |---|---|
//! | [`usual()`] | what this machine has to watch if nothing is configured |
//! | [`command`] | commands that are run now and then |
//! | [`stream`] | commands that keep running |
//! | [`journal`] | the systemd journal, through its own program |
//! | [`kernel`] | the kernel's ring |
//! | [`syslog`] | what others send |
//! | `kept` | a program that is kept running |
//! | `merging` | equal packets of any of them become one record |
//! | `export` | how `journalctl` writes entries |
//! | `text` | a record while it is put together |

pub mod command;
mod export;
pub mod journal;
mod kept;
pub mod kernel;
mod merging;
pub mod stream;
pub mod syslog;
#[cfg(test)]
mod tests;
mod text;
mod usual;

pub use usual::usual;

use crate::config::{self, Config};
use crate::live::Live;
use merging::Merging;

/// One kind of sources that cannot wait. A change of one kind in a
/// configuration leaves the others running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Commands that are run now and then.
    Commands,
    /// Commands that keep running.
    Streams,
    /// The systemd journal.
    Journal,
    /// The kernel's ring.
    Kernel,
    /// What others send.
    Syslog,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Commands, Self::Streams, Self::Journal, Self::Kernel, Self::Syslog];

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Streams => "streams",
            Self::Journal => "journal",
            Self::Kernel => "kernel log",
            Self::Syslog => "syslog",
        }
    }

    /// Whether two configurations say the same of it.
    pub fn is_same(self, one: &Config, other: &Config) -> bool {
        match self {
            Self::Commands => one.commands == other.commands,
            Self::Streams => one.streams == other.streams,
            Self::Journal => one.journal == other.journal,
            Self::Kernel => (one.kernel, one.kernel_merge_s) == (other.kernel, other.kernel_merge_s),
            Self::Syslog => one.listeners == other.listeners,
        }
    }

    /// The sources that a configuration has of it. They open in
    /// [`Live::register`].
    pub fn sources(self, config: &Config) -> Vec<Box<dyn Live>> {
        let mut all: Vec<Box<dyn Live>> = Vec::new();
        match self {
            Self::Commands if config.commands.is_empty() => {}
            Self::Commands => all.push(Box::new(command::Commands::new(&config.commands))),
            Self::Streams => {
                config.streams.iter().for_each(|stream| all.push(Box::new(stream::Stream::new(stream))));
            }
            Self::Journal if config.journal.is_empty() => {}
            Self::Journal => {
                let window_s = config.journal.iter().filter_map(|block| block.merge_s).min();
                all.push(Merging::over(Box::new(journal::Journal::new(&config.journal)), window_s));
            }
            Self::Kernel if !config.kernel => {}
            Self::Kernel => all.push(Merging::over(Box::new(kernel::Kernel::new()), config.kernel_merge_s)),
            Self::Syslog => {
                let over =
                    |one: &config::Listener| Merging::over(Box::new(syslog::Listener::new(one)), one.merge_s);
                all.extend(config.listeners.iter().map(over));
            }
        }
        all
    }
}
