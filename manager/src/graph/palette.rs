//! Colours: those of Okabe and Ito, which people who do not see all colours
//! can tell apart; they also differ in lightness.

use super::{Edge, Graph, Node, Role};
use crate::report::Band;
use std::collections::BTreeMap;

/// What the colour of a node says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colouring {
    /// How bad it is.
    #[default]
    Level,
    /// The group of its rule.
    Group,
}

/// One colour in both lights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paint {
    pub(super) light: &'static str,
    pub(super) dark: &'static str,
}

const fn paint(light: &'static str, dark: &'static str) -> Paint {
    Paint { light, dark }
}

/// By [`Band`], the least first.
const BANDS: [Paint; Band::COUNT] = [
    paint("#56b4e9", "#56b4e9"),
    paint("#e69f00", "#e69f00"),
    paint("#d55e00", "#d55e00"),
    paint("#7b2d8e", "#cc79a7"),
];

/// For the groups with most alerts; the last is for all others.
const GROUPS: [Paint; 8] = [
    paint("#0072b2", "#56b4e9"),
    paint("#e69f00", "#e69f00"),
    paint("#009e73", "#2fbf94"),
    paint("#d55e00", "#d55e00"),
    paint("#cc79a7", "#cc79a7"),
    paint("#9a8700", "#f0e442"),
    paint("#7b2d8e", "#b07cc6"),
    paint("#8a939c", "#8a939c"),
];

/// Which colour says what in a graph.
#[derive(Debug)]
pub(super) struct Palette {
    /// Colours with what they stand for.
    pub(super) key: Vec<(Paint, String)>,
    groups: BTreeMap<String, usize>,
    colouring: Colouring,
}

impl Palette {
    pub(super) fn new(graph: &Graph, colouring: Colouring) -> Self {
        match colouring {
            Colouring::Level => Self::of_levels(graph),
            Colouring::Group => Self::of_groups(graph),
        }
    }

    fn of_levels(graph: &Graph) -> Self {
        let nodes = graph.nodes.iter().map(|node| node.level);
        let levels: Vec<u16> = nodes.chain(graph.edges.iter().map(|edge| edge.level)).collect();
        let is_there = |band: &Band| levels.iter().any(|level| Band::of(*level) == *band);
        let named = |band: Band| (BANDS[band as usize], band.title().to_owned());
        let key = Band::ALL.into_iter().filter(is_there).map(named).collect();
        Self { key, groups: BTreeMap::new(), colouring: Colouring::Level }
    }

    fn of_groups(graph: &Graph) -> Self {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for node in graph.nodes.iter().filter(|node| node.role == Role::Event && !node.group.is_empty()) {
            *counts.entry(&node.group).or_default() += node.alerts;
        }
        let mut ranked: Vec<_> = counts.into_iter().collect();
        ranked.sort_by_key(|(_, alerts)| std::cmp::Reverse(*alerts));
        let own = GROUPS.len() - 1;
        let mut key: Vec<_> = ranked
            .iter()
            .zip(&GROUPS[..own])
            .map(|((name, _), paint)| (*paint, (*name).to_owned()))
            .collect();
        if ranked.len() > own || graph.nodes.iter().any(|node| node.group.is_empty()) {
            key.push((GROUPS[own], "other groups".to_owned()));
        }
        let numbered = ranked.iter().take(own).enumerate();
        let groups = numbered.map(|(place, (name, _))| ((*name).to_owned(), place)).collect();
        Self { key, groups, colouring: Colouring::Group }
    }

    /// The colour of a node without one of its own.
    pub(super) fn of(&self, node: &Node) -> Paint {
        match self.colouring {
            Colouring::Level => BANDS[Band::of(node.level) as usize],
            Colouring::Group => GROUPS[self.groups.get(&node.group).copied().unwrap_or(GROUPS.len() - 1)],
        }
    }

    /// The colour of an edge without one of its own.
    pub(super) fn of_edge(&self, graph: &Graph, edge: &Edge) -> Paint {
        let (from, to) = (&graph.nodes[edge.from], &graph.nodes[edge.to]);
        match self.colouring {
            Colouring::Level => BANDS[Band::of(edge.level) as usize],
            Colouring::Group if to.role == Role::Event => self.of(to),
            Colouring::Group => self.of(from),
        }
    }
}
