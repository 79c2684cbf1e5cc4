//! Agents: who they are, what they may know, how far each was heard.
//!
//! An agent is its key: a changed address, name or system changes nothing.
//! The manager keeps all that is known of it in one database, so that the
//! agent need not write anything.
//!
//! | room | what happens there |
//! |---|---|
//! | [`listener`] | connections of agents |
//! | `connection` | one of them: handshake, enrolment or session |
//! | [`hub`] | what all of them share |
//! | `watch` | agents that are away, sources that have stopped |
//! | [`about`] | what is said of agents, as events |
//! | [`control`] | the control socket |
//! | [`noise`] | the handshake |
//! | [`delivery`] | a batch on its way to disk and back as acknowledgement |
//! | [`silence`] | who was regular and stopped |
//! | [`registry`] | the database of agents |
//! | [`identity`] | the manager's own key |
//! | [`shared`] | configuration that the manager gives to agents |
//! | [`addresses`] | where agents can reach this machine |
//! | [`client_keys`] | agents of an OSSEC installation, in and out |

pub mod about;
pub mod addresses;
pub mod client_keys;
mod connection;
pub mod control;
pub mod delivery;
pub mod hub;
pub mod identity;
pub mod listener;
pub mod noise;
pub mod registry;
pub mod shared;
pub mod silence;
mod watch;

pub use registry::{Agent, AgentId, Registry};

pub use bartizan_core::wire::PORT;
