//! Who did what to whom, as a picture that leads to its alerts. Without
//! scripts it is a picture with links; with them it can be moved and made
//! larger.

use super::{alerts, shown};
use crate::console::assets::GRAPH;
use crate::console::query::Query;
use crate::console::view::graph::{ALERTS_MAX, graph};
use crate::console::view::overview::SPANS;
use crate::console::{Console, Failure, Route, Viewer, shell};
use crate::graph::svg::Look;
use crate::graph::{Colouring, Limits};
use crate::sources::epoch_now;
use crate::store::Filter;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Boxes of each kind unless it is asked otherwise.
const TOP: usize = 20;

/// Hours that the slider goes back.
const BACK_MAX: i64 = 168;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/graph", "Who did what to whom, as a picture", view)]
}

/// What the picture is of.
struct Wanted {
    filter: Filter,
    limits: Limits,
    look: Look,
    /// Hours before now at which the time ends.
    back: i64,
}

fn wanted(query: &Query) -> Result<Wanted, Failure> {
    let now = epoch_now();
    let mut filter = query.filter(now)?;
    let back = query.number("back")?.unwrap_or(0).clamp(0, BACK_MAX);
    if back > 0 {
        filter.until = Some(now - back * 3600);
    }
    if filter.since.is_none() {
        let (_, hours, _) = super::overview::span(query);
        filter.since = Some(filter.until.unwrap_or(now) - hours * 3600);
    }
    let top = query.number("top")?.unwrap_or(TOP);
    let limits = Limits { top, two_nodes: query.get("two").is_some(), ..Limits::default() };
    let colouring = if query.get("colour") == Some("group") { Colouring::Group } else { Colouring::Level };
    Ok(Wanted { filter, limits, look: Look { colouring, ..Look::default() }, back })
}

async fn view(
    State(console): State<Arc<Console>>,
    viewer: Viewer,
    query: Query,
) -> Result<Response, Failure> {
    let Wanted { filter, limits, look, back } = wanted(&query)?;
    let picture =
        console.reader(move |reader| graph(reader, &filter, "Who did what to whom", &limits)).await?;
    let (alerts, is_cut) = (picture.graph.alerts, picture.is_cut);
    let rules = console.rules();
    let svg = console.ask(move |_| Ok(picture.svg(&rules, look))).await?;
    let body = html! {
        (alerts::form(&query, "/graph"))
        (choices(&query, back))
        @if alerts == 0 { (shown::nothing("No alert is like that.")) } @else {
            @if is_cut { p.quiet { "The newest " (shown::number(ALERTS_MAX as u64)) " alerts of that." } }
            div.graph #graph { (PreEscaped(&svg)) }
        }
    };
    let mut page = shell::page_with(&viewer, "Graph", "/graph", &[&GRAPH], body);
    page.headers_mut().insert(CONTENT_SECURITY_POLICY, policy(&svg)?);
    Ok(page)
}

/// Time, number of boxes, colours.
fn choices(query: &Query, back: i64) -> Markup {
    let (time, ..) = super::overview::span(query);
    let kept = query.filter_words();
    html! {
        form.filter #choices method="get" action="/graph" {
            @for (name, value) in kept.pairs() { input type="hidden" name=(name) value=(value); }
            label { "Time" select name="time" {
                @for (word, _, name) in SPANS { option value=(word) selected[word == time] { (name) } }
            } }
            label for="back" { span { "It ends " output for="back" { (back) } " hours ago" }
                input #back type="range" name="back" min="0" max=(BACK_MAX) value=(back); }
            label { "Boxes of each kind" input type="number" name="top" min="1" max="40"
                value=(query.get("top").map_or(TOP.to_string(), shown::harmless)); }
            label { "Colours" select name="colour" {
                option value="level" { "by level" }
                option value="group" selected[query.get("colour") == Some("group")] { "by group" }
            } }
            label.tick { input type="checkbox" name="two" value="yes" checked[query.get("two").is_some()];
                " sources and targets alone" }
            button { "Draw" }
        }
    }
}

/// The policy of all pages, and leave for the one style that is in the
/// picture.
fn policy(svg: &str) -> Result<HeaderValue, Failure> {
    let style = svg.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
    let digest = STANDARD.encode(Sha256::digest(style.map_or("", |(style, _)| style)));
    let usual = crate::console::guard::POLICY;
    let own = usual.replace("style-src 'self'", &format!("style-src 'self' 'sha256-{digest}'"));
    Ok(HeaderValue::from_str(&own)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_style_of_the_picture_is_allowed() {
        let policy = policy("<svg><style>.a{fill:red}</style></svg>").expect("a policy");
        let policy = policy.to_str().expect("text");
        // printf '.a{fill:red}' | openssl dgst -sha256 -binary | base64
        let digest = STANDARD.encode(Sha256::digest(".a{fill:red}"));
        assert!(policy.contains(&format!("style-src 'self' 'sha256-{digest}';")), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }

    #[test]
    fn the_slider_moves_the_whole_time() {
        let moved = wanted(&Query::read("time=24h&back=5")).expect("wanted");
        let (since, until) = (moved.filter.since.expect("a time"), moved.filter.until.expect("a time"));
        assert_eq!(until - since, 86_400);
        assert!(wanted(&Query::read("back=99999999999")).expect("wanted").back == BACK_MAX);
        assert!(wanted(&Query::read("top=x")).is_err());
    }
}
