//! Alerts: found again, and each of them whole.

use super::shown;
use crate::console::query::{Query, WORDS, alerts_with};
use crate::console::readers::PATIENCE;
use crate::console::view::alerts::{AlertLine, AlertWhole, AlertsPage, PAGE, page, whole};
use crate::console::view::rules::Rulebook;
use crate::console::{Console, Failure, Route, Viewer, shell};
use crate::sources::epoch_now;
use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/alerts", "Alerts, searched", list), Route::get("/alerts/{seq}", "One alert", one)]
}

async fn list(
    State(console): State<Arc<Console>>,
    viewer: Viewer,
    query: Query,
) -> Result<Response, Failure> {
    let filter = query.filter(epoch_now())?;
    let before = query.number("before")?;
    let found = console.reader(move |reader| page(reader, &filter, before, PAGE)).await?;
    Ok(shell::page(&viewer, "Alerts", "/alerts", render(&found, &query)))
}

fn render(found: &AlertsPage, query: &Query) -> Markup {
    let words = query.filter_words();
    html! {
        (form(query, "/alerts"))
        @if !found.alerts.is_empty() {
            (table(&found.alerts, query))
        } @else if words.is_empty() && query.get("before").is_none() {
            (shown::nothing("There are no alerts yet."))
        } @else if found.complete {
            (shown::nothing("No alert is like that."))
        }
        (how_far(found))
        nav.pages aria-label="More alerts" {
            @if query.get("before").is_some() { a href=(words.on("/alerts")) { "Newest" } }
            @if let Some(before) = found.before {
                a rel="next" href=(words.with("before", Some(&before.to_string())).on("/alerts")) {
                    @if found.complete { "Older" } @else { "Look further back" }
                }
            }
            a href=(words.on("/live")) { "Watch live" }
            a href=(words.on("/graph")) { "As a graph" }
            a href=(words.on("/api/v1/alerts")) { "As JSON" }
        }
    }
}

/// How far was looked for alerts, if that is not all the way.
pub(super) fn how_far(found: &AlertsPage) -> Markup {
    let seconds = PATIENCE.as_secs();
    let none = if found.alerts.is_empty() { "Nothing like that was found in " } else { "Looked for " };
    html! {
        @if !found.complete {
            p.far role="status" {
                (none) (seconds) " seconds, back to " (shown::perhaps(found.searched_to_time))
                ". Older alerts may be like that, too."
            }
        }
    }
}

/// The form of a filter; what it shows goes to `path`.
pub(in crate::console) fn form(query: &Query, path: &str) -> Markup {
    let value = |name: &str| query.get(name).map(shown::harmless);
    let usual = ["text", "level", "since"];
    let others = WORDS.iter().filter(|(name, _)| !usual.contains(name));
    let is_open = others.clone().any(|(name, _)| query.get(name).is_some());
    html! {
        form.filter method="get" action=(path) role="search" {
            label { "Words of the log" input type="search" name="text" value=[value("text")]; }
            label { "Level from" input type="number" name="level" min="0" max="16" value=[value("level")]; }
            label { "Since" input name="since" placeholder="2h, yesterday, 10:00" value=[value("since")]; }
            button { "Show" }
            details open[is_open] {
                summary { "More conditions" }
                div.more {
                    @for (name, about) in others {
                        label { (name) input name=(name) placeholder=(about) value=[value(name)]; }
                    }
                }
            }
        }
        @if !query.filter_words().is_empty() {
            p.chosen {
                "Only "
                @for (name, value) in query.filter_words().pairs() {
                    a href=(query.with(name, None).with("before", None).on(path))
                        title="Without this condition" { (name) " " bdi { (shown::harmless(value)) } " ×" } " "
                }
            }
        }
    }
}

/// Alerts as a table; on a small screen as cards. What is clicked is added to
/// the filter.
pub(super) fn table(alerts: &[AlertLine], query: &Query) -> Markup {
    html! {
        table.cards.alerts {
            thead { tr { th { "Time" } th { "Level" } th { "What" } th { "Where" } th { "Who" } } }
            tbody { @for alert in alerts { (row(alert, query)) } }
        }
    }
}

/// One of them.
pub(super) fn row(alert: &AlertLine, query: &Query) -> Markup {
    let narrow = |name, value: &str| {
        let to = query.filter_words().with(name, Some(value)).on("/alerts");
        shown::linked(&to, value)
    };
    html! {
        tr data-row {
            td { a href={ "/alerts/" (alert.seq) } { (alert.local) } }
            td { (shown::level(alert.level)) }
            td {
                (shown::text(&alert.description)) " "
                a.quiet href={ "/rules/" (alert.rule) } { (alert.rule) }
                div.log { (shown::text(&alert.log)) @if alert.is_cut { "…" } }
            }
            td { (narrow("agent", &alert.agent)) div.quiet { (shown::text(&alert.location)) } }
            td {
                @if let Some(srcip) = &alert.srcip { (narrow("srcip", srcip)) }
                @if let Some(user) = &alert.user { div { (narrow("user", user)) } }
            }
        }
    }
}

async fn one(
    State(console): State<Arc<Console>>,
    viewer: Viewer,
    Path(seq): Path<String>,
) -> Result<Response, Failure> {
    let seq: u64 = seq.parse().map_err(|_| Failure::NotFound)?;
    let found = console.reader(move |reader| whole(reader, seq)).await?.ok_or(Failure::NotFound)?;
    let rules = console.rules();
    let why = console.ask(move |_| Ok((why(&found, &rules), found))).await?;
    let (why, found) = why;
    let title = format!("Alert {seq}");
    Ok(shell::page(&viewer, &title, "/alerts", render_one(&found, why)))
}

fn render_one(found: &AlertWhole, why: Markup) -> Markup {
    let alert = &found.alert;
    html! {
        p.headline {
            (shown::level(alert.level)) " "
            strong { (shown::text(&alert.description)) }
        }
        nav.pages aria-label="Neighbours" {
            @if let Some(older) = found.older { a rel="prev" href={ "/alerts/" (older) } { "Older" } }
            @if let Some(newer) = found.newer { a rel="next" href={ "/alerts/" (newer) } { "Newer" } }
            a href={ "/api/v1/alerts/" (alert.seq) } { "As JSON" }
        }
        dl {
            dt { "Time" } dd { (shown::time(alert.time)) }
            dt { "Where" } dd {
                (shown::linked(&alerts_with("agent", &alert.agent), &alert.agent)) ", "
                (shown::text(&alert.location))
            }
            dt { "Host, program" } dd {
                (shown::text(&found.hostname))
                @if let Some(program) = &found.program { ", " (shown::text(program)) }
            }
            dt { "Groups" } dd {
                @for group in &alert.groups { (shown::linked(&alerts_with("group", group), group)) " " }
            }
            dt { "Number" } dd { (alert.id) ", " (alert.seq) " in the store" }
        }
        h2 { "Log" }
        (shown::lines(&found.full_log))
        @if let Some(difference) = &found.difference {
            h2 { "What has changed" }
            (shown::lines(difference))
        }
        h2 { "Fields" }
        (fields(found))
        h2 { "Why" }
        (why)
        p { a href=(super::rules::try_link(&found.full_log)) { "Try this log with the rules of now" } }
        @if !found.previous.is_empty() && found.difference.is_none() {
            h2 { "Events before it that counted" }
            @for log in &found.previous { (shown::lines(log)) }
        }
        @if !found.earlier.is_empty() {
            h2 { "Earlier alerts of the same source" }
            (table(&found.earlier, &Query::default()))
        }
    }
}

fn fields(found: &AlertWhole) -> Markup {
    let is_word = |name: &str| ["srcip", "user"].contains(&name);
    let place = |name: &str| match name {
        "srcip" => found.srcgeoip.as_ref(),
        "dstip" => found.dstgeoip.as_ref(),
        _ => None,
    };
    html! {
        dl {
            dt { "decoder" } dd { (shown::text(found.decoder.as_deref().unwrap_or("none"))) }
            @for field in &found.fields {
                dt { (shown::text(&field.name)) }
                dd {
                    @if is_word(&field.name) {
                        (shown::linked(&alerts_with(&field.name, &field.value), &field.value))
                    } @else { (shown::text(&field.value)) }
                    @if let Some(place) = place(&field.name) { " " span.quiet { (shown::text(place)) } }
                }
            }
            @for reference in &found.references {
                dt { (reference.name) } dd { (shown::text(&reference.value)) }
            }
        }
    }
}

/// What the rule asks for, by the rules of now.
fn why(found: &AlertWhole, rules: &Rulebook) -> Markup {
    let rule = found.alert.rule;
    let Some(card) = rules.card(rule) else {
        return html! { p { "Rule " (rule) " is none of the rules of now." } };
    };
    html! {
        p {
            "Rule " a href={ "/rules/" (rule) } { (rule) } ", level " (found.alert.level)
            @if found.frequency > 0 { ", once " (shown::counted(found.frequency, "event has", "events have")) " come" }
            ". It holds if:"
        }
        (super::rules::conditions(card))
    }
}
