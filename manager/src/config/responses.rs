//! `<command>` and `<active-response>`: what is done about whom, and when.
//!
//! Sections stand in any order, so they are kept as they are read and put
//! together once the file is over. The built-in commands need no `<command>`;
//! one of the same name takes their place.
//!
//! | room | what happens there |
//! |---|---|
//! | `command` | one `<command>` |
//! | `section` | one `<active-response>` |
//! | `drafts` | both put together |
//! | `describe` | what a response does, for people |

mod command;
mod describe;
mod drafts;
mod section;

use super::Place;
use super::reading::{Reading, value_span};
use crate::agents::registry::AgentId;
use crate::xml::Element;
use bartizan_core::respond::order::is_label;
use command::Command;
pub use describe::Lasting;
pub(super) use drafts::Drafts;
use std::sync::Arc;

/// Responses that one agent may begin within an hour by one
/// `<active-response>`, if nothing is said.
pub const CAP: u32 = 200;

/// Minutes of the first, second, … repetition, if nothing is said. None makes
/// a response shorter than its `timeout`.
pub const REPEATED_MIN: [u32; 5] = [30, 60, 120, 1440, 10_080];

/// `<active-response>` and `<command>` that one configuration may have.
const RESPONSES_MAX: usize = 256;

/// Bytes of a command's name: a number of seconds is put behind it.
const NAME_MAX: usize = 100;

/// Everything that is configured of active response.
#[derive(Clone, Debug, Default)]
pub struct Responses {
    /// What is switched on, in order.
    pub list: Vec<Arc<Response>>,
}

/// One `<active-response>` with its command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its name: that of its command and its timeout (OSSEC 4.3:
    /// `host-deny600`), or its `id`.
    pub name: String,
    /// The name of its command.
    pub command: String,
    /// How.
    pub means: Means,
    /// What of an event it needs.
    pub expects: Expects,
    /// Where.
    pub location: Location,
    /// For rules of this level and above.
    pub level: Option<u16>,
    /// For rules of these numbers.
    pub rules_id: Vec<u32>,
    /// For rules with a group that this regex of OSSEC matches.
    pub rules_group: Option<String>,
    /// Seconds until it is undone; 0 for until it is ended.
    pub timeout_s: u32,
    /// Seconds of the first, second, … repetition, if it repeats longer.
    pub repeated_s: Vec<u32>,
    /// Whether repetitions are counted on each agent for itself.
    pub per_agent: bool,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Seconds within which somebody must confirm it; it ends else. 0 for off.
    pub confirm_s: u32,
    /// How many may begin on one agent within an hour.
    pub cap: u32,
    /// Whether many addresses of one range become the range.
    pub aggregate: bool,
    /// Where it is configured; `None` for what somebody asks for by hand.
    pub place: Option<Place>,
}

/// How a response is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// Packets are dropped, by whatever the machine has.
    Block,
    /// Packets are dropped by nftables.
    Nftables,
    /// Packets are dropped by ipset and iptables.
    Ipset,
    /// Answers go nowhere.
    NullRoute,
    /// An entry in `/etc/hosts.deny`.
    HostsDeny,
    /// The user's password is locked.
    LockAccount,
    /// The manager tells a web server; nothing is undone.
    Webhook {
        /// Where: `http://` or `https://`.
        url: String,
    },
    /// A program of the users.
    Script {
        /// Its name in `active-response/bin`.
        file: String,
        /// How it is told.
        talk: Talk,
        /// `extra_args` (Wazuh 4.14).
        extra: Vec<String>,
    },
}

/// How a script is told what to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Talk {
    /// By arguments (OSSEC 4.3).
    #[default]
    Arguments,
    /// By JSON on standard input (Wazuh 4.14).
    Json,
}

/// What of an event a command needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expects {
    /// The user.
    pub user: bool,
    /// The source address.
    pub srcip: bool,
    /// The name of the file.
    pub filename: bool,
}

/// Where a response is carried out; several may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Where the event came from.
    pub local: bool,
    /// On the manager's machine.
    pub server: bool,
    /// On all agents.
    pub all: bool,
    /// On this agent.
    pub agent: Option<AgentId>,
}

impl Means {
    /// The means that need no `<command>`, by the names of their commands.
    pub const BUILT_IN: [&'static str; 7] =
        ["block", "nftables", "ipset", "null-route", "hosts-deny", "lock-account", "webhook"];

    /// The word for it; of a script its file.
    pub fn word(&self) -> &str {
        match self {
            Self::Block => "block",
            Self::Nftables => "nftables",
            Self::Ipset => "ipset",
            Self::NullRoute => "null-route",
            Self::HostsDeny => "hosts-deny",
            Self::LockAccount => "lock-account",
            Self::Webhook { .. } => "webhook",
            Self::Script { file, .. } => file,
        }
    }

    /// Whether the alert is handed on as JSON.
    pub fn wants_json(&self) -> bool {
        matches!(self, Self::Webhook { .. } | Self::Script { talk: Talk::Json, .. })
    }

    /// Whether there is something to undo.
    pub fn is_lasting(&self) -> bool {
        !matches!(self, Self::Webhook { .. })
    }
}

impl Expects {
    const NOTHING: Self = Self { user: false, srcip: false, filename: false };
}

impl Response {
    /// A response by built-in means, for what somebody asks for by hand. `None`
    /// if there is no such means, or if it is a webhook, which needs an address.
    pub fn built_in(command: &str) -> Option<Self> {
        let Command { name, means, expects, .. } = Command::built_in(command)?;
        let is_whole = means.is_lasting();
        let response = Self {
            name: name.clone(),
            command: name,
            means,
            expects,
            location: Location::default(),
            level: None,
            rules_id: Vec::new(),
            rules_group: None,
            timeout_s: 0,
            repeated_s: Vec::new(),
            per_agent: false,
            dry_run: false,
            confirm_s: 0,
            cap: CAP,
            aggregate: false,
            place: None,
        };
        is_whole.then_some(response)
    }

    /// Whether it stays in force, so that it need not be done again: a script
    /// without a time is run each time, and a web server is called.
    pub fn is_lasting(&self) -> bool {
        match self.means {
            Means::Webhook { .. } => false,
            Means::Script { .. } => self.timeout_s > 0,
            _ => true,
        }
    }

    /// Whether two of one name do different things, so that what is written
    /// down of one would be taken for the other's.
    fn differs_in_kind(&self, other: &Self) -> bool {
        self.means != other.means || self.timeout_s != other.timeout_s
    }
}

/// OSSEC 4.3: `host-deny600`.
fn response_name(command: &str, timeout_s: u32) -> String {
    format!("{command}{timeout_s}")
}

/// A name that can be told from an option, a path and a second line.
fn name(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let name = reading.text(option)?;
    if is_label(&name) && name.len() <= NAME_MAX {
        return Some(name);
    }
    let help = format!("write up to {NAME_MAX} letters, digits and . _ -, a letter or digit first");
    reading.error(value_span(option), format!("`{name}` cannot be a name here"), help);
    None
}
