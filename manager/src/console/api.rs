//! The same for programs: JSON below `/api/v1`, with a token.
//!
//! One table says what there is; the router and the description
//! (`docs/openapi.json`) both come from it. What is told is what pages show.

mod description;

use super::pages;
use super::query::Query;
use super::view::agents::{self, AgentLine, AgentWhole};
use super::view::alerts::{self, AlertWhole, AlertsPage, PAGE, PAGE_MAX};
use super::view::firewall::Firewall;
use super::view::overview::{Overview, overview};
use super::view::reports::ReportLine;
use super::view::responses::{ResponseLine, Responses, responses};
use super::view::rules::{RuleWhole, RulesPage};
use super::view::system::System;
use super::view::trial::Tried;
use super::{Console, Failure, Route, Viewer};
use crate::agents::Registry;
use crate::respond::request::{ByHand, Undo};
use crate::sources::epoch_now;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// One address of the interface.
pub(super) struct Endpoint {
    /// Where it is, and what answers.
    pub(super) route: Route,
    /// What may stand behind the question mark: names and what they mean.
    pub(super) parameters: Vec<(&'static str, &'static str)>,
    /// What is sent to it.
    pub(super) body: Option<Describe>,
    /// What it answers.
    pub(super) answer: Describe,
}

/// Describes a type.
type Describe = fn(&mut SchemaGenerator) -> Schema;

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Something to look at that answers with a `T`.
fn look<T: JsonSchema>(route: Route, parameters: &[(&'static str, &'static str)]) -> Endpoint {
    Endpoint { route, parameters: parameters.to_vec(), body: None, answer: of::<T> }
}

/// Something to do with a `B` that answers with a `T`.
fn act<B: JsonSchema, T: JsonSchema>(route: Route) -> Endpoint {
    Endpoint { route, parameters: Vec::new(), body: Some(of::<B>), answer: of::<T> }
}

const TIME: (&str, &str) = ("time", "24h, 7d, 30d or 90d");

/// All that there is.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut filter = super::query::WORDS.to_vec();
    filter.extend([
        ("before", "older than the alert with this `seq`"),
        ("after", "newer than the alert with this `seq`; then the oldest come first"),
        ("limit", "so many, at most 100"),
    ]);
    let history = [
        ("ip", "address or range"),
        ("response", "name"),
        ("agent", "number, name or server"),
        ("state", "state"),
        ("since", "2h, yesterday, 2026-11-21 10:00"),
        ("limit", "rows of history, at most 100"),
    ];
    let rules = [
        ("text", "what stands anywhere in a rule"),
        ("roots", "yes: those under no other"),
        ("from", "leave out so many"),
    ];
    vec![
        look::<Overview>(
            Route::get("/api/v1/overview", "Alerts over time, and who and what they are about", over),
            &[TIME],
        ),
        look::<AlertsPage>(Route::get("/api/v1/alerts", "Alerts, searched", list), &filter),
        look::<AlertWhole>(Route::get("/api/v1/alerts/{seq}", "One alert, whole", one), &[]),
        look::<Vec<AgentLine>>(Route::get("/api/v1/agents", "Agents", all_agents), &[]),
        look::<AgentWhole>(Route::get("/api/v1/agents/{id}", "One agent with its sources", one_agent), &[]),
        look::<Responses>(
            Route::get("/api/v1/responses", "What is blocked, what can be, what was", respond),
            &history,
        ),
        act::<Wish, Vec<ResponseLine>>(Route::post("/api/v1/responses", "Carry out a response", run)),
        act::<TakeBack, Vec<ResponseLine>>(Route::post(
            "/api/v1/responses/undo",
            "Undo a response, or all",
            undo,
        )),
        look::<RulesPage>(Route::get("/api/v1/rules", "Rules, searched", search), &rules),
        look::<RuleWhole>(Route::get("/api/v1/rules/{id}", "One rule", rule), &[]),
        Endpoint {
            route: Route::post("/api/v1/logtest", "What lines would give", logtest)
                .for_whom(super::Needs::Reader),
            parameters: Vec::new(),
            body: Some(of::<Lines>),
            answer: of::<Vec<Tried>>,
        },
        look::<Firewall>(Route::get("/api/v1/firewall", "Who knocks on which ports", knocks), &[]),
        look::<Vec<ReportLine>>(
            Route::get("/api/v1/reports", "Reports that come regularly", all_reports),
            &[],
        ),
        look::<System>(Route::get("/api/v1/system", "How the program does", how), &[]),
        look::<Value>(Route::get("/api/v1/openapi.json", "This description", describe), &[]),
    ]
}

pub(super) fn routes() -> Vec<Route> {
    endpoints().into_iter().map(|endpoint| endpoint.route).collect()
}

type Asked = State<Arc<Console>>;
type Answer<T> = Result<Json<T>, Failure>;

fn number<N: std::str::FromStr>(text: &str) -> Result<N, Failure> {
    text.parse().map_err(|_| Failure::NotFound)
}

fn body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|error| Failure::Bad(format!("the body is not understood: {error}")))
}

async fn describe() -> Json<Value> {
    Json(description::description())
}

async fn over(State(console): Asked, query: Query) -> Answer<Overview> {
    let (_, hours, _) = pages::span(&query);
    Ok(Json(console.reader(move |reader| overview(reader, hours, epoch_now())).await?))
}

async fn list(State(console): Asked, query: Query) -> Answer<AlertsPage> {
    let filter = query.filter(epoch_now())?;
    let most = query.number("limit")?.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let (before, after) = (query.number("before")?, query.number("after")?);
    let found = console.reader(move |reader| match after {
        Some(after) => alerts::behind(reader, &filter, after, most),
        None => alerts::page(reader, &filter, before, most),
    });
    Ok(Json(found.await?))
}

async fn one(State(console): Asked, Path(seq): Path<String>) -> Answer<AlertWhole> {
    let seq = number(&seq)?;
    let found = console.reader(move |reader| alerts::whole(reader, seq)).await?;
    found.map(Json).ok_or(Failure::NotFound)
}

async fn all_agents(State(console): Asked) -> Answer<Vec<AgentLine>> {
    Ok(Json(console.ask(|console| Ok(agents::list(&Registry::open(console.home())?)?)).await?))
}

async fn one_agent(State(console): Asked, Path(id): Path<String>) -> Answer<AgentWhole> {
    let id = number(&id)?;
    let found = console.ask(move |console| Ok(agents::whole(&Registry::open(console.home())?, id)?)).await?;
    found.map(Json).ok_or(Failure::NotFound)
}

async fn respond(State(console): Asked, query: Query) -> Answer<Responses> {
    let filter = pages::history_filter(&query)?;
    responses(console.desk(), filter).await.map(Json).map_err(Failure::Bad)
}

/// A response that is wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wish {
    /// Its name.
    response: String,
    /// Where: number or name of an agent, `all` for all that are connected,
    /// `server` for the manager's own machine.
    agent: String,
    /// The address or range it is about.
    ip: Option<String>,
    /// The user it is about.
    user: Option<String>,
    /// Seconds until it is undone; else as configured.
    for_s: Option<u32>,
}

async fn run(State(console): Asked, viewer: Viewer, bytes: Bytes) -> Answer<Vec<ResponseLine>> {
    let Wish { response, agent, ip, user, for_s } = body(&bytes)?;
    let wish = ByHand { response, agent, ip, user, for_s };
    Ok(Json(pages::carry_out(&console, &viewer, wish).await?))
}

/// What is to be undone: one response, or all.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TakeBack {
    /// The number of one.
    id: Option<u64>,
    /// All of them, wherever they are.
    #[serde(default)]
    all: bool,
}

async fn undo(State(console): Asked, viewer: Viewer, bytes: Bytes) -> Answer<Vec<ResponseLine>> {
    let TakeBack { id, all } = body(&bytes)?;
    Ok(Json(pages::take_back(&console, &viewer, Undo { id, all }).await?))
}

async fn search(State(console): Asked, query: Query) -> Answer<RulesPage> {
    Ok(Json(pages::found_rules(&console, &query).await?))
}

async fn rule(State(console): Asked, Path(id): Path<String>) -> Answer<RuleWhole> {
    Ok(Json(pages::rule(&console, number(&id)?).await?))
}

/// Lines to try.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Lines {
    /// Up to 20 lines; each is tried after those before it.
    lines: Vec<String>,
    /// A rule of which is told why it does not fire.
    rule: Option<u32>,
}

async fn logtest(State(console): Asked, bytes: Bytes) -> Answer<Vec<Tried>> {
    let Lines { lines, rule } = body(&bytes)?;
    Ok(Json(pages::tried(&console, lines.join("\n"), rule).await?))
}

async fn knocks(State(console): Asked) -> Answer<Firewall> {
    Ok(Json(pages::knocks(&console).await?))
}

async fn all_reports(State(console): Asked) -> Answer<Vec<ReportLine>> {
    Ok(Json(pages::reports(&console).await?))
}

async fn how(State(console): Asked) -> Answer<System> {
    Ok(Json(pages::system(&console).await?))
}
