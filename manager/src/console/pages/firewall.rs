//! Who knocks on which ports.

use super::shown;
use crate::console::query::alerts_with;
use crate::console::view::firewall::{Firewall, Knocking, Packets, firewall};
use crate::console::{Console, Failure, Route, Viewer, shell};
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/firewall", "Who knocks on which ports", view)]
}

/// Who knocks today.
pub(in crate::console) async fn knocks(console: &Arc<Console>) -> Result<Firewall, Failure> {
    let rules = console.rules();
    console.ask(move |console| Ok(firewall(console.home(), rules.ruleset.atlas.as_ref())?)).await
}

async fn view(State(console): State<Arc<Console>>, viewer: Viewer) -> Result<Response, Failure> {
    let found = knocks(&console).await?;
    Ok(shell::page(&viewer, "Firewall", "/firewall", render(&found)))
}

fn render(found: &Firewall) -> Markup {
    if found.lines == 0 {
        return html! {
            p.nothing { "No packet filter has told of a packet today. Packets are written to "
                code { "logs/firewall/firewall.log" } " if their lines are followed." }
        };
    }
    html! {
        p.quiet {
            @if found.is_cut { "The last " } @else { "Today: " }
            (shown::counted(found.lines, "line", "lines")) " of firewall.log"
            @for action in &found.actions { ", " (action.name) " " (shown::number(action.packets)) }
            ". Packets that got through are not in the lists."
        }
        div.columns {
            section {
                h2 { "Who knocks" }
                p.quiet { "Different sources: " (shown::number(found.different_sources as u64)) }
                table.cards {
                    thead { tr { th { "Source" } th { "Ports" } th.n { "Targets" } th.n { "Packets" } } }
                    tbody { @for source in &found.sources { (knocking(source)) } }
                }
            }
            @if !found.countries.is_empty() {
                section { h2 { "From which countries" } (packets(&found.countries)) }
            }
            section { h2 { "On which ports" } (packets(&found.ports)) }
            section { h2 { "Where" } (packets(&found.targets)) }
        }
    }
}

fn knocking(source: &Knocking) -> Markup {
    let ports: Vec<_> = source.ports.iter().map(u16::to_string).collect();
    html! {
        tr data-row {
            td {
                (shown::linked(&alerts_with("srcip", &source.source), &source.source))
                @if let Some(place) = &source.place { " " span.quiet { (shown::text(place)) } }
            }
            td data-label="Ports" { (ports.join(" "))
                @if source.different_ports > ports.len() { " … " span.quiet { (source.different_ports) " in all" } } }
            td.n data-label="Targets" { (shown::number(source.targets as u64)) }
            td.n data-label="Packets" { (shown::number(source.packets)) }
        }
    }
}

fn packets(entries: &[Packets]) -> Markup {
    let highest = entries.iter().map(|entry| entry.packets).max().unwrap_or(1);
    html! {
        table.top { @for entry in entries {
            tr {
                td { (shown::text(&entry.name)) }
                td.bar { (shown::bar(entry.packets, highest)) }
                td.n { (shown::number(entry.packets)) }
            }
        } }
    }
}
