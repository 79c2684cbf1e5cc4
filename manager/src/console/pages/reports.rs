//! Reports: those that come regularly, and one of any time.

use super::shown;
use crate::config::ScheduledReport;
use crate::console::query::Query;
use crate::console::view::overview::SPANS;
use crate::console::view::reports::{ReportLine, list, of_last_hours};
use crate::console::{Console, Failure, Route, Viewer, shell};
use crate::outbox::Queue;
use crate::report::{Query as Asked, html as layout, schedule, stored};
use crate::sources::epoch_now;
use axum::extract::State;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::tz::TimeZone;
use maud::{Markup, html};
use std::sync::Arc;

/// Entries of each subject, and alerts, that a page shows.
const ENTRIES_MAX: usize = 200;

/// A report is whole in one page, with its style inside and nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; sandbox";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/reports", "Reports", view),
        Route::get("/reports/show", "One report, whole in one page", show),
        Route::post("/reports/send", "Make a report now and send it", send),
    ]
}

/// All that come regularly.
pub(in crate::console) async fn reports(console: &Arc<Console>) -> Result<Vec<ReportLine>, Failure> {
    let rules = console.rules();
    console.ask(move |console| Ok(list(console.home(), &rules.config.reports)?)).await
}

async fn view(State(console): State<Arc<Console>>, viewer: Viewer) -> Result<Response, Failure> {
    let reports = reports(&console).await?;
    Ok(shell::page(&viewer, "Reports", "/reports", render(&reports, &viewer)))
}

fn render(reports: &[ReportLine], viewer: &Viewer) -> Markup {
    html! {
        h2 { "Of the last time" }
        form.filter method="get" action="/reports/show" {
            label { "Time" select name="time" { @for (word, _, name) in SPANS { option value=(word) { (name) } } } }
            label { "Level from" input type="number" name="level" min="0" max="16"; }
            label { "Group" input name="group"; }
            label { "Rule" input name="rule"; }
            label { "Source" input name="srcip"; }
            label { "User" input name="user"; }
            label { "Place" input name="location"; }
            button { "Show" }
        }
        p.quiet { "With a condition all alerts of that time are looked at. If they are too many, the page says so." }
        h2 { "That come regularly" }
        @if reports.is_empty() {
            p.nothing { "None. " code { "<reports>" } " in the configuration makes some; it says how often, and who gets them." }
        } @else { (table(reports, viewer)) }
    }
}

fn table(reports: &[ReportLine], viewer: &Viewer) -> Markup {
    let show = |report: &ReportLine, which| {
        Query::default().with("title", Some(&report.title)).with("of", which).on("/reports/show")
    };
    html! {
        table.cards {
            thead { tr { th { "Report" } th { "How often" } th { "Only" } th { "To" } th { "Made up to" } th { "Act" } } }
            tbody { @for report in reports {
                tr data-row {
                    td { (shown::linked(&show(report, None), &report.title)) }
                    td data-label="How often" { (report.frequency) }
                    td data-label="Only" { (shown::text(&report.conditions.join("; "))) }
                    td data-label="To" { (shown::text(&report.email_to.join(", "))) }
                    td data-label="Made up to" { (shown::perhaps(report.made_until)) }
                    td {
                        a href=(show(report, Some("now"))) { "So far" } " "
                        @if viewer.may_act() && !report.email_to.is_empty() {
                            form.inline method="post" action="/reports/send" {
                                (viewer.form_field())
                                input type="hidden" name="title" value=(report.title);
                                button { "Send the last one again" }
                            }
                        }
                    }
                }
            } }
        }
    }
}

/// The report of a title.
fn configured<'r>(reports: &'r [ScheduledReport], title: &str) -> Result<&'r ScheduledReport, Failure> {
    reports.iter().find(|report| report.title() == title).ok_or(Failure::NotFound)
}

async fn show(State(console): State<Arc<Console>>, query: Query) -> Result<Response, Failure> {
    let asked = asked(&console, &query)?;
    let mut summary = console.reader(move |store| stored::summary(store, asked)).await?;
    summary.shorten(ENTRIES_MAX, ENTRIES_MAX);
    Ok(([(CONTENT_SECURITY_POLICY, POLICY)], Html(layout::write(&summary))).into_response())
}

/// What a report is to tell.
fn asked(console: &Console, query: &Query) -> Result<Asked, Failure> {
    let Some(title) = query.get("title") else {
        let (_, hours, _) = super::overview::span(query);
        return of_last_hours(hours, query.pairs(), epoch_now()).map_err(Failure::Bad);
    };
    let rules = console.rules();
    let report = configured(&rules.config.reports, title)?;
    let period = report.frequency.latest(query.get("of") == Some("now"), epoch_now(), &TimeZone::system());
    Ok(Asked { since: Some(period.from), until: Some(period.until), ..report.query.clone() })
}

async fn send(
    State(console): State<Arc<Console>>,
    viewer: Viewer,
    body: String,
) -> Result<Response, Failure> {
    let title = Query::read(&body).get("title").unwrap_or_default().to_owned();
    let rules = console.rules();
    configured(&rules.config.reports, &title)?;
    console.did(&viewer, format_args!("had a report sent again: {title}"));
    let sent = console.ask(move |console| {
        let report = configured(&rules.config.reports, &title)?;
        let now = epoch_now();
        let period = report.frequency.latest(false, now, &TimeZone::system());
        let Some(notice) = schedule::notice(console.home(), report, period)? else {
            return Err(Failure::Refused(
                "There was no alert in that time, so there is nothing to send.".to_owned(),
            ));
        };
        let mut queue = Queue::open(console.home())?;
        Ok(schedule::hand_over(&mut queue, report, &format!("by hand {now}"), &notice)?)
    });
    sent.await?;
    Ok(Redirect::to("/reports").into_response())
}
