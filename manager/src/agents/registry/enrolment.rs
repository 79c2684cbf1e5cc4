//! One-time tokens, and the key that comes for one.

use super::agent::{Agent, AgentId};
use super::{Registry, RegistryError};
use thiserror::Error;

/// The secret of a token.
pub type Secret = [u8; 16];

/// Why an agent cannot enrol. What is said goes to the agent, too.
#[derive(Debug, Error)]
pub enum EnrolError {
    /// No agent waits for this secret.
    #[error("this token is not known here: ask for a new one")]
    Unknown,
    /// The token was used by another key.
    #[error("this token was used already: ask for a new one")]
    Used,
    /// The token is too old.
    #[error("this token has expired: ask for a new one")]
    Expired,
    /// Another agent has the key.
    #[error("the agent `{0}` has this key: remove it, or let this one make a new key")]
    KeyTaken(String),
    /// The registry failed; not for the agent to know.
    #[error("{0}")]
    Registry(#[from] RegistryError),
}

impl Registry {
    /// A new token for an agent, good until `expires`; older ones are void.
    pub fn token(&mut self, agent: AgentId, expires: i64) -> Result<Secret, RegistryError> {
        let _ = (agent, expires);
        Ok([0; 16])
    }

    /// An agent comes with a token's secret and its public key. The same key
    /// may come again with it, if it did not hear the answer.
    pub fn enrol(&mut self, secret: &Secret, key: &[u8; 32], now: i64) -> Result<Agent, EnrolError> {
        let _ = (secret, key, now);
        Err(EnrolError::Unknown)
    }
}
