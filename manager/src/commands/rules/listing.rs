//! `rules list`, `rules search`, `rules show`: what rules there are and all
//! that is known of one.

use super::super::{CommandError, RulesArguments, say};
use crate::diagnose::{Sources, harmless_text, suggest};
use crate::workshop::catalog::{Catalog, Position};
use crate::workshop::words;
use bartizan_core::image::rows::{RuleRow, rule_flag, search};
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(super) struct ListArguments {
    #[command(flatten)]
    rules: RulesArguments,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub(super) struct SearchArguments {
    /// What to look for, in any case: in numbers, descriptions, groups,
    /// patterns and names of files.
    #[arg(value_name = "TEXT")]
    text: String,
    #[command(flatten)]
    rules: RulesArguments,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub(super) struct ShowArguments {
    /// Numbers of rules.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<u32>,
    #[command(flatten)]
    rules: RulesArguments,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn list(arguments: &ListArguments) -> Result<ExitCode, CommandError> {
    let mut sources = Sources::new();
    let loaded = arguments.rules.load_with(&mut sources)?;
    let catalog = Catalog::new(&loaded, &sources);
    let lines = (0..catalog.image.rules.len() as u16).map(|row| line(&catalog, row, arguments.json));
    say(&lines.collect::<String>())
}

pub(super) fn search(arguments: &SearchArguments) -> Result<ExitCode, CommandError> {
    let mut sources = Sources::new();
    let loaded = arguments.rules.load_with(&mut sources)?;
    let catalog = Catalog::new(&loaded, &sources);
    let wanted = arguments.text.to_lowercase();
    let found = (0..catalog.image.rules.len() as u16).filter(|row| has(&catalog, *row, &wanted));
    let lines: String = found.map(|row| line(&catalog, row, arguments.json)).collect();
    if lines.is_empty() && !arguments.json {
        say(&format!("no rule has `{}` in it\n", harmless_text(&arguments.text)))?;
    } else {
        say(&lines)?;
    }
    Ok(ExitCode::from(u8::from(lines.is_empty())))
}

/// Whether a text stands anywhere in a rule.
fn has(catalog: &Catalog<'_>, row: u16, wanted: &str) -> bool {
    let rule = catalog.rule(row);
    let id = rule.id.get();
    let patterns = words::conditions_of(&catalog.image, rule)
        .filter_map(|row| words::condition_json(catalog, rule, row)["pattern"].as_str().map(str::to_owned));
    let mut texts = vec![id.to_string(), catalog.description(row), catalog.groups(row).join(",")];
    texts.extend(catalog.rule_position(id).map(|position| position.file));
    texts.extend(patterns);
    texts.extend(words::searched(catalog, row));
    texts.iter().any(|text| text.to_lowercase().contains(wanted))
}

fn line(catalog: &Catalog<'_>, row: u16, as_json: bool) -> String {
    let rule = catalog.rule(row);
    let (id, level) = (rule.id.get(), rule.level.get());
    let (groups, description) = (catalog.groups(row), catalog.description(row));
    if !as_json {
        return format!("{id:>6}  {level:>2}  {}  [{}]\n", harmless_text(&description), groups.join(", "));
    }
    let position = catalog.rule_position(id);
    let object = json!({
        "rule": id,
        "level": level,
        "groups": groups,
        "description": description,
        "file": position.as_ref().map(|position| &position.file),
        "line": position.as_ref().map(|position| position.line),
    });
    object.to_string() + "\n"
}

pub(super) fn show(arguments: &ShowArguments) -> Result<ExitCode, CommandError> {
    let mut sources = Sources::new();
    let loaded = arguments.rules.load_with(&mut sources)?;
    let catalog = Catalog::new(&loaded, &sources);
    let rows = rows(&catalog, &arguments.ids)?;
    let shown = rows.iter().map(|row| match arguments.json {
        true => object(&catalog, *row).to_string() + "\n",
        false => text(&catalog, *row),
    });
    let between = if arguments.json { "" } else { "\n" };
    say(&shown.collect::<Vec<_>>().join(between))
}

/// The rows of rules that are named on the command line.
pub(super) fn rows(catalog: &Catalog<'_>, ids: &[u32]) -> Result<Vec<u16>, CommandError> {
    let row = |id: &u32| catalog.row(*id).ok_or_else(|| no_rule(catalog, *id));
    ids.iter().map(row).collect()
}

/// What is said about a number that no rule has.
pub(in crate::commands) fn no_rule(catalog: &Catalog<'_>, id: u32) -> CommandError {
    let known: Vec<String> = catalog.image.rules.iter().map(|rule| rule.id.to_string()).collect();
    let near = suggest(&id.to_string(), known.iter().map(String::as_str));
    let near = near.map_or_else(String::new, |near| format!(" Did you mean {near}?"));
    CommandError::Usage(format!("there is no rule {id}.{near} `bartizan rules search TEXT` finds rules"))
}

/// A rule as `ID (level L) description`.
pub(super) fn name(catalog: &Catalog<'_>, row: u16) -> String {
    let rule = catalog.rule(row);
    format!("{} (level {}) {}", rule.id, rule.level, harmless_text(&catalog.description(row)))
}

/// The options of a rule that are not usual.
fn options(rule: &RuleRow) -> Vec<String> {
    let flags = rule.flags.get();
    let named = [
        (flags & rule_flag::NO_ALERT != 0, "never fires itself, only rules under it do (noalert)"),
        (flags & rule_flag::LOG == 0 && rule.level != 0, "writes no alert"),
        (rule.level == 0 && flags & rule_flag::NO_ALERT == 0, "ends in silence (level 0)"),
        (flags & rule_flag::ALERT_BY_EMAIL != 0, "is mailed whatever its level (alert_by_email)"),
        (flags & rule_flag::NO_RESPONSE != 0, "no active response"),
        (rule.ignore_keys != 0, "silences its like once it has fired (ignore)"),
        (rule.check_ignored_keys != 0, "is silenced by others (check_if_ignored)"),
    ];
    let mut options: Vec<String> =
        named.iter().filter(|(on, _)| *on).map(|(_, word)| (*word).to_owned()).collect();
    if rule.ignore != 0 {
        options.push(format!("silent for {} s once it has fired", rule.ignore));
    }
    options
}

/// Lines of rules, the first ones of many.
const RULES_SHOWN: usize = 40;

fn rules_text(catalog: &Catalog<'_>, label: &str, rows: &[u16]) -> String {
    let mut out = String::new();
    for (n, row) in rows.iter().take(RULES_SHOWN).enumerate() {
        let label = if n == 0 { label } else { "" };
        let _ = writeln!(out, "  {label:<13} {}", name(catalog, *row));
    }
    if rows.len() > RULES_SHOWN {
        let _ = writeln!(out, "  {:<13} and {} more", "", rows.len() - RULES_SHOWN);
    }
    out
}

fn text(catalog: &Catalog<'_>, row: u16) -> String {
    let rule = catalog.rule(row);
    let id = rule.id.get();
    let mut out = format!("rule {}\n", name(catalog, row));
    let mut line = |label: &str, value: String| {
        let _ = writeln!(out, "  {label:<13} {value}");
    };
    let positions = positions(catalog, id);
    match positions.split_first() {
        None => line("file", "none: it is made by the program".to_owned()),
        Some((own, overwriting)) => {
            line("file", own.to_string());
            overwriting.iter().for_each(|place| line("overwritten", format!("at {place}")));
        }
    }
    line("groups", catalog.groups(row).join(", "));
    options(rule).into_iter().for_each(|option| line("option", option));
    let places = catalog.places(row).len();
    if places != 1 {
        line("places", format!("{places} in the rule tree"));
    }
    let mut label = "holds if";
    for condition in words::conditions_of(&catalog.image, rule) {
        line(label, words::condition(catalog, rule, condition));
        label = "and";
    }
    if let Some(correlation) = words::correlation(catalog, row) {
        line(label, format!("there are {correlation}"));
        label = "and";
    }
    if label == "holds if" {
        line(label, "its parent does".to_owned());
    }
    out += &rules_text(catalog, "parents", &catalog.parents(row));
    out += &rules_text(catalog, "children", &catalog.children(row));
    out += &rules_text(catalog, "counts", &catalog.correlates_with(row));
    out += &rules_text(catalog, "counted by", &catalog.correlated_by(row));
    for (source, element) in catalog.elements(id) {
        let _ = writeln!(out, "\n{}", harmless_lines(&catalog.text(source, element.span)));
    }
    out
}

/// A text of several lines without what a terminal would obey.
fn harmless_lines(text: &str) -> String {
    text.lines().map(|line| harmless_text(&line.replace('\t', "    "))).collect::<Vec<_>>().join("\n")
}

/// Where a rule stands, and then where it is overwritten.
fn positions(catalog: &Catalog<'_>, id: u32) -> Vec<Position> {
    catalog.elements(id).map(|(source, element)| catalog.position(source, element.span.start)).collect()
}

fn object(catalog: &Catalog<'_>, row: u16) -> Value {
    let rule = catalog.rule(row);
    let id = rule.id.get();
    let positions = positions(catalog, id);
    let place = |position: &Position| json!({"file": position.file, "line": position.line});
    let ids = |rows: Vec<u16>| -> Vec<u32> { rows.iter().map(|row| catalog.rule(*row).id.get()).collect() };
    let conditions: Vec<_> = words::conditions_of(&catalog.image, rule)
        .map(|condition| words::condition_json(catalog, rule, condition))
        .collect();
    let correlation = (rule.search != search::NONE).then(|| {
        json!({
            "words": words::correlation(catalog, row),
            "earlier_events": words::wanted(rule),
            "timeframe": rule.timeframe.get(),
            "compares": words::comparisons(&catalog.image, rule),
        })
    });
    json!({
        "rule": id,
        "level": rule.level.get(),
        "description": catalog.description(row),
        "groups": catalog.groups(row),
        "file": positions.first().map(|position| &position.file),
        "line": positions.first().map(|position| position.line),
        "overwritten": positions.iter().skip(1).map(place).collect::<Vec<_>>(),
        "options": options(rule),
        "places": catalog.places(row).len(),
        "conditions": conditions,
        "correlation": correlation,
        "parents": ids(catalog.parents(row)),
        "children": ids(catalog.children(row)),
        "correlates_with": ids(catalog.correlates_with(row)),
        "correlated_by": ids(catalog.correlated_by(row)),
        "xml": catalog.elements(id).map(|(s, element)| catalog.text(s, element.span)).collect::<Vec<_>>(),
    })
}
