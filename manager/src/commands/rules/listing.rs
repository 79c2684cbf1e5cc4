//! `rules list`, `rules search`, `rules show`: what rules there are and all
//! that is known of one.

use super::super::{CommandError, RulesArguments, say};
use crate::diagnose::{Sources, harmless_text, suggest};
use crate::workshop::card::{Card, options, positions, techniques};
use crate::workshop::catalog::Catalog;
use crate::workshop::words;
use clap::Args;
use serde_json::json;
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
    let found = (0..catalog.image.rules.len() as u16).filter(|row| Card::new(&catalog, *row).has(&wanted));
    let lines: String = found.map(|row| line(&catalog, row, arguments.json)).collect();
    if lines.is_empty() && !arguments.json {
        say(&format!("no rule has `{}` in it\n", harmless_text(&arguments.text)))?;
    } else {
        say(&lines)?;
    }
    Ok(ExitCode::from(u8::from(lines.is_empty())))
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
        true => json!(Card::new(&catalog, *row)).to_string() + "\n",
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
    for technique in techniques(catalog, row) {
        line("technique", format!("{technique} ({})", technique.tactics.join(", ")));
    }
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
