//! Triples to a graph that can be looked at: what is rare becomes one box.

use super::properties::{Properties, Style};
use super::{Edge, Graph, Node, Role, Triple, Triples};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// What has room in a graph.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Boxes of each role, without the one of those that have no room.
    pub top: usize,
    /// Alerts that a node must have.
    pub threshold: u64,
    /// Sources and targets alone, without events.
    pub two_nodes: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { top: 20, threshold: 1, two_nodes: false }
    }
}

/// From this level on a node is not folded as long as others could be.
const SEVERE: u16 = 12;

/// Makes the graph. In each role the most severe nodes (level 12 and more) are
/// kept first, then the busiest; the rest is one node with a number. Nodes
/// that a property file makes invisible are left out.
pub fn fold(triples: &Triples, title: &str, limits: &Limits, properties: &Properties) -> Graph {
    let roles: &[Role] = if limits.two_nodes { &[Role::Source, Role::Target] } else { &Role::ALL };
    let shown = triples.list.iter().filter(|triple| !properties.hides(triple));
    let triples: Vec<Cow<'_, Triple>> =
        shown.map(|triple| properties.clustered(triple).map_or(Cow::Borrowed(triple), Cow::Owned)).collect();
    let mut graph = Graph { title: title.to_owned(), ..Graph::default() };
    graph.alerts = triples.iter().map(|triple| triple.alerts).sum();
    let columns: Vec<Column> =
        roles.iter().map(|role| Column::new(&mut graph.nodes, *role, &triples, limits, properties)).collect();
    let mut edges: BTreeMap<(usize, usize), Edge> = BTreeMap::new();
    for triple in &triples {
        for pair in columns.windows(2) {
            let (from, to) = (pair[0].node(triple), pair[1].node(triple));
            let new = Edge { from, to, alerts: 0, level: 0, colour: properties.edge_colour(triple) };
            let edge = edges.entry((from, to)).or_insert(new);
            edge.alerts += triple.alerts;
            edge.level = edge.level.max(triple.level);
        }
    }
    graph.edges = edges.into_values().collect();
    graph
}

/// Which name of a role is which node.
struct Column {
    role: Role,
    nodes: HashMap<String, usize>,
    /// The node of those that have no room; not used if all have.
    others: usize,
}

/// What is known of a name before there are nodes.
struct Sum<'t> {
    alerts: u64,
    level: u16,
    group: &'t str,
    style: Style,
}

impl Column {
    fn new(
        nodes: &mut Vec<Node>,
        role: Role,
        triples: &[Cow<'_, Triple>],
        limits: &Limits,
        properties: &Properties,
    ) -> Self {
        let mut sums: BTreeMap<Option<&str>, Sum<'_>> = BTreeMap::new();
        for triple in triples {
            let sum = sums.entry(triple.names[role as usize].as_deref()).or_insert_with(|| Sum {
                alerts: 0,
                level: 0,
                group: "",
                style: properties.style(role, triple),
            });
            if triple.level > sum.level || sum.group.is_empty() {
                sum.group = &triple.group;
            }
            sum.level = sum.level.max(triple.level);
            sum.alerts += triple.alerts;
        }
        let untold = sums.remove(&None);
        let mut ranked: Vec<(&str, Sum<'_>)> =
            sums.into_iter().filter_map(|(name, sum)| Some((name?, sum))).collect();
        // Sorted by name before, and the sort is stable.
        let rank = |sum: &Sum<'_>| std::cmp::Reverse((sum.level.max(SEVERE - 1), sum.alerts));
        ranked.sort_by_key(|(_, sum)| rank(sum));
        let threshold = limits.threshold.max(properties.threshold(role));
        let has_room = |place: usize, sum: &Sum<'_>| place < limits.top && sum.alerts >= threshold;
        let (mut kept, mut folded) = (Vec::new(), Vec::new());
        for (place, (name, sum)) in ranked.into_iter().enumerate() {
            let to = if has_room(place, &sum) { &mut kept } else { &mut folded };
            to.push((name, sum));
        }
        // One box for one name says less than the name.
        if folded.len() == 1 && untold.is_none() && folded[0].1.alerts >= threshold {
            kept.append(&mut folded);
        }
        kept.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.alerts));
        let mut column = Self { role, nodes: HashMap::new(), others: nodes.len() + kept.len() };
        for (name, sum) in kept {
            column.nodes.insert(name.to_owned(), nodes.len());
            nodes.push(sum.node(role, name.to_owned()));
        }
        let count = folded.len() + usize::from(untold.is_some());
        let rest: Vec<Sum<'_>> = folded.into_iter().map(|(_, sum)| sum).chain(untold).collect();
        if let Some(others) = Sum::all(rest) {
            let node = others.node(role, format!("others ({count})"));
            nodes.push(Node { folded: Some(count), ..node });
        }
        column
    }

    /// The node that a triple goes through.
    fn node(&self, triple: &Triple) -> usize {
        let name = triple.names[self.role as usize].as_ref();
        name.and_then(|name| self.nodes.get(name)).copied().unwrap_or(self.others)
    }
}

impl Sum<'_> {
    fn node(self, role: Role, name: String) -> Node {
        let Self { alerts, level, group, style } = self;
        Node { role, name, alerts, level, group: group.to_owned(), folded: None, style }
    }

    /// All in one.
    fn all(sums: Vec<Self>) -> Option<Self> {
        sums.into_iter().reduce(|all, sum| Self {
            alerts: all.alerts + sum.alerts,
            level: all.level.max(sum.level),
            group: "",
            style: Style::default(),
        })
    }
}
