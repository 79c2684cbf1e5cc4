//! One agent, as the registry knows it.

use bartizan_core::limits::AGENT_NAME_MAX;
use std::fmt::{self, Display};
use std::str::FromStr;

/// Bytes of a name, at least and at most (OSSEC 4.3).
pub const NAME_LENGTH: std::ops::RangeInclusive<usize> = 2..=AGENT_NAME_MAX;

/// Groups that one agent may be in.
pub const GROUPS_MAX: usize = 32;

/// The number of an agent. Never given to another one later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(pub u32);

impl AgentId {
    /// The manager itself.
    pub const MANAGER: Self = Self(0);
}

impl Display for AgentId {
    /// At least three digits, as OSSEC 4.3 writes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

impl FromStr for AgentId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse().map(Self).map_err(|_| ()) } else { Err(()) }
    }
}

/// How an agent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was never here.
    NeverConnected,
    /// It has a session.
    Active,
    /// It had one.
    Disconnected,
    /// Two agents have its key.
    Duplicated,
}

impl State {
    /// In words, as OSSEC 4.3 says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::NeverConnected => "never connected",
            Self::Active => "active",
            Self::Disconnected => "disconnected",
            Self::Duplicated => "duplicated",
        }
    }
}

/// An agent. All times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Its number, from 1.
    pub id: AgentId,
    /// Its name: unique, 2 to 128 characters of `A-Za-z0-9-_.`.
    pub name: String,
    /// Its public key; none before it enrolled.
    pub key: Option<[u8; 32]>,
    /// The groups it is in, in order; they are written as names are.
    pub groups: Vec<String>,
    /// When it was added.
    pub created: i64,
    /// When it last enrolled.
    pub enrolled: Option<i64>,
    /// When it first connected.
    pub first_seen: Option<i64>,
    /// When something last came from it.
    pub last_seen: Option<i64>,
    /// How it stands.
    pub state: State,
    /// Since when.
    pub since: i64,
    /// What it said of itself when it last connected; empty before.
    pub about: About,
    /// The configuration that it was given last.
    pub configuration: Option<Given>,
}

/// What an agent says of itself when it connects, and where from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Address and port that it connected from.
    pub address: String,
    /// Version of the agent.
    pub version: String,
    /// The system it runs on.
    pub system: String,
    /// The name of its host.
    pub hostname: String,
    /// A number that it chose when it started: another one, another process.
    pub incarnation: u64,
}

impl About {
    /// The address without the port; none before it connected.
    pub fn address_alone(&self) -> Option<&str> {
        self.address.rsplit_once(':').map(|(address, _)| address)
    }
}

/// A configuration that was given to an agent, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Which: see [`crate::agents::shared::Configuration`].
    pub hash: u64,
    /// What became of it.
    pub state: ConfigurationState,
    /// Since when, seconds since 1970.
    pub since: i64,
}

/// What became of a configuration that was given to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigurationState {
    /// It was sent, and nothing is heard yet.
    Pending,
    /// The agent works with it.
    Applied,
    /// The agent does not take it: why.
    Refused(String),
}

/// Whether a text can be the name of an agent or a group (OSSEC 4.3): also of
/// a folder, so `..` cannot.
pub fn is_name(text: &str) -> bool {
    let character = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    NAME_LENGTH.contains(&text.len()) && text.bytes().all(character) && text != ".."
}
