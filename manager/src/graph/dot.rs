//! The graph for Graphviz, as AfterGlow writes it: sorted, so that equal
//! alerts give equal bytes.

use super::palette::Palette;
use super::{Colouring, Graph, Node};
use crate::diagnose::harmless_character;
use std::fmt::{Display, Formatter, Result, Write};

/// The widest box, in inches, and the least.
const WIDEST: f64 = 2.0;
const NARROWEST: f64 = 0.1;

/// The graph.
pub fn write(graph: &Graph, colouring: Colouring) -> String {
    let palette = Palette::new(graph, colouring);
    let most = graph.nodes.iter().map(|node| node.alerts).max().unwrap_or(1).max(1) as f64;
    let heaviest = graph.edges.iter().map(|edge| edge.alerts).max().unwrap_or(1).max(1) as f64;
    let mut out = String::new();
    let mut put = |what: std::fmt::Arguments<'_>| {
        // A string takes everything.
        let _ = out.write_fmt(what);
    };
    put(format_args!(
        "digraph alerts {{\ngraph [label={}, fontsize=8, rankdir=LR, overlap=false];\n",
        Quoted(&graph.title)
    ));
    put(format_args!(
        "node [shape=ellipse, style=filled, fontsize=10, fontname=\"Helvetica\"];\nedge [len=1.5];\n"
    ));
    for edge in &graph.edges {
        let (from, to) = (Id(&graph.nodes[edge.from]), Id(&graph.nodes[edge.to]));
        let colour = edge.colour.as_deref().unwrap_or(palette.of_edge(graph, edge).light);
        let width = 1.0 + 4.0 * edge.alerts as f64 / heaviest;
        put(format_args!(
            "{from} -> {to} [color={}, penwidth={width:.2}, label=\"{}\"];\n",
            Quoted(colour),
            edge.alerts
        ));
    }
    for node in &graph.nodes {
        let colour = node.style.colour.as_deref().unwrap_or(palette.of(node).light);
        let size = node
            .style
            .size
            .as_deref()
            .and_then(|size| size.parse::<f64>().ok())
            .filter(|size| size.is_finite());
        let width = size.unwrap_or(WIDEST / most * node.alerts as f64).clamp(NARROWEST, 100.0);
        let label = node.style.label.as_deref().unwrap_or(&node.name);
        put(format_args!(
            "{} [fillcolor={}, label={}, width={width:.2}",
            Id(node),
            Quoted(colour),
            Quoted(label)
        ));
        if let Some(shape) = &node.style.shape {
            put(format_args!(", shape={}", Quoted(shape)));
        }
        if let Some(url) = &node.style.url {
            put(format_args!(", URL={}", Quoted(url)));
        }
        put(format_args!("];\n"));
    }
    put(format_args!("}}\n"));
    out
}

/// A text in Graphviz's quotes: nothing in it ends them or is an escape.
struct Quoted<'t>(&'t str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_char('"')?;
        text(self.0, f)?;
        f.write_char('"')
    }
}

fn text(text: &str, f: &mut Formatter<'_>) -> Result {
    for character in text.chars() {
        match harmless_character(character) {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            other => f.write_char(other)?,
        }
    }
    Ok(())
}

/// What a node is known by: names of different roles may be equal.
struct Id<'n>(&'n Node);

impl Display for Id<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "\"{}: ", self.0.role.name())?;
        text(&self.0.name, f)?;
        f.write_char('"')
    }
}
