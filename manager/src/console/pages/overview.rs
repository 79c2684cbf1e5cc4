//! How things stand.

use super::{chart, shown};
use crate::console::query::{Query, link};
use crate::console::view::overview::{Frequent, FrequentRule, Overview, SPANS, overview};
use crate::console::view::system::{Counts, Daemon};
use crate::console::{Console, Failure, Route, Viewer, shell};
use crate::sources::epoch_now;
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/", "How things stand", view)]
}

async fn view(
    State(console): State<Arc<Console>>,
    viewer: Viewer,
    query: Query,
) -> Result<Response, Failure> {
    let (word, hours, _) = span(&query);
    let found = console.reader(move |reader| overview(reader, hours, epoch_now())).await?;
    let daemon = console.ask(|console| Ok(Daemon::new(console.hub().status()))).await?;
    let counts = Counts::new(console.pulse());
    let body = html! {
        (standing(&daemon, &counts))
        nav.pages aria-label="Time" {
            @for (other, _, name) in SPANS {
                a href=(link("/", [("time", other)].into_iter()))
                    aria-current=[(word == other).then_some("true")] { (name) }
            }
        }
        h2 { (shown::counted(found.alerts, "alert", "alerts")) }
        (chart::chart(&found))
        (tops(&found, word))
    };
    Ok(shell::page(&viewer, "Overview", "/", body))
}

/// The time that is asked for.
pub(in crate::console) fn span(query: &Query) -> (&'static str, i64, &'static str) {
    let asked = query.get("time").and_then(|word| SPANS.into_iter().find(|(known, ..)| *known == word));
    asked.unwrap_or(SPANS[0])
}

fn standing(daemon: &Daemon, counts: &Counts) -> Markup {
    let tile = |name: &str, value: String, to: &str| {
        html! { a.tile href=(to) { span.value { (value) } span.name { (name) } } }
    };
    html! {
        div.tiles {
            (tile("events a second", counts.events_a_second.to_string(), "/system"))
            (tile("events since the start", shown::number(counts.events), "/system"))
            (tile("alerts since the start", shown::number(counts.alerts), "/live"))
            (tile("lots of lines waiting", shown::number(daemon.waiting), "/system"))
            (tile("agents connected", format!("{} of {}", daemon.agents.connected, daemon.agents.known), "/agents"))
        }
    }
}

fn tops(found: &Overview, word: &str) -> Markup {
    let since = format!("@{}", found.since);
    let to = |name: &'static str| {
        let since = since.clone();
        move |value: &str| Query::read("").with(name, Some(value)).with("since", Some(&since)).on("/alerts")
    };
    html! {
        div.columns {
            (rules(&found.rules, &to("rule")))
            (top("Sources", &found.sources, &to("srcip")))
            (top("Agents and hosts", &found.agents, &to("agent")))
            (top("Users", &found.users, &to("user")))
        }
        p { a href=(link("/graph", [("time", word)].into_iter())) { "Who did what to whom, as a graph" } }
    }
}

fn top(title: &str, entries: &[Frequent], to: &dyn Fn(&str) -> String) -> Markup {
    let highest = entries.iter().map(|entry| entry.alerts).max().unwrap_or(1);
    html! {
        section {
            h2 { (title) }
            @if entries.is_empty() { (shown::nothing("None.")) } @else {
                table.top {
                    @for entry in entries {
                        tr {
                            td { (shown::linked(&to(&entry.name), &entry.name)) }
                            td.bar { (shown::bar(entry.alerts, highest)) }
                            td.n { (shown::number(entry.alerts)) }
                        }
                    }
                }
            }
        }
    }
}

fn rules(rules: &[FrequentRule], to: &dyn Fn(&str) -> String) -> Markup {
    html! {
        section {
            h2 { "Rules" }
            @if rules.is_empty() { (shown::nothing("None.")) } @else {
                table.top {
                    @for rule in rules {
                        tr {
                            td { (shown::level(rule.level)) }
                            td { (shown::linked(&to(&rule.rule.to_string()), &rule.description)) " "
                                a.quiet href={ "/rules/" (rule.rule) } { (rule.rule) } }
                            td.n { (shown::number(rule.alerts)) }
                        }
                    }
                }
            }
        }
    }
}
