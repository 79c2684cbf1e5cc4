//! Configuration that the manager gives to agents.

use super::registry::Agent;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Bytes of a configuration for one agent.
pub const TEXT_MAX: usize = 64 << 10;

/// The configuration for one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Tells it from others; never 0, which stands for none.
    pub hash: u64,
    /// The blocks that apply to the agent, as they are written.
    pub text: Vec<u8>,
}

/// Why there is no configuration for an agent; it keeps what it has.
#[derive(Debug, Error)]
pub enum SharedError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file has errors.
    #[error("{} has errors: `bartizan check` shows them", .0.display())]
    Wrong(PathBuf),
    /// The blocks are too long together.
    #[error("the blocks for this agent have {0} bytes; at most {TEXT_MAX} can be given")]
    TooLong(usize),
}

/// The configuration for an agent from `shared/agent.conf` and
/// `shared/GROUP/agent.conf`; `None` if nothing applies to it.
pub fn configuration_for(home: &Path, agent: &Agent) -> Result<Option<Configuration>, SharedError> {
    let _ = (home, agent);
    Ok(None)
}
