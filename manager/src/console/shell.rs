//! The frame of every page: navigation, who is logged in, the way out.

use super::assets::{Asset, CSS, KEYS};
use super::viewer::Viewer;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

/// Where the navigation leads: path and name, in the order of their keys.
pub const PLACES: [(&str, &str); 10] = [
    ("/", "Overview"),
    ("/alerts", "Alerts"),
    ("/live", "Live"),
    ("/graph", "Graph"),
    ("/agents", "Agents"),
    ("/responses", "Responses"),
    ("/firewall", "Firewall"),
    ("/rules", "Rules"),
    ("/reports", "Reports"),
    ("/system", "System"),
];

/// A whole page. `current` is the path of its place in the navigation; what
/// is in `body` stands in `<main>` below a heading with the title.
pub fn page(viewer: &Viewer, title: &str, current: &str, body: Markup) -> Response;

/// The same with scripts of its own.
pub fn page_with(viewer: &Viewer, title: &str, current: &str, scripts: &[&Asset], body: Markup) -> Response;

/// A page for somebody who is not logged in.
pub(super) fn bare(title: &str, body: Markup) -> Response;
