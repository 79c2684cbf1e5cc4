//! The graph in GEXF 1.3, which Gephi and others read.

use super::palette::Palette;
use super::{Colouring, Graph};
use crate::report::markup::Shown;
use std::fmt::Write;

/// The document.
pub fn write(graph: &Graph, colouring: Colouring) -> String {
    let palette = Palette::new(graph, colouring);
    let mut out = String::new();
    let mut put = |what: std::fmt::Arguments<'_>| {
        // A string takes everything.
        let _ = out.write_fmt(what);
    };
    put(format_args!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gexf xmlns=\"http://gexf.net/1.3\" \
         xmlns:viz=\"http://gexf.net/1.3/viz\" version=\"1.3\">\n<meta><description>{}</description></meta>\n\
         <graph defaultedgetype=\"directed\">\n<attributes class=\"node\">\n\
         <attribute id=\"0\" title=\"role\" type=\"string\"/>\n<attribute id=\"1\" title=\"alerts\" type=\"long\"/>\n\
         <attribute id=\"2\" title=\"level\" type=\"integer\"/>\n<attribute id=\"3\" title=\"group\" type=\"string\"/>\n\
         </attributes>\n<nodes>\n",
        Shown(&graph.title)
    ));
    for (id, node) in graph.nodes.iter().enumerate() {
        let (role, alerts, level, group) = (node.role.name(), node.alerts, node.level, Shown(&node.group));
        let (r, g, b) = rgb(palette.of(node).light);
        put(format_args!(
            "<node id=\"{id}\" label=\"{}\"><attvalues><attvalue for=\"0\" value=\"{role}\"/>\
             <attvalue for=\"1\" value=\"{alerts}\"/><attvalue for=\"2\" value=\"{level}\"/>\
             <attvalue for=\"3\" value=\"{group}\"/></attvalues><viz:color r=\"{r}\" g=\"{g}\" b=\"{b}\"/></node>\n",
            Shown(&node.name)
        ));
    }
    put(format_args!("</nodes>\n<edges>\n"));
    for (id, edge) in graph.edges.iter().enumerate() {
        let (from, to, alerts) = (edge.from, edge.to, edge.alerts);
        put(format_args!("<edge id=\"{id}\" source=\"{from}\" target=\"{to}\" weight=\"{alerts}\"/>\n"));
    }
    put(format_args!("</edges>\n</graph>\n</gexf>\n"));
    out
}

/// The parts of a colour of the palette.
fn rgb(colour: &str) -> (u8, u8, u8) {
    let number = u32::from_str_radix(colour.trim_start_matches('#'), 16).unwrap_or(0);
    let [_, r, g, b] = number.to_be_bytes();
    (r, g, b)
}
