//! Counts for Prometheus, in its text format (version 0.0.4).

use super::route::Route;
use super::{Console, Failure};
use crate::outbox::queue::{Queue, Standing};
use crate::respond::history::History;
use crate::sources::epoch_now;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::fs;
use std::path::Path;
use std::sync::Arc;

const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/metrics", "Counts for Prometheus", metrics)]
}

async fn metrics(State(console): State<Arc<Console>>) -> Result<Response, Failure> {
    let text = console.ask(write).await?;
    Ok(([(header::CONTENT_TYPE, TYPE)], text).into_response())
}

fn write(console: &Console) -> Result<String, Failure> {
    let mut page = Page::default();
    page.one("build_info", "gauge", "Which version runs.", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let status = console.hub().status();
    page.plain("start_time_seconds", "gauge", "When it was started, seconds since 1970.", &status["started"]);
    page.plain("resident_memory_bytes", "gauge", "Memory of the manager.", resident_bytes());
    page.plain("events_total", "counter", "Events judged since the start.", console.pulse().events());
    page.family("alerts_total", "counter", "Alerts since the start.");
    for (level, count) in console.pulse().alerts_by_level().iter().enumerate() {
        page.row("alerts_total", &[("level", level.to_string().as_str())], count);
    }
    page.plain(
        "searches_given_up_total",
        "counter",
        "Searches for a pattern that took too long and count as no match, since the start.",
        console.pulse().searches_given_up(),
    );
    page.plain(
        "fields_left_out_total",
        "counter",
        "Fields that found no room in their event, since the start.",
        console.pulse().fields_left_out(),
    );
    page.plain("backlog", "gauge", "Lines and deliveries that wait to be judged.", &status["waiting"]);
    agents(&mut page, console);
    page.plain(
        "agent_bytes_waiting",
        "gauge",
        "Bytes of agents on their way to disk.",
        &status["bytes_on_their_way"],
    );
    page.plain(
        "store_bytes",
        "gauge",
        "Size of the store of alerts.",
        folder_bytes(&console.home().join("store")),
    );
    page.plain("store_last_alert", "gauge", "The number of the last alert.", *console.committed.borrow());
    outbox(&mut page, console)?;
    let in_force = History::open(console.home())?.in_force(epoch_now())?.len();
    page.plain("responses_active", "gauge", "Responses that are in force or on their way.", in_force);
    Ok(page.0)
}

fn agents(page: &mut Page, console: &Console) {
    let mut states =
        BTreeMap::from(["active", "disconnected", "never connected", "duplicated"].map(|state| (state, 0)));
    for agent in console.hub().agents() {
        *states.entry(agent.state.words()).or_default() += 1;
    }
    page.family("agents", "gauge", "Agents by how they stand.");
    states.iter().for_each(|(state, count)| page.row("agents", &[("state", *state)], count));
}

fn outbox(page: &mut Page, console: &Console) -> Result<(), Failure> {
    let mut standings = Queue::open(console.home())?.standings()?;
    standings.retain(|standing| standing.removed.is_none());
    let last = *console.committed.borrow();
    let mut of_each = |name: &str, kind: &str, help: &str, value: &dyn Fn(&Standing) -> u64| {
        page.family(name, kind, help);
        for standing in &standings {
            let labels = [("destination", standing.name.as_str()), ("kind", standing.kind.as_str())];
            page.row(name, &labels, value(standing));
        }
    };
    of_each("outbox_behind", "gauge", "Alerts that a destination has yet to look at.", &|one| one.lag(last));
    of_each("outbox_waiting", "gauge", "Parcels that wait for a destination.", &|one| one.waiting as u64);
    of_each("outbox_refused", "gauge", "Parcels that were refused and are kept.", &|one| one.refused as u64);
    of_each("outbox_delivered_total", "counter", "Parcels that were taken.", &|one| one.delivered);
    of_each("outbox_broken", "gauge", "1 while a destination does not work.", &|one| {
        u64::from(one.broken_since.is_some())
    });
    Ok(())
}

/// What is written so far.
#[derive(Debug, Default)]
struct Page(String);

impl Page {
    /// A count of its own.
    fn plain(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.one(name, kind, help, &[], value);
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, labels: &[(&str, &str)], value: impl Display) {
        self.family(name, kind, help);
        self.row(name, labels, value);
    }

    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // A string takes all that is written to it.
        let _ = writeln!(self.0, "# HELP bartizan_{name} {help}\n# TYPE bartizan_{name} {kind}");
    }

    fn row(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<_> =
            labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
        let _ = match labels.is_empty() {
            true => writeln!(self.0, "bartizan_{name} {value}"),
            false => writeln!(self.0, "bartizan_{name}{{{}}} {value}", labels.join(",")),
        };
    }
}

/// As the format wants the value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0u64) << 10
}

/// Bytes of the files of a folder.
fn folder_bytes(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_its_label() {
        let mut page = Page::default();
        page.row("x", &[("destination", "a\"} 1\nbartizan_y \\")], 7);
        assert_eq!(page.0, "bartizan_x{destination=\"a\\\"} 1\\nbartizan_y \\\\\"} 7\n");
    }

    #[test]
    fn memory_is_told_where_linux_tells_it() {
        assert!(resident_bytes() > 1 << 20);
    }
}
