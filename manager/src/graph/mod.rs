//! Who did what to whom: alerts as a graph of sources, events and targets.
//!
//! A *source* is an address or a user, an *event* what a rule says, a *target*
//! an agent and its log. [`Gatherer`] counts alerts, [`fold()`] keeps what fits
//! into a picture and counts the rest, and each layout writes the same
//! [`Graph`]; whatever order alerts come in, the same bytes come out.
//!
//! | room | what it does |
//! |---|---|
//! | `gather` | alerts to counted triples |
//! | [`fold()`] | triples to a graph that can be looked at |
//! | `place` | where boxes and bands stand |
//! | [`svg`], [`png`] | pictures |
//! | [`dot`], [`gexf`], [`json`], [`csv`] | for other programs |
//! | [`properties`] | AfterGlow's property files |
//! | [`names`] | names of addresses |

pub mod csv;
pub mod dot;
mod fold;
mod gather;
pub mod gexf;
pub mod json;
pub mod names;
mod palette;
mod place;
pub mod png;
pub mod properties;
pub mod svg;
#[cfg(test)]
mod tests;

pub use fold::{Limits, fold};
pub use gather::{Gatherer, Triple, Triples};
pub use palette::Colouring;

/// What a node is; in AfterGlow's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Who: an address or a user.
    Source,
    /// What: the description of a rule.
    Event,
    /// Where: an agent or host, and its log.
    Target,
}

impl Role {
    /// All, from left to right.
    pub const ALL: [Self; 3] = [Self::Source, Self::Event, Self::Target];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Event => "event",
            Self::Target => "target",
        }
    }

    /// The word for several.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Source => "sources",
            Self::Event => "events",
            Self::Target => "targets",
        }
    }
}

/// One box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub role: Role,
    /// What it is called.
    pub name: String,
    /// Alerts that go through it.
    pub alerts: u64,
    /// The highest level of them.
    pub level: u16,
    /// The first group of its most severe rule; empty without.
    pub group: String,
    /// How many names it stands for, if it stands for those that had no room.
    pub folded: Option<usize>,
    /// Colours and the like of a property file.
    pub style: properties::Style,
}

/// Alerts between two nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The node on the left.
    pub from: usize,
    /// The node on the right.
    pub to: usize,
    /// How many alerts.
    pub alerts: u64,
    /// The highest level of them.
    pub level: u16,
    /// The colour that a property file asks for.
    pub colour: Option<String>,
}

/// Nodes by role, the busiest first, what had no room last; edges by their
/// ends. Equal alerts give equal graphs, whatever their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// What it is called.
    pub title: String,
    /// The boxes.
    pub nodes: Vec<Node>,
    /// What joins them.
    pub edges: Vec<Edge>,
    /// Alerts in all.
    pub alerts: u64,
}

impl Graph {
    /// The roles that nodes have, from left to right.
    pub fn roles(&self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(|role| self.nodes.iter().any(|node| node.role == *role))
    }
}
