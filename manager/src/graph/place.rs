//! Where boxes and bands stand: one column for each role.
//!
//! Boxes are as high as their share of the alerts, but never too low for a
//! line of text. Sources stand by their alerts, the busiest at the top; each
//! box of the other columns stands by the middle of what it is joined to on
//! the left, so that few bands cross. All of it depends on the graph alone.

use super::{Graph, Role};

/// A box on the picture, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Place {
    fn middle(&self) -> f64 {
        self.y + self.height / 2.0
    }
}

/// A band between two boxes, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Band {
    /// Where it leaves the box on the left: right edge, top, height.
    pub(super) from: (f64, f64, f64),
    /// Where it comes to the one on the right: left edge, top, height.
    pub(super) to: (f64, f64, f64),
}

/// All places of a picture, by node and by edge.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) nodes: Vec<Place>,
    pub(super) bands: Vec<Band>,
}

/// Left edge and width of the columns, if there are three, and if two.
const THREE: [(f64, f64); 3] = [(24.0, 190.0), (346.0, 430.0), (912.0, 264.0)];
const TWO: [(f64, f64); 2] = [(24.0, 240.0), (936.0, 240.0)];
const WIDTH: f64 = 1200.0;

/// What is above and below the columns.
const ABOVE: f64 = 96.0;
const BELOW: f64 = 64.0;

/// The least height of a box, what is between two, and what all alerts share.
const BOX_MIN: f64 = 26.0;
const GAP: f64 = 8.0;
const SHARED: f64 = 460.0;

impl Places {
    pub(super) fn new(graph: &Graph) -> Self {
        let mut columns = columns(graph);
        let height = |node: usize| {
            let share = graph.nodes[node].alerts as f64 / graph.alerts.max(1) as f64;
            (share * SHARED).max(BOX_MIN)
        };
        let heights: Vec<f64> = (0..graph.nodes.len()).map(height).collect();
        let tall = |column: &Vec<usize>| column.iter().map(|node| heights[*node] + GAP).sum::<f64>() - GAP;
        let tallest = columns.iter().map(tall).fold(0.0, f64::max);
        let mut places = Self {
            width: WIDTH,
            height: ABOVE + tallest + BELOW,
            nodes: vec![Place::default(); graph.nodes.len()],
            bands: Vec::new(),
        };
        let edges: &[(f64, f64)] = if columns.len() == 2 { &TWO } else { &THREE };
        for (column, (x, width)) in columns.iter().zip(edges) {
            for node in column {
                places.nodes[*node] = Place { x: *x, y: 0.0, width: *width, height: heights[*node] };
            }
        }
        places.stack(&columns, tallest);
        for column in 1..columns.len() {
            places.sort(graph, &mut columns[column]);
            places.stack(&columns, tallest);
        }
        places.bands = places.bands(graph);
        places
    }

    /// Sets the boxes of each column one below the other, in the middle.
    fn stack(&mut self, columns: &[Vec<usize>], tallest: f64) {
        for column in columns {
            let tall: f64 = column.iter().map(|node| self.nodes[*node].height + GAP).sum::<f64>() - GAP;
            let mut y = ABOVE + (tallest - tall) / 2.0;
            for node in column {
                self.nodes[*node].y = y;
                y += self.nodes[*node].height + GAP;
            }
        }
    }

    /// Sorts a column by the middle of what its nodes are joined to on the
    /// left. What had no room stays last.
    fn sort(&self, graph: &Graph, column: &mut [usize]) {
        let middle = |node: usize| {
            let own = graph.edges.iter().filter(|edge| edge.to == node);
            let (sum, alerts) = own.fold((0.0, 0.0), |(sum, alerts), edge| {
                let weight = edge.alerts as f64;
                (sum + self.nodes[edge.from].middle() * weight, alerts + weight)
            });
            if alerts > 0.0 { sum / alerts } else { self.nodes[node].middle() }
        };
        let key = |node: &usize| (graph.nodes[*node].folded.is_some(), middle(*node));
        let mut keyed: Vec<_> = column.iter().map(|node| (key(node), *node)).collect();
        keyed.sort_by(|((folded, a), _), ((other, b), _)| folded.cmp(other).then(a.total_cmp(b)));
        for (to, (_, node)) in column.iter_mut().zip(keyed) {
            *to = node;
        }
    }

    fn bands(&self, graph: &Graph) -> Vec<Band> {
        let mut bands = vec![Band::default(); graph.edges.len()];
        for (node, place) in self.nodes.iter().enumerate() {
            let alerts = graph.nodes[node].alerts.max(1) as f64;
            for leaves in [true, false] {
                let mut own: Vec<usize> = (0..graph.edges.len())
                    .filter(|edge| {
                        node == if leaves { graph.edges[*edge].from } else { graph.edges[*edge].to }
                    })
                    .collect();
                let other =
                    |edge: &usize| if leaves { graph.edges[*edge].to } else { graph.edges[*edge].from };
                own.sort_by(|a, b| self.nodes[other(a)].y.total_cmp(&self.nodes[other(b)].y));
                let mut y = place.y;
                for edge in own {
                    let height = place.height * graph.edges[edge].alerts as f64 / alerts;
                    if leaves {
                        bands[edge].from = (place.x + place.width, y, height);
                    } else {
                        bands[edge].to = (place.x, y, height);
                    }
                    y += height;
                }
            }
        }
        bands
    }
}

/// The nodes of each role.
fn columns(graph: &Graph) -> Vec<Vec<usize>> {
    let of = |role: Role| {
        (0..graph.nodes.len()).filter(|node| graph.nodes[*node].role == role).collect::<Vec<_>>()
    };
    graph.roles().map(of).collect()
}
