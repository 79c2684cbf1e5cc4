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
//! | `child` | a program that was started, and its pipe |
//! | `kept` | a program that is kept running |
//! | `export` | how `journalctl` writes entries |
//! | `text` | a record while it is put together |

mod child;
pub mod command;
mod export;
pub mod journal;
mod kept;
pub mod kernel;
pub mod stream;
pub mod syslog;
#[cfg(test)]
mod tests;
mod text;
mod usual;

pub use usual::usual;

use crate::config::Config;
use crate::live::Live;

/// The sources of a configuration that cannot wait. They open in
/// [`Live::register`].
pub fn open(config: &Config) -> Vec<Box<dyn Live>> {
    let mut all: Vec<Box<dyn Live>> = Vec::new();
    if !config.commands.is_empty() {
        all.push(Box::new(command::Commands::new(&config.commands)));
    }
    for stream in &config.streams {
        all.push(Box::new(stream::Stream::new(stream)));
    }
    if !config.journal.is_empty() {
        all.push(Box::new(journal::Journal::new(&config.journal)));
    }
    for listener in &config.listeners {
        all.push(Box::new(syslog::Listener::new(listener)));
    }
    if config.kernel {
        all.push(Box::new(kernel::Kernel::new()));
    }
    all
}
