//! What is done about attackers: looked at, undone, asked for. Everything that
//! changes something is shown once more before it is done.

use super::shown;
use crate::console::query::{Query, alerts_with};
use crate::console::view::responses::{ResponseLine, Responses, responses, rows};
use crate::console::{Console, Failure, Route, Viewer, shell};
use crate::respond::request::{ByHand, Filter, Request, Undo};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/responses", "What is blocked, and what was", view),
        Route::post("/responses/run", "Carry out a response", run),
        Route::post("/responses/undo", "Undo a response, or all", undo),
        Route::post("/responses/confirm", "Let a response stay", confirm),
    ]
}

/// The history that is asked for.
pub(in crate::console) fn filter(query: &Query) -> Result<Filter, Failure> {
    let text = |name| query.get(name).map(str::to_owned);
    Ok(Filter {
        response: text("response"),
        agent: text("agent"),
        state: text("state"),
        ip: text("ip"),
        since: query.moment("since")?,
        limit: query.number("limit")?,
    })
}

async fn view(
    State(console): State<Arc<Console>>,
    viewer: Viewer,
    query: Query,
) -> Result<Response, Failure> {
    let found = responses(console.desk(), filter(&query)?).await.map_err(Failure::Bad)?;
    Ok(shell::page(&viewer, "Responses", "/responses", render(&found, &query, &viewer)))
}

fn render(found: &Responses, query: &Query, viewer: &Viewer) -> Markup {
    html! {
        h2 { "In force" }
        @if found.in_force.is_empty() { (shown::nothing("Nothing is blocked.")) } @else {
            (table(&found.in_force, viewer.may_act().then_some(viewer)))
            @if viewer.may_act() && found.in_force.len() > 1 {
                (button(viewer, "/responses/undo", &[("all", "yes")], "Undo all"))
            }
        }
        @if viewer.may_act() { (by_hand(found, viewer)) }
        h2 { "History" }
        (history_form(query))
        @if found.history.is_empty() { (shown::nothing("The history has nothing of that.")) }
        @else { (table(&found.history, None)) }
    }
}

fn table(lines: &[ResponseLine], acts: Option<&Viewer>) -> Markup {
    html! {
        table.cards {
            thead { tr {
                th { "Response" } th { "Who" } th { "Where" } th { "State" } th { "Until" } th { "Why" }
                @if acts.is_some() { th { "Act" } }
            } }
            tbody { @for line in lines { (row(line, acts)) } }
        }
    }
}

fn row(line: &ResponseLine, acts: Option<&Viewer>) -> Markup {
    let id = line.id.to_string();
    html! {
        tr data-row {
            td { (shown::text(&line.response)) div.quiet { (line.id) ", " (shown::time(line.time)) } }
            td data-label="Who" {
                @match &line.ip {
                    Some(ip) => (shown::linked(&alerts_with("srcip", ip), ip)),
                    None => (shown::text(line.target())),
                }
                @if line.offence > 1 { div.quiet { "offence " (line.offence) } }
            }
            td data-label="Where" { (shown::text(&line.name)) }
            td data-label="State" {
                span.bad[line.state == "failed"] { (line.state) }
                @if line.undo_wanted { div.quiet { "is to be undone" } }
                @if let Some(by) = line.confirm_by { div { "is undone unless confirmed by " (shown::time(by)) } }
            }
            td data-label="Until" {
                @match line.ends_at {
                    Some(at) => (shown::time(at)),
                    None if line.for_s > 0 => { "for " (shown::span(line.for_s.into())) },
                    None => "it is undone",
                }
            }
            td data-label="Why" {
                @if line.rule > 0 { "rule " a href={ "/rules/" (line.rule) } { (line.rule) } " " }
                (shown::text(&line.why))
                @if let Some(log) = &line.log { div.log { (shown::text(log)) } }
            }
            @if let Some(viewer) = acts {
                td {
                    @if !line.undo_wanted { (button(viewer, "/responses/undo", &[("id", &id)], "Undo")) }
                    @if line.confirm_by.is_some() {
                        (button(viewer, "/responses/confirm", &[("id", &id)], "Let it stay"))
                    }
                }
            }
        }
    }
}

/// A form of one button.
fn button(viewer: &Viewer, to: &str, fields: &[(&str, &str)], name: &str) -> Markup {
    html! {
        form.inline method="post" action=(to) {
            (viewer.form_field())
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button { (name) }
        }
    }
}

fn by_hand(found: &Responses, viewer: &Viewer) -> Markup {
    html! {
        details {
            summary { "Block by hand" }
            form.filter method="post" action="/responses/run" {
                (viewer.form_field())
                label { "Response"
                    input name="response" list="configured" required placeholder="block";
                    datalist id="configured" {
                        @for one in &found.configured { option value=(one.response) { (one.command) } }
                        @for one in ["block", "nftables", "ipset", "null-route", "hosts-deny", "lock-account"] {
                            option value=(one) {}
                        }
                    }
                }
                label { "Where" input name="agent" required placeholder="number, name, all or server"; }
                label { "Address or range" input name="ip"; }
                label { "User" input name="user"; }
                label { "Seconds, 0 for until it is undone" input type="number" name="for_s" min="0"; }
                button { "Go on" }
            }
        }
    }
}

fn history_form(query: &Query) -> Markup {
    let value = |name: &str| query.get(name).map(shown::harmless);
    html! {
        form.filter method="get" action="/responses" role="search" {
            label { "Address" input type="search" name="ip" value=[value("ip")]; }
            label { "Response" input name="response" value=[value("response")]; }
            label { "Agent" input name="agent" value=[value("agent")]; }
            label { "State" input name="state" value=[value("state")] placeholder="done, refused, failed"; }
            label { "Since" input name="since" value=[value("since")] placeholder="2h, yesterday"; }
            button { "Show" }
        }
    }
}

/// A wish as a form says it.
fn wish(form: &Query) -> Result<ByHand, Failure> {
    let needed = |name| {
        form.get(name).map(str::to_owned).ok_or_else(|| Failure::Bad(format!("say which `{name}` is meant")))
    };
    Ok(ByHand {
        response: needed("response")?,
        agent: needed("agent")?,
        ip: form.get("ip").map(str::to_owned),
        user: form.get("user").map(str::to_owned),
        for_s: form.number("for_s")?,
    })
}

async fn run(State(console): State<Arc<Console>>, viewer: Viewer, body: String) -> Result<Response, Failure> {
    let form = Query::read(&body);
    let wish = wish(&form)?;
    let target = wish.ip.as_deref().or(wish.user.as_deref()).unwrap_or("nobody in particular").to_owned();
    let what = format!("Carry out {} on {} about {target}", wish.response, wish.agent);
    if form.get("sure").is_none() {
        return Ok(ask(&viewer, "/responses/run", &form, &what));
    }
    carry_out(&console, &viewer, wish).await?;
    Ok(Redirect::to("/responses").into_response())
}

/// Carries out what somebody wants.
pub(in crate::console) async fn carry_out(
    console: &Arc<Console>,
    viewer: &Viewer,
    wish: ByHand,
) -> Result<Vec<ResponseLine>, Failure> {
    let ByHand { response, agent, ip, user, .. } = &wish;
    let target = ip.as_deref().or(user.as_deref()).unwrap_or("nobody");
    console.did(viewer, format_args!("asked for {response} on {agent} about {target}"));
    let answer = console.desk().ask(Request::Respond(wish)).await;
    rows(answer, "sent").map_err(Failure::Refused)
}

async fn undo(
    State(console): State<Arc<Console>>,
    viewer: Viewer,
    body: String,
) -> Result<Response, Failure> {
    let form = Query::read(&body);
    let wish = Undo { id: form.number("id")?, all: form.get("all") == Some("yes") };
    if form.get("sure").is_none() {
        let what = wish.id.map_or("Undo all responses, on this machine and on all agents".to_owned(), |id| {
            format!("Undo response {id}")
        });
        return Ok(ask(&viewer, "/responses/undo", &form, &what));
    }
    take_back(&console, &viewer, wish).await?;
    Ok(Redirect::to("/responses").into_response())
}

/// Undoes what somebody wants undone.
pub(in crate::console) async fn take_back(
    console: &Arc<Console>,
    viewer: &Viewer,
    wish: Undo,
) -> Result<Vec<ResponseLine>, Failure> {
    match wish.id {
        Some(id) => console.did(viewer, format_args!("had response {id} undone")),
        None => console.did(viewer, format_args!("had all responses undone")),
    }
    let answer = console.desk().ask(Request::Undo(wish)).await;
    rows(answer, "sent").map_err(Failure::Refused)
}

async fn confirm(
    State(console): State<Arc<Console>>,
    viewer: Viewer,
    body: String,
) -> Result<Response, Failure> {
    let id = Query::read(&body).number("id")?;
    let id = id.ok_or_else(|| Failure::Bad("say which response is meant".to_owned()))?;
    console.did(&viewer, format_args!("let response {id} stay"));
    let answer = console.desk().ask(Request::Confirm { id }).await;
    match answer["ok"] == true {
        true => Ok(Redirect::to("/responses").into_response()),
        false => Err(Failure::Refused(answer["error"].as_str().unwrap_or("it was refused").to_owned())),
    }
}

/// Shows once more what is about to be done.
fn ask(viewer: &Viewer, to: &str, form: &Query, what: &str) -> Response {
    let own_field = |name: &str| [crate::console::guard::FORM_FIELD, "sure"].contains(&name);
    let body = html! {
        p.headline { (shown::text(what)) "?" }
        form method="post" action=(to) {
            (viewer.form_field())
            @for (name, value) in form.pairs().filter(|(name, _)| !own_field(name)) {
                input type="hidden" name=(name) value=(value);
            }
            input type="hidden" name="sure" value="yes";
            button { "Yes" } " " a href="/responses" { "No" }
        }
    };
    shell::page(viewer, "Are you sure?", "/responses", body)
}
