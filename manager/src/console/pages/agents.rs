//! Who reports.

use super::shown;
use crate::agents::Registry;
use crate::console::query::alerts_with;
use crate::console::view::agents::{
    AgentLine, AgentWhole, Configuration, SourceLine, list, own_sources, whole,
};
use crate::console::{Console, Failure, Route, Viewer, shell};
use crate::sources::epoch_now;
use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/agents", "Agents", all), Route::get("/agents/{id}", "One agent", one)]
}

async fn all(State(console): State<Arc<Console>>, viewer: Viewer) -> Result<Response, Failure> {
    let asked = console.ask(|console| {
        let registry = Registry::open(console.home())?;
        Ok((list(&registry)?, own_sources(&registry)?))
    });
    let (agents, own) = asked.await?;
    let body = html! {
        @if agents.is_empty() {
            p.nothing { "No agents. On the manager, " code { "bartizan agents add NAME" } " adds one." }
        } @else { (table(&agents)) }
        @if !own.is_empty() {
            h2 { "This machine" }
            (sources(&own))
        }
    };
    Ok(shell::page(&viewer, "Agents", "/agents", body))
}

/// The class of a state.
fn class(state: &str) -> &'static str {
    match state {
        "active" => "good",
        "duplicated" => "bad",
        _ => "quiet",
    }
}

fn state(agent: &AgentLine) -> Markup {
    html! { span.(class(agent.state)) { (agent.state) } " since " (shown::time(agent.since)) }
}

fn table(agents: &[AgentLine]) -> Markup {
    html! {
        table.cards {
            thead { tr {
                th { "Agent" } th { "State" } th { "Address" } th { "Version" } th { "Configuration" }
                th { "Last heard" } th.n { "Records" } th.n { "Lost" }
            } }
            tbody { @for agent in agents {
                tr data-row {
                    td { a href={ "/agents/" (agent.id) } { (format!("{:03}", agent.id)) " " (shown::text(&agent.name)) }
                        @if !agent.groups.is_empty() { div.quiet { (shown::text(&agent.groups.join(", "))) } } }
                    td data-label="State" { (state(agent)) }
                    td data-label="Address" { (shown::text(&agent.address)) }
                    td data-label="Version" { (shown::text(&agent.version)) }
                    td data-label="Configuration" { (configuration(agent.configuration.as_ref())) }
                    td data-label="Last heard" { (shown::perhaps(agent.last_seen)) }
                    td.n data-label="Records" { (shown::number(agent.records)) }
                    td.n data-label="Lost" { (lost(agent.lost)) }
                }
            } }
        }
    }
}

fn lost(lost: u64) -> Markup {
    html! { @if lost > 0 { span.bad { (shown::number(lost)) } } @else { "0" } }
}

fn configuration(given: Option<&Configuration>) -> Markup {
    html! {
        @match given {
            None => "–",
            Some(given) => {
                span.bad[given.state == "refused"] { (given.state) } " since " (shown::time(given.since))
                @if let Some(why) = &given.why { div { (shown::text(why)) } }
            }
        }
    }
}

async fn one(
    State(console): State<Arc<Console>>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: u32 = id.parse().map_err(|_| Failure::NotFound)?;
    let found = console.ask(move |console| Ok(whole(&Registry::open(console.home())?, id)?)).await?;
    let found = found.ok_or(Failure::NotFound)?;
    let title = format!("Agent {}", shown::harmless(&found.agent.name));
    Ok(shell::page(&viewer, &title, "/agents", render_one(&found)))
}

fn render_one(found: &AgentWhole) -> Markup {
    let agent = &found.agent;
    html! {
        dl {
            dt { "State" } dd { (state(agent)) }
            dt { "Number" } dd { (format!("{:03}", agent.id)) ", the same wherever it connects from" }
            dt { "Groups" } dd { (shown::text(&agent.groups.join(", "))) }
            dt { "Address" } dd { (shown::text(&agent.address)) }
            dt { "Host" } dd { (shown::text(&found.hostname)) }
            dt { "System" } dd { (shown::text(&found.system)) }
            dt { "Version" } dd { (shown::text(&agent.version)) }
            dt { "Configuration" } dd { (configuration(agent.configuration.as_ref())) }
            dt { "Added" } dd { (shown::time(found.created)) }
            dt { "Enrolled" } dd { (shown::perhaps(found.enrolled)) }
            dt { "First seen" } dd { (shown::perhaps(found.first_seen)) }
            dt { "Last heard" } dd { (shown::perhaps(agent.last_seen)) }
            dt { "Records" } dd { (shown::number(agent.records)) }
            dt { "Lost" } dd { (lost(agent.lost)) }
        }
        p { a href=(alerts_with("agent", &agent.name)) { "Its alerts" } }
        h2 { "Sources" }
        @if found.sources.is_empty() { (shown::nothing("Nothing has come from it yet.")) }
        @else { (sources(&found.sources)) }
    }
}

fn sources(sources: &[SourceLine]) -> Markup {
    let now = epoch_now();
    html! {
        table.cards {
            thead { tr {
                th { "Source" } th { "Last event" } th { "Usually every" } th.n { "Records" } th.n { "Lost" }
            } }
            tbody { @for source in sources {
                tr {
                    td { @if source.source.is_empty() { span.quiet { "what could not wait (spool)" } }
                        @else { (shown::text(&source.source)) } }
                    td data-label="Last event" { (shown::perhaps(source.last_event))
                        @if let Some(last) = source.last_event {
                            " " span.quiet { (shown::span(now.saturating_sub(last).max(0))) " ago" }
                        } }
                    td data-label="Usually every" {
                        @match source.period { Some(period) => (shown::span(period.into())), None => "–" } }
                    td.n data-label="Records" { (shown::number(source.records)) }
                    td.n data-label="Lost" { (lost(source.lost)) }
                }
            } }
        }
    }
}
