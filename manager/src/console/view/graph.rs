//! Who did what to whom, as a picture whose boxes lead to their alerts.

use super::rules::{Rulebook, saying};
use crate::console::query::{alerts_with, link};
use crate::graph::properties::Properties;
use crate::graph::svg::{self, Look};
use crate::graph::{Gatherer, Graph, Limits, Node, Role, fold};
use crate::store::{Filter, Reader, StoreError};
use std::net::IpAddr;

/// Alerts that a picture is made of, the newest.
pub const ALERTS_MAX: usize = 20_000;

/// Boxes of each kind at most.
pub const TOP_MAX: usize = 40;

/// Alerts that are read at once.
const READ: usize = 500;

/// A picture, and whether there are more alerts than it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The graph.
    pub graph: Graph,
    /// Older alerts are left out.
    pub is_cut: bool,
}

/// The graph of the newest alerts that a filter lets through.
pub fn graph(
    reader: &mut Reader,
    filter: &Filter,
    title: &str,
    limits: &Limits,
) -> Result<Picture, StoreError> {
    let mut gatherer = Gatherer::default();
    let (mut before, mut count, mut is_cut) = (None, 0, false);
    loop {
        let read = reader.page(before, filter, READ)?;
        read.iter().for_each(|entry| gatherer.add(&entry.alert()));
        count += read.len();
        before = read.last().map(|entry| entry.seq);
        if read.len() < READ {
            break;
        }
        is_cut = count >= ALERTS_MAX;
        if is_cut {
            break;
        }
    }
    let limits = Limits { top: limits.top.clamp(1, TOP_MAX), ..limits.clone() };
    let graph = fold(&gatherer.finish(), title, &limits, &Properties::default());
    Ok(Picture { graph, is_cut })
}

impl Picture {
    /// The picture as SVG; its boxes lead to the alerts that they stand for.
    pub fn svg(mut self, book: &Rulebook, look: Look) -> String {
        for node in self.graph.nodes.iter_mut().filter(|node| node.folded.is_none()) {
            node.style.url = alerts_of(node, book);
        }
        svg::write(&self.graph, look)
    }
}

/// The address of the alerts that a box stands for.
fn alerts_of(node: &Node, book: &Rulebook) -> Option<String> {
    match node.role {
        _ if node.name == "unknown" => None,
        Role::Source if node.name.parse::<IpAddr>().is_ok() => Some(alerts_with("srcip", &node.name)),
        Role::Source => Some(alerts_with("user", &node.name)),
        Role::Target => Some(alerts_with("location", &node.name)),
        Role::Event => {
            let rules = saying(book, node.name.as_bytes());
            let rules = rules.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
            (!rules.is_empty()).then(|| link("/alerts", [("rule", rules.as_str())].into_iter()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::view::rules::sample::built_in;
    use crate::store::Appender;
    use crate::store::sample::sshd;

    #[test]
    fn boxes_lead_to_their_alerts() {
        let home = tempfile::tempdir().expect("a folder");
        let mut alerts: Vec<_> = (0..1200).map(sshd).collect();
        Appender::open(home.path()).expect("a store").append(&mut alerts).expect("appended");
        let mut reader = Reader::open(home.path()).expect("a reader");
        let picture = graph(&mut reader, &Filter::default(), "all", &Limits { top: 5, ..Limits::default() });
        let picture = picture.expect("a picture");
        assert!(picture.graph.alerts == 1200 && !picture.is_cut);
        let svg = picture.svg(&built_in(), Look::default());
        assert!(svg.contains("<a href=\"/alerts?srcip=192.0.2."), "{svg}");
        assert!(svg.contains("<a href=\"/alerts?location=%28web%29+198.51.100.0-%3E%2Fvar"), "{svg}");
    }
}
