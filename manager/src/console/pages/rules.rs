//! Rules: found, shown with what hangs above and below them, and tried.

use super::shown;
use crate::console::query::{Query, alerts_with, link};
use crate::console::view::rules::{PAGE, RuleLine, RuleWhole, RulesPage, Wanted, fired};
use crate::console::view::trial::{self, LINES_MAX, Tried};
use crate::console::{Console, Failure, Route, Viewer, shell};
use crate::sources::epoch_now;
use crate::workshop::card::Card;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use maud::{Markup, html};
use std::sync::Arc;

/// Bytes of a log that an address may carry.
const LINK_MAX: usize = 1500;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/rules", "Rules, searched", list),
        Route::get("/rules/{id}", "One rule", one),
        Route::get("/rules/try", "A box to try lines in", box_to_try),
        // Nothing changes, so readers may, too.
        Route::post("/rules/try", "What lines give", try_lines).for_whom(crate::console::Needs::Reader),
    ]
}

/// The rules that are asked for.
pub(in crate::console) async fn found(console: &Arc<Console>, query: &Query) -> Result<RulesPage, Failure> {
    let text = query.get("text").unwrap_or_default().to_owned();
    let wanted = Wanted { text, roots: query.get("roots").is_some() };
    let from = query.number("from")?.unwrap_or(0);
    let fired = console.reader(|reader| fired(reader, epoch_now())).await?;
    let rules = console.rules();
    console.ask(move |_| Ok(rules.page(&wanted, &fired, from))).await
}

/// One of them.
pub(in crate::console) async fn rule(console: &Arc<Console>, id: u32) -> Result<RuleWhole, Failure> {
    let fired = console.reader(|reader| fired(reader, epoch_now())).await?;
    let rules = console.rules();
    console.ask(move |_| rules.whole(id, &fired).ok_or(Failure::NotFound)).await
}

async fn list(
    State(console): State<Arc<Console>>,
    viewer: Viewer,
    query: Query,
) -> Result<Response, Failure> {
    let page = found(&console, &query).await?;
    Ok(shell::page(&viewer, "Rules", "/rules", render(&page, &query)))
}

fn render(page: &RulesPage, query: &Query) -> Markup {
    let next = page.from.saturating_add(PAGE);
    let at = |from: usize| query.with("from", (from > 0).then(|| from.to_string()).as_deref()).on("/rules");
    html! {
        form.filter method="get" action="/rules" role="search" {
            label { "Number, words, group, pattern or file"
                input type="search" name="text" value=[query.get("text").map(shown::harmless)]; }
            label.tick { input type="checkbox" name="roots" value="yes" checked[query.get("roots").is_some()];
                " only the roots of the tree" }
            button { "Show" }
        }
        nav.pages aria-label="More rules" {
            span.quiet { (page.found) " of " (shown::counted(page.all, "rule", "rules")) }
            @if page.from > 0 { a rel="prev" href=(at(page.from.saturating_sub(PAGE))) { "Before" } }
            @if next < page.found { a rel="next" href=(at(next)) { "Further" } }
            a href="/rules/try" { "Try a line" }
        }
        @if page.rules.is_empty() { (shown::nothing("No rule has that in it.")) } @else { (table(&page.rules)) }
    }
}

fn table(rules: &[RuleLine]) -> Markup {
    html! {
        table.cards {
            thead { tr {
                th { "Rule" } th { "Level" } th { "What it says" } th { "File" } th.n { "Under it" }
                th.n { "Fired in 24 h" }
            } }
            tbody { @for rule in rules {
                tr data-row {
                    td { a href={ "/rules/" (rule.rule) } { (rule.rule) } }
                    td { (shown::level(rule.level)) }
                    td { (shown::text(&rule.description)) div.quiet { (shown::text(&rule.groups.join(", "))) } }
                    td data-label="File" { (shown::text(rule.file.as_deref().unwrap_or("–"))) }
                    td.n data-label="Under it" { (rule.children) }
                    td.n data-label="Fired in 24 h" { (shown::number(rule.fired)) }
                }
            } }
        }
    }
}

async fn one(
    State(console): State<Arc<Console>>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: u32 = id.parse().map_err(|_| Failure::NotFound)?;
    let rule = rule(&console, id).await?;
    Ok(shell::page(&viewer, &format!("Rule {id}"), "/rules", render_one(&rule)))
}

fn render_one(rule: &RuleWhole) -> Markup {
    let card = &rule.card;
    let id = card.rule.to_string();
    html! {
        nav.pages aria-label="Above it" {
            a href="/rules?roots=yes" { "Roots" }
            @for above in &rule.above { "› " a href={ "/rules/" (above.rule) } title=(above.description) { (above.rule) } }
            "› " (card.rule)
        }
        p.headline { (shown::level(card.level)) " " strong { (shown::text(&card.description)) } }
        dl {
            dt { "Groups" } dd { @for group in &card.groups { (shown::linked(&alerts_with("group", group), group)) " " } }
            @if !card.techniques.is_empty() {
                dt { "MITRE ATT&CK" } dd { @for technique in &card.techniques {
                    div { (technique) " (" (technique.tactics.join(", ")) ")" }
                } }
            }
            dt { "Fired" } dd { a href=(alerts_with("rule", &id)) { (shown::counted(rule.fired, "time", "times")) " in 24 hours" } }
            dt { "File" } dd { (file(card)) }
            @for option in &card.options { dt { "Option" } dd { (option) } }
            @if card.places > 1 { dt { "Places" } dd { (card.places) " in the tree" } }
            @for (name, rules) in [("Counts", &card.correlates_with), ("Counted by", &card.correlated_by)] {
                @if !rules.is_empty() { dt { (name) } dd { (numbers(rules)) } }
            }
        }
        h2 { "Holds if" }
        (conditions(card))
        @for xml in &card.xml { (shown::lines(xml)) }
        @if !rule.below.is_empty() {
            h2 { "Under it" }
            @if rule.below.len() < card.children.len() {
                p.quiet { "The first " (rule.below.len()) " of " (card.children.len()) }
            }
            (table(&rule.below))
        }
        p { a href=(link("/rules/try", [("rule", id.as_str())].into_iter())) { "Why does it not fire on a line?" } }
    }
}

fn file(card: &Card) -> Markup {
    html! {
        @match (&card.file, card.line) {
            (Some(file), Some(line)) => { (shown::text(file)) ", line " (line) },
            _ => "none: it is made by the program",
        }
        @for place in &card.overwritten { ", overwritten by " (shown::text(&place.file)) ", line " (place.line) }
    }
}

/// Rules of a list that are named.
const NAMED: usize = 40;

fn numbers(rules: &[u32]) -> Markup {
    html! {
        @for rule in rules.iter().take(NAMED) { a href={ "/rules/" (rule) } { (rule) } " " }
        @if rules.len() > NAMED { "and " (rules.len() - NAMED) " more" }
    }
}

/// What must hold, in words.
pub(super) fn conditions(card: &Card) -> Markup {
    let counted = card.correlation.as_ref().and_then(|counted| counted.words.as_ref());
    html! {
        ul {
            @if !card.parents.is_empty() {
                li { @if card.parents.len() == 1 { "rule " } @else { "one of the rules " } (numbers(&card.parents)) " holds" }
            }
            @for condition in &card.conditions { li { (shown::text(&condition.words)) } }
            @if let Some(words) = counted { li { "there are " (shown::text(words)) } }
        }
    }
}

/// The address of the box with a log in it; without it if it is too long for
/// an address.
pub(super) fn try_link(log: &str) -> String {
    let short = (log.len() <= LINK_MAX).then_some(("lines", log));
    link("/rules/try", short.into_iter())
}

async fn box_to_try(viewer: Viewer, RawQuery(query): RawQuery) -> Response {
    let query = Query::read_up_to(query.as_deref().unwrap_or_default(), LINK_MAX);
    let (lines, rule) = (query.get("lines").unwrap_or_default(), query.get("rule").unwrap_or_default());
    shell::page(&viewer, "Try a line", "/rules", render_box(&viewer, lines, rule, None))
}

async fn try_lines(
    State(console): State<Arc<Console>>,
    viewer: Viewer,
    body: String,
) -> Result<Response, Failure> {
    let form = Query::read_up_to(&body, body.len());
    let lines = form.get("lines").unwrap_or_default().to_owned();
    let about = form.number("rule")?;
    let tried = tried(&console, lines.clone(), about).await?;
    let rule = form.get("rule").unwrap_or_default();
    Ok(shell::page(&viewer, "Try a line", "/rules", render_box(&viewer, &lines, rule, Some(&tried))))
}

/// Tries lines with the rules of now.
pub(in crate::console) async fn tried(
    console: &Arc<Console>,
    lines: String,
    about: Option<u32>,
) -> Result<Vec<Tried>, Failure> {
    let rules = console.rules();
    console.ask(move |_| trial::lines(&rules, &lines, about).map_err(Failure::Bad)).await
}

fn render_box(viewer: &Viewer, lines: &str, rule: &str, tried: Option<&[Tried]>) -> Markup {
    html! {
        form.try method="post" action="/rules/try" {
            (viewer.form_field())
            label { "Lines of a log, up to " (LINES_MAX) ", each tried after those above it"
                textarea name="lines" rows="5" autofocus spellcheck="false" { (lines) } }
            label { "Why does this rule not fire? (its number, or nothing)"
                input name="rule" inputmode="numeric" value=(shown::harmless(rule)); }
            button { "Try" }
        }
        @if let Some(tried) = tried {
            @if tried.is_empty() { (shown::nothing("There was no line.")) }
            @for tried in tried { (render_tried(tried)) }
        }
    }
}

fn render_tried(tried: &Tried) -> Markup {
    html! {
        section.tried {
            div.log { (shown::text(&tried.log)) }
            p.headline {
                @match (tried.rule, tried.level) {
                    (Some(rule), Some(level)) => {
                        (shown::level(level)) " " a href={ "/rules/" (rule) } { "Rule " (rule) } " "
                        strong { (shown::text(tried.description.as_deref().unwrap_or_default())) } " "
                        @if tried.alert { "(an alert)" } @else { "(no alert)" }
                    },
                    _ => "No rule fires.",
                }
            }
            dl {
                dt { "Host" } dd { (shown::text(&tried.hostname)) }
                dt { "Program" } dd { (shown::text(tried.program.as_deref().unwrap_or("none"))) }
                dt { "Decoder" } dd { (shown::text(tried.decoder.as_deref().unwrap_or("none"))) }
                @for field in &tried.fields { dt { (shown::text(&field.name)) } dd { (shown::text(&field.value)) } }
            }
            details { summary { "Why" } (shown::lines(&tried.why)) }
        }
    }
}
