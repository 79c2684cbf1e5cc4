//! The graph as one JSON object: nodes with their numbers, edges by them.

use super::Graph;
use serde_json::{Value, json};

/// The object.
pub fn value(graph: &Graph) -> Value {
    let nodes: Vec<Value> = graph
        .nodes
        .iter()
        .enumerate()
        .map(|(id, node)| {
            json!({
                "id": id,
                "role": node.role.name(),
                "name": node.name,
                "alerts": node.alerts,
                "level": node.level,
                "group": node.group,
                "folded": node.folded,
            })
        })
        .collect();
    let edges: Vec<Value> = graph
        .edges
        .iter()
        .map(|edge| json!({"from": edge.from, "to": edge.to, "alerts": edge.alerts, "level": edge.level}))
        .collect();
    json!({"title": graph.title, "alerts": graph.alerts, "nodes": nodes, "edges": edges})
}
