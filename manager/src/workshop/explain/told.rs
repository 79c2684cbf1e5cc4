//! Explanations in words and as JSON: for `logtest` and for the console.

use super::decoding::{Choice, TriedDecoder};
use super::searches::{Earlier, Search};
use super::walk::{self, Outcome, TriedRule};
use super::why::{Obstacle, Why};
use super::{Explainer, Explanation};
use crate::alert::{Alert, AlertId};
use crate::diagnose::{Colour, Diagnostic, harmless_text};
use crate::outputs::clock::LocalTime;
use crate::plural;
use crate::workshop::catalog::Catalog;
use crate::workshop::words;
use bartizan_core::event::{Event, Field, Target};
use bartizan_core::image::Image;
use bartizan_core::image::rows::{ConditionRow, RuleRow};
use bartizan_core::rules::judge::{Fate, Seen, Verdict};
use serde_json::{Value, json};
use std::fmt::Write;

/// Rules that came near and are told at the end.
const NEAREST: usize = 3;

/// An explanation for people.
pub fn text(catalog: &Catalog<'_>, event: &Event<'_>, explanation: &Explanation) -> String {
    let mut out = format!("\n{}\n", harmless_text(&String::from_utf8_lossy(event.text)));
    let quoted = |bytes: Option<&[u8]>| bytes.map_or_else(|| "none".to_owned(), words::quoted);
    let _ =
        writeln!(out, "  host {}, program {}", words::quoted(event.hostname()), quoted(event.program_name()));
    decoders(&mut out, catalog, event, explanation);
    rules(&mut out, catalog, event, explanation);
    let near = explanation.nearest(NEAREST);
    if !near.is_empty() {
        out += "\nNearest misses\n";
    }
    for rule in near {
        let _ = writeln!(out, "  {}", name(catalog, rule.row));
        let _ = writeln!(out, "    {}", outcome(catalog, event, explanation, rule));
    }
    let _ = writeln!(out, "\nAnswer\n  {}", answer(catalog, explanation));
    out
}

fn answer(catalog: &Catalog<'_>, explanation: &Explanation) -> String {
    let Some(row) = explanation.verdict.rule else { return "no rule".to_owned() };
    let name = name(catalog, row);
    format!("{name}\n  {}", fate(catalog, explanation, explanation.verdict.fate))
}

fn fate(catalog: &Catalog<'_>, explanation: &Explanation, fate: Fate) -> &'static str {
    match fate {
        Fate::NoRule => "no rule",
        Fate::Nothing => "level 0, so nothing happens",
        Fate::Silent => "silent, because it fired a short time ago (ignore)",
        Fate::Ignored => "in the ignore list",
        Fate::Fired if explanation.verdict.alerts(&catalog.image) => "an alert",
        Fate::Fired => "it fires, but writes no alert",
    }
}

/// A rule as `ID (level L) description`.
fn name(catalog: &Catalog<'_>, row: u16) -> String {
    let rule = catalog.rule(row);
    let text = String::from_utf8_lossy(description(&catalog.image, rule)).into_owned();
    format!("{} (level {}) {}", rule.id, rule.level, harmless_text(&text))
}

fn decoders(out: &mut String, catalog: &Catalog<'_>, event: &Event<'_>, explanation: &Explanation) {
    let program = |tried: &&TriedDecoder| tried.choice == Choice::Program;
    let other = explanation.decoders.iter().filter(program).count();
    let _ = writeln!(out, "\nDecoders");
    if other > 0 {
        let _ = writeln!(out, "  {other} are for programs of another name");
    }
    for tried in explanation.decoders.iter().filter(|tried| !program(tried)) {
        let indent = if tried.child { 4 } else { 2 };
        let _ = writeln!(out, "{:indent$}{}", "", decoder_line(catalog, tried));
    }
    if event.decoder.is_none() {
        out.push_str("  none fits\n");
    }
    for (target, value) in event.assigned() {
        let value = words::quoted(event.bytes(*value).unwrap_or(b""));
        let _ = writeln!(out, "  {} = {value}", label(&catalog.image, *target));
    }
    for (label, place) in places(event) {
        let _ = writeln!(out, "  {label} = {}", words::quoted(place));
    }
}

/// The places of addresses with their labels, as far as they are known.
pub fn places<'e>(event: &'e Event<'_>) -> impl Iterator<Item = (&'static str, &'e [u8])> {
    let places = [Field::SrcGeo, Field::DstGeo].into_iter();
    places.filter_map(|field| Some((field.label(), event.field(field)?)))
}

fn decoder_line(catalog: &Catalog<'_>, tried: &TriedDecoder) -> String {
    let name = decoder_name(catalog, tried.row);
    let place = catalog.decoder_position(tried.row).map_or_else(String::new, |place| format!("  ({place})"));
    format!("{name}: {}{place}", choice(catalog, tried))
}

fn decoder_name(catalog: &Catalog<'_>, row: u16) -> String {
    let name = catalog.image.decoder(row).map_or(&b""[..], |decoder| catalog.image.text(decoder.own_name));
    harmless_text(&String::from_utf8_lossy(name))
}

fn choice(catalog: &Catalog<'_>, tried: &TriedDecoder) -> String {
    let Some(decoder) = catalog.image.decoder(tried.row) else { return String::new() };
    let fails = |what: &str, id: u16| {
        let (source, language) = words::pattern(&catalog.image, id);
        format!("no, {what} {} does not match ({language})", words::quoted(source))
    };
    match tried.choice {
        Choice::Chosen => "yes, this is the decoder".to_owned(),
        Choice::TookPart => "yes".to_owned(),
        Choice::Program => fails("program_name", decoder.program.get()),
        Choice::Prematch => fails("prematch", decoder.prematch.get()),
        Choice::Regex => fails("regex", decoder.regex.get()),
        Choice::NotReached => "not tried, an earlier one was taken".to_owned(),
    }
}

fn rules(out: &mut String, catalog: &Catalog<'_>, event: &Event<'_>, explanation: &Explanation) {
    let _ = writeln!(out, "\nRules, in the order in which they were tried");
    let other = |rule: &&TriedRule| failing(catalog, rule).is_some_and(is_decoder);
    for rule in explanation.rules.iter().filter(|rule| !other(rule)) {
        let indent = 2 + rule.depth * 2;
        let _ = writeln!(out, "{:indent$}{}", "", name(catalog, rule.row));
        let _ = writeln!(out, "{:indent$}  {}", "", outcome(catalog, event, explanation, rule));
        if let Some(search) = explanation.search(rule.row) {
            earlier(out, search, indent + 4);
        }
    }
    let others: Vec<_> = explanation.rules.iter().filter(other).collect();
    if !others.is_empty() {
        let ids: Vec<_> = others.iter().take(8).map(|rule| catalog.rule(rule.row).id.to_string()).collect();
        let more = if others.len() > ids.len() { ", …" } else { "" };
        let others = plural::counted(others.len(), "more is", "more are");
        let _ = writeln!(out, "  {others} for other decoders: {}{more}", ids.join(", "));
    }
}

fn is_decoder(row: &ConditionRow) -> bool {
    row.kind == bartizan_core::image::rows::condition::DECODED_AS
}

/// The condition that a rule fails by.
fn failing<'c>(catalog: &Catalog<'c>, rule: &TriedRule) -> Option<&'c ConditionRow> {
    let image = &catalog.image;
    let row = catalog.rule(rule.row);
    match rule.outcome {
        Outcome::Fails(place) => image.range(image.conditions, row.conditions).get(place),
        Outcome::Refused(Some(place)) => image.range(image.conditions, row.memory).get(place),
        Outcome::Holds | Outcome::Refused(None) => None,
    }
}

/// What became of a rule, in words.
fn outcome(catalog: &Catalog<'_>, event: &Event<'_>, explanation: &Explanation, rule: &TriedRule) -> String {
    if rule.outcome == Outcome::Holds {
        return "holds".to_owned();
    }
    let row = catalog.rule(rule.row);
    match (failing(catalog, rule), explanation.search(rule.row)) {
        (Some(condition), _) => {
            let wanted = words::condition(catalog, row, condition);
            format!("no: {wanted}{}", but(catalog, event, condition))
        }
        (None, Some(search)) => {
            format!("no: {}", counted(catalog, search))
        }
        (None, None) => "no".to_owned(),
    }
}

/// What a condition has found in place of what it asks for.
fn but(catalog: &Catalog<'_>, event: &Event<'_>, condition: &ConditionRow) -> String {
    match words::value(&catalog.image, event, condition) {
        // It stands above.
        Some(value) if value == event.log() => String::new(),
        Some(value) => format!("; but it is {}", words::quoted(value)),
        None if words::looks_at_value(condition) => "; but there is none".to_owned(),
        None => String::new(),
    }
}

/// `3 of 7 earlier events of rule 5716 within 120 s, same_source_ip`.
fn counted(catalog: &Catalog<'_>, search: &Search) -> String {
    let correlation = words::correlation(catalog, search.row).unwrap_or_default();
    format!("{} of {correlation}", search.counted)
}

fn earlier(out: &mut String, search: &Search, indent: usize) {
    for event in &search.events {
        let Earlier { seconds_ago, rule, reason, text, .. } = event;
        let text = words::quoted(text);
        let _ = writeln!(out, "{:indent$}{seconds_ago} s ago, rule {rule}: {reason}: {text}", "");
    }
    let more = search.looked_at - search.events.len();
    if more > 0 {
        let _ = writeln!(out, "{:indent$}and {}", "", plural::counted(more, "older event", "older events"));
    }
}

/// Why one rule did not fire, for people.
pub fn why_text(
    explainer: &mut Explainer<'_>,
    event: &Event<'_>,
    explanation: &Explanation,
    why: &Why,
) -> String {
    let own = explainer.failing(event, why.row);
    let catalog = &explainer.catalog;
    let mut out = format!("\n{}\n", harmless_text(&String::from_utf8_lossy(event.text)));
    let fires = matches!(why.obstacle, Obstacle::Fires(_));
    let _ = writeln!(out, "\nRule {}", name(catalog, why.row));
    for row in &why.held {
        let _ = writeln!(out, "  holds  {}", name(catalog, *row));
    }
    let at = name(catalog, why.at);
    let on_the_way = if why.at == why.row { String::new() } else { format!("  no     {at}\n") };
    out += &on_the_way;
    let _ = writeln!(out, "  {}", obstacle(catalog, event, explanation, why));
    if let Obstacle::Says(rule) = &why.obstacle {
        let condition = failing(catalog, rule);
        out.extend(condition.and_then(|condition| caret(catalog, event, rule.row, condition)));
        if let Some(search) = explanation.search(rule.row).filter(|_| condition.is_none()) {
            earlier(&mut out, search, 4);
        }
    }
    let own_matters = !fires && !matches!(why.obstacle, Obstacle::Below(_)) && !said_by_itself(why);
    if own_matters {
        out += &own_text(catalog, event, why.row, own);
    }
    if why.places > 1 {
        let _ = writeln!(out, "  (it hangs at {} places; this is where it came nearest)", why.places);
    }
    let _ = writeln!(out, "\nAnswer\n  {}", answer(catalog, explanation));
    out
}

fn said_by_itself(why: &Why) -> bool {
    matches!(&why.obstacle, Obstacle::Says(rule) if rule.row == why.row)
}

/// What the rule itself would say if it were reached.
fn own_text(catalog: &Catalog<'_>, event: &Event<'_>, row: u16, failing: Option<usize>) -> String {
    let rule = catalog.rule(row);
    let image = &catalog.image;
    let condition = failing.and_then(|place| image.range(image.conditions, rule.conditions).get(place));
    let Some(condition) = condition else {
        return format!("  the own conditions of {} hold\n", rule.id);
    };
    let wanted = words::condition(catalog, rule, condition);
    let but = but(catalog, event, condition);
    let caret = caret(catalog, event, row, condition).unwrap_or_default();
    format!("  nor would {} itself hold: {wanted}{but}\n{caret}", rule.id)
}

/// The place of a condition in its file, with a caret.
fn caret(catalog: &Catalog<'_>, event: &Event<'_>, row: u16, condition: &ConditionRow) -> Option<String> {
    let rule = catalog.rule(row);
    let (source, span) = words::span_of(catalog, rule, condition)?;
    let label = match words::value(&catalog.image, event, condition) {
        Some(value) if value != event.log() => format!("not so for {}", words::quoted(value)),
        _ => "not so".to_owned(),
    };
    let message = format!("a condition of rule {}", rule.id);
    let diagnostic = Diagnostic::warning(source, span, message).label(label);
    let text = diagnostic.render(catalog.sources(), Colour::None);
    // The title is for problems; what is shown here is a place.
    let lines = text.lines().skip(1).map(|line| format!("    {line}\n"));
    Some(lines.collect())
}

fn obstacle(catalog: &Catalog<'_>, event: &Event<'_>, explanation: &Explanation, why: &Why) -> String {
    match &why.obstacle {
        Obstacle::Fires(of) => format!("it fires: {}", fate(catalog, explanation, *of)),
        Obstacle::Below(row) => {
            format!("it holds, but a rule that is tried first fires: {}", name(catalog, *row))
        }
        Obstacle::NoAlert => "it holds, but never fires itself (noalert)".to_owned(),
        Obstacle::Category => format!(
            "it is for logs of type `{}`, but the decoder of this line says `{}`",
            walk::category(catalog, why.at),
            walk::word(event.category),
        ),
        Obstacle::Earlier(row) => {
            format!("not tried, since this one before it holds: {}", name(catalog, *row))
        }
        Obstacle::Says(rule) => outcome(catalog, event, explanation, rule),
        Obstacle::Nowhere => "it hangs nowhere in the rule tree".to_owned(),
    }
}

/// An explanation for programs.
pub fn object(catalog: &Catalog<'_>, event: &Event<'_>, explanation: &Explanation) -> Value {
    let decoders: Vec<_> = explanation.decoders.iter().map(|tried| decoder_object(catalog, tried)).collect();
    let rules: Vec<_> =
        explanation.rules.iter().map(|rule| rule_object(catalog, event, explanation, rule)).collect();
    let near = explanation.nearest(NEAREST);
    let near: Vec<_> = near.iter().map(|rule| catalog.rule(rule.row).id.get()).collect();
    let searches: Vec<_> = explanation.searches.iter().map(|search| search_object(catalog, search)).collect();
    json!({"decoders": decoders, "rules": rules, "nearest": near, "correlation": searches})
}

fn decoder_object(catalog: &Catalog<'_>, tried: &TriedDecoder) -> Value {
    let place = catalog.decoder_position(tried.row);
    json!({
        "decoder": decoder_name(catalog, tried.row),
        "file": place.as_ref().map(|place| &place.file),
        "line": place.as_ref().map(|place| place.line),
        "child": tried.child,
        "result": match tried.choice {
            Choice::Chosen => "chosen",
            Choice::TookPart => "took part",
            Choice::Program => "program_name",
            Choice::Prematch => "prematch",
            Choice::Regex => "regex",
            Choice::NotReached => "not tried",
        },
        "words": choice(catalog, tried),
    })
}

fn rule_object(
    catalog: &Catalog<'_>,
    event: &Event<'_>,
    explanation: &Explanation,
    rule: &TriedRule,
) -> Value {
    let condition = failing(catalog, rule);
    let value = condition.and_then(|condition| words::value(&catalog.image, event, condition));
    json!({
        "rule": catalog.rule(rule.row).id.get(),
        "depth": rule.depth,
        "holds": rule.outcome == Outcome::Holds,
        "held": rule.held,
        "failed": condition.map(|condition| words::condition_json(catalog, catalog.rule(rule.row), condition)),
        "value": value.map(String::from_utf8_lossy),
        "words": outcome(catalog, event, explanation, rule),
    })
}

fn search_object(catalog: &Catalog<'_>, search: &Search) -> Value {
    let events: Vec<_> = search
        .events
        .iter()
        .map(|event| {
            json!({
                "seconds_ago": event.seconds_ago,
                "rule": event.rule,
                "counts": event.seen == Seen::Counts,
                "reason": event.reason,
                "log": String::from_utf8_lossy(&event.text),
            })
        })
        .collect();
    let rule = catalog.rule(search.row);
    json!({
        "rule": rule.id.get(),
        "counted": search.counted,
        "wanted": search.wanted,
        "timeframe": rule.timeframe.get(),
        "compares": words::comparisons(&catalog.image, rule),
        "looked_at": search.looked_at,
        "events": events,
    })
}

/// Why one rule did not fire, for programs.
pub fn why_object(catalog: &Catalog<'_>, event: &Event<'_>, explanation: &Explanation, why: &Why) -> Value {
    let id = |row: u16| catalog.rule(row).id.get();
    json!({
        "rule": id(why.row),
        "held": why.held.iter().map(|row| id(*row)).collect::<Vec<_>>(),
        "at": id(why.at),
        "obstacle": match &why.obstacle {
            Obstacle::Fires(_) => "fires",
            Obstacle::Below(_) => "another rule fires",
            Obstacle::NoAlert => "noalert",
            Obstacle::Category => "type of log",
            Obstacle::Earlier(_) => "an earlier rule holds",
            Obstacle::Says(rule) if failing(catalog, rule).is_none() => "correlation",
            Obstacle::Says(_) => "condition",
            Obstacle::Nowhere => "not in the tree",
        },
        "other": match &why.obstacle {
            Obstacle::Below(row) | Obstacle::Earlier(row) => Some(id(*row)),
            _ => None,
        },
        "words": obstacle(catalog, event, explanation, why),
    })
}

/// The name of a field in listings.
pub fn label(image: &Image<'_>, target: Target) -> String {
    match target {
        Target::Static(field) => field.label().to_owned(),
        Target::Dynamic(item) => {
            let name = image.order.get(item as usize).map_or(&b""[..], |item| image.text(item.name));
            String::from_utf8_lossy(name).into_owned()
        }
    }
}

/// What a rule says, as OSSEC prints it.
pub fn description<'i>(image: &Image<'i>, rule: &RuleRow) -> &'i [u8] {
    if rule.description.is_missing() { b"(null)" } else { image.text(rule.description) }
}

/// What the rule of a verdict says of its event.
pub fn said(image: &Image<'_>, event: &Event<'_>, verdict: &Verdict) -> Vec<u8> {
    let (id, time) = (AlertId::default(), LocalTime::default());
    Alert::new(image, event, verdict, Vec::new(), id, time).description().into_owned()
}
