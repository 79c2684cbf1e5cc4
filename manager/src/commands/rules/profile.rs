//! `rules profile`: which rules and patterns cost most on given logs.

use super::super::table::table;
use super::super::{CommandError, RulesArguments, local_host, news, say};
use super::lines::each_line;
use crate::diagnose::{Sources, harmless_text};
use crate::engine::session::Lent;
use crate::plural::counted;
use crate::workshop::catalog::Catalog;
use crate::workshop::profile::{Cost, Profile, Profiler, users};
use crate::workshop::words;
use bartizan_core::event::{Event, Known, Origin};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::predecode;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// Characters of a pattern or a description in the tables.
const SHOWN: usize = 60;

#[derive(Args, Debug)]
pub(super) struct ProfileArguments {
    /// Log files, plain or .gz; - for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    rules: RulesArguments,
    /// How many rules and patterns to show; 0 for all that were tried.
    #[arg(short = 'n', long = "most", value_name = "N", default_value_t = 20)]
    most: usize,
    /// Print JSON: an object with `rules` and `patterns`.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &ProfileArguments) -> Result<ExitCode, CommandError> {
    let mut sources = Sources::new();
    let loaded = arguments.rules.load_with(&mut sources)?;
    let catalog = Catalog::new(&loaded, &sources);
    let dialect = loaded.ruleset.image().dialect();
    let mut lent = Lent::new(&loaded.ruleset);
    let mut profiler = Profiler::new(&loaded, &catalog, &mut lent).map_err(CommandError::memory)?;
    let mut known = Known::default();
    let host = local_host();
    let problems = each_line(&arguments.files, |line, location, now| {
        let mut buffer = [0; TEXT_MAX];
        let text = predecode::clean(line, dialect, &mut buffer);
        let mut event = Event::new(text, Origin { location, local_host: host.as_bytes(), now }, &mut known);
        let _ = profiler.judge(&mut event);
    })?;
    let profile = profiler.finish();
    let most = if arguments.most == 0 { usize::MAX } else { arguments.most };
    say(&match arguments.json {
        true => object(&catalog, &profile, most).to_string() + "\n",
        false => text(&catalog, &profile, most),
    })?;
    problems.iter().for_each(news::tell);
    Ok(ExitCode::from(if problems.is_empty() { 0 } else { 3 }))
}

/// What was tried, the dearest first, with its number.
fn dearest(costs: &[Cost], most: usize) -> Vec<(usize, Cost)> {
    let mut costs: Vec<_> = costs.iter().copied().enumerate().filter(|(_, cost)| cost.tried > 0).collect();
    costs.sort_by_key(|(_, cost)| std::cmp::Reverse((cost.time, cost.tried)));
    costs.truncate(most);
    costs
}

fn share(part: Cost, all: &[Cost]) -> f64 {
    let whole: f64 = all.iter().map(|cost| cost.time.as_secs_f64()).sum();
    100.0 * part.time.as_secs_f64() / whole.max(1e-9)
}

fn text(catalog: &Catalog<'_>, profile: &Profile, most: usize) -> String {
    let cells = |cost: Cost, all: &[Cost], name: String, what: String| {
        let each = cost.time.as_nanos() as f64 / cost.tried as f64;
        [
            format!("{:.1}", cost.time.as_secs_f64() * 1e3),
            format!("{:.1}", share(cost, all)),
            cost.tried.to_string(),
            cost.held.to_string(),
            format!("{each:.0}"),
            name,
            what,
        ]
    };
    let cut = |text: &str| harmless_text(text).chars().take(SHOWN).collect::<String>();
    let rules = dearest(&profile.rules, most).into_iter().map(|(row, cost)| {
        let row = row as u16;
        cells(cost, &profile.rules, catalog.rule(row).id.to_string(), cut(&catalog.description(row)))
    });
    let users = users(catalog);
    let patterns = dearest(&profile.patterns, most).into_iter().map(|(number, cost)| {
        let (source, _) = words::pattern(&catalog.image, number as u16);
        cells(cost, &profile.patterns, used_by(&users[number]), cut(&String::from_utf8_lossy(source)))
    });
    let columns = |name, what| ["ms", "%", "TRIED", "HELD", "ns EACH", name, what];
    let (events, seconds) = (counted(profile.events, "event", "events"), profile.time.as_secs_f64());
    format!(
        "{events} judged in {seconds:.3} s of processor time\n\n{}\n{}",
        table(columns("RULE", "DESCRIPTION"), &rules.collect::<Vec<_>>()),
        table(columns("USED BY", "PATTERN"), &patterns.collect::<Vec<_>>()),
    )
}

/// The first users of a pattern, and how many more there are.
fn used_by(users: &[String]) -> String {
    match users {
        [] => String::new(),
        [only] => only.clone(),
        [first, others @ ..] => format!("{first} and {} more", others.len()),
    }
}

fn object(catalog: &Catalog<'_>, profile: &Profile, most: usize) -> Value {
    let cost = |cost: Cost, all: &[Cost]| {
        json!({
            "tried": cost.tried,
            "held": cost.held,
            "ns": u64::try_from(cost.time.as_nanos()).unwrap_or(u64::MAX),
            "percent": (share(cost, all) * 10.0).round() / 10.0,
        })
    };
    let rules: Vec<_> = dearest(&profile.rules, most)
        .into_iter()
        .map(|(row, of)| {
            let mut object = cost(of, &profile.rules);
            object["rule"] = catalog.rule(row as u16).id.get().into();
            object["description"] = catalog.description(row as u16).into();
            object
        })
        .collect();
    let users = users(catalog);
    let patterns: Vec<_> = dearest(&profile.patterns, most)
        .into_iter()
        .map(|(number, of)| {
            let (source, language) = words::pattern(&catalog.image, number as u16);
            let mut object = cost(of, &profile.patterns);
            object["pattern"] = String::from_utf8_lossy(source).into();
            object["language"] = language.into();
            object["used_by"] = users[number].clone().into();
            object
        })
        .collect();
    let ns = u64::try_from(profile.time.as_nanos()).unwrap_or(u64::MAX);
    json!({"events": profile.events, "ns": ns, "rules": rules, "patterns": patterns})
}
