//! One-time tokens, and the key that comes for one.

use super::agent::{Agent, AgentId};
use super::roll::select_one;
use super::{Registry, RegistryError};
use blake2::{Blake2s256, Digest};
use rusqlite::{OptionalExtension, Transaction, params};
use subtle::ConstantTimeEq;
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
        let mut secret = Secret::default();
        getrandom::fill(&mut secret).map_err(|error| RegistryError::Random(error.to_string()))?;
        let sql = "INSERT OR REPLACE INTO tokens (agent, hash, expires) SELECT id, ?2, ?3 FROM agents
            WHERE id = ?1 AND id > 0";
        match self.connection.execute(sql, params![agent.0, hash(&secret), expires]) {
            Ok(0) => Err(RegistryError::Unknown(agent.to_string())),
            Ok(_) => Ok(secret),
            Err(error) => Err(self.database(error)),
        }
    }

    /// Until when an agent's token is good, if it was not used yet.
    pub fn token_expires(&self, agent: AgentId) -> Result<Option<i64>, RegistryError> {
        let sql = "SELECT expires FROM tokens WHERE agent = ?1 AND used IS NULL";
        let found = self.connection.query_row(sql, [agent.0], |row| row.get(0)).optional();
        found.map_err(|error| self.database(error))
    }

    /// An agent comes with a token's secret and its public key. The same key
    /// may come again with it, if it did not hear the answer.
    pub fn enrol(&mut self, secret: &Secret, key: &[u8; 32], now: i64) -> Result<Agent, EnrolError> {
        self.transaction(|step| admit(step, secret, key, now))?
    }
}

/// A token as it is kept.
struct Kept {
    agent: AgentId,
    hash: [u8; 32],
    expires: i64,
    used: bool,
}

fn admit(
    step: &Transaction<'_>,
    secret: &Secret,
    key: &[u8; 32],
    now: i64,
) -> rusqlite::Result<Result<Agent, EnrolError>> {
    let Some(token) = find(step, &hash(secret))? else {
        return Ok(Err(EnrolError::Unknown));
    };
    let owner = select_one(step, "key = ?1", params![key])?;
    match owner {
        Some(owner) if owner.id == token.agent && token.used => return Ok(Ok(owner)),
        _ if token.used => return Ok(Err(EnrolError::Used)),
        _ if token.expires < now => return Ok(Err(EnrolError::Expired)),
        Some(owner) if owner.id != token.agent => return Ok(Err(EnrolError::KeyTaken(owner.name))),
        _ => {}
    }
    let sql = "UPDATE agents SET key = ?2, enrolled = ?3, incarnation = 0, incarnation_before = 0,
        duplicated = 0, since = iif(duplicated, ?3, since) WHERE id = ?1";
    step.execute(sql, params![token.agent.0, key, now])?;
    step.execute("UPDATE tokens SET used = ?2 WHERE agent = ?1", params![token.agent.0, now])?;
    Ok(select_one(step, "id = ?1", params![token.agent.0])?.ok_or(EnrolError::Unknown))
}

/// The token of a hash. All are looked at, so that the time this takes tells
/// nothing of them.
fn find(step: &Transaction<'_>, hash: &[u8; 32]) -> rusqlite::Result<Option<Kept>> {
    let mut statement = step.prepare_cached("SELECT agent, hash, expires, used IS NOT NULL FROM tokens")?;
    let mut rows = statement.query([])?;
    let mut found = None;
    while let Some(row) = rows.next()? {
        let kept =
            Kept { agent: AgentId(row.get(0)?), hash: row.get(1)?, expires: row.get(2)?, used: row.get(3)? };
        if bool::from(kept.hash.ct_eq(hash)) {
            found = Some(kept);
        }
    }
    Ok(found)
}

/// A secret has 128 random bits: one round is enough to keep it from whoever
/// reads the database.
fn hash(secret: &Secret) -> [u8; 32] {
    Blake2s256::digest(secret).into()
}
