//! How the program does; rules are read again from here.

use super::shown;
use crate::console::view::system::{Counts, Daemon, Destination, System, store};
use crate::console::{Console, Failure, Route, Viewer, shell};
use crate::outbox::Queue;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/system", "How the program does", view),
        Route::post("/system/reload", "Read the rules again", reload),
    ]
}

/// All that is known of it.
pub(in crate::console) async fn system(console: &Arc<Console>) -> Result<System, Failure> {
    let home = console.home().to_owned();
    let store = console.reader(move |reader| store(reader, &home)).await?;
    let rules = console.rules();
    let (committed, pulse) = (store.last, Counts::new(console.pulse()));
    console
        .ask(move |console| {
            let standings = Queue::open(console.home())?.standings()?;
            Ok(System {
                daemon: Daemon::new(console.hub().status()),
                pulse,
                rules: rules.ruleset.image().rules.len(),
                decoders: rules.decoders,
                home: console.home().display().to_string(),
                store,
                destinations: standings.iter().map(|one| Destination::new(one, committed)).collect(),
            })
        })
        .await
}

async fn view(State(console): State<Arc<Console>>, viewer: Viewer) -> Result<Response, Failure> {
    let system = system(&console).await?;
    Ok(shell::page(&viewer, "System", "/system", render(&system, &viewer)))
}

fn render(system: &System, viewer: &Viewer) -> Markup {
    let System { daemon, pulse, store, .. } = system;
    html! {
        dl {
            dt { "Version" } dd { "bartizan " (daemon.version) }
            dt { "Runs since" } dd { (shown::time(daemon.started)) }
            dt { "Home folder" } dd { (shown::text(&system.home)) }
            dt { "Events" } dd { (shown::number(pulse.events)) " since the start, "
                (pulse.events_a_second) " a second" }
            dt { "Alerts" } dd { (shown::number(pulse.alerts)) " since the start" }
            dt { "Left out" } dd { (shown::counted(pulse.searches_given_up, "search", "searches"))
                " that took too long, " (shown::counted(pulse.fields_left_out, "field", "fields"))
                " for which an event had no room" }
            dt { "Waiting" } dd { (shown::counted(daemon.waiting, "lot", "lots")) " of lines, "
                (shown::bytes(daemon.bytes_on_their_way)) " from agents on their way" }
            dt { "Agents" } dd { (daemon.agents.connected) " of " (daemon.agents.known) " connected"
                @if !daemon.listening.is_empty() {
                    "; they connect to " (shown::text(&daemon.listening.join(", ")))
                } }
            dt { "Store" } dd { (shown::bytes(store.bytes)) " in daily files (" (store.days) "), alerts "
                (store.first.unwrap_or(0)) " to " (store.last) }
            dt { "Rules" } dd { (shown::counted(system.rules, "rule", "rules")) ", "
                (shown::counted(system.decoders, "decoder", "decoders")) " "
                @if viewer.may_act() {
                    form.inline method="post" action="/system/reload" {
                        (viewer.form_field()) button { "Read them again" }
                    }
                } }
        }
        h2 { "Who is told of alerts" }
        @if system.destinations.is_empty() { (shown::nothing("Nobody.")) } @else { (destinations(&system.destinations)) }
    }
}

fn destinations(all: &[Destination]) -> Markup {
    html! {
        table.cards {
            thead { tr {
                th { "Name" } th { "Kind" } th { "State" } th.n { "Not looked at" } th.n { "Waiting" }
                th.n { "Held back" } th.n { "Refused" } th.n { "Sent" } th { "Last sent" }
            } }
            tbody { @for one in all {
                tr {
                    td { (shown::text(&one.name)) }
                    td data-label="Kind" { (shown::text(&one.kind)) }
                    td data-label="State" {
                        span.good[one.state == "good"].bad[one.state != "good"] { (one.state) }
                        @if let Some(at) = one.next_attempt { div.quiet { "next attempt " (shown::time(at)) } }
                        @if !one.error.is_empty() { div { (shown::text(&one.error)) } }
                    }
                    td.n data-label="Not looked at" { (shown::number(one.lag)) }
                    td.n data-label="Waiting" { (shown::number(one.waiting as u64)) }
                    td.n data-label="Held back" { (shown::number(one.held_back)) }
                    td.n data-label="Refused" { (shown::number(one.refused as u64)) }
                    td.n data-label="Sent" { (shown::number(one.sent)) }
                    td data-label="Last sent" { (shown::perhaps(one.last_sent)) }
                }
            } }
        }
    }
}

async fn reload(State(console): State<Arc<Console>>, viewer: Viewer) -> Response {
    console.did(&viewer, format_args!("has the rules read again"));
    let answer = console.hub().reloaded().await;
    if answer["ok"] == true {
        return Redirect::to("/system").into_response();
    }
    let said = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    let body = html! {
        p.headline { (shown::text(&said("error"))) }
        (shown::lines(&said("problems")))
        p { a href="/system" { "System" } }
    };
    let page = shell::page(&viewer, "The rules stay as they are", "/system", body);
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}
