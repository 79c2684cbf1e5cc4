//! What people ask of responses, over the control socket and the socket that
//! tools of OSSEC know.

use super::datagram::{Asked, Wanted, Whom};
use crate::agents::AgentId;
use serde::Deserialize;

/// Rows of history in one answer, unless asked otherwise, and at most.
pub const ROWS: u32 = 100;
/// Rows of history in one answer at most.
pub const ROWS_MAX: u32 = 10_000;

/// A question or a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Which responses are configured?
    Configured,
    /// Which are in force?
    InForce,
    /// What was done?
    History(Filter),
    /// Do it.
    Respond(ByHand),
    /// Undo it.
    Undo(Undo),
    /// It may stay.
    Confirm {
        /// The response.
        id: u64,
    },
    /// An agent is to read its configuration again.
    Restart {
        /// Number or name; `all` for all that are connected.
        agent: String,
    },
}

/// A response that somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByHand {
    /// Its name.
    pub response: String,
    /// Where: number or name of an agent, `all` for all that are connected,
    /// `server` for the manager's own machine.
    pub agent: String,
    /// The address or range it is about.
    #[serde(default)]
    pub ip: Option<String>,
    /// The user it is about.
    #[serde(default)]
    pub user: Option<String>,
    /// Seconds until it is undone; else as configured.
    #[serde(default)]
    pub for_s: Option<u32>,
}

/// What is to be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// One response.
    #[serde(default)]
    pub id: Option<u64>,
    /// All of them, wherever they are.
    #[serde(default)]
    pub all: bool,
}

/// Which rows of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Of this response.
    #[serde(default)]
    pub response: Option<String>,
    /// Of this agent: number or name; `server` for the manager's own machine.
    #[serde(default)]
    pub agent: Option<String>,
    /// In this state.
    #[serde(default)]
    pub state: Option<String>,
    /// About this address, or a range that holds it.
    #[serde(default)]
    pub ip: Option<String>,
    /// Since then, seconds since 1970.
    #[serde(default)]
    pub since: Option<i64>,
    /// So many at most, the newest.
    #[serde(default)]
    pub limit: Option<u32>,
}

impl From<Asked> for Request {
    fn from(asked: Asked) -> Self {
        let agent = match asked.whom {
            Whom::All => "all".to_owned(),
            Whom::Number(AgentId::MANAGER) => "server".to_owned(),
            Whom::Number(id) => id.0.to_string(),
            Whom::Name(name) => name,
        };
        match asked.what {
            Wanted::Reload => Self::Restart { agent },
            Wanted::Response { response, user, address } => {
                Self::Respond(ByHand { response, agent, ip: address, user, for_s: None })
            }
        }
    }
}
