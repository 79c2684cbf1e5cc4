//! Agents: who they are, what they may know, how far each was heard.
//!
//! An agent is its key: a changed address, name or system changes nothing.
//! The manager keeps all that is known of it in one database, so that the
//! agent need not write anything.
//!
//! | room | what happens there |
//! |---|---|
//! | [`listener`] | connections of agents |
//! | [`noise`] | the handshake |
//! | [`delivery`] | a batch on its way to disk and back as acknowledgement |
//! | [`silence`] | who was regular and stopped |
//! | [`registry`] | the database of agents |
//! | [`identity`] | the manager's own key |
//! | [`shared`] | configuration that the manager gives to agents |
//! | [`addresses`] | where agents can reach this machine |
//! | [`client_keys`] | agents of an OSSEC installation, in and out |

pub mod addresses;
pub mod client_keys;
pub mod delivery;
pub mod identity;
pub mod noise;
pub mod registry;
pub mod shared;
pub mod silence;

pub use registry::{Agent, AgentId, Registry};

/// Port of the manager where agents connect (TCP), if nothing else is said.
pub const PORT: u16 = 1518;
