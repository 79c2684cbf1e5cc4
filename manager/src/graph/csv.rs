//! Triples as AfterGlow reads them: `source,event,target`, one a line.

use super::Triples;
use crate::diagnose::harmless_character;
use std::collections::BTreeSet;

/// Each different triple once, or each alert, if duplicates are asked for.
pub fn write(triples: &Triples, two_nodes: bool, duplicates: bool) -> String {
    let mut out = String::new();
    let mut seen = BTreeSet::new();
    for triple in &triples.list {
        let [source, event, target] = triple.names.each_ref().map(|name| name.as_deref().unwrap_or("others"));
        let fields: &[&str] = if two_nodes { &[source, target] } else { &[source, event, target] };
        let mut line = fields.iter().map(|field| quoted(field)).collect::<Vec<_>>().join(",");
        line.push('\n');
        if duplicates {
            for _ in 0..triple.alerts {
                out.push_str(&line);
            }
        } else if seen.insert(line.clone()) {
            out.push_str(&line);
        }
    }
    out
}

/// A field: in quotes if it needs them.
fn quoted(field: &str) -> String {
    let field: String = field.chars().map(harmless_character).collect();
    match field.contains([',', '"']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field,
    }
}
