//! The pages: what [`view`](super::view) tells, for people.
//!
//! Every page works without scripts, but for what comes live and for moving
//! the graph. Each is a heading, a form that says what is shown, and tables
//! that become cards on a small screen.

mod agents;
mod alerts;
mod chart;
mod firewall;
mod graph;
mod live;
mod overview;
mod reports;
mod responses;
mod rules;
mod shown;
mod system;

use super::Route;

pub(super) use alerts::form as filter_form;
pub(super) use firewall::knocks;
pub(super) use overview::span;
pub(super) use reports::reports;
pub(super) use responses::{carry_out, filter as history_filter, take_back};
pub(super) use rules::{found as found_rules, rule, tried};
pub(super) use system::system;

/// Where they are.
pub(super) fn routes() -> Vec<Route> {
    let all = [
        overview::routes(),
        alerts::routes(),
        live::routes(),
        graph::routes(),
        agents::routes(),
        responses::routes(),
        firewall::routes(),
        rules::routes(),
        reports::routes(),
        system::routes(),
    ];
    all.into_iter().flatten().collect()
}
